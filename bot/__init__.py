"""A turn, whatever the channel: receive, understand, decide, say."""

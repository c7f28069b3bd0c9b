"""The edge: webhooks, the web chat, sign-in, the desk, and the commands."""

"""The web chat as a channel: its page asks for replies itself, so nothing is ever pushed to it."""

from collections.abc import AsyncIterator

from bot.message import ChannelName, Reply, Undeliverable


class WebChannel:
    """Replies are the answer to the page's own request (api/chat.py)."""

    name = ChannelName.WEB

    async def send(self, address: str, reply: Reply) -> None:  # noqa: ARG002 - the protocol's
        """Refuse: a page cannot be pushed to. Raises Undeliverable."""
        raise Undeliverable("web: a page asks for its replies itself")

    async def fetch(self, reference: str) -> AsyncIterator[bytes]:  # noqa: ARG002 - the protocol's
        """Refuse: a web upload was sealed when it arrived. Raises Undeliverable."""
        raise Undeliverable("web: an upload is sealed already")
        yield b""

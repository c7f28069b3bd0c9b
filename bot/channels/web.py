"""The web chat as a channel: its page asks for replies itself, so nothing is ever pushed to it."""

from collections.abc import AsyncIterator, Sequence

from bot.message import ChannelName, Reply, Sound, Undeliverable


class WebChannel:
    """Replies are the answer to the page's own request (api/chat.py)."""

    name = ChannelName.WEB

    async def send(
        self,
        address: str,  # noqa: ARG002 - the protocol's
        reply: Reply,  # noqa: ARG002
        *,
        silent: bool = False,  # noqa: ARG002
        followed: bool = False,  # noqa: ARG002
    ) -> tuple[str, ...]:
        """Refuse: a page cannot be pushed to. Raises Undeliverable."""
        raise Undeliverable("web: a page asks for its replies itself")

    async def send_voice(self, address: str, sound: Sound) -> tuple[str, ...]:  # noqa: ARG002
        """Refuse: a page fetches a recording itself. Raises Undeliverable."""
        raise Undeliverable("web: a page asks for its replies itself")

    async def clear(self, address: str, marks: Sequence[str]) -> bool:  # noqa: ARG002
        """Clear nothing: a page empties itself."""
        return False

    async def fetch(self, reference: str) -> AsyncIterator[bytes]:  # noqa: ARG002 - the protocol's
        """Refuse: a web upload was sealed when it arrived. Raises Undeliverable."""
        raise Undeliverable("web: an upload is sealed already")
        yield b""

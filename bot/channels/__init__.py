"""Platform <-> Message/Reply, nothing else. One module a platform."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeAlias

from bot.message import ChannelError, Message

Accept: TypeAlias = Callable[[Message], Awaitable[None]]
"""Writes a message durably, once; returns only when it is safe. A repeat is its matter to drop."""

Pseudonym: TypeAlias = Callable[[str, str], str]
"""(channel, user id) -> the conversation's name (hex HMAC)."""

Clock: TypeAlias = Callable[[], datetime]
"""Now, in UTC, aware."""

BODY_LIMIT = 1024 * 1024
"""Bytes of one webhook delivery; the platforms send far less."""


class BadSecret(ChannelError):
    """A delivery that does not prove it comes from the platform. Answer 403 and say nothing."""


class Unreadable(ChannelError):
    """A delivery that is not what the platform documents. Sending it again would not help."""


def delivery_key(update: str) -> str:
    """Give what a delivery is told apart by, for any channel's `update`.

    Meta repeats a delivery with the same id but sometimes another timestamp (restfb#614), and the
    timestamp is what makes `update` sort: so it is left out here.
    """
    channel, _, rest = update.partition("-")
    return f"fb-{rest.partition('-')[2]}" if channel == "fb" else update

"""A call of the Bot API: what it gives, or one of our errors without the library's words."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import TypeVar

import httpx
from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter, TelegramError

from bot.message import ChannelError, TryLater, Undeliverable

_T = TypeVar("_T")

NOT_FOUND = "message to delete not found"
NO_CHAT = "chat not found"
NO_VOICES = "the person takes no voice messages"

_REASONS = {
    **{words: words for words in (NOT_FOUND, NO_CHAT)},
    "file is too big": "file is too big",
    "message is too long": "message is too long",
    "query is too old": "query is too old",
    "message can't be deleted": "message can't be deleted",
    "voice_messages_forbidden": NO_VOICES,
    "voice messages are forbidden": NO_VOICES,
    "restricted receiving of voice": NO_VOICES,
}
"""What Telegram's description holds -> what we say of it."""

_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""The request certainly did not reach Telegram."""


class NotAccepted(Undeliverable):
    """Telegram can be asked, but not this: the request, or what it names, is wrong (400)."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"telegram: {reason}")
        self.reason = reason


async def call(asked: Awaitable[_T]) -> _T:
    """Await a call of the library. Raises NotAccepted, Undeliverable or TryLater."""
    try:
        return await asked
    except TelegramError as error:
        refusal = _refusal(error)
    raise refusal  # outside the `except`, so that the library's error is not carried along


def _refusal(error: TelegramError) -> ChannelError:
    if isinstance(error, RetryAfter):
        after = error.retry_after
        seconds = after.total_seconds() if isinstance(after, timedelta) else float(after)
        return TryLater("telegram: too many requests", seconds, unsent=True)
    if isinstance(error, Forbidden):
        return Undeliverable("telegram: the person blocked the bot or never started it")
    if isinstance(error, InvalidToken):
        return Undeliverable("telegram: the bot token is refused")
    if isinstance(error, BadRequest):
        said = error.message.lower()
        known = (reason for words, reason in _REASONS.items() if words in said)
        return NotAccepted(next(known, "not accepted"))
    unsent = isinstance(error.__cause__, _NEVER_LEFT)
    return TryLater(f"telegram: {type(error).__name__}", unsent=unsent)

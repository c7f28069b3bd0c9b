"""Telegram, through python-telegram-bot: sending, fetching, polling and the webhook.

Every text is plain (no parse mode) and shows no link preview.
"""

import asyncio
import hmac
import json
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx
import telegram
import yaml
from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.ext import AIORateLimiter, ExtBot, Updater
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    retry_if_not_exception_type,
    wait_exponential_jitter,
)

from bot.channels import BODY_LIMIT, Accept, BadSecret, Clock, Pseudonym, Unreadable
from bot.channels.download import download
from bot.channels.fit import MORE, in_groups, split_text, width
from bot.channels.wire_telegram import ALLOWED_UPDATES, COMMANDS, message_from
from bot.channels.wordless import silence_libraries
from bot.message import (
    FILE_LIMIT,
    Button,
    ChannelError,
    ChannelName,
    Language,
    Message,
    Reply,
    TooLarge,
    TryLater,
    Undeliverable,
)
from bot.settings import ChannelSettings

__all__ = ["COMMANDS", "TelegramChannel", "keyboard", "message_from", "poll"]

TEXT_LIMIT = 4096
BUTTON_LIMIT = 100
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  (the header's name)
WEBHOOK_PATH = "/webhooks/telegram"
MAX_CONNECTIONS = 20
POLL_SECONDS = 30
_CONTENT = Path(__file__).parents[1] / "content"

_log = logging.getLogger(__name__)
os.environ.setdefault("PTB_TIMEDELTA", "1")  # durations as the library's next version has them
_T = TypeVar("_T")


class _Bot(ExtBot[int]):
    """A bot that says when its token was refused while polling: the library's loop just ends."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._refused = asyncio.Event()

    async def get_updates(self, *args: Any, **kwargs: Any) -> tuple[telegram.Update, ...]:
        try:
            return await super().get_updates(*args, **kwargs)
        except InvalidToken:
            if not self._refused.is_set():
                self._refused.set()
                await asyncio.Event().wait()  # until poll() has stopped the library's loop
            raise

    async def refusal(self) -> None:
        """Wait until the token is refused."""
        await self._refused.wait()


class TelegramChannel:
    """One bot. Use as an async context manager, or call close().

    `unreadable` counts deliveries that were no update of the Bot API and were passed over.
    Raises ValueError when the settings hold no bot token.
    """

    name = ChannelName.TELEGRAM

    def __init__(self, settings: ChannelSettings, pseudonym: Pseudonym, clock: Clock) -> None:
        if settings.telegram_bot_token is None:
            raise ValueError("TELEGRAM_BOT_TOKEN is not set")
        silence_libraries()
        token = settings.telegram_bot_token.get_secret_value()
        self.bot_id = int(token.partition(":")[0])
        self.unreadable = 0
        self.bot = _Bot(
            token,
            base_url=f"{settings.telegram_api_url}/bot",
            base_file_url=f"{settings.telegram_api_url}/file/bot",
            rate_limiter=AIORateLimiter(),
        )
        self._files = f"{settings.telegram_api_url}/file/bot{token}/"
        self._http = httpx.AsyncClient(timeout=30, follow_redirects=False)
        self._secret = settings.telegram_webhook_secret
        self._pseudonym = pseudonym
        self._clock = clock
        self._pending: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections."""
        await asyncio.gather(*self._pending, return_exceptions=True)
        await self.bot.shutdown()
        await self._http.aclose()

    async def send(self, address: str, reply: Reply) -> None:
        """Send one reply to a private chat, in several bubbles when it is too long for one.

        Raises Undeliverable or TryLater.
        """
        if not address.isdecimal():
            raise Undeliverable("telegram: not a private chat")
        for text, buttons in _bubbles(reply):
            await _call(
                self.bot.send_message(
                    chat_id=int(address),
                    text=text,
                    reply_markup=keyboard(buttons) if buttons else None,
                    link_preview_options=telegram.LinkPreviewOptions(is_disabled=True),
                )
            )

    async def fetch(self, reference: str) -> AsyncIterator[bytes]:
        """Yield the bytes of the file of this id. Raises TooLarge, Undeliverable or TryLater."""
        try:
            file = await _call(self.bot.get_file(reference))
        except Undeliverable as refusal:
            if "too big" in str(refusal):
                raise TooLarge("telegram: the file is over the limit") from None
            raise
        url = file.file_path or ""
        if not url.startswith(self._files):
            raise Undeliverable("telegram: no address for the file")
        if (file.file_size or 0) > FILE_LIMIT:
            raise TooLarge("telegram: the file is over the limit")
        async for chunk in download(self._http, url):
            yield chunk

    async def answer_callback(self, callback_id: str) -> None:
        """Stop the waiting sign on a pressed button. Raises Undeliverable (too old) or TryLater."""
        await _call(self.bot.answer_callback_query(callback_id))

    def message(self, update: telegram.Update | Mapping[str, Any]) -> Message | None:
        """Read one update; one that cannot be read is counted and None, since it never will be."""
        try:
            return message_from(update, self._pseudonym, self.bot_id, self._clock())
        except Unreadable:
            self._count_unreadable()
            return None

    async def receive(
        self, headers: Mapping[str, str], body: bytes, accept: Accept
    ) -> dict[str, str]:
        """Take a webhook delivery: verify, read, have it written, and give the body of the 200.

        The body stops the pressed button's waiting sign, which saves a request. Raises BadSecret,
        TooLarge, or what `accept` raises: then answer 5xx and Telegram delivers again.
        """
        update = self._verified(headers, body)
        message = None if update is None else self.message(update)
        if message is not None:
            await accept(message)
        press = (update or {}).get("callback_query")
        if not isinstance(press, dict) or not isinstance(press.get("id"), str):
            return {}
        return {"method": "answerCallbackQuery", "callback_query_id": press["id"]}

    async def set_webhook(self, public_url: str) -> None:
        """Have updates delivered under `public_url`.

        Raises Undeliverable, TryLater, or ValueError when no webhook secret is set.
        """
        if self._secret is None:
            raise ValueError("TELEGRAM_WEBHOOK_SECRET is not set")
        await _call(
            self.bot.set_webhook(
                public_url.rstrip("/") + WEBHOOK_PATH,
                secret_token=self._secret.get_secret_value(),
                allowed_updates=ALLOWED_UPDATES,
                max_connections=MAX_CONNECTIONS,
            )
        )

    async def set_menu(self) -> None:
        """Show the commands in Telegram's menu: Khmer, or English on an English phone."""
        words = yaml.safe_load((_CONTENT / "commands.yml").read_text(encoding="utf-8"))
        for language, code in ((Language.KM, None), (Language.EN, "en")):
            commands = [telegram.BotCommand(name, text[language]) for name, text in words.items()]
            await _call(self.bot.set_my_commands(commands, language_code=code))

    def acknowledge(self, callback_id: str) -> None:
        """Answer a press in the background: a lost answer costs a spinning sign, nothing more."""

        async def answer() -> None:
            with suppress(ChannelError):
                await self.answer_callback(callback_id)

        task = asyncio.create_task(answer())
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    def _verified(self, headers: Mapping[str, str], body: bytes) -> dict[str, Any] | None:
        given = next((v for k, v in headers.items() if k.lower() == SECRET_HEADER.lower()), "")
        secret = self._secret.get_secret_value() if self._secret else ""
        same = hmac.compare_digest(given.encode("utf-8", "surrogatepass"), secret.encode())
        if not secret or not same:
            raise BadSecret("telegram: the secret header is missing or wrong")
        if len(body) > BODY_LIMIT:
            raise TooLarge("telegram: the delivery is over the limit")
        with suppress(ValueError, RecursionError):
            update = json.loads(body)
            if isinstance(update, dict):
                return update
        self._count_unreadable()
        return None

    def _count_unreadable(self) -> None:
        self.unreadable += 1
        _log.error("telegram: an update could not be read (%d so far)", self.unreadable)


class _Handover(asyncio.Queue[object]):
    """The updater's queue, with nothing in it: `put` returns once the update is written.

    The updater confirms a batch to Telegram after the last `put` returned. An exception would end
    its loop for good, so `put` keeps trying; stopping cancels it, and the batch comes again.
    """

    def __init__(self, channel: TelegramChannel, accept: Accept) -> None:
        super().__init__()
        self._channel = channel
        self._accept = accept

    async def put(self, item: object) -> None:
        if not isinstance(item, telegram.Update):
            return
        await AsyncRetrying(
            retry=retry_if_exception_type(Exception),
            wait=wait_exponential_jitter(multiplier=0.2, max=30),
            before_sleep=_say_not_written,
        )(self._take, item)
        if item.callback_query is not None:
            self._channel.acknowledge(item.callback_query.id)

    async def _take(self, update: telegram.Update) -> None:
        message = self._channel.message(update)
        if message is not None:
            await self._accept(message)


async def poll(channel: TelegramChannel, accept: Accept) -> None:
    """Fetch updates and hand each to `accept`, until cancelled. Run it as a task.

    A webhook that was set is taken away first. Waits out a Telegram that cannot be reached. An
    update is confirmed only after `accept` returned; it may come again, and `accept` drops it.
    Raises Undeliverable when Telegram refuses the token.
    """
    updater = Updater(channel.bot, update_queue=_Handover(channel, accept))
    try:
        await AsyncRetrying(
            retry=retry_if_not_exception_type((InvalidToken, asyncio.CancelledError)),
            wait=wait_exponential_jitter(multiplier=0.5, max=30),
            before_sleep=_say_not_reached,
        )(updater.initialize)
        await updater.start_polling(
            timeout=timedelta(seconds=POLL_SECONDS),
            bootstrap_retries=-1,
            allowed_updates=ALLOWED_UPDATES,
            error_callback=lambda error: _log.warning("telegram: %s", type(error).__name__),
        )
        await channel.bot.refusal()
    except InvalidToken:
        pass  # raised below, without the library's text: it quotes the token
    finally:
        if updater.running:
            await updater.stop()
    raise Undeliverable("telegram refused the bot token")


def keyboard(buttons: Sequence[Button]) -> telegram.InlineKeyboardMarkup:
    """Lay out choices: three a row when all are short, two when middling, else one."""
    widest = max(width(button.title) for button in buttons)
    per_row = 3 if widest <= 8 else 2 if widest <= 15 else 1
    return telegram.InlineKeyboardMarkup(
        [
            [telegram.InlineKeyboardButton(b.title, callback_data=b.payload) for b in row]
            for row in in_groups(buttons, per_row)
        ]
    )


def _bubbles(reply: Reply) -> list[tuple[str, tuple[Button, ...]]]:
    texts = split_text(reply.text, TEXT_LIMIT) or ([MORE] if reply.buttons else [])
    groups = in_groups(reply.buttons, BUTTON_LIMIT) or [()]
    first = [(text, ()) for text in texts[:-1]] + [(text, groups[0]) for text in texts[-1:]]
    return first + [(MORE, group) for group in groups[1:]]


async def _call(asked: Awaitable[_T]) -> _T:
    """Await a call of the library; its errors become ours, without its words."""
    try:
        return await asked
    except TelegramError as error:
        refusal = _refusal(error)
    raise refusal  # outside the `except`, so that the library's error is not carried along


def _refusal(error: TelegramError) -> ChannelError:
    if isinstance(error, RetryAfter):
        after = error.retry_after
        seconds = after.total_seconds() if isinstance(after, timedelta) else float(after)
        return TryLater("telegram: too many requests", seconds)
    if isinstance(error, Forbidden):
        return Undeliverable("telegram: the person blocked the bot or never started it")
    if isinstance(error, InvalidToken):
        return Undeliverable("telegram: the bot token is refused")
    if isinstance(error, BadRequest):
        known = ("chat not found", "file is too big", "message is too long", "query is too old")
        reason = next((words for words in known if words in error.message.lower()), "not accepted")
        return Undeliverable(f"telegram: {reason}")
    return TryLater(f"telegram: {type(error).__name__}")


def _say_not_written(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    _log.error("telegram: an update is not written yet: %s", type(error).__name__)


def _say_not_reached(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    _log.warning("telegram: not reached yet: %s", type(error).__name__)

"""Telegram, through python-telegram-bot: sending, fetching, polling and the webhook.

Every text is plain (no parse mode) and shows no link preview.
"""

import asyncio
import hmac
import json
import logging
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Self

import httpx
import telegram
from telegram.error import InvalidToken
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
from bot.channels.recordings import Uploaded, file_name
from bot.channels.telegram_call import NO_CHAT, NO_VOICES, NOT_FOUND, NotAccepted, call
from bot.channels.telegram_profile import show_commands, show_profile
from bot.channels.wire_telegram import ALLOWED_UPDATES, COMMANDS, message_from
from bot.channels.wordless import silence_libraries
from bot.message import (
    FILE_LIMIT,
    Button,
    ChannelError,
    ChannelName,
    Message,
    Reply,
    Sound,
    TooLarge,
    TryLater,
    Undeliverable,
)
from bot.settings import ChannelSettings

__all__ = ["COMMANDS", "TelegramChannel", "keyboard", "message_from", "poll"]

TEXT_LIMIT = 4096
BUTTON_LIMIT = 100
DELETE_LIMIT = 100
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  (the header's name)
WEBHOOK_PATH = "/webhooks/telegram"
MAX_CONNECTIONS = 20
POLL_SECONDS = 30

_log = logging.getLogger(__name__)
os.environ.setdefault("PTB_TIMEDELTA", "1")  # durations as the library's next version has them


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
        self._voices = Uploaded()
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

    async def send(
        self,
        address: str,
        reply: Reply,
        *,
        silent: bool = False,
        followed: bool = False,  # noqa: ARG002 - what stands under a bubble of Telegram's stays
    ) -> tuple[str, ...]:
        """Send one reply to a private chat, in several bubbles when it is too long for one.

        Gives the message id of each. `silent` rings no phone. Raises Undeliverable or TryLater; the
        latter is `unsent` only when no bubble left.
        """
        chat = _private_chat(address)
        marks: list[str] = []
        for text, buttons in _bubbles(reply):
            try:
                sent = await call(
                    self.bot.send_message(
                        chat_id=chat,
                        text=text,
                        reply_markup=keyboard(buttons) if buttons else None,
                        link_preview_options=telegram.LinkPreviewOptions(is_disabled=True),
                        disable_notification=silent or None,
                    )
                )
            except TryLater as refusal:
                refusal.unsent = refusal.unsent and not marks
                raise
            marks.append(str(sent.message_id))
        return tuple(marks)

    async def send_voice(self, address: str, sound: Sound) -> tuple[str, ...]:
        """Send a recording (OGG with Opus, MP3 or M4A) as a voice message; gives its message id.

        What Telegram has from an earlier sending is not uploaded again. Raises TryLater, or
        Undeliverable, also when the person takes no voice messages.
        """
        chat, name = _private_chat(address), file_name(sound)
        known = self._voices.get(sound)
        if known is not None:
            try:
                sent = await call(self.bot.send_voice(chat_id=chat, voice=known))
                return (str(sent.message_id),)
            except NotAccepted as refusal:
                if refusal.reason in (NO_VOICES, NO_CHAT):
                    raise
                self._voices.drop(sound)
        sent = await call(self.bot.send_voice(chat_id=chat, voice=sound.content, filename=name))
        if sent.voice is not None:  # else Telegram made a file of it, which cannot be sent so again
            self._voices.keep(sound, sent.voice.file_id)
        return (str(sent.message_id),)

    async def clear(self, address: str, marks: Sequence[str]) -> bool:
        """Delete messages of both sides; False when one of them stays.

        Telegram deletes nothing that is older than 48 hours; one that is gone already is no matter.
        Raises TryLater.
        """
        numbers = [int(mark) for mark in dict.fromkeys(marks) if mark.isdecimal()]
        gone = len(numbers) == len(set(marks))
        try:
            chat = _private_chat(address)
            for group in in_groups(numbers, DELETE_LIMIT):
                gone = await self._delete(chat, group) and gone
        except Undeliverable:
            return False
        return gone

    async def _delete(self, chat: int, numbers: tuple[int, ...]) -> bool:
        """Delete at most DELETE_LIMIT messages: Telegram takes all or none, so then one by one."""
        try:
            return await call(self.bot.delete_messages(chat, numbers))
        except NotAccepted as refusal:
            if refusal.reason == NO_CHAT:
                raise
        gone = True
        for number in numbers:
            try:
                gone = await call(self.bot.delete_message(chat, number)) and gone
            except NotAccepted as refusal:
                gone = gone and refusal.reason == NOT_FOUND
        return gone

    async def fetch(self, reference: str) -> AsyncIterator[bytes]:
        """Yield the bytes of the file of this id. Raises TooLarge, Undeliverable or TryLater."""
        try:
            file = await call(self.bot.get_file(reference))
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
        await call(self.bot.answer_callback_query(callback_id))

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
        await call(
            self.bot.set_webhook(
                public_url.rstrip("/") + WEBHOOK_PATH,
                secret_token=self._secret.get_secret_value(),
                allowed_updates=ALLOWED_UPDATES,
                max_connections=MAX_CONNECTIONS,
            )
        )

    async def set_menu(self) -> None:
        """Show commands, name and descriptions: Khmer, or English on an English phone.

        Raises TryLater, or Undeliverable when the commands are refused.
        """
        await show_commands(self.bot)
        await show_profile(self.bot)

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


def _private_chat(address: str) -> int:
    if not address.isdecimal():
        raise Undeliverable("telegram: not a private chat")
    return int(address)


def _bubbles(reply: Reply) -> list[tuple[str, tuple[Button, ...]]]:
    texts = split_text(reply.text, TEXT_LIMIT) or ([MORE] if reply.buttons else [])
    groups = in_groups(reply.buttons, BUTTON_LIMIT) or [()]
    first = [(text, ()) for text in texts[:-1]] + [(text, groups[0]) for text in texts[-1:]]
    return first + [(MORE, group) for group in groups[1:]]


def _say_not_written(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    _log.error("telegram: an update is not written yet: %s", type(error).__name__)


def _say_not_reached(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    _log.warning("telegram: not reached yet: %s", type(error).__name__)

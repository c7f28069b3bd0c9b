"""Telegram's channel, against the stand-in for the Bot API."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from bot.channels import BODY_LIMIT, BadSecret
from bot.channels.telegram import TelegramChannel, poll
from bot.message import (
    Button,
    Message,
    Reply,
    TooLarge,
    TryLater,
    Undeliverable,
)
from bot.settings import ChannelSettings
from tests.standins.telegram import TelegramPerson, TelegramStandin

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
SECRET = "webhook_secret-1"
HEADERS = {"x-telegram-bot-api-secret-token": SECRET}
YES = Button("✅ បាទ/ចាស", "affirm")


@pytest.fixture
def person(telegram: TelegramStandin) -> TelegramPerson:
    somebody = telegram.person("A")
    somebody.started = True
    return somebody


@pytest.fixture
async def channel(telegram: TelegramStandin) -> AsyncIterator[TelegramChannel]:
    async with TelegramChannel(settings(telegram), pseudonym, lambda: NOW) as opened:
        yield opened


def settings(telegram: TelegramStandin, **more: Any) -> ChannelSettings:
    given = {
        "telegram_bot_token": telegram.token,
        "telegram_api_url": telegram.address,
        "telegram_webhook_secret": SECRET,
    }
    return ChannelSettings(_env_file=None, **{**given, **more})


def pseudonym(channel: str, user: str) -> str:
    return f"{channel}/{user}"


def last(telegram: TelegramStandin) -> dict[str, Any]:
    return telegram.pending[-1]


@asynccontextmanager
async def polling(channel: TelegramChannel, accept: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(poll(channel, accept))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(true: Any, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


# --- Sending -----------------------------------------------------------------------------------


async def test_a_reply_is_plain_text_without_previews_and_its_buttons_press(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    await channel.send(str(person.id), Reply("សួស្តី <b>_x_</b>", (YES,)))
    assert person.sees()[0].text == "សួស្តី <b>_x_</b>"
    given = telegram.calls_of("sendMessage")[0].given
    assert "parse_mode" not in given
    assert given["link_preview_options"] == {"is_disabled": True}
    person.taps("បាទ")
    assert last(telegram)["callback_query"]["data"] == "affirm"


async def test_short_choices_share_a_row_and_long_ones_do_not(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    for title in ("ខ", "💰 មិនបានប្រាក់ឈ្នួល", "🏠 ក្រសួងការងារនិងបណ្ដុះបណ្ដាល"):
        await channel.send(str(person.id), Reply("?", (Button(title, "x"),) * 6))
    rows = [c.given["reply_markup"]["inline_keyboard"] for c in telegram.calls_of("sendMessage")]
    assert [len(keyboard) for keyboard in rows] == [2, 3, 6]


async def test_a_long_text_is_cut_at_a_sentence_and_its_buttons_come_last(
    person: TelegramPerson, channel: TelegramChannel
) -> None:
    sentence = "ខ្ញុំធ្វើការរាល់ថ្ងៃ។ "
    await channel.send(str(person.id), Reply(sentence * 400, (YES,)))
    bubbles = person.sees()
    assert len(bubbles) > 1
    assert all(bubble.text.endswith("។") for bubble in bubbles)
    assert " ".join(b.text for b in bubbles) == (sentence * 400).strip()
    assert [len(b.buttons) for b in bubbles] == [0] * (len(bubbles) - 1) + [1]


async def test_more_choices_than_telegram_takes_follow_in_a_second_bubble(
    person: TelegramPerson, channel: TelegramChannel
) -> None:
    buttons = tuple(Button(f"{n}", f"n{n}") for n in range(130))
    await channel.send(str(person.id), Reply("?", buttons))
    assert [len(bubble.buttons) for bubble in person.sees()] == [100, 30]


async def test_refusals_for_good_and_for_now_are_told_apart(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    address = str(person.id)
    telegram.fail_next("sendMessage", 429, retry_after=7)
    with pytest.raises(TryLater) as told:
        await channel.send(address, Reply("?"))
    assert told.value.after == 7
    telegram.fail_next("sendMessage", 500)
    with pytest.raises(TryLater):
        await channel.send(address, Reply("?"))
    telegram.drop_next("sendMessage")
    with pytest.raises(TryLater):
        await channel.send(address, Reply("?"))
    with pytest.raises(Undeliverable, match="chat not found"):
        await channel.send("5", Reply("?"))
    with pytest.raises(Undeliverable, match="not a private chat"):
        await channel.send("@channel", Reply("?"))
    person.blocks()
    with pytest.raises(Undeliverable, match="blocked"):
        await channel.send(address, Reply("?"))


async def test_a_payload_over_64_bytes_is_refused(
    person: TelegramPerson, channel: TelegramChannel
) -> None:
    with pytest.raises(Undeliverable):
        await channel.send(str(person.id), Reply("?", (Button("x", "a" * 65),)))


# --- Fetching ----------------------------------------------------------------------------------


async def fetched(channel: TelegramChannel, reference: str) -> bytes:
    return b"".join([chunk async for chunk in channel.fetch(reference)])


async def test_a_file_comes_back_as_it_was_sent(
    telegram: TelegramStandin, channel: TelegramChannel
) -> None:
    content = bytes(range(256)) * 1000
    assert await fetched(channel, telegram.keep(content, "voice/a b.oga")["file_id"]) == content


async def test_a_file_over_the_limit_is_refused_also_when_telegram_did_not_say_so(
    telegram: TelegramStandin, channel: TelegramChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = telegram.keep(bytes(20 * 1024 * 1024 + 1), "video/b.mp4")["file_id"]
    with pytest.raises(TooLarge):
        await fetched(channel, big)
    monkeypatch.setattr("bot.channels.download.FILE_LIMIT", 10)
    small = telegram.keep(b"eleven byte", "voice/c.oga")["file_id"]
    with pytest.raises(TooLarge):
        await fetched(channel, small)


async def test_a_download_that_breaks_can_be_tried_again(
    telegram: TelegramStandin, channel: TelegramChannel
) -> None:
    file = telegram.keep(b"OggS", "voice/d.oga")["file_id"]
    telegram.drop_next("file")
    with pytest.raises(TryLater):
        await fetched(channel, file)
    telegram.fail_next("file", 404)
    with pytest.raises(Undeliverable):
        await fetched(channel, file)
    assert await fetched(channel, file) == b"OggS"


async def test_no_log_and_no_error_holds_the_token_or_what_was_written(
    telegram: TelegramStandin,
    person: TelegramPerson,
    channel: TelegramChannel,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    file = telegram.keep(b"OggS", "voice/canary-path.oga")["file_id"]
    await fetched(channel, file)
    errors: list[BaseException] = []
    for failure in (404, 500, 0):
        telegram.fail_next("file", failure)
        with pytest.raises((TryLater, Undeliverable)) as told:
            await fetched(channel, file)
        errors.append(told.value)
    telegram.fail_next("sendMessage", 400)
    with pytest.raises(Undeliverable) as told_too:
        await channel.send(str(person.id), Reply("canary-words"))
    errors.append(told_too.value)
    assert all(error.__context__ is None and error.__cause__ is None for error in errors)
    # An update that the library cannot read: it would log all of it.
    library = logging.getLogger("telegram.ext.ExtBot")
    try:
        raise OSError("canary-words")
    except OSError as error:
        library.critical("Got %s", {"text": "canary-words"}, exc_info=error, stack_info=True)
    everything = caplog.text + "".join(map(repr, errors))
    for secret in (telegram.token, "canary", str(person.id)):
        assert secret not in everything
    assert "telegram.ext.ExtBot" in everything
    assert "OSError" in everything


# --- Polling -----------------------------------------------------------------------------------


async def test_polling_takes_the_webhook_away_and_hands_each_update_over(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    await channel.set_webhook("https://example.org")
    accepted: list[Message] = []

    async def accept(message: Message) -> None:
        accepted.append(message)

    async with polling(channel, accept):
        await until(lambda: telegram.webhook is None)
        person.says("មួយ")
        person.says("ពីរ")
        await until(lambda: len(accepted) == 2)
    assert [message.text for message in accepted] == ["មួយ", "ពីរ"]
    assert telegram.pending == []  # confirmed when polling stopped


async def test_a_press_stops_waiting_once_it_is_written(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    await channel.send(str(person.id), Reply("?", (YES,)))
    press = person.taps("affirm")

    async def accept(message: Message) -> None:
        assert telegram.presses[press] is False

    async with polling(channel, accept):
        await until(lambda: telegram.presses[press])


async def test_an_update_is_confirmed_only_after_it_is_written(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    tries: list[str | None] = []

    async def accept(message: Message) -> None:
        tries.append(message.text)
        if len(tries) < 3:
            raise OSError("the disk is full")

    person.says("មួយ")
    person.says("ពីរ")
    async with polling(channel, accept):
        await until(lambda: len(tries) == 4)
    assert tries == ["មួយ", "មួយ", "មួយ", "ពីរ"]


async def test_what_was_not_written_when_polling_stopped_comes_again(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    writing = asyncio.Event()

    async def stuck(_message: Message) -> None:
        writing.set()
        await asyncio.Event().wait()

    person.says("មួយ")
    async with polling(channel, stuck):
        await writing.wait()
    assert [update["message"]["text"] for update in telegram.pending] == ["មួយ"]


async def test_polling_waits_out_a_telegram_that_fails(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    telegram.fail_next("getMe", 502)
    telegram.drop_next("deleteWebhook")
    telegram.fail_next("getUpdates", 500)
    accepted: list[Message] = []

    async def accept(message: Message) -> None:
        accepted.append(message)

    person.says("មួយ")
    async with polling(channel, accept):
        await until(lambda: accepted, 20)


@pytest.mark.parametrize("method", ["getMe", "getUpdates"])
async def test_polling_ends_loudly_when_the_token_is_refused(
    telegram: TelegramStandin, channel: TelegramChannel, method: str
) -> None:
    async def accept(message: Message) -> None:
        raise AssertionError

    telegram.fail_next(method, 401)
    with pytest.raises(Undeliverable, match="refused the bot token") as told:
        await asyncio.wait_for(poll(channel, accept), 10)
    assert told.value.__context__ is None


# --- Webhook -----------------------------------------------------------------------------------


async def delivered(
    channel: TelegramChannel, headers: dict[str, str], body: bytes
) -> Message | None:
    """Deliver to the webhook; give the message that was accepted, None when there was none."""
    accepted: list[Message] = []

    async def accept(message: Message) -> None:
        accepted.append(message)

    await channel.receive(headers, body, accept)
    return accepted[0] if accepted else None


@pytest.mark.parametrize("headers", [{}, {"X-Telegram-Bot-Api-Secret-Token": "ខុស"}])
async def test_a_delivery_without_the_secret_is_refused(
    channel: TelegramChannel, headers: dict[str, str]
) -> None:
    with pytest.raises(BadSecret):
        await delivered(channel, headers, b"{}")


async def test_without_a_secret_no_webhook_is_set_and_no_delivery_taken(
    telegram: TelegramStandin,
) -> None:
    bare = settings(telegram, telegram_webhook_secret=None)
    async with TelegramChannel(bare, pseudonym, lambda: NOW) as channel:
        with pytest.raises(BadSecret):
            await delivered(channel, {"X-Telegram-Bot-Api-Secret-Token": ""}, b"{}")
        with pytest.raises(ValueError, match="TELEGRAM_WEBHOOK_SECRET"):
            await channel.set_webhook("https://example.org")


async def test_a_delivery_is_read_written_and_a_press_answered_in_the_same_breath(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    accepted: list[Message] = []

    async def accept(message: Message) -> None:
        accepted.append(message)

    person.says("មួយ")
    assert await channel.receive(HEADERS, json.dumps(last(telegram)).encode(), accept) == {}
    press = person.presses("affirm", 1)
    answer = await channel.receive(HEADERS, json.dumps(last(telegram)).encode(), accept)
    assert answer == {"method": "answerCallbackQuery", "callback_query_id": press}
    assert [(m.text, m.button) for m in accepted] == [("មួយ", None), (None, "affirm")]


async def test_a_delivery_that_could_not_be_written_is_not_taken(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    async def accept(_message: Message) -> None:
        raise OSError("the disk is full")

    person.says("មួយ")
    with pytest.raises(OSError, match="full"):
        await channel.receive(HEADERS, json.dumps(last(telegram)).encode(), accept)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"\xff", b'{"update_id": 1, "message": {"text": "x"}}', b"[" * 100_000],
)
async def test_a_delivery_that_nobody_can_read_is_counted_and_passed_over(
    channel: TelegramChannel, body: bytes
) -> None:
    assert await delivered(channel, HEADERS, body) is None
    assert channel.unreadable == 1


async def test_a_huge_delivery_is_refused(channel: TelegramChannel) -> None:
    with pytest.raises(TooLarge):
        await delivered(channel, HEADERS, b" " * (BODY_LIMIT + 1))


async def test_the_webhook_is_set_with_its_secret(
    telegram: TelegramStandin, channel: TelegramChannel
) -> None:
    await channel.set_webhook("https://example.org/")
    assert telegram.webhook is not None
    assert telegram.webhook["url"] == "https://example.org/webhooks/telegram"
    assert telegram.webhook["secret_token"] == SECRET
    assert telegram.webhook["allowed_updates"] == ["message", "edited_message", "callback_query"]


# --- Settings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"telegram_bot_token": "canary"},
        {"telegram_webhook_secret": "canary canary"},
        {"telegram_api_url": "http://canary.example.org"},
    ],
)
def test_wrong_settings_are_refused_without_being_quoted(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as told:
        ChannelSettings(_env_file=None, **wrong)  # type: ignore[arg-type]
    assert "canary" not in str(told.value)

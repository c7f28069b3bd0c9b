"""What Telegram's channel leaves in a chat, and takes out of it again: voices, marks, deletion."""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.channels.recordings import KEPT
from bot.channels.telegram import TelegramChannel
from bot.message import Button, Reply, Sound, TryLater, Undeliverable
from bot.settings import ChannelSettings
from tests.standins.telegram import TelegramPerson, TelegramStandin

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
SOUND = Sound("s1", "audio/ogg; codecs=opus", b"OggS one")


@pytest.fixture
def person(telegram: TelegramStandin) -> TelegramPerson:
    somebody = telegram.person("A")
    somebody.started = True
    return somebody


@pytest.fixture
async def channel(telegram: TelegramStandin) -> AsyncIterator[TelegramChannel]:
    async with opened(telegram, telegram.address) as channel:
        yield channel


def opened(telegram: TelegramStandin, address: str) -> TelegramChannel:
    settings = ChannelSettings(
        _env_file=None, telegram_bot_token=telegram.token, telegram_api_url=address
    )
    return TelegramChannel(settings, lambda channel, user: f"{channel}/{user}", lambda: NOW)


def voices(telegram: TelegramStandin) -> list[Any]:
    return [call.given["voice"] for call in telegram.calls_of("sendVoice")]


# --- Sending -----------------------------------------------------------------------------------


async def test_sending_gives_the_ids_of_all_bubbles_in_order(
    person: TelegramPerson, channel: TelegramChannel
) -> None:
    marks = await channel.send(str(person.id), Reply("ខ្ញុំធ្វើការ។ " * 700, (Button("✅", "x"),)))
    assert len(marks) > 1
    assert list(marks) == [bubble.id for bubble in person.sees()]


async def test_only_what_is_silent_makes_no_sound(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    await channel.send(str(person.id), Reply("១"), silent=True)
    await channel.send(str(person.id), Reply("២"))
    assert [bubble.silent for bubble in person.sees()] == [True, False]
    assert "disable_notification" not in telegram.calls_of("sendMessage")[1].given


async def test_the_voice_of_a_reply_is_not_sent_with_its_words(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    assert len(await channel.send(str(person.id), Reply("?", voice="s1"))) == 1
    assert voices(telegram) == []


@pytest.mark.parametrize(("status", "after", "unsent"), [(429, 7, True), (500, None, False)])
async def test_what_telegram_refused_for_now_is_told_from_what_may_have_arrived(
    telegram: TelegramStandin,
    person: TelegramPerson,
    channel: TelegramChannel,
    status: int,
    after: int | None,
    unsent: bool,
) -> None:
    telegram.fail_next("sendMessage", status, retry_after=after)
    with pytest.raises(TryLater) as told:
        await channel.send(str(person.id), Reply("?"))
    assert told.value.unsent is unsent


async def test_a_lost_answer_is_not_unsent_and_a_line_that_never_stood_is(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    telegram.drop_next("sendMessage", done=True)
    with pytest.raises(TryLater) as told:
        await channel.send(str(person.id), Reply("?"))
    assert told.value.unsent is False
    async with opened(telegram, "http://127.0.0.1:1") as nowhere:
        with pytest.raises(TryLater) as told:
            await nowhere.send(str(person.id), Reply("?"))
    assert told.value.unsent is True


async def test_a_reply_that_left_in_part_is_not_unsent(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    telegram.pass_next("sendMessage")
    telegram.fail_next("sendMessage", 429, retry_after=7)
    with pytest.raises(TryLater) as told:
        await channel.send(str(person.id), Reply("ខ្ញុំធ្វើការ។ " * 700))
    assert (told.value.after, told.value.unsent) == (7, False)
    assert len(person.sees()) == 1


# --- Voices ------------------------------------------------------------------------------------


async def test_a_voice_is_uploaded_once_and_then_sent_by_what_telegram_calls_it(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    other = telegram.person("B")
    other.starts()
    marks = [await channel.send_voice(str(one.id), SOUND) for one in (person, person, other)]
    seen = [*person.sees(), *other.sees()]
    assert [bubble.voice for bubble in seen] == [SOUND.content] * 3
    assert [mark for each in marks for mark in each] == [bubble.id for bubble in seen]
    assert [isinstance(voice, str) for voice in voices(telegram)] == [False, True, True]


@pytest.mark.parametrize(
    ("media_type", "content", "name"),
    [
        ("audio/ogg; codecs=opus", b"OggS", "voice.ogg"),
        ("audio/mpeg", b"ID3", "voice.mp3"),
        ("audio/mp4", b"\0\0\0\x20ftypM4A ", "voice.m4a"),
    ],
)
async def test_the_file_is_named_by_its_type_and_not_by_what_it_says(
    telegram: TelegramStandin,
    person: TelegramPerson,
    channel: TelegramChannel,
    media_type: str,
    content: bytes,
    name: str,
) -> None:
    await channel.send_voice(str(person.id), Sound("wages/TH/km", media_type, content))
    assert voices(telegram)[0].name == name
    assert person.sees()[0].voice == content


async def test_what_nobody_can_play_as_a_voice_is_not_sent(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    with pytest.raises(Undeliverable, match="neither"):
        await channel.send_voice(str(person.id), Sound("s", "audio/webm", b"webm"))
    assert voices(telegram) == []


async def test_a_voice_that_telegram_no_longer_knows_is_uploaded_again(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    await channel.send_voice(str(person.id), SOUND)
    telegram.forget_files()
    await channel.send_voice(str(person.id), SOUND)
    await channel.send_voice(str(person.id), SOUND)
    assert [bubble.voice for bubble in person.sees()] == [SOUND.content] * 3
    assert [isinstance(voice, str) for voice in voices(telegram)] == [False, True, False, True]


async def test_a_name_that_telegram_refused_is_not_tried_again_though_the_upload_broke(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    await channel.send_voice(str(person.id), SOUND)
    telegram.forget_files()
    telegram.pass_next("sendVoice")
    telegram.fail_next("sendVoice", 500)
    with pytest.raises(TryLater):
        await channel.send_voice(str(person.id), SOUND)
    await channel.send_voice(str(person.id), SOUND)
    assert [isinstance(voice, str) for voice in voices(telegram)] == [False, True, False, False]


async def test_a_voice_that_telegram_made_a_file_of_is_not_sent_by_that_name(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    long = Sound("long", "audio/ogg", b"OggS" + bytes(1024 * 1024))
    await channel.send_voice(str(person.id), long)
    await channel.send_voice(str(person.id), long)
    assert not any(isinstance(voice, str) for voice in voices(telegram))


async def test_who_takes_no_voice_messages_gets_none_and_others_still_do(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    closed = telegram.person("B")
    closed.starts()
    closed.forbids_voice = True
    for _ in range(2):  # also when Telegram has the file
        with pytest.raises(Undeliverable, match="takes no voice"):
            await channel.send_voice(str(closed.id), SOUND)
        await channel.send_voice(str(person.id), SOUND)
    assert [isinstance(voice, str) for voice in voices(telegram)] == [False, False, True, True]


async def test_a_voice_is_refused_and_delayed_as_a_text_is(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    telegram.fail_next("sendVoice", 429, retry_after=7)
    with pytest.raises(TryLater) as told:
        await channel.send_voice(str(person.id), SOUND)
    assert (told.value.after, told.value.unsent) == (7, True)
    with pytest.raises(Undeliverable, match="not a private chat"):
        await channel.send_voice("@channel", SOUND)
    person.blocks()
    with pytest.raises(Undeliverable, match="blocked"):
        await channel.send_voice(str(person.id), SOUND)


async def test_only_so_many_voices_are_remembered(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    for number in range(KEPT + 1):
        channel._voices.keep(Sound(f"s{number}", "audio/ogg", b""), f"f{number}")
    assert channel._voices.get(Sound("s0", "audio/ogg", b"")) is None
    assert channel._voices.get(Sound("s1", "audio/ogg", b"")) == "f1"


# --- Clearing ----------------------------------------------------------------------------------


async def said_and_answered(person: TelegramPerson, channel: TelegramChannel) -> list[str]:
    """Give the marks of two messages of hers and one of ours."""
    mine = [str(person.says("មួយ")), str(person.says("ពីរ"))]
    return [*mine, *await channel.send(str(person.id), Reply("បី"))]


async def test_both_sides_of_a_chat_go_in_one_call(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    marks = await said_and_answered(person, channel)
    assert person.chat() == marks
    assert await channel.clear(str(person.id), marks)
    assert person.chat() == []
    assert len(telegram.calls_of("deleteMessages")) == 1


async def test_a_long_chat_goes_in_groups_and_what_is_gone_is_no_matter(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    marks = [str(person.says("x")) for _ in range(203)]
    person.deletes(marks[5])
    assert await channel.clear(str(person.id), [*marks, marks[0], "999999"])
    assert person.chat() == []
    groups = [len(call.given["message_ids"]) for call in telegram.calls_of("deleteMessages")]
    assert groups == [100, 100, 4]


async def test_of_a_group_with_an_old_message_all_the_others_go_and_it_is_said(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    old = str(person.says("ចាស់"))
    marks = await said_and_answered(person, channel)
    person.ages(timedelta(hours=49), old)
    assert not await channel.clear(str(person.id), [old, *marks])
    assert person.chat() == [old]


async def test_a_message_that_she_deleted_meanwhile_counts_as_gone(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    marks = await said_and_answered(person, channel)
    person.deletes(marks[0])
    telegram.fail_next("deleteMessages", 400)  # whatever it was, each is tried by itself
    assert await channel.clear(str(person.id), marks)
    assert person.chat() == []


async def test_nothing_to_clear_is_clear_and_asks_nothing(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    assert await channel.clear(str(person.id), [])
    assert not await channel.clear(str(person.id), ["no-number"])
    assert telegram.calls == []


async def test_a_chat_that_cannot_be_reached_is_not_clear(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    assert not await channel.clear("5", ["1", "2"])
    assert not await channel.clear("@channel", ["1"])
    person.blocks()
    assert not await channel.clear(str(person.id), ["1", "2"])
    assert telegram.calls_of("deleteMessage") == []


async def test_a_clearing_that_broke_is_told_and_works_the_second_time(
    telegram: TelegramStandin, person: TelegramPerson, channel: TelegramChannel
) -> None:
    marks = await said_and_answered(person, channel)
    telegram.fail_next("deleteMessages", 400)
    telegram.pass_next("deleteMessage")
    telegram.fail_next("deleteMessage", 429, retry_after=3)
    with pytest.raises(TryLater):
        await channel.clear(str(person.id), marks)
    assert person.chat() == marks[1:]
    assert await channel.clear(str(person.id), marks)
    assert person.chat() == []


async def test_no_error_of_a_voice_or_a_clearing_holds_more_than_its_reason(
    telegram: TelegramStandin,
    person: TelegramPerson,
    channel: TelegramChannel,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    await channel.send_voice(str(person.id), SOUND)
    telegram.forget_files()
    telegram.pass_next("sendVoice")
    telegram.fail_next("sendVoice", 400)
    with pytest.raises(Undeliverable) as told:
        await channel.send_voice(str(person.id), SOUND)
    marks = [str(person.says("canary"))]
    telegram.fail_next("deleteMessages", 400)
    telegram.fail_next("deleteMessage", 500)
    with pytest.raises(TryLater) as told_too:
        await channel.clear(str(person.id), marks)
    for error in (told.value, told_too.value):
        assert error.__context__ is None
        assert error.__cause__ is None
    for secret in (telegram.token, "canary", str(person.id)):
        assert secret not in caplog.text + repr(told.value) + repr(told_too.value)

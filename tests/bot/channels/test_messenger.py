"""Messenger's channel, against the stand-in for the Graph API."""

import json
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bot.channels import BODY_LIMIT, BadSecret
from bot.channels.messenger import MessengerChannel, window_open
from bot.message import (
    Button,
    Message,
    Reply,
    Sound,
    TooLarge,
    TryLater,
    Undeliverable,
)
from bot.settings import ChannelSettings
from tests.standins.messenger import MessengerPerson, MessengerStandin
from tests.standins.receiver import Receiver

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
SOUND = Sound("s1", "audio/mpeg", b"ID3 one")


@pytest.fixture
def person(messenger: MessengerStandin) -> MessengerPerson:
    somebody = messenger.person("A")
    somebody.says("សួស្តី")
    return somebody


@pytest.fixture
async def channel(messenger: MessengerStandin) -> AsyncIterator[MessengerChannel]:
    async with MessengerChannel(settings(messenger), pseudonym, lambda: NOW) as opened:
        yield opened


def settings(messenger: MessengerStandin, **more: Any) -> ChannelSettings:
    given = {
        "messenger_page_token": messenger.token,
        "messenger_app_secret": messenger.app_secret,
        "messenger_verify_token": messenger.verify_token,
        "messenger_graph_url": messenger.graph_url,
    }
    return ChannelSettings(_env_file=None, **{**given, **more})


def pseudonym(channel: str, user: str) -> str:
    return f"{channel}/{user}"


def item(messenger: MessengerStandin, **content: Any) -> dict[str, Any]:
    parties = {"sender": {"id": "24"}, "recipient": {"id": messenger.page_id}}
    return {**parties, "timestamp": 1_700_000_000_000, **content}


def said(messenger: MessengerStandin, **message: Any) -> dict[str, Any]:
    return item(messenger, message={"mid": "m_1", **message})


async def read(
    messenger: MessengerStandin, channel: MessengerChannel, *items: Any
) -> list[Message]:
    body = messenger.body(list(items))
    return await channel.messages_from(body, messenger.signature(body))


async def delivered(
    messenger: MessengerStandin, hook: Receiver, channel: MessengerChannel
) -> list[Message]:
    """Read what the stand-in has posted to the webhook since the last time."""
    messenger.delivered()
    received, hook.received = hook.received, []
    return [
        message
        for delivery in received
        for message in await channel.messages_from(
            delivery.body, delivery.headers["x-hub-signature-256"]
        )
    ]


# --- Verification ------------------------------------------------------------------------------


async def test_the_challenge_is_echoed_to_who_knows_the_token(
    messenger: MessengerStandin, channel: MessengerChannel
) -> None:
    asked = {
        "hub.mode": "subscribe",
        "hub.challenge": "77",
        "hub.verify_token": messenger.verify_token,
    }
    assert channel.verify(asked) == "77"
    for wrong in ({"hub.verify_token": "no"}, {"hub.verify_token": ""}, {"hub.mode": "x"}):
        with pytest.raises(BadSecret):
            channel.verify(asked | wrong)


async def test_without_a_verify_token_nobody_is_verified(messenger: MessengerStandin) -> None:
    bare = settings(messenger, messenger_verify_token=None)
    async with MessengerChannel(bare, pseudonym, lambda: NOW) as channel:
        with pytest.raises(BadSecret):
            channel.verify({"hub.mode": "subscribe", "hub.verify_token": ""})


async def test_a_delivery_must_be_signed_over_its_very_bytes(
    messenger: MessengerStandin, channel: MessengerChannel
) -> None:
    body = messenger.body([said(messenger, text="សួស្តី")])
    right = messenger.signature(body)
    assert len(await channel.messages_from(body, right)) == 1
    for signature in (None, "", "sha256=", "sha1=x", "ខុស", messenger.signature(body, "other")):
        with pytest.raises(BadSecret):
            await channel.messages_from(body, signature)
    respelt = json.dumps(json.loads(body), ensure_ascii=False).encode()
    with pytest.raises(BadSecret):
        await channel.messages_from(respelt, right)


async def test_a_huge_delivery_is_refused(
    messenger: MessengerStandin, channel: MessengerChannel
) -> None:
    body = b" " * (BODY_LIMIT + 1)
    with pytest.raises(TooLarge):
        await channel.messages_from(body, messenger.signature(body))


# --- Sending -----------------------------------------------------------------------------------


async def test_a_reply_is_a_response_and_the_token_is_in_no_address(
    messenger: MessengerStandin, person: MessengerPerson, channel: MessengerChannel
) -> None:
    await channel.send(person.id, Reply("សួស្តី", (Button("✅ យល់ព្រម", "affirm"),)))
    assert person.sees()[0].text == "សួស្តី"
    assert person.sees()[0].buttons[0].payload == "affirm"
    call = messenger.calls_of("messages")[0]
    assert call.given["messaging_type"] == "RESPONSE"
    assert "access_token" not in call.given


async def test_a_long_text_is_cut_and_its_choices_come_last(
    person: MessengerPerson, channel: MessengerChannel
) -> None:
    text = "ខ្ញុំធ្វើការរាល់ថ្ងៃ។ " * 200
    await channel.send(person.id, Reply(text, (Button("ចប់", "done"),)))
    bubbles = person.sees()
    assert len(bubbles) > 1
    assert " ".join(b.text for b in bubbles) == text.strip()
    assert [len(b.buttons) for b in bubbles] == [0] * (len(bubbles) - 1) + [1]


@pytest.mark.parametrize("count", [1, 13, 14, 30])
async def test_every_choice_can_be_pressed_however_many_there_are(
    person: MessengerPerson, channel: MessengerChannel, count: int
) -> None:
    buttons = tuple(Button(f"ខេត្ត {n}", f"inform:n={n}") for n in range(count))
    await channel.send(person.id, Reply("ខេត្តណា?", buttons))
    seen = [choice.payload for bubble in person.sees() for choice in bubble.buttons]
    assert seen == [button.payload for button in buttons]


async def test_a_long_title_is_cut_between_letters(
    person: MessengerPerson, channel: MessengerChannel
) -> None:
    await channel.send(person.id, Reply("?", (Button("ក្រសួងការងារស្ត្រីស្ត្រីស្ត្រី", "x"),)))
    title = person.sees()[0].buttons[0].title
    assert title.endswith("…")
    assert "្…" not in title


@pytest.mark.parametrize(("status", "after"), [(429, 3), (500, None), (503, None), (0, None)])
async def test_what_passes_is_tried_later(
    messenger: MessengerStandin,
    person: MessengerPerson,
    channel: MessengerChannel,
    status: int,
    after: int | None,
) -> None:
    messenger.fail_next("messages", status, retry_after=after)
    with pytest.raises(TryLater) as told:
        await channel.send(person.id, Reply("?"))
    assert told.value.after == after


async def test_what_is_refused_for_good_says_its_number(
    messenger: MessengerStandin, person: MessengerPerson, channel: MessengerChannel
) -> None:
    with pytest.raises(Undeliverable, match="2018001"):
        await channel.send("5", Reply("?"))
    messenger.pass_time(timedelta(hours=25))
    with pytest.raises(Undeliverable, match=r"window.*10/2018278"):
        await channel.send(person.id, Reply("?"))
    person.blocks()
    with pytest.raises(Undeliverable, match="551"):
        await channel.send(person.id, Reply("?"))
    wrong = settings(messenger, messenger_page_token="revoked")
    async with MessengerChannel(wrong, pseudonym, lambda: NOW) as other:
        with pytest.raises(Undeliverable, match="190"):
            await other.send(person.id, Reply("?"))


async def test_a_bubble_of_ours_cannot_be_named_or_taken_back(
    messenger: MessengerStandin, person: MessengerPerson, channel: MessengerChannel
) -> None:
    assert await channel.send(person.id, Reply("?")) == ()
    assert await channel.send_voice(person.id, SOUND) == ()
    asked = len(messenger.calls)
    assert await channel.clear(person.id, ["m_1"]) is False
    assert len(messenger.calls) == asked


async def test_only_what_is_silent_makes_no_sound(
    messenger: MessengerStandin, person: MessengerPerson, channel: MessengerChannel
) -> None:
    await channel.send(person.id, Reply("១"), silent=True)
    await channel.send(person.id, Reply("២"))
    assert [bubble.silent for bubble in person.sees()] == [True, False]
    assert "notification_type" not in messenger.calls_of("messages")[1].given


@pytest.mark.parametrize(("status", "unsent"), [(429, True), (500, False), (0, False)])
async def test_what_never_arrived_is_told_from_what_may_have(
    messenger: MessengerStandin,
    person: MessengerPerson,
    channel: MessengerChannel,
    status: int,
    unsent: bool,
) -> None:
    messenger.fail_next("messages", status)
    with pytest.raises(TryLater) as told:
        await channel.send(person.id, Reply("?"))
    assert told.value.unsent is unsent


async def test_a_line_that_never_stood_carried_nothing(messenger: MessengerStandin) -> None:
    nowhere = settings(messenger, messenger_graph_url="http://127.0.0.1:1")
    async with MessengerChannel(nowhere, pseudonym, lambda: NOW) as channel:
        with pytest.raises(TryLater) as told:
            await channel.send("24", Reply("?"))
    assert told.value.unsent is True


async def test_a_reply_that_left_in_part_is_not_unsent(
    messenger: MessengerStandin, person: MessengerPerson, channel: MessengerChannel
) -> None:
    messenger.pass_next("messages")
    messenger.fail_next("messages", 429, retry_after=7)
    with pytest.raises(TryLater) as told:
        await channel.send(person.id, Reply("ខ្ញុំធ្វើការ។ " * 300))
    assert (told.value.after, told.value.unsent) == (7, False)


def test_the_window_is_open_for_24_hours() -> None:
    assert window_open(NOW - timedelta(hours=23, minutes=59), NOW)
    assert not window_open(NOW - timedelta(hours=24), NOW)


# --- Voices ------------------------------------------------------------------------------------


def uploads(messenger: MessengerStandin) -> list[bool]:
    """Tell of each message whether it brought a file."""
    return ["filedata" in call.given for call in messenger.calls_of("messages")]


async def test_a_voice_is_uploaded_once_and_then_sent_by_what_meta_calls_it(
    messenger: MessengerStandin, person: MessengerPerson, channel: MessengerChannel
) -> None:
    other = messenger.person("B")
    other.says("សួស្តី")
    for one in (person, person, other):
        await channel.send_voice(one.id, SOUND)
    assert [b.voice for b in (*person.sees(), *other.sees())] == [SOUND.content] * 3
    assert uploads(messenger) == [True, False, False]
    file = messenger.calls_of("messages")[0].given["filedata"]
    assert (file.name, file.media_type) == ("voice.mp3", "audio/mpeg")


@pytest.mark.parametrize("gone", ["forgotten", "too old"])
async def test_a_voice_that_meta_no_longer_has_is_uploaded_again(
    messenger: MessengerStandin, person: MessengerPerson, channel: MessengerChannel, gone: str
) -> None:
    await channel.send_voice(person.id, SOUND)
    if gone == "forgotten":
        messenger.forget_attachments()
    else:
        messenger.pass_time(timedelta(days=90))
        person.says("ខ្ញុំនៅទីនេះ")
    await channel.send_voice(person.id, SOUND)
    await channel.send_voice(person.id, SOUND)
    assert [bubble.voice for bubble in person.sees()] == [SOUND.content] * 3
    assert uploads(messenger) == [True, False, True, False]


async def test_a_voice_that_the_person_cannot_get_is_not_uploaded_for_it(
    messenger: MessengerStandin, person: MessengerPerson, channel: MessengerChannel
) -> None:
    await channel.send_voice(person.id, SOUND)
    messenger.pass_time(timedelta(hours=25))
    with pytest.raises(Undeliverable, match="window"):
        await channel.send_voice(person.id, SOUND)
    person.says("ខ្ញុំនៅទីនេះ")
    person.blocks()
    with pytest.raises(Undeliverable, match="551"):
        await channel.send_voice(person.id, SOUND)
    with pytest.raises(Undeliverable, match="no such person"):
        await channel.send_voice("5", SOUND)
    assert uploads(messenger) == [True, False, False, False]


async def test_a_voice_that_meta_refuses_with_its_bytes_too_is_undeliverable(
    messenger: MessengerStandin, person: MessengerPerson, channel: MessengerChannel
) -> None:
    with pytest.raises(Undeliverable, match="100/2018047") as told:
        await channel.send_voice(person.id, Sound("s", "audio/mpeg", b""))
    assert told.value.__context__ is None
    with pytest.raises(Undeliverable, match="neither"):
        await channel.send_voice(person.id, Sound("s", "audio/webm", b"webm"))


# --- Fetching ----------------------------------------------------------------------------------


async def fetched(channel: MessengerChannel, reference: str) -> bytes:
    return b"".join([chunk async for chunk in channel.fetch(reference)])


async def test_a_voice_note_is_fetched_and_the_token_stays_at_home(
    messenger: MessengerStandin, hook: Receiver, channel: MessengerChannel
) -> None:
    messenger.person("A").sends_voice(b"voice")
    message = (await delivered(messenger, hook, channel))[0]
    reference = message.attachments[0].reference
    assert reference is not None
    assert await fetched(channel, reference) == b"voice"
    assert "authorization" not in channel._files.headers


@pytest.mark.parametrize(
    "address",
    [
        "http://x.fbcdn.net/a",
        "https://fbcdn.net.example.org/a",
        "https://evilfbcdn.net/a",
        "https://x.fbcdn.net:8443/a",
        "https://user@x.fbcdn.net/a",
        "https://127.0.0.1/a",
        "http://169.254.169.254/latest",
        "http://localhost:8000/",
        "file:///etc/passwd",
        "//x.fbcdn.net/a",
        "",
    ],
)
async def test_only_metas_hosts_are_asked(channel: MessengerChannel, address: str) -> None:
    with pytest.raises(Undeliverable):
        await fetched(channel, address)


async def test_a_redirect_to_another_host_is_not_followed(
    messenger: MessengerStandin, channel: MessengerChannel
) -> None:
    with Receiver() as inside, pytest.raises(Undeliverable):
        await fetched(channel, f"{messenger.address}/elsewhere?to={inside.url}")
    at_home = messenger.keep(b"photo", "p.jpg")
    assert await fetched(channel, f"{messenger.address}/elsewhere?to={at_home}") == b"photo"


async def test_with_the_real_graph_this_machine_is_never_asked(
    messenger: MessengerStandin,
) -> None:
    real = settings(messenger, messenger_graph_url="https://graph.facebook.com/v25.0")
    async with MessengerChannel(real, pseudonym, lambda: NOW) as channel:
        with pytest.raises(Undeliverable):
            await fetched(channel, messenger.keep(b"photo", "p.jpg"))


async def test_a_file_over_the_limit_is_refused(
    messenger: MessengerStandin, channel: MessengerChannel
) -> None:
    with pytest.raises(TooLarge):
        await fetched(channel, messenger.keep(bytes(20 * 1024 * 1024 + 1), "big.mp4"))


async def test_an_attachment_that_is_gone_and_one_that_is_late(
    messenger: MessengerStandin, channel: MessengerChannel
) -> None:
    with pytest.raises(Undeliverable):
        await fetched(channel, f"{messenger.address}/files/none")
    photo = messenger.keep(b"photo", "p.jpg")
    messenger.drop_next("file")
    with pytest.raises(TryLater):
        await fetched(channel, photo)


async def test_no_log_and_no_error_holds_a_token_an_address_or_a_word(
    messenger: MessengerStandin,
    person: MessengerPerson,
    channel: MessengerChannel,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    errors: list[BaseException] = []
    messenger.drop_next("messages")
    with pytest.raises(TryLater) as told:
        await channel.send(person.id, Reply("canary-words"))
    errors.append(told.value)
    with pytest.raises(Undeliverable) as told_too:
        await fetched(channel, f"{messenger.address}/files/canary-file")
    errors.append(told_too.value)
    await read(messenger, channel, said(messenger, text={"canary": "words"}))
    assert all(error.__context__ is None for error in errors)
    everything = caplog.text + "".join(map(repr, errors))
    for secret in (messenger.token, messenger.app_secret, "canary", person.id):
        assert secret not in everything
    assert "malformed" in everything


def test_the_hosts_of_attachments_are_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MESSENGER_FILES_HOSTS", "fbcdn.net, Example.org")
    assert ChannelSettings(_env_file=None).messenger_files_hosts == ("fbcdn.net", "example.org")


def test_what_httpx_calls_a_host_is_what_the_guard_compares() -> None:
    assert httpx.URL("https://X.FBCDN.NET:443/a").host == "x.fbcdn.net"
    assert httpx.URL("https://x.fbcdn.net:443/a").port is None

"""Which messages of which persons a delivery of Messenger's webhook holds."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.channels import delivery_key
from bot.channels.messenger import MessengerChannel
from bot.message import (
    AttachmentKind,
    Button,
    Message,
    Reply,
    TryLater,
)
from bot.settings import ChannelSettings
from tests.standins.messenger import MessengerStandin
from tests.standins.receiver import Receiver

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


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


async def test_words_presses_and_get_started_are_messages(
    messenger: MessengerStandin, hook: Receiver, channel: MessengerChannel
) -> None:
    await channel.set_menu()
    person = messenger.person("A")
    person.starts()
    person.says("ខ្ញុំចង់ដាក់ពាក្យបណ្ដឹង")
    await channel.send(person.id, Reply("?", (Button("✅ យល់ព្រម", "affirm"),)))
    person.taps("យល់ព្រម")
    person.sends_thumb()
    messages = await delivered(messenger, hook, channel)
    assert [(m.button, m.text) for m in messages] == [
        ("greet", None),
        (None, "ខ្ញុំចង់ដាក់ពាក្យបណ្ដឹង"),
        ("affirm", None),
        (None, "👍"),
    ]
    assert messages[3].attachments[0].kind is AttachmentKind.STICKER
    assert {m.conversation for m in messages} == {f"messenger/{person.id}"}
    assert {m.address for m in messages} == {person.id}
    assert len({m.update for m in messages}) == 4


async def test_a_repeat_has_the_same_key_whatever_its_timestamp(
    messenger: MessengerStandin, hook: Receiver, channel: MessengerChannel
) -> None:
    person = messenger.person("A")
    messenger.deliver_twice()
    person.says("មួយ")
    first, again = await delivered(messenger, hook, channel)
    assert first.update != again.update
    assert delivery_key(first.update) == delivery_key(again.update)
    assert delivery_key("tg-70001-000000000005") == "tg-70001-000000000005"
    with messenger.batch():
        messenger.deliver_twice()
        person.says("ពីរ")
        person.says("បី")
    assert [m.text for m in await delivered(messenger, hook, channel)] == ["ពីរ", "បី"]


async def test_updates_sort_in_the_order_of_arrival(
    messenger: MessengerStandin, channel: MessengerChannel
) -> None:
    items = [said(messenger, text="x") | {"timestamp": t} for t in (9, 10, 1_700_000_000_000)]
    for number, one in enumerate(items):
        one["message"] = {"mid": f"m_{number}", "text": "x"}
    updates = [m.update for m in await read(messenger, channel, *items)]
    assert updates == sorted(updates)
    assert all(update.isascii() for update in updates)


@pytest.mark.parametrize(
    ("kind", "payload", "read_as"),
    [
        ("image", {"url": "https://x.fbcdn.net/a"}, AttachmentKind.PHOTO),
        ("audio", {"url": "https://x.fbcdn.net/a"}, AttachmentKind.VOICE),
        ("video", {"url": "https://x.fbcdn.net/a"}, AttachmentKind.VIDEO),
        ("file", {"url": "https://x.fbsbx.com/a"}, AttachmentKind.DOCUMENT),
        ("image", {"url": "https://x.fbcdn.net/a", "sticker_id": 5}, AttachmentKind.STICKER),
        ("sticker", {"sticker_id": 5}, AttachmentKind.STICKER),
        ("location", {"coordinates": {"lat": 3.1, "long": 101.6}}, AttachmentKind.LOCATION),
        ("fallback", None, AttachmentKind.OTHER),
        ("reel", {"url": "https://x.fbcdn.net/a"}, AttachmentKind.OTHER),
        ("audio", {}, AttachmentKind.OTHER),
        ("audio", "not an object", AttachmentKind.OTHER),
    ],
)
async def test_every_kind_of_attachment_has_its_name(
    messenger: MessengerStandin,
    channel: MessengerChannel,
    kind: str,
    payload: Any,
    read_as: AttachmentKind,
) -> None:
    part = {"type": kind, "payload": payload}
    messages = await read(messenger, channel, said(messenger, text="ជួយ", attachments=[part]))
    assert messages[0].text == "ជួយ"
    assert [a.kind for a in messages[0].attachments] == [read_as]


async def test_echoes_receipts_and_other_pages_are_passed_over(
    messenger: MessengerStandin, channel: MessengerChannel
) -> None:
    echo = said(messenger, text="x", is_echo=True)
    own = said(messenger, text="x") | {"sender": {"id": messenger.page_id}}
    other = said(messenger, text="x") | {"recipient": {"id": "5"}}
    receipts = [
        item(messenger, delivery={"watermark": 1}),
        item(messenger, read={"watermark": 1}),
        item(messenger, reaction={"reaction": "love", "mid": "m_1"}),
    ]
    assert await read(messenger, channel, echo, own, other, *receipts) == []
    assert channel.unreadable == 0
    entry = {"id": messenger.page_id, "standby": [said(messenger, text="x")]}
    for envelope in (
        {"object": "page", "entry": [entry]},
        {"object": "page", "entry": [{"id": "5", "messaging": [said(messenger, text="x")]}]},
        {"object": "instagram", "entry": [{"id": messenger.page_id, "messaging": [own]}]},
    ):
        body = json.dumps(envelope).encode()
        assert await channel.messages_from(body, messenger.signature(body)) == []
    assert channel.unreadable == 0


async def test_a_malformed_item_does_not_lose_its_neighbours(
    messenger: MessengerStandin, channel: MessengerChannel
) -> None:
    good = said(messenger, text="ល្អ")
    bad: list[Any] = [
        None,
        [],
        {"message": {"mid": "m_2", "text": "no sender"}},
        said(messenger, text={"not": "text"}),
        item(messenger, message={"text": "no mid"}),
        said(messenger, text="x") | {"timestamp": "yesterday"},
        item(messenger, postback={"title": "no payload"}),
    ]
    assert [m.text for m in await read(messenger, channel, *bad, good)] == ["ល្អ"]
    assert channel.unreadable == len(bad)


async def test_half_a_letter_does_not_lose_the_words_around_it(
    messenger: MessengerStandin, channel: MessengerChannel
) -> None:
    torn = item(messenger, message={"mid": "m_\ud800", "text": "ជួយ\ud83d"})
    assert [m.text for m in await read(messenger, channel, torn)] == ["ជួយ\ufffd"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b'"page"',
        b"[" * 100_000,
        b'{"object": "page", "entry": 5}',
        b'{"object": "page", "entry": [5]}',
        b'{"object": "page", "entry": [{"id": "110022003300", "messaging": 5}]}',
    ],
)
async def test_a_signed_delivery_of_nonsense_is_counted_and_passed_over(
    messenger: MessengerStandin, channel: MessengerChannel, body: bytes
) -> None:
    assert await channel.messages_from(body, messenger.signature(body)) == []
    assert channel.unreadable == 1


async def test_string_timestamps_and_edited_messages_are_read(
    messenger: MessengerStandin, channel: MessengerChannel
) -> None:
    first = said(messenger, text="មួយ") | {"timestamp": "1700000000000"}
    edit = item(messenger, message_edit={"mid": "m_1", "text": "ពីរ", "num_edit": 1})
    messages = await read(messenger, channel, first, edit)
    assert [m.text for m in messages] == ["មួយ", "ពីរ"]


async def test_a_delivery_waits_when_the_pages_id_cannot_be_asked(
    messenger: MessengerStandin, channel: MessengerChannel
) -> None:
    messenger.fail_next("me", 503)
    with pytest.raises(TryLater):
        await read(messenger, channel, said(messenger, text="x"))
    assert len(await read(messenger, channel, said(messenger, text="x"))) == 1

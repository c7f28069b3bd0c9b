"""Which message of which person a Telegram update is."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.channels.telegram import COMMANDS, message_from
from bot.message import (
    AttachmentKind,
    Button,
    Message,
)
from tests.standins.telegram import TelegramPerson, TelegramStandin

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
SECRET = "webhook_secret-1"
HEADERS = {"x-telegram-bot-api-secret-token": SECRET}
YES = Button("✅ បាទ/ចាស", "affirm")


@pytest.fixture
def person(telegram: TelegramStandin) -> TelegramPerson:
    somebody = telegram.person("A")
    somebody.started = True
    return somebody


def pseudonym(channel: str, user: str) -> str:
    return f"{channel}/{user}"


def last(telegram: TelegramStandin) -> dict[str, Any]:
    return telegram.pending[-1]


def read(telegram: TelegramStandin) -> Message | None:
    return message_from(last(telegram), pseudonym, 70001, NOW)


def heard(telegram: TelegramStandin) -> Message:
    message = read(telegram)
    assert message is not None
    return message


def test_a_text_is_a_message_of_its_sender(
    telegram: TelegramStandin, person: TelegramPerson
) -> None:
    person.says("ខ្ញុំមិនទាន់បានប្រាក់ខែ")
    message = heard(telegram)
    assert message.text == "ខ្ញុំមិនទាន់បានប្រាក់ខែ"
    assert message.conversation == f"telegram/{person.id}"
    assert (message.address, message.received) == (str(person.id), NOW)
    assert message.update == f"tg-70001-{last(telegram)['update_id']:012d}"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_the_button_that_means_the_same(
    telegram: TelegramStandin, person: TelegramPerson, command: str
) -> None:
    person.says(f"/{command}")
    assert (heard(telegram).button, heard(telegram).text) == (COMMANDS[command], None)
    person.says(f"/{command}@standin_bot")
    assert heard(telegram).button == COMMANDS[command]


def test_words_behind_a_command_are_not_lost(
    telegram: TelegramStandin, person: TelegramPerson
) -> None:
    person.says("/complain គេវាយខ្ញុំ")
    assert (heard(telegram).button, heard(telegram).text) == (None, "គេវាយខ្ញុំ")
    person.says("/start campaign7")
    assert (heard(telegram).button, heard(telegram).text) == ("greet", None)
    person.says("/unknown")
    assert (heard(telegram).button, heard(telegram).text) == (None, "/unknown")


def test_a_press_carries_its_payload_known_or_not(
    telegram: TelegramStandin, person: TelegramPerson
) -> None:
    person.presses("no-such:thing", 1)
    assert (heard(telegram).button, heard(telegram).text) == ("no-such:thing", None)


def test_what_she_sent_has_the_mark_by_which_it_can_be_deleted_and_a_press_has_none(
    telegram: TelegramStandin, person: TelegramPerson
) -> None:
    assert str(person.says("មួយ")) == heard(telegram).mark
    assert str(person.says("/menu")) == heard(telegram).mark
    number = person.sends_voice(b"OggS")
    assert str(number) == heard(telegram).mark
    person.edits(number, "ពីរ")
    assert str(number) == heard(telegram).mark
    person.presses("affirm", 1)
    assert heard(telegram).mark is None


def test_an_edited_message_is_a_message_of_its_own(
    telegram: TelegramStandin, person: TelegramPerson
) -> None:
    number = person.says("មួយ")
    first = heard(telegram)
    person.edits(number, "ពីរ")
    assert heard(telegram).text == "ពីរ"
    assert heard(telegram).update > first.update


def test_a_voice_note_and_a_photo_with_words_keep_both(
    telegram: TelegramStandin, person: TelegramPerson
) -> None:
    person.sends_voice(b"OggS")
    voice = heard(telegram).attachments[0]
    assert (voice.kind, voice.media_type, voice.size) == (AttachmentKind.VOICE, "audio/ogg", 4)
    person.sends_photo(b"large picture", caption="នេះជាកិច្ចសន្យា")
    message = heard(telegram)
    assert message.text == "នេះជាកិច្ចសន្យា"
    assert (message.attachments[0].kind, message.attachments[0].size) == (AttachmentKind.PHOTO, 13)


def test_of_a_photo_the_largest_size_a_bot_may_fetch_is_taken(
    telegram: TelegramStandin, person: TelegramPerson
) -> None:
    def size(name: str, width: int, length: int) -> dict[str, Any]:
        known = {"file_id": name, "file_unique_id": name, "file_size": length}
        return {**known, "width": width, "height": width}

    person.sends("photo", [size("s", 90, 10), size("m", 900, 1000), size("l", 9000, 30_000_000)])
    assert heard(telegram).attachments[0].reference == "m"


FILE = {"file_id": "f1", "file_unique_id": "u1", "file_size": 9}
MOVING = {"width": 10, "height": 10, "duration": 1}


@pytest.mark.parametrize(
    ("kind", "content", "read_as"),
    [
        ("audio", {**FILE, "duration": 1}, AttachmentKind.AUDIO),
        ("video", {**FILE, **MOVING}, AttachmentKind.VIDEO),
        ("video_note", {**FILE, "length": 10, "duration": 1}, AttachmentKind.VIDEO),
        ("animation", {**FILE, **MOVING}, AttachmentKind.VIDEO),
        ("document", FILE, AttachmentKind.DOCUMENT),
        ("location", {"latitude": 3.1, "longitude": 101.6}, AttachmentKind.LOCATION),
        ("contact", {"phone_number": "1", "first_name": "B"}, AttachmentKind.CONTACT),
        ("dice", {"emoji": "🎲", "value": 3}, AttachmentKind.OTHER),
        ("something_new", {"a": 1}, AttachmentKind.OTHER),
    ],
)
def test_every_kind_of_attachment_has_its_name(
    telegram: TelegramStandin,
    person: TelegramPerson,
    kind: str,
    content: dict[str, Any],
    read_as: AttachmentKind,
) -> None:
    person.sends(kind, content)
    assert [a.kind for a in heard(telegram).attachments] == [read_as]


def test_a_sticker_says_its_emoji(telegram: TelegramStandin, person: TelegramPerson) -> None:
    shape = {"width": 1, "height": 1, "is_animated": False, "is_video": False, "type": "regular"}
    person.sends("sticker", {**FILE, **shape, "emoji": "👍"})
    assert heard(telegram).text == "👍"
    assert heard(telegram).attachments[0].kind is AttachmentKind.STICKER


def test_what_nobody_said_in_private_is_no_message(
    telegram: TelegramStandin, person: TelegramPerson
) -> None:
    person.blocks()
    assert read(telegram) is None
    person.sends("pinned_message", {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "x"}})
    assert read(telegram) is None
    person.says("in a group")
    last(telegram)["message"]["chat"]["type"] = "group"
    assert read(telegram) is None
    person.says("from a bot")
    last(telegram)["message"]["from"]["is_bot"] = True
    assert read(telegram) is None
    assert message_from({"update_id": 1}, pseudonym, 70001, NOW) is None

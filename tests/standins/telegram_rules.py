"""What the Bot API accepts and refuses of one call."""

import json
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request

from tests.standins import Choice, Upload, read_form

TEXT_LIMIT = 4096
CALLBACK_DATA_LIMIT = 64
BUTTON_LIMIT = 100
DOWNLOAD_LIMIT = 20 * 1024 * 1024
UPLOAD_LIMIT = 50 * 1024 * 1024
VOICE_LIMIT = 1024 * 1024
DELETE_LIMIT = 100
DELETE_WITHIN = 48 * 3600.0
"""Seconds: a bot deletes nothing older."""

NESTED = ("reply_markup", "allowed_updates", "commands", "link_preview_options", "message_ids")
"""Parameters that are JSON when they come in a form."""

PROFILE = {
    "Name": ("name", 64),
    "ShortDescription": ("short_description", 120),
    "Description": ("description", 512),
}
"""Part of `setMy...` and `getMy...` -> its parameter, and how many characters it may have."""

Given = dict[str, Any]


class Refused(Exception):
    """The Bot API says no."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.description = description


async def read(request: Request) -> Given:
    """Read the parameters in every way the Bot API takes them; nested ones are JSON in a form."""
    given: Given = dict(request.query_params)
    kind, body = request.headers.get("content-type", ""), await request.body()
    if kind.startswith("application/json"):
        given.update(json.loads(body))
        return given
    if kind.startswith("multipart/"):
        given.update(read_form(kind, body))
    else:
        given.update(parse_qsl(body.decode(), keep_blank_values=True))
    for name in NESTED:
        if isinstance(given.get(name), str):
            given[name] = json.loads(given[name])
    return given


def number_of(value: Any) -> int:
    """Read a chat id; 0 when it is none."""
    return int(value) if str(value).lstrip("-").isdecimal() else 0


def text_of(given: Given) -> str:
    """Give the text of a message, as Telegram keeps it."""
    text = str(given.get("text", "")).strip()
    if not text:
        raise Refused(400, "Bad Request: message text is empty")
    if len(text.encode("utf-16-le")) // 2 > TEXT_LIMIT:
        raise Refused(400, "Bad Request: message is too long")
    return text


def buttons_of(markup: Given | None) -> tuple[Choice, ...]:
    """Give the choices of an inline keyboard."""
    rows = (markup or {}).get("inline_keyboard", [])
    for row in rows:
        for button in row:
            if not button.get("text"):
                raise Refused(400, "Bad Request: text buttons are unallowed in the inline keyboard")
            data = button.get("callback_data")
            if data is not None and not 1 <= len(data.encode()) <= CALLBACK_DATA_LIMIT:
                raise Refused(400, "Bad Request: BUTTON_DATA_INVALID")
            if data is None and not button.get("url"):
                raise Refused(400, "Bad Request: inline keyboard button has no action")
    choices = tuple(Choice(b["text"], b.get("callback_data", "")) for row in rows for b in row)
    if len(choices) > BUTTON_LIMIT:
        raise Refused(400, "Bad Request: reply markup is too long")
    return choices


def is_true(value: Any) -> bool:
    """Read a Boolean, which in a form is a word."""
    return str(value).lower() in ("true", "1", "yes")


def numbers_of(given: Given) -> list[int]:
    """Give the messages that are to be deleted at once."""
    numbers = given.get("message_ids")
    if not numbers:
        raise Refused(400, "Bad Request: message identifiers are not specified")
    if not isinstance(numbers, list):
        raise Refused(400, "Bad Request: expected an Array of message identifiers")
    if len(numbers) > DELETE_LIMIT:
        raise Refused(400, "Bad Request: too many message identifiers specified")
    if any(number_of(number) <= 0 for number in numbers):
        raise Refused(400, "Bad Request: invalid message identifier specified")
    return [number_of(number) for number in numbers]


def language_of(given: Given) -> str:
    """Give a language code, empty for everybody's."""
    code = str(given.get("language_code") or "")
    if code and not (len(code) == 2 and code.isascii() and code.islower()):
        raise Refused(400, "Bad Request: invalid language code specified")
    return code


def uploaded(given: Given, name: str) -> bytes:
    """Give the bytes of a file that is uploaded under this name."""
    file = given.get(name)
    if not isinstance(file, Upload) or not file.content:
        raise Refused(400, "Bad Request: file must be non-empty")
    if len(file.content) > UPLOAD_LIMIT:
        raise Refused(413, "Request Entity Too Large")
    return file.content


def plays_as_voice(content: bytes) -> bool:
    """Tell whether Telegram shows this as a voice message: OGG, MP3 or M4A, at most 1 MB."""
    known = content.startswith((b"OggS", b"ID3", b"\xff\xfb")) or content[4:8] == b"ftyp"
    return known and len(content) <= VOICE_LIMIT

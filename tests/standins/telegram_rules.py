"""What the Bot API accepts and refuses of one call."""

import json
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, cast
from urllib.parse import parse_qsl

from fastapi import Request

from tests.standins import Choice

TEXT_LIMIT = 4096
CALLBACK_DATA_LIMIT = 64
BUTTON_LIMIT = 100
DOWNLOAD_LIMIT = 20 * 1024 * 1024

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
        whole = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
        for part in whole.iter_parts():
            name = str(part.get_param("name", header="content-disposition"))
            content = cast(bytes, part.get_payload(decode=True))
            given[name] = content if part.get_filename() else content.decode()
    else:
        given.update(parse_qsl(body.decode(), keep_blank_values=True))
    for name in ("reply_markup", "allowed_updates", "commands", "link_preview_options"):
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

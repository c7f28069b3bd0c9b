"""What the Graph API accepts and refuses of one call of the Send API."""

import json
from typing import Any

from fastapi import Request

from tests.standins import Bubble, Choice, Upload, read_form

Given = dict[str, Any]

TEXT_LIMIT = 2000
QUICK_REPLY_LIMIT = 13
TITLE_LIMIT = 20
PAYLOAD_LIMIT = 1000
TEMPLATE_TEXT_LIMIT = 640
TEMPLATE_BUTTON_LIMIT = 3
NOTIFICATION_TYPES = ("REGULAR", "SILENT_PUSH", "NO_PUSH")
ATTACHMENT_LIMIT = 25 * 1024 * 1024


class Refused(Exception):
    """The Graph API says no."""

    def __init__(self, code: int, message: str, subcode: int | None = None, status: int = 400):
        super().__init__(message)
        self.status = status
        self.body: Given = {"message": message, "type": "OAuthException", "code": code}
        if subcode:
            self.body["error_subcode"] = subcode


async def read(request: Request) -> Given:
    """Read a call's body: JSON, or a form in which what is nested is JSON."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/"):
        given: Given = await request.json()
        return given
    given = read_form(kind, await request.body())
    for name in ("recipient", "message"):
        if isinstance(given.get(name), str):
            given[name] = json.loads(given[name])
    return given


def is_audio(message: Given) -> bool:
    """Tell whether this message is a sound."""
    return (message.get("attachment") or {}).get("type") == "audio"


def audio_of(given: Given) -> tuple[str | None, bool]:
    """Give the attachment id, if any, and whether what is uploaded instead is to be kept."""
    payload = given["message"]["attachment"].get("payload", {})
    known, reusable = payload.get("attachment_id"), payload.get("is_reusable", False)
    if known is not None and ("filedata" in given or "is_reusable" in payload):
        raise Refused(100, "Param payload must have either attachment_id or filedata")
    return (None if known is None else str(known)), bool(reusable)


def uploaded(given: Given) -> bytes:
    """Give the bytes of an uploaded sound."""
    file = given.get("filedata")
    if not isinstance(file, Upload) or not file.content:
        raise Refused(100, "Upload attachment failure.", 2018047)
    if not file.media_type.startswith("audio/"):  # what Meta documents for this type
        raise Refused(100, "Upload attachment failure.", 2018047)
    if len(file.content) > ATTACHMENT_LIMIT:
        raise Refused(100, "Attachment size exceeds allowable limit")
    return file.content


def read_message(message: Given, mid: str) -> tuple[Bubble, tuple[Choice, ...]]:
    """Take a message apart, or refuse it."""
    text, attachment = message.get("text"), message.get("attachment")
    if (text is None) == (attachment is None):
        raise Refused(100, "Param message must have either text or attachment")
    quick = tuple(_quick_reply(part) for part in message.get("quick_replies", []))
    if len(quick) > QUICK_REPLY_LIMIT:
        raise Refused(100, "Param message[quick_replies] has too many elements.")
    if is_audio(message):
        return Bubble(mid, ""), quick
    if attachment is not None:
        payload = attachment.get("payload", {})
        if attachment.get("type") != "template" or payload.get("template_type") != "button":
            raise Refused(100, "Param message[attachment] is not supported here")
        buttons = tuple(_button(part) for part in payload.get("buttons", []))
        if not 1 <= len(buttons) <= TEMPLATE_BUTTON_LIMIT:
            raise Refused(100, "Param message[attachment][payload][buttons]: 1 to 3")
        words = _within(payload.get("text"), TEMPLATE_TEXT_LIMIT, "text")
        return Bubble(mid, words, buttons), quick
    return Bubble(mid, _within(text, TEXT_LIMIT, "text")), quick


def _quick_reply(part: Given) -> Choice:
    if part.get("content_type") != "text":
        raise Refused(100, "Param quick_replies[content_type] is not supported here")
    return _choice(part)


def _button(part: Given) -> Choice:
    if part.get("type") != "postback":
        raise Refused(100, "Param buttons[type] is not supported here")
    return _choice(part)


def _choice(part: Given) -> Choice:
    title = _within(part.get("title"), TITLE_LIMIT, "title")
    return Choice(title, _within(part.get("payload"), PAYLOAD_LIMIT, "payload"))


def _within(words: Any, limit: int, name: str) -> str:
    if not isinstance(words, str) or not words.strip():
        raise Refused(100, f"Param {name} must be a non-empty UTF-8 encoded string")
    if len(words.encode("utf-16-le")) // 2 > limit:
        raise Refused(100, f"Length of param {name} must be less than or equal to {limit}")
    return words

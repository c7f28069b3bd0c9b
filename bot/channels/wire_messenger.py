"""A delivery of Messenger's webhook, read: which messages of which persons it holds.

Shapes: Messenger Platform, webhook events, Graph API v25.0. Read leniently, item by item: a
delivery is a batch, and what is wrong with one item is no reason to lose its neighbours.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bot.channels import Pseudonym, delivery_key
from bot.channels.fit import whole
from bot.message import Attachment, AttachmentKind, ChannelName, Message

GET_STARTED = "GET_STARTED"
"""Payload of the button that opens a Messenger conversation; means "greet"."""

THUMB = 369239263222822
"""The thumb beside Messenger's text field: the one sticker whose meaning is known."""

_Words = Annotated[
    str, BeforeValidator(lambda said: whole(said) if isinstance(said, str) else said)
]
_SAID = ("message", "postback", "message_edit")
_FILES = {
    "image": AttachmentKind.PHOTO,
    "audio": AttachmentKind.VOICE,  # Messenger sends a voice note as audio and does not say which
    "video": AttachmentKind.VIDEO,
    "file": AttachmentKind.DOCUMENT,
}


class _Wire(BaseModel):
    # Errors must not quote what a person wrote; ids arrive as numbers in some of Meta's examples.
    model_config = ConfigDict(
        extra="ignore", hide_input_in_errors=True, coerce_numbers_to_str=True, frozen=True
    )


class _Party(_Wire):
    id: _Words = Field(min_length=1)


class _QuickReply(_Wire):
    payload: _Words


class _Coordinates(_Wire):
    lat: float
    long: float


class _Payload(_Wire):
    url: str | None = None
    sticker_id: int | None = None
    coordinates: _Coordinates | None = None


class _Attachment(_Wire):
    type: str = ""
    payload: _Payload | None = None


class _Text(_Wire):
    mid: _Words = Field(min_length=1)
    text: _Words | None = None
    quick_reply: _QuickReply | None = None
    attachments: list[Any] | None = None
    is_echo: bool = False
    is_deleted: bool = False


class _Postback(_Wire):
    mid: _Words | None = None  # absent before v11
    payload: _Words


class _Edit(_Wire):
    mid: _Words = Field(min_length=1)
    text: _Words
    num_edit: int


class _Item(_Wire):
    sender: _Party
    recipient: _Party
    timestamp: int = Field(ge=0)
    message: _Text | None = None
    postback: _Postback | None = None
    message_edit: _Edit | None = None


def read_batch(
    raw_body: bytes, page_id: str, pseudonym: Pseudonym, received: datetime
) -> tuple[list[Message], int]:
    """Give the messages to this Page, in order and each once, and the number of malformed items.

    Echoes of our own replies, receipts, reactions, other Pages and standby are passed over.
    `received` is UTC.
    """
    messages: dict[str, Message] = {}
    malformed = 0
    for item in _items(raw_body, page_id):
        if not isinstance(item, dict):
            malformed += 1
            continue
        if not any(said in item for said in _SAID):
            continue
        try:
            message = _message(_Item.model_validate(item), page_id, pseudonym, received)
        except ValidationError:
            malformed += 1
            continue
        if message is not None:
            messages.setdefault(delivery_key(message.update), message)
    return list(messages.values()), malformed


def _items(raw_body: bytes, page_id: str) -> Iterator[object]:
    """Give the items for this Page; what cannot be unfolded is given as None."""
    try:
        envelope = json.loads(raw_body)
    except (ValueError, RecursionError):
        yield None
        return
    if not isinstance(envelope, dict):
        yield None
        return
    if envelope.get("object") != "page":
        return
    for entry in _list(envelope.get("entry")):
        if not isinstance(entry, dict):
            yield None
        elif str(entry.get("id")) == page_id:
            yield from _list(entry.get("messaging"))


def _list(value: object) -> list[object]:
    if value is None:  # an entry with only `standby` has no `messaging`
        return []
    return value if isinstance(value, list) else [None]


def _message(item: _Item, page_id: str, pseudonym: Pseudonym, received: datetime) -> Message | None:
    if item.sender.id == page_id or item.recipient.id != page_id:
        return None
    text: str | None = None
    button: str | None = None
    attachments: tuple[Attachment, ...] = ()
    if item.message is not None:
        said = item.message
        if said.is_echo or said.is_deleted:
            return None
        key, text = said.mid, said.text
        if said.quick_reply is not None:  # the text is then only the title of our own button
            text, button = None, said.quick_reply.payload
        attachments = tuple(_attachment(part) for part in said.attachments or ())
        if text is None and any(_is_thumb(part) for part in attachments):
            text = "👍"
    elif item.postback is not None:
        press = item.postback
        button = "greet" if press.payload == GET_STARTED else press.payload
        key = press.mid or f"{item.sender.id}:{item.timestamp}:{press.payload}"
    elif item.message_edit is not None:
        key = f"{item.message_edit.mid}:{item.message_edit.num_edit}"
        text = item.message_edit.text
    else:
        return None
    if text is None and button is None and not attachments:
        return None
    return Message(
        channel=ChannelName.MESSENGER,
        update=f"fb-{item.timestamp:015d}-{sha256(key.encode()).hexdigest()[:40]}",
        conversation=pseudonym(ChannelName.MESSENGER, item.sender.id),
        address=item.sender.id,
        received=received,
        text=text,
        button=button,
        attachments=attachments,
    )


def _attachment(part: object) -> Attachment:
    try:
        wire = _Attachment.model_validate(part)
    except ValidationError:
        return Attachment(AttachmentKind.OTHER)
    payload = wire.payload or _Payload()
    # Stickers came as "image" until 30 August 2026, and come as "sticker" since.
    if payload.sticker_id is not None or wire.type == "sticker":
        return Attachment(AttachmentKind.STICKER, str(payload.sticker_id or "") or None)
    if payload.coordinates is not None:
        place = f"{payload.coordinates.lat},{payload.coordinates.long}"
        return Attachment(AttachmentKind.LOCATION, place)
    if payload.url and wire.type in _FILES:
        return Attachment(_FILES[wire.type], payload.url)
    return Attachment(AttachmentKind.OTHER)


def _is_thumb(part: Attachment) -> bool:
    return part.kind is AttachmentKind.STICKER and part.reference == str(THUMB)

"""The web chat: the same road as every channel, over plain HTTP."""

import hashlib
from collections.abc import AsyncIterator
from secrets import token_hex
from typing import Annotated, Any

import filetype
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, model_validator

from api.limits import too_many
from api.parts import Parts, parts_of
from api.policy import public
from bot import durable, outbox
from bot.message import (
    FILE_LIMIT,
    Attachment,
    AttachmentKind,
    ChannelName,
    Message,
    Reply,
    TooLarge,
)
from bot.turn import upload_reference
from referrals import notice
from referrals.draft import SealedFile
from referrals.files import new_file_id
from referrals.sealing import new_key

router = APIRouter(prefix="/chat", dependencies=[Depends(public)])

PATIENCE_SECONDS = 25.0
"""How long a page waits for the answer to one message before it asks again."""

WORDS_LIMIT = 20_000
"""Characters of one message that are still read; a longer one is refused, not cut."""

ConversationId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16,64}$")]
MessageId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]


class Said(BaseModel):
    """What a visitor's page sends. `message` names this one message, so that sending it again is
    harmless.
    """

    conversation: ConversationId
    message: MessageId | None = None
    text: str | None = None
    button: str | None = Field(default=None, max_length=200)

    @model_validator(mode="after")
    def _one_of_two(self) -> "Said":
        if (self.text is None) == (self.button is None):
            raise ValueError("either text or button")
        return self


class Polled(BaseModel):
    """What a page sends to hear whether a letter came."""

    conversation: ConversationId


def _message(parts: Parts, conversation: str, message_id: str | None, **content: Any) -> Message:
    pseudonym = parts.site.server_key.pseudonym(ChannelName.WEB, conversation)
    return Message(
        channel=ChannelName.WEB,
        update=f"web-{pseudonym[:16]}-{message_id or token_hex(16)}",
        conversation=pseudonym,
        address="",
        received=parts.site.clock(),
        **content,
    )


def _as_json(replies: list[Reply]) -> dict[str, Any]:
    return {
        "replies": [
            {
                "text": reply.text,
                "buttons": [{"title": b.title, "payload": b.payload} for b in reply.buttons],
            }
            for reply in replies
        ]
    }


def _words(parts: Parts, conversation: str, key: str, status: int) -> JSONResponse:
    pseudonym = parts.site.server_key.pseudonym(ChannelName.WEB, conversation)
    return JSONResponse(_as_json(outbox.words(parts.turns, pseudonym, key)), status_code=status)


async def _answer(message: Message) -> JSONResponse:
    replies = await durable.converse(message, PATIENCE_SECONDS)
    if replies is None:
        # 202: it is kept and being worked on; the page asks again with the same message id.
        return JSONResponse({"replies": [], "again": True}, status_code=202)
    return JSONResponse(_as_json(replies))


@router.post("/messages")
async def messages(request: Request, said: Said) -> JSONResponse:
    """Take one message of a visitor and answer it."""
    parts = parts_of(request)
    if too_many(request, "chat", said.conversation):
        return _words(parts, said.conversation, "slow_down", 429)
    if len(said.text or "") > WORDS_LIMIT:
        return _words(parts, said.conversation, "unknown_too_long", 413)
    message = _message(parts, said.conversation, said.message, text=said.text, button=said.button)
    return await _answer(message)


async def _capped(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    size = 0
    async for piece in stream:
        size += len(piece)
        if size > FILE_LIMIT:
            raise TooLarge("over the limit of one attachment")
        yield piece


async def _seal_upload(parts: Parts, request: Request, declared: str) -> SealedFile:
    """Seal the body as it arrives; no piece of it touches the disk in clear."""
    file_id, key, hashed, head = new_file_id(), new_key(), hashlib.sha256(), b""
    with parts.site.files.writer(file_id, key) as writer:
        async for piece in _capped(request.stream()):
            head = head or piece[:512]
            hashed.update(piece)
            writer.write(piece)
    guessed = filetype.guess_mime(head) or declared
    return SealedFile(file_id, key, hashed.digest(), writer.size, guessed)


@router.post("/files", max_body_size=10 * FILE_LIMIT)
async def files(
    request: Request,
    conversation: Annotated[str, Query(pattern=r"^[A-Za-z0-9_-]{16,64}$")],
    kind: AttachmentKind,
    message: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9_-]{8,64}$")] = None,
) -> JSONResponse:
    """Take a voice note, a photo or a paper: the raw bytes are the body."""
    parts = parts_of(request)
    if too_many(request, "files", conversation):
        return _words(parts, conversation, "slow_down", 429)
    declared = request.headers.get("content-type", "application/octet-stream").split(";")[0][:100]
    try:
        file = await _seal_upload(parts, request, declared)
    except TooLarge:
        return _words(parts, conversation, "unknown_too_large", 413)
    if file.size == 0:
        parts.site.files.remove(file.file_id)
        raise HTTPException(400)
    attachment = Attachment(kind, upload_reference(file), file.media_type, file.size)
    taken = _message(parts, conversation, message, attachments=(attachment,))
    return await _answer(taken)


@router.post("/notices")
def notices(request: Request, polled: Polled) -> JSONResponse:
    """Tell a page, once, that a letter came; not a word of it."""
    parts = parts_of(request)
    pseudonym = parts.site.server_key.pseudonym(ChannelName.WEB, polled.conversation)
    with parts.site.store.reading() as session:
        letter = notice.waiting_letter(session, parts.site, pseudonym)
        news = letter is not None and notice.is_waiting(session, letter.id)
    if letter is None or not news:
        return JSONResponse({"replies": []})
    with parts.site.store.writing() as session:
        notice.mark_announced(session, letter.id)
    return _words(parts, polled.conversation, "letter_waiting", 200)

"""The web chat: the same road as every channel, over plain HTTP.

What it does for a visitor's own page it does for the desk's too (api/pages/assist.py), where a
counsellor sits beside her: only who writes (`Writer`) is found out in another way.
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from secrets import token_hex
from shutil import disk_usage
from typing import Annotated, Any, Self

import filetype
from fastapi import APIRouter, Depends, Header, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from pydantic import AfterValidator, BaseModel, Field, model_validator

from api.limits import too_many
from api.parts import Parts, parts_of
from api.policy import public
from bot import durable, outbox
from bot.channels.fit import whole
from bot.content import living
from bot.keep import upload_reference
from bot.message import (
    FILE_LIMIT,
    Attachment,
    AttachmentKind,
    ChannelName,
    Message,
    Reply,
    TooLarge,
)
from referrals import notice
from referrals.case import names_file
from referrals.draft import SealedFile, files_held
from referrals.files import new_file_id
from referrals.sealing import new_key
from referrals.site import Site

router = APIRouter(prefix="/chat", dependencies=[Depends(public)])

PATIENCE_SECONDS = 25.0
"""How long a page waits for the answer to one message before it asks again."""

WORDS_LIMIT = 20_000
"""Characters of one message that are still read; a longer one is refused, not cut."""

FILES_HELD, BYTES_HELD = 30, 100 * 1024 * 1024
"""Files of one draft, and bytes of them together, from which on no more are taken."""

FREE_SPACE = 1024**3
"""Bytes that stay free on the disk: a file must not take the room that words need."""

BATCH = 1024 * 1024
"""Bytes of an upload that are sealed in one go."""

ConversationId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16,64}$")]
MessageId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
Words = Annotated[str, AfterValidator(whole)]


class Spoken(BaseModel):
    """What a page says. `message` names this one message, so that sending it again is harmless."""

    message: MessageId | None = None
    text: Words | None = None
    button: str | None = Field(default=None, max_length=200)

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.text is None) == (self.button is None):
            raise ValueError("either text or button")
        return self


class Said(Spoken):
    """What a visitor's page sends."""

    conversation: ConversationId


class Polled(BaseModel):
    """What a page sends to hear whether a letter came."""

    conversation: ConversationId


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes. `user` is what the pseudonym of the conversation is made of; who knows it can go
    on with the conversation. `counted` is whom the limits count (api/limits.py).
    """

    user: str
    counted: str

    def pseudonym(self, site: Site) -> str:
        """Give the conversation's name, as everything behind this door knows it."""
        return site.server_key.pseudonym(ChannelName.WEB, self.user)


def _visitor(conversation: str) -> Writer:
    return Writer(user=conversation, counted=conversation)


def _message(parts: Parts, writer: Writer, message_id: str | None, **content: Any) -> Message:
    pseudonym = writer.pseudonym(parts.site)
    return Message(
        channel=ChannelName.WEB,
        update=f"web-{pseudonym[:16]}-{message_id or token_hex(16)}",
        conversation=pseudonym,
        address="",
        received=parts.site.clock(),
        **content,
    )


def _as_json(replies: Sequence[Reply], *, clear: bool = False) -> dict[str, Any]:
    """Write replies for the page; `clear` tells it to forget first what it shows."""
    said = [
        {
            "text": reply.text,
            "buttons": [{"title": b.title, "payload": b.payload} for b in reply.buttons],
        }
        | ({"voice": f"/chat/recordings/{reply.voice}"} if reply.voice else {})
        for reply in replies
    ]
    return {"replies": said} | ({"clear": True} if clear else {})


async def _words(parts: Parts, writer: Writer, key: str, status: int) -> JSONResponse:
    pseudonym = writer.pseudonym(parts.site)
    replies = await run_in_threadpool(outbox.words, parts.turns, pseudonym, key)
    return JSONResponse(_as_json(replies), status_code=status)


async def _answer(message: Message) -> JSONResponse:
    outgoing = await durable.converse(message, PATIENCE_SECONDS)
    if outgoing is None:
        # 202: it is kept and being worked on; the page asks again with the same message id.
        return JSONResponse({"replies": [], "again": True}, status_code=202)
    return JSONResponse(_as_json(outgoing.replies, clear=outgoing.clear))


async def take_words(request: Request, writer: Writer, said: Spoken) -> JSONResponse:
    """Take words or a press, and answer. 429 over the limit, 413 for more than WORDS_LIMIT, 202
    while the turn is not over; each with words to show or to ask again for.
    """
    parts = parts_of(request)
    if too_many(request, "chat", writer.counted):
        return await _words(parts, writer, "slow_down", 429)
    if len(said.text or "") > WORDS_LIMIT:
        return await _words(parts, writer, "unknown_too_long", 413)
    message = _message(parts, writer, said.message, text=said.text, button=said.button)
    return await _answer(message)


@router.post("/messages")
async def messages(request: Request, said: Said) -> JSONResponse:
    """Take one message of a visitor and answer it."""
    return await take_words(request, _visitor(said.conversation), said)


async def _batches(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield a body in batches of about BATCH. Raises TooLarge."""
    size, batch = 0, bytearray()
    async for piece in stream:
        size += len(piece)
        if size > FILE_LIMIT:
            raise TooLarge("over the limit of one attachment")
        batch += piece
        if len(batch) >= BATCH:
            yield bytes(batch)
            batch.clear()
    if batch:
        yield bytes(batch)


async def _seal_upload(parts: Parts, request: Request, declared: str) -> SealedFile:
    """Seal the body as it arrives; no piece of it touches the disk in clear. Raises TooLarge."""
    file_id, key, hashed, head = new_file_id(), new_key(), hashlib.sha256(), b""
    writer = parts.site.files.writer(file_id, key)

    def take(batch: bytes) -> None:
        hashed.update(batch)
        writer.write(batch)

    async with AsyncExitStack() as stack:
        await run_in_threadpool(writer.__enter__)
        stack.push_async_exit(lambda *error: run_in_threadpool(writer.__exit__, *error))
        async for batch in _batches(request.stream()):
            head = head or batch[:512]
            await run_in_threadpool(take, batch)
    guessed = filetype.guess_mime(head) or declared
    return SealedFile(file_id, key, hashed.digest(), writer.size, guessed)


def _refusal(parts: Parts, writer: Writer) -> tuple[str, int] | None:
    """Say why no file can be taken now: the words' key and a status; None when one can."""
    if disk_usage(parts.settings.data_dir).free < FREE_SPACE:
        return "trouble", 507
    with parts.site.store.reading() as session:
        count, size = files_held(session, writer.pseudonym(parts.site))
    return ("unknown_too_many", 413) if count >= FILES_HELD or size >= BYTES_HELD else None


def _remove_unnamed(site: Site, file_id: str) -> None:
    """Remove a file that its turn did not keep: what was sent cannot be told, or the same message
    had come before with a file of its own.
    """
    with site.store.reading() as session:
        kept = names_file(session, file_id)
    if not kept:
        site.files.remove(file_id)


async def take_file(
    request: Request, writer: Writer, kind: AttachmentKind, message_id: str | None
) -> JSONResponse:
    """Take the request's body as a file of this kind, and answer.

    Refused with words: 429 over the limit, 507 and 413 where there is no room, 413 for more than
    FILE_LIMIT. 202 while the turn is not over. Raises HTTPException 400 for an empty body.
    """
    parts = parts_of(request)
    if too_many(request, "files", writer.counted):
        return await _words(parts, writer, "slow_down", 429)
    refusal = await run_in_threadpool(_refusal, parts, writer)
    if refusal is not None:
        return await _words(parts, writer, *refusal)
    declared = request.headers.get("content-type", "application/octet-stream").split(";")[0][:100]
    try:
        file = await _seal_upload(parts, request, declared)
    except TooLarge:
        return await _words(parts, writer, "unknown_too_large", 413)
    if file.size == 0:
        await run_in_threadpool(parts.site.files.remove, file.file_id)
        raise HTTPException(400)
    attachment = Attachment(kind, upload_reference(file), file.media_type, file.size)
    answer = await _answer(_message(parts, writer, message_id, attachments=(attachment,)))
    if answer.status_code == 200:
        # The turn is over. Where it is not yet (202), the sweep looks after two days.
        await run_in_threadpool(_remove_unnamed, parts.site, file.file_id)
    return answer


@router.post("/files", max_body_size=10 * FILE_LIMIT)
async def files(
    request: Request,
    x_conversation: Annotated[ConversationId, Header()],
    kind: AttachmentKind,
    x_message: Annotated[MessageId | None, Header()] = None,
) -> JSONResponse:
    """Take a voice note, a photo or a paper: the raw bytes are the body.

    The conversation's number opens its draft, so it stands in a header: addresses are written into
    logs.
    """
    return await take_file(request, _visitor(x_conversation), kind, x_message)


@router.post("/notices")
async def notices(request: Request, polled: Polled) -> JSONResponse:
    """Tell a page, once, that a letter came; not a word of it."""
    if too_many(request, "notices", polled.conversation):
        return JSONResponse({"replies": []}, status_code=429)
    parts = parts_of(request)
    if not await run_in_threadpool(_take_news, parts, polled.conversation):
        return JSONResponse({"replies": []})
    return await _words(parts, _visitor(polled.conversation), "letter_waiting", 200)


def _take_news(parts: Parts, conversation: str) -> bool:
    """Tell whether a letter came that nobody spoke of yet; from now on somebody did."""
    pseudonym = _visitor(conversation).pseudonym(parts.site)
    with parts.site.store.reading() as session:
        letter = notice.waiting_letter(session, parts.site, pseudonym)
        if letter is None or not notice.is_waiting(session, letter.id):
            return False
    with parts.site.store.writing() as session:
        notice.mark_announced(session, letter.id)
    return True


RECORDING_KEPT = 24 * 3600
"""Seconds a browser may keep a recording: public words, and the line is poor."""


@router.get("/recordings/{recording}")
def recording(request: Request, recording: str) -> Response:
    """Give the recorded voice of an answer. Its id changes whenever its sound does."""
    parts = parts_of(request)
    with parts.site.store.reading() as session:
        sound = living.sound(session, recording)
    if sound is None:
        raise HTTPException(404)
    kept = {"Cache-Control": f"private, max-age={RECORDING_KEPT}"}
    return Response(sound.content, media_type=sound.media_type, headers=kept)

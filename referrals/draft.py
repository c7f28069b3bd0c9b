"""A draft: an intake not yet lodged. Sealed under the server key, short-lived, read back to its
author only.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, NotRequired, TypedDict
from uuid import uuid4

from sqlalchemy import UniqueConstraint, bindparam
from sqlmodel import Field, Session, SQLModel, col, select

from referrals import consent, rows
from referrals.files import FileSecret, new_file_id, on_disk
from referrals.sealing import SealedField, new_key
from referrals.site import Site
from referrals.store import UtcDateTime, after_commit
from referrals.taxonomy import ConsentCode

LIFETIME = timedelta(days=7)
"""How long a draft waits for its author, from her last word."""

ANSWERS = SealedField("draft", "sealed_answers", "server")
PART_TEXT = SealedField("draft_part", "sealed_text", "server")
PART_KEY = SealedField("draft_part", "sealed_key", "server")


class Draft(SQLModel, table=True):
    """One conversation's draft; at most one at a time."""

    __tablename__ = "draft"

    id: str = Field(default_factory=lambda: uuid4().hex, primary_key=True, max_length=32)
    conversation: str = Field(unique=True, max_length=64)
    channel: str = Field(max_length=16)
    sealed_answers: bytes
    begun: datetime = Field(sa_type=UtcDateTime)
    touched: datetime = Field(sa_type=UtcDateTime, index=True)
    reminded: datetime | None = Field(default=None, sa_type=UtcDateTime)


class DraftPart(SQLModel, table=True):
    """One told thing: a text, or a file. `update` makes a repeated delivery harmless. `size` is how
    many bytes the file takes on disk.
    """

    __tablename__ = "draft_part"
    __table_args__ = (UniqueConstraint("draft_id", "field", "update", "number"),)

    id: str = Field(default_factory=lambda: uuid4().hex, primary_key=True, max_length=32)
    draft_id: str = Field(foreign_key="draft.id", index=True, max_length=32, ondelete="CASCADE")
    field: str = Field(max_length=32)
    update: str = Field(max_length=96)
    number: int
    at: datetime = Field(sa_type=UtcDateTime)
    kind: str = Field(max_length=16)
    sealed_text: bytes | None = None
    file_id: str | None = Field(default=None, max_length=32)
    sealed_key: bytes | None = None
    media_type: str | None = Field(default=None, max_length=128)
    size: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class SealedFile:
    """A file that lies sealed on disk, with the key that opens it, and the SHA-256 and number of
    its bytes.
    """

    file_id: str
    key: bytes
    digest: bytes
    size: int
    media_type: str

    @property
    def secret(self) -> bytes:
        """What is sealed beside its row: all that is not to stand there in clear."""
        return FileSecret(self.key, self.digest, self.size).to_bytes()

    @property
    def on_disk(self) -> int:
        """How many bytes it takes, padded and sealed; its row says so in clear."""
        return on_disk(self.size)


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """One told thing, opened: a text or a file."""

    kind: str
    at: datetime
    text: str | None = None
    file: SealedFile | None = None

    @property
    def file_id(self) -> str | None:
        """The file's id, None for a text."""
        return self.file.file_id if self.file else None


_FIND = select(Draft).where(Draft.conversation == bindparam("conversation"))


def find(session: Session, conversation: str) -> Draft | None:
    """Give the conversation's draft."""
    return session.exec(_FIND, params={"conversation": conversation}).one_or_none()


def open_(session: Session, site: Site, conversation: str, channel: str) -> Draft:
    """Give the conversation's draft, beginning one when there is none."""
    draft = find(session, conversation)
    if draft is None:
        now = site.clock()
        draft = Draft(
            conversation=conversation, channel=channel, sealed_answers=b"", begun=now, touched=now
        )
        _keep(session, site, draft, {"answers": {}, "consents": []})
    return draft


class _Before(TypedDict):
    """How the answers stood when a delivery came first, by what heard it."""

    delivery: str
    answers: dict[str, dict[str, str]]


class _Held(TypedDict):
    """What `sealed_answers` holds: codes by field, and each consent as it was asked."""

    answers: dict[str, str]
    consents: list[dict[str, Any]]
    before: NotRequired[_Before]


def _held(site: Site, draft: Draft) -> _Held:
    opened = site.server_key.open_(ANSWERS, draft.id, draft.sealed_answers)
    held: _Held = json.loads(opened)
    return held


def _keep(session: Session, site: Site, draft: Draft, held: _Held) -> None:
    draft.sealed_answers = site.server_key.seal(ANSWERS, draft.id, json.dumps(held).encode())
    draft.touched = site.clock()
    session.add(draft)
    session.flush()


def answers(site: Site, draft: Draft) -> dict[str, str]:
    """Give what was answered by button or understood: codes by field."""
    return _held(site, draft)["answers"]


def answer(session: Session, site: Site, draft: Draft, field: str, value: str | None) -> None:
    """Keep one answer; None takes it away. Keeping the same again changes nothing."""
    change(session, site, draft, {field: value})


def change(session: Session, site: Site, draft: Draft, answers: Mapping[str, str | None]) -> None:
    """Keep several answers at once; None takes one away."""
    held = _held(site, draft)
    merged = {**held["answers"], **answers}
    held["answers"] = {field: value for field, value in merged.items() if value is not None}
    _keep(session, site, draft, held)


def as_before(session: Session, site: Site, draft: Draft, delivery: str, act: str) -> None:
    """Put the answers back as `act` found them when this delivery came first, so that a repeat is
    heard like the first time.

    Only the last delivery is remembered; nobody repeats an older one.
    """
    held = _held(site, draft)
    before = held.get("before")
    if before is None or before["delivery"] != delivery:
        before = {"delivery": delivery, "answers": {}}
    held["before"] = before
    held["answers"] = before["answers"].setdefault(act, held["answers"])
    _keep(session, site, draft, held)


def record_consent(
    session: Session,
    site: Site,
    draft: Draft,
    code: ConsentCode,
    *,
    granted: bool,
    version: int,
    language: str,
    words: str,
) -> None:
    """Keep what was asked and answered, as the answer that stands too; the same answer to the same
    words is kept once.
    """
    held = _held(site, draft)
    held["answers"][code] = "yes" if granted else "no"
    kept = held["consents"]
    now = site.clock()
    asked = consent.Asked(ConsentCode(code), granted, version, language, words, now)
    row = {**asdict(asked), "at": now.isoformat()}
    same = [r for r in kept if r["code"] == row["code"]][-1:]
    if not (same and {**same[0], "at": None} == {**row, "at": None}):
        kept.append(row)
    _keep(session, site, draft, held)


def consents(site: Site, draft: Draft) -> list[consent.Asked]:
    """Give every consent asked so far, oldest first."""
    return answers_and_consents(site, draft)[1]


def answers_and_consents(site: Site, draft: Draft) -> tuple[dict[str, str], list[consent.Asked]]:
    """Give what `answers` and `consents` give, opened once."""
    held = _held(site, draft)
    asked = [
        consent.Asked(
            code=ConsentCode(row["code"]),
            granted=row["granted"],
            version=row["version"],
            language=row["language"],
            words=row["words"],
            at=datetime.fromisoformat(row["at"]),
        )
        for row in held["consents"]
    ]
    return held["answers"], asked


def tell(
    session: Session,
    site: Site,
    draft: Draft,
    field: str,
    update: str,
    *,
    text: str | None = None,
    file: SealedFile | None = None,
    kind: str = "text",
    number: int = 0,
) -> bool:
    """Seal one told thing into the draft; False when this delivery was already kept.

    `number` tells the parts of one delivery apart (a caption and its photo).
    """
    known = session.exec(
        select(DraftPart.id).where(
            DraftPart.draft_id == draft.id,
            DraftPart.field == field,
            DraftPart.update == update,
            DraftPart.number == number,
        )
    ).first()
    if known is not None:
        return False
    part = DraftPart(
        draft_id=draft.id, field=field, update=update, number=number, at=site.clock(), kind=kind
    )
    if text is not None:
        part.sealed_text = site.server_key.seal(PART_TEXT, part.id, text.encode())
    if file is not None:
        part.file_id, part.media_type, part.size = file.file_id, file.media_type, file.on_disk
        part.sealed_key = site.server_key.seal(PART_KEY, part.id, file.secret)
    session.add(part)
    draft.touched = part.at
    session.add(draft)
    session.flush()
    return True


def parts(session: Session, draft: Draft, field: str | None = None) -> list[DraftPart]:
    """Give the told things in the order they came."""
    found = session.exec(_PARTS, params={"draft": draft.id})
    return [part for part in found if field in (None, part.field)]


_PARTS = (
    select(DraftPart)
    .where(DraftPart.draft_id == bindparam("draft"))
    .order_by(col(DraftPart.at), col(DraftPart.update))
)


def files_held(session: Session, conversation: str) -> tuple[int, int]:
    """Give how many files the conversation's draft holds, and their bytes on disk together."""
    held = session.exec(
        select(DraftPart.size)
        .join(Draft, col(Draft.id) == DraftPart.draft_id)
        .where(Draft.conversation == conversation, col(DraftPart.file_id).is_not(None))
    ).all()
    return len(held), sum(size or 0 for size in held)


def opened(site: Site, part: DraftPart) -> Told:
    """Open one told thing."""
    text = file = None
    if part.sealed_text is not None:
        text = site.server_key.open_(PART_TEXT, part.id, part.sealed_text).decode()
    if part.file_id is not None and part.sealed_key is not None:
        sealed = site.server_key.open_(PART_KEY, part.id, part.sealed_key)
        secret = FileSecret.from_bytes(sealed, part.size or 0)
        file = SealedFile(
            part.file_id, secret.key, secret.digest, secret.size, part.media_type or ""
        )
    return Told(part.kind, part.at, text, file)


def told(session: Session, site: Site, draft: Draft, field: str) -> list[Told]:
    """Give what was told for a field, opened, oldest first."""
    return [opened(site, part) for part in parts(session, draft, field)]


def discard(session: Session, site: Site, draft: Draft) -> None:
    """Destroy a draft with all that was told; its files go when the transaction is committed."""
    session.flush()
    connection, which = session.connection(), {"draft": draft.id}
    for file_id in connection.execute(_FILES, which).scalars():
        _remove_later(session, site, file_id)
    connection.execute(_DISCARD, which)


_PART, _DRAFT = rows.table(DraftPart), rows.table(Draft)
_FILES = (
    _PART.select()
    .with_only_columns(_PART.c.file_id)
    .where(_PART.c.draft_id == bindparam("draft"), _PART.c.file_id.is_not(None))
)
_DISCARD = _DRAFT.delete().where(_DRAFT.c.id == bindparam("draft"))


def _remove_later(session: Session, site: Site, file_id: str) -> None:
    after_commit(session, lambda: site.files.remove(file_id))


def expired(session: Session, now: datetime) -> list[Draft]:
    """Give the drafts nobody touched for LIFETIME, held, so that none of them is written to; one
    that is being written to just now is left out.
    """
    old = select(Draft).where(Draft.touched < now - LIFETIME)
    return list(session.exec(old.with_for_update(skip_locked=True)))


def seal_file(site: Site, pieces: Iterator[bytes], media_type: str) -> SealedFile:
    """Seal a file that arrives in pieces to disk, under a new key of its own."""
    file_id, key, hashed = new_file_id(), new_key(), hashlib.sha256()

    def passing() -> Iterator[bytes]:
        for piece in pieces:
            hashed.update(piece)
            yield piece

    size = site.files.seal(file_id, key, passing())
    return SealedFile(file_id, key, hashed.digest(), size, media_type)

"""Letters: what an office writes to a migrant, waiting to be read in the chat.

The channel announces a letter without a word of it (somebody else may hold the phone); the words
are shown when she asks. Until then they lie sealed under the server key; once shown they stay in
the case alone.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import uuid4

from sqlmodel import Field, Session, SQLModel, col, select

from referrals.sealing import SealedField
from referrals.site import Site
from referrals.store import UtcDateTime

LETTER_TEXT = SealedField("letter", "sealed_text", "server")


class LetterState(StrEnum):
    """Where a letter is."""

    WAITING = "waiting"
    ANNOUNCED = "announced"
    READ = "read"


class Letter(SQLModel, table=True):
    """One letter. `sealed_text` is gone once it was shown."""

    __tablename__ = "letter"

    id: str = Field(default_factory=lambda: uuid4().hex, primary_key=True, max_length=32)
    conversation: str = Field(index=True, max_length=64)
    case_id: str = Field(foreign_key="case.id", index=True, max_length=32, ondelete="CASCADE")
    state: str = Field(default=LetterState.WAITING, max_length=16)
    written_at: datetime = Field(sa_type=UtcDateTime)
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sealed_text: bytes | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """A letter with its words."""

    id: str
    case_id: str
    text: str
    written_at: datetime


def post(session: Session, site: Site, conversation: str, case_id: str, text: str) -> str:
    """Leave a letter for a conversation; gives its id."""
    letter = Letter(conversation=conversation, case_id=case_id, written_at=site.clock())
    letter.sealed_text = site.server_key.seal(LETTER_TEXT, letter.id, text.encode())
    session.add(letter)
    session.flush()
    return letter.id


def waiting_letter(session: Session, site: Site, conversation: str) -> Opened | None:
    """Give the oldest letter that was not shown yet."""
    letter = session.exec(
        select(Letter)
        .where(Letter.conversation == conversation, Letter.state != LetterState.READ)
        .order_by(col(Letter.written_at))
        .limit(1)
    ).first()
    if letter is None or letter.sealed_text is None:
        return None
    text = site.server_key.open_(LETTER_TEXT, letter.id, letter.sealed_text).decode()
    return Opened(letter.id, letter.case_id, text, letter.written_at)


def unannounced(session: Session) -> list[Letter]:
    """Give the letters whose announcement has not left yet."""
    return list(session.exec(select(Letter).where(Letter.state == LetterState.WAITING)))


def mark_announced(session: Session, letter_id: str) -> None:
    """Note that the channel was told."""
    letter = session.get(Letter, letter_id)
    if letter is not None and letter.state == LetterState.WAITING:
        letter.state = LetterState.ANNOUNCED
        session.add(letter)


def mark_read(session: Session, letter_id: str, now: datetime) -> None:
    """Note that it was shown, and forget the copy that the server could read."""
    letter = session.get(Letter, letter_id)
    if letter is not None and letter.state != LetterState.READ:
        letter.state, letter.read_at, letter.sealed_text = LetterState.READ, now, None
        session.add(letter)


def is_waiting(session: Session, letter_id: str) -> bool:
    """Say whether the letter was neither announced nor shown yet."""
    letter = session.get(Letter, letter_id)
    return letter is not None and letter.state == LetterState.WAITING


def letter(session: Session, letter_id: str) -> Letter | None:
    """Give a letter by its id."""
    return session.get(Letter, letter_id)

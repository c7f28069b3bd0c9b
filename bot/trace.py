"""What stands in a chat, so that it can be cleared from her phone: the platform's message numbers.

Telegram lets a bot delete, in a private chat, its own messages and the other side's for 48 hours
(Bot API, deleteMessages). Messenger and the web have nothing to delete.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Field, Session, SQLModel, col, delete, select

from bot.conversation import Conversation
from referrals.store import UtcDateTime

DELETABLE_FOR = timedelta(hours=48)

UNKNOWN = "?"
"""Stands for a bubble that may be in the chat, and whose number nobody knows."""


class Trace(SQLModel, table=True):
    """One bubble in a chat, by the platform's number; not a word of it."""

    __tablename__ = "trace"

    conversation: str = Field(primary_key=True, max_length=64)
    mark: str = Field(primary_key=True, max_length=32)
    at: datetime = Field(sa_type=UtcDateTime, index=True)


def note(session: Session, conversation: str, marks: Sequence[str], at: datetime) -> None:
    """Remember what stands in the chat since `at`. The same again changes nothing."""
    for mark in marks:
        session.merge(Trace(conversation=conversation, mark=mark, at=at))


def marks(session: Session, conversation: str) -> list[str]:
    """Give what stands in the chat, the newest first: should the platform stop us half way, the
    newest is gone.
    """
    query = select(Trace.mark).where(Trace.conversation == conversation)
    return list(session.exec(query.order_by(col(Trace.at).desc(), col(Trace.mark).desc())))


def is_whole(session: Session, conversation: str, now: datetime) -> bool:
    """Say whether everything that stands in the chat is young enough to be deleted."""
    row = session.get(Conversation, conversation)
    if row is None:
        return False
    return now - max(row.begun, row.cleared or row.begun) < DELETABLE_FOR


def forget(
    session: Session, conversation: str, marks_: Sequence[str], now: datetime, *, whole: bool
) -> None:
    """Forget what was deleted; with `whole`, remember that nothing is left from before `now`."""
    session.exec(
        delete(Trace).where(
            col(Trace.conversation) == conversation, col(Trace.mark).in_(list(marks_))
        )
    )
    row = session.get(Conversation, conversation)
    if whole and row is not None:
        row.cleared = now
        session.add(row)


def sweep(session: Session, now: datetime) -> None:
    """Forget what nobody can delete any more."""
    session.exec(delete(Trace).where(col(Trace.at) < now - DELETABLE_FOR))

"""Lodging for a visitor: a counsellor goes through the same journey with her, in its own chat."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Field, Session, SQLModel, col

from referrals.store import UtcDateTime

LIFETIME = timedelta(days=1)
"""How long it is remembered who helps in a conversation."""


class AnotherHelper(Exception):
    """Somebody else helps in this conversation already."""


class Assisted(SQLModel, table=True):
    """One conversation in which a member helps a visitor; it is forgotten after a day."""

    __tablename__ = "assisted"

    conversation: str = Field(primary_key=True, max_length=64)
    member_id: str = Field(foreign_key="member.id", max_length=32, index=True)
    begun: datetime = Field(sa_type=UtcDateTime, index=True)


def begin(session: Session, conversation: str, member_id: str, now: datetime) -> None:
    """Note who helps in a conversation; the same again changes nothing. Raises AnotherHelper.

    `conversation` is the pseudonym, not the number that the page knows.
    """
    known = session.get(Assisted, conversation)
    if known is None:
        session.add(Assisted(conversation=conversation, member_id=member_id, begun=now))
        session.flush()
    elif known.member_id != member_id:
        raise AnotherHelper("a conversation has one helper")


def helper_of(session: Session, conversation: str) -> str | None:
    """Give the id of the member who helps in this conversation; None when she writes herself."""
    known = session.get(Assisted, conversation)
    return None if known is None else known.member_id


def end(session: Session, conversation: str) -> None:
    """Forget a conversation: the visitor has gone."""
    session.exec(delete(Assisted).where(col(Assisted.conversation) == conversation))


def sweep(session: Session, now: datetime) -> None:
    """Forget conversations begun more than LIFETIME ago."""
    session.exec(delete(Assisted).where(col(Assisted.begun) <= now - LIFETIME))

"""What is remembered of a conversation between two turns: its language, and what the dialogue waits
for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Field, Session, SQLModel

from bot.message import Language
from referrals.store import UtcDateTime


class Conversation(SQLModel, table=True):
    """One conversation, by its pseudonym. Holds codes only.

    `country` is the one she asked about last. `low_data`: no recorded voice by itself. Before
    `cleared` nothing of the chat is left on the phone. `about_case` is the code of the
    case that a button, or she, named last; `typed` is the last delivery that brought a code or a
    secret, and what came of it. `child_at` and `hidden_at`: a child was said to be in danger; she
    hid the chat.
    """

    __tablename__ = "conversation"

    conversation: str = Field(primary_key=True, max_length=64)
    language: str = Field(default=Language.KM, max_length=2)
    awaiting: str | None = Field(default=None, max_length=32)
    begun: datetime = Field(sa_type=UtcDateTime)
    danger_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    country: str | None = Field(default=None, max_length=8)
    low_data: bool = False
    cleared: datetime | None = Field(default=None, sa_type=UtcDateTime)
    about_case: str | None = Field(default=None, max_length=9)
    typed: str | None = Field(default=None, max_length=128)
    child_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    hidden_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


@dataclass(frozen=True, slots=True)
class State:
    """`awaiting` is the slot that the dialogue asked for last, None when it asked for nothing."""

    language: Language = Language.KM
    awaiting: str | None = None
    country: str | None = None
    low_data: bool = False
    about_case: str | None = None


def state(session: Session, conversation: str) -> State:
    """Give what is remembered; an unknown conversation is Khmer and waits for nothing."""
    row = session.get(Conversation, conversation)
    if row is None:
        return State()
    return State(Language(row.language), row.awaiting, row.country, row.low_data, row.about_case)


def begin(session: Session, conversation: str, now: datetime) -> State:
    """Remember a conversation from its first message on."""
    if session.get(Conversation, conversation) is None:
        session.add(Conversation(conversation=conversation, begun=now))
        session.flush()
    return state(session, conversation)


def set_language(session: Session, conversation: str, language: Language) -> None:
    """Speak this language from now on. Raises sqlalchemy.exc.NoResultFound for an unknown
    conversation.
    """
    row = session.get_one(Conversation, conversation)
    row.language = language
    session.add(row)


def set_awaiting(session: Session, conversation: str, awaiting: str | None) -> None:
    """Remember what the dialogue asked for. Raises sqlalchemy.exc.NoResultFound."""
    row = session.get_one(Conversation, conversation)
    row.awaiting = awaiting
    session.add(row)


def set_country(session: Session, conversation: str, country: str) -> None:
    """Remember the country she asks about. Raises sqlalchemy.exc.NoResultFound."""
    row = session.get_one(Conversation, conversation)
    row.country = country
    session.add(row)


def set_low_data(session: Session, conversation: str, low: bool) -> None:
    """Send no recorded voice by itself any more, or again. Raises
    sqlalchemy.exc.NoResultFound.
    """
    row = session.get_one(Conversation, conversation)
    row.low_data = low
    session.add(row)


def set_about(session: Session, conversation: str, code: str | None) -> None:
    """Remember which case is meant from now on: the one to add to, to set a secret for, to get
    back. Raises sqlalchemy.exc.NoResultFound.
    """
    row = session.get_one(Conversation, conversation)
    row.about_case = code
    session.add(row)


def came_of(session: Session, conversation: str, delivery: str) -> str | None:
    """Give what came of this delivery's code or secret, when it was read before."""
    row = session.get_one(Conversation, conversation)
    known, _, result = (row.typed or "").rpartition(" ")
    return result if known == delivery else None


def note_typed(session: Session, conversation: str, delivery: str, result: str) -> None:
    """Remember what came of a delivery: a repeat of it is no second try."""
    row = session.get_one(Conversation, conversation)
    row.typed = f"{delivery} {result}"
    session.add(row)


DANGER_LASTS = timedelta(days=1)
"""For how long words of danger make a complaint from the same conversation urgent."""


def note_danger(session: Session, conversation: str, now: datetime) -> None:
    """Remember that words of danger were said. Raises sqlalchemy.exc.NoResultFound."""
    row = session.get_one(Conversation, conversation)
    row.danger_at = now
    session.add(row)


def note_child(session: Session, conversation: str, now: datetime) -> None:
    """Remember that a child was said to be in danger. Raises sqlalchemy.exc.NoResultFound."""
    row = session.get_one(Conversation, conversation)
    row.child_at = now
    session.add(row)


def child_in_danger(session: Session, conversation: str, now: datetime) -> bool:
    """Say whether a child was said to be in danger lately."""
    row = session.get(Conversation, conversation)
    return row is not None and row.child_at is not None and now - row.child_at < DANGER_LASTS


def note_hidden(session: Session, conversation: str, now: datetime) -> None:
    """Remember that she hid the chat: no notice until she writes. Raises
    sqlalchemy.exc.NoResultFound.
    """
    row = session.get_one(Conversation, conversation)
    row.hidden_at = now
    session.add(row)


def is_hidden(session: Session, conversation: str, last_heard: datetime) -> bool:
    """Say whether she hid the chat and has not written since."""
    row = session.get(Conversation, conversation)
    return row is not None and row.hidden_at is not None and row.hidden_at >= last_heard


def in_danger(session: Session, conversation: str, now: datetime) -> bool:
    """Say whether words of danger were said lately."""
    row = session.get(Conversation, conversation)
    return row is not None and row.danger_at is not None and now - row.danger_at < DANGER_LASTS

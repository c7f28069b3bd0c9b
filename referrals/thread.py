"""What is said after lodging: letters of the office, and what the migrant adds.

An office's entry is sealed under the case key. What the migrant adds is sealed to the case's public
key, since the bot no longer has the case key.
"""

from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select

from referrals import keys
from referrals.case import Case, CaseFile, Wrap
from referrals.draft import SealedFile
from referrals.sealing import SealedField
from referrals.site import Site
from referrals.store import UtcDateTime
from referrals.taxonomy import Status

ENTRY = SealedField("entry", "sealed", "case")


class Entry(SQLModel, table=True):
    """One thing said. `author_id` is the member's, None for the migrant."""

    __tablename__ = "entry"
    __table_args__ = (UniqueConstraint("case_id", "update", "number"),)

    id: str = Field(default_factory=lambda: uuid4().hex, primary_key=True, max_length=32)
    case_id: str = Field(foreign_key="case.id", index=True, max_length=32, ondelete="CASCADE")
    update: str | None = Field(default=None, max_length=96)
    number: int = 0
    at: datetime = Field(sa_type=UtcDateTime)
    author_id: str | None = Field(default=None, foreign_key="member.id", max_length=32)
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sealed: bytes


def newest_open_case(session: Session, conversation: str) -> Case | None:
    """Give the case that an addition goes to: the newest complaint, else a call that was asked
    for.
    """
    return session.exec(
        select(Case)
        .where(
            Case.conversation == conversation,
            Case.status != Status.CLOSED,
            col(Case.id).in_(select(Wrap.case_id)),
        )
        .order_by(col(Case.callback), col(Case.lodged_at).desc())
        .limit(1)
    ).first()


SAYS_WHY = timedelta(days=30)
"""For how long after its end something can still be added to a case that she names."""


def addressed(session: Session, site: Site, conversation: str, code: str | None) -> Case | None:
    """Give the case that an addition goes to: the one she named, while it is hers and can still
    take something; when she named none, the newest open one.

    A case that no office can open takes nothing: what is added would be read by nobody.
    """
    if code is None:
        return newest_open_case(session, conversation)
    hers = select(Case).where(
        Case.conversation == conversation,
        Case.code == code,
        col(Case.id).in_(select(Wrap.case_id)),
    )
    named = session.exec(hers).one_or_none()
    if named is None:
        return None
    ended = named.closed_at or site.clock()
    late = named.status == Status.CLOSED and site.clock() - ended >= SAYS_WHY
    return None if late else named


def add(
    session: Session,
    site: Site,
    case: Case,
    update: str,
    *,
    number: int = 0,
    text: str | None = None,
    file: SealedFile | None = None,
    kind: str = "text",
) -> bool:
    """Seal something the migrant adds; False when this delivery was already kept."""
    table = CaseFile if file is not None else Entry
    known = session.exec(
        select(table.id).where(
            table.case_id == case.id, table.update == update, table.number == number
        )
    ).first()
    if known is not None:
        return False
    if file is not None:
        purpose = keys.addition_purpose(case.id, file.file_id)
        session.add(
            CaseFile(
                id=file.file_id,
                case_id=case.id,
                update=update,
                number=number,
                name="addition",
                kind=kind,
                media_type=file.media_type,
                size=file.on_disk,
                at=site.clock(),
                added_later=True,
                sealed_key=keys.seal_to(case.public_key, file.secret, purpose),
            )
        )
    else:
        entry = Entry(case_id=case.id, update=update, number=number, at=site.clock(), sealed=b"")
        purpose = keys.addition_purpose(case.id, entry.id)
        entry.sealed = keys.seal_to(case.public_key, (text or "").encode(), purpose)
        session.add(entry)
    session.flush()
    return True

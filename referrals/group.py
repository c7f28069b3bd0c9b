"""A group: one incident told by several people, each with her own case, consents and outcome.

Whoever knows the group's code can join it. She learns the topic and the country, and nothing of
what others told; nobody learns who else is in it.
"""

from datetime import datetime
from uuid import uuid4

from sqlmodel import Field, Session, SQLModel, func, select

from referrals.code import new_group_code
from referrals.site import Site
from referrals.store import UtcDateTime
from referrals.taxonomy import Category, Country


class CaseGroup(SQLModel, table=True):
    """One incident. Columns in clear hold codes and times only."""

    __tablename__ = "case_group"

    id: str = Field(default_factory=lambda: uuid4().hex, primary_key=True, max_length=32)
    code: str = Field(unique=True, max_length=8)
    category: str = Field(max_length=32)
    country: str = Field(max_length=8)
    begun: datetime = Field(sa_type=UtcDateTime)


def begin(session: Session, site: Site, category: Category, country: Country) -> CaseGroup:
    """Begin a group under a code that is free. Raises ValueError for a code of no topic or
    country.
    """
    group = CaseGroup(
        code=_free_code(session),
        category=Category(category),
        country=Country(country),
        begun=site.clock(),
    )
    session.add(group)
    session.flush()
    return group


def by_code(session: Session, code: str) -> CaseGroup | None:
    """Give the group with this code (eight digits, as `code.read_group` gives it)."""
    return session.exec(select(CaseGroup).where(CaseGroup.code == code)).one_or_none()


def size(session: Session, group_id: str) -> int:
    """Say how many lodged cases belong to the group; erased ones do not count."""
    from referrals.case import Case  # which imports this module

    return session.exec(
        select(func.count()).select_from(Case).where(Case.group_id == group_id)
    ).one()


def _free_code(session: Session) -> str:
    while True:
        drawn = new_group_code()
        if by_code(session, drawn) is None:
            return drawn

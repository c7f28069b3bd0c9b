"""Counting: what she agreed to have counted, in a row that leads back to nobody.

A row names neither case nor conversation and gives the month only, so that it cannot be taken back;
the words that ask for it say so.
"""

from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlmodel import Field, Session, SQLModel, col

from referrals import consent
from referrals.case import Case
from referrals.site import Site
from referrals.taxonomy import ConsentCode

ZONE = ZoneInfo("Asia/Phnom_Penh")
PAPERS = frozenset({"valid", "expired", "none", "unsaid"})
"""What somebody's papers are, as far as she said."""


class Statistic(SQLModel, table=True):
    """One complaint, counted. `month` is YYYY-MM in Cambodia; `papers` is valid, expired, none or
    unsaid.
    """

    __tablename__ = "statistic"
    # Rows lie by their random id, not in the order in which they came.
    __table_args__ = {"sqlite_with_rowid": False}

    id: str = Field(default_factory=lambda: uuid4().hex, primary_key=True, max_length=32)
    month: str = Field(max_length=7)
    category: str = Field(max_length=32)
    country: str = Field(max_length=8)
    complainant: str = Field(max_length=16)
    papers: str = Field(max_length=16)


def count(session: Session, site: Site, case: Case, papers: str) -> bool:
    """Count a complaint, once, if her last answer to `statistics` is yes; says whether it did.

    It counts in the month it is counted in, Cambodian time: put back into the month of lodging, a
    late row would show whose it is. Raises ValueError when `papers` is none of PAPERS.
    """
    if papers not in PAPERS:
        raise ValueError("papers are valid, expired, none or unsaid")
    if not consent.latest(session, case.id, ConsentCode.STATISTICS):
        return False
    # One statement decides, so that two at once count one.
    first = session.exec(
        update(Case)
        .where(col(Case.id) == case.id, col(Case.counted).is_(False))
        .values(counted=True)
    )
    if first.rowcount != 1:
        return False
    session.add(
        Statistic(
            month=site.clock().astimezone(ZONE).strftime("%Y-%m"),
            category=case.category,
            country=case.country,
            complainant=case.complainant,
            papers=papers,
        )
    )
    session.flush()
    return True

"""Counting: what she agreed to have counted, in a row that leads back to nobody.

A row names neither case nor conversation and gives the month only, so that it cannot be taken back;
the words that ask for it say so.

What is published of it names nobody: months that are over, by topic and country; a number under
FEWEST is not told, not even whether it is none; and no sum is told from which it could be reckoned.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlmodel import Field, Session, SQLModel, col, func, select

from referrals import consent
from referrals.case import Case
from referrals.site import Site
from referrals.taxonomy import Category, ConsentCode, Country

ZONE = ZoneInfo("Asia/Phnom_Penh")
PAPERS = frozenset({"valid", "expired", "none", "unsaid"})
"""What somebody's papers are, as far as she said."""

FEWEST = 5
"""The smallest number that is published. Our working rule; statistical offices use 3 to 10."""

MONTHS = 24
"""How many months are published, the newest first."""

Cell = tuple[str, str]
"""A topic and a country."""

CELLS: tuple[Cell, ...] = tuple((topic, country) for topic in Category for country in Country)
"""What can be counted, whether it ever was or not."""


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


# ---- publishing


@dataclass(frozen=True, slots=True)
class Month:
    """One month as it is published (YYYY-MM, Cambodian). `cells` are the numbers of FEWEST or more;
    every cell that is missing has fewer, or none. `others` is the sum of those, None when it would
    tell more than a sum.
    """

    month: str
    cells: Mapping[Cell, int]
    others: int | None


def published(session: Session, now: datetime) -> list[Month]:
    """Give the last MONTHS months that are over, newest first.

    A row counts in the month in which it is written, so a month that is over never changes: nobody
    sees a number grow by one on the day on which somebody told her story.
    """
    months = list(_months_before(now))
    rows = session.exec(
        select(Statistic.month, Statistic.category, Statistic.country, func.count())
        .where(col(Statistic.month).in_(months))
        .group_by(Statistic.month, Statistic.category, Statistic.country)
    ).all()
    counted: dict[str, dict[Cell, int]] = {month: {} for month in months}
    for month, category, country, count in rows:
        cell = _cell(category, country)
        counted[month][cell] = counted[month].get(cell, 0) + count
    return [publish(month, counted[month], CELLS) for month in months]


def publish(month: str, counted: Mapping[Cell, int], cells: Iterable[Cell]) -> Month:
    """Leave out of one month what could show somebody.

    All that is told besides the cells is one sum of the k hidden ones. It is told only when it is
    at least FEWEST, and when each hidden cell could still be anything from none to FEWEST - 1: the
    others must be able to make up the whole sum, so it is at most (FEWEST - 1) * (k - 1). (Sums by
    topic or by country besides would let hidden cells be reckoned from one another.)
    """
    told, hidden = {}, []
    for cell in cells:
        count = counted.get(cell, 0)
        if count >= FEWEST:
            told[cell] = count
        else:
            hidden.append(count)
    together = sum(hidden)
    safe = FEWEST <= together <= (FEWEST - 1) * (len(hidden) - 1)
    return Month(month, told, together if safe else None)


def _cell(category: str, country: str) -> Cell:
    """Give the cell of a row; a code that is no longer known counts as other."""
    return (
        category if category in set(Category) else Category.OTHER.value,
        country if country in set(Country) else Country.OTHER.value,
    )


def _months_before(now: datetime) -> Iterable[str]:
    here = now.astimezone(ZONE)
    last = here.year * 12 + here.month - 1
    for number in range(last - 1, last - 1 - MONTHS, -1):
        yield f"{number // 12:04d}-{number % 12 + 1:02d}"

"""Turning the server's key: everything sealed under an older one is sealed anew.

Three steps, each of which can be repeated: a new key becomes the first (serverkey.turn), every
sealed column follows (`reseal`), and once nothing needs the older keys they are dropped
(`drop_older`). What follows from the root (pseudonyms, the queue's and the dialogue's own seals)
does not turn, see serverkey.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import inspect
from sqlmodel import SQLModel, col, func, select, update

from referrals import audit, serverkey
from referrals.contact import ADDRESS, Contact
from referrals.draft import ANSWERS, PART_KEY, PART_TEXT, Draft, DraftPart
from referrals.duty import DUTY_ADDRESS, DutyPhone
from referrals.notice import LETTER_TEXT, Letter
from referrals.sealing import CannotOpen, SealedField
from referrals.site import Site

BATCH = 200
"""Rows that are sealed anew in one transaction."""

SETTLED = timedelta(minutes=15)
"""Older keys stay at least this long after a turn: by then whatever sealed with one of them, and
was not written yet, is written.
"""


class StillNeeded(Exception):
    """The older keys are needed, or may be: says by which tables, and what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """A column that is sealed under the server's key, and bound to its row's only primary key."""

    field: SealedField
    model: type[SQLModel]

    def __str__(self) -> str:
        return f"{self.field.table}.{self.field.column}"

    @property
    def column(self) -> Any:
        """The sealed column."""
        return getattr(self.model, self.field.column)

    @property
    def row(self) -> Any:
        """The column that names the row."""
        (key,) = inspect(self.model).primary_key
        return getattr(self.model, key.name)


PLACES = (
    Place(ANSWERS, Draft),
    Place(PART_TEXT, DraftPart),
    Place(PART_KEY, DraftPart),
    Place(LETTER_TEXT, Letter),
    Place(ADDRESS, Contact),
    Place(DUTY_ADDRESS, DutyPhone),
)
"""Those of this package. Whoever calls adds those of the others."""


@dataclass(frozen=True, slots=True)
class State:
    """How many values of a place there are, how many of them the newest key does not open, and how
    many no key opens at all.
    """

    of: int
    older: int
    lost: int


def reseal(site: Site, place: Place) -> State:
    """Seal every value of a place under the newest key, BATCH rows at a time; gives what was found.

    A value that changed meanwhile is left: whoever changed it sealed it under the newest key. One
    that no key opens is left, too, and counted as lost.
    """
    of = older = lost = 0
    after = ""
    while True:
        with site.store.writing() as session:
            rows = session.exec(
                select(place.row, place.column)
                .where(place.row > after, col(place.column).is_not(None))
                .order_by(place.row)
                .limit(BATCH)
            ).all()
            for row, sealed in rows:
                if not sealed or site.server_key.is_newest(place.field, row, sealed):
                    of += bool(sealed)
                    continue
                of, older = of + 1, older + 1
                try:
                    plain = site.server_key.open_(place.field, row, sealed)
                except CannotOpen:
                    lost += 1
                    continue
                session.exec(
                    update(place.model)
                    .where(place.row == row, place.column == sealed)
                    .values({place.column: site.server_key.seal(place.field, row, plain)})
                )
        if len(rows) < BATCH:
            return State(of, older, lost)
        after = rows[-1][0]


def state_of(site: Site, place: Place) -> State:
    """Look at every value of a place, and change nothing."""
    of = older = lost = 0
    after = ""
    while True:
        with site.store.reading() as session:
            rows = session.exec(
                select(place.row, place.column)
                .where(place.row > after, func.length(place.column) > 0)
                .order_by(place.row)
                .limit(BATCH)
            ).all()
        for row, sealed in rows:
            of += 1
            if not site.server_key.is_newest(place.field, row, sealed):
                older += 1
                lost += not _opens(site, place, row, sealed)
        if len(rows) < BATCH:
            return State(of, older, lost)
        after = rows[-1][0]


def _opens(site: Site, place: Place, row: str, sealed: bytes) -> bool:
    try:
        site.server_key.open_(place.field, row, sealed)
    except CannotOpen:
        return False
    return True


def turn(site: Site, path: Path, now: datetime) -> int:
    """Put a new first key into the key file; gives how many it holds now. Raises
    serverkey.ServerKeyProblem.
    """
    held = len(serverkey.turn(path, now).keys)
    audit.record(site, audit.Act.SERVER_KEY_TURNED, subject=f"{held} keys")
    return held


def drop_older(site: Site, path: Path, places: Sequence[Place], now: datetime) -> int:
    """Take the older keys out of the key file when nothing needs them; gives how many.

    What no key opens needs none. Raises StillNeeded, serverkey.ServerKeyProblem.
    """
    turned = serverkey.load_or_make(path).turned
    if turned is not None and now - turned < SETTLED:
        minutes = int(SETTLED.total_seconds() // 60)
        raise StillNeeded(f"the key was turned just now: wait until {minutes} minutes have passed")
    needed = {place: state_of(site, place) for place in places}
    still = [
        f"{place} ({found.older - found.lost})"
        for place, found in needed.items()
        if found.older > found.lost
    ]
    if still:
        raise StillNeeded(f"still sealed under an older key: {', '.join(still)}: run keys reseal")
    audit.record(site, audit.Act.SERVER_KEY_DROPPED)
    return serverkey.drop(path)

"""What the page of who read what is given: frozen values, already in the reader's language."""

from dataclasses import dataclass
from datetime import date, datetime

from api.pages.views import Label


@dataclass(frozen=True, slots=True)
class UnusualLine:
    """One unusual thing: whose, when, and why in plain words. `case` is a code, or empty."""

    member: str
    day: date
    reason: str
    case: str = ""


@dataclass(frozen=True, slots=True)
class TallyLine:
    """What one member did on one day, counted."""

    member: str
    opened: int
    files: int
    searches: int
    exports: int
    refused: int


@dataclass(frozen=True, slots=True)
class TallyDay:
    """One day (Cambodian), and who did what on it."""

    day: date
    lines: tuple[TallyLine, ...]


@dataclass(frozen=True, slots=True)
class ActLine:
    """One act. `case` is a code, `note` says instead why no code stands there; both may be
    empty.
    """

    at: datetime
    member: str
    act: str
    case: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReadingView:
    """The page. `member` and `case` are what is filtered by, or empty; `newer` and `older` are the
    addresses of the pages beside this one, or empty.
    """

    unusual: tuple[UnusualLine, ...]
    days: tuple[TallyDay, ...]
    acts: tuple[ActLine, ...]
    members: tuple[Label, ...]
    member: str = ""
    case: str = ""
    newer: str = ""
    older: str = ""
    problem: str = ""

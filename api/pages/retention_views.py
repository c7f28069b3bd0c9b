"""What the page of kept and erased cases is given: frozen values, in the reader's language."""

from dataclasses import dataclass
from datetime import datetime

from api.pages.views import Label


@dataclass(frozen=True, slots=True)
class EndingLine:
    """A case that will be erased. Times are UTC."""

    code: str
    category: Label
    outcome: str
    closed_at: datetime
    erased_from: datetime


@dataclass(frozen=True, slots=True)
class CertificateLine:
    """One erased case of the office; `mark` is how its certificate begins. `genuine`: its signature
    fits.
    """

    mark: str
    reason: str
    closed_at: datetime | None
    erased_at: datetime
    fields: int
    files: int
    genuine: bool


@dataclass(frozen=True, slots=True)
class RetentionView:
    """The page. `kept` is for how many months, by outcome; `asked` is the code that was looked for,
    empty when none was, and `found` what is certified of it.
    """

    ending: tuple[EndingLine, ...]
    certificates: tuple[CertificateLine, ...]
    kept: tuple[tuple[str, int], ...]
    backup_days: int
    reasons: tuple[Label, ...] = ()
    months: tuple[int, ...] = ()
    asked: str = ""
    found: tuple[CertificateLine, ...] = ()
    note: str = ""
    problem: str = ""

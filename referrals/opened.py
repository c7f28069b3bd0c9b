"""What a member sees of cases: lines of lists, and a case once it is opened. Plain values, drawn
without a database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from referrals.taxonomy import Category, Status, Urgency


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One line of the list: codes only, nothing that needs a key."""

    code: str
    category: Category
    country: str
    province: str | None
    urgency: Urgency
    age: timedelta
    status: Status
    handler: str | None
    handler_id: str | None
    mine: bool
    unread: int
    minor: bool
    callback: bool


@dataclass(frozen=True, slots=True)
class WithdrawnRow:
    """A case that the migrant took back from an office: its code, and when (UTC, if known)."""

    code: str
    at: datetime | None


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """What was told in words, as field and text, and chosen on buttons, as codes by detail."""

    fields: tuple[tuple[str, str], ...]
    choices: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, repr=False)
class Original:
    """A file as it arrived: its bytes, and their SHA-256 (64 hex digits; empty when it was not
    taken then).
    """

    size: int
    sha256: str


@dataclass(frozen=True, slots=True, repr=False)
class FileRow:
    """A file of the case. `name` is the field it was told for; `at` when it arrived (UTC);
    `size` and `sha256` are those of the original.
    """

    id: str
    name: str
    kind: str
    media_type: str
    size: int
    at: datetime
    added_later: bool
    sha256: str


@dataclass(frozen=True, slots=True, repr=False)
class ThreadRow:
    """One thing said after lodging. `author` is the member's name, None for the migrant."""

    at: datetime
    author: str | None
    text: str


@dataclass(frozen=True, slots=True)
class ReaderRow:
    """Somebody who opened the case, or (`copied`) made a copy of it for a lawyer or a court."""

    at: datetime
    name: str
    organisation_km: str
    organisation_en: str
    copied: bool = False


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """The last answer to one question of consent; a code newer than this program stays as it is.

    `withdrawn`: it is a no, and there was a yes before.
    """

    code: str
    granted: bool
    withdrawn: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class OfficeRow:
    """An office that was offered the case, and why. `withdrawn`: the migrant took it back."""

    name_km: str
    name_en: str
    reasons: tuple[str, ...]
    offered_at: datetime
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A member of the reader's office."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One incident told by several people: its code, and the other cases of it that the reader's
    office can open. How many there are besides, nobody is told.
    """

    code: str
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EndingRow:
    """How the case ended: `closed_by` is "migrant" or "office"; `satisfied` (yes, partly, no) and
    `money` (all, part, none) are her own answers. What is not known is None.
    """

    closed_at: datetime | None
    closed_by: str | None
    satisfied: str | None
    money: str | None


@dataclass(frozen=True, slots=True, repr=False)
class OpenCase:
    """A case, opened for one reader.

    `fields` are told texts, each with its field (intake.Detail, or "story"), oldest first.
    `choices` are codes by detail, besides "sector" and "destination_province". `assisted_by` is the
    name of the member who lodged it together with the person, empty when that member is gone.
    `named` are those of the reader's office who may open it when it is restricted.
    """

    row: CaseRow
    complainant: str
    confidentiality: str
    language: str
    channel: str
    danger: bool
    lodged_at: datetime
    fields: tuple[tuple[str, str], ...]
    choices: Mapping[str, tuple[str, ...]]
    files: tuple[FileRow, ...]
    thread: tuple[ThreadRow, ...]
    readers: tuple[ReaderRow, ...]
    named: tuple[PersonRow, ...]
    consents: tuple[ConsentRow, ...]
    offices: tuple[OfficeRow, ...]
    group: GroupRow | None
    assisted_by: str | None
    ending: EndingRow
    may_write: bool

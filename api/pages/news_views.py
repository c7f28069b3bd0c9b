"""What the pages of news are given: frozen values, already put in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from api.pages.editing_views import Bubble, Complaint
from api.pages.views import Label


@dataclass(frozen=True, slots=True)
class Count:
    """How many people, by a state of delivery or by a channel. `more` explains a state."""

    of: Label
    number: int
    more: str = ""


@dataclass(frozen=True, slots=True)
class AlertLine:
    """One piece of news in the list. `at` is when it was let go, or written."""

    path: str
    country: Label
    text: str
    state: Label
    at: datetime
    who: str
    counts: tuple[Count, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertsView:
    """The list, the newest first."""

    lines: tuple[AlertLine, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class WriteView:
    """The form, for new news or for a draft. `path` is where it is sent, `back` where not to send
    it leads. `typed` tells that this is what was refused. `over` names the words it is written
    over; `stands` shows those that somebody else wrote meanwhile.
    """

    path: str
    back: str
    form: Mapping[str, str]
    countries: tuple[Label, ...]
    limits: Mapping[str, int]
    complaints: Mapping[str, tuple[Complaint, ...]] = field(default_factory=dict)
    problem: str = ""
    typed: bool = False
    over: str = ""
    stands: tuple["Phone", ...] = ()


@dataclass(frozen=True, slots=True)
class Phone:
    """One chat of the preview."""

    language: Label
    bubbles: tuple[Bubble, ...]


@dataclass(frozen=True, slots=True)
class AudienceView:
    """Whom a draft would go to at this moment: the numbers in all, and by channel."""

    count: int
    now: int
    later: int
    now_by: tuple[Count, ...] = ()
    later_by: tuple[Count, ...] = ()


@dataclass(frozen=True, slots=True)
class ProgressView:
    """How far it is: `handled` of `total` people. `wakes` is when the quiet hours are over that it
    waits for; None when it waits for none. `may_stop` is whether anybody may still see it.
    """

    total: int
    handled: int
    counts: tuple[Count, ...]
    wakes: datetime | None = None
    may_stop: bool = False


@dataclass(frozen=True, slots=True)
class AlertView:
    """One piece of news: a draft has an audience, one that was sent has progress.

    `asking` is whether this is the second question before it is sent. `asleep` is until when it
    would wait if it were sent now. `over` names the words that are sent. `saved` is the form whose
    typed words need no keeping any more.
    """

    path: str
    country: Label
    state: Label
    who: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    as_of: date
    phones: tuple[Phone, ...]
    audience: AudienceView | None = None
    progress: ProgressView | None = None
    asking: bool = False
    asleep: datetime | None = None
    problem: str = ""
    over: str = ""
    saved: str = ""

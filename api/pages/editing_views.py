"""What the editors' pages are given: frozen values, already put in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from api.pages.views import Label


@dataclass(frozen=True, slots=True)
class Voice:
    """The recorded voice of an answer in one language. `address` is empty when there is none;
    `size` is in bytes. A stale one is sent no more.
    """

    language: Label
    address: str = ""
    stale: bool = False
    size: int = 0
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """One answer in the list. `as_of` is said in words; `helpers` is all, some or none: how many
    of those who can be asked are shown at present.
    """

    path: str
    title: Label
    country: Label
    as_of: str
    age: timedelta
    review_by: date
    old: bool
    changed: bool
    voices: tuple[Voice, ...]
    helpers: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the journey and its answers."""

    name: str
    lines: tuple[AnswerLine, ...]


@dataclass(frozen=True, slots=True)
class AnswersView:
    """The list: what is to be looked at first, then all. `country` is a code or empty: all."""

    overdue: tuple[AnswerLine, ...]
    stale: tuple[AnswerLine, ...]
    helpless: tuple[AnswerLine, ...]
    parts: tuple[Part, ...]
    countries: tuple[Label, ...]
    country: str = ""
    note: str = ""
    taken_over: int = 0


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong: the rule (an English message id), and what was found. `place` is
    the number of a step, or which answer it is.
    """

    rule: str
    found: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Bubble:
    """One bubble of the chat, as a phone shows it; `buttons` are titles, `voice` an address."""

    text: str
    buttons: tuple[str, ...] = ()
    voice: str = ""


@dataclass(frozen=True, slots=True)
class Chat:
    """A preview in one language. `simple` is the same said more simply."""

    language: Label
    bubbles: tuple[Bubble, ...]
    simple: tuple[Bubble, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """The words of an answer in one language, to read."""

    language: Label
    answer: str
    steps: tuple[str, ...]
    simple: str
    source: str


@dataclass(frozen=True, slots=True)
class Words:
    """The words of an answer in both languages, its dates and whom it names, to read.

    `leads` are the complaint and the questions its buttons lead to; `facts` codes of what it rests
    on.
    """

    said: tuple[Said, ...]
    as_of: str
    review_by: date
    ask: tuple[str, ...]
    leads: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """One version in the history; without `words` it gave back the file's, or no longer fits."""

    id: int
    at: datetime
    who: str
    note: str
    words: Words | None
    to_file: bool
    now: bool


@dataclass(frozen=True, slots=True)
class Helper:
    """A contact to choose. `shown` tells whether it may be shown at present."""

    code: str
    name: str
    number: str
    mark: str
    shown: bool


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One answer: the form with what holds or was typed, its complaints by field, preview,
    recordings, history. `over` is the version the form began from.

    `stands` has the words that hold now when somebody else saved meanwhile. `note` says what was
    just done, `problem` what could not be; both are English message ids. `typed`: the form holds
    what somebody typed and has not saved. `saved`: what was typed is
    safe. `limits` are characters, by field; `list_limits` those of a list.
    """

    path: str
    title: Label
    country: Label
    old: bool
    changed: bool
    review_by: date
    over: int
    form: Mapping[str, str]
    helpers: tuple[Helper, ...]
    voices: tuple[Voice, ...]
    history: tuple[Version, ...] = ()
    complaints: Mapping[str, tuple[Complaint, ...]] = field(default_factory=dict)
    preview: tuple[Chat, ...] = ()
    stands: Words | None = None
    note: str = ""
    problem: str = ""
    typed: bool = False
    saved: bool = False
    spans: tuple[int, ...] = (6, 12)
    limits: Mapping[str, int] = field(default_factory=dict)
    list_limits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody called a number."""

    at: datetime
    who: str
    works: bool
    note: str


@dataclass(frozen=True, slots=True)
class NumberLine:
    """One number. `until` is the last day on which it counts as confirmed; `works` is None when
    nobody called it yet. `state` is good, soon, over or broken.
    """

    code: str
    name: str
    number: str
    whatsapp: str
    country: Label
    mark: str
    source: str
    emergency: bool
    checked: date
    until: date
    works: bool | None
    shown: bool
    state: str
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class NumbersView:
    """All numbers: those to call first, then the others. `days` is how long a call holds."""

    due: tuple[NumberLine, ...]
    others: tuple[NumberLine, ...]
    days: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One answer that a file would change: what holds, and what would."""

    path: str
    title: Label
    country: Label
    old: Words
    new: Words


@dataclass(frozen=True, slots=True)
class ImportView:
    """A file that was sent: what it would change, or why it is refused. `content` is what is sent
    again to take it over, `mark` names what was shown.
    """

    sent: bool = False
    changes: tuple[ChangeLine, ...] = ()
    complaints: tuple[Complaint, ...] = ()
    problem: str = ""
    where: str = ""
    content: str = ""
    mark: str = ""
    meanwhile: bool = False

"""What each page is given: frozen values, already opened and labelled in the reader's language.

Templates see nothing else, so a page can be drawn (and tested) without a database.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from api.pages.duty_views import AlarmLine
from api.pages.places import Place


@dataclass(frozen=True, slots=True)
class Me:
    """The signed-in member, as the top of the page shows them, and where she may go: `menu`, and
    `beside` the page that is shown.
    """

    name: str
    role: str
    organisation: str
    menu: tuple[Place, ...] = ()
    beside: tuple[Place, ...] = ()
    home: str = "/cases"


@dataclass(frozen=True, slots=True)
class Shell:
    """What surrounds every page. `path` is where the language switch comes back to."""

    language: str
    now: datetime
    path: str
    demo: bool = False
    me: Me | None = None
    csrf: str = ""


@dataclass(frozen=True, slots=True)
class FrontView:
    """The visitors' page. `first_button` is the payload sent when the chat opens."""

    first_button: str = "greet"


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An invented account of the demo, shown on the sign-in page in demo mode only."""

    email: str
    password: str
    role: str
    organisation: str


@dataclass(frozen=True, slots=True)
class SignInView:
    """The sign-in form. `problem` is an English message id or empty."""

    email: str = ""
    problem: str = ""
    accounts: tuple[DemoAccount, ...] = ()


@dataclass(frozen=True, slots=True)
class Label:
    """A code in words, with its picture."""

    code: str
    text: str
    icon: str = ""


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One case in the list. `urgency` is now, soon or normal; `handler` is None when nobody has it.

    `province` is home, empty when it was not said; `country` is where the work is.
    """

    code: str
    urgency: str
    age: timedelta
    category: Label
    province: str
    country: str
    status: Label
    handler: str | None
    mine: bool
    unread: int
    minor: bool = False
    callback: bool = False


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A case that its migrant took back: nothing of it but the code, and the day in words."""

    code: str
    day: str


@dataclass(frozen=True, slots=True)
class CasesView:
    """The list: `show` is mine, new or all; the counts are of all cases the reader may see.

    `note` is an English message id that says why a member can open no case, or empty; `erased_soon`
    is how many cases will be erased unless somebody keeps them.
    """

    show: str
    lines: tuple[CaseLine, ...]
    counts: tuple[tuple[str, int], ...]
    note: str = ""
    withdrawn: tuple[Withdrawn, ...] = ()
    alarms: tuple[AlarmLine, ...] = ()
    erased_soon: int = 0


@dataclass(frozen=True, slots=True)
class Field:
    """One told or chosen answer: its name in the reader's language and its text."""

    name: str
    text: str
    long: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """One attachment. `shown` is how: audio, image (a preview), video or link. `size` is in bytes.

    `number` counts the files of a case from 1; `at` is when it arrived (UTC), `sha256` what the
    original was then, in hex; `place`: the original may hold where it was taken.
    """

    id: str
    kind: str
    shown: str
    size: int
    added_later: bool = False
    number: int = 1
    at: datetime | None = None
    sha256: str = ""
    place: bool = False


@dataclass(frozen=True, slots=True)
class Detail:
    """One detail of the intake: what was chosen for it, told, and sent. `long`: it needs room."""

    code: str
    name: str
    chosen: tuple[Label, ...] = ()
    texts: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    long: bool = False


@dataclass(frozen=True, slots=True)
class DetailGroup:
    """Details that belong together."""

    code: str
    name: str
    details: tuple[Detail, ...]


@dataclass(frozen=True, slots=True)
class Kin:
    """One incident told by several: its code as it is said, and the codes of the other cases of it
    that the reader can open.
    """

    code: str
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Consent:
    """One answer of the migrant to one question of consent. `withdrawn`: a yes that was taken
    back.
    """

    name: str
    granted: bool
    at: datetime | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """Where the case went, and why. `withdrawn`: the migrant took it back from there."""

    organisation: str
    reasons: tuple[str, ...]
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """One message of the thread. `author` is the member who wrote, None for the migrant."""

    at: datetime
    author: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Reader:
    """One opening of the case."""

    at: datetime
    who: str
    organisation: str = ""
    copied: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """A colleague who can be chosen."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Hands:
    """What the reader may do with the case. `assignable` are those she may give it to, `named`
    those who may open a restricted case, `nameable` those whom she may name besides.
    """

    handles: bool = False
    writes: bool = False
    exports: bool = False
    names: bool = False
    assignable: tuple[Person, ...] = ()
    named: tuple[Person, ...] = ()
    nameable: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True)
class RepeatLine:
    """Another case that may belong to this one; `shares` says in words what they share."""

    code: str
    category: Label
    day: str
    shares: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaseView:
    """One opened case.

    `before` is what must be known before writing or calling. `assisted_by` names the member who
    lodged it with the person: None when nobody did, empty when that member is gone. `ending` is how
    it ended.
    """

    code: str
    urgency: str
    category: Label
    province: str
    country: str
    status: Label
    statuses: tuple[Label, ...]
    lodged_at: datetime | None
    handler: str | None
    mine: bool
    may_write: bool
    fields: tuple[Field, ...]
    files: tuple[File, ...]
    consents: tuple[Consent, ...]
    routes: tuple[Route, ...]
    thread: tuple[Letter, ...]
    readers: tuple[Reader, ...]
    minor: bool = False
    danger: bool = False
    restricted: bool = False
    callback: bool = False
    assisted_by: str | None = None
    kin: Kin | None = None
    before: tuple[Detail, ...] = ()
    groups: tuple[DetailGroup, ...] = ()
    ending: tuple[Field, ...] = ()
    closed_by_her: bool = False
    hands: Hands = Hands()
    repeats: tuple[RepeatLine, ...] = ()
    letter_limit: int = 600
    unsent: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ErrorView:
    """What went wrong: `status` is the HTTP status, `home` where the way back leads."""

    status: int
    home: str = "/"

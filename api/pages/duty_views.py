"""What the duty page and the banner of alarms are given."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CallLine:
    """One call: who (a member of this office, or another office), when, and whether it left."""

    who: str
    at: datetime
    reached: bool


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """A case that somebody must look at now. `given_up`: everybody was called, nobody answered."""

    id: str
    code: str
    raised_at: datetime
    given_up: bool
    calls: tuple[CallLine, ...] = ()


@dataclass(frozen=True, slots=True)
class PhoneLine:
    """A linked phone in the order of calling. `first`, `last`: there it cannot be moved further."""

    member_id: str
    name: str
    on_duty: bool
    since: datetime
    mine: bool
    first: bool
    last: bool


@dataclass(frozen=True, slots=True)
class DutyView:
    """The duty page. `code` is a one-time code, shown once, that holds `minutes`.

    `mine` is the reader's own phone, None before it is linked. `orders`: a supervisor, who sees to
    the others' too. `note` and `problem` are English message ids or empty.
    """

    alarms: tuple[AlarmLine, ...]
    phones: tuple[PhoneLine, ...]
    mine: PhoneLine | None
    orders: bool
    connected: bool
    minutes: int
    code: str = ""
    note: str = ""
    problem: str = ""

    @property
    def nobody(self) -> bool:
        """Whether nobody of this office would be called now."""
        return not any(phone.on_duty for phone in self.phones)

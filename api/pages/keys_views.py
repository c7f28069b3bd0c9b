"""What the page about an office's key is given."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Holder:
    """A member who holds the office's key, or waits for it."""

    name: str
    role: str
    mine: bool = False


@dataclass(frozen=True, slots=True)
class KeysView:
    """An office's key: its `generation` and since when, who holds it, how many cases (`left` of
    `of`) still have to follow it.

    `recovery`: there is a recovery key, set at `recovery_at`; `left_since`: somebody left after
    that. `shown` is a new one in groups, shown once; `typing`: it is asked for. `last`: the reader
    alone holds the key. `note` and `problem` are English message ids or empty.
    """

    organisation: str
    holds: bool
    generation: int
    since: datetime | None
    holders: tuple[Holder, ...]
    waiting: tuple[Holder, ...]
    left: int
    of: int
    recovery: bool
    recovery_at: datetime | None = None
    left_since: bool = False
    shown: tuple[str, ...] = ()
    typing: bool = False
    note: str = ""
    problem: str = ""

    @property
    def last(self) -> bool:
        """Whether one person alone holds the key."""
        return len(self.holders) == 1

    @property
    def followed(self) -> int:
        """How many cases are wrapped for the present key."""
        return self.of - self.left

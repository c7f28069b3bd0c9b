"""What the search page shows, and the complaints that repeat on the page of a case."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from api.pages import labels
from api.pages.views import CaseLine, Label, RepeatLine
from api.words import ZONE, Words, mark
from referrals.blind import Kind
from referrals.searching import Repeat

KINDS: Mapping[str, str] = {
    Kind.PHONE: mark("Phone number"),
    Kind.NAME: mark("A person's name"),
    Kind.AGENCY: mark("Agency or employer"),
}
SHARED: Mapping[str, str] = {
    Kind.PHONE: mark("The same phone number"),
    Kind.NAME: mark("The same name"),
    Kind.AGENCY: mark("The same agency or employer"),
}


@dataclass(frozen=True, slots=True)
class FoundLine:
    """One case that fits: `matched` of the `of` words that were looked for."""

    line: CaseLine
    matched: int
    of: int


@dataclass(frozen=True, slots=True)
class SearchView:
    """The search page. `found` is None before anything was looked for; `left` is how many cases
    cannot be found yet; `most`, how many are shown at most. `note` says why a member cannot search;
    it and `problem` are English message ids or empty.
    """

    kinds: tuple[Label, ...]
    kind: str = Kind.PHONE
    term: str = ""
    found: tuple[FoundLine, ...] | None = None
    left: int = 0
    most: int = 0
    longest: int = 200
    note: str = ""
    problem: str = ""


def repeat_lines(repeats: Iterable[Repeat], words: Words) -> tuple[RepeatLine, ...]:
    """Put complaints that repeat in the reader's language, for repeats.html."""
    return tuple(
        RepeatLine(
            each.code,
            labels.label("category", each.category, words.language),
            words.day(each.lodged_at.astimezone(ZONE).date()),
            tuple(words.named(SHARED, kind) for kind in each.shares),
        )
        for each in repeats
    )

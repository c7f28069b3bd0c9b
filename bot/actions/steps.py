"""The complaint's questions in their order, what each accepts, and which one is one step back."""

from collections.abc import Mapping

from bot.buttons import VALUES
from referrals.taxonomy import PHASE_OF, Category, Phase

FORM = "complaint_form"
ADDITION_FORM = "addition_form"

STEPS: tuple[str, ...] = (
    "complainant",
    "category",
    "country",
    "province",
    "story",
    "identity",
    "name",
    "store",
    "share_mrc",
    "share_pdolvt",
    "share_legal_aid",
    "contact_me",
    "lodge",
)

SHARES: tuple[str, ...] = ("share_mrc", "share_pdolvt", "share_legal_aid")
CONSENTS: tuple[str, ...] = ("store", *SHARES, "contact_me")
YES_NO: frozenset[str] = frozenset({*CONSENTS, "lodge"})
AT_ANY_STEP: frozenset[str] = frozenset({"complainant", "category", "country", "province"})
"""Answers that are heard whenever they come; all others only when they were asked for."""

TOLD = "told"
WITHHELD = "withheld"
"""The slot `name` when a name was told, and when none is wanted."""

BESIDE: tuple[str, ...] = ("group", "page", "misses")
"""Slots that steer the asking and are no answers."""

PAGE_LENGTH = 10
"""Provinces on one page: with `more`, `unsaid` and `back` it makes Messenger's 13 quick replies."""


def accepts(step: str, value: str) -> bool:
    """Say whether a code answers a question."""
    if step == "story":
        return value == "done"
    if step == "name":
        return value in {TOLD, WITHHELD}
    return value in VALUES.get(step, frozenset())


def of_group(group: str) -> list[Category]:
    """Give the categories of one phase, in the taxonomy's order; `other` is always last."""
    chosen = [c for c in Category if PHASE_OF[c] is Phase(group) and c is not Category.OTHER]
    return [*chosen, Category.OTHER]


def nobody_may_read(slots: Mapping[str, str | None]) -> bool:
    """Say whether every partner was refused."""
    return all(slots.get(step) == "no" for step in SHARES)


def to_undo(requested: str | None, slots: Mapping[str, str | None]) -> tuple[str, ...]:
    """Give the answers that one step back takes away; none at the first question.

    A name goes with the choice to give one when that choice filled it. When every partner was
    refused, all three questions come again.
    """
    if requested not in STEPS:
        return ()
    if requested == "contact_me" and nobody_may_read(slots):
        return SHARES
    answered = [step for step in STEPS[: STEPS.index(requested)] if slots.get(step) is not None]
    if not answered:
        return ()
    if answered[-1] == "name" and slots.get("name") == WITHHELD:
        return ("name", "identity")
    if answered[-1] == "identity":
        return ("identity", "name")
    return (answered[-1],)

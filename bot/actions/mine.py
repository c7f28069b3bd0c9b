"""Which of her cases a button means; nobody else's ever is."""

from sqlmodel import Session

from bot.actions.protocol import SAYABLE, Asked, choice
from bot.actions.unfinished import has_draft
from referrals import case
from referrals.case import Case, CaseSummary
from referrals.taxonomy import Status


def mine(session: Session, asked: Asked) -> Case | None:
    """Give the case that the button names; when it names none, her newest open complaint, else her
    newest case.

    None for a code that is not, or no longer, one of hers: an old button never means another case.
    """
    cases = case.owned(session, asked.conversation)
    if "case" in asked.entities:
        return next((each for each in cases if each.code == asked.entities["case"]), None)
    still_open = [c for c in cases if c.status != Status.CLOSED and not c.callback]
    return next(iter((*still_open, *cases)), None)


def about(button: str, intent: str, found: Case | CaseSummary, **entities: str) -> SAYABLE:
    """Build a button of buttons.yml that names a case."""
    return choice(f"button.{button}", intent, case=found.code, **entities)


def ways_on(session: Session, asked: Asked) -> tuple[str, ...]:
    """Give the buttons that lead on: to what is unfinished, and to the menu."""
    return ("resume", "menu") if has_draft(session, asked) else ("menu",)

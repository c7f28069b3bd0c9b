"""After lodging: what happens with it, something to add, a letter, second thoughts."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot import conversation
from bot.actions.mine import about, ways_on
from bot.actions.my_case import satisfied_question
from bot.actions.protocol import SAYABLE, Answer, Asked, Say, followed_by, slot
from bot.actions.unfinished import has_draft
from referrals import assisted, case, notice, thread
from referrals.code import spoken
from referrals.site import Site
from referrals.taxonomy import Status

SHOWN = 5
"""Cases that are listed at once, the newest first."""

HERE = ZoneInfo("Asia/Phnom_Penh")
"""The zone in which a date is said; Thailand shares it."""


def case_status(session: Session, site: Site, asked: Asked) -> Answer:
    """Say where a case stands, with all that can be done with it. Of several, each has only what
    leaves the list readable: a button shows it alone. Within a form a list has no buttons, for the
    form's question follows.
    """
    cases = case.for_conversation(session, asked.conversation)
    named = asked.entities.get("case")
    none = () if asked.loop else None
    if not cases and named is None:
        key = "no_case_draft" if has_draft(session, asked) and not asked.loop else "no_case"
        return Answer((Say(key, buttons=none),))
    cases = cases[:SHOWN] if named is None else [each for each in cases if each.code == named]
    if not cases:
        return Answer((Say("unknown_button", buttons=none),))
    alone = named is not None or len(cases) == 1
    under = [_all(session, asked, each) if alone else _few(each) for each in cases]
    if asked.loop and named is None:
        under = [() for _ in cases]
    elif not asked.loop:
        under[-1] += ways_on(session, asked)
    says = [_standing(each, buttons) for each, buttons in zip(cases, under, strict=True)]
    waiting = notice.waiting_letter(session, site, asked.conversation)
    if waiting is not None and not notice.is_waiting(session, waiting.id):
        # One that was not announced yet is announced by the turn itself.
        says.append(Say("letter_waiting", buttons=("letter",) if asked.loop else None))
    ended = [c for c in cases if c.status is Status.CLOSED and c.satisfied is None]
    if ended and not asked.loop:
        says.append(satisfied_question(ended[0].code))
    return Answer(tuple(says))


def _standing(found: case.CaseSummary, buttons: tuple[SAYABLE, ...]) -> Say:
    values = {
        "code": spoken(found.code),
        "status": found.status.value,
        "offices": json.dumps([[km, en, []] for km, en in found.offices]),
        "lodged": _day(found.lodged_at),
    }
    if not found.offices:
        return Say("case_unreadable", values, buttons)
    if found.opened_at is None:
        return Say("case_unread", values, buttons)
    return Say("case_read", {**values, "opened": _day(found.opened_at)}, buttons)


def _all(session: Session, asked: Asked, found: case.CaseSummary) -> tuple[SAYABLE, ...]:
    if found.status is Status.CLOSED:
        return (about("reopen", "reopen", found), about("erase", "erase", found))
    if not found.offices:
        return (about("readers", "readers", found), about("erase", "erase", found))
    hers = assisted.helper_of(session, asked.conversation) is None
    return (
        about("add", "case_add", found),
        about("readers", "readers", found),
        about("my_consents", "consent_change", found),
        *((about("set_secret", "secret", found),) if hers else ()),
        about("close_case", "close", found),
        about("erase", "erase", found),
    )


def _few(found: case.CaseSummary) -> tuple[SAYABLE, ...]:
    alone = about("more", "case_status", found)
    if found.status is Status.CLOSED or not found.offices:
        return (alone,)
    return (about("add", "case_add", found), alone)


def _day(moment: datetime) -> str:
    return moment.astimezone(HERE).date().isoformat()


def case_add(session: Session, site: Site, asked: Asked) -> Answer:
    """Ask what to add, to the case that the button names or the newest open one; when there is none
    say so and start no form.
    """
    conversation.set_about(session, asked.conversation, asked.entities.get("case"))
    found = _addressed(session, site, asked)
    if found is None:
        said = Say("no_case_to_add")
        return Answer((said,), (followed_by("action_listen"),))
    events = (slot("addition", None),)
    return Answer((Say("ask_addition", {"code": spoken(found.code)}),), events)


def _addressed(session: Session, site: Site, asked: Asked) -> case.Case | None:
    named = conversation.state(session, asked.conversation).about_case
    return thread.addressed(session, site, asked.conversation, named)


def ask_addition(session: Session, site: Site, asked: Asked) -> Answer:
    """Within the form: say that what came is kept, or ask again after an interruption."""
    if asked.intent == "told":
        return Answer((Say("addition_kept"),))
    found = _addressed(session, site, asked)
    if asked.intent == "case_add" or found is None:
        return Answer()
    return Answer((Say("ask_addition", {"code": spoken(found.code)}),))


def validate_addition(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Hear told parts without ending the form; `done` ends it."""
    if asked.intent == "told":
        return Answer(events=(slot("addition", None),))
    if asked.intent == "done":
        return Answer(events=(slot("addition", "done"),))
    return Answer()


def take_addition(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Thank for the addition; each part was sealed into the case when it came."""
    key = "addition_taken_paused" if has_draft(session, asked) else "addition_taken"
    return Answer((Say(key),), (slot("addition", None),))


def letter(session: Session, site: Site, asked: Asked) -> Answer:
    """Show the waiting letter. The turn fills in its words and, once they left, marks it read."""
    if notice.waiting_letter(session, site, asked.conversation) is None:
        return Answer((Say("no_letter", buttons=() if asked.loop else None),))
    return Answer((Say("letter", buttons=() if asked.loop else None),))

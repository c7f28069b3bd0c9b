"""After lodging: what happens with it, something to add, a letter, second thoughts."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.actions.protocol import Answer, Asked, Say, followed_by, slot
from bot.actions.unfinished import has_draft
from referrals import case, notice, thread
from referrals.code import spoken
from referrals.site import Site

SHOWN = 5
"""Cases that are listed at once, the newest first."""

HERE = ZoneInfo("Asia/Phnom_Penh")
"""The zone in which a date is said; Thailand shares it."""


def case_status(session: Session, site: Site, asked: Asked) -> Answer:
    """Say of each case where it stands; within a form without buttons, for its question follows."""
    cases = case.for_conversation(session, asked.conversation)[:SHOWN]
    none = () if asked.loop else None
    if not cases:
        key = "no_case_draft" if has_draft(session, asked) and not asked.loop else "no_case"
        return Answer((Say(key, buttons=none),))
    says = [_standing(each) for each in cases]
    waiting = notice.waiting_letter(session, site, asked.conversation)
    if waiting is not None and not notice.is_waiting(session, waiting.id):
        # One that was not announced yet is announced by the turn itself.
        says.append(Say("letter_waiting", buttons=("letter",) if asked.loop else None))
    elif not asked.loop:
        says[-1] = Say(says[-1].key, says[-1].values)
    return Answer(tuple(says))


def _standing(found: case.CaseSummary) -> Say:
    values = {
        "code": spoken(found.code),
        "status": found.status.value,
        "offices": json.dumps([[km, en, []] for km, en in found.offices]),
        "lodged": _day(found.lodged_at),
    }
    if found.opened_at is None:
        return Say("case_unread", values, ())
    return Say("case_read", {**values, "opened": _day(found.opened_at)}, ())


def _day(moment: datetime) -> str:
    return moment.astimezone(HERE).date().isoformat()


def case_add(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Ask what to add to the newest open case; when there is none say so and start no form."""
    newest = thread.newest_open_case(session, asked.conversation)
    if newest is None:
        said = Say("no_case_to_add")
        return Answer((said,), (followed_by("action_listen"),))
    events = (slot("addition", None),)
    return Answer((Say("ask_addition", {"code": spoken(newest.code)}),), events)


def ask_addition(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Within the form: say that what came is kept, or ask again after an interruption."""
    if asked.intent == "told":
        return Answer((Say("addition_kept"),))
    newest = thread.newest_open_case(session, asked.conversation)
    if asked.intent == "case_add" or newest is None:
        return Answer()
    return Answer((Say("ask_addition", {"code": spoken(newest.code)}),))


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


def consent_change(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Say how to change one's mind."""
    return Answer((Say("consent_change", buttons=() if asked.loop else None),))


def erase(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Say what can be deleted now and how. A rule pauses the form."""
    key = "erase_paused" if has_draft(session, asked) else "erase"
    return Answer((Say(key),))

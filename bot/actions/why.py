"""Why it is asked: the reason of the question that stands, which comes again after it."""

from sqlmodel import Session

from bot.actions.journey import (
    ADDITION_FORM,
    AT,
    CLAIM_FORM,
    CONSENTS,
    DETAIL,
    FORM,
    Standing,
    standing,
)
from bot.actions.protocol import Answer, Asked, Say
from bot.actions.unfinished import has_draft
from referrals import draft
from referrals.intake import Detail
from referrals.site import Site

_FORMS = frozenset({FORM, ADDITION_FORM, CLAIM_FORM})


def why(session: Session, site: Site, asked: Asked) -> Answer:
    """Give the reason; where nothing is asked, an ordinary way on."""
    if asked.loop not in _FORMS or asked.requested is None:
        ways = ("resume", "ask", "person", "menu") if has_draft(session, asked) else None
        return Answer((Say("why_nothing", {}, ways),))
    now = standing(session, site, draft.find(session, asked.conversation))
    return Answer((Say(_reason(asked.requested, now)),))


def _reason(step: str, now: Standing) -> str:
    """Name the say with the reason of a question."""
    asks_to_keep = step == "story" and "story" in now.told and now.answers.get(AT) != "story"
    if asks_to_keep or step in CONSENTS - {"store"}:
        return "why_consent"
    if step == DETAIL:
        return f"why_detail_{Detail(now.answers.get(DETAIL, Detail.NAME))}"
    return f"why_{step}"

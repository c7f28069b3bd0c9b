"""Lodging: the draft becomes a case, and she gets her receipt."""

import json
from collections.abc import Sequence

from sqlmodel import Session

from bot.actions.protocol import Answer, Asked, Say, slot
from bot.actions.steps import BESIDE, STEPS, accepts
from referrals import case, draft, lodging
from referrals.code import spoken
from referrals.consent import ConsentMissing
from referrals.site import Site


def lodge(session: Session, site: Site, asked: Asked) -> Answer:
    """Lodge the draft. The same delivery again lodges nothing and gives the same receipt."""
    lodged = case.lodged_by(session, asked.delivery)
    if lodged is None:
        own = draft.find(session, asked.conversation)
        if own is None or not _complete(session, site, own):
            return Answer((Say("lodge_incomplete"),), (slot("lodge", None),))
        try:
            lodged = lodging.lodge(session, site, own, asked.delivery, language=asked.language)
        except ConsentMissing:
            return Answer((Say("lodge_incomplete"),), (slot("lodge", None),))
        except lodging.NobodyCanReceive:
            where = asked.slot("country")
            said = Say("lodge_unable", {"country": where} if where else {})
            return Answer((said,), (slot("lodge", None),))
        except lodging.EnoughToday:
            return Answer((enough_today(asked.slot("country")),), (slot("lodge", None),))
    cleared = tuple(slot(name, None) for name in (*STEPS, *BESIDE))
    return Answer(_receipt(lodged, asked), cleared)


def enough_today(country: str | None) -> Say:
    """Say that no more can be sent today, how to add to what was sent, and whom to call."""
    where = {"country": country} if country else {}
    return Say("enough_today", {"count": str(lodging.LODGINGS), **where})


def _complete(session: Session, site: Site, own: draft.Draft) -> bool:
    """Say whether every question was answered and something was told."""
    answers = draft.answers(site, own)
    answered = all(accepts(step, answers.get(step, "")) for step in STEPS)
    return answered and bool(draft.parts(session, own, "story"))


def _receipt(lodged: case.Lodged, asked: Asked) -> tuple[Say, ...]:
    silent = asked.slot("contact_me") == "no"
    return (
        Say("receipt", {"code": spoken(lodged.code)}),
        Say("receipt_offices", {"offices": offices(lodged.routes)}),
        Say("receipt_next_silent" if silent else "receipt_next"),
    )


def offices(routes: Sequence[case.Routed]) -> str:
    """Write the offices and why each, for the placeholder `offices` (bot/content/render.py)."""
    return json.dumps(
        [
            [r.organisation_name_km, r.organisation_name_en, [str(why) for why in r.reasons]]
            for r in routes
        ]
    )

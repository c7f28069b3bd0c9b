"""Lodging: the draft becomes a case, and she gets her receipt."""

import json
from collections.abc import Sequence

from sqlmodel import Session

from bot.actions.complaint import CLEARED
from bot.actions.complaint_answer import meant
from bot.actions.journey import next_step, standing
from bot.actions.protocol import Answer, Asked, Say, choice
from bot.actions.urgent import call_for_help
from referrals import case, consent, draft, lodging
from referrals.code import spoken, spoken_group
from referrals.site import Site
from referrals.taxonomy import ConsentCode


def lodge(session: Session, site: Site, asked: Asked) -> Answer:
    """Lodge the draft. The same delivery again lodges nothing and gives the same receipt."""
    lodged = case.lodged_by(session, asked.delivery)
    if lodged is None:
        own = draft.find(session, asked.conversation)
        now = standing(session, site, own)
        complete = meant(asked, "lodge") and next_step(now) == "lodge"
        if own is None or not complete:
            return Answer((Say("lodge_incomplete"),))
        country = now.answers.get("country")
        try:
            lodged = lodging.lodge(session, site, own, asked.delivery, language=asked.language)
        except consent.ConsentMissing:
            return Answer((Say("lodge_incomplete"),))
        except lodging.NobodyCanReceive:
            return Answer((Say("lodge_unable", {"country": country} if country else {}),))
        except lodging.EnoughToday:
            return Answer((enough_today(country),))
    found = case.by_code(session, lodged.code)
    called = call_for_help(session, site, found)
    return Answer((*called, *_receipt(session, lodged, found)), CLEARED)


def enough_today(country: str | None) -> Say:
    """Say that no more can be sent today, how to add to what was sent, and whom to call."""
    where = {"country": country} if country else {}
    return Say("enough_today", {"count": str(lodging.LODGINGS), **where})


def _receipt(session: Session, lodged: case.Lodged, found: case.Case) -> tuple[Say, ...]:
    code = {"code": spoken(lodged.code)}
    heard = consent.latest(session, found.id, ConsentCode.CONTACT_ME)
    one = {"case": lodged.code}
    buttons = (
        "status",
        *(() if lodged.assisted else (choice("button.set_secret", "secret", **one),)),
        choice("button.paper", "paper", **one),
        choice("button.count", "count", **one),
        "add",
        "hide",
        "menu",
    )
    return (
        Say("receipt_assisted", {**code, "case": lodged.code})
        if lodged.assisted
        else Say("receipt", code),
        Say("receipt_offices", {"offices": offices(lodged.routes)}),
        *(
            (Say("receipt_group", {"group_code": spoken_group(lodged.group_code)}),)
            if lodged.group_code
            else ()
        ),
        Say(_what_follows(assisted=lodged.assisted, heard=bool(heard)), {}, buttons),
    )


def _what_follows(*, assisted: bool, heard: bool) -> str:
    """Name the say of what happens next; on a counsellor's screen nobody can write to her."""
    key = "receipt_next_assisted" if assisted else "receipt_next"
    return key if heard else f"{key}_silent"


def offices(routes: Sequence[case.Routed]) -> str:
    """Write the offices and why each, for the placeholder `offices` (bot/content/render.py)."""
    return json.dumps(
        [
            [r.organisation_name_km, r.organisation_name_en, [str(why) for why in r.reasons]]
            for r in routes
        ]
    )

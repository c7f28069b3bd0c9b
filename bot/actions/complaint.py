"""The complaint as a whole: opened, one step back, stopped, thrown away. The truth is the draft."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlmodel import Session

from bot.actions.journey import (
    ANSWERED,
    AT,
    BESIDE,
    CHANGE,
    CORRECTED,
    DETAIL,
    DETAILS,
    MENU,
    OFFERED,
    accepts,
    next_step,
    standing,
    to_undo,
)
from bot.actions.protocol import Answer, Asked, Say, choice, loop, slot
from bot.actions.unfinished import has_draft
from bot.content import content
from referrals import draft
from referrals.intake import GROUPS, Detail, DetailGroup
from referrals.site import Site
from referrals.taxonomy import RED, Category

HEARD = ("category", *CORRECTED)
"""What a first sentence may say of itself, in the order in which it is read back."""

GUESSING = "action_two_stage_fallback"
"""Rasa's own loop while it asks which of two was meant."""

NAMED = frozenset({"sector", "destination_province"})
"""Of these, what has a label is known; no button says them."""


def open_complaint(session: Session, site: Site, asked: Asked) -> Answer:
    """Begin or take up the draft, and add what was just said."""
    own = draft.open_(session, site, asked.conversation, asked.channel)
    draft.as_before(session, site, own, asked.delivery, "open")
    before = standing(session, site, own)
    begun = not before.answers.keys() & {*HEARD, "complainant", "store"}
    said, other = _said_at_once(asked), None
    if not begun and before.told:
        other = _other_problem(said, before.answers)
        said = {step: value for step, value in said.items() if step not in before.answers}
    kept: dict[str, str | None] = {**said, **_wanted(asked), OFFERED: other}
    if said.get("country") not in (None, before.answers.get("country")):
        kept.setdefault("destination_province", None)
    draft.change(session, site, own, kept)
    says = [Say("begun" if begun else "resumed")]
    if other is not None:
        change = choice(f"category.{other}", "inform", category=other)
        values = {"before": before.answers["category"], "category": other}
        says = [Say("resumed_other", values, ("go_on", change))]
    if said:
        says = [*heard(said), *says] if other is not None else [*says, *heard(said)]
    return Answer(tuple(says), tuple(slot(name, None) for name in BESIDE))


def _said_at_once(asked: Asked) -> dict[str, str]:
    if asked.intent != "complaint":
        return {}
    return {step: value for step in HEARD if fits(step, value := asked.entities.get(step, ""))}


def _other_problem(said: Mapping[str, str], answers: Mapping[str, str]) -> str | None:
    """Give the problem that was named while another one is being told; she chooses between them."""
    named, told = said.get("category"), answers.get("category")
    return named if told is not None and named != told else None


def fits(step: str, value: str) -> bool:
    """Say whether a code can stand for what a sentence said."""
    if step in NAMED:
        return value in content().labels[step]
    return accepts(step, value)


def heard(said: Mapping[str, str]) -> list[Say]:
    """Read back what was understood, with the way to help first when it is grave."""
    listed = ",".join(f"{step}.{said[step]}" for step in HEARD if step in said)
    grave = "category" in said and Category(said["category"]) in RED
    return [*([Say("red_category")] if grave else []), Say("heard", {"facts": listed})]


def _wanted(asked: Asked) -> dict[str, str | None]:
    """Read where a button wants to go; every other way in goes on where she was."""
    return wanted(asked.intent, asked.entities)


def wanted(intent: str | None, entities: Mapping[str, str]) -> dict[str, str | None]:
    """Give what the draft remembers when a menu, a detail or an answer to be changed is opened."""
    elsewhere: dict[str, str | None] = {AT: None, DETAIL: None, MENU: None}
    if intent == "details":
        return {**elsewhere, MENU: entities.get("of", DETAILS)}
    if intent == "detail" and entities.get("detail") in set(Detail):
        page = next(group for group, details in GROUPS.items() if entities["detail"] in details)
        return {**elsewhere, MENU: page, DETAIL: entities["detail"]}
    if intent == "change" and entities.get("step"):
        return {**elsewhere, AT: entities["step"]}
    if intent == "change":
        return {**elsewhere, MENU: CHANGE}
    return {}


def back(session: Session, site: Site, asked: Asked) -> Answer:
    """Take the last answer away, so that it is asked again; from a menu, come back."""
    if asked.loop == GUESSING:  # Rasa would play this message again and again
        answer = back(session, site, replace(asked, loop=None))
        return Answer(answer.says, (*answer.events, loop(None)))
    if asked.requested == "category" and asked.slot("group"):
        return Answer(events=(slot("group", None),))
    own = draft.find(session, asked.conversation)
    if own is None or (asked.requested is None and not asked.loop):
        return Answer((Say("menu" if own is None else "menu_paused"),))
    draft.as_before(session, site, own, asked.delivery, "back")
    now = standing(session, site, own)
    undone = to_undo(asked.requested, now)
    if not undone:
        return Answer((Say("cannot_go_back"),))
    page = undone == (MENU,) and now.answers.get(MENU) in set(DetailGroup)
    changed: dict[str, str | None] = {MENU: DETAILS} if page else dict.fromkeys(undone)
    if "complainant" in undone:  # asked only of whom goes there by herself
        changed[AT] = "complainant"
    draft.change(session, site, own, changed)
    says = () if {AT, DETAIL, MENU} & set(undone) else (Say("gone_back"),)
    return Answer(says, tuple(slot(name, None) for name in BESIDE))


def where(session: Session, site: Site, asked: Asked) -> str:
    """Give the question at which the draft stands."""
    return next_step(standing(session, site, draft.find(session, asked.conversation)))


def cancel(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Stop: nothing is sent, the draft stays for a while or goes at once, as she chooses."""
    if not has_draft(session, asked):
        return Answer((Say("nothing_to_cancel"),))
    days = str(draft.LIFETIME.days)
    return Answer((Say("cancelled", {"days": days}),))


def discard(session: Session, site: Site, asked: Asked) -> Answer:
    """Destroy the draft. A repeat finds it gone, and Rasa's slot as it was before."""
    own = draft.find(session, asked.conversation)
    if own is not None:
        draft.discard(session, site, own)
    had_one = own is not None or asked.slot(ANSWERED) is not None
    return Answer((Say("discarded" if had_one else "nothing_to_discard"),), CLEARED)


CLEARED: tuple[Mapping[str, Any], ...] = tuple(slot(name, None) for name in (*BESIDE, ANSWERED))
"""The events with which Rasa forgets how the asking stood."""

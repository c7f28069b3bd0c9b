"""The complaint as a whole: opened, one step back, stopped, thrown away. The truth is the draft."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from bot.actions.protocol import Answer, Asked, Say, slot
from bot.actions.steps import AT_ANY_STEP, BESIDE, STEPS, accepts, to_undo
from bot.actions.unfinished import has_draft
from referrals import draft
from referrals.site import Site
from referrals.taxonomy import RED, Category


def open_complaint(session: Session, site: Site, asked: Asked) -> Answer:
    """Begin or take up the draft, add what was just said, and load its answers into slots."""
    own = draft.open_(session, site, asked.conversation, asked.channel)
    # What was told before she was asked, and danger, are no answers.
    begun = draft.answers(site, own).keys().isdisjoint(STEPS)
    said = _said_at_once(asked)
    if begun or not draft.parts(session, own, "story"):
        for step, value in said.items():
            draft.answer(session, site, own, step, value)
    kept = {s: v for s, v in draft.answers(site, own).items() if s in STEPS and accepts(s, v)}
    says = [Say("begun" if begun or said.keys() == kept.keys() else "resumed")]
    if "category" in said and kept["category"] == said["category"]:
        says += about(kept["category"])
    waiting = (*BESIDE, "requested_slot") if not asked.loop else BESIDE
    return Answer(tuple(says), (*loaded(kept), *(slot(name, None) for name in waiting)))


def _said_at_once(asked: Asked) -> dict[str, str]:
    if asked.intent != "complaint":
        return {}
    return {
        step: value
        for step, value in asked.entities.items()
        if step in AT_ANY_STEP and accepts(step, value)
    }


def about(category: str) -> list[Say]:
    """Name the category that was understood, with the way to help first when it is a grave one."""
    heard = [Say("category_heard", {"category": category})]
    return [*heard, Say("red_category")] if Category(category) in RED else heard


def loaded(answers: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """Give the events that make the slots follow the draft; `lodge` is always asked again."""
    return [slot(step, answers.get(step) if step != "lodge" else None) for step in STEPS]


def back(session: Session, site: Site, asked: Asked) -> Answer:
    """Take the last answer away, in the draft too, so that it is asked again."""
    if asked.requested == "category" and asked.slot("group"):
        return Answer(events=(slot("group", None),))
    undone = to_undo(asked.requested, asked.slots)
    if not undone:
        key = "cannot_go_back" if asked.loop else "menu"
        return Answer((Say(key),))
    own = draft.find(session, asked.conversation)
    if own is not None:
        for step in undone:
            draft.answer(session, site, own, step, None)
        if "name" in undone:
            draft.untell(session, site, own, "name")
    cleared = {*undone, asked.requested} - {None}
    return Answer(
        (Say("gone_back"),),
        (
            *(slot(str(step), None) for step in sorted(map(str, cleared))),
            *(slot(name, None) for name in BESIDE),
        ),
    )


def cancel(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Stop: nothing is sent, the draft stays for a while or goes at once, as she chooses."""
    if not has_draft(session, asked):
        return Answer((Say("nothing_to_cancel"),))
    days = str(draft.LIFETIME.days)
    return Answer((Say("cancelled", {"days": days}),))


def discard(session: Session, site: Site, asked: Asked) -> Answer:
    """Destroy the draft and forget its answers."""
    own = draft.find(session, asked.conversation)
    if own is not None:
        draft.discard(session, site, own)
    # A repeat finds the draft gone, and Rasa's slots as they were before.
    had_one = own is not None or any(asked.slot(step) for step in STEPS)
    cleared = tuple(slot(step, None) for step in (*STEPS, *BESIDE))
    return Answer((Say("discarded" if had_one else "nothing_to_discard"),), cleared)

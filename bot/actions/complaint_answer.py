"""Judging answers to the complaint form: each is checked against the codes and kept at once."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from bot.actions.complaint import about
from bot.actions.complaint_ask import page
from bot.actions.fallback import missed
from bot.actions.protocol import Answer, Asked, Say, slot
from bot.actions.steps import (
    AT_ANY_STEP,
    CONSENTS,
    SHARES,
    STEPS,
    TOLD,
    WITHHELD,
    YES_NO,
    accepts,
    nobody_may_read,
)
from bot.buttons import VALUES
from bot.content import content
from bot.sure import SURELY
from referrals import case, draft
from referrals.site import Site
from referrals.taxonomy import ConsentCode

ANSWERING = frozenset({"inform", "complaint", "affirm", "deny", "done", "told", "more"})
"""Intents that answer a question; the rules answer every other one and come back."""

Events = list[Mapping[str, Any]]


def validate(session: Session, site: Site, asked: Asked) -> Answer:
    """Judge what Rasa filled in and what the message itself says.

    Gives no event for a message that is no answer: Rasa then lets its rules answer it. An answer
    that fits no question is a miss: it is said so, and the question comes again. The slots follow
    the draft, so that a button of an earlier question fills nothing behind its back.
    """
    answered = asked.intent in ANSWERING or asked.candidates.get(str(asked.requested)) is not None
    if not answered or asked.requested not in STEPS:
        return _checked(asked)
    if case.lodged_by(session, asked.delivery) is not None:
        return Answer(events=(slot("lodge", "yes"),))  # a repeat: the draft is a case already
    own = draft.open_(session, site, asked.conversation, asked.channel)
    kept = draft.answers(site, own)
    answer = _heard(session, site, asked, own, kept)
    judged = {event["name"] for event in answer.events}
    put_back = [slot(s, kept.get(s)) for s in asked.candidates if s in STEPS and s not in judged]
    return Answer(answer.says, (*answer.events, *put_back))


def _checked(asked: Asked) -> Answer:
    """Keep what the draft was loaded with, drop what is no code."""
    return Answer(
        events=tuple(
            slot(step, value if accepts(step, value) else None)
            for step, value in asked.candidates.items()
            if step in STEPS and value is not None
        )
    )


def _heard(
    session: Session, site: Site, asked: Asked, own: draft.Draft, kept: Mapping[str, str]
) -> Answer:
    if asked.intent == "told":
        return _told(session, site, asked, own)
    steering = _steering(asked)
    if steering:
        return Answer(events=steering)
    proposed = _proposed(asked, kept)
    if proposed:
        return _judged(session, site, asked, own, proposed)
    if asked.intent == "complaint" or _only_looks(session, asked, own):
        return Answer(events=(slot(str(asked.requested), None),))
    return missed(asked)


def _only_looks(session: Session, asked: Asked, own: draft.Draft) -> bool:
    """Say whether `done` came with no story told: the question itself says what is missing."""
    return (
        asked.intent == "done"
        and asked.requested == "story"
        and not draft.parts(session, own, "story")
    )


def _steering(asked: Asked) -> tuple[Mapping[str, Any], ...]:
    """Read the buttons that turn a page or choose a group."""
    if asked.requested == "province" and asked.intent == "more":
        return (slot("page", str(page(asked) + 1)),)
    group = asked.entities.get("group")
    if asked.requested == "category" and group in VALUES["group"]:
        return (slot("group", group),)
    return ()


def _proposed(asked: Asked, kept: Mapping[str, str]) -> dict[str, str]:
    """Collect what a message answers: the question asked, or one that may come at any step.

    A sentence that sounds like another category does not change the one chosen; a button does.
    """
    step = str(asked.requested)
    said = {**{s: v for s, v in asked.candidates.items() if v is not None}, **asked.entities}
    proposed = {s: v for s, v in said.items() if s == step or _may_come(s, step)}
    if asked.intent == "complaint":
        proposed = {s: v for s, v in proposed.items() if s == step or s not in kept}
    if asked.intent in {"affirm", "deny"} and step in YES_NO:
        proposed[step] = "yes" if asked.intent == "affirm" else "no"
    for told in ("name", "story"):
        proposed.pop(told, None)
    if asked.intent == "done" and step == "story":
        proposed[step] = "done"
    return proposed


def _may_come(said: str, step: str) -> bool:
    """Say whether an answer is heard though another was asked for."""
    return said in AT_ANY_STEP or (said == "identity" and step == "name")


def _told(session: Session, site: Site, asked: Asked, own: draft.Draft) -> Answer:
    """Hear that a told answer was sealed; only a name ends its question by itself."""
    field = asked.entities.get("told")
    if field != asked.requested or field not in {"story", "name"}:
        return missed(asked)
    if field == "story":
        return Answer(events=(slot("story", None), slot("misses", None)))
    draft.answer(session, site, own, "name", TOLD)
    return Answer(events=(slot("name", TOLD), slot("misses", None)))


def _judged(
    session: Session, site: Site, asked: Asked, own: draft.Draft, proposed: Mapping[str, str]
) -> Answer:
    says: list[Say] = []
    events: Events = []
    refused = False
    for step, value in proposed.items():
        if not accepts(step, value):
            refused = True
            events.append(slot(step, draft.answers(site, own).get(step)))
        elif _asked_again(session, asked, own, step, value):
            events.append(slot(step, None))
        elif step in YES_NO and value == "yes" and not _meant(asked, step):
            says.append(Say("press_to_agree"))
            events.append(slot(step, None))
        else:
            said, done = _kept(session, site, asked, own, step, value)
            says += said
            events += done
    return Answer((*says, *((Say("not_in_list"),) if refused else ())), tuple(events))


def _asked_again(session: Session, asked: Asked, own: draft.Draft, step: str, value: str) -> bool:
    """Say whether a good answer does not count yet; its question, asked again, says why.

    `done` with no story told; no to the summary; and a consent while the form only waits for a
    refusal before it to be changed or thrown away.
    """
    if step == "story":
        return not draft.parts(session, own, "story")
    if step == "lodge":
        return value == "no"
    refused = asked.slot("store") == "no" and step in SHARES
    return refused or (step == "contact_me" and nobody_may_read(asked.slots))


def _meant(asked: Asked, step: str) -> bool:
    """Say whether a yes is beyond doubt: its button was pressed, or a plain yes was typed.

    The model takes "wait" and "why" for a yes now and then, and it cannot be asked how sure it is.
    """
    pressed = asked.intent == "inform" and asked.entities.get(step) == "yes"
    return pressed or (asked.intent == "affirm" and asked.entities.get(SURELY) == "yes")


def _kept(
    session: Session, site: Site, asked: Asked, own: draft.Draft, step: str, value: str
) -> tuple[list[Say], Events]:
    """Put one good answer into the draft, with what follows from it."""
    draft.answer(session, site, own, step, value)
    says: list[Say] = []
    events: Events = [slot(step, value), slot("misses", None)]
    if step in CONSENTS:
        _record(session, site, asked, own, step, value)
    elif step == "category":
        says = about(value)[1:] if asked.intent == "inform" else about(value)
        events.append(slot("group", None))
    elif step == "province":
        events.append(slot("page", None))
    elif step == "identity":
        name = WITHHELD if value == "anonymous" else None
        draft.answer(session, site, own, "name", name)
        draft.untell(session, site, own, "name")
        events.append(slot("name", name))
    return says, events


def _record(
    session: Session, site: Site, asked: Asked, own: draft.Draft, code: str, value: str
) -> None:
    """Write the answer down with the very words that were shown."""
    version, words = content().consent_words(code, asked.language)
    draft.record_consent(
        session,
        site,
        own,
        ConsentCode(code),
        granted=value == "yes",
        version=version,
        language=asked.language,
        words=words,
    )

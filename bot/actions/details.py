"""More than the least: the menu of what may be added, one detail at a time, and what to change."""

from sqlmodel import Session

from bot.actions.journey import (
    ANSWERS_TO_CHANGE,
    DETAIL,
    MENU,
    Standing,
    chosen,
    page_of,
    standing,
)
from bot.actions.protocol import SAYABLE, Answer, Asked, Say, choice
from bot.content import content
from referrals import draft
from referrals.intake import CHOICES, SEVERAL, Detail, DetailGroup
from referrals.site import Site


def details(session: Session, site: Site, asked: Asked) -> Answer:
    """Show the pages of the menu, or one page: what is there is ticked."""
    now = standing(session, site, draft.find(session, asked.conversation))
    menu = now.answers.get(MENU, "")
    if menu not in set(DetailGroup):
        pages = [choice(f"of.{group}", "details", of=group) for group in DetailGroup]
        return Answer((Say("details", {}, (*pages, "that_is_all")),))
    listed = page_of(now, DetailGroup(menu), content().evidence)
    buttons = [_ticked(now, each) for each in listed]
    said = "details_papers" if menu == DetailGroup.PAPERS else "details_of"
    have = ",".join(each for each in listed if now.has(each))
    missing = ",".join(each for each in listed if not now.has(each))
    values = {"of": menu, "have": have, "missing": missing}
    return Answer((Say(said, values, (*buttons, "back", "that_is_all")),))


def _ticked(now: Standing, each: Detail) -> SAYABLE:
    made = choice(f"detail.{each}", "detail", detail=each)
    return {**made, "ticked": "yes"} if now.has(each) else made


def detail(session: Session, site: Site, asked: Asked) -> Answer:
    """Ask for one detail, or say that what just came is kept."""
    now = standing(session, site, draft.find(session, asked.conversation))
    code = Detail(now.answers.get(DETAIL, Detail.NAME))
    buttons = [_choice(now, code, each) for each in CHOICES.get(code, ())]
    if asked.intent == "told":
        return Answer((Say("detail_kept", {"detail": code}, (*buttons, "that_is_all")),))
    if code in SEVERAL and asked.entities.get("choice") in CHOICES[code] and chosen(now, code):
        values = {"choices": ",".join(chosen(now, code))}
        return Answer((Say("detail_chosen", values, (*buttons, "that_is_all")),))
    return Answer((Say(f"detail_{code}", {}, (*buttons, "that_is_all", "back")),))


def _choice(now: Standing, code: Detail, each: str) -> SAYABLE:
    made = choice(f"choice.{each}", "inform", choice=each)
    return {**made, "ticked": "yes"} if each in chosen(now, code) else made


def change(session: Session, site: Site, asked: Asked) -> Answer:
    """Ask which answer is to be changed, of those that were given."""
    now = standing(session, site, draft.find(session, asked.conversation))
    given = [step for step in ANSWERS_TO_CHANGE if step in now.answers or step in now.told]
    buttons = [choice(f"step.{step}", "change", step=step) for step in given]
    return Answer((Say("change_what", {}, (*buttons, "that_is_all")),))

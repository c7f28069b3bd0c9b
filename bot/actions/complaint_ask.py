"""The questions of the complaint form: what is said and which buttons stand under it."""

from sqlmodel import Session

from bot.actions.protocol import SAYABLE, Action, Answer, Asked, Say, choice
from bot.actions.steps import (
    FORM,
    PAGE_LENGTH,
    SHARES,
    nobody_may_read,
    of_group,
)
from referrals import draft
from referrals.geography import PROVINCES, UNSAID
from referrals.site import Site
from referrals.taxonomy import Complainant, Country, Phase

COUNTRIES = (Country.TH, Country.MY, Country.KH, Country.OTHER)
"""Countries on buttons; the others are understood when typed."""


def complainant(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Ask whose problem it is."""
    choices = [choice(f"complainant.{c}", "inform", complainant=c) for c in Complainant]
    return Answer((Say("ask_complainant", {}, (*choices, "cancel")),))


def category(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Ask what it is about: six groups first, then the categories of one."""
    group = asked.slot("group")
    if group in set(Phase):
        choices = [choice(f"category.{c}", "inform", category=c) for c in of_group(str(group))]
        said = Say("ask_category_group", {"group": str(group)}, (*choices, "back"))
        return Answer((said,))
    groups = [choice(f"group.{phase}", "inform", group=phase) for phase in Phase]
    return Answer((Say("ask_category", {}, (*groups, "back", "cancel")),))


def country(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Ask where it happened."""
    choices = [choice(f"country.{c}", "inform", country=c) for c in COUNTRIES]
    return Answer((Say("ask_country", {}, (*choices, "back", "cancel")),))


def province(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Ask for the home province, PAGE_LENGTH at a time."""
    first = page(asked) * PAGE_LENGTH
    shown = PROVINCES[first : first + PAGE_LENGTH]
    choices: list[SAYABLE] = [choice(f"province.{p}", "inform", province=p) for p in shown]
    unsaid = choice(f"province.{UNSAID}", "inform", province=UNSAID)
    return Answer((Say("ask_province", {}, (*choices, "more", unsaid, "back")),))


def page(asked: Asked) -> int:
    """Give the page of provinces that is shown, from 0; it starts again after the last."""
    turned = asked.slot("page") or "0"
    pages = -(-len(PROVINCES) // PAGE_LENGTH)
    return int(turned) % pages if turned.isdecimal() else 0


def story(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Ask what happened, or say that what just came is kept."""
    if asked.intent == "told" and asked.entities.get("told") == "story":
        return Answer((Say("story_kept"),))
    own = draft.find(session, asked.conversation)
    if own is not None and draft.parts(session, own, "story"):
        return Answer((Say("ask_story_more"),))
    if asked.intent == "done":
        return Answer((Say("story_empty"),))
    return Answer((Say("ask_story"),))


def identity(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Ask whether a name is given."""
    return Answer((Say("ask_identity"),))


def name(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Ask for the name."""
    return Answer((Say("ask_name"),))


def _consent(code: str) -> Action:
    def ask(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
        if asked.slot("store") == "no":
            return Answer((_advice("store_refused", asked),))
        if code == "contact_me" and nobody_may_read(asked.slots):
            return Answer((_advice("nobody_can_act", asked),))
        yes, no = (choice(f"yes_no.{v}", "inform", **{code: v}) for v in ("yes", "no"))
        return Answer((Say("ask_consent", {"consent": code}, (yes, no, "back", "cancel")),))

    ask.__doc__ = f"Ask for the consent `{code}`, or say what its refusal before means."
    return ask


def _advice(key: str, asked: Asked) -> Say:
    """Say that nothing goes out, with the numbers of the country where it happened."""
    where = asked.slot("country")
    return Say(key, {"country": where} if where else {})


def lodge(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Read everything back and ask whether to send it."""
    if asked.intent == "deny":
        return Answer((Say("lodge_not_yet"),))
    codes = {
        step: str(asked.slot(step))
        for step in ("complainant", "category", "country", "province", "contact_me")
    }
    agreed = (s.removeprefix("share_") for s in SHARES if asked.slot(s) == "yes")
    codes["shares"] = ",".join(agreed)
    key = "summary_anonymous" if asked.slot("identity") == "anonymous" else "summary_named"
    return Answer((Say(key, codes),))


ASKS: dict[str, Action] = {
    f"action_ask_{FORM}_{step}": ask
    for step, ask in {
        "complainant": complainant,
        "category": category,
        "country": country,
        "province": province,
        "story": story,
        "identity": identity,
        "name": name,
        "store": _consent("store"),
        **{step: _consent(step) for step in SHARES},
        "contact_me": _consent("contact_me"),
        "lodge": lodge,
    }.items()
}

"""The questions of the complaint form: what is said and which buttons stand under it."""

from sqlmodel import Session

from bot.actions.complaint import NAMED
from bot.actions.details import change, detail, details
from bot.actions.journey import (
    ANSWERED,
    AT,
    CORRECTED,
    FORM,
    OFFERED,
    PAGE_LENGTH,
    SHARES,
    Standing,
    of_group,
    others,
    shares,
    standing,
)
from bot.actions.protocol import SAYABLE, Action, Answer, Asked, Say, choice
from referrals import draft
from referrals.geography import PROVINCES, UNSAID
from referrals.intake import Detail
from referrals.site import Site
from referrals.taxonomy import Complainant, Country, Phase

COUNTRIES = (Country.TH, Country.MY, Country.KH, Country.OTHER)
"""Countries on buttons; the others are understood when typed."""

FIRST_PAGE = (
    "KH-1", "KH-2", "KH-3", "KH-6", "KH-7", "KH-14", "KH-15", "KH-17", "KH-22", "KH-24",
)  # fmt: skip
"""Provinces on the first page: those with a migrant worker resource centre, and some of those at
the Thai border (facts on geography).
"""

LISTED = (*FIRST_PAGE, *(province for province in PROVINCES if province not in FIRST_PAGE))

OTHERS = 2
"""Further partners offered under the summary: more buttons than a screen holds help nobody."""


def _now(session: Session, site: Site, asked: Asked) -> Standing:
    return standing(session, site, draft.find(session, asked.conversation))


def complainant(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Ask whose problem it is."""
    choices = [choice(f"complainant.{c}", "inform", complainant=c) for c in Complainant]
    return Answer((Say("ask_complainant", {}, (*choices, "join_group", "back")),))


def category(session: Session, site: Site, asked: Asked) -> Answer:
    """Ask what it is about: six groups first, then the categories of one."""
    group = asked.slot("group")
    if group in set(Phase):
        choices = [choice(f"category.{c}", "inform", category=c) for c in of_group(str(group))]
        said = Say("ask_category_group", {"group": str(group)}, (*choices, "back"))
        return Answer((said,))
    groups = [choice(f"group.{phase}", "inform", group=phase) for phase in Phase]
    answers = _now(session, site, asked).answers
    left = answers.get(AT) or "complainant" in answers  # for somewhere that back leads to
    beside = ("back",) if left else ("for_other",)
    return Answer((Say("ask_category", {}, (*groups, *beside, "cancel")),))


def country(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Ask where it happened."""
    choices = [choice(f"country.{c}", "inform", country=c) for c in COUNTRIES]
    return Answer((Say("ask_country", {}, (*choices, "back", "cancel")),))


def province(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Ask for the home province, PAGE_LENGTH at a time."""
    first = page(asked) * PAGE_LENGTH
    shown = LISTED[first : first + PAGE_LENGTH]
    choices: list[SAYABLE] = [choice(f"province.{p}", "inform", province=p) for p in shown]
    unsaid = choice(f"province.{UNSAID}", "inform", province=UNSAID)
    return Answer((Say("ask_province", {}, (*choices, "more", unsaid, "back")),))


def page(asked: Asked) -> int:
    """Give the page of provinces that is shown, from 0; it starts again after the last."""
    turned = asked.slot("page") or "0"
    pages = -(-len(PROVINCES) // PAGE_LENGTH)
    return int(turned) % pages if turned.isdecimal() else 0


def story(session: Session, site: Site, asked: Asked) -> Answer:
    """Ask what happened. Once something was told, the question whether it may be kept stands under
    it: whoever has more just sends it, and no tap is needed to say that this was all.
    """
    now = _now(session, site, asked)
    if "story" not in now.told:
        empty = asked.intent == "done" and asked.slot(ANSWERED) == "story"
        return Answer((Say("story_empty" if empty else "ask_story"),))
    if now.answers.get(AT) == "story":
        return Answer((Say("story_more"),))
    kept = Say("story_kept_ask", buttons=())
    if asked.intent == "told" and _told_before(session, asked):
        return Answer((Say("story_kept_ask", {}, _yes_no("store")),))
    return Answer((kept, Say("ask_consent", {"consent": "store"}, _yes_no("store"))))


def _told_before(session: Session, asked: Asked) -> bool:
    """Say whether this is not the first part: the question stands in the chat already."""
    own = draft.find(session, asked.conversation)
    if own is None:
        return False
    return len({part.update for part in draft.parts(session, own, "story")}) > 1


def _yes_no(code: str) -> tuple[SAYABLE, ...]:
    yes, no = (choice(f"yes_no.{v}", "inform", **{code: v}) for v in ("yes", "no"))
    return (yes, no, "back", "cancel")


def _consent(code: str) -> Action:
    def ask(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
        return Answer((Say("ask_consent", {"consent": code}, _yes_no(code)),))

    ask.__doc__ = f"Ask for the consent `{code}`."
    return ask


def store(session: Session, site: Site, asked: Asked) -> Answer:
    """Say what it means that nothing is kept, with the numbers of the country."""
    return Answer((_advice("store_refused", _now(session, site, asked)),))


def nobody(session: Session, site: Site, asked: Asked) -> Answer:
    """Say what it means that nobody may read it, with the numbers of the country."""
    return Answer((_advice("nobody_can_act", _now(session, site, asked)),))


def _advice(key: str, now: Standing) -> Say:
    where = now.answers.get("country")
    return Say(key, {"country": where} if where else {})


def lodge(session: Session, site: Site, asked: Asked) -> Answer:
    """Read everything back and ask whether to send it."""
    refused = asked.intent == "deny" and asked.slot(ANSWERED) == "lodge"
    if refused and not asked.entities.keys() & set(CORRECTED):
        return Answer((Say("lodge_not_yet"),))
    now = _now(session, site, asked)
    codes = {s: now.answers.get(s, "") for s in ("category", "country", "province", "contact_me")}
    codes["complainant"] = now.answers.get("complainant", Complainant.SELF)
    agreed = (s.removeprefix("share_") for s in shares(now) if now.answers.get(s) == "yes")
    codes["shares"] = ",".join(agreed)
    codes["extras"] = _extras(now)
    more: list[SAYABLE] = [choice(f"consent.{s}", "change", step=s) for s in others(now)[:OTHERS]]
    buttons: tuple[SAYABLE, ...] = ("send", "details", "change_answer", *more, "back", "cancel")
    return Answer((Say("summary", codes, buttons),))


def _extras(now: Standing) -> str:
    """List what else is known or was told, as labels: `table.code,table.code`."""
    places = [f"{s}.{now.answers[s]}" for s in sorted(NAMED) if s in now.answers]
    told = [f"detail.{each}" for each in Detail if each is not Detail.NAME and now.has(each)]
    return ",".join([*places, *told])


def _unless_offered(ask: Action) -> Action:
    """Leave the question out where another problem was offered just now: a yes would answer it."""

    def asks(session: Session, site: Site, asked: Asked) -> Answer:
        offered = asked.intent == "complaint" and OFFERED in _now(session, site, asked).answers
        return Answer() if offered else ask(session, site, asked)

    asks.__doc__ = ask.__doc__
    return asks


ASKS: dict[str, Action] = {
    f"action_ask_{FORM}_{step}": _unless_offered(ask)
    for step, ask in {
        "complainant": complainant,
        "category": category,
        "country": country,
        "province": province,
        "story": story,
        "store": store,
        **{share: _consent(share) for share in SHARES},
        "nobody": nobody,
        "contact_me": _consent("contact_me"),
        "details": details,
        "detail": detail,
        "change": change,
        "lodge": lodge,
    }.items()
}

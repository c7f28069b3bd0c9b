"""Danger first: the safety card, a person, a call back, and hiding the chat."""

from collections.abc import Mapping

from sqlmodel import Session

from bot import conversation, news
from bot.actions import wording
from bot.actions.journey import accepts, standing
from bot.actions.lodging import enough_today
from bot.actions.protocol import SAYABLE, Answer, Asked, Say, choice
from bot.actions.unfinished import has_draft
from bot.actions.urgent import call_again, call_for_help
from bot.content import content
from bot.content.render import SAFETY_CARD
from bot.message import Language
from referrals import case, consent, draft, lodging
from referrals.code import spoken
from referrals.site import Site
from referrals.taxonomy import Category, ConsentCode, Country

OFFER = "callback_offer"
AGREED = (ConsentCode.STORE, ConsentCode.SHARE_MRC, ConsentCode.CONTACT_ME)
"""What pressing the callback button agrees to, as the offer's words say."""

CHILD = "child"
"""The kind of danger (safety.yml) that concerns somebody under 18."""


def danger(session: Session, site: Site, asked: Asked) -> Answer:
    """Show the safety card before anything else. A rule pauses the form."""
    answers = _known(session, site, asked)
    kind = asked.entities.get("danger", "")
    kind = kind if kind in content().safety.words else ""
    card = Say(SAFETY_CARD, {**_where(answers), **({"kind": kind} if kind else {})}, ())
    shown = wording.entity(asked, _offered)
    ask_back = choice("button.callback", "callback", danger="yes", **shown)
    if kind == CHILD:
        _note_child(session, site, asked)
    called = call_again(session, site, asked.conversation)
    offer = _offer(session, asked, ask_back)
    if not called:
        return Answer((card, Say("danger_next"), *offer))
    ways = ("resume", "status", "menu") if has_draft(session, asked) else ("status", "menu")
    return Answer((card, *called, Say("danger_next", buttons=ways)))


def _note_child(session: Session, site: Site, asked: Asked) -> None:
    """Remember that a child is concerned, for what she is telling or tells next."""
    conversation.note_child(session, asked.conversation, asked.now)
    own = draft.find(session, asked.conversation)
    if own is not None:
        draft.answer(session, site, own, "minor", "yes")


def human(session: Session, site: Site, asked: Asked) -> Answer:
    """Say who can be called, and offer that somebody writes. A rule pauses the form."""
    answers = _known(session, site, asked)
    ask_back = choice("button.callback", "callback", **wording.entity(asked, _offered))
    says = (Say("human", _where(answers)), *_offer(session, asked, ask_back))
    return Answer(says)


def _offer(session: Session, asked: Asked, callback_button: SAYABLE) -> tuple[Say, ...]:
    """Say what the button means, always in the words that will be recorded."""
    if has_draft(session, asked):
        return (
            Say(OFFER, buttons=()),
            Say("callback_offer_paused", buttons=(callback_button, "resume", "menu")),
        )
    return (Say(OFFER, buttons=(callback_button, "complain", "menu")),)


def _known(session: Session, site: Site, asked: Asked) -> Mapping[str, str]:
    """Give what the draft knows, corrected by what was just said."""
    own = draft.find(session, asked.conversation)
    known = draft.answers(site, own) if own is not None else {}
    said = {
        step: asked.entities[step]
        for step in ("category", "country", "province")
        if accepts(step, asked.entities.get(step, ""))
    }
    return {**known, **said}


def _where(answers: Mapping[str, str]) -> dict[str, str]:
    return {"country": answers["country"]} if answers.get("country") else {}


def callback(session: Session, site: Site, asked: Asked) -> Answer:
    """Lodge the small case that says: please write to me; while it is open, there is no second.

    Who agreed to other words than today's is asked again.
    """
    answers = _known(session, site, asked)
    read = wording.read(asked, _offered)
    if read is None:
        offers = danger if asked.entities.get("danger") else human
        return offers(session, site, asked)
    try:
        lodged = lodging.request_callback(
            session,
            site,
            conversation=asked.conversation,
            channel=asked.channel,
            update=asked.delivery,
            category=Category(answers.get("category", Category.OTHER)),
            country=Country(answers.get("country", Country.OTHER)),
            province=answers.get("province"),
            language=asked.language,
            danger="yes" in (asked.entities.get("danger"), answers.get("danger"))
            or conversation.in_danger(session, asked.conversation, asked.now),
            minor=_minor(session, site, asked),
            asked=_agreed(asked, read),
        )
    except lodging.NobodyCanReceive:
        return Answer((Say("lodge_unable", _where(answers)),))
    except lodging.EnoughToday:
        return Answer((enough_today(answers.get("country")),))
    called = call_for_help(session, site, case.by_code(session, lodged.code))
    key = "callback_done_paused" if has_draft(session, asked) else "callback_done"
    return Answer((*called, Say(key, {"code": spoken(lodged.code)})))


def _minor(session: Session, site: Site, asked: Asked) -> bool:
    """Say whether a child is concerned: as she said just now, or in what she is telling."""
    told = standing(session, site, draft.find(session, asked.conversation))
    return told.minor or conversation.child_in_danger(session, asked.conversation, asked.now)


def _offered(language: Language) -> tuple[int, str]:
    """Give the version and the words of the offer."""
    offer = content().says[OFFER]
    return offer.version, offer.text(language)


def _agreed(asked: Asked, read: tuple[Language, int, str]) -> list[consent.Asked]:
    language, version, words = read
    return [consent.Asked(code, True, version, language, words, asked.now) for code in AGREED]


def hide(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Tell how to delete the chat, and leave an innocent line as its last.

    News ends with it: the next piece would give away by itself what this chat is.
    """
    news.unsubscribe(session, asked.conversation)
    conversation.note_hidden(session, asked.conversation, asked.now)
    how = f"hide_how_{asked.channel}"
    if how not in content().says:
        how = "hide_how_web"
    return Answer((Say(how), Say("hide_last")))

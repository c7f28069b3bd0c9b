"""Asking for news about a country, and for no more of it."""

from sqlmodel import Session

from bot import news as alerts
from bot.actions.protocol import SAYABLE, Answer, Asked, Say, choice
from bot.content import content
from referrals.site import Site

ASK = "news_ask"


def news(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Begin or end the news; without a country, ask which.

    To choose a country is a consent: kept with it is which version of the question asked, and in
    which language. The buttons name what they do, so that a repeat changes nothing.
    """
    if asked.entities.get("stop") == "yes":
        had_any = alerts.unsubscribe(session, asked.conversation)
        return _said(asked, "news_off" if had_any else "news_none")
    country = asked.entities.get("country")
    if country not in offered():
        return _said(asked, ASK, buttons=_choices())
    alerts.subscribe(
        session,
        asked.conversation,
        country,
        language=asked.language,
        asked_version=content().says[ASK].version,
        now=asked.now,
    )
    return _said(asked, "news_on", {"country": country})


def offered() -> tuple[str, ...]:
    """Give the countries that have a name for their button."""
    return tuple(each for each in alerts.COUNTRIES if each in content().labels["country"])


def _choices() -> tuple[SAYABLE, ...]:
    countries = [choice(f"country.{each}", "news", country=each) for each in offered()]
    return (*countries, "menu")


def _said(
    asked: Asked,
    key: str,
    values: dict[str, str] | None = None,
    buttons: tuple[SAYABLE, ...] | None = None,
) -> Answer:
    """Say it; within a form without buttons, for the form's own question comes again."""
    return Answer((Say(key, values or {}, buttons=() if asked.loop else buttons),))

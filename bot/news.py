"""News to people who asked for it: who wants which country's, what was written, who saw it.

All text in here is public. Who gets what is kept by the pseudonym of the conversation alone. Whom
it reaches: bot/audience.py. How it is sent, and survives a crash: bot/broadcast.py.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import func
from sqlmodel import Field, Session, SQLModel, col, delete, select, update

from bot.content import ANYWHERE, Content
from bot.content.render import ANY_COUNTRY, render
from bot.content.rules import FUTURE, SOURCE_LIMIT, UNKNOWN, Complaint, both
from bot.message import Language, Reply
from referrals.store import UtcDateTime

NEWS_ITEM = "news_item"
"""The say that carries a piece of news."""

TEXT_LIMIT = 350
"""Characters of a piece of news, in each language."""

COUNTRIES = (*ANY_COUNTRY, ANYWHERE)
"""Where a piece of news can be about; somebody who asked for ANYWHERE gets it all."""

SHOWN_FOR = timedelta(days=14)
"""For how long news that could not be pushed is shown to somebody who writes."""

SHOWN_AT_ONCE = 2
"""How much of it is shown in one turn."""


class AlertState(StrEnum):
    """Where a piece of news stands."""

    DRAFT = "draft"
    SENDING = "sending"
    STOPPED = "stopped"
    DONE = "done"


class Delivery(StrEnum):
    """What became of a piece of news for one person.

    UNSURE: it may have arrived, and so is never sent again. LATER: she sees it when she next
    writes. UNWANTED: she asked for no more news before it was her turn.
    """

    WAITING = "waiting"
    TRYING = "trying"
    SENT = "sent"
    UNSURE = "unsure"
    REFUSED = "refused"
    LATER = "later"
    UNWANTED = "unwanted"


class NewsSubscription(SQLModel, table=True):
    """Somebody asked for a country's news: since when, and which words asked her, in which
    language.
    """

    __tablename__ = "news_subscription"

    conversation: str = Field(primary_key=True, max_length=64)
    country: str = Field(primary_key=True, max_length=8)
    since: datetime = Field(sa_type=UtcDateTime)
    language: str = Field(max_length=2)
    asked_version: int


class Alert(SQLModel, table=True):
    """One piece of news. `as_of` is the day on which it was so, in Phnom Penh."""

    __tablename__ = "alert"

    id: str = Field(default_factory=lambda: uuid4().hex, primary_key=True, max_length=32)
    country: str = Field(max_length=8)
    text_km: str = Field(max_length=TEXT_LIMIT)
    text_en: str = Field(max_length=TEXT_LIMIT)
    source_km: str = Field(max_length=SOURCE_LIMIT)
    source_en: str = Field(max_length=SOURCE_LIMIT)
    as_of: date
    state: str = Field(default=AlertState.DRAFT, max_length=16, index=True)
    author_id: str | None = Field(default=None, foreign_key="member.id", max_length=32)
    created_at: datetime = Field(sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AlertDelivery(SQLModel, table=True):
    """One person to whom a piece of news goes; `at` is when this last changed."""

    __tablename__ = "alert_delivery"

    alert_id: str = Field(primary_key=True, foreign_key="alert.id", max_length=32)
    conversation: str = Field(primary_key=True, max_length=64, index=True)
    state: str = Field(max_length=16, index=True)
    at: datetime = Field(sa_type=UtcDateTime)


class NoSuchAlert(Exception):
    """There is no such news, or it was thrown away."""


class NotADraft(Exception):
    """News that was sent is not changed, thrown away or sent again."""


# ---- who wants it


def subscribe(
    session: Session,
    conversation: str,
    country: str,
    *,
    language: Language,
    asked_version: int,
    now: datetime,
) -> None:
    """Have the news of a country, or of ANYWHERE, sent. Asked again, the first time stands.

    `asked_version` is the version of the question that was seen, `language` its language. Raises
    ValueError for a country there is no news of.
    """
    if country not in COUNTRIES:
        raise ValueError("there is no news of this country")
    if session.get(NewsSubscription, (conversation, country)) is None:
        session.add(
            NewsSubscription(
                conversation=conversation,
                country=country,
                since=now,
                language=language.value,
                asked_version=asked_version,
            )
        )
        session.flush()


def unsubscribe(session: Session, conversation: str) -> bool:
    """Send this conversation no more news; False when it got none."""
    gone = session.exec(
        delete(NewsSubscription).where(col(NewsSubscription.conversation) == conversation)
    )
    return gone.rowcount > 0


def subscriptions(session: Session, conversation: str) -> list[NewsSubscription]:
    """Give what a conversation asked for, the oldest first."""
    return list(
        session.exec(
            select(NewsSubscription)
            .where(NewsSubscription.conversation == conversation)
            .order_by(col(NewsSubscription.since), col(NewsSubscription.country))
        )
    )


def wants(session: Session, conversation: str, country: str) -> bool:
    """Say whether a conversation asked for news about this country."""
    return any(
        country in (ANYWHERE, each.country) or each.country == ANYWHERE
        for each in subscriptions(session, conversation)
    )


def forget(session: Session, conversation: str) -> None:
    """Forget that this conversation asked for news, and what it got."""
    unsubscribe(session, conversation)
    session.exec(delete(AlertDelivery).where(col(AlertDelivery.conversation) == conversation))


# ---- what is written


@dataclass(frozen=True, slots=True)
class Written:
    """A piece of news as an editor writes it."""

    country: str
    text_km: str
    text_en: str
    source_km: str
    source_en: str
    as_of: date


def said(alert: Alert | Written, language: Language) -> Mapping[str, Any]:
    """Give the say of a piece of news, for bot/content/render.py."""
    km = language is Language.KM
    return {
        "say": NEWS_ITEM,
        "with": {
            "news": alert.text_km if km else alert.text_en,
            "source": alert.source_km if km else alert.source_en,
            "as_of": alert.as_of.isoformat(),
        },
    }


def bubbles(alert: Alert | Written, language: Language, words: Content, today: date) -> list[Reply]:
    """Give a piece of news exactly as it is sent."""
    return render(said(alert, language), language, words, {}, today)


ONE_BUBBLE = "There is an empty line: news is one bubble."


_NO_BRACES = str.maketrans("{}", "()")


def judge(written: Written, words: Content, today: date) -> list[Complaint]:
    """Give what is wrong with a piece of news. No number that could be called may stand in it, not
    even a checked one: what is sent stays in the chat after the number is no longer confirmed.

    Places are country, text.km, text.en, source.km, source.en, as_of.
    """
    # News has no placeholders, so what stands in braces is read like the rest.
    text_km, text_en, source_km, source_en = (
        words_.translate(_NO_BRACES)
        for words_ in (written.text_km, written.text_en, written.source_km, written.source_en)
    )
    found = [
        *both("text", text_km, text_en, TEXT_LIMIT),
        *both("source", source_km, source_en, SOURCE_LIMIT),
    ]
    if written.country not in COUNTRIES:
        found.append(Complaint("country", UNKNOWN, written.country))
    if written.as_of > today:
        found.append(Complaint("as_of", FUTURE, written.as_of.isoformat()))
    for language in Language:
        # Sent as two messages it could arrive by half.
        if not found and len(bubbles(written, language, words, today)) != 1:
            found.append(Complaint(f"text.{language.value}", ONE_BUBBLE))
    return found


def write(session: Session, written: Written, *, author: str | None, now: datetime) -> Alert:
    """Begin a draft. Whether the words may be sent is judged before (`judge`)."""
    alert = Alert(**asdict(written), author_id=author, created_at=now)
    session.add(alert)
    session.flush()
    return alert


def change(session: Session, alert_id: str, written: Written, *, author: str | None) -> Alert:
    """Write a draft anew. Raises NoSuchAlert, NotADraft."""
    alert = draft_of(session, alert_id)
    for name, value in asdict(written).items():
        setattr(alert, name, value)
    alert.author_id = author
    session.add(alert)
    session.flush()
    return alert


def discard(session: Session, alert_id: str) -> None:
    """Throw a draft away. Raises NoSuchAlert, NotADraft."""
    session.delete(draft_of(session, alert_id))
    session.flush()


def alert_of(session: Session, alert_id: str) -> Alert:
    """Give a piece of news. Raises NoSuchAlert."""
    alert = session.get(Alert, alert_id)
    if alert is None:
        raise NoSuchAlert
    return alert


def draft_of(session: Session, alert_id: str) -> Alert:
    """Give a draft, locked where the database locks rows. Raises NoSuchAlert, NotADraft."""
    alert = session.get(Alert, alert_id, with_for_update=True, populate_existing=True)
    if alert is None:
        raise NoSuchAlert
    if alert.state != AlertState.DRAFT:
        raise NotADraft
    return alert


def alerts(session: Session) -> list[Alert]:
    """Give all news, the newest first."""
    return list(session.exec(select(Alert).order_by(col(Alert.created_at).desc(), col(Alert.id))))


# ---- what became of it


def stop(session: Session, alert_id: str, now: datetime) -> None:
    """Send a piece of news to nobody else, and show it to nobody who writes later.

    Raises NoSuchAlert, NotADraft when it was not sent at all.
    """
    alert = alert_of(session, alert_id)
    if alert.state == AlertState.DRAFT:
        raise NotADraft
    alert.state, alert.ended_at = AlertState.STOPPED, alert.ended_at or now
    session.add(alert)
    session.flush()


def result(session: Session, alert_id: str) -> Mapping[Delivery, int]:
    """Count what became of a piece of news; every state is named."""
    counted = dict(
        session.exec(
            select(AlertDelivery.state, func.count())
            .where(AlertDelivery.alert_id == alert_id)
            .group_by(col(AlertDelivery.state))
        ).all()
    )
    return {state: counted.get(state, 0) for state in Delivery}


def results(session: Session) -> Mapping[str, Mapping[Delivery, int]]:
    """Count the same for all news at once."""
    found: dict[str, dict[Delivery, int]] = {}
    rows = session.exec(
        select(AlertDelivery.alert_id, AlertDelivery.state, func.count()).group_by(
            col(AlertDelivery.alert_id), col(AlertDelivery.state)
        )
    )
    for alert_id, state, count in rows:
        found.setdefault(alert_id, dict.fromkeys(Delivery, 0))[Delivery(state)] = count
    return found


# ---- who sees it when she writes


def due(session: Session, conversation: str, now: datetime) -> list[Alert]:
    """Give the news to show to somebody who just wrote: what could not be pushed, is not too old,
    was not stopped, and is still wanted. The newest SHOWN_AT_ONCE of it, the oldest first.
    """
    found = session.exec(
        select(Alert)
        .join(AlertDelivery, col(AlertDelivery.alert_id) == col(Alert.id))
        .where(
            AlertDelivery.conversation == conversation,
            AlertDelivery.state == Delivery.LATER,
            col(Alert.state).in_((AlertState.SENDING, AlertState.DONE)),
            col(Alert.started_at) > now - SHOWN_FOR,
        )
        .order_by(col(Alert.started_at).desc(), col(Alert.id))
    )
    wanted = [alert for alert in found if wants(session, conversation, alert.country)]
    return wanted[:SHOWN_AT_ONCE][::-1]


def mark_shown(session: Session, alert_id: str, conversation: str, now: datetime) -> None:
    """Remember that she saw it. Again, or for somebody it was not due to, changes nothing."""
    move(session, alert_id, conversation, Delivery.LATER, Delivery.SENT, now)


def move(
    session: Session,
    alert_id: str,
    conversation: str,
    state: Delivery,
    to: Delivery,
    now: datetime,
) -> bool:
    """Bring a delivery from one state to the next; False when it was not in that state.

    This is what makes two that run at once send once: only one of them moves a row to TRYING.
    """
    moved = session.exec(
        update(AlertDelivery)
        .where(
            col(AlertDelivery.alert_id) == alert_id,
            col(AlertDelivery.conversation) == conversation,
            col(AlertDelivery.state) == state,
        )
        .values(state=to, at=now)
    )
    return moved.rowcount == 1

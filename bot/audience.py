"""Whom a piece of news reaches: counted first, and frozen when it is let go."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from bot.channels.messenger import window_open
from bot.content import ANYWHERE
from bot.message import ChannelName
from bot.news import AlertDelivery, AlertState, Delivery, NewsSubscription, draft_of
from referrals.contact import Contact


class AudienceChanged(Exception):
    """Another number of people would get it than the sender was told."""


@dataclass(frozen=True, slots=True)
class Audience:
    """How many people a piece of news goes to, by channel: who gets it `now`, and who sees it only
    when she next writes (`later`).
    """

    now: Mapping[str, int]
    later: Mapping[str, int]

    @property
    def count(self) -> int:
        """Everybody it goes to."""
        return sum(self.now.values()) + sum(self.later.values())


def pushable(
    channel: str | None, last_heard: datetime | None, on: Collection[str], now: datetime
) -> bool:
    """Say whether somebody can be written to now: her channel is `on`, and Messenger's window is
    open. A web page asks for its replies itself.
    """
    if channel is None or channel == ChannelName.WEB or channel not in on or last_heard is None:
        return False
    return channel != ChannelName.MESSENGER or window_open(last_heard, now)


NOWHERE = "none"
"""Stands for the channel of somebody whose address is not known."""


def _recipients(
    session: Session, country: str, on: Collection[str], now: datetime
) -> list[tuple[str, str, bool]]:
    """Give conversation, channel and whether it can be pushed, each person once."""
    query = (
        select(NewsSubscription.conversation, Contact.channel, Contact.last_heard)
        .outerjoin(Contact, col(Contact.conversation) == col(NewsSubscription.conversation))
        .distinct()
    )
    if country != ANYWHERE:
        query = query.where(col(NewsSubscription.country).in_((country, ANYWHERE)))
    return [
        (conversation, channel or NOWHERE, pushable(channel, heard, on, now))
        for conversation, channel, heard in session.exec(query)
    ]


def _counted(recipients: Sequence[tuple[str, str, bool]]) -> Audience:
    now: dict[str, int] = {}
    later: dict[str, int] = {}
    for _, channel, pushed in recipients:
        side = now if pushed else later
        side[channel] = side.get(channel, 0) + 1
    return Audience(dict(sorted(now.items())), dict(sorted(later.items())))


def audience(session: Session, country: str, on: Collection[str], now: datetime) -> Audience:
    """Count whom news of a country would reach now; `on` are the channels that are on."""
    return _counted(_recipients(session, country, on, now))


def freeze(
    session: Session, alert_id: str, on: Collection[str], now: datetime, *, told: int
) -> Audience:
    """Decide for good who gets a piece of news, and let it go. `told` is the number of people that
    the sender agreed to.

    Raises NoSuchAlert, NotADraft, AudienceChanged.
    """
    alert = draft_of(session, alert_id)
    recipients = _recipients(session, alert.country, on, now)
    if len(recipients) != told:
        raise AudienceChanged
    for conversation, _, pushed in recipients:
        state = Delivery.WAITING if pushed else Delivery.LATER
        session.add(
            AlertDelivery(alert_id=alert_id, conversation=conversation, state=state, at=now)
        )
    alert.state, alert.started_at = AlertState.SENDING, now
    session.add(alert)
    session.flush()
    return _counted(recipients)

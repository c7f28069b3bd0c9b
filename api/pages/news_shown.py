"""News in the words of the desk: its state, whom it would reach, and what became of it."""

from collections.abc import Mapping
from datetime import date, datetime

from api.pages import editing
from api.pages.news_views import AudienceView, Count, Phone, ProgressView
from api.pages.views import Label
from api.words import CHANNELS, Words, mark
from bot import news
from bot.audience import NOWHERE, Audience
from bot.content import Content
from bot.message import Language
from bot.news import Alert, AlertState, Delivery
from bot.when import QuietHours

STATES: Mapping[str, str] = {
    AlertState.DRAFT: mark("Draft"),
    AlertState.SENDING: mark("Being sent"),
    AlertState.STOPPED: mark("Stopped"),
    AlertState.DONE: mark("Sent"),
}
DELIVERIES: Mapping[str, str] = {
    Delivery.WAITING: mark("Waiting"),
    Delivery.SENT: mark("Arrived"),
    Delivery.LATER: mark("See it when they next write"),
    Delivery.UNSURE: mark("Not sure"),
    Delivery.REFUSED: mark("Refused"),
    Delivery.UNWANTED: mark("Want no more news"),
}
"""What became of a piece of news, in the order in which it is shown."""

MORE: Mapping[str, str] = {
    Delivery.UNSURE: mark(
        "It may have arrived. It is not sent again, so that nobody gets it twice."
    ),
    Delivery.REFUSED: mark("The person blocked the bot, or the platform did not take it."),
    Delivery.LATER: mark("Shown for 14 days, to those who write meanwhile."),
}
NOT_SENT = mark("Not sent")
"""What those who wait are called once it was stopped."""

NOT_SHOWN = mark("Will not see it")
"""What those who had not written are called once it was stopped, or is too old to be shown."""

NO_ADDRESS = mark("No address yet")


def state(alert: Alert, words: Words) -> Label:
    """Say where a piece of news stands."""
    return Label(alert.state, words.named(STATES, alert.state))


def counts(
    alert: Alert, result: Mapping[Delivery, int], now: datetime, words: Words
) -> tuple[Count, ...]:
    """Give what became of it; who is just being sent to counts as waiting."""
    numbers: dict[str, int] = {state.value: number for state, number in result.items()}
    numbers[Delivery.WAITING] += result[Delivery.TRYING]
    names, more = {**DELIVERIES}, {**MORE}
    if alert.state == AlertState.STOPPED:
        names[Delivery.WAITING] = NOT_SENT
    if not shown_to_come(alert, now):
        names[Delivery.LATER] = NOT_SHOWN
        del more[Delivery.LATER]
    return tuple(
        Count(
            Label(code, words.named(names, code)),
            numbers[code],
            words.named(more, code) if code in more and numbers[code] else "",
        )
        for code in DELIVERIES
    )


def shown_to_come(alert: Alert, now: datetime) -> bool:
    """Say whether it is shown to those who have not written since."""
    young = alert.started_at is not None and now - alert.started_at < news.SHOWN_FOR
    return young and alert.state != AlertState.STOPPED


def audience(reached: Audience, words: Words) -> AudienceView:
    """Say whom a draft would reach, by channel."""

    def by(numbers: Mapping[str, int]) -> tuple[Count, ...]:
        names = {**CHANNELS, NOWHERE: NO_ADDRESS}
        return tuple(Count(Label(c, words.named(names, c)), n) for c, n in numbers.items())

    return AudienceView(
        count=reached.count,
        now=sum(reached.now.values()),
        later=sum(reached.later.values()),
        now_by=by(reached.now),
        later_by=by(reached.later),
    )


def progress(
    quiet: QuietHours,
    alert: Alert,
    result: Mapping[Delivery, int],
    now: datetime,
    words: Words,
) -> ProgressView:
    """Say how far the sending is, and what became of it."""
    sending = alert.state == AlertState.SENDING
    waiting = result[Delivery.WAITING] + result[Delivery.TRYING]
    total = sum(result.values())
    shown_later = result[Delivery.LATER] > 0 and shown_to_come(alert, now)
    return ProgressView(
        total=total,
        handled=total - waiting,
        counts=counts(alert, result, now, words),
        wakes=wakes(quiet, now) if sending and waiting else None,
        may_stop=sending or shown_later,
    )


def phones(alert: Alert, content: Content, today: date, words: Words) -> tuple[Phone, ...]:
    """Show a piece of news as the chat will, in both languages: exactly what is sent."""
    return tuple(
        Phone(
            editing.language_label(language, words),
            tuple(editing.bubble(each) for each in news.bubbles(alert, language, content, today)),
        )
        for language in Language
    )


def wakes(quiet: QuietHours, now: datetime) -> datetime | None:
    """Give when the quiet hours around this moment end; None when it is in none."""
    return quiet.over_at(now) if quiet.holds(now) else None

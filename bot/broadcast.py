"""Sending news to many, so that a crash sends it to nobody twice and leaves nobody out.

The recipients are frozen (audience.freeze) before anything is sent. Then short runs follow one
another, each of which sends for some seconds and has the next one begin, at once or after a pause:
a run of hours, or one that sleeps, could not be ended with the program. A row is moved to TRYING,
for good, before its message leaves; a row that a crash left there may have been sent, so it is
UNSURE and is never sent again.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from aiolimiter import AsyncLimiter
from dbos import DBOS, SetEnqueueOptions, SetWorkflowID
from sqlalchemy import func
from sqlmodel import Session, col, select, update

from bot import audience, conversation, durable, news, outbox
from bot.content import living
from bot.message import Language, Reply, TryLater
from bot.news import Alert, AlertDelivery, AlertState, Delivery
from bot.turn import Turns
from bot.when import local_date
from referrals.contact import Contact

log = logging.getLogger(__name__)

QUEUE = "news"
RESUME = "resume-news"
AT_ONCE = 2
"""How many pieces of news are sent side by side; together they keep the one rate."""

PATIENCE = timedelta(days=2)
"""After this time whoever could not be reached sees the news when she next writes."""

# What comes after a run.
GO_ON, NIGHT, HELD, OVER = "go_on", "night", "held", "over"


@dataclass(frozen=True, slots=True)
class Terms:
    """How news is sent: messages a second, and the seconds of one run's work and of the longest
    pause before it is looked again whether it is still night, or the platform still away.
    """

    per_second: float = 5.0
    work: float = 20.0
    nap: float = 600.0


_terms = Terms()
_closed = threading.Event()


# ---- one run


def send_some(
    turns: Turns, alert_id: str, terms: Terms, stopping: Callable[[], bool] = lambda: False
) -> tuple[str, float, int]:
    """Send to those who wait, in turn, for about `terms.work` seconds or until it is `stopping`.

    Gives what comes next, after how many seconds at least, and how many were sent. It may end
    anywhere, by a crash too, and be called again. Raises what a broken database raises.
    """
    with turns.site.store.writing() as session:
        _doubt(session, alert_id, turns.site.clock())
        if _finished(session, alert_id, turns.site.clock()):
            return OVER, 0.0, 0
        replies = _replies(session, alert_id, turns)
    until, sent, paced = time.monotonic() + terms.work, 0, False
    held: dict[str, float] = {}
    while time.monotonic() < until and not stopping():
        now = turns.site.clock()
        if turns.quiet.holds(now):
            return NIGHT, (turns.quiet.over_at(now) - now).total_seconds(), sent
        if not paced:  # before the row is taken: what waits here is still WAITING
            turns.wait(_next_moment(terms.per_second))
            paced = True
        with turns.site.store.writing() as session:
            taken = _take(session, alert_id, turns, held)
        if taken is None:
            break
        if taken.state is Delivery.TRYING:
            paced = False
            ended, pause = _send(turns, taken.conversation, replies[taken.language])
            with turns.site.store.writing() as session:
                news.move(
                    session,
                    alert_id,
                    taken.conversation,
                    Delivery.TRYING,
                    ended,
                    turns.site.clock(),
                )
            sent += ended is Delivery.SENT
            if pause is not None:
                held[taken.channel] = pause
    else:
        return GO_ON, 0.0, sent
    with turns.site.store.writing() as session:
        if _finished(session, alert_id, turns.site.clock()):
            return OVER, 0.0, sent
    return HELD, max(held.values(), default=0.0), sent


@dataclass(frozen=True, slots=True)
class _Taken:
    """Whose turn it was, and to which state she was moved, if at all."""

    conversation: str
    channel: str
    language: Language
    state: Delivery | None


def _doubt(session: Session, alert_id: str, now: datetime) -> None:
    """Call unsure what an earlier run left behind half way."""
    session.exec(
        update(AlertDelivery)
        .where(col(AlertDelivery.alert_id) == alert_id, col(AlertDelivery.state) == Delivery.TRYING)
        .values(state=Delivery.UNSURE, at=now)
    )


def _replies(session: Session, alert_id: str, turns: Turns) -> dict[Language, list[Reply]]:
    now = turns.site.clock()
    words, alert = living.current(session, now), news.alert_of(session, alert_id)
    return {each: news.bubbles(alert, each, words, local_date(now)) for each in Language}


def _take(session: Session, alert_id: str, turns: Turns, held: dict[str, float]) -> _Taken | None:
    """Take the next who waits, of the channels that are not `held`; None when there is nobody, or
    the news was stopped.

    Only when she is moved to TRYING may anything be sent to her.
    """
    now, alert = turns.site.clock(), news.alert_of(session, alert_id)
    if alert.state != AlertState.SENDING:
        return None
    channel_ = func.coalesce(Contact.channel, audience.NOWHERE)
    found = session.exec(
        select(AlertDelivery.conversation, channel_, Contact.last_heard)
        .outerjoin(Contact, col(Contact.conversation) == col(AlertDelivery.conversation))
        .where(
            AlertDelivery.alert_id == alert_id,
            AlertDelivery.state == Delivery.WAITING,
            channel_.not_in(list(held)),
        )
        .order_by(col(AlertDelivery.at), col(AlertDelivery.conversation))
        .limit(1)
    ).first()
    if found is None:
        return None
    her, channel, heard = found
    late = alert.started_at is not None and now - alert.started_at > PATIENCE
    if not news.wants(session, her, alert.country):
        state = Delivery.UNWANTED
    elif late or not audience.pushable(channel, heard, turns.channels, now):
        state = Delivery.LATER
    else:
        state = Delivery.TRYING
    language = conversation.state(session, her).language
    moved = news.move(session, alert_id, her, Delivery.WAITING, state, now)
    # Not moved: another run was faster (PostgreSQL), and sends it.
    return _Taken(her, channel, language, state if moved else None)


def _send(turns: Turns, her: str, replies: list[Reply]) -> tuple[Delivery, float | None]:
    """Send the bubbles of one piece of news. Gives what became of it and, when the platform wants
    a pause, its seconds.
    """
    for number, reply in enumerate(replies):
        try:
            # Whatever is said next: how to stop it stays under each piece of news.
            if not outbox.send(turns, her, reply, followed=True):
                return (Delivery.UNSURE if number else Delivery.REFUSED), None
        except TryLater as refusal:
            again = refusal.unsent and not number
            return (Delivery.WAITING if again else Delivery.UNSURE), refusal.after or 0.0
    return Delivery.SENT, None


def _finished(session: Session, alert_id: str, now: datetime) -> bool:
    """Note the end when nobody waits any more; say whether nothing is left to do."""
    alert = session.get(Alert, alert_id)
    if alert is None or alert.state != AlertState.SENDING:
        return True
    waiting = news.result(session, alert_id)[Delivery.WAITING]
    if waiting == 0:
        # Only if nobody stopped it meanwhile: what was stopped is shown to nobody who writes later.
        session.exec(
            update(Alert)
            .where(col(Alert.id) == alert_id, col(Alert.state) == AlertState.SENDING)
            .values(state=AlertState.DONE, ended_at=now)
        )
    return waiting == 0


_limiters: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[float, AsyncLimiter]] = (
    WeakKeyDictionary()
)


async def _next_moment(per_second: float) -> None:
    """Wait on the server's loop until one more may leave: evenly, so that replies get through."""
    loop = asyncio.get_running_loop()
    rate, limiter = _limiters.get(loop, (None, None))
    if limiter is None or rate != per_second:
        limiter = AsyncLimiter(1, 1 / per_second)
        _limiters[loop] = per_second, limiter
    await limiter.acquire()


# ---- run after run


def _stopping() -> bool:
    """Say whether the program ends, or has not quite begun: then nothing is begun, and a run that
    is at work comes to its end.
    """
    house = durable._house
    return _closed.is_set() or house is None or not house.open.is_set()


@DBOS.step(name="send news")
def _send_some(alert_id: str) -> tuple[str, float, int]:
    return send_some(durable._here().turns, alert_id, _terms, _stopping)


@DBOS.workflow(name="news")
def news_workflow(alert_id: str, number: int, waits: int) -> str:
    """Make one run, and have the next one begin; gives what comes next.

    `waits` is for how many runs nothing could be sent: the pauses between them grow.
    """
    try:
        then, seconds, sent = _send_some(alert_id)
    except Exception as error:
        # Whatever went wrong, those who wait are not forgotten.
        log.error("news could not be sent: %s", type(error).__name__)
        then, seconds, sent = HELD, 0.0, 0
    if then == OVER:
        return OVER
    waits = waits + 1 if then == HELD and not sent else 0
    if then == HELD:
        seconds = max(seconds, min(2.0**waits, _terms.nap))
    if then == NIGHT:
        seconds = min(seconds, _terms.nap)
    _enqueue(alert_id, number + 1, waits, seconds)
    return str(then)


def _enqueue(alert_id: str, number: int, waits: int, seconds: float) -> None:
    options: dict[str, Any] = {"delay_seconds": seconds} if seconds > 0 else {}
    with (
        SetWorkflowID(f"news-{alert_id}-{number}"),
        SetEnqueueOptions(queue_partition_key=alert_id, **options),
    ):
        DBOS.enqueue_workflow(QUEUE, news_workflow, alert_id, number, waits)


@DBOS.workflow(name="resume news")
def resume_workflow(_scheduled: datetime, _context: Any) -> None:
    """Every ten minutes: go on with what nobody goes on with."""
    _resume()


@DBOS.step(name="resume news")
def _resume() -> None:
    resume()


def resume() -> None:
    """Go on with news that is to be sent and has no run to come: a crash prevented its first one,
    or something broke before the next was begun.
    """
    with durable._here().turns.site.store.reading() as session:
        going = [each.id for each in news.alerts(session) if each.state == AlertState.SENDING]
    for alert_id in going:
        if not _runs(alert_id, _TO_COME):
            _enqueue(alert_id, max(_runs(alert_id), default=-1) + 1, 0, 0.0)


_TO_COME = ("PENDING", "ENQUEUED", "DELAYED")


def _runs(alert_id: str, status: tuple[str, ...] = ()) -> list[int]:
    """Give the numbers of the runs of a piece of news."""
    found = DBOS.list_workflows(
        workflow_id_prefix=f"news-{alert_id}-",
        status=list(status) or None,
        load_input=False,
        load_output=False,
    )
    return [int(run.workflow_id.rpartition("-")[2]) for run in found]


# ---- the face to the start of the program and to the page


def open_(per_second: float = _terms.per_second) -> None:
    """Begin to send, at most this many messages a second: after `durable.open_`."""
    global _terms
    _closed.clear()
    _terms = replace(_terms, per_second=per_second)
    durable._queue(QUEUE, AT_ONCE)
    DBOS.delete_schedule(RESUME)  # as in bot/durable.py
    DBOS.create_schedule(schedule_name=RESUME, workflow_fn=resume_workflow, schedule="*/10 * * * *")
    resume()


def close() -> None:
    """Let a run that is at work come to its end, within a message's time: before `durable.stop`,
    which waits for it.
    """
    _closed.set()


def begin(alert_id: str) -> None:
    """Have a piece of news that was frozen sent. Asked for again, it is not sent again.

    While the program is still starting, or already ending, `open_` begins it, now or next time.
    """
    if not _stopping():
        _enqueue(alert_id, 0, 0, 0.0)

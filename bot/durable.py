"""What survives a crash: each message handled exactly once, each reply sent, each letter announced.

A message is written down (sealed, bot/parcel.py) before its channel is told that it arrived. One
conversation's turns run one at a time and in order; different conversations run in parallel. Traps
that shaped this file: docs/decisions.md, "Durable work".
"""

import asyncio
import logging
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dbos import DBOS, DBOSConfig, SetEnqueueOptions, SetWorkflowID
from sqlalchemy import Engine
from sqlmodel import Session

from bot import news, outbox, parcel, trace
from bot.channels import delivery_key
from bot.message import ChannelName, Message, TryLater
from bot.parcel import Outgoing
from bot.queue_seal import QueueSeal
from bot.rasa import RasaUnavailable
from bot.turn import NOTED, Turns
from referrals import assisted, case, draft, notice, recovery
from referrals.store import make_engine

log = logging.getLogger(__name__)

TURNS = "turns"
SENDS = {name: f"send-{name}" for name in (ChannelName.TELEGRAM, ChannelName.MESSENGER)}
"""A queue of its own for each platform: one that is down holds up nobody else's replies."""

TURNS_AT_ONCE, SENDS_AT_ONCE, THREADS = 48, 8, 80
"""Threads mostly wait: while the dialogue is away, others' words of danger must still be heard."""
POLL_SECONDS = 0.05

EXECUTOR, VERSION = "samleng", "2"
"""Pinned: a run is recovered only by the same executor and version, and a run of another version

blocks its conversation for good. Raise VERSION only for a change that old runs cannot follow, after
draining.
"""

ANNOUNCED_FOR = timedelta(days=14)
"""How long a letter that could not be announced is tried again."""

_house: "House | None" = None


@dataclass(frozen=True, slots=True)
class House:
    """What the workflows work with; one per process. `played` wakes pages that wait for a turn."""

    turns: Turns
    loop: asyncio.AbstractEventLoop
    hands: ThreadPoolExecutor
    waiting: dict[str, asyncio.Event]
    open: threading.Event

    def wake(self, parcel_id: str) -> None:
        """Tell a waiting page that its turn was played."""
        event = self.waiting.get(parcel_id)
        if event is not None:
            self.loop.call_soon_threadsafe(event.set)


def _here() -> House:
    if _house is None:
        raise RuntimeError("durable work was not started")
    return _house


def _worth_another_try(error: BaseException) -> bool:
    return isinstance(error, RasaUnavailable | TryLater)


# ---- a turn: play, then send


@DBOS.step(
    name="play",
    retries_allowed=True,
    max_attempts=14,  # about three minutes
    interval_seconds=0.5,
    backoff_rate=1.5,
    should_retry=_worth_another_try,
)
def _play(parcel_id: str) -> int:
    """Play the turn of a parcel; gives how many pieces are to be sent. Played before, it is not
    again.
    """
    turns = _here().turns
    site = turns.site
    with site.store.reading() as session:
        message = parcel.message_of(session, site, parcel_id)
    if message is not None:
        answered = turns.play(message)
        with site.store.writing() as session:
            parcel.answer(session, site, parcel_id, answered)
    return _count(parcel_id)


def _count(parcel_id: str) -> int:
    site = _here().turns.site
    with site.store.reading() as session:
        outgoing = parcel.outgoing_of(session, site, parcel_id)
    return len(outgoing.pieces) if outgoing else 0


@DBOS.step(name="trouble")
def _trouble(parcel_id: str, conversation: str) -> int:
    turns = _here().turns
    kept = _rescue(turns, parcel_id)
    replies = tuple(
        reply
        for key in ((NOTED, "trouble") if kept else ("trouble",))
        for reply in outbox.words(turns, conversation, key)
    )
    with turns.site.store.writing() as session:
        parcel.answer(session, turns.site, parcel_id, Outgoing(replies))
    return len(replies)


def _rescue(turns: Turns, parcel_id: str) -> bool:
    """Keep what was told, if anything in the house still works."""
    try:
        with turns.site.store.reading() as session:
            message = parcel.message_of(session, turns.site, parcel_id)
        return message is not None and turns.rescue(message)
    except Exception as error:
        log.error("what was told could not be kept: %s", type(error).__name__)
        return False


@DBOS.workflow(name="turn")
def turn_workflow(parcel_id: str, conversation: str, channel: str) -> int:
    """Play one turn, then hand its replies to the channel's queue; a web page fetches them
    itself.
    """
    try:
        replies = _play(parcel_id)
    except Exception as error:
        # Whatever went wrong, she hears that it did, and the run ends instead of blocking what
        # she says next.
        log.error("a turn failed: %s", type(error).__name__)
        replies = _trouble(parcel_id, conversation)
    _here().wake(parcel_id)
    queue = SENDS.get(ChannelName(channel))
    if queue and replies:
        with (
            SetWorkflowID(f"send-{parcel_id}"),
            SetEnqueueOptions(queue_partition_key=conversation),
        ):
            DBOS.enqueue_workflow(queue, send_workflow, parcel_id, conversation, replies)
    return replies


@DBOS.step(
    name="send",
    retries_allowed=True,
    max_attempts=12,
    interval_seconds=1.0,
    should_retry=_worth_another_try,
)
def _send(parcel_id: str, conversation: str, number: int) -> bool:
    turns = _here().turns
    with turns.site.store.reading() as session:
        outgoing = parcel.outgoing_of(session, turns.site, parcel_id)
    return outgoing is not None and outbox.leave(turns, conversation, outgoing, number)


@DBOS.step(name="left")
def _left(parcel_id: str, all_sent: bool) -> None:
    """Forget the replies; only if all arrived, they count as shown and their letters as read."""
    site = _here().turns.site
    with site.store.writing() as session:
        outgoing = parcel.outgoing_of(session, site, parcel_id)
        if outgoing is not None and all_sent:
            _shown(session, parcel_id, outgoing)
        parcel.left(session, parcel_id)


def _shown(session: Session, parcel_id: str, outgoing: Outgoing) -> None:
    """Remember that the replies are in the chat, and so what they show."""
    site = _here().turns.site
    now, conversation = site.clock(), parcel.show(session, parcel_id, site.clock())
    for letter in outgoing.letters:
        notice.mark_read(session, letter, now)
    for alert in outgoing.news:
        news.mark_shown(session, alert, conversation, now)


@DBOS.workflow(name="send")
def send_workflow(parcel_id: str, conversation: str, replies: int) -> int:
    """Send replies in order; gives how many left. One that is refused does not hold back the
    rest.
    """
    sent = 0
    try:
        for number in range(replies):
            sent += _send(parcel_id, conversation, number)
    except Exception as error:
        log.error("replies could not be sent: %s", type(error).__name__)
    _left(parcel_id, sent == replies)
    return sent


# ---- letters


@DBOS.step(
    name="announce",
    retries_allowed=True,
    max_attempts=8,
    interval_seconds=1.0,
    should_retry=_worth_another_try,
)
def _announce(letter: str) -> bool:
    return outbox.announce(_here().turns, letter)


@DBOS.workflow(name="announce")
def announce_workflow(letter: str) -> bool:
    """Tell the channel that a letter waits, without a word of it."""
    try:
        return _announce(letter)
    except Exception as error:
        log.error("a letter could not be announced: %s", type(error).__name__)
        return False


def announce(letter: str) -> None:
    """Have a letter announced. Asked for twice within ten minutes, it is tried once."""
    moment = _here().turns.site.clock().timestamp() // 600
    with SetWorkflowID(f"letter-{letter}-{moment:.0f}"):
        DBOS.start_workflow(announce_workflow, letter)


# ---- what has had its time


@DBOS.step(name="sweep")
def _sweep() -> int:
    return sweep(_here().turns)


@DBOS.workflow(name="sweep")
def sweep_workflow(_scheduled: datetime, _context: Any) -> None:
    """Every ten minutes: forget, destroy and try again what is due."""
    _sweep()


def sweep(turns: Turns) -> int:
    """Destroy drafts nobody came back to, stray files, old replies and runs; announce again.

    Gives how many drafts went.
    """
    site = turns.site
    now = site.clock()
    with site.store.writing() as session:
        old = draft.expired(session, now)
        for each in old:
            draft.discard(session, site, each)
        case.remove_orphans(session, site, now - timedelta(days=2))
        parcel.sweep(session, now)
        trace.sweep(session, now)
        recovery.sweep(session, now)
        assisted.sweep(session, now)
    site.store.forget_log()
    with site.store.reading() as session:
        waiting = [
            letter.id
            for letter in notice.unannounced(session)
            if now - letter.written_at < ANNOUNCED_FOR
        ]
    for letter in waiting:
        announce(letter)
    finished = DBOS.list_workflows(
        status=["SUCCESS", "ERROR", "CANCELLED"],
        completed_before=(datetime.now(UTC) - parcel.KNOWN).isoformat(),
        load_input=False,
        load_output=False,
        limit=10_000,
    )
    if finished:
        DBOS.delete_workflows([run.workflow_id for run in finished])
    return len(old)


# ---- the face to the channels and pages


def start(turns: Turns, loop: asyncio.AbstractEventLoop) -> None:
    """Begin to accept messages: they are written down, and played once `open_` was called."""
    global _house
    hands = ThreadPoolExecutor(8, thread_name_prefix="accept")
    _house = House(turns, loop, hands, {}, threading.Event())


def open_(database_url: str) -> Engine:
    """Begin to play: what a crash cut off goes on, what was accepted meanwhile is played in order.

    Gives the engine, to be disposed of after `stop`.
    """
    house = _here()
    site = house.turns.site
    engine = make_engine(database_url, for_queue=True)
    config: DBOSConfig = {
        "name": "samleng",
        "system_database_engine": engine,
        "system_database_url": engine.url.render_as_string(hide_password=False),
        "serializer": QueueSeal(site.server_key.derived("queue")),
        "executor_id": EXECUTOR,
        "application_version": VERSION,
        "log_level": "WARNING",
        "notification_listener_polling_interval_sec": POLL_SECONDS,
        "max_executor_threads": THREADS,
    }
    logging.getLogger("dbos").addFilter(_without_traceback)
    DBOS(config=config)
    DBOS.launch()
    _queue(TURNS, TURNS_AT_ONCE)
    for queue in SENDS.values():
        _queue(queue, SENDS_AT_ONCE)
    DBOS.delete_schedule("sweep")  # left by the last start; its times may have changed since
    DBOS.create_schedule(schedule_name="sweep", workflow_fn=sweep_workflow, schedule="*/10 * * * *")
    house.open.set()
    with site.store.reading() as session:
        waiting = parcel.waiting(session)
    for each in waiting:
        _enqueue(each.id, each.conversation, each.channel)
    return engine


def _queue(name: str, at_once: int) -> None:
    DBOS.register_queue(
        name,
        partition_concurrency=1,
        worker_concurrency=at_once,
        polling_interval_sec=POLL_SECONDS,
        on_conflict="always_update",
    )


def _without_traceback(record: logging.LogRecord) -> bool:
    """Keep DBOS's log lines, without the exception's text, which may quote a message."""
    record.exc_info = record.exc_text = None
    return True


def stop() -> None:
    """End durable work; what is unfinished goes on at the next start."""
    global _house
    if _house is None:
        return
    if _house.open.is_set():
        DBOS.destroy(workflow_completion_timeout_sec=5)
    _house.hands.shutdown(wait=False)
    _house = None


def _enqueue(parcel_id: str, conversation: str, channel: str) -> None:
    with SetWorkflowID(parcel_id), SetEnqueueOptions(queue_partition_key=conversation):
        DBOS.enqueue_workflow(TURNS, turn_workflow, parcel_id, conversation, channel)


def _accept(message: Message) -> str:
    house = _here()
    parcel_id = delivery_key(message.update)
    with house.turns.site.store.writing() as session:
        parcel.accept(session, house.turns.site, parcel_id, message)
    if house.open.is_set():
        # For a repeat too: a crash may have come between writing it down and this.
        _enqueue(parcel_id, message.conversation, message.channel.value)
    return parcel_id


async def accept(message: Message) -> None:
    """Write a message down for good; the same delivery again changes nothing. Returns once it is
    safe.
    """
    house = _here()
    await house.loop.run_in_executor(house.hands, _accept, message)


async def converse(message: Message, timeout: float) -> Outgoing | None:
    """Accept a message and wait for its replies, at most `timeout` seconds; None when it takes
    longer.

    The turn goes on all the same; the same message again waits for the same replies.
    """
    house = _here()
    parcel_id = delivery_key(message.update)
    event = house.waiting.setdefault(parcel_id, asyncio.Event())
    try:
        await accept(message)
        async with asyncio.timeout(timeout):
            while True:
                event.clear()
                outgoing = await house.loop.run_in_executor(house.hands, _fetch, parcel_id)
                if outgoing is not None:
                    return outgoing
                await _either(event, 0.5)
    except TimeoutError:
        return None
    finally:
        house.waiting.pop(parcel_id, None)


async def _either(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return


def _fetch(parcel_id: str) -> Outgoing | None:
    """Give a page its replies; with that they are shown, and the letters in them read."""
    site = _here().turns.site
    with site.store.reading() as session:
        outgoing = parcel.outgoing_of(session, site, parcel_id)
    if outgoing is not None:
        with site.store.writing() as session:
            _shown(session, parcel_id, outgoing)
    return outgoing


def wait_on(loop: asyncio.AbstractEventLoop) -> Any:
    """Give the function by which a worker thread awaits something on the server's event loop."""

    def wait(coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(timeout=120)

    return wait

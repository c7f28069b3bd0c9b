"""What survives a crash: each message handled exactly once, each reply sent, each letter announced.

DBOS writes a message down (sealed) before its channel is told that it arrived. One conversation's
turns run one at a time and in order; different conversations run in parallel. Traps that shaped
this file: docs/decisions.md, "Durable work".
"""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from dbos import DBOS, DBOSConfig, SetEnqueueOptions, SetWorkflowID
from sqlalchemy import Engine

from bot import outbox
from bot.channels import delivery_key
from bot.message import (
    Attachment,
    AttachmentKind,
    Button,
    ChannelName,
    Message,
    Reply,
    TryLater,
)
from bot.queue_seal import QueueSeal
from bot.rasa import RasaUnavailable
from bot.turn import Turns
from referrals import case, draft, notice
from referrals.store import make_engine

log = logging.getLogger(__name__)

TURNS, SENDS = "turns", "sends"
POLL_SECONDS = 0.05
KEPT = timedelta(days=8)
"""How long a finished run is kept: a delivery repeated within it is known. Telegram repeats for 24
h.
"""

EXECUTOR, VERSION = "samleng", "1"
"""Pinned: a run is recovered only by the same executor and version, and a run of another version
blocks

its conversation for good. Raise VERSION only for a change that old runs cannot follow, after
draining.
"""

_house: "House | None" = None


@dataclass(frozen=True, slots=True)
class House:
    """What the workflows work with; one per process."""

    turns: Turns
    loop: asyncio.AbstractEventLoop


def _here() -> House:
    if _house is None:
        raise RuntimeError("durable work was not started")
    return _house


# ---- messages as plain values


def as_plain(message: Message) -> dict[str, Any]:
    """Write a message as JSON values."""
    return {**asdict(message), "received": message.received.isoformat()}


def from_plain(plain: dict[str, Any]) -> Message:
    """Read what `as_plain` wrote."""
    attachments = tuple(
        Attachment(**{**a, "kind": AttachmentKind(a["kind"])}) for a in plain["attachments"]
    )
    return Message(
        **{
            **plain,
            "channel": ChannelName(plain["channel"]),
            "received": datetime.fromisoformat(plain["received"]),
            "attachments": attachments,
        }
    )


def _reply(plain: dict[str, Any]) -> Reply:
    return Reply(plain["text"], tuple(Button(**b) for b in plain["buttons"]))


# ---- workflows


def _worth_another_try(error: BaseException) -> bool:
    return isinstance(error, RasaUnavailable | TryLater)


@DBOS.step(
    name="play",
    retries_allowed=True,
    max_attempts=7,
    interval_seconds=0.5,
    should_retry=_worth_another_try,
)
def _play(message: dict[str, Any]) -> dict[str, Any]:
    answered = _here().turns.play(from_plain(message))
    return {"replies": [asdict(r) for r in answered.replies], "letters": list(answered.letters)}


@DBOS.step(name="trouble")
def _trouble(conversation: str) -> list[dict[str, Any]]:
    return [asdict(r) for r in outbox.trouble(_here().turns, conversation)]


@DBOS.step(name="shown")
def _shown(letters: list[str]) -> None:
    site = _here().turns.site
    with site.store.writing() as session:
        for letter in letters:
            notice.mark_read(session, letter, site.clock())


@DBOS.workflow(name="turn")
def turn_workflow(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Play one turn, then hand its replies to the outbox; a web page waits for the result
    itself.
    """
    try:
        played = _play(message)
    except Exception as error:
        # Whatever went wrong, she hears that it did, and the run ends instead of blocking what
        # she says next.
        log.error("turn failed: %s", type(error).__name__)
        played = {"replies": _trouble(message["conversation"]), "letters": []}
    replies: list[dict[str, Any]] = played["replies"]
    if message["channel"] != ChannelName.WEB and replies:
        with (
            SetWorkflowID(f"send-{DBOS.workflow_id}"),
            SetEnqueueOptions(queue_partition_key=message["conversation"]),
        ):
            DBOS.enqueue_workflow(SENDS, send_workflow, message["conversation"], replies)
    if played["letters"]:
        _shown(played["letters"])
    return replies


@DBOS.step(
    name="send",
    retries_allowed=True,
    max_attempts=10,
    interval_seconds=1.0,
    should_retry=_worth_another_try,
)
def _send(conversation: str, reply: dict[str, Any]) -> bool:
    return outbox.send(_here().turns, conversation, _reply(reply))


@DBOS.workflow(name="send")
def send_workflow(conversation: str, replies: list[dict[str, Any]]) -> int:
    """Send replies in order; gives how many left. What the channel refuses for good ends it."""
    sent = 0
    for reply in replies:
        if not _send(conversation, reply):
            break
        sent += 1
    return sent


@DBOS.step(
    name="announce",
    retries_allowed=True,
    max_attempts=10,
    interval_seconds=1.0,
    should_retry=_worth_another_try,
)
def _announce(letter: str) -> bool:
    return outbox.announce(_here().turns, letter)


@DBOS.workflow(name="announce")
def announce_workflow(letter: str) -> bool:
    """Tell the channel that a letter waits, without a word of it."""
    return _announce(letter)


@DBOS.step(name="sweep")
def _sweep() -> int:
    return sweep(_here().turns)


@DBOS.workflow(name="sweep")
def sweep_workflow(_scheduled: datetime, _context: Any) -> None:
    """Once an hour: destroy drafts nobody came back to, stray files, and old runs."""
    _sweep()


def sweep(turns: Turns) -> int:
    """Destroy what has had its time; gives how many drafts went."""
    site = turns.site
    with site.store.writing() as session:
        old = draft.expired(session, site.clock())
        for each in old:
            draft.discard(session, site, each)
        case.remove_orphans(session, site, site.clock() - timedelta(days=1))
    before = datetime.now(UTC) - KEPT
    finished = DBOS.list_workflows(
        status=["SUCCESS", "ERROR", "CANCELLED"],
        completed_before=before.isoformat(),
        load_input=False,
        load_output=False,
        limit=10_000,
    )
    if finished:
        DBOS.delete_workflows([run.workflow_id for run in finished])
    return len(old)


# ---- the face to the channels and pages


def start(turns: Turns, loop: asyncio.AbstractEventLoop, database_url: str) -> Engine:
    """Begin durable work; runs that a crash cut off go on. Gives the engine, to be closed after
    `stop`.
    """
    global _house
    _house = House(turns, loop)
    engine = make_engine(database_url, for_queue=True)
    config: DBOSConfig = {
        "name": "samleng",
        "system_database_engine": engine,
        "system_database_url": engine.url.render_as_string(hide_password=False),
        "serializer": QueueSeal(turns.site.server_key.derived("queue")),
        "executor_id": EXECUTOR,
        "application_version": VERSION,
        "log_level": "WARNING",
        "notification_listener_polling_interval_sec": POLL_SECONDS,
        "max_executor_threads": 32,
    }
    logging.getLogger("dbos").addFilter(_without_traceback)
    DBOS(config=config)
    DBOS.launch()
    for queue in (TURNS, SENDS):
        DBOS.register_queue(
            queue,
            partition_concurrency=1,
            polling_interval_sec=POLL_SECONDS,
            on_conflict="always_update",
        )
    DBOS.delete_schedule("sweep")  # left by the last start; its hour may have changed since
    DBOS.create_schedule(schedule_name="sweep", workflow_fn=sweep_workflow, schedule="17 * * * *")
    with turns.site.store.reading() as session:
        waiting = [letter.id for letter in notice.unannounced(session)]
    for letter in waiting:
        announce(letter)
    return engine


def _without_traceback(record: logging.LogRecord) -> bool:
    """Keep DBOS's log lines, without the exception's text, which may quote a message."""
    record.exc_info = record.exc_text = None
    return True


def stop() -> None:
    """End durable work; what is unfinished goes on at the next start."""
    global _house
    DBOS.destroy(workflow_completion_timeout_sec=5)
    _house = None


def _enqueue(message: Message) -> Any:
    with (
        SetWorkflowID(delivery_key(message.update)),
        SetEnqueueOptions(queue_partition_key=message.conversation),
    ):
        return DBOS.enqueue_workflow(TURNS, turn_workflow, as_plain(message))


async def accept(message: Message) -> None:
    """Write a message down for good; the same delivery again changes nothing. Returns once it is
    safe.
    """
    await asyncio.to_thread(_enqueue, message)


async def converse(message: Message, timeout: float) -> list[Reply] | None:
    """Accept a message and wait for its replies, at most `timeout` seconds; None when it takes
    longer.

    The turn goes on all the same; the same message again waits for the same replies.
    """
    handle = await asyncio.to_thread(_enqueue, message)
    try:
        result = await asyncio.wait_for(
            asyncio.to_thread(handle.get_result, polling_interval_sec=POLL_SECONDS), timeout
        )
    except TimeoutError:
        return None
    return [_reply(r) for r in result]


def announce(letter: str) -> None:
    """Have a letter announced; asking twice announces once."""
    with SetWorkflowID(f"letter-{sha256(letter.encode()).hexdigest()[:32]}"):
        DBOS.start_workflow(announce_workflow, letter)


def wait_on(loop: asyncio.AbstractEventLoop) -> Any:
    """Give the function by which a worker thread awaits something on the server's event loop."""

    def wait(coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(timeout=120)

    return wait

"""Calling the duty person, so that a crash calls nobody twice and forgets nobody in danger.

Short runs follow one another, as in broadcast.py: each looks whether the one called last has still
time to answer, calls the next, or ends. A call is written down before it leaves; one that a crash
left in doubt is not made again, and the next is called at once, for two who come are better than
nobody. There are no quiet hours here.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID
from sqlmodel import Session

from bot import conversation, durable, on_duty, outbox
from bot.content import living
from bot.content.render import render
from bot.message import ChannelName, Reply, TryLater, Undeliverable
from bot.turn import Turns
from bot.when import local_date
from referrals import alarm as alarms
from referrals import consent, contact, notice
from referrals.alarm import Call
from referrals.case import Case
from referrals.code import spoken
from referrals.duty import Alarm
from referrals.taxonomy import ConsentCode

log = logging.getLogger(__name__)

QUEUE = "alarms"
RESUME = "resume-alarms"
AT_ONCE = 6

TRIES = 6
"""How often a call is tried that the platform does not take: about two minutes, then the next."""


class Then(StrEnum):
    """What comes after a run."""

    GO_ON = "go_on"
    WAIT = "wait"
    HELD = "held"
    OVER = "over"


class _Left(StrEnum):
    """What became of a call."""

    YES = "yes"
    NO = "no"
    NOT_YET = "not_yet"


@dataclass(frozen=True, slots=True)
class Terms:
    """How long each is waited for, and the seconds of the longest pause between two looks."""

    patience: timedelta = timedelta(minutes=5)
    nap: float = 60.0


_terms = Terms()
_closed = threading.Event()


# ---- one run


def go_on(turns: Turns, alarm_id: str, terms: Terms, tries: int = 0) -> tuple[Then, float]:
    """Call the next when it is time, and whoever comes after those who cannot be reached.

    Gives what comes next, and after how many seconds at least. `tries` says how often the platform
    did not take the call that is next. It may end anywhere, by a crash too, and be called again.
    Raises what a broken database raises.
    """
    site, letter, her = turns.site, None, None
    while True:
        with site.store.writing() as session:
            alarm = alarms.under_way(session, alarm_id)
            if alarm is None:
                her = alarms.to_tell(session, site, alarm_id)
                break
            left = alarms.time_left(session, alarm, site.clock(), terms.patience)
            if left > timedelta():
                return Then.WAIT, left.total_seconds()
            call = alarms.next_call(session, site, alarm)
            if call is None:
                letter = _give_up(session, turns, alarm)
                break
            replies = _words(session, turns, alarm, call)
            alarms.called(session, site, alarm, call.member.id)
        became, pause = _send(turns, call, replies)
        with site.store.writing() as session:
            if became is _Left.YES:
                alarms.reached(session, alarm_id, call.member.id)
            elif became is _Left.NOT_YET and tries < TRIES:
                alarms.uncalled(session, alarm_id, call.member.id)
                return Then.HELD, pause
        if became is _Left.NOT_YET:
            return Then.GO_ON, 0.0
    if letter is not None:
        _announce(turns, letter)
    if her is not None:
        _tell(turns, her)
    return Then.OVER, 0.0


def _tell(turns: Turns, conversation_: str) -> None:
    """Tell her that somebody answered, in words that give nothing away; she waits for it."""
    if _hidden(turns, conversation_):
        return
    try:
        for reply in outbox.words(turns, conversation_, "danger_taken"):
            outbox.send(turns, conversation_, reply)
    except TryLater as refusal:
        log.warning("she could not be told that somebody answered: %s", refusal)


def _words(session: Session, turns: Turns, alarm: Alarm, call: Call) -> list[Reply]:
    """Say that somebody may be in danger, and which code; no name, no place, no word of hers."""
    case = session.get_one(Case, alarm.case_id)
    take = {"label": "duty.take", "payload": f"{on_duty.ACKNOWLEDGE}{alarm.id}"}
    return on_duty.words(
        session, turns.site, call.member.id, "duty_call", {"code": spoken(case.code)}, [take]
    )


def _send(turns: Turns, call: Call, replies: Sequence[Reply]) -> tuple[_Left, float]:
    """Send a call; gives what became of it and the seconds the platform wants before another."""
    channel = turns.channels.get(ChannelName(call.channel))
    if channel is None:
        return _Left.NO, 0.0
    for number, reply in enumerate(replies):
        try:
            turns.wait(channel.send(call.address, reply))
        except Undeliverable as refusal:
            log.warning("%s refused a call for good: %s", channel.name, refusal)
            return _Left.NO, 0.0
        except TryLater as refusal:
            log.warning("%s does not take a call now: %s", channel.name, refusal)
            again = refusal.unsent and not number
            return (_Left.NOT_YET if again else _Left.NO), refusal.after or 0.0
    return _Left.YES, 0.0


def _give_up(session: Session, turns: Turns, alarm: Alarm) -> str | None:
    """End the chain; gives the letter that tells her so, when she agreed to be contacted.

    It is a letter, for the chat may be in other hands: what stands there by itself is only that a
    message waits.
    """
    site, case = turns.site, session.get_one(Case, alarm.case_id)
    if not alarms.give_up(session, site, alarm) or alarm.step == 0:
        return None  # nobody was on duty, and nobody told her that anybody was called
    if not consent.latest(session, case.id, ConsentCode.CONTACT_ME):
        return None
    now = site.clock()
    say = {"say": "danger_nobody", "with": {"country": case.country}}
    language = conversation.state(session, case.conversation).language
    bubbles = render(say, language, living.current(session, now), {}, local_date(now))
    text = "\n".join(bubble.text for bubble in bubbles)
    return notice.post(session, site, case.conversation, case.id, text)


def _hidden(turns: Turns, conversation_: str) -> bool:
    with turns.site.store.reading() as session:
        way = contact.address_of(session, turns.site, conversation_)
        return way is None or conversation.is_hidden(session, conversation_, way[2])


def _announce(turns: Turns, letter_id: str) -> None:
    """Tell her channel that a letter waits, at night without a sound: she asked for help just now.

    What cannot be told now the sweep tells, or she sees it when she writes.
    """
    try:
        if not turns.quiet.holds(turns.site.clock()):
            outbox.announce(turns, letter_id)
            return
        with turns.site.store.reading() as session:
            letter = notice.letter(session, letter_id)
        way = outbox._way_to(turns, letter.conversation) if letter else None
        if letter is None or _hidden(turns, letter.conversation):
            return
        if way is None or way[0].name == ChannelName.WEB:
            return
        channel, address = way
        for reply in outbox.words(turns, letter.conversation, "letter_waiting"):
            sent = turns.wait(channel.send(address, reply, silent=True))
            outbox._note(turns, letter.conversation, sent)
    except (TryLater, Undeliverable) as refusal:
        log.warning("a letter could not be announced: %s", refusal)
        return
    with turns.site.store.writing() as session:
        notice.mark_announced(session, letter_id)


# ---- run after run


def _stopping() -> bool:
    """Say whether the program ends, or has not quite begun: then nothing is begun."""
    house = durable._house
    return _closed.is_set() or house is None or not house.open.is_set()


@DBOS.step(name="call the duty person")
def _go_on(alarm_id: str, tries: int) -> tuple[str, float]:
    then, seconds = go_on(durable._here().turns, alarm_id, _terms, tries)
    return then.value, seconds


@DBOS.workflow(name="alarm")
def alarm_workflow(alarm_id: str, number: int, tries: int) -> str:
    """Make one run, and have the next one begin; gives what comes next.

    `tries` is for how many runs a call could not be made: the pauses between them grow.
    """
    try:
        then, seconds = _go_on(alarm_id, tries)
    except Exception as error:
        # Whatever went wrong, whoever is in danger is not forgotten.
        log.error("the duty person could not be called: %s", type(error).__name__)
        then, seconds = Then.HELD, 0.0
    if then == Then.OVER:
        return then
    tries = tries + 1 if then == Then.HELD else 0
    if then == Then.HELD:
        seconds = max(seconds, min(2.0 ** min(tries, TRIES), _terms.nap))
    if then == Then.WAIT:
        seconds = min(seconds, _terms.nap)
    _enqueue(alarm_id, number + 1, tries, seconds)
    return then


def _enqueue(alarm_id: str, number: int, tries: int, seconds: float) -> None:
    options: dict[str, Any] = {"delay_seconds": seconds} if seconds > 0 else {}
    with (
        SetWorkflowID(f"alarm-{alarm_id}-{number}"),
        SetEnqueueOptions(queue_partition_key=alarm_id, **options),
    ):
        DBOS.enqueue_workflow(QUEUE, alarm_workflow, alarm_id, number, tries)


@DBOS.workflow(name="resume alarms")
def resume_workflow(_scheduled: datetime, _context: Any) -> None:
    """Every minute: go on with what nobody goes on with."""
    _resume()


@DBOS.step(name="resume alarms")
def _resume() -> None:
    resume()


def resume() -> None:
    """Go on with alarms that nobody answered and that have no run to come: a crash prevented the
    first one, or something broke before the next was begun.
    """
    with durable._here().turns.site.store.reading() as session:
        going = alarms.all_under_way(session)
    for alarm_id in going:
        if not _runs(alarm_id, _TO_COME):
            _enqueue(alarm_id, max(_runs(alarm_id), default=-1) + 1, 0, 0.0)


_TO_COME = ("PENDING", "ENQUEUED", "DELAYED")


def _runs(alarm_id: str, status: tuple[str, ...] = ()) -> list[int]:
    """Give the numbers of the runs of an alarm."""
    found = DBOS.list_workflows(
        workflow_id_prefix=f"alarm-{alarm_id}-",
        status=list(status) or None,
        load_input=False,
        load_output=False,
    )
    return [int(run.workflow_id.rpartition("-")[2]) for run in found]


# ---- the face to the start of the program


def open_(minutes: float = 5.0) -> None:
    """Begin to call, and wait so many minutes for each: after `durable.open_`."""
    global _terms
    _closed.clear()
    _terms = Terms(patience=timedelta(minutes=minutes), nap=_terms.nap)
    durable._queue(QUEUE, AT_ONCE)
    DBOS.delete_schedule(RESUME)  # as in bot/durable.py
    DBOS.create_schedule(schedule_name=RESUME, workflow_fn=resume_workflow, schedule="* * * * *")
    on_duty.rings_by(start)
    resume()


def close() -> None:
    """Begin nothing more: before `durable.stop`, which waits for a run that is at work."""
    _closed.set()
    on_duty.rings_by(None)


def start(alarm_id: str) -> None:
    """Have the duty person called for an alarm. Asked for again, nobody is called again.

    While the program is still starting, or already ending, `open_` begins it, now or next time.
    """
    if not _stopping():
        _enqueue(alarm_id, 0, 0, 0.0)

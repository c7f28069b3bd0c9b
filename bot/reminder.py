"""One gentle reminder of a draft that waits: neutral, at most once, never at night.

Nothing of it says what this chat is about. Who hid the chat since she wrote gets none: a message by
itself would bring back what she wanted gone.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from dbos import DBOS, SetWorkflowID
from sqlmodel import Session, col, select

from bot import conversation, durable, outbox
from bot.message import ChannelName, TryLater
from bot.turn import Turns
from referrals import contact
from referrals.draft import LIFETIME, Draft

log = logging.getLogger(__name__)

SAY = "draft_reminder"

AFTER = timedelta(days=5)
"""How long after her last word a draft is reminded of; after LIFETIME it is destroyed."""

SCHEDULE = "remind"


def due(session: Session, now: datetime) -> list[Draft]:
    """Give the drafts that are to be reminded of: old enough, not reminded of yet, not expired, and
    not in a web page, which nobody can write to.
    """
    query = select(Draft).where(
        col(Draft.reminded).is_(None),
        Draft.touched < now - AFTER,
        Draft.touched > now - LIFETIME,
        Draft.channel != ChannelName.WEB,
    )
    return list(session.exec(query.order_by(col(Draft.touched))))


def remind(turns: Turns, draft_id: str) -> bool:
    """Remind of one draft; False when nothing was sent.

    It is written down first: a crash in between sends none rather than two.
    """
    now = turns.site.clock()
    if turns.quiet.holds(now):
        return False  # tried again in the morning
    with turns.site.store.writing() as session:
        draft = session.get(Draft, draft_id, with_for_update=True)
        if draft is None or draft.reminded is not None or draft not in due(session, now):
            return False
        draft.reminded = now
        session.add(draft)
        conversation_ = draft.conversation
        way = contact.address_of(session, turns.site, conversation_)
        hidden = way is not None and conversation.is_hidden(session, conversation_, way[2])
    if hidden or way is None:
        return False
    try:
        return all(
            outbox.send(turns, conversation_, reply)
            for reply in outbox.words(turns, conversation_, SAY)
        )
    except TryLater as refusal:
        log.warning("a reminder could not be sent: %s", refusal)
        return False


@DBOS.step(name="remind of a draft")
def _remind(draft_id: str) -> bool:
    return remind(durable._here().turns, draft_id)


@DBOS.workflow(name="remind of a draft")
def remind_workflow(draft_id: str) -> bool:
    """Remind of one draft."""
    try:
        return _remind(draft_id)
    except Exception as error:
        log.error("a reminder failed: %s", type(error).__name__)
        return False


@DBOS.step(name="look for drafts")
def _look(hour: str) -> None:
    turns = durable._here().turns
    if turns.quiet.holds(turns.site.clock()):
        return
    with turns.site.store.reading() as session:
        waiting = [draft.id for draft in due(session, turns.site.clock())]
    for draft_id in waiting:
        with SetWorkflowID(f"remind-{draft_id}-{hour}"):
            DBOS.start_workflow(remind_workflow, draft_id)


@DBOS.workflow(name="look for drafts")
def look_workflow(scheduled: datetime, _context: Any) -> None:
    """Every half hour: remind of what is due."""
    _look(f"{scheduled:%Y%m%d%H%M}")


def open_() -> None:
    """Begin to remind: after `durable.open_`."""
    DBOS.delete_schedule(SCHEDULE)  # as in bot/durable.py
    DBOS.create_schedule(schedule_name=SCHEDULE, workflow_fn=look_workflow, schedule="*/30 * * * *")

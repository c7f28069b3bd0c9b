"""A new session of Rasa's, after an hour of silence: what was going on goes on."""

from sqlmodel import Session

from bot import conversation
from bot.actions.journey import ADDITION_FORM, CLAIM_FORM, FORM
from bot.actions.protocol import Answer, Asked, loop, slot
from referrals import draft, thread
from referrals.site import Site

STEERING = ("answer", "group", "page", "topic", "claim")
"""Slots that go on over the night; every answer is in the draft."""


def start(session: Session, site: Site, asked: Asked) -> Answer:
    """Begin a session with the form that was waiting; one whose draft (or case) is gone does not
    come back.
    """
    waits = (
        asked.loop == CLAIM_FORM
        or (asked.loop == FORM and draft.find(session, asked.conversation) is not None)
        or (
            asked.loop == ADDITION_FORM
            and thread.addressed(
                session,
                site,
                asked.conversation,
                conversation.state(session, asked.conversation).about_case,
            )
            is not None
        )
    )
    events = [{"event": "session_started"}]
    events += [slot(name, v) for name in STEERING if (v := asked.slot(name)) is not None]
    if waits:
        events += [loop(asked.loop), slot("requested_slot", asked.requested)]
    return Answer(events=(*events, {"event": "action", "name": "action_listen"}))

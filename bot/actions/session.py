"""A new session of Rasa's, after an hour of silence: what was going on goes on."""

from sqlmodel import Session

from bot.actions.complaint import loaded
from bot.actions.protocol import Answer, Asked, loop, slot
from bot.actions.steps import ADDITION_FORM, FORM, STEPS, accepts
from referrals import draft, thread
from referrals.site import Site


def start(session: Session, site: Site, asked: Asked) -> Answer:
    """Begin a session with the answers of the draft, and with the form that was waiting.

    A form whose draft (or case) is gone does not come back.
    """
    own = draft.find(session, asked.conversation)
    answers = draft.answers(site, own) if own is not None else {}
    kept = {s: v for s, v in answers.items() if s in STEPS and accepts(s, v)}
    waits = (asked.loop == FORM and own is not None) or (
        asked.loop == ADDITION_FORM
        and thread.newest_open_case(session, asked.conversation) is not None
    )
    events = [{"event": "session_started"}, *(e for e in loaded(kept) if e["value"] is not None)]
    events += [
        slot(name, value)
        for name in ("group", "page", "topic")
        if (value := asked.slot(name)) is not None
    ]
    if waits:
        events += [loop(asked.loop), slot("requested_slot", asked.requested)]
    return Answer(events=(*events, {"event": "action", "name": "action_listen"}))

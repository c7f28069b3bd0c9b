"""Whether something unfinished waits for a conversation.

Leaving a form for something else is a rule's work (stories/); the draft and its answers stay.
"""

from sqlmodel import Session

from bot.actions.protocol import Asked
from referrals import draft


def has_draft(session: Session, asked: Asked) -> bool:
    """Say whether a draft waits for this conversation."""
    return draft.find(session, asked.conversation) is not None

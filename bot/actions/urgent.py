"""A case that cannot wait: somebody on duty is called (bot/on_duty.py), and she is told so."""

from sqlmodel import Session

from bot import on_duty
from bot.actions.protocol import Say
from referrals import alarm, consent
from referrals.case import Case
from referrals.duty import Alarm
from referrals.site import Site
from referrals.taxonomy import ConsentCode


def call_for_help(session: Session, site: Site, found: Case) -> tuple[Say, ...]:
    """Call the duty person when the case is one that cannot wait; say so when somebody is there to
    be called and she agreed to be contacted.
    """
    return _called(session, site, on_duty.raise_alarm(session, site, found))


def call_again(session: Session, site: Site, conversation: str) -> tuple[Say, ...]:
    """Call the duty person for a case that an office has already, when she agreed to be contacted:
    she need not ask a second time.
    """
    return _called(session, site, on_duty.cry(session, site, conversation))


def _called(session: Session, site: Site, raised: Alarm | None) -> tuple[Say, ...]:
    if raised is None:
        return ()
    told = consent.latest(session, raised.case_id, ConsentCode.CONTACT_ME)
    somebody = raised.step > 0 or alarm.next_call(session, site, raised) is not None
    return (Say("danger_called", buttons=()),) if told and somebody else ()

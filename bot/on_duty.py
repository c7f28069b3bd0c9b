"""The duty person in the chat: alarms that a turn raises, and what a member's own phone says back.

No dialogue is asked: a member answers an alarm even while Rasa is away. Nothing here waits; the
calls themselves are bot/paging.py's, which hangs itself in as `ring`.
"""

import logging
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlmodel import Session

from bot.content import living
from bot.content.render import render
from bot.message import ChannelName, Language, Message, Reply
from bot.parcel import Outgoing
from bot.when import local_date
from referrals import alarm as alarms
from referrals import duty
from referrals.case import Case
from referrals.code import spoken
from referrals.directory import Member
from referrals.duty import Alarm
from referrals.site import Site
from referrals.store import after_commit

log = logging.getLogger(__name__)

CALLABLE = frozenset({ChannelName.TELEGRAM})
"""Channels that a call can leave by at any hour: Messenger closes its window after a day, and a web
page cannot be pushed to.
"""

ACKNOWLEDGE = "duty:alarm="
"""What the button of a call carries before the alarm's id."""

_COMMAND = re.compile(r"/duty(?:@\w+)?(?:\s(?P<code>.*))?", re.DOTALL)

_ring: Callable[[str], None] | None = None


def rings_by(ring: Callable[[str], None] | None) -> None:
    """Say what begins the calls of an alarm, by its id; None while nothing can be begun."""
    global _ring
    _ring = ring


# ---- raising


def raise_alarm(session: Session, site: Site, case: Case) -> Alarm | None:
    """Raise an alarm for a case that needs one (alarm.raise_alarm), and have the duty person called
    once the caller's transaction is committed.
    """
    return _begin(session, alarms.raise_alarm(session, site, case))


def cry(session: Session, site: Site, conversation: str) -> Alarm | None:
    """Do the same for words of danger from a conversation that has a case (alarm.cry)."""
    return _begin(session, alarms.cry(session, site, conversation))


def _begin(session: Session, raised: Alarm | None) -> Alarm | None:
    if raised is not None:
        alarm_id = raised.id
        after_commit(session, lambda: _rings(alarm_id))
    return raised


def _rings(alarm_id: str) -> None:
    """Begin the calls. What cannot be begun now, paging takes up within a minute."""
    if _ring is None:
        return
    try:
        _ring(alarm_id)
    except Exception as error:
        # The alarm is written down already; the turn that raised it must not fail for this.
        log.error("the calls of an alarm could not be begun: %s", type(error).__name__)


# ---- what a member's phone says


def heard(site: Site, message: Message) -> Outgoing | None:
    """Answer a message that is the duty person's: `/duty CODE`, or the button of a call.

    None for everything else, which is an ordinary turn. Somebody whose phone is nobody's and who
    sends such a button gets no answer. The same message again gives the same answer.
    """
    if message.button is not None:
        return acknowledge(site, message) if message.button.startswith(ACKNOWLEDGE) else None
    command = _COMMAND.fullmatch((message.text or "").strip())
    if command is None or message.channel not in CALLABLE:
        return None
    if any(sign.isalpha() for sign in command["code"] or ""):
        return None  # words, and no code: they may be a cry for help
    return link_from_chat(site, message, command["code"] or "")


def acknowledge(site: Site, message: Message) -> Outgoing:
    """Answer the alarm whose button a linked phone pressed; the first who does is told so."""
    alarm_id = (message.button or "").removeprefix(ACKNOWLEDGE)
    with site.store.writing() as session:
        phone = duty.phone_of_chat(session, message.conversation)
        pressed = session.get(Alarm, alarm_id)
        if phone is None or pressed is None:
            return Outgoing(())
        try:
            first = alarms.answer(session, site, pressed, phone.member_id)
        except alarms.NotYours:
            return Outgoing(())
        code = session.get_one(Case, pressed.case_id).code
        key = "duty_answered" if first else "duty_late"
        return _said(session, site, phone.member_id, key, {"code": spoken(code)})


def link_from_chat(site: Site, message: Message, typed: str) -> Outgoing:
    """Link the phone that sent a one-time code, in the digits of any script, to its member."""
    code = "".join(str(unicodedata.digit(sign)) for sign in typed if sign.isdigit())
    with site.store.writing() as session:
        held = duty.phone_of_chat(session, message.conversation)
        member_id = None
        if held is not None and held.since == message.received:
            member_id = held.member_id  # this very message linked it, before a crash
        elif len(code) == duty.CODE_DIGITS:
            member_id = duty.link(
                session,
                site,
                code,
                message.channel.value,
                message.conversation,
                message.address,
                message.received,
            )
        return _said(
            session, site, member_id, "duty_wrong" if member_id is None else "duty_linked", {}
        )


def _said(
    session: Session, site: Site, member_id: str | None, key: str, values: Mapping[str, str]
) -> Outgoing:
    return Outgoing(tuple(words(session, site, member_id, key, values)))


def words(
    session: Session,
    site: Site,
    member_id: str | None,
    key: str,
    values: Mapping[str, str],
    buttons: Sequence[Mapping[str, str]] | None = None,
) -> list[Reply]:
    """Give a say in a member's language, Khmer for nobody's."""
    member = session.get(Member, member_id) if member_id else None
    language = Language(member.language) if member else Language.KM
    now = site.clock()
    say: dict[str, Any] = {"say": key, "with": values}
    if buttons is not None:
        say["buttons"] = buttons
    return render(say, language, living.current(session, now), {}, local_date(now))

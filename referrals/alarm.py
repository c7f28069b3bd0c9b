"""Alarms: a case that somebody must look at now, and who is called for it, one after the other.

A call names the case's code and nothing else. Who does not answer in time is passed over for the
next; after the last of an office comes the next office that the migrant agreed to. Who is called is
decided anew each time, so a consent that was withdrawn meanwhile ends the calls to that office.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from referrals import audit, consent, readers
from referrals.case import Case, Referral, Wrap
from referrals.directory import Member, Organisation, OrganisationKey
from referrals.duty import CALLED, DUTY_ADDRESS, Alarm, AlarmCall, DutyPhone, can_be_called
from referrals.site import Site
from referrals.taxonomy import CRIMES, RED, ConsentCode, Status

AGAIN = timedelta(minutes=15)
"""After an alarm was answered or given up, words of danger raise no other for so long: whoever
answered is at work, and a chat cannot keep a whole office awake.
"""


class NotYours(Exception):
    """There is no such alarm for this member: her organisation holds no key of the case."""


# ---- raising


def needs_alarm(case: Case) -> bool:
    """Say whether somebody must be called for a case: danger, a child, a crime, or a category of
    taxonomy.RED.
    """
    return case.danger or case.minor or case.category in CRIMES | RED


def raise_alarm(session: Session, site: Site, case: Case) -> Alarm | None:
    """Raise an alarm for a case that needs one; while one is under way, give that one.

    None when the case needs none, is closed, may be read by nobody, or had an alarm that ended less
    than AGAIN ago. The case's row is locked, so that two who raise at once raise one.
    """
    session.flush()
    session.refresh(case, with_for_update=True)
    if not needs_alarm(case) or case.status == Status.CLOSED:
        return None
    if session.exec(select(Wrap.case_id).where(Wrap.case_id == case.id)).first() is None:
        return None
    last = session.exec(
        select(Alarm).where(Alarm.case_id == case.id).order_by(col(Alarm.raised_at).desc()).limit(1)
    ).first()
    now = site.clock()
    if last is not None:
        ended = last.answered_at or last.given_up_at
        if ended is None:
            return last
        if now - ended < AGAIN:
            return None
    alarm = Alarm(case_id=case.id, raised_at=now)
    session.add(alarm)
    session.flush()
    return alarm


def cry(session: Session, site: Site, conversation: str) -> Alarm | None:
    """Raise an alarm when somebody who lodged a case says words of danger again.

    It is raised for her newest open case in which she agreed to be contacted, which is a case of
    danger from then on. None when there is none, or as `raise_alarm`.
    """
    cases = session.exec(
        select(Case)
        .where(Case.conversation == conversation, Case.status != Status.CLOSED)
        .order_by(col(Case.lodged_at).desc())
    ).all()
    held = set(session.exec(select(Wrap.case_id).where(col(Wrap.case_id).in_(c.id for c in cases))))
    for case in cases:
        if case.id in held and consent.latest(session, case.id, ConsentCode.CONTACT_ME):
            case.danger = True
            session.add(case)
            return raise_alarm(session, site, case)
    return None


def under_way(session: Session, alarm_id: str) -> Alarm | None:
    """Give an alarm for which people are still called, its row locked; None once somebody answered,
    the chain is at its end, or the case is closed.
    """
    alarm = session.get(Alarm, alarm_id, with_for_update=True, populate_existing=True)
    if alarm is None or alarm.answered_at is not None or alarm.given_up_at is not None:
        return None
    closed = session.get_one(Case, alarm.case_id).status == Status.CLOSED
    return None if closed else alarm


def all_under_way(session: Session) -> list[str]:
    """Give the alarms for which people are still called."""
    return list(
        session.exec(
            select(Alarm.id)
            .join(Case, col(Case.id) == Alarm.case_id)
            .where(
                col(Alarm.answered_at).is_(None),
                col(Alarm.given_up_at).is_(None),
                Case.status != Status.CLOSED,
            )
        )
    )


# ---- the chain


class OnCall(NamedTuple):
    """A phone on duty, as the chain sees it."""

    member_id: str
    organisation_id: str
    place: int


class Call(NamedTuple):
    """Whom to call, and where."""

    member: Member
    address: str
    channel: str


def chain(offices: Sequence[str], phones: Iterable[OnCall]) -> list[str]:
    """Order the members to call: office by office, in each by place. Members of no such office
    are left out.
    """
    rank = {office: number for number, office in enumerate(offices)}
    here = [phone for phone in phones if phone.organisation_id in rank]
    here.sort(key=lambda phone: (rank[phone.organisation_id], phone.place, phone.member_id))
    return [phone.member_id for phone in here]


def next_call(session: Session, site: Site, alarm: Alarm) -> Call | None:
    """Give whom to call next; None at the end of the chain. Nobody is called twice for an alarm.

    Only offices that hold a key of the case now, those with an ended referral last; and for a
    restricted case those first who may open it: the others can still fetch one of them.
    """
    offices = session.exec(
        select(Referral.organisation_id)
        .join(
            Wrap,
            (col(Wrap.case_id) == Referral.case_id)
            & (col(Wrap.organisation_id) == Referral.organisation_id),
        )
        .where(Referral.case_id == alarm.case_id)
        .order_by(col(Referral.ended_at).is_not(None), col(Referral.place))
    ).all()
    phones = session.exec(
        select(DutyPhone.member_id, OrganisationKey.organisation_id, DutyPhone.place)
        .join(Member, col(Member.id) == col(DutyPhone.member_id))
        .join(
            OrganisationKey,
            (col(OrganisationKey.member_id) == col(Member.id))
            & (col(OrganisationKey.organisation_id) == col(Member.organisation_id)),
        )
        .where(col(DutyPhone.on_duty), col(Member.role).in_(CALLED))
    )
    known = set(session.exec(select(AlarmCall.member_id).where(AlarmCall.alarm_id == alarm.id)))
    may_open = readers.openers(session, session.get_one(Case, alarm.case_id))
    in_order = chain(offices, (OnCall(*phone) for phone in phones))
    for member_id in sorted(in_order, key=lambda each: each not in may_open):
        if member_id not in known:
            phone = session.get_one(DutyPhone, member_id)
            address = site.server_key.open_(DUTY_ADDRESS, member_id, phone.sealed_address).decode()
            return Call(session.get_one(Member, member_id), address, phone.channel)
    return None


def called(session: Session, site: Site, alarm: Alarm, member_id: str) -> None:
    """Write down a call, before it leaves. Raises sqlalchemy.exc.IntegrityError for a second."""
    session.add(AlarmCall(alarm_id=alarm.id, member_id=member_id, called_at=site.clock()))
    alarm.step += 1
    session.add(alarm)
    session.flush()


def reached(session: Session, alarm_id: str, member_id: str) -> None:
    """Note that a call left: she is waited for."""
    call = session.get_one(AlarmCall, (alarm_id, member_id))
    call.reached = True
    session.add(call)


def uncalled(session: Session, alarm_id: str, member_id: str) -> None:
    """Take back a call that certainly did not leave, so that it can be tried again."""
    session.delete(session.get_one(AlarmCall, (alarm_id, member_id)))
    alarm = session.get_one(Alarm, alarm_id)
    alarm.step -= 1
    session.add(alarm)


def time_left(session: Session, alarm: Alarm, now: datetime, patience: timedelta) -> timedelta:
    """Give how long the one called last is still waited for, nothing when she was not reached."""
    last = session.exec(
        select(func.max(AlarmCall.called_at)).where(
            AlarmCall.alarm_id == alarm.id, col(AlarmCall.reached)
        )
    ).one()
    return timedelta() if last is None else max(last + patience - now, timedelta())


def answer(session: Session, site: Site, alarm: Alarm, member_id: str) -> bool:
    """Answer an alarm, and every other of its case; False when somebody was faster.

    The same member may answer again. A late answer counts, after the chain was given up too. Raises
    NotYours.
    """
    member = session.get(Member, member_id)
    if member is None or not can_be_called(session, member_id):
        raise NotYours("there is no such alarm here")
    if session.get(Wrap, (alarm.case_id, member.organisation_id)) is None:
        raise NotYours("there is no such alarm here")
    settle(session, site, alarm.case_id, member_id)
    session.refresh(alarm)
    return alarm.answered_by == member_id


def settle(session: Session, site: Site, case_id: str, member_id: str) -> None:
    """Note that a member looks after a case now: its alarms are answered. Asked twice, the first
    stays.
    """
    answered = session.exec(
        update(Alarm)
        .where(col(Alarm.case_id) == case_id, col(Alarm.answered_at).is_(None))
        .values(answered_at=site.clock(), answered_by=member_id)
    )
    if answered.rowcount:
        audit.add(
            session,
            site.clock(),
            audit.Act.ALARM_ANSWERED,
            member_id=member_id,
            organisation_id=session.get_one(Member, member_id).organisation_id,
            case_id=case_id,
        )


def give_up(session: Session, site: Site, alarm: Alarm) -> bool:
    """Note that nobody is left to call; False when it is over already. The desk still shows it."""
    done = session.exec(
        update(Alarm)
        .where(
            col(Alarm.id) == alarm.id,
            col(Alarm.answered_at).is_(None),
            col(Alarm.given_up_at).is_(None),
        )
        .values(given_up_at=site.clock())
    )
    return done.rowcount == 1


def to_tell(session: Session, site: Site, alarm_id: str) -> str | None:
    """Give the conversation that is to hear that somebody answered: once, and only who agreed to be
    contacted.
    """
    alarm = session.get(Alarm, alarm_id, with_for_update=True, populate_existing=True)
    if alarm is None or alarm.answered_at is None or alarm.told_at is not None:
        return None
    if not consent.latest(session, alarm.case_id, ConsentCode.CONTACT_ME):
        return None
    alarm.told_at = site.clock()
    session.add(alarm)
    return session.get_one(Case, alarm.case_id).conversation


# ---- what the desk shows


@dataclass(frozen=True, slots=True)
class Called:
    """One call. `name` is None for a member of another office, who is not named here."""

    name: str | None
    organisation_km: str
    organisation_en: str
    at: datetime
    reached: bool


@dataclass(frozen=True, slots=True)
class OpenAlarm:
    """An alarm that nobody answered. `given_up_at`: nobody is called any more."""

    id: str
    code: str
    raised_at: datetime
    given_up_at: datetime | None
    calls: tuple[Called, ...]


def open_alarms(session: Session, organisation_id: str) -> list[OpenAlarm]:
    """Give the alarms nobody answered of the open cases of which an office holds a key, one a case,
    oldest case first. Those that were given up stay until somebody answers.
    """
    rows = session.exec(
        select(Alarm, Case.code)
        .join(Case, col(Case.id) == col(Alarm.case_id))
        .join(Wrap, col(Wrap.case_id) == col(Case.id))
        .where(
            Wrap.organisation_id == organisation_id,
            col(Alarm.answered_at).is_(None),
            Case.status != Status.CLOSED,
        )
        .order_by(col(Alarm.raised_at))
    )
    newest = {alarm.case_id: (alarm, code) for alarm, code in rows}
    return [
        OpenAlarm(
            alarm.id,
            code,
            alarm.raised_at,
            alarm.given_up_at,
            _calls(session, alarm.id, organisation_id),
        )
        for alarm, code in newest.values()
    ]


def _calls(session: Session, alarm_id: str, organisation_id: str) -> tuple[Called, ...]:
    rows = session.exec(
        select(AlarmCall, Member, Organisation)
        .join(Member, col(Member.id) == col(AlarmCall.member_id))
        .join(Organisation, col(Organisation.id) == col(Member.organisation_id))
        .where(AlarmCall.alarm_id == alarm_id)
        .order_by(col(AlarmCall.called_at))
    )
    return tuple(
        Called(
            member.name if office.id == organisation_id else None,
            office.name_km,
            office.name_en,
            call.called_at,
            call.reached,
        )
        for call, member, office in rows
    )

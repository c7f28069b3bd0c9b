"""The duty person: whom an office wants to be called when somebody is in danger.

Whose phone it is, and the order of an office. What is called for, and the rule of the chain:
alarm.py.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import func, or_
from sqlmodel import Field, Session, SQLModel, col, delete, select

from referrals import recovery
from referrals.directory import Member, OrganisationKey, SignedIn
from referrals.permission import Permission, permits
from referrals.sealing import SealedField
from referrals.site import Site
from referrals.store import UtcDateTime
from referrals.taxonomy import Role

DUTY_ADDRESS = SealedField("duty_phone", "sealed_address", "server")

CALLED = frozenset(role for role in Role if permits(role, Permission.BE_ON_DUTY))
"""Roles that can be on duty: those who can read a case."""

CODE_DIGITS = 8
CODE_HOLDS = timedelta(minutes=15)
"""For how long a one-time code links a phone."""


class CannotBeCalled(Exception):
    """The member is not admitted to an office, or has a role that reads no case."""


class DutyPhone(SQLModel, table=True):
    """Where a member is called when on duty. `place` orders the members of one office, from 0."""

    __tablename__ = "duty_phone"

    member_id: str = Field(
        primary_key=True, foreign_key="member.id", max_length=32, ondelete="CASCADE"
    )
    channel: str = Field(max_length=16)
    conversation: str = Field(unique=True, max_length=64)
    sealed_address: bytes
    place: int = 0
    on_duty: bool = True
    since: datetime = Field(sa_type=UtcDateTime)


class DutyLink(SQLModel, table=True):
    """A one-time code by which a member tells the bot which chat is hers; kept as a digest."""

    __tablename__ = "duty_link"

    member_id: str = Field(
        primary_key=True, foreign_key="member.id", max_length=32, ondelete="CASCADE"
    )
    digest: bytes
    until: datetime = Field(sa_type=UtcDateTime)


class Alarm(SQLModel, table=True):
    """A case that somebody must look at now. `step` counts the people called so far."""

    __tablename__ = "alarm"

    id: str = Field(default_factory=lambda: uuid4().hex, primary_key=True, max_length=32)
    case_id: str = Field(foreign_key="case.id", index=True, max_length=32, ondelete="CASCADE")
    raised_at: datetime = Field(sa_type=UtcDateTime)
    step: int = 0
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    answered_by: str | None = Field(default=None, foreign_key="member.id", max_length=32)
    given_up_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    told_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AlarmCall(SQLModel, table=True):
    """One member called for one alarm. The row is there before the call leaves, and `reached` is
    said once it did: after a crash between the two nobody knows, and nobody is called twice.
    """

    __tablename__ = "alarm_call"

    alarm_id: str = Field(
        primary_key=True, foreign_key="alarm.id", max_length=32, ondelete="CASCADE"
    )
    member_id: str = Field(
        primary_key=True, foreign_key="member.id", max_length=32, ondelete="CASCADE"
    )
    called_at: datetime = Field(sa_type=UtcDateTime)
    reached: bool = False


# ---- whose phone it is


def link_code(session: Session, site: Site, member_id: str) -> str:
    """Make a one-time code of CODE_DIGITS digits for a member; it ends the one before.

    Only its HMAC is kept. Raises CannotBeCalled.
    """
    if not can_be_called(session, member_id):
        raise CannotBeCalled("only an admitted supervisor or case worker can be on duty")
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    session.merge(
        DutyLink(member_id=member_id, digest=_digest(site, code), until=site.clock() + CODE_HOLDS)
    )
    session.flush()
    return code


def link(
    session: Session,
    site: Site,
    code: str,
    channel: str,
    conversation: str,
    address: str,
    now: datetime,
) -> str | None:
    """Link the chat that sent a code to the member who was given it, and put her on duty.

    Gives the member, or None when the code is wrong, used or too old, or this conversation was
    wrong too often (recovery.may_try). A phone has one member and a member one phone: what was
    linked before is not any more.
    """
    if recovery.may_try(session, conversation, now) is not None:
        return None
    digest = _digest(site, code)
    waiting = session.exec(select(DutyLink).where(DutyLink.until >= now)).all()
    # Every one is compared, whether or not the first fits: the time it takes tells nothing.
    fits = [each.member_id for each in waiting if hmac.compare_digest(each.digest, digest)]
    if len(fits) != 1 or not can_be_called(session, fits[0]):
        recovery.note_wrong(session, conversation, now)
        return None
    member_id = fits[0]
    used = session.exec(
        delete(DutyLink).where(col(DutyLink.member_id) == member_id, col(DutyLink.digest) == digest)
    )
    if used.rowcount != 1:  # another chat was faster with it
        return None
    held = session.get(DutyPhone, member_id)
    place = _last_place(session, member_id) if held is None else held.place
    session.exec(
        delete(DutyPhone).where(
            or_(
                col(DutyPhone.member_id) == member_id,
                col(DutyPhone.conversation) == conversation,
            )
        )
    )
    session.add(
        DutyPhone(
            member_id=member_id,
            channel=channel,
            conversation=conversation,
            sealed_address=site.server_key.seal(DUTY_ADDRESS, member_id, address.encode()),
            place=place,
            since=now,
        )
    )
    session.flush()
    return member_id


def _digest(site: Site, code: str) -> bytes:
    return site.server_key.pseudonym("duty-link", code).encode()


def can_be_called(session: Session, member_id: str) -> bool:
    """Say whether a member reads cases: the role, and the organisation's key."""
    member = session.get(Member, member_id)
    if member is None or member.organisation_id is None or member.role not in CALLED:
        return False
    return session.get(OrganisationKey, (member.organisation_id, member_id)) is not None


def _last_place(session: Session, member_id: str) -> int:
    organisation = session.get_one(Member, member_id).organisation_id
    last = session.exec(
        select(func.max(DutyPhone.place))
        .join(Member, col(Member.id) == col(DutyPhone.member_id))
        .where(Member.organisation_id == organisation)
    ).one()
    return 0 if last is None else last + 1


def phone_of_chat(session: Session, conversation: str) -> DutyPhone | None:
    """Give the phone that this conversation is, when it is a member's."""
    return session.exec(
        select(DutyPhone).where(DutyPhone.conversation == conversation)
    ).one_or_none()


# ---- the office's roster


@dataclass(frozen=True, slots=True)
class OnRoster:
    """A member whose phone is linked. `place` counts from 0."""

    member_id: str
    name: str
    place: int
    on_duty: bool
    since: datetime


def roster(session: Session, organisation_id: str) -> list[OnRoster]:
    """Give the linked phones of an office in the order in which they are called."""
    rows = session.exec(
        select(DutyPhone, Member.name)
        .join(Member, col(Member.id) == col(DutyPhone.member_id))
        .where(Member.organisation_id == organisation_id)
        .order_by(col(DutyPhone.place), col(DutyPhone.member_id))
    )
    return [OnRoster(p.member_id, name, p.place, p.on_duty, p.since) for p, name in rows]


def _phone(session: Session, by: SignedIn, member_id: str) -> DutyPhone:
    """Give a phone that `by` may change: her own, or of her office when she is its supervisor.

    Raises PermissionError, also when there is no such phone.
    """
    phone, member = session.get(DutyPhone, member_id), session.get(Member, member_id)
    if phone is None or member is None or member.organisation_id != by.organisation_id:
        raise PermissionError("there is no such phone in this office")
    if member_id != by.member_id and by.role is not Role.SUPERVISOR:
        raise PermissionError("only a supervisor changes the duty of others")
    return phone


def unlink(session: Session, by: SignedIn, member_id: str) -> None:
    """Forget a phone and a code that waits. Raises PermissionError."""
    session.delete(_phone(session, by, member_id))
    session.exec(delete(DutyLink).where(col(DutyLink.member_id) == member_id))
    session.flush()


def set_on_duty(session: Session, by: SignedIn, member_id: str, on: bool) -> None:
    """Put a member on duty or take her off. Raises PermissionError."""
    phone = _phone(session, by, member_id)
    phone.on_duty = on
    session.add(phone)


def move(session: Session, by: SignedIn, member_id: str, *, earlier: bool) -> None:
    """Have a member called one place earlier or later; the first and the last stay so.

    Raises PermissionError when `by` is not the supervisor of the member's office.
    """
    _phone(session, by, member_id)
    if by.role is not Role.SUPERVISOR or by.organisation_id is None:
        raise PermissionError("only a supervisor changes the order")
    order = [each.member_id for each in roster(session, by.organisation_id)]
    here = order.index(member_id)
    there = min(max(here + (-1 if earlier else 1), 0), len(order) - 1)
    order[here], order[there] = order[there], order[here]
    for place, each in enumerate(order):
        phone = session.get_one(DutyPhone, each)
        phone.place = place
        session.add(phone)
    session.flush()

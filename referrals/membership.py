"""Coming back and going: what belongs to a membership besides its keys (keyring.py)."""

from datetime import datetime
from hashlib import sha256
from secrets import token_urlsafe

from sqlmodel import Session, col, delete, select, update

from referrals import audit, keyring
from referrals.case import Case
from referrals.directory import LINK_LIFETIME, Member, SignedIn, UsedLink
from referrals.duty import DutyLink, DutyPhone
from referrals.keyring import LastSupervisor
from referrals.readers import CaseReader
from referrals.taxonomy import Role, Status

LOST_PASSWORD = "password"  # noqa: S105 the name of what is lost


def let_go(session: Session, who: SignedIn, member: Member, now: datetime) -> None:
    """Let a member leave: a supervisor somebody of her office, an administrator somebody of none.

    Her open cases are nobody's, no phone of hers is called any more, and she is named for no
    restricted case: where hers was the only name, the supervisors name another (readers.py).
    Raises NoKey, PermissionError, LastHolder, LastSupervisor.
    """
    if member.organisation_id is None:
        _end(session, who, member, now)
    else:
        keyring.leave(session, who, member, now)
    hand_back(session, member)


def hand_back(session: Session, member: Member) -> None:
    """Let a member who left have nothing in hand: no open case, no name, no phone on duty."""
    session.exec(
        update(Case)
        .where(col(Case.handler_id) == member.id, col(Case.status) != Status.CLOSED)
        .values(handler_id=None)
    )
    for table in (CaseReader, DutyPhone, DutyLink):
        session.exec(delete(table).where(col(table.member_id) == member.id))


def _end(session: Session, who: SignedIn, member: Member, now: datetime) -> None:
    """Let an administrator, an editor or an analyst go. They hold no office's key."""
    if who.role is not Role.ADMINISTRATOR:
        raise PermissionError("only an administrator")
    administrators = session.exec(
        select(Member)
        .where(Member.role == Role.ADMINISTRATOR, col(Member.public_key).is_not(None))
        .order_by(col(Member.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    session.refresh(member, with_for_update=True)
    if member.left_at is not None or all(each.id != who.member_id for each in administrators):
        raise PermissionError("one of the two has left already")
    if [each.id for each in administrators] == [member.id]:
        raise LastSupervisor("there is no other administrator")
    keyring.forget_keys(session, who, member, now)


def withdraw(session: Session, who: SignedIn, member_id: str, now: datetime) -> None:
    """Take an invitation back, of somebody who has not come: a supervisor in her office, an
    administrator anywhere. Raises PermissionError, UsedLink.
    """
    member = session.exec(
        select(Member)
        .where(Member.id == member_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if member is None or not _invited_by(who, member):
        raise PermissionError("nobody of this organisation was invited so")
    if member.public_key is not None or member.link_hash is None:
        raise UsedLink("this person has come, or her invitation was taken back")
    audit.add(
        session,
        now,
        audit.Act.INVITATION_WITHDRAWN,
        member_id=who.member_id,
        organisation_id=member.organisation_id,
        subject=member.role,
    )
    if member.left_at is None:
        session.delete(member)
    else:
        member.link_hash = member.link_expires = None
        session.add(member)
    session.flush()


def _invited_by(who: SignedIn, member: Member) -> bool:
    of_hers = who.organisation_id is not None and member.organisation_id == who.organisation_id
    return who.role is Role.ADMINISTRATOR or (who.role is Role.SUPERVISOR and of_hers)


def new_link(session: Session, member: Member, now: datetime) -> str:
    """Give the secret of a one-time link for a member who lost her password, for LINK_LIFETIME.

    She gets new keys with it and waits to be admitted, as if she were new. Until she follows it,
    her password opens what it opened: a link that was not needed does no harm. Raises UsedLink for
    who has no account.
    """
    if member.public_key is None or member.left_at is not None:
        raise UsedLink("this person has no account here: invite her")
    secret = token_urlsafe(32)
    member.link_hash = sha256(secret.encode()).hexdigest()
    member.link_expires = now + LINK_LIFETIME
    session.add(member)
    audit.add(
        session,
        now,
        audit.Act.INVITED,
        organisation_id=member.organisation_id,
        subject=f"{LOST_PASSWORD} {member.id}",
    )
    session.flush()
    return secret

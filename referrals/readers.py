"""Who may open a restricted case: the members who are named, and nobody else of their office.

While no supervisor of the office is named, all its supervisors may, so that somebody can name the
right person, also after the one who did has left. A supervisor who may open it can name, and take a
name away, at any time: what keeps her from naming herself is the trace. The office's key opens the
case all the same; this rule is the program's.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, exists, or_
from sqlmodel import Field, Session, SQLModel, col, select

from referrals.case import Case
from referrals.directory import Member, SignedIn
from referrals.permission import Permission, permits
from referrals.store import UtcDateTime
from referrals.taxonomy import Confidentiality, Role


class CaseReader(SQLModel, table=True):
    """One member who may open one restricted case."""

    __tablename__ = "case_reader"

    case_id: str = Field(primary_key=True, foreign_key="case.id", max_length=32, ondelete="CASCADE")
    member_id: str = Field(primary_key=True, foreign_key="member.id", max_length=32)
    named_by: str = Field(foreign_key="member.id", max_length=32)
    at: datetime = Field(sa_type=UtcDateTime)


_NAMING = [role for role in Role if permits(role, Permission.NAME_READERS)]


def visible(who: SignedIn) -> ColumnElement[bool]:
    """Give the condition, in a query over Case, that restriction leaves it to this member.

    That the member's office holds a wrap is another condition.
    """
    named = exists().where(col(CaseReader.case_id) == Case.id)
    open_to_all = col(Case.confidentiality) != Confidentiality.RESTRICTED
    hers = named.where(col(CaseReader.member_id) == who.member_id)
    if not permits(who.role, Permission.NAME_READERS):
        return or_(open_to_all, hers)
    naming = select(Member.id).where(
        Member.organisation_id == who.organisation_id, col(Member.role).in_(_NAMING)
    )
    nobody_names = ~named.where(col(CaseReader.member_id).in_(naming))
    return or_(open_to_all, hers, nobody_names)


def may_open(session: Session, who: SignedIn, case: Case) -> bool:
    """Say whether restriction leaves this case to this member."""
    if case.confidentiality != Confidentiality.RESTRICTED:
        return True
    return session.exec(select(Case.id).where(Case.id == case.id, visible(who))).first() is not None


def openers(session: Session, case: Case) -> set[str]:
    """Give the ids of the members, of whatever office, to whom restriction leaves this case."""
    hers = select(CaseReader.member_id).where(CaseReader.case_id == case.id)
    if case.confidentiality != Confidentiality.RESTRICTED:
        return set(session.exec(select(Member.id)))
    with_names = select(Member.organisation_id).where(
        col(Member.id).in_(hers), col(Member.role).in_(_NAMING)
    )
    supervisors = select(Member.id).where(
        col(Member.role).in_(_NAMING), col(Member.organisation_id).not_in(with_names)
    )
    return {*session.exec(hers), *session.exec(supervisors)}


def named(session: Session, case_id: str, organisation_id: str) -> list[Member]:
    """Give the members of an office who are named for a case."""
    return list(
        session.exec(
            select(Member)
            .join(CaseReader, col(CaseReader.member_id) == Member.id)
            .where(CaseReader.case_id == case_id, Member.organisation_id == organisation_id)
            .order_by(col(Member.name))
        )
    )


def reads(session: Session, case_id: str, member_id: str) -> bool:
    """Say whether this member is named for a case."""
    return session.get(CaseReader, (case_id, member_id)) is not None


def name(session: Session, case: Case, member: Member, by: SignedIn, now: datetime) -> None:
    """Name a member, once. The caller has judged that she may be named."""
    if session.get(CaseReader, (case.id, member.id)) is None:
        session.add(CaseReader(case_id=case.id, member_id=member.id, named_by=by.member_id, at=now))
        session.flush()


def unname(session: Session, case: Case, member_id: str) -> None:
    """Take a name away; one that is not there is fine."""
    row = session.get(CaseReader, (case.id, member_id))
    if row is not None:
        session.delete(row)
        session.flush()

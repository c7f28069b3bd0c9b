"""How long a case is kept once it was closed, who is warned, and who can keep it longer.

A closed case is erased when its months are over (settings.KeepClosed, by outcome) and its offices
were warned at least WARNING before. A case that nobody closed is never erased by itself, a request
to be written to neither; nor is one closed before the day of closing was kept. Whatever its state,
a case that nobody can read any more, because every consent was taken back, is erased after UNREAD.

The migrant is not told when her case is warned of: the phone may be in other hands, and there is
nothing she must do.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dateutil.relativedelta import relativedelta
from sqlalchemy import ColumnElement, exists, func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from referrals import audit, erasure, readers
from referrals.aftercare import BY_MIGRANT
from referrals.case import Case, Wrap
from referrals.consent import Consent
from referrals.directory import SignedIn
from referrals.erasure import Reason
from referrals.permission import Permission, permits
from referrals.settings import KeepClosed, Outcome
from referrals.site import Site
from referrals.taxonomy import Status

WARNING = timedelta(days=30)
"""How long before it is erased the offices that hold a case see so."""

UNREAD = timedelta(days=30)
"""How long a case is kept that nobody can read any more, from her last answer to a consent."""

MOST_LONGER = 12
"""Months by which a case can be kept longer at a time."""


class KeepReason(StrEnum):
    """Why a case is kept longer."""

    COURT = "court"
    INQUIRY = "inquiry"
    PAYMENT = "payment"
    HER_WISH = "her_wish"


class NotKeptLonger(Exception):
    """The office holds no such case that is warned of, or asks for too long."""


@dataclass(frozen=True, slots=True)
class Warned:
    """A case that will be erased, for the offices that hold it. `erased_from` is UTC: it goes in
    the night after.
    """

    code: str
    category: str
    outcome: Outcome
    closed_at: datetime
    erased_from: datetime


# ---- when


def outcome_of(case: Case) -> Outcome:
    """Say how a closed case ended. Her own answer counts before who closed it."""
    if case.satisfied is not None:
        return Outcome.SATISFIED if case.satisfied == "yes" else Outcome.UNSATISFIED
    return Outcome.WITHDRAWN if case.closed_by == BY_MIGRANT else Outcome.UNSAID


def months_after(moment: datetime, months: int) -> datetime:
    """Give the same day and time so many months later; the last of a shorter month."""
    return moment + relativedelta(months=months)


def kept_until(case: Case, keep: KeepClosed) -> datetime | None:
    """Give until when (UTC) a case is kept at least; None when it is never erased by itself."""
    if case.status != Status.CLOSED or case.closed_at is None:
        return None
    until = months_after(case.closed_at, keep.months(outcome_of(case)))
    return max(until, case.keep_until) if case.keep_until is not None else until


def is_warned_of(case: Case) -> bool:
    """Say whether the offices were warned, since the case was closed last."""
    return (
        case.warned_at is not None
        and case.closed_at is not None
        and case.warned_at >= case.closed_at
    )


def erased_from(case: Case, keep: KeepClosed) -> datetime | None:
    """Give when (UTC) a case may be erased; None while nobody was warned of it."""
    until = kept_until(case, keep)
    if until is None or case.warned_at is None or not is_warned_of(case):
        return None
    return max(until, case.warned_at + WARNING)


# ---- warning, erasing


def to_warn(session: Session, now: datetime, keep: KeepClosed) -> list[str]:
    """Give the ids of cases whose offices are to be warned now."""
    return [
        case.id
        for case in session.exec(_closed().where(col(Case.id).in_(select(Wrap.case_id))))
        if _is_to_warn(case, now, keep)
    ]


def _is_to_warn(case: Case, now: datetime, keep: KeepClosed) -> bool:
    until = kept_until(case, keep)
    return until is not None and not is_warned_of(case) and now >= until - WARNING


def warn(session: Session, site: Site, case_id: str, keep: KeepClosed) -> bool:
    """Warn the offices that hold a case, once; False when it is not, or no longer, time."""
    case = erasure.locked(session, case_id)
    if case is None or not _is_to_warn(case, site.clock(), keep):
        return False
    case.warned_at = site.clock()
    session.add(case)
    audit.add(session, site.clock(), audit.Act.ERASURE_WARNED, case_id=case.id)
    session.flush()
    return True


def to_erase(session: Session, now: datetime, keep: KeepClosed) -> list[str]:
    """Give the ids of cases that are to be erased now."""
    warned = session.exec(_closed().where(col(Case.warned_at) <= now - WARNING))
    due = [case.id for case in warned if _why(session, case, now, keep) is not None]
    unread = session.exec(select(Case.id).where(*_nobody_reads(now)))
    return sorted({*due, *unread})


def erase(session: Session, site: Site, case_id: str, keep: KeepClosed) -> bool:
    """Erase a case if it is still time; says whether it did."""
    case = erasure.locked(session, case_id)
    if case is None:
        return False
    why = _why(session, case, site.clock(), keep)
    return why is not None and erasure.erase(session, site, case.id, why)


def _why(session: Session, case: Case, now: datetime, keep: KeepClosed) -> Reason | None:
    from_ = erased_from(case, keep)
    if from_ is not None and now >= from_:
        return Reason.TIME
    unread = select(Case.id).where(Case.id == case.id, *_nobody_reads(now))
    return Reason.NOBODY_CAN_READ if session.exec(unread).first() is not None else None


def _nobody_reads(now: datetime) -> tuple[ColumnElement[bool], ...]:
    since = now - UNREAD
    return (
        ~exists().where(col(Wrap.case_id) == col(Case.id)),
        ~exists().where(col(Consent.case_id) == col(Case.id), col(Consent.at) > since),
        col(Case.lodged_at) <= since,
    )


def _closed() -> SelectOfScalar[Case]:
    return select(Case).where(Case.status == Status.CLOSED, col(Case.closed_at).is_not(None))


# ---- at the desk


def warned(session: Session, who: SignedIn, keep: KeepClosed) -> tuple[Warned, ...]:
    """Give the cases of the member's office that will be erased, the next one first. A restricted
    case shows to whoever may open it.
    """
    found = [
        Warned(case.code, case.category, outcome_of(case), case.closed_at, from_)
        for case in session.exec(_closed().where(*_warned_for(who)))
        if case.closed_at is not None and (from_ := erased_from(case, keep)) is not None
    ]
    return tuple(sorted(found, key=lambda each: (each.erased_from, each.code)))


def warned_count(session: Session, who: SignedIn) -> int:
    """Give how many cases of the member's office will be erased; 0 for who cannot keep them."""
    if who.organisation_id is None or not permits(who.role, Permission.KEEP_CASES):
        return 0
    return session.exec(
        select(func.count())
        .select_from(Case)
        .where(Case.status == Status.CLOSED, col(Case.closed_at).is_not(None), *_warned_for(who))
    ).one()


def _warned_for(who: SignedIn) -> tuple[ColumnElement[bool], ...]:
    held = select(Wrap.case_id).where(Wrap.organisation_id == (who.organisation_id or ""))
    return (
        col(Case.id).in_(held),
        col(Case.warned_at) >= col(Case.closed_at),
        readers.visible(who),
    )


def keep_longer(
    session: Session,
    site: Site,
    who: SignedIn,
    code: str,
    months: int,
    reason: KeepReason,
    keep: KeepClosed,
) -> datetime:
    """Keep a case that is warned of for so many months (1 to MOST_LONGER) more than it would be;
    gives until when (UTC). Its offices are warned anew before that.

    Raises NotKeptLonger; PermissionError for who may not keep cases.
    """
    if not permits(who.role, Permission.KEEP_CASES):
        raise PermissionError("only a supervisor keeps a case longer")
    if not 1 <= months <= MOST_LONGER:
        raise NotKeptLonger(f"a case is kept at most {MOST_LONGER} months longer at a time")
    found = session.exec(select(Case.id).where(Case.code == code, *_warned_for(who))).first()
    case = None if found is None else erasure.locked(session, found)
    from_ = None if case is None else erased_from(case, keep)
    if case is None or from_ is None:
        raise NotKeptLonger("there is no such case that will be erased")
    case.keep_until = until = months_after(max(from_, site.clock()), months)
    case.warned_at = None
    session.add(case)
    audit.add(
        session,
        site.clock(),
        audit.Act.KEPT_LONGER,
        member_id=who.member_id,
        organisation_id=who.organisation_id,
        case_id=case.id,
        subject=f"{reason.value}:{months}",
    )
    session.flush()
    return until

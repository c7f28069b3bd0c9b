"""What the migrant may do with her own case once it is lodged: see who read it, change what she
agreed to, close it, say how it ended, have it erased.

Whoever calls has seen that the case is hers. Each function locks the case first, so that two at
once come one after the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.exc import NoResultFound
from sqlmodel import Session, col, select

from referrals import audit, consent, erasure
from referrals.case import Case, Referral, Wrap
from referrals.directory import Member, Organisation
from referrals.notice import Letter, LetterState
from referrals.site import Site
from referrals.taxonomy import CONSENT_FOR, ConsentCode, PartnerType, Status

ZONE = ZoneInfo("Asia/Phnom_Penh")
REOPENING = timedelta(days=30)
"""How long after it was closed she can open a case again. A working rule, not a legal limit."""

SATISFIED = ("yes", "partly", "no")
MONEY = ("all", "part", "none")
BY_MIGRANT = "migrant"
WITHDRAWN, CLOSED, OFFERED, ACCEPTED = "withdrawn", "closed", "offered", "accepted"
"""States of a referral that are set here."""

_READ = (audit.Act.OPENED_CASE, audit.Act.OPENED_FILE, audit.Act.EXPORTED)


class TooLate(Exception):
    """The case was closed longer than REOPENING ago; a new one can be lodged."""


class NotErased(ValueError):
    """She no longer agrees that the case is kept at all: it must be erased (`erase`)."""


@dataclass(frozen=True, slots=True)
class Read:
    """An office that opened the case, or (`copied`) made a copy of it for a lawyer or a court. Who
    in it is not told. `at` is UTC, the last of that day.
    """

    organisation_km: str
    organisation_en: str
    at: datetime
    copied: bool = False


def change_consent(session: Session, site: Site, case: Case, asked: consent.Asked) -> bool:
    """Write a new answer down and do what follows from it; says whether it was new.

    The same answer to the same words again changes nothing. No to a kind of partner: the database
    deletes the keys of that kind, its referrals end as "withdrawn", and a case that one of them had
    taken waits to be taken again. No to `contact_me`: letters not read yet wait unannounced.
    A later yes is only written down; the desk wraps the key when somebody who holds it opens the
    case. Raises NotErased for a no to `store`.
    """
    if asked.code is ConsentCode.STORE and not asked.granted:
        raise NotErased("what may not be kept is erased")
    case = _locked(session, case)
    before = [row for row in consent.history(session, case.id) if row.code == asked.code][-1:]
    if before and _same(before[0], asked):
        return False
    consent.record(session, case.id, asked)
    if not asked.granted:
        kinds = {kind for kind, code in CONSENT_FOR.items() if code is asked.code}
        _withdraw(session, site, case, kinds)
        if asked.code is ConsentCode.CONTACT_ME:
            _silence(session, case)
    answer = "yes" if asked.granted else "no"
    _trace(session, site, case, audit.Act.CONSENT_CHANGED, f"{asked.code}:{answer}")
    return True


def reads(session: Session, case: Case) -> tuple[Read, ...]:
    """Give which offices opened the case or a file of it, or made a copy of it, newest first.

    What one office did several times on one day (Cambodian time), with no other in between, is
    told once.
    """
    offices = {o.id: o for o in session.exec(select(Organisation))}
    told: list[tuple[str, Read]] = []
    for row in audit.of_case(session, case.id):
        office = offices.get(row.organisation_id or "")
        if row.act not in _READ or office is None:
            continue
        copied = row.act == audit.Act.EXPORTED
        read = Read(office.name_km, office.name_en, row.at, copied)
        if told and told[-1][0] == office.id and _same_day(told[-1][1], read):
            continue
        told.append((office.id, read))
    return tuple(read for _, read in told)


def _same_day(one: Read, other: Read) -> bool:
    return one.copied == other.copied and _day(one.at) == _day(other.at)


def readable_by_anybody(session: Session, case: Case) -> bool:
    """Say whether an office can still open the case; if none can, a new consent reaches nobody."""
    held = session.exec(select(Wrap.case_id).where(Wrap.case_id == case.id).limit(1))
    return held.first() is not None


def only_reader(session: Session, case: Case, code: ConsentCode) -> bool:
    """Say whether this consent is the last by which anybody can open the case."""
    kinds = set(session.exec(select(Wrap.partner_type).where(Wrap.case_id == case.id)))
    return bool(kinds) and all(CONSENT_FOR[PartnerType(kind)] is code for kind in kinds)


def close(session: Session, site: Site, case: Case) -> None:
    """Close the case at her word; its open referrals end. A closed one stays as it is."""
    case = _locked(session, case)
    if case.status == Status.CLOSED:
        return
    case.status, case.closed_by, case.closed_at = Status.CLOSED, BY_MIGRANT, site.clock()
    session.add(case)
    end_referrals(session, case, site.clock())
    _trace(session, site, case, audit.Act.CLOSED)


def end_referrals(session: Session, case: Case, now: datetime) -> None:
    """End what is still open with the offices, because the case was closed `now` (UTC)."""
    for referral in _referrals(session, case):
        if referral.ended_at is None:
            _end(session, referral, CLOSED, now)


def may_reopen(case: Case, now: datetime) -> bool:
    """Say whether the case is closed, and was so at most REOPENING ago.

    One closed before the day of closing was kept can always be opened again.
    """
    return case.status == Status.CLOSED and (
        case.closed_at is None or now - case.closed_at <= REOPENING
    )


def reopen(session: Session, site: Site, case: Case) -> None:
    """Open a closed case again; the offices that closing cut off, and that still hold its key, have
    it back.

    What she said of its end is forgotten. One that is open stays as it is. Raises TooLate.
    """
    case = _locked(session, case)
    if case.status != Status.CLOSED:
        return
    if not may_reopen(case, site.clock()):
        raise TooLate("this case was closed too long ago")
    forget_who_left(session, case)
    case.status = Status.LODGED if case.handler_id is None else Status.TAKEN
    case.closed_at = case.closed_by = case.satisfied = case.money = None
    session.add(case)
    handler = session.get(Member, case.handler_id) if case.handler_id else None
    for referral in _referrals(session, case):
        if referral.state == CLOSED:
            taken = handler is not None and handler.organisation_id == referral.organisation_id
            referral.state, referral.ended_at = ACCEPTED if taken else OFFERED, None
            session.add(referral)
    _trace(session, site, case, audit.Act.REOPENED)


def forget_who_left(session: Session, case: Case) -> None:
    """Give a case that goes on to nobody, when who handled it left her office meanwhile."""
    handler = session.get(Member, case.handler_id) if case.handler_id else None
    if handler is None:
        return
    office = handler.organisation_id
    if handler.left_at is not None or session.get(Wrap, (case.id, office)) is None:
        case.handler_id = None
        session.add(case)


def say_satisfied(session: Session, case: Case, answer: str) -> None:
    """Keep whether she is satisfied: one of SATISFIED; the last answer holds. Raises ValueError."""
    if answer not in SATISFIED:
        raise ValueError("satisfied is yes, partly or no")
    case.satisfied = answer
    session.add(case)
    session.flush()


def say_money(session: Session, case: Case, answer: str) -> None:
    """Keep how much of the money she got: one of MONEY; the last answer holds. Raises
    ValueError.
    """
    if answer not in MONEY:
        raise ValueError("money is all, part or none")
    case.money = answer
    session.add(case)
    session.flush()


def erase(session: Session, site: Site, case: Case) -> None:
    """Erase the case at her word (erasure.py says what goes and what stays). A case that is gone
    already is fine.
    """
    erasure.erase(session, site, case.id, erasure.Reason.HER_WISH)


def _locked(session: Session, case: Case) -> Case:
    """Give the case as it is now, held for this transaction. Raises
    sqlalchemy.exc.NoResultFound when it was erased meanwhile.
    """
    held = erasure.locked(session, case.id)
    if held is None:
        raise NoResultFound("this case was erased")
    return held


def _same(row: consent.Consent, asked: consent.Asked) -> bool:
    return (row.granted, row.version, row.language, row.words) == (
        asked.granted,
        asked.version,
        asked.language,
        asked.words,
    )


def _referrals(
    session: Session, case: Case, kinds: Iterable[PartnerType] = tuple(PartnerType)
) -> list[Referral]:
    return list(
        session.exec(
            select(Referral)
            .join(Organisation, col(Organisation.id) == Referral.organisation_id)
            .where(Referral.case_id == case.id, col(Organisation.partner_type).in_(list(kinds)))
            .order_by(col(Referral.place))
        )
    )


def _end(session: Session, referral: Referral, state: str, now: datetime) -> None:
    referral.state, referral.ended_at = state, referral.ended_at or now
    session.add(referral)


def _withdraw(session: Session, site: Site, case: Case, kinds: set[PartnerType]) -> None:
    """End the referrals of these kinds: open ones, and those that only closing had ended, so that
    no reopening brings them back.
    """
    handler = session.get(Member, case.handler_id) if case.handler_id else None
    for referral in _referrals(session, case, kinds):
        if referral.ended_at is None or referral.state == CLOSED:
            _end(session, referral, WITHDRAWN, site.clock())
        if handler is not None and handler.organisation_id == referral.organisation_id:
            case.handler_id = None
            case.status = Status.CLOSED if case.status == Status.CLOSED else Status.LODGED
            session.add(case)
    session.flush()


def _silence(session: Session, case: Case) -> None:
    """Announce nothing more of the case; a letter she has not seen waits until she asks for it."""
    waiting = select(Letter).where(Letter.case_id == case.id, Letter.state == LetterState.WAITING)
    for letter in session.exec(waiting):
        letter.state = LetterState.ANNOUNCED
        session.add(letter)
    session.flush()


def _trace(
    session: Session, site: Site, case: Case, act: audit.Act, subject: str | None = None
) -> None:
    audit.add(session, site.clock(), act, case_id=case.id, subject=subject)
    session.flush()


def _day(moment: datetime) -> str:
    return moment.astimezone(ZONE).date().isoformat()

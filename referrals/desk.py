"""What a member does at the desk. Every function checks the role, the wrap and, for a restricted
case, the named readers; and it leaves a trace before it opens.
"""

import re
from collections.abc import Iterator, Mapping

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from referrals import alarm, audit, consent, keys, lodging, notice, reading, routing, searching
from referrals.aftercare import BY_MIGRANT, end_referrals, forget_who_left
from referrals.case import Case, CaseFile, Referral, Wrap
from referrals.consent import Consent, StandingConsent
from referrals.directory import SignedIn
from referrals.intake import Detail
from referrals.keyring import organisation_key
from referrals.opened import (
    CaseRow,
    ConsentRow,
    EndingRow,
    FileRow,
    GroupRow,
    OfficeRow,
    OpenCase,
    ReaderRow,
    ThreadRow,
    WithdrawnRow,
)
from referrals.permission import Permission, permits
from referrals.readers import may_open
from referrals.reading import list_cases, withdrawn
from referrals.sealing import seal
from referrals.site import Site
from referrals.taxonomy import Category, ConsentCode, PartnerType, Status
from referrals.thread import ENTRY, Entry

__all__ = [
    "LETTER_LIMIT",
    "CaseRow",
    "ConsentRow",
    "EndingRow",
    "FileRow",
    "GroupRow",
    "NotAllowed",
    "NotYours",
    "OfficeRow",
    "OpenCase",
    "ReaderRow",
    "Status",
    "ThreadRow",
    "WithdrawnRow",
    "enter",
    "hold",
    "key_of",
    "list_cases",
    "open_case",
    "open_file",
    "open_to_export",
    "set_status",
    "take",
    "withdrawn",
    "write",
]

LETTER_LIMIT = 600
"""Characters of one letter to a migrant: what fits one bubble on every channel."""


class NotYours(Exception):
    """There is no such case for this member: it does not exist, or no consent lets her organisation
    in.
    """


class NotAllowed(Exception):
    """The act is not possible: no consent to contact, a letter that is empty or too long, wrong
    status.
    """


_PERMISSION_FOR: Mapping[audit.Act, Permission] = {
    audit.Act.TOOK: Permission.HANDLE_CASES,
    audit.Act.CHANGED_STATUS: Permission.HANDLE_CASES,
    audit.Act.WROTE: Permission.WRITE_LETTERS,
    audit.Act.ASSIGNED: Permission.ASSIGN_CASES,
    audit.Act.READER_NAMED: Permission.NAME_READERS,
    audit.Act.READER_REMOVED: Permission.NAME_READERS,
    audit.Act.EXPORTED: Permission.EXPORT_CASES,
}
"""What an act on a case asks for besides OPEN_CASES."""


def key_of(session: Session, who: SignedIn, code: str) -> tuple[Case, bytes]:
    """Give the case and its key, for a caller that has left the trace. Raises NotYours."""
    case = session.exec(select(Case).where(Case.code == code)).one_or_none()
    wrap = (
        session.get(Wrap, (case.id, who.organisation_id))
        if case is not None and who.organisation_id is not None
        else None
    )
    if case is None or wrap is None or not permits(who.role, Permission.OPEN_CASES):
        raise NotYours("there is no such case here")
    if not may_open(session, who, case):
        raise NotYours("there is no such case here")
    held = organisation_key(session, who, wrap.generation)
    if held is None:
        raise NotYours("there is no such case here")
    purpose = keys.case_key_purpose(case.id, wrap.organisation_id)
    return case, held.open_(wrap.wrapped, purpose)


def hold(session: Session, who: SignedIn, code: str) -> tuple[Case, bytes]:
    """Give what `key_of` gives, and hold the case until the transaction ends. Raises NotYours.

    Who changes a case holds it before reading whether she may: a consent that is being taken back
    at this moment is waited for, and counts. Whoever takes it back holds the case first, too.
    """
    session.exec(select(Case.id).where(Case.code == code).with_for_update(key_share=True)).first()
    return key_of(session, who, code)


def enter(site: Site, who: SignedIn, code: str, act: audit.Act, subject: str | None = None) -> None:
    """Leave the trace of what is about to happen, or was refused, in its own transaction.

    Raises NotYours, also when the member's role lets her open the case and not do this.
    """
    refused = None
    with site.store.reading() as session:
        case_id = session.exec(select(Case.id).where(Case.code == code)).one_or_none()
        try:
            key_of(session, who, code)
            if not permits(who.role, _PERMISSION_FOR.get(act, Permission.OPEN_CASES)):
                raise NotYours("this is not for this role")
        except NotYours as error:
            refused = error
    audit.record(
        site,
        audit.Act.REFUSED if refused else act,
        member_id=who.member_id,
        organisation_id=who.organisation_id,
        case_id=case_id,
        subject=_as_code(code if refused else subject),
    )
    if refused:
        raise refused


_CODE = re.compile(r"[0-9a-z_:]{1,64}")


def _as_code(given: str | None) -> str | None:
    """Let nothing but a code into the audit, from which nobody can delete anything: an address or a
    form may hold any words.
    """
    return given if given is None or _CODE.fullmatch(given) else "?"


def open_case(site: Site, who: SignedIn, code: str) -> OpenCase:
    """Open one case for reading. Raises NotYours. The read is written down first.

    Opening also gives the case to those whom the migrant agreed to after lodging: the bot could
    not, for it no longer holds the key.
    """
    enter(site, who, code, audit.Act.OPENED_CASE)
    with site.store.writing() as session:
        case, case_key = hold(session, who, code)
        now = site.clock()
        _share_late(session, site, who, case, case_key)
        searching.index(session, who, case, case_key)
        if case.first_opened is None:
            case.first_opened = now
            session.add(case)
        return reading.opened(session, who, case, case_key, now)


def _share_late(session: Session, site: Site, who: SignedIn, case: Case, case_key: bytes) -> None:
    """Wrap the case key for each kind of partner agreed to since lodging that has no wrap yet. The
    case is held: of two who open it at the same moment the second finds nothing left to do.
    """
    agreed = _agreed_late(session, case)
    if not agreed:
        return
    open_to = _may_see(session, case, case_key)
    for kind in agreed:
        chosen = routing.route(Category(case.category), case.province, {kind}, open_to)
        for each in chosen:
            try:
                with session.begin_nested():
                    _offer(session, site, who, case, case_key, each)
            except IntegrityError:
                # She took the consent back this very moment; the database is right.
                continue


def _agreed_late(session: Session, case: Case) -> list[PartnerType]:
    """Give the kinds that she agreed to after lodging and that nobody was given a key for.

    A kind agreed to at lodging had its choice then: routing left it out for a reason.
    """
    found = session.exec(
        select(StandingConsent.partner_type)
        .join(Consent, col(Consent.id) == StandingConsent.consent_id)
        .where(
            StandingConsent.case_id == case.id,
            Consent.at > case.lodged_at,
            col(StandingConsent.partner_type).not_in(
                select(Wrap.partner_type).where(Wrap.case_id == case.id)
            ),
        )
    )
    return [PartnerType(kind) for kind in found]


def _may_see(session: Session, case: Case, case_key: bytes) -> list[routing.Candidate]:
    """Give the offices that can receive cases, without those that she said must not see hers."""
    chosen = reading.told(session, case, case_key).choices
    answers = {
        Detail.NOT_SEE.value: ",".join(chosen.get(Detail.NOT_SEE, ())),
        "province": case.province or "",
    }
    return lodging.allowed(lodging.candidates(session), answers)


def _offer(
    session: Session,
    site: Site,
    who: SignedIn,
    case: Case,
    case_key: bytes,
    chosen: routing.Route,
) -> None:
    ended = session.get(Referral, (case.id, chosen.organisation_id))
    if ended is not None:  # it had the case until she took it back, and gets it anew
        session.delete(ended)
        session.flush()
    last = session.exec(
        select(func.max(Referral.place)).where(Referral.case_id == case.id)
    ).one_or_none()
    lodging.refer(session, site, case, case_key, chosen, 0 if last is None else last + 1)
    session.flush()
    audit.add(
        session,
        site.clock(),
        audit.Act.SHARED,
        member_id=who.member_id,
        organisation_id=who.organisation_id,
        case_id=case.id,
        subject=chosen.organisation_id,
    )


def open_to_export(site: Site, who: SignedIn, code: str, fingerprint: str) -> tuple[Case, bytes]:
    """Give a case and its key to who exports it. Raises NotYours. The export is written down first,
    with the fingerprint of the receiver's key.
    """
    enter(site, who, code, audit.Act.EXPORTED, fingerprint)
    with site.store.reading() as session:
        return key_of(session, who, code)


def open_file(
    site: Site, who: SignedIn, code: str, file_id: str
) -> tuple[FileRow, Iterator[bytes]]:
    """Open one file of a case. Raises NotYours. The read is written down first."""
    enter(site, who, code, audit.Act.OPENED_FILE, file_id[:32])
    with site.store.reading() as session:
        case, case_key = key_of(session, who, code)
        row = session.get(CaseFile, file_id)
        if row is None or row.case_id != case.id:
            raise NotYours("there is no such file here")
        key, sha256 = reading.file_secret(case, case_key, row)
        return reading.file_row(row, sha256), site.files.open_(row.id, key)


def take(site: Site, who: SignedIn, code: str) -> None:
    """Become the case's handler. Raises NotYours; NotAllowed when she closed the case herself."""
    enter(site, who, code, audit.Act.TOOK)
    with site.store.writing() as session:
        case, _ = hold(session, who, code)
        _must_not_be_closed_by_her(case)
        case.handler_id = who.member_id
        if case.status == Status.LODGED:
            case.status = Status.TAKEN
        session.add(case)
        referral = session.get(Referral, (case.id, who.organisation_id))
        if referral is not None:
            referral.state = "accepted"
            session.add(referral)
        alarm.settle(session, site, case.id, who.member_id)


def set_status(site: Site, who: SignedIn, code: str, status: Status) -> None:
    """Change where the case stands; closing notes when, and that the office did it.

    A case that is closed already keeps who closed it; one that is opened again forgets it, and this
    office has its referral again. One that she closed herself stays closed until she opens it
    again. Raises NotYours, NotAllowed (that, and nothing goes back to lodged).
    """
    if status is Status.LODGED:
        raise NotAllowed("a case that was taken cannot become new again")
    enter(site, who, code, audit.Act.CHANGED_STATUS, status)
    with site.store.writing() as session:
        case, _ = hold(session, who, code)
        _must_not_be_closed_by_her(case)
        if status is not Status.CLOSED:
            _go_on(session, who, case)
        elif case.closed_at is None:
            case.closed_at, case.closed_by = site.clock(), "office"
            end_referrals(session, case, site.clock())
        case.status = status
        session.add(case)


def _must_not_be_closed_by_her(case: Case) -> None:
    """Raise NotAllowed when the migrant closed the case, which is held: she may be at it."""
    if case.closed_by == BY_MIGRANT:
        raise NotAllowed("she closed it herself; only she can open it again")


def _go_on(session: Session, who: SignedIn, case: Case) -> None:
    """Forget that the case was closed; what she said of its end stays hers to change."""
    if case.closed_at is not None:
        forget_who_left(session, case)
    case.closed_at = case.closed_by = None
    referral = session.get(Referral, (case.id, who.organisation_id))
    if referral is not None and referral.ended_at is not None:
        referral.state, referral.ended_at = "accepted", None
        session.add(referral)


def write(site: Site, who: SignedIn, code: str, text: str) -> str:
    """Write to the migrant; gives the id of the letter that waits for her.

    Raises NotYours; NotAllowed when she did not agree to be contacted, closed the case herself, or
    the text is empty or longer than LETTER_LIMIT characters.
    """
    text = text.strip()
    if not 0 < len(text) <= LETTER_LIMIT:
        raise NotAllowed("a letter has one to six hundred characters")
    enter(site, who, code, audit.Act.WROTE)
    with site.store.writing() as session:
        case, case_key = hold(session, who, code)
        # It may be claimed on another phone at this moment: the letter follows the case.
        _must_not_be_closed_by_her(case)
        if not consent.latest(session, case.id, ConsentCode.CONTACT_ME):
            raise NotAllowed("she did not agree to be contacted")
        entry = Entry(case_id=case.id, at=site.clock(), author_id=who.member_id, sealed=b"")
        entry.sealed = seal(case_key, ENTRY, entry.id, text.encode())
        session.add(entry)
        return notice.post(session, site, case.conversation, case.id, text)

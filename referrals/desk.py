"""What a member does at the desk. Every function checks the wrap, and leaves a trace before it
opens.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from referrals import audit, consent, keys, notice, triage
from referrals.case import (
    CASE_PRIVATE_KEY,
    FIELD,
    FILE_KEY,
    Case,
    CaseField,
    CaseFile,
    Referral,
    Wrap,
)
from referrals.directory import Member, Organisation, SignedIn, organisation_key
from referrals.routing import Reason
from referrals.sealing import open_, seal
from referrals.site import Site
from referrals.taxonomy import Category, ConsentCode, Role, Status, Urgency
from referrals.thread import ENTRY, Entry

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


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One line of the list: codes only, nothing that needs a key."""

    code: str
    category: Category
    country: str
    province: str | None
    urgency: Urgency
    age: timedelta
    status: Status
    handler: str | None
    mine: bool
    unread: int


@dataclass(frozen=True, slots=True, repr=False)
class FileRow:
    """A file of the case."""

    id: str
    name: str
    kind: str
    media_type: str
    size: int
    at: datetime
    added_later: bool


@dataclass(frozen=True, slots=True, repr=False)
class ThreadRow:
    """One thing said after lodging. `author` is the member's name, None for the migrant."""

    at: datetime
    author: str | None
    text: str


@dataclass(frozen=True, slots=True)
class ReaderRow:
    """Somebody who opened the case."""

    at: datetime
    name: str
    organisation_km: str
    organisation_en: str


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """The last answer to one question of consent."""

    code: ConsentCode
    granted: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class OfficeRow:
    """An office that was offered the case, and why."""

    name_km: str
    name_en: str
    reasons: tuple[Reason, ...]
    offered_at: datetime


@dataclass(frozen=True, slots=True, repr=False)
class OpenCase:
    """A case, opened for one reader."""

    row: CaseRow
    complainant: str
    confidentiality: str
    language: str
    channel: str
    danger: bool
    lodged_at: datetime
    fields: tuple[tuple[str, str], ...]
    files: tuple[FileRow, ...]
    thread: tuple[ThreadRow, ...]
    readers: tuple[ReaderRow, ...]
    consents: tuple[ConsentRow, ...]
    offices: tuple[OfficeRow, ...]
    may_write: bool


def _row(session: Session, who: SignedIn, case: Case, now: datetime) -> CaseRow:
    handler = session.get(Member, case.handler_id) if case.handler_id else None
    unread = session.exec(
        select(func.count())
        .select_from(Entry)
        .where(
            Entry.case_id == case.id,
            col(Entry.author_id).is_(None),
            col(Entry.read_at).is_(None),
        )
    ).one()
    age = now - case.lodged_at
    category, status = Category(case.category), Status(case.status)
    return CaseRow(
        code=case.code,
        category=category,
        country=case.country,
        province=case.province,
        urgency=triage.urgency(category, danger=case.danger, status=status, age=age),
        age=age,
        status=status,
        handler=handler.name if handler else None,
        mine=case.handler_id == who.member_id,
        unread=unread,
    )


_ORDER = {Urgency.NOW: 0, Urgency.SOON: 1, Urgency.NORMAL: 2}


def list_cases(session: Session, who: SignedIn, now: datetime) -> list[CaseRow]:
    """Give the cases that the member's organisation holds a wrap of: open, urgent and old ones
    first.
    """
    if who.organisation_id is None or who.role is Role.ADMINISTRATOR:
        return []
    found = session.exec(
        select(Case)
        .join(Wrap, col(Wrap.case_id) == Case.id)
        .where(Wrap.organisation_id == who.organisation_id)
    )
    rows = [_row(session, who, case, now) for case in found]
    return sorted(rows, key=lambda r: (r.status is Status.CLOSED, _ORDER[r.urgency], -r.age))


def _case_key(session: Session, who: SignedIn, code: str) -> tuple[Case, bytes]:
    """Give the case and its key. Raises NotYours."""
    case = session.exec(select(Case).where(Case.code == code)).one_or_none()
    wrap = (
        session.get(Wrap, (case.id, who.organisation_id))
        if case is not None and who.organisation_id is not None
        else None
    )
    held = organisation_key(session, who) if who.role is not Role.ADMINISTRATOR else None
    if case is None or wrap is None or held is None:
        raise NotYours("there is no such case here")
    purpose = keys.case_key_purpose(case.id, wrap.organisation_id)
    return case, held.open_(wrap.wrapped, purpose)


def _enter(
    site: Site, who: SignedIn, code: str, act: audit.Act, subject: str | None = None
) -> None:
    """Leave the trace of what is about to happen, or was refused, in its own transaction.

    Raises NotYours.
    """
    refused = None
    with site.store.reading() as session:
        case_id = session.exec(select(Case.id).where(Case.code == code)).one_or_none()
        try:
            _case_key(session, who, code)
        except NotYours as error:
            refused = error
    audit.record(
        site,
        audit.Act.REFUSED if refused else act,
        member_id=who.member_id,
        organisation_id=who.organisation_id,
        case_id=case_id,
        subject=code[:9] if refused else subject,
    )
    if refused:
        raise refused


def open_case(site: Site, who: SignedIn, code: str) -> OpenCase:
    """Open one case for reading. Raises NotYours. The read is written down first."""
    _enter(site, who, code, audit.Act.OPENED_CASE)
    with site.store.writing() as session:
        case, case_key = _case_key(session, who, code)
        now = site.clock()
        if case.first_opened is None:
            case.first_opened = now
            session.add(case)
        thread = _thread(session, case, case_key, now)
        return OpenCase(
            row=_row(session, who, case, now),
            complainant=case.complainant,
            confidentiality=case.confidentiality,
            language=case.language,
            channel=case.channel,
            danger=case.danger,
            lodged_at=case.lodged_at,
            fields=_fields(session, case, case_key),
            files=_files(session, case),
            thread=thread,
            readers=readers(session, case.id),
            consents=_consents(session, case),
            offices=_offices(session, case),
            may_write=consent.latest(session, case.id, ConsentCode.CONTACT_ME),
        )


def _fields(session: Session, case: Case, case_key: bytes) -> tuple[tuple[str, str], ...]:
    rows = session.exec(
        select(CaseField).where(CaseField.case_id == case.id).order_by(col(CaseField.at))
    )
    return tuple((r.name, open_(case_key, FIELD, r.id, r.sealed).decode()) for r in rows)


def _files(session: Session, case: Case) -> tuple[FileRow, ...]:
    rows = session.exec(
        select(CaseFile).where(CaseFile.case_id == case.id).order_by(col(CaseFile.at))
    )
    return tuple(
        FileRow(r.id, r.name, r.kind, r.media_type, r.size, r.at, r.added_later) for r in rows
    )


def _private_key(case: Case, case_key: bytes) -> keys.PrivateKey:
    return keys.PrivateKey(open_(case_key, CASE_PRIVATE_KEY, case.id, case.sealed_private_key))


def _thread(session: Session, case: Case, case_key: bytes, now: datetime) -> tuple[ThreadRow, ...]:
    """Open the thread; what the migrant added counts as read from now on."""
    rows = session.exec(
        select(Entry, Member.name)
        .join(Member, col(Member.id) == Entry.author_id, isouter=True)
        .where(Entry.case_id == case.id)
        .order_by(col(Entry.at))
    ).all()
    private = _private_key(case, case_key)
    said: list[ThreadRow] = []
    for entry, author in rows:
        if entry.author_id is not None:
            text = open_(case_key, ENTRY, entry.id, entry.sealed)
        else:
            text = private.open_(entry.sealed, keys.addition_purpose(case.id, entry.id))
            if entry.read_at is None:
                entry.read_at = now
                session.add(entry)
        said.append(ThreadRow(entry.at, author, text.decode()))
    return tuple(said)


def readers(session: Session, case_id: str) -> tuple[ReaderRow, ...]:
    """Give who opened the case, newest first."""
    rows = session.exec(
        select(audit.AuditRow.at, Member.name, Organisation.name_km, Organisation.name_en)
        .join(Member, col(Member.id) == audit.AuditRow.member_id)
        .join(Organisation, col(Organisation.id) == audit.AuditRow.organisation_id)
        .where(audit.AuditRow.case_id == case_id, audit.AuditRow.act == audit.Act.OPENED_CASE)
        .order_by(col(audit.AuditRow.id).desc())
    )
    return tuple(ReaderRow(*row) for row in rows)


def _consents(session: Session, case: Case) -> tuple[ConsentRow, ...]:
    last = {row.code: row for row in consent.history(session, case.id)}
    return tuple(ConsentRow(ConsentCode(c), row.granted, row.at) for c, row in last.items())


def _offices(session: Session, case: Case) -> tuple[OfficeRow, ...]:
    rows = session.exec(
        select(Referral, Organisation)
        .join(Organisation, col(Organisation.id) == Referral.organisation_id)
        .where(Referral.case_id == case.id)
        .order_by(col(Referral.place))
    )
    return tuple(
        OfficeRow(
            o.name_km, o.name_en, tuple(Reason(r) for r in ref.reasons.split()), ref.offered_at
        )
        for ref, o in rows
    )


def open_file(
    site: Site, who: SignedIn, code: str, file_id: str
) -> tuple[FileRow, Iterator[bytes]]:
    """Open one file of a case. Raises NotYours. The read is written down first."""
    _enter(site, who, code, audit.Act.OPENED_FILE, file_id[:32])
    with site.store.reading() as session:
        case, case_key = _case_key(session, who, code)
        row = session.get(CaseFile, file_id)
        if row is None or row.case_id != case.id:
            raise NotYours("there is no such file here")
        if row.added_later:
            purpose = keys.addition_purpose(case.id, row.id)
            secret = _private_key(case, case_key).open_(row.sealed_key, purpose)
        else:
            secret = open_(case_key, FILE_KEY, row.id, row.sealed_key)
        shown = FileRow(
            row.id, row.name, row.kind, row.media_type, row.size, row.at, row.added_later
        )
    return shown, site.files.open_(row.id, secret[:32])


def take(site: Site, who: SignedIn, code: str) -> None:
    """Become the case's handler. Raises NotYours."""
    _enter(site, who, code, audit.Act.TOOK)
    with site.store.writing() as session:
        case, _ = _case_key(session, who, code)
        case.handler_id = who.member_id
        if case.status == Status.LODGED:
            case.status = Status.TAKEN
        session.add(case)
        referral = session.get(Referral, (case.id, who.organisation_id))
        if referral is not None:
            referral.state = "accepted"
            session.add(referral)


def set_status(site: Site, who: SignedIn, code: str, status: Status) -> None:
    """Change where the case stands. Raises NotYours, NotAllowed (nothing goes back to lodged)."""
    if status is Status.LODGED:
        raise NotAllowed("a case that was taken cannot become new again")
    _enter(site, who, code, audit.Act.CHANGED_STATUS, status)
    with site.store.writing() as session:
        case, _ = _case_key(session, who, code)
        case.status = status
        session.add(case)


def write(site: Site, who: SignedIn, code: str, text: str) -> str:
    """Write to the migrant; gives the id of the letter that waits for her.

    Raises NotYours; NotAllowed when she did not agree to be contacted, or the text is empty or
    longer than LETTER_LIMIT characters.
    """
    text = text.strip()
    if not 0 < len(text) <= LETTER_LIMIT:
        raise NotAllowed("a letter has one to six hundred characters")
    _enter(site, who, code, audit.Act.WROTE)
    with site.store.writing() as session:
        case, case_key = _case_key(session, who, code)
        if not consent.latest(session, case.id, ConsentCode.CONTACT_ME):
            raise NotAllowed("she did not agree to be contacted")
        entry = Entry(case_id=case.id, at=site.clock(), author_id=who.member_id, sealed=b"")
        entry.sealed = seal(case_key, ENTRY, entry.id, text.encode())
        session.add(entry)
        return notice.post(session, site, case.conversation, case.id, text)

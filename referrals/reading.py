"""What a member reads at the desk: the lists, and an opened case. Nothing here judges who may read;
desk.py does, and leaves the trace.
"""

import json
from datetime import datetime, timedelta

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from referrals import audit, consent, keys, triage
from referrals.case import (
    CASE_PRIVATE_KEY,
    CHOICES_FIELD,
    FIELD,
    FILE_KEY,
    Case,
    CaseField,
    CaseFile,
    Referral,
    Wrap,
)
from referrals.directory import Member, Organisation, SignedIn
from referrals.files import FileSecret
from referrals.group import CaseGroup
from referrals.opened import (
    CaseRow,
    ConsentRow,
    EndingRow,
    FileRow,
    GroupRow,
    OfficeRow,
    OpenCase,
    Original,
    PersonRow,
    ReaderRow,
    ThreadRow,
    Told,
    WithdrawnRow,
)
from referrals.permission import Permission, permits
from referrals.readers import named, visible
from referrals.sealing import open_
from referrals.taxonomy import Category, ConsentCode, Status, Urgency
from referrals.thread import ENTRY, Entry

WITHDRAWN_SHOWN = timedelta(days=90)
"""How long an office is told that a case was withdrawn from it."""

WITHDRAWN = "withdrawn"
"""The state of a referral that the migrant took back."""


_ORDER = {Urgency.NOW: 0, Urgency.SOON: 1, Urgency.NORMAL: 2}


def list_cases(session: Session, who: SignedIn, now: datetime) -> list[CaseRow]:
    """Give the cases that the member's organisation holds a wrap of: open, urgent and old ones
    first.
    """
    if who.organisation_id is None or not permits(who.role, Permission.LIST_CASES):
        return []
    found = session.exec(
        select(Case)
        .join(Wrap, col(Wrap.case_id) == Case.id)
        .where(Wrap.organisation_id == who.organisation_id, visible(who))
    )
    rows = [line_of(session, who, case, now) for case in found]
    return sorted(rows, key=lambda r: (r.status is Status.CLOSED, _ORDER[r.urgency], -r.age))


def withdrawn(session: Session, who: SignedIn, now: datetime) -> list[WithdrawnRow]:
    """Give the cases that migrants took back from the member's organisation within
    WITHDRAWN_SHOWN, newest first. A case that was erased is not among them.
    """
    if who.organisation_id is None or not permits(who.role, Permission.LIST_CASES):
        return []
    rows = session.exec(
        select(Case.code, Referral.ended_at)
        .join(Referral, col(Referral.case_id) == Case.id)
        .where(
            Referral.organisation_id == who.organisation_id,
            Referral.state == WITHDRAWN,
            or_(col(Referral.ended_at) > now - WITHDRAWN_SHOWN, col(Referral.ended_at).is_(None)),
        )
        .order_by(col(Referral.ended_at).desc(), col(Case.code))
    )
    return [WithdrawnRow(code, at) for code, at in rows]


def opened(session: Session, who: SignedIn, case: Case, case_key: bytes, now: datetime) -> OpenCase:
    """Open all of a case for one reader; what the migrant added counts as read from now on."""
    thread = _thread(session, case, case_key, now)
    intake, consents = told(session, case, case_key), _consents(session, case)
    return OpenCase(
        row=line_of(session, who, case, now),
        complainant=case.complainant,
        confidentiality=case.confidentiality,
        language=case.language,
        channel=case.channel,
        danger=case.danger,
        lodged_at=case.lodged_at,
        fields=intake.fields,
        choices=intake.choices,
        files=_files(session, case, case_key),
        thread=thread,
        readers=readers(session, case.id),
        named=tuple(
            PersonRow(each.id, each.name)
            for each in named(session, case.id, who.organisation_id or "")
        ),
        consents=consents,
        offices=_offices(session, case),
        group=_group(session, who, case),
        assisted_by=_assistant(session, case),
        ending=EndingRow(case.closed_at, case.closed_by, case.satisfied, case.money),
        may_write=any(each.granted for each in consents if each.code == ConsentCode.CONTACT_ME),
    )


def file_secret(case: Case, case_key: bytes, row: CaseFile) -> tuple[bytes, Original]:
    """Give the key that opens a file, and what is known of its bytes."""
    if row.added_later:
        purpose = keys.addition_purpose(case.id, row.id)
        raw = _private_key(case, case_key).open_(row.sealed_key, purpose)
    else:
        raw = open_(case_key, FILE_KEY, row.id, row.sealed_key)
    secret = FileSecret.from_bytes(raw, row.size)
    return secret.key, Original(secret.size, secret.digest.hex())


def file_row(row: CaseFile, original: Original) -> FileRow:
    """Give a file as the desk shows it."""
    return FileRow(
        row.id,
        row.name,
        row.kind,
        row.media_type,
        original.size,
        row.at,
        row.added_later,
        original.sha256,
    )


def readers(session: Session, case_id: str) -> tuple[ReaderRow, ...]:
    """Give who opened the case, or made a copy of it, newest first."""
    rows = session.exec(
        select(audit.AuditRow, Member.name, Organisation.name_km, Organisation.name_en)
        .join(Member, col(Member.id) == audit.AuditRow.member_id)
        .join(Organisation, col(Organisation.id) == audit.AuditRow.organisation_id)
        .where(
            audit.AuditRow.case_id == case_id,
            col(audit.AuditRow.act).in_((audit.Act.OPENED_CASE, audit.Act.EXPORTED)),
        )
        .order_by(col(audit.AuditRow.id).desc())
    )
    return tuple(
        ReaderRow(act.at, name, name_km, name_en, act.act == audit.Act.EXPORTED)
        for act, name, name_km, name_en in rows
    )


def line_of(session: Session, who: SignedIn, case: Case, now: datetime) -> CaseRow:
    """Give one case as a line of a list."""
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
        urgency=triage.urgency(
            category, danger=case.danger, minor=case.minor, status=status, age=age
        ),
        age=age,
        status=status,
        handler=handler.name if handler else None,
        handler_id=case.handler_id,
        mine=case.handler_id == who.member_id,
        unread=unread,
        minor=case.minor,
        callback=case.callback,
    )


def told(session: Session, case: Case, case_key: bytes) -> Told:
    """Open what was told in words and chosen on buttons, oldest first."""
    rows = session.exec(
        select(CaseField).where(CaseField.case_id == case.id).order_by(col(CaseField.at))
    )
    fields: list[tuple[str, str]] = []
    chosen: dict[str, tuple[str, ...]] = {}
    for row in rows:
        text = open_(case_key, FIELD, row.id, row.sealed).decode()
        codes = _codes(text) if row.name == CHOICES_FIELD else None
        if codes is None:
            fields.append((row.name, text))
        else:
            chosen |= codes
    return Told(tuple(fields), chosen)


def _codes(text: str) -> dict[str, tuple[str, ...]] | None:
    """Read the codes by detail; None when the text is no such JSON (it is shown as it is then)."""
    try:
        held = json.loads(text)
    except ValueError:
        return None
    if not isinstance(held, dict):
        return None
    return {
        detail: tuple(str(code) for code in (codes if isinstance(codes, list) else [codes]))
        for detail, codes in held.items()
        if codes
    }


def _files(session: Session, case: Case, case_key: bytes) -> tuple[FileRow, ...]:
    rows = session.exec(
        select(CaseFile).where(CaseFile.case_id == case.id).order_by(col(CaseFile.at))
    )
    return tuple(file_row(row, file_secret(case, case_key, row)[1]) for row in rows)


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


def _consents(session: Session, case: Case) -> tuple[ConsentRow, ...]:
    history = consent.history(session, case.id)
    once = {row.code for row in history if row.granted}
    last = {row.code: row for row in history}
    return tuple(
        ConsentRow(code, row.granted, not row.granted and code in once, row.at)
        for code, row in last.items()
    )


def _offices(session: Session, case: Case) -> tuple[OfficeRow, ...]:
    rows = session.exec(
        select(Referral, Organisation)
        .join(Organisation, col(Organisation.id) == Referral.organisation_id)
        .where(Referral.case_id == case.id)
        .order_by(col(Referral.place))
    )
    return tuple(
        OfficeRow(
            o.name_km,
            o.name_en,
            tuple(ref.reasons.split()),
            ref.offered_at,
            ref.state == WITHDRAWN,
        )
        for ref, o in rows
    )


def _group(session: Session, who: SignedIn, case: Case) -> GroupRow | None:
    group = session.get(CaseGroup, case.group_id) if case.group_id else None
    if group is None:
        return None
    others = session.exec(
        select(Case.code)
        .join(Wrap, col(Wrap.case_id) == Case.id)
        .where(
            Case.group_id == group.id,
            Case.id != case.id,
            Wrap.organisation_id == who.organisation_id,
        )
        .order_by(col(Case.lodged_at))
    )
    return GroupRow(group.code, tuple(others))


def _assistant(session: Session, case: Case) -> str | None:
    if case.assisted_by is None:
        return None
    member = session.get(Member, case.assisted_by)
    return member.name if member else ""

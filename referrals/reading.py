"""What a member reads at the desk: the lists, and an opened case. Nothing here judges who may read;
desk.py does, and leaves the trace.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
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
from referrals.group import CaseGroup
from referrals.sealing import open_
from referrals.taxonomy import Category, ConsentCode, Role, Status, Urgency
from referrals.thread import ENTRY, Entry

WITHDRAWN_SHOWN = timedelta(days=90)
"""How long an office is told that a case was withdrawn from it."""

WITHDRAWN = "withdrawn"
"""The state of a referral that the migrant took back."""

_KEY_LENGTH = 32
"""Bytes of a file's key; behind it, in the same sealed secret, stands the file's SHA-256."""


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
    minor: bool
    callback: bool


@dataclass(frozen=True, slots=True)
class WithdrawnRow:
    """A case that the migrant took back from an office: its code, and when (UTC, if known)."""

    code: str
    at: datetime | None


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """What was told in words, as field and text, and chosen on buttons, as codes by detail."""

    fields: tuple[tuple[str, str], ...]
    choices: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, repr=False)
class FileRow:
    """A file of the case. `name` is the field it was told for; `at` when it arrived (UTC);
    `sha256` 64 hex digits of the original, taken then, empty when it was not taken.
    """

    id: str
    name: str
    kind: str
    media_type: str
    size: int
    at: datetime
    added_later: bool
    sha256: str


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
    """The last answer to one question of consent; a code newer than this program stays as it is.

    `withdrawn`: it is a no, and there was a yes before.
    """

    code: str
    granted: bool
    withdrawn: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class OfficeRow:
    """An office that was offered the case, and why. `withdrawn`: the migrant took it back."""

    name_km: str
    name_en: str
    reasons: tuple[str, ...]
    offered_at: datetime
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One incident told by several people: its code, and the other cases of it that the reader's
    office can open. How many there are besides, nobody is told.
    """

    code: str
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EndingRow:
    """How the case ended: `closed_by` is "migrant" or "office"; `satisfied` (yes, partly, no) and
    `money` (all, part, none) are her own answers. What is not known is None.
    """

    closed_at: datetime | None
    closed_by: str | None
    satisfied: str | None
    money: str | None


@dataclass(frozen=True, slots=True, repr=False)
class OpenCase:
    """A case, opened for one reader.

    `fields` are told texts, each with its field (intake.Detail, or "story"), oldest first.
    `choices` are codes by detail, besides "sector" and "destination_province". `assisted_by` is the
    name of the member who lodged it together with the person, empty when that member is gone.
    """

    row: CaseRow
    complainant: str
    confidentiality: str
    language: str
    channel: str
    danger: bool
    lodged_at: datetime
    fields: tuple[tuple[str, str], ...]
    choices: Mapping[str, tuple[str, ...]]
    files: tuple[FileRow, ...]
    thread: tuple[ThreadRow, ...]
    readers: tuple[ReaderRow, ...]
    consents: tuple[ConsentRow, ...]
    offices: tuple[OfficeRow, ...]
    group: GroupRow | None
    assisted_by: str | None
    ending: EndingRow
    may_write: bool


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


def withdrawn(session: Session, who: SignedIn, now: datetime) -> list[WithdrawnRow]:
    """Give the cases that migrants took back from the member's organisation within
    WITHDRAWN_SHOWN, newest first. A case that was erased is not among them.
    """
    if who.organisation_id is None or who.role is Role.ADMINISTRATOR:
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
    intake = told(session, case, case_key)
    return OpenCase(
        row=_row(session, who, case, now),
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
        consents=_consents(session, case),
        offices=_offices(session, case),
        group=_group(session, who, case),
        assisted_by=_assistant(session, case),
        ending=EndingRow(case.closed_at, case.closed_by, case.satisfied, case.money),
        may_write=consent.latest(session, case.id, ConsentCode.CONTACT_ME),
    )


def file_secret(case: Case, case_key: bytes, row: CaseFile) -> tuple[bytes, str]:
    """Give the key that opens a file, and the SHA-256 of its bytes in hex."""
    if row.added_later:
        purpose = keys.addition_purpose(case.id, row.id)
        secret = _private_key(case, case_key).open_(row.sealed_key, purpose)
    else:
        secret = open_(case_key, FILE_KEY, row.id, row.sealed_key)
    return secret[:_KEY_LENGTH], secret[_KEY_LENGTH:].hex()


def file_row(row: CaseFile, sha256: str) -> FileRow:
    """Give a file as the desk shows it."""
    return FileRow(
        row.id, row.name, row.kind, row.media_type, row.size, row.at, row.added_later, sha256
    )


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
        urgency=triage.urgency(
            category, danger=case.danger, minor=case.minor, status=status, age=age
        ),
        age=age,
        status=status,
        handler=handler.name if handler else None,
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

"""Erasing a case for good, and the certificate that it was done.

What was told is readable only with the case key, and the key exists only in its wraps: with them
the case is destroyed, also on disks and in pages that nobody overwrites (a file overwritten on an
SSD, or on a file system that copies on writing, is still there; so files are just unlinked). All
else goes as well, because codes and times say something, too. What stays: the audit (codes), a
counted row (statistic.py), which leads to nobody, and the certificate.

A certificate names the case by an HMAC of its code under the server key, so that whoever knows the
code can ask whether it was erased, and nobody can list codes. There is one for each office that
held the case, signed with Ed25519 (RFC 8032) under a key derived from the root of the server key.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import Field, Session, SQLModel, col, func, select

from referrals import audit, group
from referrals.case import Case, CaseField, CaseFile, Referral, Wrap
from referrals.group import CaseGroup
from referrals.serverkey import ServerKey
from referrals.site import Site
from referrals.store import UtcDateTime, after_commit
from referrals.thread import Entry

KEYS = ("wrap",)
"""Tables that hold keys of cases: what is deleted from them must not lie about."""

TOUCHED = (
    "alarm",
    "alarm_call",
    "case",
    "case_field",
    "case_file",
    "case_group",
    "case_reader",
    "consent",
    "entry",
    "letter",
    "recovery",
    "referral",
    "search_indexed",
    "search_token",
    "standing_consent",
)
"""All other tables that erasing deletes from."""


class Reason(StrEnum):
    """Why a case was erased."""

    HER_WISH = "her_wish"
    TIME = "time"
    NOBODY_CAN_READ = "nobody_can_read"


class Certificate(SQLModel, table=True):
    """That a case was destroyed. Names it by an HMAC that only its code leads to; signed."""

    __tablename__ = "erasure_certificate"

    id: str = Field(default_factory=lambda: uuid4().hex, primary_key=True, max_length=32)
    case_mark: str = Field(index=True, max_length=64)
    organisation_id: str | None = Field(default=None, index=True, max_length=32)
    reason: str = Field(max_length=16)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    erased_at: datetime = Field(sa_type=UtcDateTime)
    fields: int
    files: int
    signature: bytes


# ---- erasing


def erase(session: Session, site: Site, case_id: str, reason: Reason) -> bool:
    """Delete a case and all that hangs on it, and certify it; its files go when the transaction is
    committed. False when it is gone already.

    What the database's own files still hold goes at night (`Store.tidy`).
    """
    held = locked(session, case_id)
    if held is None:
        return False
    _certify(session, site, held, reason)
    remove(session, site, held, reason)
    return True


def locked(session: Session, case_id: str) -> Case | None:
    """Give the case as it is now, held for this transaction; None when it was erased."""
    session.flush()
    return session.exec(
        select(Case)
        .where(Case.id == case_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def remove(session: Session, site: Site, case: Case, subject: str) -> None:
    """Delete a case without a certificate, for one that has its certificate already. `subject` is
    what the audit says of it: a code.
    """
    for file_id in session.exec(select(CaseFile.id).where(CaseFile.case_id == case.id)):
        after_commit(session, lambda file_id=file_id: site.files.remove(file_id))  # type: ignore[misc]
    audit.add(session, site.clock(), audit.Act.ERASED, case_id=case.id, subject=subject)
    group_id = case.group_id
    session.flush()
    session.delete(case)  # what hangs on it the database deletes, by its foreign keys
    session.flush()
    if group_id is not None and group.size(session, group_id) == 0:
        nobody_left = session.get(CaseGroup, group_id)
        if nobody_left is not None:
            session.delete(nobody_left)
            session.flush()


def _certify(session: Session, site: Site, case: Case, reason: Reason) -> None:
    held_by = set[str]()
    for table in (Wrap, Referral):
        of_case = select(table.organisation_id).where(table.case_id == case.id)
        held_by.update(session.exec(of_case))
    fields = _count(session, CaseField, case) + _count(session, Entry, case)
    files = _count(session, CaseFile, case)
    offices: list[str | None] = [*held_by] or [None]
    for organisation_id in offices:
        made = Certificate(
            case_mark=mark_of(site, case.code),
            organisation_id=organisation_id,
            reason=reason,
            closed_at=case.closed_at,
            erased_at=site.clock(),
            fields=fields,
            files=files,
            signature=b"",
        )
        made.signature = _key(site.server_key).sign(_statement(made))
        session.add(made)
    session.flush()


def _count(session: Session, table: type[SQLModel], case: Case) -> int:
    rows = SQLModel.metadata.tables[str(table.__tablename__)]
    return session.exec(
        select(func.count()).select_from(rows).where(rows.c.case_id == case.id)
    ).one()


# ---- certificates


def mark_of(site: Site, code: str) -> str:
    """Give what a certificate calls the case with this code: 64 hex digits."""
    return site.server_key.pseudonym("erased-case", code)


def is_signed(key: ServerKey, certificate: Certificate) -> bool:
    """Say whether a certificate is ours, and as it was signed."""
    try:
        _key(key).public_key().verify(certificate.signature, _statement(certificate))
    except InvalidSignature:
        return False
    return True


def _told(certificate: Certificate) -> dict[str, Any]:
    closed_at = certificate.closed_at
    return {
        "id": certificate.id,
        "case_mark": certificate.case_mark,
        "organisation_id": certificate.organisation_id,
        "reason": str(certificate.reason),
        "closed_at": None if closed_at is None else closed_at.isoformat(),
        "erased_at": certificate.erased_at.isoformat(),
        "fields": certificate.fields,
        "files": certificate.files,
    }


def _statement(certificate: Certificate) -> bytes:
    return json.dumps(["samleng erasure 1", *_told(certificate).values()]).encode()


def _key(key: ServerKey) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(key.derived("erasure"))


def as_line(certificate: Certificate) -> str:
    """Write a certificate as one line of JSON, to be kept beside backups."""
    return json.dumps({**_told(certificate), "signature": certificate.signature.hex()})


def read_lines(key: ServerKey, lines: Iterable[str]) -> tuple[list[Certificate], int]:
    """Read what `as_line` wrote; gives the certificates, and how many lines were none of ours (one
    that a crash cut off, too).
    """
    found, strange = list[Certificate](), 0
    for line in filter(None, (each.strip() for each in lines)):
        certificate = _read(line)
        if certificate is None or not is_signed(key, certificate):
            strange += 1
        else:
            found.append(certificate)
    return found, strange


def _read(line: str) -> Certificate | None:
    try:
        held = json.loads(line)
        closed_at = held["closed_at"]
        return Certificate(
            **{
                **held,
                "closed_at": None if closed_at is None else datetime.fromisoformat(closed_at),
                "erased_at": datetime.fromisoformat(held["erased_at"]),
                "signature": bytes.fromhex(held["signature"]),
            }
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def of_office(session: Session, organisation_id: str, limit: int = 200) -> list[Certificate]:
    """Give an office's certificates, newest first."""
    return list(
        session.exec(
            select(Certificate)
            .where(Certificate.organisation_id == organisation_id)
            .order_by(col(Certificate.erased_at).desc(), col(Certificate.id))
            .limit(limit)
        )
    )


def of_code(session: Session, site: Site, organisation_id: str, code: str) -> list[Certificate]:
    """Give an office's certificates of the cases that had this code, newest first: the code of an
    erased case may be drawn again.
    """
    return list(
        session.exec(
            select(Certificate)
            .where(
                Certificate.case_mark == mark_of(site, code),
                Certificate.organisation_id == organisation_id,
            )
            .order_by(col(Certificate.erased_at).desc(), col(Certificate.id))
        )
    )


def any_since(session: Session, since: datetime) -> bool:
    """Say whether anything was erased since (UTC)."""
    newer = select(Certificate.id).where(Certificate.erased_at >= since).limit(1)
    return session.exec(newer).first() is not None

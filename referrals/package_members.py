"""What stands in a package as data (package.py): the case, the consents, who did what with it."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from referrals import chain, signed
from referrals.audit import AuditRow
from referrals.chain import AuditHead, AuditLink
from referrals.consent import Consent
from referrals.desk import FileRow, OpenCase
from referrals.directory import Member, Organisation, SignedIn
from referrals.serverkey import ServerKey
from referrals.site import Site

ENDINGS: Mapping[str, str] = {
    "audio/aac": "aac",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "audio/webm": "webm",
    "image/gif": "gif",
    "image/heic": "heic",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "application/pdf": "pdf",
    "text/plain": "txt",
}
"""Endings by media type; all else is called .bin, so that nothing that may run is opened by a
click.
"""

_TRIES = 20

HOW = (
    "digest = SHA-256(before, then the JSON of [id, at, act, member_id, organisation_id, case_id, "
    "subject] without spaces). Acts on other cases stand between those shown, so that these links "
    "cannot be followed up to the head here; the installation can show that they stand in the "
    "chain whose end the head signs (Ed25519)."
)


def file_name(number: int, row: FileRow) -> str:
    """Give the name of a file in the package."""
    kind = row.kind if row.kind.isascii() and row.kind.isalpha() else "file"
    media_type = row.media_type.partition(";")[0].strip().lower()
    return f"files/{number:02d}-{kind.lower()}-{row.id}.{ENDINGS.get(media_type, 'bin')}"


def case(
    opened: OpenCase,
    names: Mapping[str, str],
    broken: frozenset[str],
    labels: Mapping[str, Mapping[str, Mapping[str, str]]],
) -> dict[str, Any]:
    """Give all that was told and chosen. Nothing of other cases, nor of where she writes from but
    the channel.
    """
    row, ending = opened.row, opened.ending
    return {
        "code": row.code,
        "lodged_at": opened.lodged_at.isoformat(),
        "category": row.category,
        "country": row.country,
        "province": row.province,
        "complainant": opened.complainant,
        "confidentiality": opened.confidentiality,
        "language": opened.language,
        "channel": opened.channel,
        "status": row.status,
        "danger": opened.danger,
        "minor": row.minor,
        "callback": row.callback,
        "assisted_by": opened.assisted_by,
        "group": opened.group.code if opened.group else None,
        "told": [{"field": name, "text": text} for name, text in opened.fields],
        "choices": {detail: list(codes) for detail, codes in opened.choices.items()},
        "letters": [
            {"at": said.at.isoformat(), "author": said.author, "text": said.text}
            for said in opened.thread
        ],
        "files": [
            {
                "member": None if file.id in broken else names[file.id],
                "id": file.id,
                "told_for": file.name,
                "kind": file.kind,
                "media_type": file.media_type,
                "size": file.size,
                "arrived_at": file.at.isoformat(),
                "added_later": file.added_later,
                "sha256_on_arrival": file.sha256 or None,
            }
            for file in opened.files
        ],
        "offices": [
            {
                "name_km": office.name_km,
                "name_en": office.name_en,
                "reasons": list(office.reasons),
                "offered_at": office.offered_at.isoformat(),
                "withdrawn": office.withdrawn,
            }
            for office in opened.offices
        ],
        "ending": {
            "closed_at": ending.closed_at.isoformat() if ending.closed_at else None,
            "closed_by": ending.closed_by,
            "satisfied": ending.satisfied,
            "money": ending.money,
        },
        "labels": labels,
    }


def consents(history: Iterable[Consent]) -> list[dict[str, Any]]:
    """Give every answer, oldest first, with the exact words that were asked."""
    return [
        {
            "code": row.code,
            "granted": row.granted,
            "at": row.at.isoformat(),
            "version": row.version,
            "language": row.language,
            "words": row.words,
        }
        for row in history
    ]


def exporter(who: SignedIn) -> dict[str, Any]:
    """Give who exports, and for which office."""
    return {
        "member": who.name,
        "member_id": who.member_id,
        "organisation_km": who.organisation_name_km,
        "organisation_en": who.organisation_name_en,
        "organisation_id": who.organisation_id,
    }


def sign(key: ServerKey, manifest: bytes) -> bytes:
    """Sign a manifest with the key of the receipts (`/verify/key`): Ed25519 over its bytes.

    Neither can stand in for the other: a receipt begins with the byte 1, a manifest with "{".
    """
    if not manifest.startswith(b"{"):
        raise ValueError("this is no manifest")
    return signed.signing_key(key).sign(manifest)


# ---- custody


def linked_and_signed(site: Site, case_id: str) -> AuditHead:
    """Link what was done with this case so far into the chain, and sign the chain's head."""
    for _ in range(_TRIES):
        chain.link_all(site)
        with site.store.reading() as session:
            if not _waits(session, case_id):
                break  # else another process was linking, and began before the last act
    try:
        with site.store.writing() as session:
            head = chain.sign(session, site)
    except IntegrityError:  # another process signed the same length this very moment
        with site.store.reading() as session:
            head = chain.newest_head(session)
    if head is None:
        raise RuntimeError("nothing links the audit")
    return head


def _waits(session: Session, case_id: str) -> bool:
    waiting = (
        select(AuditRow.id)
        .join(AuditLink, col(AuditLink.audit_id) == AuditRow.id, isouter=True)
        .where(AuditRow.case_id == case_id, col(AuditLink.number).is_(None))
    )
    return session.exec(waiting.limit(1)).first() is not None


def custody(session: Session, site: Site, case_id: str, head: AuditHead) -> dict[str, Any]:
    """Give every act on this case up to a signed head, with its link of the chain, and who those
    who did it are.
    """
    before = aliased(AuditLink)
    found = session.exec(
        select(AuditLink, AuditRow, before.digest)
        .join(AuditRow, col(AuditRow.id) == AuditLink.audit_id)
        .join(before, col(before.number) == AuditLink.number - 1, isouter=True)
        .where(AuditRow.case_id == case_id, AuditLink.number <= head.number)
        .order_by(col(AuditLink.number))
    ).all()
    members = {row.member_id for _, row, _ in found if row.member_id}
    offices = {row.organisation_id for _, row, _ in found if row.organisation_id}
    return {
        "how": HOW,
        "rows": [
            {
                "link": link.number,
                "before": (earlier or chain.BEGINNING).hex(),
                "digest": link.digest.hex(),
                "row": {
                    "id": row.id,
                    "at": row.at.isoformat(),
                    "act": row.act,
                    "member_id": row.member_id,
                    "organisation_id": row.organisation_id,
                    "case_id": row.case_id,
                    "subject": row.subject,
                },
            }
            for link, row, earlier in found
        ],
        "members": {
            member.id: member.name
            for member in session.exec(select(Member).where(col(Member.id).in_(members)))
        },
        "organisations": {
            office.id: {"km": office.name_km, "en": office.name_en}
            for office in session.exec(
                select(Organisation).where(col(Organisation.id).in_(offices))
            )
        },
        "head": chain.written(site, head),
    }

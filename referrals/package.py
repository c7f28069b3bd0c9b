"""One case as one sealed package, for a person's lawyer or a court.

It is sealed to a key that the receiver made (package_key.py), and opens offline (package_open.py):

    magic, id (16 bytes), length of the wrap (2 bytes, highest first),
    content key wrapped by HPKE to the receiver,
    a sealed file (files.py) over a ZIP archive, stored and not deflated

The archive holds what was told, each file as it arrived, every answer to a question of consent, who
did what with the case (package_members.py), and a manifest with the SHA-256 of each of them, signed
with the key of the receipts: whoever has `/verify/key` can check it without us. Who holds the
package learns its size (to within files.py's padding), and that it is one of ours; nothing else.

It leaves only when she agreed: for her lawyer by her standing consent for legal aid, else at her
own wish, which the member who exports confirms. The consent says by whom; no court's order
replaces it here.
"""

import hashlib
import json
import shutil
import struct
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from sqlmodel import Session, select

from referrals import audit, chain, consent, desk, keys, reading, signed
from referrals import package_members as members
from referrals.case import Case, CaseFile
from referrals.consent import Consent, ConsentMissing, StandingConsent
from referrals.desk import FileRow, OpenCase
from referrals.directory import SignedIn
from referrals.files import FileStore, SealedWriter, new_file_id
from referrals.sealing import CannotOpen, new_key
from referrals.site import Site
from referrals.taxonomy import PartnerType

MAGIC = b"samleng package 1\n"
WRAP_LENGTH = struct.Struct(">H")
RECEIVER_LIMIT = 120
"""Characters of a receiver's name."""

MANIFEST, SIGNATURE, KEY = "manifest.json", "manifest.sig", "key.pem"
CASE, CONSENTS, CUSTODY = "case.json", "consents.json", "custody.json"

_PIECE = 64 * 1024
_STALE_SECONDS = 24 * 3600
"""After this long what a crash left half packed is removed."""


class Reason(StrEnum):
    """Why a case is handed out."""

    LAWYER = "lawyer"
    COURT = "court"
    HER_WISH = "her_wish"


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: `code` of the case, the receiver's public key and its `fingerprint`, the
    receiver's name, why, and whether the member confirmed that the person agreed.
    """

    code: str
    public: bytes
    fingerprint: str
    receiver: str
    reason: Reason
    confirmed: bool


@dataclass(frozen=True, slots=True, repr=False)
class ToDraw:
    """What a readable page is drawn from. `files` are names in the package by a file's id; a file
    that could not be opened is in `left_out` (ids).
    """

    opened: OpenCase
    history: tuple[Consent, ...]
    files: Mapping[str, str]
    left_out: frozenset[str]
    exported_at: datetime
    receiver: str
    reason: Reason


@dataclass(frozen=True, slots=True, repr=False)
class Drawn:
    """Readable pages by file name, and the codes of this case in words: {table: {code: {language:
    word}}}.
    """

    pages: Mapping[str, str]
    labels: Mapping[str, Mapping[str, Mapping[str, str]]]


Draw = Callable[[ToDraw], Drawn]


@dataclass(frozen=True, slots=True, repr=False)
class Package:
    """A sealed package, ready to leave. `size` is in bytes; iterated once, it is gone."""

    name: str
    size: int
    head: bytes
    body: BinaryIO

    def __iter__(self) -> Iterator[bytes]:
        """Yield it piece by piece; the disk forgets it at the end."""
        with self.body:
            yield self.head
            while piece := self.body.read(_PIECE):
                yield piece


@dataclass(frozen=True, slots=True, repr=False)
class _Collected:
    """All that the database knew at the moment of export."""

    opened: OpenCase
    history: tuple[Consent, ...]
    keys: Mapping[str, bytes]
    custody: dict[str, Any]
    agreed: dict[str, Any]
    at: datetime


def purpose(package_id: str) -> bytes:
    """HPKE info of a package's content key."""
    return f"samleng/package/1/{package_id}".encode()


# ---- may it leave


def lawyer_allowed(site: Site, who: SignedIn, code: str) -> bool:
    """Say whether she agreed to legal aid. Raises desk.NotYours, with a trace."""
    try:
        with site.store.reading() as session:
            case, _ = desk.key_of(session, who, code)
            return _for_lawyer(session, case) is not None
    except desk.NotYours:
        _refused(site, who, code, code[:9])
        raise


def _refused(site: Site, who: SignedIn, code: str, subject: str) -> None:
    with site.store.reading() as session:
        case_id = session.exec(select(Case.id).where(Case.code == code)).one_or_none()
    audit.record(
        site,
        audit.Act.REFUSED,
        member_id=who.member_id,
        organisation_id=who.organisation_id,
        case_id=case_id,
        subject=subject,
    )


def _for_lawyer(session: Session, case: Case) -> Consent | None:
    return session.exec(
        select(Consent)
        .join(StandingConsent)
        .where(
            StandingConsent.case_id == case.id,
            StandingConsent.partner_type == PartnerType.LEGAL_AID,
        )
    ).one_or_none()


def _agreed(session: Session, who: SignedIn, case: Case, order: Order) -> dict[str, Any]:
    """Give how she agreed, for the manifest. Raises ConsentMissing."""
    if not order.confirmed:
        raise ConsentMissing("nobody confirmed that she agreed")
    confirmed = {"confirmed_by": who.name, "confirmed_by_id": who.member_id}
    if order.reason is not Reason.LAWYER:
        return {"how": "her_own_wish", **confirmed}
    standing = _for_lawyer(session, case)
    if standing is None:
        raise ConsentMissing("she did not agree to legal aid")
    return {
        "how": "standing_consent",
        "code": standing.code,
        "version": standing.version,
        "at": standing.at.isoformat(),
        **confirmed,
    }


# ---- making it


def make(site: Site, who: SignedIn, order: Order, draw: Draw, program: str) -> Package:
    """Pack a case. That it leaves is written down first; the receiver's name stands in the package
    alone.

    Raises ConsentMissing (with a trace), desk.NotYours (with a trace), ValueError for a receiver
    without a name or with one longer than RECEIVER_LIMIT characters. Memory stays at a few chunks,
    whatever the size of the files.
    """
    if len(order.receiver) > RECEIVER_LIMIT or len(order.receiver.splitlines()) != 1:
        raise ValueError("a receiver has a name of one line")
    _must_have_agreed(site, who, order)
    subject = f"{order.fingerprint}:{order.reason}"
    case, _ = desk.open_to_export(site, who, order.code, subject)
    head = members.linked_and_signed(site, case.id)
    collected = _collect(site, who, order, head)
    package_id, content_key = new_file_id(), new_key()
    exports = site.files.root.parent / "exports"
    exports.mkdir(mode=0o700, exist_ok=True)
    _remove_stale(exports)
    with TemporaryDirectory(dir=exports) as work:
        with FileStore(Path(work)).writer(package_id, content_key) as sealed:
            _pack(site, who, order, collected, draw, program, package_id, sealed)
        (path,) = Path(work).rglob("*.sealed")
        # Opened before its name goes: whatever happens to the answer, nothing stays on the disk.
        body = path.open("rb")
        size = path.stat().st_size
    wrapped = keys.seal_to(order.public, content_key, purpose(package_id))
    begins = MAGIC + bytes.fromhex(package_id) + WRAP_LENGTH.pack(len(wrapped)) + wrapped
    return Package(f"{order.code}.samleng", len(begins) + size, begins, body)


def _must_have_agreed(site: Site, who: SignedIn, order: Order) -> None:
    try:
        with site.store.reading() as session:
            case, _ = desk.key_of(session, who, order.code)
            _agreed(session, who, case, order)
    except desk.NotYours:
        return  # desk.open_to_export says so, with a trace
    except ConsentMissing:
        _refused(site, who, order.code, f"export:{order.reason}")
        raise


def _collect(site: Site, who: SignedIn, order: Order, head: chain.AuditHead) -> _Collected:
    with site.store.writing() as session:
        case, case_key = desk.key_of(session, who, order.code)
        agreed = _agreed(session, who, case, order)  # she may have taken it back this very moment
        now = site.clock()
        if case.first_opened is None:
            case.first_opened = now
            session.add(case)
        rows = session.exec(select(CaseFile).where(CaseFile.case_id == case.id)).all()
        return _Collected(
            opened=reading.opened(session, who, case, case_key, now),
            history=tuple(consent.history(session, case.id)),
            keys={row.id: reading.file_secret(case, case_key, row)[0] for row in rows},
            custody=members.custody(session, site, case.id, head),
            agreed=agreed,
            at=now,
        )


def _pack(
    site: Site,
    who: SignedIn,
    order: Order,
    collected: _Collected,
    draw: Draw,
    program: str,
    package_id: str,
    sealed: SealedWriter,
) -> None:
    opened = collected.opened
    names = {
        row.id: members.file_name(number, row) for number, row in enumerate(opened.files, start=1)
    }
    broken = frozenset(
        row.id for row in opened.files if not _opens(site, row, collected.keys[row.id])
    )
    drawn = draw(
        ToDraw(
            opened=opened,
            history=collected.history,
            files=names,
            left_out=broken,
            exported_at=collected.at,
            receiver=order.receiver,
            reason=order.reason,
        )
    )
    with zipfile.ZipFile(_Into(sealed), "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]
        packing = _Packing(archive, collected.at)
        for name, text in drawn.pages.items():
            packing.add(name, [text.encode()])
        packing.add_json(CASE, members.case(opened, names, broken, drawn.labels))
        packing.add_json(CONSENTS, members.consents(collected.history))
        packing.add_json(CUSTODY, collected.custody)
        packing.add(KEY, [signed.public_key(site.server_key).encode()])
        for row in opened.files:
            if row.id not in broken:
                pieces = site.files.open_(row.id, collected.keys[row.id])
                packing.add(names[row.id], pieces, row.size)
        manifest = {
            "samleng_package": 1,
            "package": package_id,
            "case": opened.row.code,
            "lodged_at": opened.lodged_at.isoformat(),
            "exported_at": collected.at.isoformat(),
            "exported_by": members.exporter(who),
            "receiver": {"name": order.receiver, "key": order.fingerprint},
            "reason": order.reason,
            "agreed": collected.agreed,
            "program": program,
            "left_out": sorted(names[id_] for id_ in broken),
            "members": packing.manifest,
        }
        written = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
        packing.add(MANIFEST, [written])
        packing.add(SIGNATURE, [members.sign(site.server_key, written)])


def _opens(site: Site, row: FileRow, key: bytes) -> bool:
    """Say whether a file opens whole, and is what arrived: one that is broken holds up no other."""
    digest = hashlib.sha256()
    try:
        for piece in site.files.open_(row.id, key):
            digest.update(piece)
    except (CannotOpen, FileNotFoundError):
        return False
    return row.sha256 in ("", digest.hexdigest())


def _remove_stale(exports: Path) -> None:
    for left in exports.iterdir():
        try:
            stale = time.time() - left.stat().st_mtime > _STALE_SECONDS
        except FileNotFoundError:
            continue
        if stale:
            shutil.rmtree(left, ignore_errors=True)


class _Into:
    """A sealed file as zipfile writes to it: forward only."""

    def __init__(self, sealed: SealedWriter) -> None:
        self._sealed = sealed

    def write(self, data: bytes) -> int:
        self._sealed.write(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: the sealed file flushes at its end."""


class _Packing:
    """Puts members into the archive, and into the manifest."""

    def __init__(self, archive: zipfile.ZipFile, at: datetime) -> None:
        self.manifest: list[dict[str, Any]] = []
        self._archive = archive
        self._when = (at.year, at.month, at.day, at.hour, at.minute, at.second)

    def add(self, name: str, pieces: Iterable[bytes], size: int = 0) -> None:
        """Add a member. `size` is about how large it will be, in bytes, where it may be large."""
        info = zipfile.ZipInfo(name, self._when)
        info.external_attr, info.file_size = 0o600 << 16, size
        digest, count = hashlib.sha256(), 0
        with self._archive.open(info, "w") as member:
            for piece in pieces:
                member.write(piece)
                digest.update(piece)
                count += len(piece)
        self.manifest.append({"name": name, "size": count, "sha256": digest.hexdigest()})

    def add_json(self, name: str, held: object) -> None:
        """Add a member that holds JSON, as UTF-8."""
        self.add(name, [json.dumps(held, ensure_ascii=False, indent=1).encode()])

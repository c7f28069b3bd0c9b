"""The audit as a chain: each link's digest holds the one before, and the chain's head is signed.

Rows are linked after their transaction was committed, in the order in which they are found: so an
act can be written in the caller's transaction, or in one of its own, and no lock is held across
two. The database refuses to change or delete what is written (migration 0004); whoever gets around
that breaks the chain, and whoever makes the chain anew has no signature for it, unless the root of
the server key is his, too, or he takes the heads away and waits until new ones are signed. Against
both helps a head that is kept elsewhere: each is written into a file beside the database, and
`samleng doctor --head` gives the newest for a safe place of its own.
"""

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, col, func, select

from referrals.audit import AuditRow
from referrals.serverkey import ServerKey
from referrals.site import Site
from referrals.store import UtcDateTime

BATCH = 500
"""Rows that are linked, or checked, at once."""

HEAD_EVERY = timedelta(hours=1)
"""A head is signed when rows came and the last one is older than this."""

UNLINKED = timedelta(minutes=5)
"""A row that waits longer for its link shows that nothing links any more."""

LATE = 10_000
"""A row may be committed after others that got their numbers later (PostgreSQL). Behind the newest
linked row so many are looked through each time; all of them at the start.
"""

HEADS_FILE = "audit-heads.txt"
"""The file in the data folder into which signed heads are written, beside the database."""

_HEAD_MARK = "samleng-audit-head-1"

BEGINNING = hashlib.sha256(b"samleng audit 1").digest()


class AuditLink(SQLModel, table=True):
    """One link: `digest` is SHA-256 over the digest before and the row of the audit."""

    __tablename__ = "audit_link"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    audit_id: int = Field(foreign_key="audit.id", unique=True)
    digest: bytes


class AuditHead(SQLModel, table=True):
    """A signed statement: at this time the chain was so long, and this was its last digest."""

    __tablename__ = "audit_head"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    digest: bytes
    at: datetime = Field(sa_type=UtcDateTime)
    signature: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found: how many links hold, and the first thing that is wrong, in English, for
    an operator. `signed` is how many of the links a signed head covers.
    """

    links: int
    signed: int
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class KeptHead:
    """A signed head as it is kept outside of the database: one line of text. `public_key` is 32
    bytes (Ed25519); it says who signed, also after the server's own key was lost.
    """

    number: int
    digest: bytes
    at: datetime
    signature: bytes
    public_key: bytes


class BadHead(ValueError):
    """A line that is no kept head, or whose signature does not fit: a slip, or it was changed."""


# ---- linking


def link(site: Site, *, everything: bool = False) -> int:
    """Link what was committed since, and sign a head when it is time; gives how many were linked,
    at most BATCH.

    `everything` looks through the whole audit and not only behind the newest (LATE). Of two
    processes at once one links and the other finds nothing, or tries again next time.
    """
    try:
        with site.store.writing() as session:
            linked = _link(session, everything=everything)
            _sign_when_due(session, site)
            return linked
    except IntegrityError:
        return 0  # another process linked the same rows first


def link_all(site: Site, *, everything: bool = False) -> int:
    """Link batch after batch until nothing waits; gives how many were linked."""
    total = linked = link(site, everything=everything)
    while linked == BATCH:
        linked = link(site, everything=everything)
        total += linked
    return total


def _link(session: Session, *, everything: bool) -> int:
    last = _last(session, for_update=True)
    number, digest = (last.number, last.digest) if last is not None else (0, BEGINNING)
    newest = session.exec(select(func.max(AuditLink.audit_id))).one()
    waiting = (
        select(AuditRow)
        .join(AuditLink, col(AuditLink.audit_id) == AuditRow.id, isouter=True)
        .where(col(AuditLink.number).is_(None))
        .order_by(col(AuditRow.id))
        .limit(BATCH)
    )
    if newest is not None and not everything:
        waiting = waiting.where(col(AuditRow.id) > newest - LATE)
    rows = session.exec(waiting).all()
    for row in rows:
        number, digest = number + 1, digest_of(digest, row)
        session.add(AuditLink(number=number, audit_id=row.id or 0, digest=digest))
    session.flush()
    return len(rows)


def digest_of(before: bytes, row: AuditRow) -> bytes:
    """Give the digest of a row that follows this one."""
    told = [
        row.id,
        row.at.isoformat(),
        row.act,
        row.member_id,
        row.organisation_id,
        row.case_id,
        row.subject,
    ]
    return hashlib.sha256(before + json.dumps(told, separators=(",", ":")).encode()).digest()


def _last(session: Session, *, for_update: bool = False) -> AuditLink | None:
    query = select(AuditLink).order_by(col(AuditLink.number).desc()).limit(1)
    return session.exec(query.with_for_update() if for_update else query).one_or_none()


def _sign_when_due(session: Session, site: Site) -> None:
    last, head, now = _last(session), newest_head(session), site.clock()
    if last is None or (head is not None and head.number == last.number):
        return
    if head is None or now - head.at >= HEAD_EVERY:
        sign(session, site)


def sign(session: Session, site: Site) -> AuditHead | None:
    """Sign the chain as it stands now, for whoever wants to keep a head elsewhere; None when it is
    empty. The same length is signed once.
    """
    last = _last(session)
    if last is None:
        return None
    known = session.get(AuditHead, last.number)
    if known is not None:
        return known
    now = site.clock()
    signature = _key(site.server_key).sign(_statement(last.number, last.digest, now))
    head = AuditHead(number=last.number, digest=last.digest, at=now, signature=signature)
    session.add(head)
    session.flush()
    return head


def newest_head(session: Session) -> AuditHead | None:
    """Give the newest signed head, None before the first."""
    return session.exec(
        select(AuditHead).order_by(col(AuditHead.number).desc()).limit(1)
    ).one_or_none()


def _statement(number: int, digest: bytes, at: datetime) -> bytes:
    return json.dumps(["samleng audit head 1", number, digest.hex(), at.isoformat()]).encode()


def _key(key: ServerKey) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(key.derived("audit-head"))


# ---- keeping heads elsewhere


def written(site: Site, head: AuditHead) -> str:
    """Write a head as one line of text, to be kept elsewhere."""
    public = _key(site.server_key).public_key().public_bytes_raw()
    told = (head.number, head.digest.hex(), head.at.isoformat(), _text(head.signature))
    return " ".join((_HEAD_MARK, *map(str, told), _text(public)))


def read_heads(text: str) -> list[KeptHead]:
    """Read kept heads, one a line; empty lines and those that begin with # are passed over.

    Raises BadHead, naming the line.
    """
    lines = enumerate(text.splitlines(), 1)
    return [_read_head(line, at) for at, line in lines if line.strip() and line[0] != "#"]


def _read_head(line: str, at: int) -> KeptHead:
    try:
        mark, number, digest, when, signature, public = line.split()
        head = KeptHead(
            int(number),
            bytes.fromhex(digest),
            datetime.fromisoformat(when),
            base64.urlsafe_b64decode(signature),
            base64.urlsafe_b64decode(public),
        )
        statement = _statement(head.number, head.digest, head.at)
        Ed25519PublicKey.from_public_bytes(head.public_key).verify(head.signature, statement)
    except (ValueError, InvalidSignature) as error:
        raise BadHead(f"line {at} is no signed head, or was changed") from error
    if mark != _HEAD_MARK:
        raise BadHead(f"line {at} is no signed head")
    return head


def keep_heads(site: Site, file: Path) -> int:
    """Add the heads that are not there yet to a file (mode 0600); gives how many were added.

    A line that a crash cut off is left as it is. Raises OSError.
    """
    last = _last_kept(file)
    with site.store.reading() as session:
        query = select(AuditHead).where(AuditHead.number > last).order_by(col(AuditHead.number))
        lines = [written(site, head) for head in session.exec(query)]
    if lines:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "r+b") as opened:
            size = opened.seek(0, os.SEEK_END)
            cut_off = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            opened.write(("\n" * cut_off + "\n".join(lines) + "\n").encode())
            opened.flush()
            os.fsync(descriptor)
    return len(lines)


def _last_kept(file: Path) -> int:
    """Give the number of the last head in a file, 0 when there is none."""
    lines = file.read_text(errors="replace").splitlines() if file.exists() else []
    for line in reversed(lines):
        try:
            return _read_head(line, 0).number
        except BadHead:
            continue
    return 0


def check_kept(session: Session, site: Site, kept: KeptHead) -> str | None:
    """Say in English how a head that was kept elsewhere disagrees with the chain; None when it is
    in it, and then so is, unchanged, each act up to it (of a chain that `check` finds whole).
    """
    here = session.get(AuditLink, kept.number)
    signed = f"the head kept on {kept.at:%Y-%m-%d %H:%M} UTC"
    if here is None:
        return f"{signed} has {kept.number} links; the chain has fewer"
    if here.digest != kept.digest:
        return f"{signed} disagrees with link {kept.number}: something up to there was rewritten"
    if kept.public_key != _key(site.server_key).public_key().public_bytes_raw():
        return f"{signed} is in the chain, but the server key was another then"
    return None


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()


# ---- checking


def check(session: Session, site: Site) -> Found:
    """Go through the whole chain, and name the first thing that is wrong."""
    heads = {head.number: head for head in session.exec(select(AuditHead))}
    expected, digest = 0, BEGINNING
    for held, row in _links(session):
        expected += 1
        if held.number != expected:
            return Found(expected - 1, 0, f"link {expected} is missing")
        if row is None:
            return Found(expected - 1, 0, f"link {expected}: its row of the audit is missing")
        digest = digest_of(digest, row)
        if digest != held.digest:
            said = f"link {expected}: row {row.id} of the audit, or a link before, was changed"
            return Found(expected - 1, 0, said)
        head = heads.get(expected)
        if head is not None and not _is_signed(site, head, digest):
            return Found(expected, 0, f"the signature at link {expected} is not ours")
    signed = max(heads, default=0)
    if signed > expected:
        return Found(expected, expected, f"cut off after link {expected}; {signed} were signed")
    return Found(expected, signed, _waits_too_long(session, site))


def _is_signed(site: Site, head: AuditHead, digest: bytes) -> bool:
    if head.digest != digest:
        return False
    try:
        statement = _statement(head.number, head.digest, head.at)
        _key(site.server_key).public_key().verify(head.signature, statement)
    except InvalidSignature:
        return False
    return True


def _waits_too_long(session: Session, site: Site) -> str | None:
    waiting = session.exec(
        select(func.count())
        .select_from(AuditRow)
        .join(AuditLink, col(AuditLink.audit_id) == AuditRow.id, isouter=True)
        .where(col(AuditLink.number).is_(None), AuditRow.at < site.clock() - UNLINKED)
    ).one()
    return f"{waiting} rows of the audit wait for their link" if waiting else None


def _links(session: Session) -> Iterator[tuple[AuditLink, AuditRow | None]]:
    after = 0
    while True:
        found = session.exec(
            select(AuditLink, AuditRow)
            .join(AuditRow, col(AuditRow.id) == AuditLink.audit_id, isouter=True)
            .where(AuditLink.number > after)
            .order_by(col(AuditLink.number))
            .limit(BATCH)
        ).all()
        yield from found
        if not found:
            return
        after = found[-1][0].number

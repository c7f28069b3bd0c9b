"""Backups of an installation, without its server key. Bringing one back: restore.py.

One backup is one folder, named by the UTC time at which it was begun:

    2026-11-21T193000Z/
        manifest.json       what is in it, with SHA-256 of each file; signed (Ed25519)
        database.sqlite     or database.dump, as pg_dump writes it (custom format)
        files/ab/….sealed   the sealed files that the database names
    erased.txt              beside the backups, a line each: every certificate of erasure, every
                            consent that was taken back, every member who left

Left out, on purpose: the server key, without which a backup opens no draft, no chat address, no
letter on its way; sessions of members, who sign in anew; the durable queue and the dialogue's
state, which the database begins anew.

The database is copied first, then the files it names: a file is written before the row that names
it, and never changes. What was erased or taken back after a backup was made is so again when it is
brought back, by `erased.txt`.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import inspect, text
from sqlalchemy.engine import make_url
from sqlmodel import select

from referrals import audit, erasure, postgres, takenback
from referrals.erasure import Certificate
from referrals.serverkey import ServerKey
from referrals.site import Site

FORMAT = 1
MANIFEST, ERASED, LOCK = "manifest.json", "erased.txt", ".lock"
PART = ".part"
NAMES = {"sqlite": "database.sqlite", "postgresql": "database.dump"}
"""What the copy of the database is called."""

SESSIONS = "session"
"""The table whose rows are left out."""

_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z")
_TIME = "%Y-%m-%dT%H%M%SZ"
_NAMED_FILES = (
    "SELECT id FROM case_file UNION SELECT file_id FROM draft_part WHERE file_id IS NOT NULL"
)
_PIECE = 1024 * 1024


class BackupProblem(Exception):
    """Nothing was done, or not all. Says what is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class Made:
    """A backup. `missing` counts files that the database names and that do not lie on disk."""

    folder: Path
    files: int
    size: int
    missing: int
    deleted: tuple[str, ...]


# ---- making one


def make(site: Site, folder: Path, keep_days: int) -> Made:
    """Make a backup below `folder`, write down there what was erased, and delete the backups that
    are older than `keep_days`, never the newest.

    The installation may be at work. A kill in the middle leaves a folder called ….part, which the
    next backup deletes. Raises BackupProblem, OSError.
    """
    data = site.files.root.parent.resolve()
    if folder.resolve().is_relative_to(data):
        raise BackupProblem("a backup must not lie in the data folder: it would be lost with it")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone_in(folder):
        for left in folder.glob(f"*{PART}"):
            if _NAME.fullmatch(left.name.removesuffix(PART)):
                shutil.rmtree(left)
        name = site.clock().strftime(_TIME)
        partial, made = folder / f"{name}{PART}", folder / name
        if made.exists():
            raise BackupProblem("a backup was made within this second: try again")
        for each in (partial, partial / "files"):
            each.mkdir(mode=0o700)
        kind = site.store.engine.dialect.name
        with _database(site, kind, partial / NAMES[kind]) as named:
            sums = {NAMES[kind]: _sum(partial / NAMES[kind])}
            missing = _copy_files(site, named, partial, sums)
        _write_manifest(site, partial, name, kind, sums, missing)
        partial.rename(made)
        _sync(folder)
        write_erased(site, folder)
        audit.record(site, audit.Act.BACKED_UP, subject=name)
        gone = delete_old(folder, site.clock(), keep_days)
    size = sum(each[0] for each in sums.values())
    return Made(made, len(sums) - 1, size, len(missing), gone)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep a second backup out. The lock ends with the process, however it ends."""
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupProblem("another backup is being made in this folder") from None
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _database(site: Site, kind: str, target: Path) -> Iterator[list[str]]:
    """Copy the database as it is at one moment; gives the ids of the files that it then names."""
    if kind == "sqlite":
        _copy_sqlite(Path(make_url(site.store.url).database or ""), target)
        with closing(sqlite3.connect(target)) as copied:
            yield [row[0] for row in copied.execute(_NAMED_FILES)]
        return
    with site.store.engine.connect() as connection:
        connection = connection.execution_options(isolation_level="REPEATABLE READ")
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        named = list(connection.execute(text(_NAMED_FILES)).scalars())
        postgres.dump(site.store.url, target, snapshot, SESSIONS)
    _sync(target)
    yield named


def _copy_sqlite(from_: Path, target: Path) -> None:
    with closing(sqlite3.connect(from_)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA secure_delete=ON")
        copy.execute(f"DELETE FROM {SESSIONS}")  # noqa: S608 - our own name
        copy.commit()
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
        (said,) = copy.execute("PRAGMA quick_check").fetchone()
    if said != "ok":
        raise BackupProblem(f"the database is damaged: {said}")
    target.chmod(0o600)
    _sync(target)


def _copy_files(
    site: Site, named: list[str], partial: Path, sums: dict[str, list[Any]]
) -> list[str]:
    """Copy the files that are named; gives those that are named still and do not lie there."""
    gone = []
    for file_id in sorted(named):
        path = Path("files") / file_id[:2] / f"{file_id}.sealed"
        (partial / path).parent.mkdir(exist_ok=True, mode=0o700)
        try:
            shutil.copyfile(site.files.root.parent / path, partial / path)
        except FileNotFoundError:
            gone.append(file_id)
            (partial / path).unlink(missing_ok=True)
            continue
        (partial / path).chmod(0o600)
        _sync(partial / path)
        sums[path.as_posix()] = _sum(partial / path)
    # What was erased or thrown away since the database was copied is not missing.
    with site.store.reading() as session:
        still = set(session.connection().execute(text(_NAMED_FILES)).scalars())
    return [file_id for file_id in gone if file_id in still]


def _write_manifest(
    site: Site,
    partial: Path,
    name: str,
    kind: str,
    sums: dict[str, list[Any]],
    missing: list[str],
) -> None:
    told = {
        "format": FORMAT,
        "made": name,
        "database": kind,
        "server_key": _which_key(site.server_key),
        "missing": missing,
        "files": sums,
    }
    signature = _key(site.server_key).sign(_statement(told)).hex()
    with (partial / MANIFEST).open("x") as file:
        json.dump({**told, "signature": signature}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    (partial / MANIFEST).chmod(0o600)
    for below in (*partial.glob("files/*"), partial / "files", partial):
        _sync(below)


def write_erased(site: Site, folder: Path) -> int:
    """Write the certificates, and what was taken back, that are not yet in `erased.txt` at its end;
    gives how many lines.
    """
    path = folder / ERASED
    if not inspect(site.store.engine).has_table(str(Certificate.__tablename__)):
        return 0  # a backup before a newer version is started for the first time
    known = path.read_text().splitlines() if path.exists() else []
    there, others = takenback.read_lines(site.server_key, known)
    written = {each.id for each in erasure.read_lines(site.server_key, others)[0]}
    with site.store.reading() as session:
        certificates = session.exec(select(Certificate)).all()
        taken_back = takenback.of_site(session, site)
    new = [erasure.as_line(each) for each in certificates if each.id not in written]
    new += [takenback.as_line(each) for each in taken_back if each not in there]
    if new or not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a") as file:
            # A line that a crash cut off must not swallow the next.
            file.write("".join(f"\n{line}\n" for line in new))
            file.flush()
            os.fsync(file.fileno())
        _sync(folder)
    return len(new)


def look_after(site: Site, folder: Path, keep_days: int) -> None:
    """Write down what was erased, and delete what is too old, between two backups. While one is
    being made it does that itself. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(BackupProblem), _alone_in(folder):
        write_erased(site, folder)
        delete_old(folder, site.clock(), keep_days)


def delete_old(folder: Path, now: datetime, keep_days: int) -> tuple[str, ...]:
    """Delete the backups that were begun more than `keep_days` before `now` (UTC), but never the
    newest; gives their names.
    """
    found = sorted(each.name for each in folder.iterdir() if _NAME.fullmatch(each.name))
    old = [name for name in found[:-1] if now - _begun(name) > timedelta(days=keep_days)]
    for name in old:
        # Killed in the middle, it is no backup any more, and the next one deletes the rest.
        (folder / name).rename(folder / f"{name}{PART}")
        shutil.rmtree(folder / f"{name}{PART}")
    return tuple(old)


def _begun(name: str) -> datetime:
    return datetime.strptime(name, _TIME).replace(tzinfo=UTC)


# ---- checking one


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says it holds. `made` is UTC; `files` are paths below its folder."""

    made: datetime
    database: str
    files: tuple[str, ...]
    missing: tuple[str, ...]


def check(folder: Path, key: ServerKey) -> Manifest:
    """Check a backup: signature, and every file. Raises BackupProblem for the first that is
    wrong.
    """
    try:
        told = json.loads((folder / MANIFEST).read_text())
        signature = bytes.fromhex(told.pop("signature"))
    except FileNotFoundError:
        raise BackupProblem(f"{folder.name} is no backup: it has no {MANIFEST}") from None
    except (ValueError, KeyError, AttributeError, TypeError):
        raise BackupProblem(f"{MANIFEST} is damaged") from None
    if told.get("server_key") != _which_key(key):
        raise BackupProblem(
            "this backup belongs to another server key: bring back the key that was in use then"
        )
    with suppress(InvalidSignature):
        _key(key).public_key().verify(signature, _statement(told))
        return _checked(folder, told)
    raise BackupProblem(f"{MANIFEST} was changed: its signature does not fit")


def _checked(folder: Path, told: dict[str, Any]) -> Manifest:
    if told["format"] != FORMAT or told["database"] not in NAMES:
        raise BackupProblem("this backup is of a form that this program does not know")
    for name, (size, sum_) in told["files"].items():
        try:
            found = _sum(folder / name)
        except FileNotFoundError:
            raise BackupProblem(f"{name} is missing from the backup") from None
        if found != [size, sum_]:
            raise BackupProblem(f"{name} was changed, or cut off")
    names = tuple(name for name in told["files"] if name.startswith("files/"))
    return Manifest(_begun(told["made"]), told["database"], names, tuple(told["missing"]))


def _statement(told: dict[str, Any]) -> bytes:
    return b"samleng backup 1\n" + json.dumps(told, sort_keys=True).encode()


def _key(key: ServerKey) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(key.derived("backup"))


def _which_key(key: ServerKey) -> str:
    return key.pseudonym("which-server-key")


def _sum(path: Path) -> list[Any]:
    """Give size in bytes and SHA-256 of a file."""
    with path.open("rb") as file:
        return [path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()]


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

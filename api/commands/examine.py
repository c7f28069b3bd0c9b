"""What `samleng doctor` looks at: each check says in one line that all is well, or what to do.

Nothing is changed, nothing is opened that is sealed, and no line holds anything but names of
settings, offices and tables, e-mails of staff, and numbers. It works beside a running server.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from shutil import disk_usage

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, func, select

from api.chat import FREE_SPACE
from api.database import alembic_config
from api.factors import Passkey, Totp
from api.settings import Settings
from referrals import audit, chain
from referrals.audit import AuditRow
from referrals.case import CaseFile
from referrals.directory import Member, Organisation, OrganisationKey
from referrals.draft import DraftPart
from referrals.files import FileStore
from referrals.installation import Installation, Mode
from referrals.serverkey import ServerKeyProblem, load_or_make
from referrals.site import Site, utc_now
from referrals.store import Store

CLOCK_MAY_DIFFER = timedelta(minutes=2)
"""How far the newest act may lie ahead of this machine's clock."""

STRAY_FOR = timedelta(days=3)
"""A file that nobody names is removed by the server after two days; one older shows that it is
not.
"""

BACKUP_EVERY = timedelta(days=7)
"""How old the last backup of a real installation may be."""

OLDEST_POSTGRESQL = 13
NAMED = 5
"""How many of several are named in one line."""


class State(StrEnum):
    """How a check ended. A note is worth knowing and nothing that is broken."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Told:
    """One line: of what, and what is so, or what to do."""

    state: State
    what: str
    said: str


@dataclass(frozen=True, slots=True)
class _House:
    settings: Settings
    site: Site
    real: bool


def examine(
    settings: Settings, clock: Callable[[], datetime] = utc_now, kept: Path | None = None
) -> Iterator[Told]:
    """Go through everything, as far as one thing does not need another that is broken. `kept` is a
    file of heads that were kept elsewhere.
    """
    folder = list(_folder(settings.data_dir))
    yield from folder
    if any(each.state is State.WRONG for each in folder) and not settings.data_dir.is_dir():
        return
    yield from _disk(settings.data_dir)
    yield from _place_of_key(settings)
    site, told = _site(settings, clock)
    yield from told
    if site is None:
        return
    try:
        database = list(_database(site.store))
        yield from database
        if any(each.state is State.WRONG for each in database):
            return
        with site.store.reading() as session:
            installed = session.get(Installation, 1)
        house = _House(settings, site, installed is not None and installed.mode == Mode.REAL)
        yield from _guard(site.store)
        for check in (_clock, _chain, _heads_file, _files, _organisations, _factors, _backups):
            yield from check(house)
        if kept is not None:
            yield from _kept_heads(house, kept, "head kept elsewhere")
    finally:
        site.store.engine.dispose()


# ---- the machine


def _folder(folder: Path) -> Iterator[Told]:
    what = "data folder"
    if not folder.is_dir():
        yield Told(
            State.WRONG,
            what,
            f"there is none at {folder}: set SAMLENG_DATA_DIR, or begin with samleng start",
        )
    elif folder.stat().st_mode & 0o077:
        yield Told(State.WRONG, what, f"others can look into it: run chmod 700 {folder}")
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield Told(State.WRONG, what, f"this user cannot write to it: chown -R it ({folder})")
    else:
        yield Told(State.OK, what, f"{folder}, open to its owner alone")


def _disk(folder: Path) -> Iterator[Told]:
    free = disk_usage(folder).free
    said = f"{free / 1e9:.1f} GB are free"
    if free < FREE_SPACE:
        yield Told(State.WRONG, "disk", f"{said}: make room, files of migrants are refused now")
    else:
        yield Told(State.OK, "disk", said)


def _place_of_key(settings: Settings) -> Iterator[Told]:
    file, folder = settings.resolved_server_key_file.resolve(), settings.data_dir.resolve()
    if file.is_relative_to(folder):
        yield Told(
            State.NOTE,
            "server key",
            "it lies in the data folder, so who takes the folder or a copy of it has both (drafts "
            "and chat addresses, no lodged case): move it, and set SAMLENG_SERVER_KEY_FILE",
        )


def _site(settings: Settings, clock: Callable[[], datetime]) -> tuple[Site | None, list[Told]]:
    file = settings.resolved_server_key_file
    if not file.exists():
        said = f"there is none at {file}: put it back from where it is kept"
        return None, [Told(State.WRONG, "server key", said)]
    try:
        key = load_or_make(file)
    except (ServerKeyProblem, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        return None, [Told(State.WRONG, "server key", f"{reason}")]
    told = [Told(State.OK, "server key", f"{file}, {len(key.keys)} to read with")]
    lies = settings.data_dir / "samleng.sqlite"
    if settings.database_url is None and not lies.exists():
        return None, [*told, Told(State.WRONG, "database", f"{lies} is missing: restore a backup")]
    store, files = Store(settings.resolved_database_url), FileStore(settings.data_dir / "files")
    return Site(store, key, files, clock, settings.public_url), told


# ---- the database


def _database(store: Store) -> Iterator[Told]:
    what = "database"
    try:
        with _reader(store).connect() as connection:
            here = MigrationContext.configure(connection).get_current_revision()
        wanted = ScriptDirectory.from_config(alembic_config(store)).get_current_head()
    except SQLAlchemyError as error:
        # The driver's text may quote a row; its kind says enough.
        yield Told(State.WRONG, what, f"it cannot be read ({type(error).__name__}): see its log")
        return
    if here != wanted:
        said = f"it is of version {here}, this program of {wanted}: run samleng start once"
        yield Told(State.WRONG, what, said)
        return
    yield Told(State.OK, what, f"it can be read and is of this version ({here})")
    if store.engine.dialect.name == "sqlite":
        for name in (store.engine.url.database, _beside(store)):
            if name and Path(name).exists():
                yield _sqlite_is_whole(Path(name))
    else:
        with _reader(store).connect() as connection:
            version = int(connection.execute(text("SHOW server_version_num")).scalar_one())
        old = version // 10_000 < OLDEST_POSTGRESQL
        said = f"{version // 10_000}.{version % 10_000}"
        yield Told(
            State.WRONG if old else State.OK,
            "PostgreSQL",
            f"{said}: it needs {OLDEST_POSTGRESQL} or newer" if old else said,
        )


def _reader(store: Store) -> Engine:
    return store.engine.execution_options(samleng_begin="DEFERRED")


def _beside(store: Store) -> str:
    """Give the path of the durable queue's own database."""
    return str(Path(store.engine.url.database or "").with_name("work.sqlite"))


def _sqlite_is_whole(file: Path) -> Told:
    try:
        with closing(sqlite3.connect(file)) as connection:
            whole = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            loose = len(connection.execute("PRAGMA foreign_key_check").fetchall())
    except sqlite3.Error:
        whole, loose = False, 0
    if not whole:
        said = "it is damaged: stop the server, keep a copy of it, and restore the last backup"
        return Told(State.WRONG, file.name, said)
    if loose:
        said = f"{loose} rows name others that are not there: restore the last backup"
        return Told(State.WRONG, file.name, said)
    return Told(State.OK, file.name, "it is whole, and each row that another names is there")


_GUARDED = ("audit", "audit_link", "audit_head")


def _guard(store: Store) -> Iterator[Told]:
    """Say whether the database still refuses to change or delete a row of the audit."""
    with _reader(store).connect() as connection:
        if connection.dialect.name == "sqlite":
            there = set(
                connection.execute(
                    text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
                ).scalars()
            )
            needed = {f"{t}_refuses_{act}" for t in _GUARDED for act in ("update", "delete")}
        else:
            there = set(
                connection.execute(
                    text("SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A')")
                ).scalars()
            )
            needed = {f"{table}_refuses" for table in _GUARDED}
    if needed <= there:
        yield Told(State.OK, "audit", "the database lets nobody change or delete a row")
    else:
        yield Told(
            State.WRONG,
            "audit",
            f"the guard is gone ({', '.join(sorted(needed - there))}): somebody took it away; "
            "compare the chain with a head kept elsewhere",
        )


# ---- the audit


def _clock(house: _House) -> Iterator[Told]:
    with house.site.store.reading() as session:
        newest = session.exec(select(func.max(AuditRow.at))).one()
    ahead = newest - house.site.clock() if newest is not None else timedelta()
    if ahead > CLOCK_MAY_DIFFER:
        minutes = int(ahead / timedelta(minutes=1))
        said = f"it is {minutes} minutes behind the newest act: set it right (NTP)"
        yield Told(State.WRONG, "clock", said)
    else:
        yield Told(State.OK, "clock", "it is not behind the newest act")


def _chain(house: _House) -> Iterator[Told]:
    with house.site.store.reading() as session:
        found = chain.check(session, house.site)
        head = chain.newest_head(session)
    if found.problem is not None:
        waits = "wait for their link" in found.problem
        what_to_do = (
            "the server links them every half minute: is it running? Look at its log"
            if waits
            else "somebody changed the audit: keep a copy of everything, tell who is responsible, "
            "and compare with a head kept elsewhere"
        )
        yield Told(State.WRONG, "audit chain", f"{found.problem}: {what_to_do}")
        return
    signed = f"newest head signed {head.at:%Y-%m-%d %H:%M} UTC" if head is not None else "no head"
    said = f"{found.links} acts in one unbroken chain, {found.signed} below a head ({signed})"
    yield Told(State.OK, "audit chain", said)


def _heads_file(house: _House) -> Iterator[Told]:
    file = house.settings.data_dir / chain.HEADS_FILE
    if file.exists():
        yield from _kept_heads(house, file, "audit heads")
    else:
        said = f"{file} is not there yet: the server writes signed heads into it"
        yield Told(State.NOTE, "audit heads", said)


def _kept_heads(house: _House, file: Path, what: str) -> Iterator[Told]:
    """Compare the chain with heads that were kept outside of the database."""
    try:
        kept = chain.read_heads(file.read_text(encoding="utf-8"))
    except (chain.BadHead, OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        yield Told(State.WRONG, what, f"{file}: {reason}")
        return
    if not kept:
        yield Told(State.WRONG, what, f"{file} holds no head: keep one with samleng doctor --head")
        return
    with house.site.store.reading() as session:
        for head in kept:
            problem = chain.check_kept(session, house.site, head)
            if problem is not None:
                said = f"{problem}. After a restored backup that is so: keep a new head from now on"
                yield Told(State.WRONG, what, said)
                return
    yield Told(State.OK, what, f"{len(kept)} in {file.name}, all in the chain")


# ---- what is kept


def _files(house: _House) -> Iterator[Told]:
    """Compare rows and files. Rows are read before and after, for the server goes on meanwhile."""
    before = _named_files(house.site)
    there = dict(house.site.files.ids())
    after = _named_files(house.site)
    lost = sorted((before & after) - there.keys())
    if lost:
        said = f"{len(lost)} are lost ({_some(lost)}): copy them from a backup into files/"
        yield Told(State.WRONG, "files", said)
    old = (house.site.clock() - STRAY_FOR).timestamp()
    stray = [each for each, changed in there.items() if each not in after and changed < old]
    if stray:
        said = f"{len(stray)} belong to nobody: the running server removes them after two days"
        yield Told(State.WRONG, "files", said)
    if not lost and not stray:
        yield Told(State.OK, "files", f"{len(before & there.keys())}, each where its row says")


def _named_files(site: Site) -> set[str]:
    with site.store.reading() as session:
        named = set(session.exec(select(CaseFile.id)))
        return named | {each for each in session.exec(select(DraftPart.file_id)) if each}


def _organisations(house: _House) -> Iterator[Told]:
    with house.site.store.reading() as session:
        every = list(session.exec(select(Organisation).order_by(col(Organisation.name_en))))
        held = set(session.exec(select(OrganisationKey.organisation_id)))
    empty = [each.name_en for each in every if each.public_key is None]
    locked = [each.name_en for each in every if each.public_key and each.id not in held]
    bare = [each.name_en for each in every if each.public_key and each.recovery_public is None]
    if locked:
        said = (
            f"nobody holds the key of {_some(locked)}: open it with its recovery key "
            "(samleng keys recover)"
        )
        yield Told(State.WRONG, "organisations", said)
    if bare:
        said = (
            f"{len(bare)} have no recovery key ({_some(bare)}): when their people lose their "
            "passwords nobody can open their cases; a supervisor makes one at /keys"
        )
        yield Told(State.WRONG if house.real else State.NOTE, "organisations", said)
    if empty:
        said = f"{len(empty)} can receive no case, for nobody came yet ({_some(empty)})"
        yield Told(State.NOTE, "organisations", said)
    if not locked and not bare:
        said = f"{len(every) - len(empty)} with people, each with a recovery key"
        yield Told(State.OK, "organisations", said)


def _factors(house: _House) -> Iterator[Told]:
    if not house.real:
        return
    with house.site.store.reading() as session:
        without = _without_factor(session)
    if without:
        said = f"{len(without)} have none yet ({_some(without)}): let them sign in and set it up"
        yield Told(State.WRONG, "second factor", said)
    else:
        yield Told(State.OK, "second factor", "every member has one")


def _without_factor(session: Session) -> list[str]:
    here = col(Member.public_key).is_not(None), col(Member.left_at).is_(None)
    codes = select(Totp.member_id).where(col(Totp.confirmed_at).is_not(None))
    return list(
        session.exec(
            select(Member.email)
            .where(
                *here,
                col(Member.id).not_in(codes),
                col(Member.id).not_in(select(Passkey.member_id)),
            )
            .order_by(col(Member.email))
        )
    )


def _backups(house: _House) -> Iterator[Told]:
    with house.site.store.reading() as session:
        last = session.exec(
            select(func.max(AuditRow.at)).where(AuditRow.act == audit.Act.BACKED_UP)
        ).one()
    bad = State.WRONG if house.real else State.NOTE
    if last is None:
        yield Told(bad, "backup", "none was ever made: samleng backup FOLDER, every night")
    elif house.site.clock() - last > BACKUP_EVERY:
        days = (house.site.clock() - last).days
        yield Told(
            bad,
            "backup",
            f"the last is {days} days old, and never goes while it is the newest, "
            "with what was erased since: samleng backup FOLDER, every night",
        )
    else:
        yield Told(State.OK, "backup", f"the last is of {last:%Y-%m-%d %H:%M} UTC")


def _some(names: Iterable[str]) -> str:
    every = list(names)
    shown = ", ".join(every[:NAMED])
    return f"{shown}, and {len(every) - NAMED} more" if len(every) > NAMED else shown

"""Bringing a backup back, into an empty house; what was erased or taken back since is so again.

Nothing can be opened before that is done: the database gets its name last (SQLite), and a mark in
the data folder, RESTORING, is taken away last. Killed in the middle, the same command begins again.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.engine import make_url
from sqlmodel import Session, col, select

from referrals import audit, backup, draft, erasure, postgres, takenback
from referrals.backup import ERASED, BackupProblem, Manifest
from referrals.case import Case
from referrals.draft import DraftPart
from referrals.erasure import Certificate
from referrals.files import FileStore
from referrals.serverkey import load_or_make
from referrals.settings import StoreSettings
from referrals.site import Site, utc_now
from referrals.store import Store
from referrals.takenback import Again, TakenBack

RESTORING = "restoring"
"""A file in the data folder that names the backup that is being brought back."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back. `erased` counts cases that were erased again; `strange` counts lines of
    `erased.txt` that this installation did not sign; `drafts` those whose files were gone; `again`
    what was taken back.
    """

    made: datetime
    files: int
    erased: int
    strange: int
    drafts: int
    missing: int
    again: Again


def restore(
    settings: StoreSettings,
    folder: Path,
    bring_up: Callable[[Store], None],
    *,
    erased: Path | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Restored:
    """Bring the backup in `folder` back into the empty data folder and database of `settings`.

    The server key must lie in its place before. `bring_up` brings the database to the shape that
    this program expects. `erased` is the list of what was erased since; beside the backup when it
    is not given. Raises BackupProblem, postgres.PostgresProblem, serverkey.ServerKeyProblem,
    OSError.
    """
    if not settings.resolved_server_key_file.exists():
        raise BackupProblem(
            f"put the server key at {settings.resolved_server_key_file} first: "
            "a backup does not hold it"
        )
    key = load_or_make(settings.resolved_server_key_file)
    lines = erased or folder.parent / ERASED
    if not lines.exists():
        raise BackupProblem(
            f"{ERASED} is not beside the backup: without it, erased cases would come back. "
            "Bring the newest one, and name it with --erased"
        )
    manifest = backup.check(folder, key)
    kind = make_url(settings.resolved_database_url).get_backend_name()
    if manifest.database != kind:
        raise BackupProblem(
            f"this backup is of {manifest.database}, and SAMLENG_DATABASE_URL names {kind}"
        )
    taken_back, others = takenback.read_lines(key, lines.read_text().splitlines())
    certificates, strange = erasure.read_lines(key, others)
    begun = _begin(settings, folder.name)
    url = _database(settings, folder, manifest, begun_before=begun)
    store = Store(url)
    try:
        bring_up(store)
        site = Site(store, key, FileStore(settings.data_dir / "files"), clock)
        erased_again, drafts, again = _put_right(site, folder.name, certificates, taken_back)
        store.tidy(erasure.KEYS, erasure.TOUCHED)
    finally:
        store.engine.dispose()
    _settle(settings)
    return Restored(
        manifest.made,
        len(manifest.files),
        erased_again,
        strange,
        drafts,
        len(manifest.missing),
        again,
    )


def _begin(settings: StoreSettings, name: str) -> bool:
    """Take the house; says whether this very backup was being brought back before. Raises
    BackupProblem when something else lies there.
    """
    data = settings.data_dir
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    mark, key_file = data / RESTORING, settings.resolved_server_key_file.resolve()
    half_written = mark.with_suffix(backup.PART)
    half_written.unlink(missing_ok=True)
    if mark.exists() and mark.read_text() == name:
        if _is_in_its_place(settings):
            raise BackupProblem(
                f"the database is in its place already: delete {mark} to use it, or empty {data} "
                "to begin anew"
            )
        return True
    if any(each.resolve() != key_file for each in data.iterdir()):
        raise BackupProblem(f"{data} is not empty: a backup is brought back into an empty folder")
    parsed = make_url(settings.resolved_database_url)
    if parsed.get_backend_name() != "sqlite":
        if _has_tables(settings.resolved_database_url):
            raise BackupProblem("the database is not empty: name a new one")
    elif _is_in_its_place(settings):
        raise BackupProblem(f"{parsed.database} is there already")
    with half_written.open("x") as file:
        file.write(name)
        file.flush()
        os.fsync(file.fileno())
    half_written.rename(mark)
    return False


def _is_in_its_place(settings: StoreSettings) -> bool:
    parsed = make_url(settings.resolved_database_url)
    return parsed.get_backend_name() == "sqlite" and Path(parsed.database or "").exists()


def _has_tables(url: str) -> bool:
    store = Store(url)
    try:
        return bool(inspect(store.engine).get_table_names())
    finally:
        store.engine.dispose()


def _database(
    settings: StoreSettings, folder: Path, manifest: Manifest, *, begun_before: bool
) -> str:
    """Put files and database there; gives the address under which to go on."""
    for name in manifest.files:
        target = settings.data_dir / name
        for above in (target.parent.parent, target.parent):
            above.mkdir(exist_ok=True, mode=0o700)
        shutil.copyfile(folder / name, target)
        target.chmod(0o600)
    os.sync()
    copied = folder / backup.NAMES[manifest.database]
    parsed = make_url(settings.resolved_database_url)
    if manifest.database == "sqlite":
        part = _part_of(Path(parsed.database or ""))
        part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in part.parent.glob(f"{part.name}*"):
            left.unlink()
        shutil.copyfile(copied, part)
        part.chmod(0o600)
        return parsed.set(database=str(part)).render_as_string(hide_password=False)
    if not (begun_before and _has_tables(settings.resolved_database_url)):
        postgres.restore(settings.resolved_database_url, copied)
    return settings.resolved_database_url


def _part_of(database: Path) -> Path:
    return database.with_name(f"{database.name}{backup.PART}")


def _put_right(
    site: Site, name: str, certificates: list[Certificate], taken_back: list[TakenBack]
) -> tuple[int, int, Again]:
    with site.store.writing() as session:
        erased_again = erase_again(session, site, certificates)
        again = takenback.do_again(session, site, taken_back)
        drafts = _drop_drafts_without_files(session, site)
        audit.add(session, site.clock(), audit.Act.RESTORED, subject=name)
    return erased_again, drafts, again


def erase_again(session: Session, site: Site, certificates: list[Certificate]) -> int:
    """Erase what was erased after the backup was made, and keep those certificates again; gives
    how many cases went.
    """
    erased_at = dict[str, datetime]()
    for each in certificates:
        if session.get(Certificate, each.id) is None:
            session.add(each)
        latest = erased_at.get(each.case_mark, each.erased_at)
        erased_at[each.case_mark] = max(each.erased_at, latest)
    session.flush()
    again = 0
    for case in session.exec(select(Case)).all():
        moment = erased_at.get(erasure.mark_of(site, case.code))
        # The code of an erased case may have been drawn again since.
        if moment is not None and case.lodged_at <= moment:
            erasure.remove(session, site, case, "restored")
            again += 1
    return again


def _drop_drafts_without_files(session: Session, site: Site) -> int:
    """Destroy the drafts that name a file which was gone when it was to be copied: they were thrown
    away meanwhile.
    """
    lying = {file_id for file_id, _ in site.files.ids()}
    parts = session.exec(select(DraftPart).where(col(DraftPart.file_id).is_not(None))).all()
    gone = {part.draft_id for part in parts if part.file_id not in lying}
    for draft_id in gone:
        draft.discard(session, site, session.get_one(draft.Draft, draft_id))
    return len(gone)


def _settle(settings: StoreSettings) -> None:
    """Give the database its name, and take the mark away."""
    parsed = make_url(settings.resolved_database_url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        target = Path(parsed.database)
        part = _part_of(target)
        with closing(sqlite3.connect(part)) as alone:
            alone.execute("PRAGMA journal_mode=DELETE")  # whatever a log still holds goes in
        part.replace(target)
    os.sync()
    (settings.data_dir / RESTORING).unlink()

"""One database: SQLite (WAL) or PostgreSQL, its sessions and its column types."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, DateTime, Dialect, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session

BUSY_MILLISECONDS = 30_000
LOCK_SECONDS = 5
"""How long rewriting a table waits for its turn; others wait behind it."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. SQLite drops the zone, so it is put back when read; naive input is
    refused.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn an aware moment into UTC. Raises ValueError for a naive one."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the moment back in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def make_engine(url: str, *, for_queue: bool = False) -> Engine:
    """Build an engine for the app's tables, or for those of the durable queue (DBOS).

    SQLite: WAL, full sync (an acknowledged complaint survives a power cut), foreign keys on, freed
    pages overwritten, and transactions begun by SQLAlchemy rather than by the driver, so that a
    writer takes its lock at once instead of failing half way.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True, pool_size=10, max_overflow=20)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(parsed, pool_size=20, max_overflow=20)

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE" if for_queue else None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
            "recursive_triggers=ON",  # or INSERT OR REPLACE would get around the audit's
            f"busy_timeout={BUSY_MILLISECONDS}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        if sqlite3.sqlite_version_info < (3, 42):
            # DBOS asks for unixepoch('subsec'), which came with SQLite 3.42; Debian 12 has 3.40.
            connection.create_function("unixepoch", -1, lambda *_: time.time())

    if for_queue:
        return engine

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("samleng_begin", "IMMEDIATE")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


class Store:
    """The app's database. Functions that work in it take a session and never commit."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = make_engine(url)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open one transaction; committed at the end, rolled back when anything is raised."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open one transaction for reading; it is never committed."""
        with Session(
            self.engine.execution_options(samleng_begin="DEFERRED"), expire_on_commit=False
        ) as session:
            yield session

    def forget_log(self) -> None:
        """Fold SQLite's write-ahead log into the database and cut it to nothing.

        Until then the log still holds the pages of what was deleted. PostgreSQL does this in its
        own time. A reader that is just then at work is let be; the next call takes what is left.
        """
        if self.engine.dialect.name == "sqlite":
            with self.engine.connect() as connection:
                raw = connection.connection.driver_connection
                if raw is not None:
                    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def tidy(self, rewritten: Iterable[str], swept: Iterable[str]) -> None:
        """Leave as little as we can of what was deleted from these tables. No transaction may be
        open in this thread.

        SQLite: the whole file is written anew, and the log is cut. That needs as much free disk
        again, and writers wait meanwhile. PostgreSQL: the tables `rewritten` get new files
        (VACUUM FULL; a table that is in use for LOCK_SECONDS is left for the next time), in those
        `swept` the room of dead rows may be used again, and holds their bytes until it is.
        Raises sqlalchemy.exc.OperationalError when the database is too busy, or the disk full.
        """
        if self.engine.dialect.name == "sqlite":
            with self.engine.connect() as connection:
                raw = connection.connection.driver_connection
                if raw is not None:
                    try:
                        raw.execute("VACUUM")
                    except sqlite3.Error as error:
                        raise OperationalError("VACUUM", None, error) from error
            self.forget_log()
            return
        alone = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        quoted = self.engine.dialect.identifier_preparer.quote
        statements = [
            *(f"VACUUM (FULL, ANALYZE) {quoted(table)}" for table in rewritten),
            *(f"VACUUM (ANALYZE) {quoted(table)}" for table in swept),
        ]
        busy: OperationalError | None = None
        with alone.connect() as connection:
            connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_SECONDS}s'")
            try:
                for statement in statements:
                    try:
                        connection.exec_driver_sql(statement)
                    except OperationalError as error:
                        busy = error
            finally:
                connection.exec_driver_sql("RESET lock_timeout")
        if busy is not None:
            raise busy


def after_commit(session: Session, act: Callable[[], Any]) -> None:
    """Do something once, when (and only if) this session's transaction is committed."""

    @event.listens_for(session, "after_commit", once=True)
    def _act(_session: object) -> None:
        act()

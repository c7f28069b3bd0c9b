"""Databases that many tests begin with: made once in a process, then copied."""

import atexit
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path

from sqlalchemy.engine import URL, make_url

_made: set[tuple[str, str]] = set()


def begins_like(template: str, url: str, make: Callable[[str], None]) -> None:
    """Let the database at `url` begin as a copy of the template of this name.

    `make` gets the address of an empty database and fills it, once; it must leave no connection
    open. What `url` held is gone.
    """
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        _copy_file(template, target, make)
    else:
        _copy_database(template, target, make)


@cache
def folder() -> Path:
    """Give this process's folder of templates, gone when it ends."""
    made = Path(tempfile.mkdtemp(prefix="samleng-templates-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def _copy_file(template: str, target: URL, make: Callable[[str], None]) -> None:
    kept = folder() / f"{template}.sqlite"
    if ("sqlite", template) not in _made:
        make(f"sqlite:///{kept}")
        _made.add(("sqlite", template))
    assert target.database
    path = Path(target.database)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # By SQLite's own copying: the template's log may still hold a part of it.
    with closing(sqlite3.connect(kept)) as from_, closing(sqlite3.connect(path)) as to:
        from_.backup(to)


def _copy_database(template: str, target: URL, make: Callable[[str], None]) -> None:
    import psycopg

    server = f"{target.host}:{target.port}"
    kept = target.set(database=f"like_{template}")
    maintenance = target.set(drivername="postgresql", database="postgres")
    with psycopg.connect(
        maintenance.render_as_string(hide_password=False), autocommit=True
    ) as connection:
        if (server, template) not in _made:
            connection.execute(f"CREATE DATABASE {kept.database}")
            make(kept.render_as_string(hide_password=False))
            _made.add((server, template))
        connection.execute(f"DROP DATABASE IF EXISTS {target.database} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {target.database} TEMPLATE {kept.database}")

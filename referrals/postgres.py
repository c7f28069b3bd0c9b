"""PostgreSQL's own programs for copying a database: pg_dump and pg_restore.

The password goes by the environment, never on the command line, which others on the machine see.
"""

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy.engine import URL, make_url

QUEUE_SCHEMA = "dbos"
"""Where the durable queue lies; it is left out, for the database begins it anew."""

_PROGRAMS = Path("/usr/lib/postgresql")
"""Where Debian keeps them, by version."""


class PostgresProblem(Exception):
    """A program is missing, or refused. Says what it said: it quotes no row."""


def dump(url: str, target: Path, snapshot: str, without_rows_of: str) -> None:
    """Copy the database as a snapshot saw it into a file (custom format), one table without its
    rows. Raises PostgresProblem.
    """
    _run(
        "pg_dump",
        url,
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        f"--exclude-schema={QUEUE_SCHEMA}",
        f"--exclude-table-data={without_rows_of}",
        f"--snapshot={snapshot}",
        f"--file={target}",
    )
    target.chmod(0o600)


def restore(url: str, dumped: Path) -> None:
    """Bring a dump into an empty database: all of it or nothing. Raises PostgresProblem."""
    # The schema `public` is there already, and so are its rights.
    listed = _run("pg_restore", None, "--list", str(dumped)).splitlines()
    wanted = [line for line in listed if " SCHEMA - public " not in line]
    _run(
        "pg_restore",
        url,
        "--no-owner",
        "--no-privileges",
        "--single-transaction",
        "--exit-on-error",
        "--use-list=/dev/stdin",
        str(dumped),
        given="\n".join(wanted),
    )


def _run(name: str, url: str | None, *words: str, given: str = "") -> str:
    environment = {**os.environ}
    command = [str(_program(name)), *words]
    if url is not None:
        parsed = make_url(url)
        command.append(f"--dbname={_without_password(parsed)}")
        if parsed.password:
            environment["PGPASSWORD"] = str(parsed.password)
    done = subprocess.run(  # noqa: S603 - a program of PostgreSQL, no shell
        command, env=environment, input=given, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or "no reason given").splitlines()[0]
        raise PostgresProblem(f"{name}: {said}")
    return done.stdout


def _without_password(parsed: URL) -> str:
    return parsed.set(drivername="postgresql", password=None).render_as_string(hide_password=False)


def _program(name: str) -> Path:
    """Find a program, the newest version's first: it reads databases of older servers too."""
    by_version = sorted(
        _PROGRAMS.glob(f"*/bin/{name}"),
        key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0,
    )
    found = by_version[-1] if by_version else shutil.which(name)
    if found is None:
        raise PostgresProblem(f"{name} is missing: install postgresql-client")
    return Path(found)

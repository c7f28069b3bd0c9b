"""Stamps: what a thing was built from, so that nothing is built twice; and the build lock."""

from __future__ import annotations

import fcntl
import hashlib
import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tools.steps import BUILD, ROOT, Step, Stopped, orphaned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    Inputs = dict[str, str]


def digest(paths: Iterable[Path]) -> str:
    """Give one SHA-256 over names and contents of files, and of all files below folders."""
    total = hashlib.sha256()
    for path in sorted(_files(paths)):
        total.update(f"{path.relative_to(ROOT).as_posix()}\0{path.stat().st_size}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def read(name: str) -> Inputs | None:
    """Give what `name` was built from; None when it was never built to the end."""
    try:
        found: Inputs = json.loads(_path(name).read_text())
    except (FileNotFoundError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def clear(name: str) -> None:
    """Forget `name` before work on it begins: interrupted work is then known as unfinished."""
    _path(name).unlink(missing_ok=True)


def write(name: str, inputs: Inputs) -> None:
    """Remember what `name` was built from; whole or not at all."""
    path = _path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(inputs, indent=1, sort_keys=True) + "\n")
    draft.replace(path)


@contextmanager
def locked() -> Iterator[int]:
    """Hold the one lock on build/ and give its descriptor; waits for another build to end.

    Commands that get the descriptor keep the lock, so that a build whose own process was killed
    still counts as running until its last command is gone.
    """
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        waiting: Step | None = None
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                waiting = waiting or Step("Waiting for another build in this folder")
                waiting.tick()
                if orphaned():
                    raise Stopped(129) from None
                time.sleep(0.3)
        if waiting:
            waiting.close()
        yield lock.fileno()


def _path(name: str) -> Path:
    return BUILD / "stamps" / f"{name}.json"


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from (
                child
                for child in path.rglob("*")
                if child.is_file() and "__pycache__" not in child.parts
            )
        elif path.is_file():
            yield path

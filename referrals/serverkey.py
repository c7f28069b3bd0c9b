"""The server's own key: pseudonyms, and the seal of what the server must be able to read.

It opens drafts, chat addresses and waiting notices, never a lodged case (see keys.py).

The sealing key turns: a new first one is put into the file, everything is sealed anew (reseal.py),
the old ones are dropped. A program that runs meanwhile looks at the file before it seals, and so
sees each change at once.

The root never turns. All pseudonyms, receipts and signatures follow from it: with another root no
chat would find its case any more. Whoever steals it can tell whether a given phone or account wrote
here, can sign receipts, and reads what waits in the queue; a lodged case she cannot read.
"""

import base64
import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from referrals.sealing import (
    KEY_BYTES,
    CannotOpen,
    SealedField,
    derived,
    new_key,
    open_,
    open_with_any,
    seal,
)


class ServerKeyProblem(Exception):
    """The key file is missing parts, readable by others, or not a key file. Says what to do."""


@dataclass(slots=True, repr=False)
class ServerKey:
    """`root` makes pseudonyms and never turns; `keys` seal (the first) and open (any, in order).

    `turned` is when the first became the first (UTC), None for the first of all. With a `path` the
    keys follow that file.
    """

    root: bytes
    keys: tuple[bytes, ...]
    turned: datetime | None = None
    path: Path | None = field(default=None, compare=False)
    _seen: tuple[int, ...] | None = field(default=None, compare=False)

    def pseudonym(self, *parts: str) -> str:
        """HMAC-SHA256 of the parts, as 64 hex digits: the only form in which a user id is kept."""
        message = json.dumps(parts, separators=(",", ":")).encode()
        return hmac.new(derived(self.root, "pseudonym"), message, hashlib.sha256).hexdigest()

    def derived(self, purpose: str) -> bytes:
        """Give 32 bytes for one named purpose (the tracker store, the queue), from the root."""
        return derived(self.root, purpose)

    def seal(self, field: SealedField, row: str, plain: bytes) -> bytes:
        """Seal with the newest key."""
        self._follow()
        return seal(_sealing(self.keys[0]), field, row, plain)

    def open_(self, field: SealedField, row: str, sealed: bytes) -> bytes:
        """Open with any of the keys. Raises sealing.CannotOpen."""
        self._follow()
        return open_with_any(map(_sealing, self.keys), field, row, sealed)

    def is_newest(self, field: SealedField, row: str, sealed: bytes) -> bool:
        """Say whether the newest key opens this."""
        self._follow()
        try:
            open_(_sealing(self.keys[0]), field, row, sealed)
        except CannotOpen:
            return False
        return True

    def _follow(self) -> None:
        """Read the file again when it changed. One that is away, or is being put back, changes
        nothing here: the program goes on with the keys that it has.
        """
        if self.path is None:
            return
        seen = _mark(self.path)
        if seen is None or seen == self._seen:
            return
        try:
            now = _read(self.path)
        except (OSError, ServerKeyProblem):
            return
        if now.root == self.root:
            self.keys, self.turned, self._seen = now.keys, now.turned, seen


@lru_cache(maxsize=16)
def _sealing(key: bytes) -> bytes:
    """Derive what seals from one of the keys, once: every turn opens a dozen values."""
    return derived(key, "seal")


def _mark(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def load_or_make(path: Path) -> ServerKey:
    """Read the key file, or make one with mode 0600.

    Raises ServerKeyProblem when the file is readable by others or does not hold keys of 32 bytes.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(path, ServerKey(root=new_key(), keys=(new_key(),)))
    return _read(path)


def _read(path: Path) -> ServerKey:
    seen = _mark(path)
    if path.stat().st_mode & 0o077:
        raise ServerKeyProblem(f"{path.name} can be read by others: run chmod 600 on it")
    try:
        held = json.loads(path.read_text())
        root, *keys = (base64.b64decode(k, validate=True) for k in (held["root"], *held["keys"]))
        turned = datetime.fromisoformat(held["turned"]) if held.get("turned") else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ServerKeyProblem(f"{path.name} is not a Samleng server key file") from error
    if not keys or any(len(key) != KEY_BYTES for key in (root, *keys)) or root in keys:
        raise ServerKeyProblem(f"{path.name} must hold different keys of {KEY_BYTES} bytes")
    return ServerKey(root=root, keys=tuple(keys), turned=turned, path=path, _seen=seen)


def turn(path: Path, now: datetime) -> ServerKey:
    """Put a new first key into the file; those before still open. Raises ServerKeyProblem."""
    with _alone(path):
        held = _read(path)
        _replace(path, ServerKey(held.root, (new_key(), *held.keys), now))
        return _read(path)


def drop(path: Path) -> int:
    """Take all keys but the first out of the file; gives how many. What only they opened is lost:
    the caller has looked (reseal.old). Raises ServerKeyProblem.
    """
    with _alone(path):
        held = _read(path)
        _replace(path, ServerKey(held.root, held.keys[:1], held.turned))
        return len(held.keys) - 1


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep two commands from turning the key at once: the key of one would be lost."""
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, key: ServerKey) -> None:
    """Write a new file beside and put it in the place of the old one, in one step. It keeps its
    owner: whoever is root and turns the key must not take it away from the program.
    """
    beside, owner = path.with_name(f"{path.name}.new"), path.stat()
    beside.unlink(missing_ok=True)
    _write(beside, key)
    if owner.st_uid != os.geteuid():
        os.chown(beside, owner.st_uid, owner.st_gid)
    beside.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, key: ServerKey) -> None:
    held: dict[str, object] = {
        "root": base64.b64encode(key.root).decode(),
        "keys": [base64.b64encode(k).decode() for k in key.keys],
    }
    if key.turned is not None:
        held["turned"] = key.turned.isoformat()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(held, file)
        file.flush()
        os.fsync(file.fileno())

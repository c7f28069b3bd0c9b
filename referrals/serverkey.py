"""The server's own key: pseudonyms, and the seal of what the server must be able to read.

It opens drafts, chat addresses and waiting notices, never a lodged case (see keys.py).
"""

import base64
import hashlib
import hmac
import json
import os
from dataclasses import dataclass
from pathlib import Path

from referrals.sealing import KEY_BYTES, SealedField, derived, new_key, open_with_any, seal


class ServerKeyProblem(Exception):
    """The key file is missing parts, readable by others, or not a key file. Says what to do."""


@dataclass(frozen=True, slots=True, repr=False)
class ServerKey:
    """`root` makes pseudonyms and never rotates; `keys` seal (the first) and open (any, in
    order).
    """

    root: bytes
    keys: tuple[bytes, ...]

    def pseudonym(self, *parts: str) -> str:
        """HMAC-SHA256 of the parts, as 64 hex digits: the only form in which a user id is kept."""
        message = json.dumps(parts, separators=(",", ":")).encode()
        return hmac.new(derived(self.root, "pseudonym"), message, hashlib.sha256).hexdigest()

    def derived(self, purpose: str) -> bytes:
        """Give 32 bytes for one named purpose (the tracker store, the queue), from the root."""
        return derived(self.root, purpose)

    def seal(self, field: SealedField, row: str, plain: bytes) -> bytes:
        """Seal with the newest key."""
        return seal(derived(self.keys[0], "seal"), field, row, plain)

    def open_(self, field: SealedField, row: str, sealed: bytes) -> bytes:
        """Open with any of the keys. Raises sealing.CannotOpen."""
        return open_with_any((derived(key, "seal") for key in self.keys), field, row, sealed)


def load_or_make(path: Path) -> ServerKey:
    """Read the key file, or make one with mode 0600.

    Raises ServerKeyProblem when the file is readable by others or does not hold keys of 32 bytes.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(path, ServerKey(root=new_key(), keys=(new_key(),)))
    if path.stat().st_mode & 0o077:
        raise ServerKeyProblem(f"{path.name} can be read by others: run chmod 600 on it")
    try:
        held = json.loads(path.read_text())
        root, *keys = (base64.b64decode(k, validate=True) for k in (held["root"], *held["keys"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ServerKeyProblem(f"{path.name} is not a Samleng server key file") from error
    if not keys or any(len(key) != KEY_BYTES for key in (root, *keys)) or root in keys:
        raise ServerKeyProblem(f"{path.name} must hold different keys of {KEY_BYTES} bytes")
    return ServerKey(root=root, keys=tuple(keys))


def _write(path: Path, key: ServerKey) -> None:
    held = {
        "root": base64.b64encode(key.root).decode(),
        "keys": [base64.b64encode(k).decode() for k in key.keys],
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(held, file)
        file.flush()
        os.fsync(file.fileno())

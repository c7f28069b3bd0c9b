"""Sealing: words that are readable only with a key, in one place only.

A sealed value is `version(1) | nonce(12) | AES-256-GCM ciphertext and tag`. Its associated data
names the table, column and row it belongs to, so that a value moved elsewhere does not open. Text
is padded to a size class first: the length of an answer tells what it is.
"""

import json
import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = 1
KEY_BYTES = 32
NONCE_BYTES = 12
SIZE_CLASSES = (64, 256, 1024, 4096, 16384)
"""Bytes a padded value can have; above the last one, the next multiple of it."""

KeyKind = Literal["server", "case", "password", "session", "recovery"]


class CannotOpen(Exception):
    """A sealed value does not open: wrong key, moved, changed, or of an unknown version."""


@dataclass(frozen=True, slots=True)
class SealedField:
    """A sealed column, declared once. `key` says whose key opens it."""

    table: str
    column: str
    key: KeyKind

    def binding(self, row: str) -> bytes:
        """Give the associated data of this field in the row with this id."""
        return json.dumps([self.table, self.column, row, VERSION], separators=(",", ":")).encode()


def new_key() -> bytes:
    """Make 32 random bytes from the operating system."""
    return os.urandom(KEY_BYTES)


def derived(secret: bytes, purpose: str) -> bytes:
    """Derive 32 bytes for one named purpose from a secret (HKDF-SHA256, RFC 5869)."""
    kdf = HKDF(
        algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"samleng/{purpose}/1".encode()
    )
    return kdf.derive(secret)


def padded(plain: bytes) -> bytes:
    """Prefix the length and fill with zeros up to the next size class."""
    needed = len(plain) + 4
    largest = SIZE_CLASSES[-1]
    size = next((c for c in SIZE_CLASSES if c >= needed), -(-needed // largest) * largest)
    return (struct.pack(">I", len(plain)) + plain).ljust(size, b"\0")


def unpadded(padded_: bytes) -> bytes:
    """Undo `padded`. Raises CannotOpen when the length makes no sense."""
    if len(padded_) < 4:
        raise CannotOpen("sealed value is too short")
    (length,) = struct.unpack(">I", padded_[:4])
    if length > len(padded_) - 4:
        raise CannotOpen("sealed value has a wrong length")
    return padded_[4 : 4 + length]


def seal(key: bytes, field: SealedField, row: str, plain: bytes) -> bytes:
    """Seal `plain` for one column of one row, under a key of 32 bytes."""
    nonce = os.urandom(NONCE_BYTES)
    cipher = AESGCM(key).encrypt(nonce, padded(plain), field.binding(row))
    return bytes([VERSION]) + nonce + cipher


def open_(key: bytes, field: SealedField, row: str, sealed: bytes) -> bytes:
    """Open what `seal` sealed for the same column and row. Raises CannotOpen."""
    if not sealed or sealed[0] != VERSION:
        raise CannotOpen(f"{field.table}.{field.column}: unknown envelope version")
    nonce, cipher = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        return unpadded(AESGCM(key).decrypt(nonce, cipher, field.binding(row)))
    except (InvalidTag, ValueError) as error:
        raise CannotOpen(f"{field.table}.{field.column}: does not open with this key") from error


def open_with_any(keys: Iterable[bytes], field: SealedField, row: str, sealed: bytes) -> bytes:
    """Open with the first key that fits: the ordered read keys of a rotation. Raises CannotOpen."""
    for key in keys:
        try:
            return open_(key, field, row, sealed)
        except CannotOpen:
            continue
    raise CannotOpen(f"{field.table}.{field.column}: does not open with any key")

"""Sealed files on disk: voice notes, photos, papers.

Each file has its own random key, used for nothing else. It is cut into chunks of 64 KiB; the nonce
of a chunk is its number and a mark on the last one, so that chunks left out, swapped, or cut off at
the end do not open. The format and the file's id are associated data, so one file cannot stand in
for another. A chunk begins with how many of its bytes are the file's; the rest is padding, so that
the length on disk tells a size class only. Memory stays at about three chunks, whatever the size.
"""

import os
import secrets
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from referrals.sealing import KEY_BYTES, CannotOpen

MAGIC = b"SF2"
UNPADDED = b"SF1"
"""The format before: every byte of a chunk is the file's. Still read, no longer written."""

CHUNK = 64 * 1024
TAG = 16
COUNT = struct.Struct(">I")
ROOM = CHUNK - COUNT.size
"""Bytes of the file that a chunk holds."""

SMALLEST = 4096
"""The smallest size class, bytes."""

_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class FileSecret:
    """What is sealed beside a file's row: its key, the SHA-256 of its bytes, and how many they are.

    The digest is empty for a file that came before digests were taken.
    """

    key: bytes
    digest: bytes
    size: int

    def to_bytes(self) -> bytes:
        """Write it down, to be sealed."""
        return self.key + self.digest + self.size.to_bytes(8, "big")

    @classmethod
    def from_bytes(cls, raw: bytes, size_in_clear: int) -> "FileSecret":
        """Read what `to_bytes` wrote, or an older secret, whose size stood in the row in clear."""
        key, digest = raw[:KEY_BYTES], raw[KEY_BYTES : KEY_BYTES + _DIGEST_BYTES]
        size = raw[KEY_BYTES + _DIGEST_BYTES :]
        return cls(key, digest, int.from_bytes(size, "big") if size else size_in_clear)


def size_class(size: int) -> int:
    """Round a size in bytes up to its class: at least SMALLEST, then at most 12 % more.

    Padmé (Nikitin et al. 2019, "Reducing Metadata Leakage from Encrypted Files"): a class is as
    coarse as its exponent is large, so that a length tells little and costs little.
    """
    size = max(size, SMALLEST)
    exponent = size.bit_length() - 1
    step = 1 << (exponent - exponent.bit_length())
    return -(-size // step) * step


def on_disk(size: int) -> int:
    """Give how many bytes a file of this size takes, sealed: all that its row says in clear."""
    padded = size_class(size)
    return len(MAGIC) + padded + -(-padded // ROOM) * (COUNT.size + TAG)


def new_file_id() -> str:
    """Draw a name that says nothing: 32 hex digits."""
    return secrets.token_hex(16)


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\1" if last else b"\0")


class SealedWriter:
    """Takes a file in pieces and writes it sealed. Used as a context manager.

    Nothing is left behind when the block raises; the file appears under its name only when
    complete. `size` counts the bytes it took.
    """

    def __init__(self, path: Path, key: bytes, file_id: str) -> None:
        self._path, self._cipher, self._bound = path, AESGCM(key), MAGIC + file_id.encode()
        self._partial = path.with_suffix(".part")
        self._chunk = memoryview(bytearray(CHUNK))
        self._sealed = memoryview(bytearray(CHUNK + TAG))
        self._held = 0
        self._number = 0
        self.size = 0

    def __enter__(self) -> "SealedWriter":
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = os.fdopen(
            os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
        )
        self._file.write(MAGIC)
        return self

    def write(self, data: bytes) -> None:
        """Take more bytes of the file."""
        self.size += len(data)
        left = memoryview(data)
        while left:
            if self._held == ROOM:  # only now it is known not to be the last
                self._put(ROOM, last=False)
            taken = left[: ROOM - self._held]
            begin = COUNT.size + self._held
            self._chunk[begin : begin + len(taken)] = taken
            self._held += len(taken)
            left = left[len(taken) :]

    def _finish(self) -> None:
        """Fill up to the size class; what lies in the chunk behind the file's bytes is zeroed."""
        padded, last = size_class(self.size), False
        while not last:
            begin, left = COUNT.size + self._held, padded - self._number * ROOM
            self._chunk[begin:] = bytes(CHUNK - begin)
            last = left <= ROOM
            self._put(min(left, ROOM), last=last)

    def _put(self, room: int, *, last: bool) -> None:
        """Write a chunk of this many bytes, of which `_held` are the file's."""
        COUNT.pack_into(self._chunk, 0, self._held)
        length = COUNT.size + room
        sealed = self._sealed[: length + TAG]
        nonce = _nonce(self._number, last)
        self._cipher.encrypt_into(nonce, self._chunk[:length], self._bound, sealed)
        self._file.write(sealed)
        self._number += 1
        self._held = 0

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._drop()
            return
        try:
            self._finish()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        except BaseException:
            self._drop()
            raise
        self._partial.replace(self._path)
        # Its name too must be on the disk before a row says that the file is there; the folders
        # above may be as new as the file.
        for folder in self._path.parents[:3]:
            _sync(folder)

    def _drop(self) -> None:
        self._partial.unlink(missing_ok=True)
        self._file.close()  # after the name is gone: on a full disk closing may fail as well


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _without_padding(plain: bytes) -> bytes:
    (held,) = COUNT.unpack_from(plain)
    return plain[COUNT.size : COUNT.size + held]


class FileStore:
    """The folder of sealed files."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def _path(self, file_id: str) -> Path:
        if len(file_id) != 32 or not set(file_id) <= set("0123456789abcdef"):
            raise ValueError("not a file id")
        return self.root / file_id[:2] / f"{file_id}.sealed"

    def writer(self, file_id: str, key: bytes) -> SealedWriter:
        """Give a writer for a new file."""
        return SealedWriter(self._path(file_id), key, file_id)

    def seal(self, file_id: str, key: bytes, pieces: Iterable[bytes]) -> int:
        """Seal a whole file; gives its size in bytes."""
        with self.writer(file_id, key) as writer:
            for piece in pieces:
                writer.write(piece)
        return writer.size

    def open_(self, file_id: str, key: bytes) -> Iterator[bytes]:
        """Yield the file's bytes chunk by chunk. Raises CannotOpen, FileNotFoundError."""
        cipher, number = AESGCM(key), 0
        with self._path(file_id).open("rb") as file:
            magic = file.read(len(MAGIC))
            if magic not in (MAGIC, UNPADDED):
                raise CannotOpen("not a sealed file")
            bound = (MAGIC if magic == MAGIC else b"") + file_id.encode()
            chunk = file.read(CHUNK + TAG)
            while chunk:
                following = file.read(CHUNK + TAG)
                nonce = _nonce(number, last=not following)
                try:
                    plain = cipher.decrypt(nonce, chunk, bound)
                except InvalidTag as error:
                    raise CannotOpen("file was changed or cut") from error
                yield plain if magic == UNPADDED else _without_padding(plain)
                number, chunk = number + 1, following
        if number == 0:
            raise CannotOpen("file was cut")

    def remove(self, file_id: str) -> None:
        """Delete a file; one that is already gone is fine."""
        self._path(file_id).unlink(missing_ok=True)

    def ids(self) -> Iterator[tuple[str, float]]:
        """Yield id and modification time (seconds since the epoch) of each file."""
        for path, changed in self._lying("??/*.sealed"):
            yield path.stem, changed

    def remove_partials(self, older_than: datetime) -> int:
        """Delete what a crash left half written; gives how many. One still being written is
        younger.
        """
        left = [p for p, changed in self._lying("??/*.part") if changed < older_than.timestamp()]
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def _lying(self, pattern: str) -> Iterator[tuple[Path, float]]:
        for path in self.root.glob(pattern):
            try:
                yield path, path.stat().st_mtime
            except FileNotFoundError:
                continue  # removed, or finished, since the folder was read

"""Sealed files on disk: voice notes, photos, papers.

Each file has its own random key, used for nothing else. It is cut into chunks of 64 KiB; the nonce
of a chunk is its number and a mark on the last one, so that chunks left out, swapped, or cut off at
the end do not open. The file's id is associated data, so one file cannot stand in for another.
Memory stays at about two chunks, whatever the file's size.
"""

import os
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from referrals.sealing import CannotOpen

MAGIC = b"SF1"
CHUNK = 64 * 1024
TAG = 16


def new_file_id() -> str:
    """Draw a name that says nothing: 32 hex digits."""
    return secrets.token_hex(16)


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\1" if last else b"\0")


class SealedWriter:
    """Takes a file in pieces and writes it sealed. Used as a context manager.

    Nothing is left behind when the block raises; the file appears under its name only when
    complete.
    """

    def __init__(self, path: Path, key: bytes, file_id: str) -> None:
        self._path, self._cipher, self._id = path, AESGCM(key), file_id.encode()
        self._partial = path.with_suffix(".part")
        self._buffer = bytearray()
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
        self._buffer += data
        self.size += len(data)
        while len(self._buffer) > CHUNK:
            self._put(bytes(self._buffer[:CHUNK]), last=False)
            del self._buffer[:CHUNK]

    def _put(self, chunk: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last), chunk, self._id))
        self._number += 1

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
            self._put(bytes(self._buffer), last=True)
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
            if file.read(len(MAGIC)) != MAGIC:
                raise CannotOpen("not a sealed file")
            chunk = file.read(CHUNK + TAG)
            while chunk:
                following = file.read(CHUNK + TAG)
                nonce = _nonce(number, last=not following)
                try:
                    plain = cipher.decrypt(nonce, chunk, file_id.encode())
                except InvalidTag as error:
                    raise CannotOpen("file was changed or cut") from error
                yield plain
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

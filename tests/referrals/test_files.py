"""Sealed files: whole, in order, and only with their own key and name."""

import errno
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from referrals.files import CHUNK, MAGIC, TAG, FileStore, new_file_id
from referrals.sealing import CannotOpen, new_key

STEP = CHUNK + TAG


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


def path_of(store: FileStore, file_id: str) -> Path:
    (path,) = store.root.glob(f"*/{file_id}.sealed")
    return path


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30
)
@given(
    size=st.sampled_from([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 7]),
    piece=st.integers(1, 100_000),
)
def test_any_size_in_any_pieces_comes_back(store: FileStore, size: int, piece: int) -> None:
    plain = bytes(i * 7 % 256 for i in range(size))
    file_id, key = new_file_id(), new_key()
    sealed = store.seal(file_id, key, (plain[i : i + piece] for i in range(0, size, piece)))
    assert sealed == size
    assert b"".join(store.open_(file_id, key)) == plain


def test_nothing_of_the_file_stands_in_clear(store: FileStore) -> None:
    file_id = new_file_id()
    store.seal(file_id, new_key(), [b"canary" * 100])
    assert b"canary" not in path_of(store, file_id).read_bytes()


def sealed_file(store: FileStore, chunks: int = 3) -> tuple[str, bytes, Path]:
    file_id, key = new_file_id(), new_key()
    store.seal(file_id, key, (bytes([n]) * CHUNK for n in range(chunks)))
    return file_id, key, path_of(store, file_id)


def damaged(content: bytes) -> Iterator[tuple[str, bytes]]:
    head, body = content[: len(MAGIC)], content[len(MAGIC) :]
    first, second, third = body[:STEP], body[STEP : 2 * STEP], body[2 * STEP :]
    yield "cut at the end", head + first + second
    yield "cut in the middle", head + first + third
    yield "in another order", head + second + first + third
    yield "a chunk twice", head + first + first + second + third
    yield "a byte changed", head + first[:9] + bytes([first[9] ^ 1]) + first[10:] + second + third
    yield "cut to the head", head
    yield "not a sealed file", b"XYZ" + body


@pytest.mark.parametrize("case", range(7))
def test_a_damaged_file_does_not_open(store: FileStore, case: int) -> None:
    file_id, key, path = sealed_file(store)
    name, content = list(damaged(path.read_bytes()))[case]
    path.write_bytes(content)
    with pytest.raises(CannotOpen):
        b"".join(store.open_(file_id, key))
    assert name


def test_one_file_cannot_stand_in_for_another(store: FileStore) -> None:
    file_id, key, path = sealed_file(store)
    other = new_file_id()
    store.seal(other, key, [b"x"])
    path_of(store, other).write_bytes(path.read_bytes())
    with pytest.raises(CannotOpen):
        b"".join(store.open_(other, key))
    assert b"".join(store.open_(file_id, key))


def test_a_writer_that_fails_leaves_nothing(store: FileStore) -> None:
    def breaks() -> Iterator[bytes]:
        yield b"x" * CHUNK * 2
        raise ConnectionError

    with pytest.raises(ConnectionError):
        store.seal(new_file_id(), new_key(), breaks())
    assert [p for p in store.root.rglob("*") if p.is_file()] == []


def test_a_disk_that_fills_up_at_the_end_leaves_nothing(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        store.seal(new_file_id(), new_key(), [b"x"])
    assert [p for p in store.root.rglob("*") if p.is_file()] == []


def test_a_file_is_on_the_disk_with_its_name_and_its_folders_before_anybody_is_told(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[int, list[Path]]] = []
    sync = os.fsync

    def noted(descriptor: int) -> None:
        synced.append((os.fstat(descriptor).st_ino, list(store.root.rglob("*.sealed"))))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    file_id = new_file_id()
    store.seal(file_id, new_key(), [b"x"])
    path = path_of(store, file_id)
    assert synced[0] == (path.stat().st_ino, []), "the content first, under no name yet"
    after_naming = {node for node, names in synced if names == [path]}
    assert after_naming == {folder.stat().st_ino for folder in path.parents[:3]}


def test_what_a_crash_left_half_written_is_swept_and_what_is_being_written_stays(
    store: FileStore,
) -> None:
    now = datetime.now(UTC)
    file_id, key, path = sealed_file(store)
    left = path.with_name(f"{new_file_id()}.part")
    left.write_bytes(MAGIC)
    long_ago = (now - timedelta(days=2)).timestamp()
    os.utime(left, (long_ago, long_ago))
    os.utime(path, (long_ago, long_ago))
    writing = new_file_id()
    with store.writer(writing, key) as writer:
        writer.write(b"x")
        assert store.remove_partials(now - timedelta(days=1)) == 1
    assert not left.exists()
    assert b"".join(store.open_(writing, key)) == b"x"
    assert b"".join(store.open_(file_id, key))


@pytest.mark.parametrize("name", ["../secret", "a" * 31, "A" * 32, "", "a/b" + "a" * 29])
def test_a_name_that_is_no_file_id_never_reaches_the_disk(store: FileStore, name: str) -> None:
    with pytest.raises(ValueError, match="file id"):
        store.seal(name, new_key(), [b"x"])

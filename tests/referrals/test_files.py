"""Sealed files: whole, in order, and only with their own key and name."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from referrals.files import (
    CHUNK,
    MAGIC,
    ROOM,
    SMALLEST,
    TAG,
    UNPADDED,
    FileSecret,
    FileStore,
    new_file_id,
    on_disk,
    size_class,
)
from referrals.sealing import CannotOpen, new_key

ROOT = Path(__file__).parents[2]
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
    size=st.sampled_from([0, 1, ROOM - 1, ROOM, ROOM + 1, CHUNK, 2 * ROOM, 3 * ROOM + 7]),
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


def sealed_file(store: FileStore, chunks: int = 3, fill: int = 0) -> tuple[str, bytes, Path]:
    """Seal a file that fills so many chunks to the last byte, so that none of them is padding."""
    file_id, key = new_file_id(), new_key()
    store.seal(file_id, key, (bytes([fill + n]) * ROOM for n in range(chunks)))
    return file_id, key, path_of(store, file_id)


HEAD = len(MAGIC)


def chunks_of(content: bytes) -> list[bytes]:
    return [content[at : at + STEP] for at in range(HEAD, len(content), STEP)]


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


Damage = Callable[[bytes, bytes], bytes]
DAMAGES: dict[str, Damage] = {
    "cut at a chunk": lambda c, _: c[: -len(chunks_of(c)[-1])],
    "cut by a byte": lambda c, _: c[:-1],
    "cut in the first chunk": lambda c, _: c[: HEAD + 40],
    "cut to the head": lambda c, _: c[:HEAD],
    "empty": lambda _, __: b"",
    "the first chunk left out": lambda c, _: c[:HEAD] + c[HEAD + STEP :],
    "a middle chunk left out": lambda c, _: c[: HEAD + STEP] + c[HEAD + 2 * STEP :],
    "in another order": lambda c, _: c[:HEAD] + b"".join(reversed(chunks_of(c))),
    "two chunks swapped": lambda c, _: (
        c[:HEAD] + chunks_of(c)[1] + chunks_of(c)[0] + c[HEAD + 2 * STEP :]
    ),
    "a chunk twice": lambda c, _: c[: HEAD + STEP] + c[HEAD:],
    "the last chunk twice": lambda c, _: c + chunks_of(c)[-1],
    "the whole twice": lambda c, _: c + c[HEAD:],
    "a byte appended": lambda c, _: c + b"\0",
    "a chunk of zeros appended": lambda c, _: c + bytes(STEP),
    "a chunk of another file": lambda c, o: c[:HEAD] + chunks_of(o)[0] + c[HEAD + STEP :],
    "the end of another file": lambda c, o: c[: HEAD + STEP] + o[HEAD + STEP :],
    "another file appended": lambda c, o: c + o[HEAD:],
    "another file": lambda _, o: o,
    "no sealed file": lambda c, _: b"XYZ" + c[HEAD:],
    "the format before": lambda c, _: UNPADDED + c[HEAD:],
    "a format to come": lambda c, _: b"SF3" + c[HEAD:],
    "no head": lambda c, _: c[HEAD:],
    "a bit of the head": lambda c, _: flipped(c, 2),
    "a bit of the first count": lambda c, _: flipped(c, HEAD),
    "a bit of the first chunk": lambda c, _: flipped(c, HEAD + 999),
    "a bit of a tag": lambda c, _: flipped(c, HEAD + STEP - 1),
    "the last bit": lambda c, _: flipped(c, len(c) - 1),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_does_not_open(store: FileStore, damage: str) -> None:
    file_id, key, path = sealed_file(store)
    _, _, other = sealed_file(store, fill=100)
    whole = path.read_bytes()
    changed = DAMAGES[damage](whole, other.read_bytes())
    assert changed != whole
    path.write_bytes(changed)
    with pytest.raises(CannotOpen):
        b"".join(store.open_(file_id, key))


@pytest.mark.parametrize("damage", ["cut at a chunk", "in another order", "a chunk twice"])
def test_padding_is_bound_like_the_file_itself(store: FileStore, damage: str) -> None:
    """The last chunks of this file are nothing but padding."""
    file_id, key = new_file_id(), new_key()
    size = 5 * 1024 * 1024 + 1
    store.seal(file_id, key, [b"x" * size])
    path = path_of(store, file_id)
    assert len(chunks_of(path.read_bytes())) > -(-size // ROOM)
    path.write_bytes(DAMAGES[damage](path.read_bytes(), b""))
    with pytest.raises(CannotOpen):
        b"".join(store.open_(file_id, key))


def test_another_key_opens_nothing(store: FileStore) -> None:
    file_id, _, _ = sealed_file(store, chunks=1)
    with pytest.raises(CannotOpen):
        b"".join(store.open_(file_id, new_key()))


# ---- its length


@given(st.integers(0, 200 * 1024 * 1024))
def test_a_size_class_holds_the_file_and_costs_little(size: int) -> None:
    padded = size_class(size)
    assert max(size, SMALLEST) <= padded <= max(size * 1.12, SMALLEST)
    assert size_class(padded) == padded
    assert len({size_class(each) for each in range(size, size + 64)}) <= 2
    assert padded < on_disk(size) <= padded + padded // ROOM * 20 + 40


def test_there_are_few_size_classes() -> None:
    classes = {size_class(size) for size in range(0, 20 * 1024 * 1024, 997)}
    assert len(classes) < 350


SIZES = [0, 1, 4095, 4096, 4097, ROOM - 1, ROOM, ROOM + 1, 3 * ROOM, 3_000_000, 5 * 2**20 + 1]


@pytest.mark.parametrize("size", SIZES)
def test_on_disk_it_is_as_long_as_its_class_and_no_longer(store: FileStore, size: int) -> None:
    file_id, key = new_file_id(), new_key()
    store.seal(file_id, key, [b"x" * size])
    assert path_of(store, file_id).stat().st_size == on_disk(size)
    assert b"".join(store.open_(file_id, key)) == b"x" * size


def test_what_was_sealed_before_the_padding_still_opens(store: FileStore) -> None:
    file_id, key = new_file_id(), new_key()
    pieces = [b"a" * CHUNK, b"b" * 100]
    path = store.root / file_id[:2] / f"{file_id}.sealed"
    path.parent.mkdir(parents=True)
    sealed = [
        AESGCM(key).encrypt(number.to_bytes(11, "big") + bytes([number]), piece, file_id.encode())
        for number, piece in enumerate(pieces)
    ]
    path.write_bytes(UNPADDED + b"".join(sealed))
    assert list(store.open_(file_id, key)) == pieces
    path.write_bytes(MAGIC + b"".join(sealed))
    with pytest.raises(CannotOpen):
        list(store.open_(file_id, key))


def test_the_secret_beside_a_file_tells_its_true_size() -> None:
    secret = FileSecret(new_key(), bytes(32), 12_345)
    assert len(secret.to_bytes()) == 72
    assert FileSecret.from_bytes(secret.to_bytes(), 4096) == secret
    with_digest, alone = secret.to_bytes()[:64], secret.to_bytes()[:32]
    assert FileSecret.from_bytes(with_digest, 99) == FileSecret(secret.key, bytes(32), 99)
    assert FileSecret.from_bytes(alone, 99) == FileSecret(secret.key, b"", 99)


# ---- how much memory

MEASURE = """
import resource, sys, tracemalloc
from pathlib import Path
from referrals.files import FileStore, new_file_id
from referrals.sealing import new_key

store = FileStore(Path(sys.argv[1]))
size = 20 * 1024 * 1024


def pieces():
    piece = bytes(range(256)) * 64
    for _ in range(size // len(piece)):
        yield bytes(piece)


def both(pieces):
    file_id, key = new_file_id(), new_key()
    assert store.seal(file_id, key, pieces)
    return sum(len(each) for each in store.open_(file_id, key))


both([b"x"])
if sys.argv[2] == "python":
    tracemalloc.start()
    opened = both(pieces())
    more = tracemalloc.get_traced_memory()[1]
else:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    opened = both(pieces())
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
assert opened == size, opened
print(more)
"""


@pytest.mark.parametrize("seen_by", ["python", "the system"])
def test_a_file_of_20_megabytes_takes_less_than_8_of_memory(tmp_path: Path, seen_by: str) -> None:
    command = [sys.executable, "-c", MEASURE, str(tmp_path / "files"), seen_by]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=100, cwd=ROOT
    )
    assert int(done.stdout) < 8 * 1024 * 1024


# ---- its name and its folder


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

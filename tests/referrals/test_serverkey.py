"""The server key's file, and what follows from it."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referrals.sealing import CannotOpen, SealedField
from referrals.serverkey import ServerKeyProblem, drop, load_or_make, turn


def test_a_new_key_is_kept_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "server.key"
    made = load_or_make(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_or_make(path) == made


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "server.key"
    load_or_make(path)
    path.chmod(0o640)
    with pytest.raises(ServerKeyProblem, match="chmod 600"):
        load_or_make(path)


@pytest.mark.parametrize("content", ["", "{}", '{"root": "AA==", "keys": []}', "not json"])
def test_a_file_that_is_no_key_is_refused_and_not_overwritten(tmp_path: Path, content: str) -> None:
    path = tmp_path / "server.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(ServerKeyProblem):
        load_or_make(path)
    assert path.read_text() == content


def test_pseudonyms_tell_people_and_channels_apart_and_say_nothing(tmp_path: Path) -> None:
    key, other = load_or_make(tmp_path / "a"), load_or_make(tmp_path / "b")
    pseudonym = key.pseudonym("telegram", "12345")
    assert pseudonym == key.pseudonym("telegram", "12345")
    others = {
        key.pseudonym("messenger", "12345"),
        key.pseudonym("telegram", "1234"),
        key.pseudonym("telegram1", "2345"),
        other.pseudonym("telegram", "12345"),
    }
    assert pseudonym not in others
    assert len(others) == 4
    assert "12345" not in pseudonym


# ---- turning


FIELD = SealedField("draft", "sealed_answers", "server")
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def test_after_a_turn_the_new_key_seals_and_the_old_ones_still_open(tmp_path: Path) -> None:
    path = tmp_path / "server.key"
    first = load_or_make(path)
    sealed = first.seal(FIELD, "row", b"told")
    turned = turn(path, NOW)
    assert turned.keys[1:] == first.keys
    assert (turned.root, turned.turned) == (first.root, NOW)
    assert turned.open_(FIELD, "row", sealed) == b"told"
    assert not turned.is_newest(FIELD, "row", sealed)
    assert turned.is_newest(FIELD, "row", turned.seal(FIELD, "row", b"told"))
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["server.key"]


def test_a_program_that_runs_meanwhile_seals_under_the_new_key_and_opens_with_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "server.key"
    running = load_or_make(path)
    before = running.seal(FIELD, "row", b"told")
    turned = turn(path, NOW)
    assert turned.is_newest(FIELD, "row", running.seal(FIELD, "row", b"told"))
    assert running.open_(FIELD, "row", turned.seal(FIELD, "row", b"told")) == b"told"
    assert running.open_(FIELD, "row", before) == b"told"
    assert drop(path) == 1
    with pytest.raises(CannotOpen):
        running.open_(FIELD, "row", before)


@given(turns=st.integers(1, 6))
def test_each_key_that_ever_was_first_still_opens_until_it_is_dropped(turns: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "server.key"
        running = load_or_make(path)
        sealed = [running.seal(FIELD, "row", b"told")]
        for _ in range(turns):
            turn(path, NOW)
            sealed.append(running.seal(FIELD, "row", b"told"))
        assert {running.open_(FIELD, "row", each) for each in sealed} == {b"told"}
        assert [running.is_newest(FIELD, "row", each) for each in sealed[-2:]] == [False, True]
        assert drop(path) == turns
        assert running.open_(FIELD, "row", sealed[-1]) == b"told"


@pytest.mark.parametrize("harm", ["gone", "no key file", "another root", "readable by others"])
def test_a_running_program_goes_on_with_its_keys_when_the_file_is_harmed(
    tmp_path: Path, harm: str
) -> None:
    path, other = tmp_path / "server.key", tmp_path / "other.key"
    running = load_or_make(path)
    sealed = running.seal(FIELD, "row", b"told")
    if harm == "gone":
        path.unlink()
    elif harm == "no key file":
        path.write_text("{")
    elif harm == "another root":
        load_or_make(other)
        other.replace(path)
    else:
        turn(path, NOW)
        path.chmod(0o644)
    assert running.open_(FIELD, "row", sealed) == b"told"
    assert running.is_newest(FIELD, "row", running.seal(FIELD, "row", b"told"))


def test_of_two_who_turn_it_at_once_neither_loses_the_others_key(tmp_path: Path) -> None:
    path = tmp_path / "server.key"
    first = load_or_make(path)
    with ThreadPoolExecutor(8) as hands:
        made = [each.keys[0] for each in hands.map(lambda _: turn(path, NOW), range(8))]
    held = load_or_make(path).keys
    assert set(held) == {*made, *first.keys}
    assert len(held) == 9


def test_a_key_that_root_turns_still_belongs_to_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "server.key"
    load_or_make(path)
    owner, given = path.stat(), []
    monkeypatch.setattr("os.geteuid", lambda: owner.st_uid + 1)
    monkeypatch.setattr("os.chown", lambda file, *ids: given.append((file.name, *ids)))
    turn(path, NOW)
    drop(path)
    assert given == [("server.key.new", owner.st_uid, owner.st_gid)] * 2

"""The server key's file, and what follows from it."""

from pathlib import Path

import pytest

from referrals.serverkey import ServerKeyProblem, load_or_make


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

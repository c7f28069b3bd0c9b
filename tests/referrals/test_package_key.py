"""The receiver's key: sealed under a passphrase, sent as text, known by its fingerprint."""

import json

import pytest

from referrals import package_key
from referrals.keys import PrivateKey, seal_to
from referrals.package_key import NotAKey, WrongPassphrase

PASSPHRASE = "ពាក្យសម្ងាត់ដ៏វែង"


@pytest.fixture(scope="module")
def made() -> tuple[str, bytes]:
    return package_key.new_key_file(PASSPHRASE)


def test_the_passphrase_opens_the_key_file_and_no_other_does(made: tuple[str, bytes]) -> None:
    held, public = made
    private = package_key.unlock(held, PASSPHRASE)
    assert private.public == public
    assert private.open_(seal_to(public, b"word", b"x"), b"x") == b"word"
    with pytest.raises(WrongPassphrase):
        package_key.unlock(held, PASSPHRASE + " ")


@pytest.mark.parametrize("passphrase", ["", "eleven char", "x" * 257])
def test_a_passphrase_is_not_short(passphrase: str) -> None:
    with pytest.raises(ValueError, match="12 to 256"):
        package_key.new_key_file(passphrase)


def test_the_public_half_in_a_key_file_cannot_be_exchanged(made: tuple[str, bytes]) -> None:
    held, _ = made
    other, _ = package_key.new_key_file(PASSPHRASE)
    mixed = {**json.loads(held), "public": json.loads(other)["public"]}
    with pytest.raises(WrongPassphrase):
        package_key.unlock(json.dumps(mixed), PASSPHRASE)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"kind": "samleng receiver key", "version": 2}', "\0"]
)
def test_what_is_no_key_file_is_said_so(text: str) -> None:
    with pytest.raises(NotAKey):
        package_key.unlock(text, PASSPHRASE)


def test_a_public_key_is_read_as_mail_and_paper_bring_it(made: tuple[str, bytes]) -> None:
    _, public = made
    text = package_key.public_text(public)
    for sent in (
        text,
        text.replace("\n", "\r\n"),
        "សួស្តី\n\n" + text + "\n-- \nSokha",
        text.replace("\n", "\n   "),
        " ".join(text.split("\n")),
    ):
        assert package_key.read_public(sent) == public


def test_one_wrong_letter_is_seen(made: tuple[str, bytes]) -> None:
    text = package_key.public_text(made[1])
    lines = text.splitlines()
    for line in (1, 10, len(lines) - 3, len(lines) - 2):
        sign = "B" if lines[line][8] != "B" else "C"
        slip = [*lines]
        slip[line] = f"{slip[line][:8]}{sign}{slip[line][9:]}"
        with pytest.raises(NotAKey, match="slip"):
            package_key.read_public("\n".join(slip))
    for part in ("", text[:800], text.replace("check", "chek"), "A" * 20_000):
        with pytest.raises(NotAKey):
            package_key.read_public(part)


def test_a_key_that_nothing_can_be_sealed_to_is_refused(made: tuple[str, bytes]) -> None:
    """Also X25519 points of low order, which would make the classical half a known one."""
    _, public = made
    for bad in (
        bytes(1216),
        b"\xff" * 1216,
        public[:-32] + bytes(32),
        public[:-32] + b"\1" + bytes(31),
    ):
        with pytest.raises(NotAKey, match="nothing can be sealed"):
            package_key.read_public(package_key.public_text(bad))


def test_a_fingerprint_is_short_and_each_keys_own(made: tuple[str, bytes]) -> None:
    first = package_key.fingerprint(made[1])
    assert len(first) == 16
    assert int(first, 16)
    assert package_key.fingerprint(made[1]) == first
    assert package_key.fingerprint(PrivateKey.new().public) != first
    assert package_key.read_aloud("0123456789abcdef") == "0123 4567 89ab cdef"

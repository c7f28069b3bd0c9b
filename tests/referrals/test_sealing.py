"""Sealing binds a value to its key, its column and its row, and hides its length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referrals import keys
from referrals.sealing import (
    KEY_BYTES,
    SIZE_CLASSES,
    CannotOpen,
    SealedField,
    new_key,
    open_,
    open_with_any,
    seal,
)

FIELD = SealedField("case_field", "sealed", "case")


@given(st.binary(max_size=40_000))
def test_what_is_sealed_opens_again(plain: bytes) -> None:
    key = new_key()
    assert open_(key, FIELD, "row", seal(key, FIELD, "row", plain)) == plain


@given(st.integers(0, 60), st.integers(0, 60))
def test_short_answers_have_one_length(one: int, other: int) -> None:
    key = new_key()
    lengths = {len(seal(key, FIELD, "r", b"x" * size)) for size in (one, other)}
    assert len(lengths) == 1


def test_a_long_text_grows_in_whole_classes() -> None:
    key = new_key()
    overhead = len(seal(key, FIELD, "r", b"")) - SIZE_CLASSES[0]
    for size in (70, 1500, 20_000, 70_000):
        padded = len(seal(key, FIELD, "r", b"x" * size)) - overhead
        assert padded in SIZE_CLASSES or padded % SIZE_CLASSES[-1] == 0


@pytest.mark.parametrize(
    ("field", "row"),
    [
        (FIELD, "another row"),
        (SealedField("case_field", "other", "case"), "row"),
        (SealedField("draft_part", "sealed", "case"), "row"),
    ],
)
def test_a_value_moved_elsewhere_does_not_open(field: SealedField, row: str) -> None:
    key = new_key()
    with pytest.raises(CannotOpen):
        open_(key, field, row, seal(key, FIELD, "row", b"words"))


@given(st.integers(0, 70), st.integers(1, 255))
def test_a_changed_byte_does_not_open(place: int, change: int) -> None:
    key = new_key()
    sealed = bytearray(seal(key, FIELD, "row", b"words"))
    sealed[place] ^= change
    with pytest.raises(CannotOpen):
        open_(key, FIELD, "row", bytes(sealed))


def test_another_key_does_not_open() -> None:
    with pytest.raises(CannotOpen):
        open_(new_key(), FIELD, "row", seal(new_key(), FIELD, "row", b"words"))


@pytest.mark.parametrize("sealed", [b"", b"\1", b"\1" + bytes(12), b"\2" + bytes(60), bytes(90)])
def test_what_is_no_sealed_value_is_refused(sealed: bytes) -> None:
    with pytest.raises(CannotOpen):
        open_(new_key(), FIELD, "row", sealed)


def test_an_older_key_still_reads_after_a_rotation() -> None:
    old, new = new_key(), new_key()
    sealed = seal(old, FIELD, "row", b"words")
    assert open_with_any((new, old), FIELD, "row", sealed) == b"words"
    with pytest.raises(CannotOpen):
        open_with_any((new,), FIELD, "row", sealed)


def test_a_wrapped_key_opens_for_one_organisation_and_one_case_only() -> None:
    mine, other, case_key = keys.PrivateKey.new(), keys.PrivateKey.new(), new_key()
    wrapped = keys.seal_to(mine.public, case_key, keys.case_key_purpose("case", "mine"))
    assert mine.open_(wrapped, keys.case_key_purpose("case", "mine")) == case_key
    for key, purpose in (
        (other, keys.case_key_purpose("case", "mine")),
        (mine, keys.case_key_purpose("another", "mine")),
        (mine, keys.case_key_purpose("case", "other")),
    ):
        with pytest.raises(CannotOpen):
            key.open_(wrapped, purpose)


def test_a_private_key_survives_being_written_down() -> None:
    key = keys.PrivateKey.new()
    again = keys.PrivateKey(bytes(key.raw))
    assert again.public == key.public
    assert again.open_(keys.seal_to(key.public, b"x", b"p"), b"p") == b"x"
    assert key.raw.hex() not in repr(key)


def test_a_password_makes_the_same_key_again_and_another_one_with_another_salt() -> None:
    salt = keys.new_salt()
    assert keys.password_key("ពាក្យសម្ងាត់", salt) == keys.password_key("ពាក្យសម្ងាត់", salt)
    assert keys.password_key("ពាក្យសម្ងាត់", salt) != keys.password_key("x", salt)
    assert keys.password_key("x", salt) != keys.password_key("x", keys.new_salt())
    assert len(keys.password_key("x", salt)) == KEY_BYTES

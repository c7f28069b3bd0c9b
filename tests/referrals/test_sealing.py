"""Sealing binds a value to its key, its column and its row, and hides its length."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.sessions import SESSION_KEY
from referrals import keys, sealing
from referrals.keyring import MEMBER_KEY
from referrals.sealing import (
    KEY_BYTES,
    NONCE_BYTES,
    SIZE_CLASSES,
    CannotOpen,
    SealedField,
    derived,
    new_key,
    open_,
    open_with_any,
    seal,
)
from referrals.serverkey import ServerKey
from tests.sealed_fields import declared_fields

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


# ---- each declared field is bound to its place


DECLARED = declared_fields()
TABLES = {each.table for each in DECLARED}
every_field = pytest.mark.parametrize("field", DECLARED, ids=lambda f: f"{f.table}.{f.column}")
HEAD = 1 + NONCE_BYTES


def test_fields_were_found() -> None:
    assert len(DECLARED) >= 14
    assert FIELD in DECLARED
    assert len({(each.table, each.column) for each in DECLARED}) == len(DECLARED)


def refused(key: bytes, field: SealedField, row: str, sealed: bytes) -> bool:
    try:
        open_(key, field, row, sealed)
    except CannotOpen:
        return True
    return False


@every_field
def test_a_value_opens_in_no_other_row_column_or_table(field: SealedField) -> None:
    key, row = new_key(), "0" * 32
    sealed = seal(key, field, row, b"words")
    assert open_(key, field, row, sealed) == b"words"
    for elsewhere in ("1" + row[1:], row[:-1], row + "0", "", row.upper() + " "):
        assert refused(key, field, elsewhere, sealed)
    for other in DECLARED:
        assert (other == field) or refused(key, other, row, sealed)
    for table in TABLES - {field.table}:
        assert refused(key, replace(field, table=table), row, sealed)
    assert refused(key, replace(field, column=field.column + "_"), row, sealed)


@every_field
def test_names_that_run_together_are_still_told_apart(field: SealedField) -> None:
    """table "a", column "bc" is not table "ab", column "c"; nor does a row's id close a bracket."""
    key, table, column = new_key(), field.table, field.column
    sealed = seal(key, field, "row", b"words")
    shifted = SealedField(table + column[0], column[1:], field.key)
    assert refused(key, shifted, "row", sealed)
    assert refused(key, SealedField(table, column + "row", field.key), "", sealed)
    tricky = 'row",1],["'
    assert refused(key, field, tricky, sealed)
    assert open_(key, field, tricky, seal(key, field, tricky, b"x")) == b"x"


@every_field
def test_every_byte_counts(field: SealedField) -> None:
    """Version, nonce, ciphertext, tag: any of them changed, and it does not open."""
    key = new_key()
    sealed = seal(key, field, "row", b"words")
    for place in range(len(sealed)):
        for bit in range(8) if place < HEAD else (place % 8,):
            changed = bytearray(sealed)
            changed[place] ^= 1 << bit
            assert refused(key, field, "row", bytes(changed)), (place, bit)
    for length in range(len(sealed)):
        assert refused(key, field, "row", sealed[:length])
    assert refused(key, field, "row", sealed + b"\0")


@every_field
def test_the_version_is_bound_and_not_only_read(
    field: SealedField, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = new_key()
    sealed = seal(key, field, "row", b"words")
    monkeypatch.setattr(sealing, "VERSION", 2)
    assert refused(key, field, "row", b"\2" + sealed[1:])


@every_field
def test_no_other_key_opens_it(field: SealedField) -> None:
    """Nor one that follows from the same secret for another purpose."""
    key = new_key()
    sealed = seal(derived(key, "seal"), field, "row", b"words")
    for other in (key, new_key(), bytes(KEY_BYTES), derived(key, "session"), derived(key, "")):
        assert refused(other, field, "row", sealed)


def test_keys_of_different_kinds_are_different_keys() -> None:
    """What the server seals opens with no key that belongs to people or sessions, and so on."""
    secret = new_key()
    server = ServerKey(root=secret, keys=(new_key(),))
    purposes = ("seal", "session", "recovery", "pseudonym", "queue", "audit-head")
    kinds = [derived(secret, each) for each in purposes]
    assert len({*kinds, secret}) == len(purposes) + 1
    for field in (each for each in DECLARED if each.key == "server"):
        sealed = server.seal(field, "row", b"words")
        assert server.open_(field, "row", sealed) == b"words"
        for key in (secret, server.keys[0], *kinds):
            assert refused(key, field, "row", sealed)


# ---- a key that was wrapped is bound to what it was wrapped for


PURPOSES: dict[str, tuple[Callable[..., bytes], tuple[str | int, ...]]] = {
    "wrap": (keys.case_key_purpose, ("case", "office")),
    "organisation": (keys.organisation_key_purpose, ("office", "member")),
    "generation": (keys.generation_purpose, ("office", 2)),
    "recovery": (keys.recovery_purpose, ("office",)),
    "addition": (keys.addition_purpose, ("case", "row")),
}


def unlike(values: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
    """Change one value at a time, and exchange them."""
    changed = [
        tuple(
            (each + 1 if isinstance(each, int) else f"{each}2") if at == place else each
            for place, each in enumerate(values)
        )
        for at in range(len(values))
    ]
    return changed + ([values[::-1]] if len(values) > 1 else [])


def test_every_purpose_is_tried() -> None:
    named = {name for name in vars(keys) if name.endswith("_purpose")}
    assert {made.__name__ for made, _ in PURPOSES.values()} == named


@pytest.mark.parametrize("name", PURPOSES)
def test_what_was_wrapped_opens_for_one_purpose_and_one_key_only(name: str) -> None:
    make, values = PURPOSES[name]
    mine, other, secret = keys.PrivateKey.new(), keys.PrivateKey.new(), new_key()
    purpose = make(*values)
    wrapped = keys.seal_to(mine.public, secret, purpose)
    assert mine.open_(wrapped, purpose) == secret
    moved = [make(*changed) for changed in unlike(values)]
    moved += [another(*args) for key, (another, args) in PURPOSES.items() if key != name]
    moved += [b"", purpose + b"/", purpose[:-1]]
    for elsewhere in moved:
        with pytest.raises(CannotOpen):
            mine.open_(wrapped, elsewhere)
    with pytest.raises(CannotOpen):
        other.open_(wrapped, purpose)
    for place in (*range(0, len(wrapped), 37), len(wrapped) - 1):
        changed = bytearray(wrapped)
        changed[place] ^= 1
        with pytest.raises(CannotOpen):
            mine.open_(bytes(changed), purpose)
    for cut in (b"", wrapped[:-1], wrapped[:1088], wrapped + b"\0"):
        with pytest.raises(CannotOpen):
            mine.open_(cut, purpose)


def test_half_of_a_hybrid_key_opens_nothing() -> None:
    """Neither the post-quantum half nor the classical one alone is enough."""
    mine, other = keys.PrivateKey.new(), keys.PrivateKey.new()
    wrapped = keys.seal_to(mine.public, b"x", b"p")
    seed = keys.SEED_BYTES
    for half in (mine.raw[:seed] + other.raw[seed:], other.raw[:seed] + mine.raw[seed:]):
        with pytest.raises(CannotOpen):
            keys.PrivateKey(half).open_(wrapped, b"p")


@pytest.mark.parametrize(
    ("field", "row"), [(MEMBER_KEY, "another member"), (SESSION_KEY, "member"), (FIELD, "member")]
)
def test_a_members_key_opens_in_her_own_row_only(field: SealedField, row: str) -> None:
    salt = keys.new_salt()
    sealed = seal(keys.password_key("a password", salt), MEMBER_KEY, "member", b"key")
    assert open_(keys.password_key("a password", salt), MEMBER_KEY, "member", sealed) == b"key"
    with pytest.raises(CannotOpen):
        open_(keys.password_key("a password", salt), field, row, sealed)
    with pytest.raises(CannotOpen):
        open_(keys.password_key("a password", keys.new_salt()), MEMBER_KEY, "member", sealed)


@pytest.mark.parametrize(
    ("field", "row"),
    [(SESSION_KEY, "another session"), (MEMBER_KEY, "session"), (FIELD, "session")],
)
def test_a_sessions_key_opens_in_its_own_row_only(field: SealedField, row: str) -> None:
    key = derived(new_key(), "session")
    sealed = seal(key, SESSION_KEY, "session", b"key")
    assert open_(key, SESSION_KEY, "session", sealed) == b"key"
    with pytest.raises(CannotOpen):
        open_(key, field, row, sealed)


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

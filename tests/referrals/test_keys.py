"""Keys of members and organisations."""

import threading

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from hypothesis import given
from hypothesis import strategies as st

from referrals import keys
from referrals.keys import BASE, ENOUGH_SECONDS, MOST_KIB, TOO_LONG_SECONDS, Cost
from referrals.sealing import CannotOpen

MIB = 1024


def test_many_passwords_at_once_are_tried_one_after_the_other_and_none_waits_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, most, made = [0], [0], []

    class Watched:
        """The real thing, counted."""

        def __init__(self, **how: int) -> None:
            self._kdf = Argon2id(**how)  # type: ignore[arg-type]

        def derive(self, password: bytes) -> bytes:
            now[0] += 1
            most[0] = max(most[0], now[0])
            try:
                return self._kdf.derive(password)
            finally:
                now[0] -= 1

    monkeypatch.setattr(keys, "Argon2id", Watched)
    salt = keys.new_salt()
    people = [
        threading.Thread(
            target=lambda: made.append(keys.password_key("password", salt)), daemon=True
        )
        for _ in range(6)
    ]
    for each in people:
        each.start()
    for each in people:
        each.join(20)
    assert len(made) == 6
    assert len(set(made)) == 1
    assert most == [1]


# ---- what a password costs


@given(st.floats(0.001, 10))
def test_the_cost_is_never_below_the_base_and_above_it_never_too_much(base_seconds: float) -> None:
    """Measured on machines of every speed, on which the time follows the work."""

    def seconds(cost: Cost) -> float:
        return base_seconds * cost.work / BASE.work

    chosen = keys.measured(seconds)
    assert chosen.passes >= BASE.passes
    assert BASE.kib <= chosen.kib <= MOST_KIB
    assert chosen.lanes == BASE.lanes
    if chosen != BASE:
        assert seconds(chosen) <= TOO_LONG_SECONDS
    if base_seconds >= 0.02:
        assert seconds(chosen) >= ENOUGH_SECONDS
    if base_seconds >= ENOUGH_SECONDS:
        assert chosen == BASE
    if chosen.passes > BASE.passes:
        assert chosen.kib == MOST_KIB, "memory first"


def test_this_machine_takes_long_enough() -> None:
    asked: list[tuple[Cost, float]] = []

    def seconds(cost: Cost) -> float:
        asked.append((cost, keys._seconds_of(cost)))
        return asked[-1][1]

    chosen = keys.measured(seconds)
    assert dict(asked)[chosen] >= ENOUGH_SECONDS


def test_a_salt_says_its_cost_and_a_bare_one_costs_the_base() -> None:
    dear = Cost(4, 128 * MIB, 4)
    assert keys.cost_of(keys.new_salt(dear)) == dear
    assert keys.cost_of(keys.new_salt()) == BASE
    assert len(keys.new_salt()) == keys.SALT_BYTES
    assert keys.new_salt(dear) != keys.new_salt(dear)


def test_the_cost_is_a_part_of_what_is_derived() -> None:
    bare = keys.new_salt()
    told = keys.new_salt(BASE)[: -keys.SALT_BYTES] + bare
    dear = keys.new_salt(Cost(4, BASE.kib, 4))[: -keys.SALT_BYTES] + bare
    assert keys.password_key("x", told) == keys.password_key("x", bare)
    assert keys.password_key("x", dear) != keys.password_key("x", bare)


@pytest.mark.parametrize(
    "cost",
    [
        Cost(2, 64 * MIB, 4),
        Cost(3, 32 * MIB, 4),
        Cost(3, 64 * MIB, 1),
        Cost(3, 4096 * MIB, 4),
        Cost(65, 64 * MIB, 4),
    ],
)
def test_a_cost_below_the_base_or_beyond_reason_is_refused(cost: Cost) -> None:
    """Who can write into the database cannot make the server fill its memory, nor work less."""
    with pytest.raises(CannotOpen):
        keys.password_key("x", keys.new_salt(cost))
    with pytest.raises(ValueError, match="cheaper than the base"):
        keys.choose_cost(cost)


@given(st.binary(max_size=40).filter(lambda salt: len(salt) != keys.SALT_BYTES))
def test_what_is_no_salt_is_refused(salt: bytes) -> None:
    if salt[:1] != b"\x01" or len(salt) != 24:
        with pytest.raises(CannotOpen):
            keys.cost_of(salt)


def test_a_cheaper_salt_is_noticed_and_a_dearer_one_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_chosen", Cost(3, 128 * MIB, 4))
    assert keys.is_cheap(keys.new_salt())
    assert keys.is_cheap(keys.new_salt(Cost(4, 64 * MIB, 4)))
    assert not keys.is_cheap(keys.new_salt(Cost(3, 128 * MIB, 4)))
    assert not keys.is_cheap(keys.new_salt(Cost(3, 256 * MIB, 4)))


def test_it_is_measured_once_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Cost] = []

    def seconds(cost: Cost) -> float:
        asked.append(cost)
        return ENOUGH_SECONDS

    monkeypatch.setattr(keys, "_chosen", None)
    monkeypatch.setattr(keys, "_seconds_of", seconds)
    assert {keys.present_cost() for _ in range(3)} == {BASE}
    assert asked == [BASE]

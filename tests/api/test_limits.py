"""How often somebody may call: fair to a dormitory, useless to a flood, and forgotten soon."""

import time
from types import SimpleNamespace

import pytest
from fastapi import Request

from api import limits
from api.limits import PER_ADDRESS, PER_KEY, too_many

MINUTE = 60.0


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that a test moves."""
    moment = [1_800_000_000.0]
    monkeypatch.setattr("limits.storage.memory.time", SimpleNamespace(time=lambda: moment[0]))
    return moment


def kept() -> int:
    """How many things the counter remembers."""
    storage = limits._storage
    tables = (storage.storage, storage.expirations, storage.events, storage.locks)
    return max(len(table) for table in tables)


def by(address: str) -> Request:
    return Request({"type": "http", "headers": [], "client": (address, 1)})


@pytest.mark.parametrize("what", PER_KEY)
def test_a_conversation_may_call_as_often_as_the_number_says(what: str) -> None:
    amount = PER_KEY[what].amount
    assert [too_many(by("192.0.2.1"), what, "a") for _ in range(amount + 1)] == [
        *[False] * amount,
        True,
    ]
    assert not too_many(by("192.0.2.1"), what, "b")


@pytest.mark.parametrize("what", PER_ADDRESS)
def test_everybody_behind_one_address_shares_its_number(what: str) -> None:
    amount = PER_ADDRESS[what].amount
    assert not any(too_many(by("192.0.2.1"), what, str(n)) for n in range(amount))
    assert too_many(by("192.0.2.1"), what, "another")
    assert not too_many(by("192.0.2.2"), what, "another")


def test_who_waits_may_call_again(now: list[float]) -> None:
    while not too_many(by("192.0.2.1"), "chat", "a"):
        pass
    now[0] += 2 * MINUTE
    assert not too_many(by("192.0.2.1"), "chat", "a")


def test_a_flood_under_invented_names_is_not_remembered() -> None:
    for n in range(1000):
        too_many(by("192.0.2.1"), "chat", f"invented-{n}")
    assert kept() <= PER_ADDRESS["chat"].amount + 1


def test_what_was_counted_is_forgotten(now: list[float]) -> None:
    for n in range(200):
        too_many(by("192.0.2.1"), "chat", str(n))
    now[0] += 3 * MINUTE
    until = time.monotonic() + 5
    while kept() > 10 and time.monotonic() < until:
        too_many(by("192.0.2.1"), "chat", "who comes later")
        time.sleep(0.05)
    assert kept() <= 10


def test_a_long_name_takes_no_more_room_than_a_short_one() -> None:
    too_many(by("192.0.2.1"), "verify", "x" * 100_000)
    assert max(len(key) for key in limits._storage.storage) < 200


def test_one_network_is_one_caller_though_it_has_numberless_addresses() -> None:
    tries = [too_many(by(f"2001:db8::{n:x}"), "chat", str(n)) for n in range(300)]
    assert tries.count(False) == PER_ADDRESS["chat"].amount
    assert not too_many(by("2001:db8:1::1"), "chat", "a neighbour")

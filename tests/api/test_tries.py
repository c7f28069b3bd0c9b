"""Wrong sign-ins: whoever guesses must wait, and who works here must not."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from api import tries
from api.tries import (
    CODES,
    DEVICE_KEPT,
    KEPT,
    LONGEST_DELAY,
    PER_ADDRESS,
    PER_PAIR,
    STRANGERS,
    WINDOW,
    KnownDevice,
    MustWait,
    SignInTry,
)
from tests.house import Town, build_town

HER = "mrc@example.org"
NOBODY = "nobody@example.org"
HOME = "192.0.2.1"
SECOND = timedelta(seconds=1)


@pytest.fixture
def town(database_url: str, tmp_path: Path) -> Iterator[Town]:
    built = build_town(tmp_path, database_url)
    yield built
    built.site.store.engine.dispose()


def tries_once(town: Town, address: str = HOME, email: str = HER, device: str = "") -> int:
    """A wrong try; gives its number. Raises MustWait."""
    with town.site.store.writing() as session:
        place = tries.place_of(session, town.site, email, address, device)
        return tries.begin(session, town.site, email, place)


def waits(town: Town, address: str = HOME, email: str = HER, device: str = "") -> timedelta:
    """How long the next try would have to wait; nothing stays counted."""
    with town.site.store.writing() as session:
        place = tries.place_of(session, town.site, email, address, device)
        try:
            number = tries.begin(session, town.site, email, place)
        except MustWait as error:
            return error.wait
        tries.right(session, number)
    return timedelta(0)


def from_everywhere(town: Town, count: int, email: str = HER) -> None:
    for n in range(count):
        tries_once(town, f"198.51.100.{n}", email)


def known(town: Town, email: str = HER) -> str:
    device = tries.new_device()
    with town.site.store.writing() as session:
        name = email.partition("@")[0]
        tries.know(session, town.site, town.people[name].member_id, device)
    return device


def test_one_account_from_one_address_waits_after_its_wrong_tries(town: Town) -> None:
    for _ in range(PER_PAIR):
        tries_once(town)
    assert waits(town) == WINDOW
    assert not waits(town, "192.0.2.2")
    assert not waits(town, email="lawyer@example.org")
    town.clock.now += WINDOW + SECOND
    assert not waits(town)


def test_who_waits_is_not_counted_again(town: Town) -> None:
    for _ in range(PER_PAIR):
        tries_once(town)
    for _ in range(5):
        town.clock.now += SECOND
        with pytest.raises(MustWait):
            tries_once(town)
    assert waits(town) == WINDOW - 5 * SECOND


def test_a_right_try_is_forgotten(town: Town) -> None:
    for _ in range(3 * PER_PAIR):
        number = tries_once(town)
        with town.site.store.writing() as session:
            tries.right(session, number)
    assert not waits(town)


def test_an_account_that_nobody_has_waits_just_as_one_that_somebody_has(town: Town) -> None:
    for email in (HER, NOBODY):
        for _ in range(PER_PAIR):
            tries_once(town, email=email)
    assert waits(town) == waits(town, email=NOBODY) == WINDOW
    from_everywhere(town, STRANGERS - PER_PAIR)
    from_everywhere(town, STRANGERS - PER_PAIR, NOBODY)
    assert waits(town, "203.0.113.9") == waits(town, "203.0.113.9", NOBODY) > timedelta(0)


def test_strangers_everywhere_make_unknown_devices_wait_longer_and_longer(town: Town) -> None:
    from_everywhere(town, STRANGERS)
    delays = []
    for n in range(10):
        delays.append(waits(town, f"203.0.113.{n}"))
        town.clock.now += delays[-1] + SECOND
        tries_once(town, f"203.0.113.{n}")
    assert delays[0] == tries.FIRST_DELAY
    assert delays == sorted(delays)
    assert delays[1] == 2 * delays[0]
    assert delays[-1] == LONGEST_DELAY


def test_strangers_cannot_lock_out_a_known_device(town: Town) -> None:
    """Neither from everywhere, nor from behind her own address."""
    device = known(town)
    from_everywhere(town, STRANGERS)
    for _ in range(PER_PAIR):
        town.clock.now += LONGEST_DELAY
        tries_once(town)
    for n in range(PER_ADDRESS - PER_PAIR):
        tries_once(town, email=f"other-{n}@example.org")
    assert waits(town)
    assert not waits(town, device=device)


def test_a_known_device_waits_for_its_own_wrong_tries_only(town: Town) -> None:
    device, other = known(town), known(town)
    for n in range(PER_PAIR):
        tries_once(town, f"203.0.113.{n}", device=device)
    assert waits(town, device=device) == WINDOW
    assert not waits(town, device=other)
    assert not waits(town)


def test_a_device_is_known_for_its_member_alone_and_some_can_share_it(town: Town) -> None:
    device = known(town)
    from_everywhere(town, STRANGERS, "lawyer@example.org")
    assert waits(town, email="lawyer@example.org", device=device)
    with town.site.store.writing() as session:
        tries.know(session, town.site, town.people["lawyer"].member_id, device)
    assert not waits(town, email="lawyer@example.org", device=device)
    from_everywhere(town, STRANGERS)
    assert not waits(town, device=device)


def test_a_device_that_did_not_come_for_long_is_a_stranger(town: Town) -> None:
    device = known(town)
    town.clock.now += DEVICE_KEPT + SECOND
    from_everywhere(town, STRANGERS)
    assert waits(town, device=device)
    known(town, "lawyer@example.org")
    with town.site.store.reading() as session:
        assert len(session.exec(select(KnownDevice)).all()) == 1


def test_one_address_waits_after_trying_many_accounts(town: Town) -> None:
    for n in range(PER_ADDRESS):
        tries_once(town, email=f"person-{n}@example.org")
    assert waits(town, email="another@example.org") == WINDOW
    assert not waits(town, "192.0.2.2", "another@example.org")


def test_wrong_second_factors_end_the_session_and_count_for_the_account(town: Town) -> None:
    with town.site.store.writing() as session:
        place = tries.place_of(session, town.site, HER, HOME, "")
        spent = [tries.wrong_code(session, town.site, "5" * 64, HER, place) for _ in range(CODES)]
    assert spent == [*[False] * (CODES - 1), True]
    tries_once(town)
    assert waits(town)


def test_what_is_old_is_deleted(town: Town) -> None:
    tries_once(town)
    town.clock.now += KEPT + SECOND
    number = tries_once(town)
    with town.site.store.reading() as session:
        assert [each.id for each in session.exec(select(SignInTry))] == [number]


def test_neither_the_name_nor_the_address_nor_the_token_is_kept(town: Town) -> None:
    device = known(town)
    tries_once(town)
    tries_once(town, device=device)
    with town.site.store.reading() as session:
        kept = [
            value
            for table in (SignInTry, KnownDevice)
            for row in session.exec(select(table))
            for value in row.model_dump(exclude={"id", "at", "seen", "member_id"}).values()
        ]
    assert len(kept) == 5
    assert all(len(value) == 64 for value in kept)
    assert not [value for value in kept if HER in value or HOME in value or device in value]

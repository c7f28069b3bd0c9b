"""Wherever sending news breaks off, and whoever else sends it too: nobody gets it twice."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, delete

from bot.broadcast import OVER, Terms, send_some
from bot.content import content
from bot.message import Channel, ChannelName, Reply, TryLater, Undeliverable
from bot.news import Alert, AlertDelivery, Delivery, NewsSubscription
from bot.rasa import RasaClient
from bot.turn import Turns
from referrals.site import Site
from referrals.store import Store
from tests.bot.sending import (
    NEVER_QUIET,
    EventLoop,
    asks_for,
    heard_from,
    let_go,
    new_site,
    result,
    stands_at,
)

SENT = Delivery.SENT


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return new_site(tmp_path / "data")


class Crash(BaseException):
    """The process is gone."""


@dataclass
class Fate:
    """Lets the process die at the instructions whose numbers are in `deaths`."""

    deaths: frozenset[int]
    steps: int = 0

    def step(self) -> None:
        self.steps += 1
        if self.steps in self.deaths:
            raise Crash


class Mortal(Store):
    """A store in whose process death may come before a transaction, and right after it."""

    fate: Fate

    @contextmanager
    def writing(self) -> Iterator[Session]:
        self.fate.step()
        with super().writing() as session:
            yield session
        self.fate.step()


@dataclass
class Phones:
    """A platform that does to each person what the test says, in turn, and counts what arrives."""

    answers: dict[str, list[str]]
    fate: Fate
    name: ChannelName = ChannelName.TELEGRAM
    arrived: Counter[str] = field(default_factory=Counter)

    async def send(self, address: str, _reply: Reply, *, followed: bool) -> tuple[str, ...]:
        assert followed, "what she is asked next must leave the button that ends news"
        self.fate.step()
        answer = self.answers[address].pop(0) if self.answers[address] else "taken"
        if answer == "refused":
            raise Undeliverable("blocked")
        if answer == "too many":
            raise TryLater("too many requests", 0.0)
        if answer != "lost":
            self.arrived[address] += 1
        self.fate.step()
        if answer in ("lost", "answer lost"):
            raise TryLater("no answer")
        return ()


ANSWERS = st.lists(
    st.sampled_from(["taken", "too many", "refused", "lost", "answer lost"]), max_size=3
)


@contextmanager
def mortal_turns(site: Site, fate: Fate, phones: object) -> Iterator[Turns]:
    """Give turns over a store that dies when fate says so, and over phones of a test."""
    store = Mortal(site.store.url)
    store.fate = fate
    loop = asyncio.new_event_loop()
    yield Turns(
        replace(site, store=store),
        content(),
        cast(RasaClient, None),
        {ChannelName.TELEGRAM: cast(Channel, phones)},
        loop.run_until_complete,
        NEVER_QUIET,
    )
    loop.close()
    store.engine.dispose()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    answers=st.lists(ANSWERS, min_size=1, max_size=4),
    deaths=st.frozensets(st.integers(1, 60), max_size=8),
)
def test_wherever_it_breaks_off_nobody_gets_it_twice_and_nobody_is_left_out(
    site: Site, answers: list[list[str]], deaths: frozenset[int]
) -> None:
    with site.store.writing() as session:
        for table in (AlertDelivery, Alert, NewsSubscription):
            session.exec(delete(table))
    people = {str(number): answer for number, answer in enumerate(answers)}
    conversations = {user: heard_from(site, "telegram", user) for user in people}
    for her in conversations.values():
        asks_for(site, her, "TH")
    alert = let_go(site)

    fate = Fate(deaths)
    phones = Phones(people, fate)
    with mortal_turns(site, fate, phones) as turns:
        then = ""
        while then != OVER:
            try:
                then, _, _ = send_some(turns, alert, Terms(per_second=1e6))
            except Crash:
                continue

    for user, her in conversations.items():
        stands = stands_at(site, alert, her)
        assert stands in (SENT, Delivery.UNSURE, Delivery.REFUSED)
        assert phones.arrived[user] <= 1
        assert stands == Delivery.UNSURE or phones.arrived[user] == (stands == SENT)


def test_two_that_send_at_once_send_to_everybody_once(tmp_path: Path, database_url: str) -> None:
    site = new_site(tmp_path / "data", database_url)
    people = [str(number) for number in range(40)]
    for user in people:
        asks_for(site, heard_from(site, "telegram", user), "TH")
    alert = let_go(site)
    phones = Phones({user: [] for user in people}, Fate(frozenset()))
    with EventLoop() as loop:
        turns = Turns(
            site,
            content(),
            cast(RasaClient, None),
            {ChannelName.TELEGRAM: cast(Channel, phones)},
            lambda what: asyncio.run_coroutine_threadsafe(what, loop).result(30),
            NEVER_QUIET,
        )
        terms = Terms(per_second=1000)
        both = [threading.Thread(target=send_some, args=(turns, alert, terms)) for _ in range(2)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join(60)
    assert phones.arrived == Counter(people)
    assert result(site, alert).keys() <= {SENT, Delivery.UNSURE}
    site.store.engine.dispose()

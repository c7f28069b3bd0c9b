"""Wherever calling breaks off: each is called at most once, in order, and it comes to its end."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import delete, select

from bot import paging
from bot.content import content
from bot.message import Channel, ChannelName, Reply, TryLater, Undeliverable
from bot.paging import Terms, Then
from bot.rasa import RasaClient
from bot.turn import Turns
from referrals import case, notice
from referrals.duty import Alarm, AlarmCall
from referrals.taxonomy import ConsentCode
from tests.bot.sending import NEVER_QUIET
from tests.bot.test_broadcast_crashes import Crash, Fate, mortal_turns
from tests.house import Town, build_town
from tests.on_call import DANGER, alarms_of, answers, links, raises, works_at


@dataclass
class Phones:
    """A platform that does to each call what the test says, in turn, and counts what arrives."""

    answers: list[str]
    fate: Fate
    name: ChannelName = ChannelName.TELEGRAM
    arrived: list[str] = field(default_factory=list)

    async def send(self, address: str, _reply: Reply, *, silent: bool = False) -> tuple[str, ...]:
        self.fate.step()
        answer = self.answers.pop(0) if self.answers else "taken"
        if answer == "refused":
            raise Undeliverable("blocked")
        if answer == "too many":
            raise TryLater("too many requests", 0.0, unsent=True)
        if answer != "lost":
            self.arrived.append(address)
        self.fate.step()
        if answer in ("lost", "answer lost"):
            raise TryLater("no answer")
        return ()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Town]:
    town = build_town(tmp_path)
    for user, name in enumerate(("dara", "sopheap", "mrc")):
        if name != "mrc":
            works_at(town, "mrc", name)
        links(town, name, str(user))
    town.lodges("រឿង", category=DANGER, shares=[ConsentCode.SHARE_MRC])
    yield town
    town.site.store.engine.dispose()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    what=st.lists(
        st.sampled_from(["taken", "too many", "refused", "lost", "answer lost"]), max_size=6
    ),
    deaths=st.frozensets(st.integers(1, 40), max_size=8),
)
def test_wherever_it_breaks_off_each_is_called_at_most_once_in_order_and_it_ends(
    office: Town, what: list[str], deaths: frozenset[int]
) -> None:
    site = office.site
    with site.store.writing() as session:
        session.exec(delete(Alarm))
        session.exec(delete(notice.Letter))
        (code,) = session.exec(select(case.Case.code)).all()
    raised = raises(office, code)
    assert raised
    fate = Fate(deaths)
    phones = Phones(list(what), fate)
    with mortal_turns(site, fate, phones) as turns:
        then, tries = Then.GO_ON, 0
        while then is not Then.OVER:
            try:
                then, _ = paging.go_on(turns, raised, Terms(), tries)
            except Crash:
                continue
            tries = tries + 1 if then is Then.HELD else 0
            if then is Then.WAIT:
                office.clock.pass_(minutes=6)

    assert phones.arrived == sorted(set(phones.arrived)), "in order, each once"
    (kept,) = [each for each in alarms_of(office) if each.id == raised]
    assert kept.given_up_at
    assert kept.step == 3
    with site.store.reading() as session:
        rows = session.exec(select(AlarmCall).where(AlarmCall.alarm_id == raised)).all()
        letters = session.exec(select(notice.Letter)).all()
    assert len(rows) == 3
    reached = sum(row.reached for row in rows)
    assert reached <= len(phones.arrived)
    assert len(letters) == 1, "she is told once"


def test_somebody_who_answers_while_a_call_leaves_ends_it(office: Town) -> None:
    (code,) = [row.code for row in _cases(office)]
    raised = raises(office, code)
    assert raised
    phones = Phones([], Fate(frozenset()))
    loop = asyncio.new_event_loop()
    turns = Turns(
        office.site,
        content(),
        cast(RasaClient, None),
        {ChannelName.TELEGRAM: cast(Channel, phones)},
        loop.run_until_complete,
        NEVER_QUIET,
    )
    assert paging.go_on(turns, raised, Terms())[0] is Then.WAIT
    assert answers(office, raised, "sopheap")
    office.clock.pass_(minutes=6)
    assert paging.go_on(turns, raised, Terms()) == (Then.OVER, 0.0)
    loop.close()
    assert phones.arrived == ["0"]


def _cases(town: Town) -> list[case.Case]:
    with town.site.store.reading() as session:
        return list(session.exec(select(case.Case)))

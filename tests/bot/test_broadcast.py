"""News reaches exactly those who asked, at most once, whatever breaks on the way."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from dbos import DBOS
from sqlalchemy import text

from bot import broadcast, news
from bot.broadcast import Terms
from bot.message import Language
from bot.news import AlertState, Delivery
from bot.when import QuietHours
from referrals.site import Site, utc_now
from tests.bot.sending import (
    WRITTEN,
    asks_for,
    ends,
    heard_from,
    let_go,
    new_site,
    on_messenger,
    on_telegram,
    result,
    sending,
    settings_of,
    stands_at,
    state,
)
from tests.house import Clock
from tests.running import ROOT
from tests.standins import wait_for
from tests.standins.messenger import MessengerStandin
from tests.standins.telegram import TelegramPerson, TelegramStandin

SENT = Delivery.SENT


@pytest.fixture
def telegram() -> Iterator[TelegramStandin]:
    with TelegramStandin() as standin:
        yield standin


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(tmp_path: Path, clock: Clock) -> Site:
    return new_site(tmp_path / "data", clock=clock)


@pytest.fixture(autouse=True)
def short_naps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast, "_terms", Terms(work=1.0, nap=0.3))


def got(*people: TelegramPerson) -> list[int]:
    return [len(person.bubbles) for person in people]


def test_news_reaches_exactly_those_who_asked_for_the_country(
    site: Site, telegram: TelegramStandin, tmp_path: Path
) -> None:
    thai = on_telegram(site, telegram, "TH")
    everywhere = on_telegram(site, telegram, "any", Language.EN)
    malay = on_telegram(site, telegram, "MY")
    nothing = telegram.person("គ្មាន")
    nothing.started = True
    heard_from(site, "telegram", str(nothing.id))
    with sending(site, settings_of(telegram), tmp_path):
        alert = let_go(site)
        broadcast.begin(alert)
        assert ends(site, alert) == {SENT: 2}
    assert got(thai, everywhere, malay, nothing) == [1, 1, 0, 0]
    assert WRITTEN.text_km in thai.bubbles[0].text
    assert WRITTEN.source_en in everywhere.bubbles[0].text
    assert "news:stop=yes" in [choice.payload for choice in thai.bubbles[0].buttons]


def test_news_about_everywhere_goes_to_everybody_and_to_nobody_twice(
    site: Site, telegram: TelegramStandin, tmp_path: Path
) -> None:
    person = on_telegram(site, telegram, "TH")
    her = site.server_key.pseudonym("telegram", str(person.id))
    for country in ("MY", "KH", "any"):
        asks_for(site, her, country)
    with sending(site, settings_of(telegram), tmp_path):
        alert = let_go(site, replace(WRITTEN, country="any"))
        for _ in range(3):
            broadcast.begin(alert)
        assert ends(site, alert) == {SENT: 1}
        broadcast.begin(alert)
        time.sleep(0.5)
    assert got(person) == [1]


def test_a_start_that_a_crash_prevented_is_made_up_for(
    site: Site, telegram: TelegramStandin, tmp_path: Path
) -> None:
    person = on_telegram(site, telegram, "TH")
    alert = let_go(site)  # and here the program ended
    with sending(site, settings_of(telegram), tmp_path):
        assert ends(site, alert) == {SENT: 1}
    assert got(person) == [1]


def test_what_nobody_goes_on_with_is_gone_on_with(
    site: Site, clock: Clock, telegram: TelegramStandin, tmp_path: Path
) -> None:
    person = on_telegram(site, telegram, "TH")
    clock.pass_(hours=7)  # at night, so that a next run is always to come
    with sending(site, settings_of(telegram), tmp_path, quiet=QuietHours()):
        alert = let_go(site)
        broadcast.begin(alert)
        to_come = ["PENDING", "ENQUEUED", "DELAYED"]
        while runs := DBOS.list_workflows(workflow_id_prefix=f"news-{alert}", status=to_come):
            DBOS.cancel_workflows([run.workflow_id for run in runs])
        clock.pass_(hours=10)
        time.sleep(1)
        assert got(person) == [0]
        for _ in range(2):
            broadcast.resume()
        assert ends(site, alert) == {SENT: 1}
    assert got(person) == [1]


def test_stop_stops(site: Site, telegram: TelegramStandin, tmp_path: Path) -> None:
    people = [on_telegram(site, telegram, "TH") for _ in range(40)]
    with sending(site, settings_of(telegram), tmp_path, per_second=10):
        alert = let_go(site)
        broadcast.begin(alert)
        wait_for(lambda: sum(got(*people)) >= 3)
        with site.store.writing() as session:
            news.stop(session, alert, site.clock())
        time.sleep(0.3)
        at_the_stop = sum(got(*people))
        time.sleep(1)
        counts = result(site, alert)
    assert sum(got(*people)) == at_the_stop == counts[SENT] < 10
    assert counts[Delivery.WAITING] == 40 - at_the_stop
    assert state(site, alert) == AlertState.STOPPED


def test_what_is_stopped_while_its_end_is_noted_stays_stopped(site: Site) -> None:
    alert = let_go(site)
    with site.store.writing() as session:
        assert news.alert_of(session, alert).state == AlertState.SENDING
        by_another = text("UPDATE alert SET state = 'stopped' WHERE id = :id")
        session.connection().execute(by_another, {"id": alert})
        assert broadcast._finished(session, alert, site.clock())
    assert state(site, alert) == AlertState.STOPPED


def test_the_rate_is_held(site: Site, telegram: TelegramStandin, tmp_path: Path) -> None:
    people = [on_telegram(site, telegram, "TH") for _ in range(16)]
    with sending(site, settings_of(telegram), tmp_path, per_second=10):
        alert = let_go(site)
        begun = time.monotonic()
        broadcast.begin(alert)
        wait_for(lambda: sum(got(*people)) == 16)
        took = time.monotonic() - begun
    assert took >= 1.5


def test_too_many_requests_are_waited_out(
    site: Site, telegram: TelegramStandin, tmp_path: Path
) -> None:
    people = [on_telegram(site, telegram, "TH") for _ in range(5)]
    telegram.fail_next("sendMessage", 429, retry_after=1)
    with sending(site, settings_of(telegram), tmp_path):
        alert = let_go(site)
        begun = time.monotonic()
        broadcast.begin(alert)
        assert ends(site, alert) == {SENT: 5}
        assert time.monotonic() - begun >= 1
    assert got(*people) == [1] * 5
    assert len(telegram.calls_of("sendMessage")) == 6


def test_somebody_who_blocked_the_bot_is_counted_and_holds_up_nobody(
    site: Site, telegram: TelegramStandin, tmp_path: Path
) -> None:
    people = [on_telegram(site, telegram, "TH") for _ in range(4)]
    people[1].blocked = True
    with sending(site, settings_of(telegram), tmp_path):
        alert = let_go(site)
        broadcast.begin(alert)
        assert ends(site, alert) == {SENT: 3, Delivery.REFUSED: 1}
    assert got(*people) == [1, 0, 1, 1]


def test_a_lost_answer_is_unsure_and_nothing_is_sent_again(
    site: Site, telegram: TelegramStandin, tmp_path: Path
) -> None:
    people = [on_telegram(site, telegram, "TH") for _ in range(4)]
    telegram.drop_next("sendMessage", done=True)
    with sending(site, settings_of(telegram), tmp_path):
        alert = let_go(site)
        broadcast.begin(alert)
        assert ends(site, alert) == {SENT: 3, Delivery.UNSURE: 1}
    assert got(*people) == [1] * 4


def test_nothing_is_sent_at_night(
    site: Site, clock: Clock, telegram: TelegramStandin, tmp_path: Path
) -> None:
    clock.pass_(hours=7)  # 22:00 in Phnom Penh
    person = on_telegram(site, telegram, "TH")
    with sending(site, settings_of(telegram), tmp_path, quiet=QuietHours()):
        alert = let_go(site)
        broadcast.begin(alert)
        time.sleep(1.5)
        assert got(person) == [0]
        assert result(site, alert) == {Delivery.WAITING: 1}
        clock.pass_(hours=9)
        assert ends(site, alert) == {SENT: 1}
    assert got(person) == [1]


def test_who_wants_no_more_news_is_left_out(
    site: Site, telegram: TelegramStandin, tmp_path: Path
) -> None:
    stays, leaves = (on_telegram(site, telegram, "TH") for _ in range(2))
    alert = let_go(site)
    with site.store.writing() as session:
        news.unsubscribe(session, site.server_key.pseudonym("telegram", str(leaves.id)))
    with sending(site, settings_of(telegram), tmp_path):
        assert ends(site, alert) == {SENT: 1, Delivery.UNWANTED: 1}
    assert got(stays, leaves) == [1, 0]


def test_who_cannot_be_pushed_sees_it_when_she_next_writes(
    site: Site, clock: Clock, telegram: TelegramStandin, tmp_path: Path
) -> None:
    on = ("telegram", "messenger")
    web = heard_from(site, "web", "w-1")
    asks_for(site, web, "TH")
    with MessengerStandin() as messenger:
        away, away_too = (on_messenger(site, messenger, "TH") for _ in range(2))
        clock.pass_(hours=25)
        here = on_messenger(site, messenger, "TH")
        with sending(site, settings_of(telegram, messenger), tmp_path):
            alert = let_go(site, on=on)
            broadcast.begin(alert)
            assert ends(site, alert) == {SENT: 1, Delivery.LATER: 3}
        assert [len(p.bubbles) for p in (away, away_too, here)] == [0, 0, 1]
    for her in (web, site.server_key.pseudonym("messenger", away.id)):
        with site.store.writing() as session:
            assert [each.id for each in news.due(session, her, clock())] == [alert]
            news.mark_shown(session, alert, her, clock())
            assert news.due(session, her, clock()) == []
        assert stands_at(site, alert, her) == SENT


def test_a_window_that_closes_meanwhile_is_not_a_refusal(
    site: Site, clock: Clock, tmp_path: Path
) -> None:
    with MessengerStandin() as messenger:
        person = on_messenger(site, messenger, "TH")
        alert = let_go(site, on=("messenger",))
        assert result(site, alert) == {Delivery.WAITING: 1}
        clock.pass_(hours=25)
        with sending(site, settings_of(messenger=messenger), tmp_path):
            assert ends(site, alert) == {Delivery.LATER: 1}
        assert person.bubbles == []


def test_a_platform_that_is_down_holds_up_nobody_elsewhere(
    site: Site, telegram: TelegramStandin, tmp_path: Path
) -> None:
    with MessengerStandin() as messenger:
        waiting = on_messenger(site, messenger, "TH")
        people = [on_telegram(site, telegram, "TH") for _ in range(3)]
        for _ in range(2):
            messenger.fail_next("messages", 429, retry_after=2)
        with sending(site, settings_of(telegram, messenger), tmp_path):
            alert = let_go(site, on=("telegram", "messenger"))
            broadcast.begin(alert)
            wait_for(lambda: sum(got(*people)) == 3)
            assert waiting.bubbles == []
            assert ends(site, alert) == {SENT: 4}


def test_who_could_not_be_reached_for_two_days_sees_it_later(
    site: Site, clock: Clock, telegram: TelegramStandin, tmp_path: Path
) -> None:
    on_telegram(site, telegram, "TH")
    alert = let_go(site)
    clock.pass_(days=2, hours=1)
    with sending(site, settings_of(telegram), tmp_path):
        assert ends(site, alert) == {Delivery.LATER: 1}
    assert telegram.calls_of("sendMessage") == []


@pytest.mark.slow
def test_killed_in_the_middle_it_goes_on_and_sends_to_nobody_twice(
    telegram: TelegramStandin, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    site = new_site(folder, clock=utc_now)
    people = [on_telegram(site, telegram, "TH") for _ in range(60)]
    alert = let_go(site)
    command = [sys.executable, "-m", "tests.bot.sending", folder, telegram.address, telegram.token]
    for enough in (8, 25, 60):
        process = subprocess.Popen([*command, "20"], cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            if enough < 60:
                wait_for(lambda enough=enough: sum(got(*people)) >= enough, 60)
                telegram.lock.acquire()  # the next message arrives, and its answer does not
                time.sleep(0.5)
            else:
                counts = ends(site, alert, 60)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(10)
            if enough < 60:
                telegram.lock.release()
    assert max(got(*people)) == 1
    assert counts == {SENT: 58, Delivery.UNSURE: 2}
    assert sum(got(*people)) >= 58


def test_the_program_ends_soon_in_the_middle_and_goes_on_where_it_was(
    site: Site, telegram: TelegramStandin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast, "_terms", Terms(work=60))
    people = [on_telegram(site, telegram, "TH") for _ in range(80)]
    alert = let_go(site)
    with sending(site, settings_of(telegram), tmp_path, per_second=10):
        wait_for(lambda: sum(got(*people)) >= 3)
        begun = time.monotonic()
    assert time.monotonic() - begun < 10
    before = sum(got(*people))
    time.sleep(0.5)
    assert sum(got(*people)) == before < 80
    with sending(site, settings_of(telegram), tmp_path, per_second=100):
        counts = ends(site, alert)
    assert max(got(*people)) == 1
    assert sum(got(*people)) == 80 == sum(counts.values())


def test_ending_the_program_in_the_night_takes_no_time(
    site: Site,
    clock: Clock,
    telegram: TelegramStandin,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A run that slept until the morning would keep the process alive."""
    monkeypatch.setattr(broadcast, "_terms", Terms())
    clock.pass_(hours=7)
    person = on_telegram(site, telegram, "TH")
    alert = let_go(site)
    with sending(site, settings_of(telegram), tmp_path, quiet=QuietHours()):
        time.sleep(1)
        begun = time.monotonic()
    assert time.monotonic() - begun < 8
    assert got(person) == [0]
    assert result(site, alert) == {Delivery.WAITING: 1}

"""The duty person is called: in order, in time, once, and nobody in danger is forgotten."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dbos import DBOS
from sqlmodel import select

from bot import on_duty, paging
from bot.content import content
from bot.paging import Terms
from bot.when import QuietHours
from referrals import alarm, case, consent, notice
from referrals.consent import Asked
from referrals.duty import AlarmCall
from referrals.taxonomy import ConsentCode
from tests.bot.paging_house import lodges, migrant, paging_in, phone, said, sends
from tests.bot.sending import settings_of
from tests.house import Town, build_town
from tests.on_call import DANGER, alarms_of, works_at
from tests.running import ROOT
from tests.standins import wait_for
from tests.standins.telegram import TelegramPerson, TelegramStandin

pytestmark = pytest.mark.slow

HER = "c" * 64


@pytest.fixture
def telegram() -> Iterator[TelegramStandin]:
    with TelegramStandin() as standin:
        yield standin


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    built = build_town(tmp_path)
    yield built
    built.site.store.engine.dispose()


@pytest.fixture(autouse=True)
def short_naps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "_terms", Terms(nap=0.2))


def called(*people: TelegramPerson) -> list[int]:
    return [len(person.bubbles) for person in people]


# ---- the chain in time


def test_each_is_called_in_order_when_the_one_before_did_not_answer_in_time(
    town: Town, telegram: TelegramStandin, tmp_path: Path
) -> None:
    works_at(town, "mrc", "dara")
    people = [phone(town, telegram, name) for name in ("mrc", "dara")]
    with paging_in(town.site, settings_of(telegram), tmp_path, minutes=5):
        lodges(town, HER)
        people[0].sees(1)
        town.clock.pass_(minutes=4, seconds=50)
        time.sleep(1)
        assert called(*people) == [1, 0]
        town.clock.pass_(seconds=15)
        people[1].sees(1)
        town.clock.pass_(minutes=6)
        wait_for(lambda: alarms_of(town)[0].given_up_at)
    assert called(*people) == [1, 1]


def test_a_call_holds_the_code_and_nothing_of_the_case(
    town: Town, telegram: TelegramStandin, tmp_path: Path
) -> None:
    counsellor = phone(town, telegram, "mrc")
    with paging_in(town.site, settings_of(telegram), tmp_path):
        code = lodges(town, HER)
        (bubble,) = counsellor.sees(1)
    assert f"{code[:3]}-{code[3:6]}-{code[6:]}" in bubble.text
    assert [choice.payload for choice in bubble.buttons] == [f"duty:alarm={alarms_of(town)[0].id}"]
    assert not bubble.silent
    labels = content().labels
    told = ["សម្ងាត់", *(labels["category"][DANGER].km, labels["country"]["TH"].km, "ព្រៃវែង")]
    assert not [word for word in told if word in bubble.text]


def test_an_answer_stops_the_chain(town: Town, telegram: TelegramStandin, tmp_path: Path) -> None:
    works_at(town, "mrc", "dara")
    people = [phone(town, telegram, name) for name in ("mrc", "dara")]
    with paging_in(town.site, settings_of(telegram), tmp_path):
        code = lodges(town, HER)
        (bubble,) = people[0].sees(1)
        spoken = f"{code[:3]}-{code[3:6]}-{code[6:]}"
        assert spoken in said(sends(town, people[0], button=bubble.buttons[0].payload))
        town.clock.pass_(minutes=30)
        time.sleep(1)
    assert called(*people) == [1, 0]
    (kept,) = alarms_of(town)
    assert kept.given_up_at is None
    assert kept.answered_by == town.people["mrc"].member_id


def test_at_night_the_duty_person_is_called_all_the_same(
    town: Town, telegram: TelegramStandin, tmp_path: Path
) -> None:
    town.clock.pass_(hours=9)  # midnight in Phnom Penh
    assert QuietHours().holds(town.clock())
    counsellor = phone(town, telegram, "mrc")
    with paging_in(town.site, settings_of(telegram), tmp_path):
        lodges(town, HER)
        counsellor.sees(1)


def test_who_blocked_the_bot_is_not_waited_for(
    town: Town, telegram: TelegramStandin, tmp_path: Path
) -> None:
    works_at(town, "mrc", "dara")
    people = [phone(town, telegram, name) for name in ("mrc", "dara")]
    people[0].blocks()
    with paging_in(town.site, settings_of(telegram), tmp_path):
        lodges(town, HER)
        people[1].sees(1)
    with town.site.store.reading() as session:
        reached = {each.member_id: each.reached for each in session.exec(select(AlarmCall))}
    assert reached == {
        town.people["mrc"].member_id: False,
        town.people["dara"].member_id: True,
    }


def test_a_platform_that_is_busy_is_asked_again(
    town: Town, telegram: TelegramStandin, tmp_path: Path
) -> None:
    counsellor = phone(town, telegram, "mrc")
    for _ in range(2):
        telegram.fail_next("sendMessage", 429, retry_after=1)
    with paging_in(town.site, settings_of(telegram), tmp_path):
        lodges(town, HER)
        counsellor.sees(1, 30)
    assert called(counsellor) == [1]
    assert alarms_of(town)[0].step == 1


def test_an_office_whose_consent_was_withdrawn_is_not_called_any_more(
    town: Town, telegram: TelegramStandin, tmp_path: Path
) -> None:
    works_at(town, "mrc", "dara")
    people = [phone(town, telegram, name) for name in ("mrc", "dara", "mrc-kampot")]
    with paging_in(town.site, settings_of(telegram), tmp_path):
        code = lodges(town, HER)
        people[0].sees(1)
        with town.site.store.writing() as session:
            found = case.by_code(session, code)
            no = Asked(ConsentCode.SHARE_MRC, False, 1, "km", "ពាក្យ", town.clock())
            consent.record(session, found.id, no)
        town.clock.pass_(minutes=6)
        wait_for(lambda: alarms_of(town)[0].given_up_at)
    assert called(*people) == [1, 0, 0]


# ---- what she is told


def test_she_is_told_that_nobody_answered_and_whom_to_call(
    town: Town, telegram: TelegramStandin, tmp_path: Path
) -> None:
    her, conversation = migrant(town, telegram)
    on_call = phone(town, telegram, "mrc")
    with paging_in(town.site, settings_of(telegram), tmp_path):
        lodges(town, conversation)
        on_call.sees(1)
        town.clock.pass_(minutes=6)
        (bubble,) = her.sees(1)
    assert bubble.text == content().says["letter_waiting"].km.strip()
    with town.site.store.reading() as session:
        letter = notice.waiting_letter(session, town.site, conversation)
    assert letter
    assert "191" in letter.text
    assert "117" not in letter.text, "the numbers are those of Thailand"


def test_at_night_her_phone_does_not_ring(
    town: Town, telegram: TelegramStandin, tmp_path: Path
) -> None:
    her, conversation = migrant(town, telegram)
    on_call = phone(town, telegram, "mrc")
    town.clock.pass_(hours=9)
    with paging_in(town.site, settings_of(telegram), tmp_path, quiet=QuietHours()):
        lodges(town, conversation)
        on_call.sees(1)
        town.clock.pass_(minutes=6)
        (bubble,) = her.sees(1)
    assert bubble.silent


def test_where_nobody_was_on_duty_she_is_not_told_that_somebody_was_called(
    town: Town, telegram: TelegramStandin, tmp_path: Path
) -> None:
    her, conversation = migrant(town, telegram)
    with paging_in(town.site, settings_of(telegram), tmp_path):
        lodges(town, conversation)
        wait_for(lambda: alarms_of(town)[0].given_up_at)
        time.sleep(0.5)
    assert her.bubbles == []


def test_who_does_not_want_to_be_contacted_is_left_in_peace(
    town: Town, telegram: TelegramStandin, tmp_path: Path
) -> None:
    her, conversation = migrant(town, telegram)
    with paging_in(town.site, settings_of(telegram), tmp_path):
        lodges(town, conversation, contact_me=False)
        wait_for(lambda: alarms_of(town)[0].given_up_at)
        time.sleep(0.5)
    assert her.bubbles == []
    with town.site.store.reading() as session:
        assert notice.waiting_letter(session, town.site, conversation) is None


# ---- crashes


def test_a_start_that_a_crash_prevented_is_made_up_for(
    town: Town, telegram: TelegramStandin, tmp_path: Path
) -> None:
    counsellor = phone(town, telegram, "mrc")
    lodges(town, HER)  # and here the program ended
    with paging_in(town.site, settings_of(telegram), tmp_path):
        counsellor.sees(1)


def test_what_nobody_goes_on_with_is_gone_on_with(
    town: Town, telegram: TelegramStandin, tmp_path: Path
) -> None:
    works_at(town, "mrc", "dara")
    people = [phone(town, telegram, name) for name in ("mrc", "dara")]
    with paging_in(town.site, settings_of(telegram), tmp_path):
        lodges(town, HER)
        people[0].sees(1)
        to_come = ["PENDING", "ENQUEUED", "DELAYED"]

        def states() -> list[str]:
            runs = DBOS.list_workflows(workflow_id_prefix="alarm-", status=to_come)
            return [run.status for run in runs]

        wait_for(lambda: states() == ["DELAYED"])  # nothing is at work that could begin another
        while runs := DBOS.list_workflows(workflow_id_prefix="alarm-", status=to_come):
            DBOS.cancel_workflows([run.workflow_id for run in runs])
        town.clock.pass_(minutes=6)
        time.sleep(0.5)
        assert called(*people) == [1, 0]
        for _ in range(2):
            paging.resume()
        people[1].sees(1)
    assert called(*people) == [1, 1]


@pytest.mark.slow
def test_killed_in_the_middle_of_a_call_it_goes_on_and_calls_nobody_twice(
    town: Town, telegram: TelegramStandin, tmp_path: Path
) -> None:
    names = ("dara", "sopheap")
    for name in names:
        works_at(town, "mrc", name)
    people = [phone(town, telegram, name) for name in ("mrc", *names)]
    lodges(town, HER)
    folder = tmp_path / "data"
    command = [sys.executable, "-m", "tests.bot.paging_house", folder]
    command += [telegram.address, telegram.token]
    telegram.lock.acquire()  # the first call arrives, and its answer does not
    try:
        process = subprocess.Popen([*command, "60"], cwd=ROOT, stdout=subprocess.DEVNULL)
        wait_for(lambda: alarms_of(town)[0].step == 1, 60)
        time.sleep(0.5)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    finally:
        telegram.lock.release()
    process = subprocess.Popen([*command, "0.02"], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: alarms_of(town)[0].given_up_at, 60)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    assert called(*people)[1:] == [1, 1]
    assert called(*people)[0] <= 1


def test_an_alarm_whose_transaction_is_rolled_back_calls_nobody(
    town: Town, telegram: TelegramStandin, tmp_path: Path
) -> None:
    counsellor = phone(town, telegram, "mrc")
    with paging_in(town.site, settings_of(telegram), tmp_path):
        code = town.lodges("រឿង", category=DANGER)
        with town.site.store.writing() as session:
            assert on_duty.raise_alarm(session, town.site, case.by_code(session, code))
            session.rollback()
        time.sleep(0.5)
        with town.site.store.reading() as session:
            assert alarm.all_under_way(session) == []
    assert counsellor.bubbles == []

"""What the phone of a member says to the bot, and what it hears."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from bot.content import content
from bot.parcel import Outgoing
from referrals import duty
from referrals.duty import DutyPhone
from referrals.taxonomy import ConsentCode
from tests.bot.paging_house import phone, said, sends
from tests.house import Town, build_town
from tests.on_call import DANGER, alarms_of, links, raises
from tests.standins.telegram import TelegramStandin


@pytest.fixture
def telegram() -> Iterator[TelegramStandin]:
    with TelegramStandin() as standin:
        yield standin


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    built = build_town(tmp_path)
    yield built
    built.site.store.engine.dispose()


def test_a_code_sent_to_the_bot_links_the_phone(town: Town, telegram: TelegramStandin) -> None:
    person = telegram.person("មន្ត្រី")
    with town.site.store.writing() as session:
        code = duty.link_code(session, town.site, town.people["mrc"].member_id)
    khmer = code.translate(str.maketrans("0123456789", "០១២៣៤៥៦៧៨៩"))
    linked, wrong = (content().says[key].km.strip() for key in ("duty_linked", "duty_wrong"))
    assert said(sends(town, person, text=f"/duty {khmer[:4]} {khmer[4:]}")) == linked
    assert said(sends(town, telegram.person("ផ្សេង"), text=f"/duty {code}")) == wrong
    town.clock.pass_(seconds=1)
    assert said(sends(town, person, text="/duty")) == wrong
    with town.site.store.reading() as session:
        assert session.exec(select(DutyPhone)).one().member_id == town.people["mrc"].member_id


def test_the_same_message_played_again_after_a_crash_says_the_same(
    town: Town, telegram: TelegramStandin
) -> None:
    person = telegram.person("មន្ត្រី")
    with town.site.store.writing() as session:
        code = duty.link_code(session, town.site, town.people["mrc"].member_id)
    once = said(sends(town, person, text=f"/duty {code}"))
    assert said(sends(town, person, text=f"/duty {code}")) == once


def test_a_stranger_who_presses_gets_nothing_and_changes_nothing(
    town: Town, telegram: TelegramStandin
) -> None:
    links(town, "mrc-kampot", "77")
    raised = raises(town, town.lodges("រឿង", category=DANGER, shares=[ConsentCode.SHARE_MRC]))
    kampot = telegram.person("កំពត")
    kampot.id = 77
    for payload in (f"duty:alarm={raised}", "duty:alarm=" + "0" * 32, "duty:alarm="):
        for stranger in (telegram.person("ជនចម្លែក"), kampot):
            assert sends(town, stranger, button=payload) == Outgoing(())
    assert alarms_of(town)[0].answered_at is None


def test_who_is_too_late_is_told_so(town: Town, telegram: TelegramStandin) -> None:
    first, second = (phone(town, telegram, name) for name in ("mrc", "lawyer"))
    raised = raises(town, town.lodges("រឿង", category=DANGER))
    payload = f"duty:alarm={raised}"
    for _ in range(2):
        assert "ឈប់ហៅ" in said(sends(town, first, button=payload))
        assert "រួចហើយ" in said(sends(town, second, button=payload))


@pytest.mark.parametrize("text", ["duty", "សួស្តី", "/dutyfree 12345678", "ខ្ញុំ /duty 12345678"])
def test_everything_else_is_an_ordinary_turn(
    town: Town, telegram: TelegramStandin, text: str
) -> None:
    phone(town, telegram, "mrc")
    assert sends(town, telegram.person("មន្ត្រី"), text=text) is None
    assert sends(town, telegram.person("មន្ត្រី"), button="danger") is None

"""What Telegram shows of the bot, to her and to whoever looks over her shoulder."""

import logging
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.channels.telegram import COMMANDS, TelegramChannel
from bot.channels.telegram_profile import DESCRIPTION_LIMIT, NAME_LIMIT, SHORT_LIMIT
from bot.message import TryLater
from bot.settings import ChannelSettings
from tests.standins.telegram import TelegramStandin

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
WORDS: dict[str, dict[str, str]] = yaml.safe_load(
    (Path(__file__).parents[3] / "bot" / "content" / "profile.yml").read_text(encoding="utf-8")
)
LIMITS = {
    "name": NAME_LIMIT,
    "short_description": SHORT_LIMIT,
    "description": DESCRIPTION_LIMIT,
}
CHANGES = ("setMyName", "setMyShortDescription", "setMyDescription")

TELLING = (
    *("complain", "migrant", "worker", "right", "employer", "office", "help", "labour", "abuse"),
    *("បណ្ដឹង", "បណ្តឹង", "ប្ដឹង", "ប្តឹង", "ពលករ", "កម្មករ", "ចំណាក", "សិទ្ធិ", "ថៅកែ", "និយោជក"),
    *("ការិយាល័យ", "មន្ទីរ", "ជំនួយ", "ជួយ", "គ្រោះថ្នាក់", "ការងារ"),
)
"""What a husband, a broker or an employer must not read there."""


@pytest.fixture
async def channel(telegram: TelegramStandin) -> AsyncIterator[TelegramChannel]:
    settings = ChannelSettings(
        _env_file=None, telegram_bot_token=telegram.token, telegram_api_url=telegram.address
    )
    async with TelegramChannel(settings, lambda *_: "", lambda: NOW) as opened:
        yield opened


def texts() -> Iterator[tuple[str, str]]:
    for part, languages in WORDS.items():
        for text in languages.values():
            yield part, text.strip()


def changes(telegram: TelegramStandin) -> list[str]:
    return [call.method for call in telegram.calls if call.method in CHANGES]


# --- The words ---------------------------------------------------------------------------------


def test_every_part_is_there_in_both_languages_and_fits() -> None:
    assert set(WORDS) == set(LIMITS)
    assert all(set(languages) == {"km", "en"} for languages in WORDS.values())
    assert [part for part, text in texts() if not 0 < len(text) <= LIMITS[part]] == []


def test_nothing_there_says_what_the_bot_is_for() -> None:
    assert [(word, text) for _, text in texts() for word in TELLING if word in text.lower()] == []


def test_nothing_there_is_changed_by_telegram_which_would_then_be_set_at_every_start() -> None:
    assert [text for _, text in texts() if re.search("[\u200b-\u200f\u2028-\u202e]", text)] == []
    assert [text for part, text in texts() if part != "description" and "\n" in text] == []


# --- Setting them ------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_the_menu_is_khmer_and_english(
    telegram: TelegramStandin, channel: TelegramChannel
) -> None:
    await channel.set_menu()
    assert set(telegram.commands) == {"", "en"}
    for commands in telegram.commands.values():
        assert {c["command"] for c in commands} == set(COMMANDS) - {"start"}


@pytest.mark.anyio
async def test_name_and_descriptions_are_khmer_and_english(
    telegram: TelegramStandin, channel: TelegramChannel
) -> None:
    await channel.set_menu()
    assert telegram.profile == {
        part: {"": languages["km"].strip(), "en": languages["en"].strip()}
        for part, languages in WORDS.items()
    }


@pytest.mark.anyio
async def test_what_telegram_shows_already_is_not_set_again(
    telegram: TelegramStandin, channel: TelegramChannel
) -> None:
    await channel.set_menu()
    assert len(changes(telegram)) == 6
    await channel.set_menu()
    assert len(changes(telegram)) == 6
    telegram.profile["name"][""] = "Complaints"
    await channel.set_menu()
    assert changes(telegram)[6:] == ["setMyName"]


@pytest.mark.anyio
@pytest.mark.parametrize("method", [*CHANGES, "getMyName", "getMyDescription"])
@pytest.mark.parametrize(("status", "after"), [(429, 36_000), (400, None)])
async def test_a_part_that_telegram_refuses_keeps_nothing_else_back_and_is_logged(
    telegram: TelegramStandin,
    channel: TelegramChannel,
    caplog: pytest.LogCaptureFixture,
    method: str,
    status: int,
    after: int | None,
) -> None:
    telegram.fail_next(method, status, retry_after=after)
    await channel.set_menu()
    assert set(telegram.commands) == {"", "en"}
    assert len(changes(telegram)) == (6 if method in CHANGES else 5)
    ours = [r for r in caplog.records if r.name == "bot.channels.telegram_profile"]
    assert len(ours) == 1
    assert ours[0].levelno == logging.WARNING
    assert not any(text in caplog.text for _, text in texts())


@pytest.mark.anyio
@pytest.mark.parametrize("failure", [{"status": 429, "retry_after": 5}, {"status": 502}])
async def test_a_part_that_may_work_in_a_minute_is_asked_for_again(
    telegram: TelegramStandin, channel: TelegramChannel, failure: dict[str, Any]
) -> None:
    telegram.fail_next("setMyName", **failure)
    with pytest.raises(TryLater):
        await channel.set_menu()
    assert len(changes(telegram)) == 6  # the others were not kept back
    await channel.set_menu()
    assert changes(telegram)[6:] == ["setMyName"]
    assert telegram.profile["name"] == {"": WORDS["name"]["km"], "en": WORDS["name"]["en"]}

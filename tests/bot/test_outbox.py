"""What leaves for Telegram: recorded voices, notices by day, and clearing the chat."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import SecretStr
from sqlmodel import select

from bot import conversation, durable, outbox, parcel, trace
from bot.channels.telegram import TelegramChannel
from bot.content import content, living
from bot.message import ChannelName, Language, Message, Reply, TryLater
from bot.parcel import Outgoing
from bot.rasa import RasaClient
from bot.settings import ChannelSettings
from bot.turn import Turns
from referrals import contact, notice
from referrals.case import Case
from referrals.site import Site
from tests.house import Clock, Town, build_town
from tests.standins.telegram import TelegramPerson, TelegramStandin

NIGHT = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
"""One in the morning in Phnom Penh."""

DAY = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
OGG = b"OggS" + bytes(60)


@dataclass
class House:
    """A site, the real Telegram channel, and a person with a chat."""

    site: Site
    clock: Clock
    turns: Turns
    telegram: TelegramStandin
    her: TelegramPerson
    name: str
    folder: Path

    def says(self, text: str) -> None:
        """Let the bot say something to her."""
        assert outbox.send(self.turns, self.name, Reply(text))

    def chat(self) -> list[str]:
        """Give the bot's bubbles that stand in her chat."""
        return [bubble.text for bubble in self.her.sees()]

    def waiting(self) -> list[str]:
        with self.site.store.reading() as session:
            return [letter.id for letter in notice.unannounced(session)]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    town = build_town(tmp_path)
    town.clock.now = DAY
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def wait(coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(30)

    with TelegramStandin() as telegram:
        settings = ChannelSettings(
            telegram_bot_token=SecretStr(telegram.token), telegram_api_url=telegram.address
        )
        stack = AsyncExitStack()

        async def opened() -> TelegramChannel:
            pseudonym = town.site.server_key.pseudonym
            return await stack.enter_async_context(TelegramChannel(settings, pseudonym, town.clock))

        channel = wait(opened())
        turns = Turns(
            town.site,
            content(),
            cast(RasaClient, None),
            {ChannelName.TELEGRAM: channel},
            wait,
        )
        her = telegram.person("Her")
        her.starts()
        name = town.site.server_key.pseudonym("telegram", str(her.id))
        with town.site.store.writing() as session:
            conversation.begin(session, name, DAY)
            contact.heard_from(session, town.site, name, "telegram", str(her.id), DAY)
        yield House(town.site, town.clock, turns, telegram, her, name, tmp_path)
        wait(stack.aclose())
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    town.site.store.engine.dispose()


# ---- a recorded voice


def recorded(house: House) -> str:
    with house.site.store.writing() as session:
        return living.record(
            session,
            "minimum_wage",
            "TH",
            Language.KM,
            media_type="audio/ogg",
            sound=OGG,
            author=None,
            now=DAY,
        )


def spoken(house: House, voice: str) -> None:
    """Send an answer with its voice, piece by piece, as the durable queue does."""
    outgoing = Outgoing((Reply("400 baht", voice=voice),))
    for number in range(2):
        assert outbox.leave(house.turns, house.name, outgoing, number)
    assert not outbox.leave(house.turns, house.name, outgoing, 2)


def sendings(house: House) -> list[str]:
    return [call.method for call in house.telegram.calls if call.method.startswith("send")]


def test_the_recorded_voice_comes_before_the_words(house: House) -> None:
    spoken(house, recorded(house))
    assert sendings(house) == ["sendVoice", "sendMessage"]


@pytest.mark.parametrize("status", [400, 500])
def test_who_gets_no_voice_gets_the_words_all_the_same(house: House, status: int) -> None:
    house.telegram.fail_next("sendVoice", status)
    spoken(house, recorded(house))
    assert house.chat() == ["400 baht"]


def test_a_recording_that_was_taken_away_is_not_missed(house: House) -> None:
    spoken(house, "no such recording")
    assert house.chat() == ["400 baht"]


def play(house: House, outgoing: Outgoing) -> str:
    """Let a turn have been played with this outcome; gives its parcel."""
    message = Message(ChannelName.TELEGRAM, "tg-1", house.name, "1", DAY, button="menu")
    with house.site.store.writing() as session:
        parcel.accept(session, house.site, "tg-1", message)
        parcel.answer(session, house.site, "tg-1", outgoing)
    return "tg-1"


def leaves(house: House, parcel_id: str) -> int:
    """Send what a turn answered through the queue; gives how many pieces left."""
    loop = house.turns.wait(_loop())
    durable.start(house.turns, loop)
    engine = durable.open_(f"sqlite:///{house.folder / 'work.sqlite'}")
    try:
        return durable.send_workflow(parcel_id, house.name, durable._count(parcel_id))
    finally:
        durable.stop()
        engine.dispose()


async def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def test_a_voice_is_not_sent_again_because_its_words_are(house: House) -> None:
    sent = play(house, Outgoing((Reply("400 baht", voice=recorded(house)),)))
    house.telegram.fail_next("sendMessage", 429)
    assert leaves(house, sent) == 2
    assert sendings(house) == ["sendVoice", "sendMessage", "sendMessage"]
    assert house.chat()[-1] == "400 baht"


# ---- by night


def a_case(house: House) -> str:
    Town(house.site, house.clock).lodges("story", conversation=house.name)
    with house.site.store.reading() as session:
        return session.exec(select(Case.id)).one()


def letter_to(house: House) -> str:
    case_id = a_case(house)
    with house.site.store.writing() as session:
        return notice.post(session, house.site, house.name, case_id, "words")


def test_at_night_no_notice_rings_and_in_the_morning_it_comes(house: House) -> None:
    post = letter_to(house)
    house.clock.now = NIGHT
    assert not outbox.announce(house.turns, post)
    assert house.chat() == []
    assert house.waiting() == [post]
    house.clock.now = NIGHT + timedelta(hours=6)
    assert outbox.announce(house.turns, post)
    assert len(house.chat()) == 1


def test_who_just_wrote_is_awake(house: House) -> None:
    post = letter_to(house)
    house.clock.now = NIGHT
    with house.site.store.writing() as session:
        contact.heard_from(session, house.site, house.name, "telegram", str(house.her.id), NIGHT)
    house.clock.now = NIGHT + timedelta(minutes=10)
    assert outbox.announce(house.turns, post)


# ---- clearing the chat


def test_what_telegram_lets_go_is_cleared_on_both_sides(house: House) -> None:
    mark = str(house.her.says("ថៅកែមិនបើកប្រាក់ខែ"))
    with house.site.store.writing() as session:
        trace.note(session, house.name, (mark,), DAY)
    house.says("one")
    house.says("two")
    assert outbox.clear(house.turns, house.name)
    assert house.chat() == []
    deleted = house.telegram.calls_of("deleteMessages")[-1].given["message_ids"]
    assert mark in str(deleted)


def test_a_chat_older_than_two_days_is_cleared_in_part_and_that_is_known(house: House) -> None:
    house.says("old")
    house.clock.pass_(hours=72)
    house.says("new")
    assert not outbox.clear(house.turns, house.name)
    assert "new" not in house.chat()


def test_after_a_whole_clearing_only_what_came_later_counts(house: House) -> None:
    assert outbox.clear(house.turns, house.name)
    house.clock.pass_(hours=40)
    house.says("later")
    assert outbox.clear(house.turns, house.name)


HIDING = Outgoing((Reply("how to clear it by hand"), Reply("good health")), clear=True)


def test_hiding_leaves_one_innocent_word(house: House) -> None:
    house.says("one")
    assert leaves(house, play(house, HIDING)) == 2
    assert house.chat() == ["good health"]


def test_hiding_waits_out_a_platform_that_wants_a_pause(house: House) -> None:
    house.says("one")
    house.telegram.fail_next("deleteMessages", 429, retry_after=1)
    assert leaves(house, play(house, HIDING)) == 2
    assert house.chat() == ["good health"]


def test_what_could_not_be_deleted_is_not_taken_for_gone_the_next_time(house: House) -> None:
    house.says("one")
    for _ in range(2):
        house.telegram.fail_next("deleteMessages", 400)
        house.telegram.fail_next("deleteMessage", 400)
        assert not outbox.clear(house.turns, house.name)
    assert outbox.clear(house.turns, house.name)
    assert house.chat() == []


def test_what_may_have_arrived_without_a_number_is_not_taken_for_gone(house: House) -> None:
    house.telegram.fail_next("sendMessage", 500)
    with pytest.raises(TryLater):
        outbox.send(house.turns, house.name, Reply("one"))
    assert not outbox.clear(house.turns, house.name)
    house.clock.pass_(hours=24)
    assert not outbox.clear(house.turns, house.name)


def test_what_certainly_did_not_arrive_leaves_no_doubt(house: House) -> None:
    house.telegram.fail_next("sendMessage", 429, retry_after=1)
    with pytest.raises(TryLater):
        outbox.send(house.turns, house.name, Reply("one"))
    assert outbox.clear(house.turns, house.name)


def test_what_was_cleared_is_forgotten(house: House) -> None:
    house.says("one")
    assert outbox.clear(house.turns, house.name)
    with house.site.store.reading() as session:
        assert trace.marks(session, house.name) == []


def test_nobody_remembers_what_can_no_longer_be_deleted(house: House) -> None:
    house.says("one")
    house.clock.pass_(hours=49)
    with house.site.store.writing() as session:
        trace.sweep(session, house.clock.now)
        assert trace.marks(session, house.name) == []

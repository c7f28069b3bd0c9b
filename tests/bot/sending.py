"""A small house that sends news: a real site and queue, and Telegram's stand-in; no dialogue.

As a program of its own (`python -m tests.bot.sending FOLDER ADDRESS TOKEN PER_SECOND`) it can be
killed in the middle.
"""

import asyncio
import sys
import threading
import time as machine
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr
from sqlmodel import SQLModel, col, select

from bot import audience, broadcast, conversation, durable, news
from bot.channels.messenger import MessengerChannel
from bot.channels.telegram import TelegramChannel
from bot.channels.web import WebChannel
from bot.content import content
from bot.message import Channel, ChannelName, Language
from bot.news import AlertDelivery, AlertState, Delivery, Written
from bot.rasa import RasaClient
from bot.settings import ChannelSettings
from bot.turn import Turns
from bot.when import QuietHours
from referrals import contact
from referrals.settings import StoreSettings
from referrals.site import Site, open_site
from tests.house import Clock
from tests.standins import wait_for
from tests.standins.messenger import MessengerPerson, MessengerStandin
from tests.standins.telegram import TelegramPerson, TelegramStandin

NEVER_QUIET = QuietHours(time(0), time(0))
WRITTEN = Written(
    country="TH",
    text_km="ការចុះឈ្មោះពលករនៅថៃបើកហើយ រយៈពេល 30 ថ្ងៃ។",
    text_en="Registration of workers in Thailand is open for 30 days.",
    source_km="ក្រសួងការងារ",
    source_en="Ministry of Labour",
    as_of=date(2026, 11, 20),
)
RATE = 200.0


def new_site(folder: Path, url: str | None = None, clock: Any = None) -> Site:
    site = open_site(StoreSettings(data_dir=folder, database_url=url), clock or Clock())
    SQLModel.metadata.create_all(site.store.engine)
    return site


def heard_from(site: Site, channel: str, user: str, at: datetime | None = None) -> str:
    """Let somebody have written to the bot; gives her conversation."""
    her, now = site.server_key.pseudonym(channel, user), at or site.clock()
    with site.store.writing() as session:
        conversation.begin(session, her, now)
        contact.heard_from(session, site, her, channel, user, now)
    return her


def asks_for(site: Site, her: str, country: str, language: Language = Language.KM) -> None:
    with site.store.writing() as session:
        news.subscribe(session, her, country, language=language, asked_version=1, now=site.clock())
        if language is not Language.KM:
            conversation.set_language(session, her, language)


def on_telegram(
    site: Site, telegram: TelegramStandin, country: str, language: Language = Language.KM
) -> TelegramPerson:
    """Let somebody on Telegram ask for news."""
    person = telegram.person("ដារ៉ា")
    person.started = True
    asks_for(site, heard_from(site, "telegram", str(person.id)), country, language)
    return person


def on_messenger(site: Site, messenger: MessengerStandin, country: str) -> MessengerPerson:
    """Let somebody on Messenger ask for news."""
    person = messenger.person("សុខា")
    person.last_heard = machine.time()
    asks_for(site, heard_from(site, "messenger", person.id), country)
    return person


def let_go(site: Site, written: Written = WRITTEN, on: tuple[str, ...] = ("telegram",)) -> str:
    """Write news and freeze whom it goes to; it is not begun yet."""
    now = site.clock()
    with site.store.writing() as session:
        alert = news.write(session, written, author=None, now=now)
        told = audience.audience(session, written.country, on, now).count
        audience.freeze(session, alert.id, on, now, told=told)
        return alert.id


def result(site: Site, alert_id: str) -> Mapping[Delivery, int]:
    """Give the counts, without those that are nought."""
    with site.store.reading() as session:
        return {state: n for state, n in news.result(session, alert_id).items() if n}


def state(site: Site, alert_id: str) -> str:
    with site.store.reading() as session:
        return news.alert_of(session, alert_id).state


def ends(site: Site, alert_id: str, seconds: float = 30) -> Mapping[Delivery, int]:
    """Wait until nobody waits any more; gives the counts."""
    wait_for(lambda: state(site, alert_id) == AlertState.DONE, seconds)
    return result(site, alert_id)


def stands_at(site: Site, alert_id: str, her: str) -> str:
    with site.store.reading() as session:
        return session.exec(
            select(AlertDelivery.state).where(
                AlertDelivery.alert_id == alert_id, col(AlertDelivery.conversation) == her
            )
        ).one()


@dataclass
class EventLoop:
    """An event loop in a thread of its own, as the server's is for the workers."""

    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def __enter__(self) -> asyncio.AbstractEventLoop:
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        return self.loop

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


@contextmanager
def working(
    site: Site, settings: ChannelSettings, quiet: QuietHours = NEVER_QUIET
) -> Iterator[Turns]:
    """Give turns with the channels of these settings; nothing is played yet."""
    with EventLoop() as loop:
        wait = durable.wait_on(loop)
        stack = AsyncExitStack()

        async def channels() -> dict[ChannelName, Channel]:
            made: dict[ChannelName, Channel] = {ChannelName.WEB: cast(Channel, WebChannel())}
            for name, has, kind in (
                (ChannelName.TELEGRAM, settings.telegram_bot_token, TelegramChannel),
                (ChannelName.MESSENGER, settings.messenger_page_token, MessengerChannel),
            ):
                if has:
                    channel = kind(settings, site.server_key.pseudonym, site.clock)
                    made[name] = await stack.enter_async_context(channel)
            return made

        try:
            nobody = cast(RasaClient, None)
            yield Turns(site, content(), nobody, wait(channels()), wait, quiet)
        finally:
            wait(stack.aclose())


@contextmanager
def sending(
    site: Site,
    settings: ChannelSettings,
    folder: Path,
    *,
    quiet: QuietHours = NEVER_QUIET,
    per_second: float = RATE,
) -> Iterator[Turns]:
    """Send, durably, for as long as the block lasts."""
    with working(site, settings, quiet) as turns:
        loop = turns.wait(_running_loop())
        durable.start(turns, loop)
        engine = durable.open_(f"sqlite:///{folder / 'work.sqlite'}")
        try:
            broadcast.open_(per_second)
            yield turns
        finally:
            broadcast.close()
            durable.stop()
            engine.dispose()


async def _running_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def settings_of(
    telegram: TelegramStandin | None = None, messenger: MessengerStandin | None = None
) -> ChannelSettings:
    given: dict[str, Any] = {}
    if telegram:
        given["telegram_bot_token"] = SecretStr(telegram.token)
        given["telegram_api_url"] = telegram.address
    if messenger:
        given["messenger_page_token"] = SecretStr(messenger.token)
        given["messenger_app_secret"] = SecretStr(messenger.app_secret)
        given["messenger_verify_token"] = SecretStr(messenger.verify_token)
        given["messenger_graph_url"] = messenger.graph_url
    return ChannelSettings(**given)


def main() -> None:
    """Send until it is killed."""
    folder, address, token, per_second = sys.argv[1:]
    site = open_site(StoreSettings(data_dir=Path(folder)), lambda: datetime.now(UTC))
    settings = ChannelSettings(telegram_bot_token=SecretStr(token), telegram_api_url=address)
    with sending(site, settings, Path(folder), per_second=float(per_second)):
        print("Ready.", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()

"""A small house that calls the duty person: a town, a real queue, Telegram's stand-in; no dialogue.

As a program of its own (`python -m tests.bot.paging_house FOLDER ADDRESS TOKEN MINUTES`) it can be
killed in the middle.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from bot import durable, on_duty, paging
from bot.message import ChannelName, Message
from bot.parcel import Outgoing
from bot.settings import ChannelSettings
from bot.turn import Turns
from bot.when import QuietHours
from referrals import case
from referrals.settings import StoreSettings
from referrals.site import Site, open_site
from tests.bot.sending import NEVER_QUIET, _running_loop, heard_from, working
from tests.house import Town
from tests.on_call import DANGER, links
from tests.standins.telegram import TelegramPerson, TelegramStandin


@contextmanager
def paging_in(
    site: Site,
    settings: ChannelSettings,
    folder: Path,
    minutes: float = 5.0,
    quiet: QuietHours = NEVER_QUIET,
) -> Iterator[Turns]:
    """Call, durably, for as long as the block lasts."""
    with working(site, settings, quiet) as turns:
        durable.start(turns, turns.wait(_running_loop()))
        engine = durable.open_(f"sqlite:///{folder / 'work.sqlite'}")
        try:
            paging.open_(minutes)
            yield turns
        finally:
            paging.close()
            durable.stop()
            engine.dispose()


def phone(town: Town, telegram: TelegramStandin, name: str) -> TelegramPerson:
    """Give a member a phone with Telegram, linked."""
    person = telegram.person(name)
    person.started = True
    assert links(town, name, str(person.id))
    return person


def migrant(town: Town, telegram: TelegramStandin) -> tuple[TelegramPerson, str]:
    """Let somebody have written to the bot; gives her and her conversation."""
    her = telegram.person("អ្នកធ្វើការ")
    her.started = True
    return her, heard_from(town.site, "telegram", str(her.id))


def lodges(town: Town, conversation: str, *, contact_me: bool = True) -> str:
    """Lodge a case of danger and raise its alarm, as a turn does; gives the code."""
    code = town.lodges(
        "រឿងសម្ងាត់", conversation=conversation, category=DANGER, contact_me=contact_me
    )
    with town.site.store.writing() as session:
        assert on_duty.raise_alarm(session, town.site, case.by_code(session, code))
    return code


def sends(town: Town, person: TelegramPerson, **said: str) -> Outgoing | None:
    """Let a Telegram user send a text or press a button; gives what is answered at once."""
    her = town.site.server_key.pseudonym("telegram", str(person.id))
    update = f"tg-1-{time.monotonic_ns():020d}"
    message = Message(
        ChannelName.TELEGRAM,
        update,
        her,
        str(person.id),
        town.clock(),
        **said,  # type: ignore[arg-type]
    )
    return on_duty.heard(town.site, message)


def said(answer: Outgoing | None) -> str:
    assert answer
    return " ".join(reply.text for reply in answer.replies)


def main() -> None:
    """Call until it is killed."""
    folder, address, token, minutes = sys.argv[1:]
    site = open_site(StoreSettings(data_dir=Path(folder)), lambda: datetime.now(UTC))
    settings = ChannelSettings(telegram_bot_token=SecretStr(token), telegram_api_url=address)
    paging._terms = paging.Terms(nap=0.2)
    with paging_in(site, settings, Path(folder), float(minutes)):
        print("Ready.", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()

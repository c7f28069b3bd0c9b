"""One person's turns with a stand-in for the dialogue, which hears and says nothing."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from sqlmodel import SQLModel

from bot import conversation, parcel
from bot.channels import delivery_key
from bot.content import content
from bot.message import Channel, ChannelName, Message
from bot.parcel import Outgoing
from bot.rasa import Found, Heard, Parsed, Played, RasaClient, RasaUnavailable
from bot.turn import Turns
from referrals import draft
from referrals.settings import StoreSettings
from referrals.site import Site, open_site
from tests.bot.actions.talk import HER, NOW


@dataclass
class Dialogue:
    """Hears turns, and reads every sentence as `ranking` says."""

    ranking: tuple[tuple[str, float], ...] = (("out_of_scope", 0.95),)
    awaiting: str | None = None
    away: bool = False
    heard: list[Heard] = field(default_factory=list)
    says: tuple[dict[str, str], ...] = ()
    places: tuple[Found, ...] = ()

    async def parse(self, _text: str) -> Parsed:
        if self.away:
            raise RasaUnavailable
        return Parsed(self.ranking, self.places)

    async def turn(self, heard: Heard) -> Played:
        if self.away:
            raise RasaUnavailable
        self.heard.append(heard)
        return Played(self.says, self.awaiting, "complaint_form" if self.awaiting else None)


class Photos:
    """A channel that gives every file it is asked for."""

    async def fetch(self, _reference: str) -> AsyncIterator[bytes]:
        yield b"\xff\xd8\xff a photo"


@dataclass
class Chat:
    """One person, and what becomes of what she sends."""

    site: Site
    dialogue: Dialogue
    turns: Turns
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def sends(self, text: str | None = None, *, at: datetime = NOW, **how: Any) -> Heard:
        """Send one message, played as the durable queue plays it, its replies shown at once."""
        self.outgoing = self.plays(text, at=at, **how)
        return self.dialogue.heard[-1]

    def plays(self, text: str | None, *, at: datetime, shown: bool = True, **how: Any) -> Outgoing:
        message = Message(
            ChannelName.TELEGRAM, f"tg-{next(self._numbers):020}", HER, "1", at, text, **how
        )
        number = delivery_key(message.update)
        with self.site.store.writing() as session:
            parcel.accept(session, self.site, number, message)
        outgoing = self.turns.play(message)
        with self.site.store.writing() as session:
            parcel.answer(session, self.site, number, outgoing)
            if shown:
                parcel.show(session, number, self.site.clock())
        return outgoing

    def asked_for(self, slot: str | None) -> None:
        """Have the dialogue wait for this answer from now on."""
        self.dialogue.awaiting = slot
        self.sends(button="menu")

    def told(self, of: str = "story") -> list[str | None]:
        with self.site.store.reading() as session:
            begun = draft.find(session, HER)
            return [t.text for t in draft.told(session, self.site, begun, of)] if begun else []

    @property
    def is_urgent(self) -> bool:
        with self.site.store.reading() as session:
            return conversation.in_danger(session, HER, NOW)


def new_chat(folder: Path) -> Chat:
    """Give somebody who just came."""
    site = open_site(StoreSettings(data_dir=folder), clock=lambda: NOW)
    SQLModel.metadata.create_all(site.store.engine)
    dialogue = Dialogue()
    channels = {ChannelName.TELEGRAM: cast(Channel, Photos())}
    turns = Turns(site, content(), cast(RasaClient, dialogue), channels, asyncio.run)
    return Chat(site, dialogue, turns)

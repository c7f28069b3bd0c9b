"""The stage: a turn as in the program, with the real Rasa and a site with offices.

Only the platform is missing: messages are handed to the turn as its channel would hand them over.
"""

import asyncio
import json
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any, cast

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import SQLModel

import api.migrations.tables
from bot import conversation
from bot.actions import ACTIONS, parse_request
from bot.content import content
from bot.message import Channel, ChannelName
from bot.rasa import Heard, Parsed, Played, RasaClient, RasaProcess, RasaSettings
from bot.turn import Turns
from referrals import directory, draft, keys
from referrals.settings import StoreSettings
from referrals.site import Site, open_site
from referrals.taxonomy import PartnerType

assert api.migrations.tables.TABLES  # every table is declared

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "actions-" + "t" * 32
TRACKER_KEY = bytes(range(32))
START = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
PHOTO = b"\xff\xd8\xff\xe0 a photo"
OFFICES = (
    (PartnerType.MRC, "មជ្ឈមណ្ឌល ព្រៃវែង", "MRC Prey Veng", "KH-14"),
    (PartnerType.PDOLVT, "មន្ទីរការងារ ព្រៃវែង", "PDOLVT Prey Veng", "KH-14"),
    (PartnerType.MRC, "មជ្ឈមណ្ឌល បាត់ដំបង", "MRC Battambang", "KH-2"),
    (PartnerType.LEGAL_AID, "ជំនួយច្បាប់", "Legal aid", None),
)


class Clock:
    """A clock that a script moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class Files:
    """A platform that gives every file it is asked for."""

    async def fetch(self, _reference: str) -> AsyncIterator[bytes]:
        yield PHOTO


class Listening:
    """Rasa's client, with what was last said by it. `meant` is taken for what any words mean."""

    def __init__(self, client: RasaClient) -> None:
        self._client = client
        self.said: list[str] = []
        self.meant: Parsed | None = None

    async def parse(self, text: str) -> Parsed:
        return self.meant or await self._client.parse(text)

    async def turn(self, heard: Heard) -> Played:
        played = await self._client.turn(heard)
        self.said += [str(say["say"]) for say in played.says]
        return played


@dataclass
class Stage:
    """One house for many people. `marks` numbers the people who come."""

    site: Site
    clock: Clock
    turns: Turns
    listening: Listening
    process: RasaProcess
    settings: RasaSettings
    loop: asyncio.AbstractEventLoop
    marks: Iterator[int] = field(default_factory=count)

    def run(self, work: Any) -> Any:
        """Await something on the loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(150)

    def restart(self) -> None:
        """End Rasa and start it again, as an update of the server does."""
        self.run(self.process.stop())
        self.process = RasaProcess(self.settings)
        self.run(self.process.start())
        self.listening._client = self.process.client

    def let_pass(self, silence: timedelta) -> None:
        """Let time go by, for Rasa too: its events become older, its rows are sealed again."""
        self.clock.now += silence
        cipher = AESGCM(TRACKER_KEY)
        tracker = self.settings.home / "tracker.db"
        with closing(sqlite3.connect(tracker)) as rows, rows:
            for sender, sealed in rows.execute("SELECT sender, sealed FROM tracker").fetchall():
                bound_to = b"samleng tracker v1\x00" + sender.encode()
                plain = json.loads(cipher.decrypt(sealed[:12], sealed[12:], bound_to))
                for event in plain.get("events", ()):
                    event["timestamp"] -= silence.total_seconds()
                nonce = os.urandom(12)
                changed = nonce + cipher.encrypt(nonce, json.dumps(plain).encode(), bound_to)
                rows.execute("UPDATE tracker SET sealed=? WHERE sender=?", (changed, sender))

    def sweep(self) -> None:
        """Do what the program does every ten minutes with drafts nobody came back to."""
        with self.site.store.writing() as session:
            for old in draft.expired(session, self.clock.now):
                draft.discard(session, self.site, old)


class _Actions(BaseHTTPRequestHandler):
    """The app's action server, as api/rasa_actions.py serves it."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_POST(self) -> None:
        site: Site = self.server.site  # type: ignore[attr-defined]
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with site.store.writing() as session:
            language = conversation.state(session, str(asked["sender_id"])).language
            request = parse_request(asked, language, site.clock())
            answer = ACTIONS[request.name](session, site, request).as_json()
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def open_stage(folder: Path, model: Path) -> Iterator[Stage]:
    """Build the house and start Rasa."""
    clock = Clock()
    site = open_site(
        StoreSettings(data_dir=folder / "data", public_url="https://samleng.example"),
        clock=clock,
    )
    SQLModel.metadata.create_all(site.store.engine)
    with site.store.writing() as session:
        for kind, km, en, province in OFFICES:
            office = directory.add_organisation(
                session, kind, km, en, province=province, national=province is None, source="test"
            )
            office.public_key = keys.PrivateKey.new().public
            session.add(office)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Actions)
    server.site = site  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/actions"
    settings = RasaSettings(ROOT, folder / "rasa", model, address, TOKEN, TRACKER_KEY)
    process = RasaProcess(settings)
    asyncio.run_coroutine_threadsafe(process.start(), loop).result(150)
    listening = Listening(process.client)

    def wait(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(150)

    channels: Mapping[ChannelName, Channel] = dict.fromkeys(ChannelName, cast(Channel, Files()))
    turns = Turns(site, content(), cast(RasaClient, listening), channels, wait)
    stage = Stage(site, clock, turns, listening, process, settings, loop)
    try:
        yield stage
    finally:
        wait(stage.process.stop())
        server.shutdown()
        loop.call_soon_threadsafe(loop.stop)

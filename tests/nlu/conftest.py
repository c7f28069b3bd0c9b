"""The real Rasa with the real model, and the real actions over an installation with offices.

What is left out of a turn is the reading of words (bot/turn.py): a test says what was understood.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import Session, SQLModel

import api.migrations.tables
from bot import claims, conversation
from bot.actions import ACTIONS, parse_request
from bot.keep import Keeper
from bot.message import ChannelName, Message
from bot.rasa import Heard, Played, RasaProcess, RasaSettings, State
from bot.training import INPUTS, MODEL, train
from referrals import case, directory, draft, keys, lodging
from referrals.code import new_code
from referrals.settings import StoreSettings
from referrals.site import Site, open_site
from referrals.taxonomy import PartnerType
from tests.house import answers_consents

assert api.migrations.tables.TABLES  # every table is declared

ROOT = Path(__file__).resolve().parents[2]
TRACKER_KEY = bytes(range(32))
ACTIONS_TOKEN = "actions-" + "t" * 32
NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
TOLD = "ថៅកែមិនបើកប្រាក់ខែ"

ANSWERS = {
    "category": "unpaid_wages",
    "country": "TH",
    "province": "KH-14",
    "share_mrc": "yes",
    "contact_me": "yes",
}
FORM = ["category", "country", "province", "story", "share_mrc", "contact_me", "lodge"]
"""The questions of the shortest way; `store` stands under the story."""

T = TypeVar("T")


class App:
    """Answers the action server protocol with the real actions, each in its own transaction.

    `ran` are the actions that were called; `fails` those that are answered with a server error.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.ran: list[str] = []
        self.fails: set[str] = set()
        self.authorised = True

    def answer(self, call: Mapping[str, Any]) -> dict[str, Any]:
        """Run one action, as api/rasa_actions.py does; each say carries who said it (`by`)."""
        name, sender = str(call["next_action"]), str(call["sender_id"])
        self.ran.append(name)
        with self.site.store.writing() as session:
            conversation.begin(session, sender, self.site.clock())  # as the turn does
            language = conversation.state(session, sender).language
            asked = parse_request(call, language, self.site.clock())
            answer = ACTIONS[name](session, self.site, asked).as_json()
        for response in answer["responses"]:
            response["custom"]["by"] = name
        return answer


def open_house(data_dir: Path) -> Site:
    """Open an installation with a centre, a labour office and lawyers who can receive."""
    ticks = count()  # no two things happen at the same moment
    clock = lambda: NOW + timedelta(milliseconds=next(ticks))  # noqa: E731
    site = open_site(StoreSettings(data_dir=data_dir), clock=clock)
    SQLModel.metadata.create_all(site.store.engine)
    with site.store.writing() as session:
        for kind, name, province in (
            (PartnerType.MRC, "MRC Prey Veng", "KH-14"),
            (PartnerType.PDOLVT, "PDOLVT Prey Veng", "KH-14"),
            (PartnerType.LEGAL_AID, "Legal aid", None),
        ):
            office = directory.add_organisation(
                session, kind, name, name, province=province, national=not province, source="test"
            )
            office.public_key = keys.PrivateKey.new().public
            session.add(office)
    return site


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_POST(self) -> None:
        app: App = self.server.app  # type: ignore[attr-defined]
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        app.authorised &= self.headers["Authorization"] == f"Bearer {ACTIONS_TOKEN}"
        failing = asked["next_action"] in app.fails
        body = b"{}" if failing else json.dumps(app.answer(asked)).encode()
        self.send_response(500 if failing else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Loop:
    """An event loop of its own thread, so that plain tests can hold a process between them."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def run(self, work: Coroutine[Any, Any, T], timeout: float = 150) -> T:
        """Run to the end and give the result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)


@dataclass
class Person:
    """One conversation. Every call is a message with an id of its own unless told otherwise."""

    rasa: RasaProcess
    app: App
    loop: Loop
    conversation: str
    channel: str = "web"
    last: Played = field(default_factory=lambda: Played((), None, None))
    _ids: Iterator[int] = field(default_factory=count)

    def says(self, intent: str, *, message_id: str | None = None, **entities: str) -> list[str]:
        """Play one message and give the names of the actions that spoke.

        What is told is kept before the dialogue hears of it.
        """
        update = message_id or f"update-{next(self._ids)}"
        if intent == "told" and entities.get("told") in {"story", "detail", "addition"}:
            self._keeper.text(self._message(update), entities["told"], TOLD)
        heard = Heard(
            conversation=self.conversation,
            message_id=update,
            channel=self.channel,
            intent=intent,
            entities=tuple(entities.items()),
            ranking=(("greet", 0.3), ("faq", 0.2)) if intent == "nlu_fallback" else (),
        )
        self.app.ran.clear()
        self.last = self.loop.run(self.rasa.client.turn(heard))
        by = [str(say["by"]).replace("complaint_form_", "") for say in self.last.says]
        return [name for n, name in enumerate(by) if by[n - 1 : n] != [name]]

    @property
    def keys(self) -> list[str]:
        """Give the keys of what was said last."""
        return [str(say["say"]) for say in self.last.says]

    @property
    def place(self) -> tuple[str | None, str | None]:
        """Give the form and the question at which she stands."""
        return self.last.loop, self.last.awaiting

    def tells(self) -> list[str]:
        """Tell something for the question that is asked, or for the story."""
        return self.says("told", told=self.last.awaiting or "story")

    def types(self, text: str) -> list[str]:
        """Type a code or a secret; the dialogue hears what came of it."""
        asked, update = str(self.last.awaiting), f"update-{next(self._ids)}"
        with self.app.site.store.writing() as session:
            result = claims.heard(session, self.app.site, self._message(update), asked, text)
        return self.says("told", message_id=update, told=asked, result=result.value)

    def answers_until(self, awaited: str) -> None:
        """Open a complaint and answer until the form asks for `awaited`."""
        self.says("complaint")
        while self.last.awaiting not in {awaited, None}:
            self.answers()

    def answers(self) -> list[str]:
        """Answer the question the form asks."""
        asked = str(self.last.awaiting)
        if asked == "story":
            self.tells()
            return self.says("inform", store="yes")
        if asked == "lodge":
            return self.says("inform", lodge="yes")
        return self.says("inform", **{asked: ANSWERS[asked]})

    def stands_at(self, question: str) -> None:
        """Come to any question of the complaint, by way of what her draft holds."""
        with self.app.site.store.writing() as session:
            self._begun(session, question)
        self.says("resume")
        assert self.place == ("complaint_form", question)

    def comes_to(self, question: str | None) -> None:
        """Come to any question of any form; None is no form."""
        match question:
            case None:
                return
            case "addition":
                self.has_a_case()
                self.says("case_add")
            case "code" | "secret":
                self.says("claim")
                if question == "secret":
                    self.types(new_code())
            case "new_secret":
                self.has_a_case()
                self.says("secret")
            case "group_code":
                self.says("join")
            case _:
                self.stands_at(question)
        assert self.last.awaiting == question

    def has_a_case(self) -> str:
        """Have a complaint lodged already; gives its code."""
        with self.app.site.store.writing() as session:
            own = self._begun(session, "lodge")
            return lodging.lodge(
                session, self.app.site, own, f"lodged {self.conversation}", language="km"
            ).code

    def newest(self) -> case.Case:
        """Give her newest case."""
        with self.app.site.store.reading() as session:
            return case.owned(session, self.conversation)[0]

    def holds(self) -> dict[str, str]:
        """Give what her draft holds; nothing without one."""
        with self.app.site.store.reading() as session:
            own = draft.find(session, self.conversation)
            return draft.answers(self.app.site, own) if own else {}

    def forgets_the_draft(self) -> None:
        """Let the draft go, as it does by itself after a week."""
        with self.app.site.store.writing() as session:
            own = draft.find(session, self.conversation)
            if own is not None:
                draft.discard(session, self.app.site, own)

    def is_silent_for(self, silence: timedelta) -> None:
        """Let time go by: Rasa's events become older, its row is sealed again."""
        tracker, sender = self.rasa.log.parent / "tracker.db", self.conversation
        cipher, bound_to = AESGCM(TRACKER_KEY), b"samleng tracker v1\x00" + sender.encode()
        with contextlib.closing(sqlite3.connect(tracker)) as rows, rows:
            row = rows.execute("SELECT sealed FROM tracker WHERE sender=?", (sender,)).fetchone()
            plain = json.loads(cipher.decrypt(row[0][:12], row[0][12:], bound_to))
            for event in plain["events"]:
                event["timestamp"] -= silence.total_seconds()
            nonce = os.urandom(12)
            sealed = nonce + cipher.encrypt(nonce, json.dumps(plain).encode(), bound_to)
            rows.execute("UPDATE tracker SET sealed=? WHERE sender=?", (sealed, sender))

    def _begun(self, session: Session, question: str) -> draft.Draft:
        """Begin a draft anew that holds what was answered before a question."""
        site, held = self.app.site, _held_at(question)
        own = draft.find(session, self.conversation)
        if own is not None:
            draft.discard(session, site, own)
        conversation.begin(session, self.conversation, NOW)
        own = draft.open_(session, site, self.conversation, self.channel)
        answers_consents(session, site, own, held)
        draft.change(session, site, own, held)
        if question not in {*FORM[:4], "complainant"}:
            draft.tell(session, site, own, "story", "told-before", text=TOLD)
        return own

    @property
    def _keeper(self) -> Keeper:
        return Keeper(self.app.site, {}, self.loop.run)

    def _message(self, update: str) -> Message:
        return Message(
            conversation=self.conversation,
            channel=ChannelName(self.channel),
            address=self.conversation,
            update=update,
            received=NOW,
        )


def _held_at(question: str) -> dict[str, str]:
    """Give the least a draft must hold so that the journey asks this question."""
    least = {**ANSWERS, "store": "yes"}
    special = {
        "complainant": {"at": "complainant"},
        "details": {**least, "menu": "details"},
        "detail": {**least, "menu": "help", "detail": "wants"},
        "change": {**least, "menu": "change"},
        "store": {step: least[step] for step in FORM[:3]} | {"store": "no"},
    }
    if question in special:
        return special[question]
    refused = {"share_mrc": "no", "share_pdolvt": "no", "share_legal_aid": "no"}
    before_shares = {step: least[step] for step in (*FORM[:3], "store")}
    match question:
        case "share_legal_aid":
            return {**before_shares, "share_mrc": "no"}
        case "share_pdolvt":
            return {**before_shares, "share_mrc": "no", "share_legal_aid": "no"}
        case "nobody":
            return {**before_shares, **refused}
    earlier = FORM[: FORM.index(question)]
    held = {step: least[step] for step in earlier if step in least}
    return {**held, "store": "yes"} if "story" in earlier else held


def kill(process: RasaProcess) -> None:
    """Kill Rasa, as a crash does, and wait until it is back."""
    restarts = process.restarts
    os.kill(int(process.pid or 0), signal.SIGKILL)
    ends = time.monotonic() + 120
    while process.restarts == restarts or process.state is not State.READY:
        assert time.monotonic() < ends, process.problem
        time.sleep(0.1)


@pytest.fixture(scope="session")
def loop() -> Loop:
    """Give the loop that Rasa is watched from."""
    return Loop()


@pytest.fixture(scope="session")
def model() -> Path:
    """Take the model that `make` trained when it is newer than its inputs, else train once."""
    files = sorted(file for pattern in INPUTS for file in ROOT.glob(pattern))
    trained = ROOT / MODEL
    if trained.exists() and trained.stat().st_mtime > max(f.stat().st_mtime for f in files):
        return trained
    inputs = hashlib.sha256()
    for file in files:
        inputs.update(f"{file.relative_to(ROOT)}\0".encode())
        inputs.update(file.read_bytes())
    made = ROOT / "build/test-model" / f"{inputs.hexdigest()[:16]}.tar.gz"
    if not made.exists():
        train(ROOT, made.parent / "nlu", made)
    return made


@pytest.fixture(scope="session")
def actions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, str]]:
    """Serve the app's actions; gives the app and its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.app = App(open_house(tmp_path_factory.mktemp("house")))  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.app, f"http://127.0.0.1:{server.server_port}/actions"  # type: ignore[attr-defined]
    server.shutdown()


@pytest.fixture(scope="session")
def settings(
    model: Path, actions: tuple[App, str], tmp_path_factory: pytest.TempPathFactory
) -> RasaSettings:
    """Give what Rasa is started with."""
    home = tmp_path_factory.mktemp("rasa")
    return RasaSettings(ROOT, home, model, actions[1], ACTIONS_TOKEN, TRACKER_KEY)


@pytest.fixture(scope="session")
def rasa(settings: RasaSettings, loop: Loop) -> Iterator[RasaProcess]:
    """Run the real Rasa."""
    process = RasaProcess(settings)
    loop.run(process.start())
    yield process
    with contextlib.suppress(Exception):
        loop.run(process.stop())


@pytest.fixture
def person(
    rasa: RasaProcess, actions: tuple[App, str], loop: Loop, request: pytest.FixtureRequest
) -> Person:
    """Begin a new conversation."""
    actions[0].fails.clear()
    name = hashlib.sha256(request.node.nodeid.encode()).hexdigest()
    return Person(rasa, actions[0], loop, name)


@pytest.fixture
def people(rasa: RasaProcess, actions: tuple[App, str], loop: Loop) -> Callable[[str], Person]:
    """Give conversations by name."""
    return lambda name: Person(rasa, actions[0], loop, hashlib.sha256(name.encode()).hexdigest())

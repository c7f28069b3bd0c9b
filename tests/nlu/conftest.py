"""The real Rasa with the real model, and an app reduced to what the rules need to be seen."""

import asyncio
import contextlib
import hashlib
import json
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bot.rasa import Heard, Played, RasaProcess, RasaSettings
from bot.training import INPUTS, MODEL, train

ROOT = Path(__file__).resolve().parents[2]
TRACKER_KEY = bytes(range(32))
ACTIONS_TOKEN = "actions-" + "t" * 32

ANSWERS = {
    "complainant": "self",
    "category": "unpaid_wages",
    "country": "TH",
    "province": "KH-14",
    "identity": "anonymous",
    "store": "yes",
    "share_mrc": "yes",
    "share_pdolvt": "no",
    "share_legal_aid": "yes",
    "contact_me": "yes",
    "lodge": "yes",
}
FORM = [
    "complainant", "category", "country", "province", "story", "identity", "name",
    "store", "share_mrc", "share_pdolvt", "share_legal_aid", "contact_me", "lodge",
]  # fmt: skip

Event = dict[str, Any]
T = TypeVar("T")


def slot(name: str, value: str | None) -> Event:
    """Build a slot event."""
    return {"event": "slot", "name": name, "value": value}


class App:
    """Answers the action server protocol: says the action's name, and keeps the form's rules."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.fails: set[str] = set()
        self.authorised = True

    def answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one call."""
        name, tracker = asked["next_action"], asked["tracker"]
        self.ran.append(name)
        events = self._events(name, tracker)
        quiet = name.startswith("validate_") or name == "action_session_start"
        responses = [] if quiet else [{"custom": {"say": name, "with": {}}}]
        return {"events": events, "responses": responses}

    def _events(self, name: str, tracker: Mapping[str, Any]) -> list[Event]:
        slots = tracker["slots"]
        filled = {key: value for key, value in slots.items() if value is not None}
        if name == "action_session_start":
            loop = (tracker.get("active_loop") or {}).get("name")
            return [
                {"event": "session_started"},
                *(slot(key, value) for key, value in filled.items()),
                *([{"event": "active_loop", "name": loop}] if loop else []),
                {"event": "action", "name": "action_listen"},
            ]
        if name == "validate_complaint_form":
            return self._validated(slots, filled)
        if name == "validate_addition_form":
            return [slot("addition", None)] if slots["addition"] == "told" else []
        if name == "action_back":
            asked = slots["requested_slot"]
            before = FORM[: FORM.index(asked)] if asked in FORM else []
            last = next((key for key in reversed(before) if slots[key] is not None), None)
            return [slot(last, None)] if last else []
        if name == "action_default_fallback":
            return [{"event": "rewind"}]  # as Rasa's own does: begin the two stages anew
        if name in {"action_lodge", "action_discard"}:
            return [slot(key, None) for key in FORM]
        return []

    @staticmethod
    def _validated(slots: Mapping[str, Any], filled: Mapping[str, Any]) -> list[Event]:
        events = []
        if slots["story"] == "told":
            events.append(slot("story", None))
        if slots["identity"] == "anonymous" and "name" not in filled:
            events.append(slot("name", "unsaid"))
        if slots["group"] and slots["requested_slot"] == "category":
            events.append(slot("group", slots["group"]))
        return events


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
        """Play one message and give the names of the actions that spoke."""
        heard = Heard(
            conversation=self.conversation,
            message_id=message_id or f"update-{next(self._ids)}",
            channel=self.channel,
            intent=intent,
            entities=tuple(entities.items()),
            ranking=(("greet", 0.3), ("faq", 0.2)) if intent == "nlu_fallback" else (),
        )
        self.app.ran.clear()
        self.last = self.loop.run(self.rasa.client.turn(heard))
        return [say["say"].replace("complaint_form_", "") for say in self.last.says]

    def answers_until(self, awaited: str) -> None:
        """Open a complaint and answer until the form asks for `awaited`."""
        self.says("complaint")
        while self.last.awaiting not in {awaited, None}:
            self.answers()

    def answers(self) -> list[str]:
        """Answer the question the form asks."""
        asked = self.last.awaiting
        assert asked is not None
        if asked == "story":
            self.says("told", told="story")
            return self.says("done")
        return self.says("inform", **{asked: ANSWERS[asked]})


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
def actions() -> Iterator[tuple[App, str]]:
    """Serve the small app; gives it and its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.app = App()  # type: ignore[attr-defined]
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

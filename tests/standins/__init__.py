"""Servers that stand in for Telegram and Meta: real HTTP on a free port of this machine.

They speak the documented protocol, refuse what the real ones refuse, and can be told to fail.
"""

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from functools import cached_property
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import httpx
import uvicorn
from fastapi import FastAPI, Response
from starlette.types import Receive, Scope, Send

T = TypeVar("T")


@dataclass(frozen=True)
class Choice:
    """A button as a person sees it."""

    title: str
    payload: str


@dataclass(frozen=True)
class Bubble:
    """One message of the bot as a person sees it, and the choices under it.

    `voice` is what is heard when it is played; `silent`: the phone made no sound.
    """

    id: str
    text: str
    buttons: tuple[Choice, ...] = ()
    voice: bytes | None = None
    silent: bool = False


@dataclass(frozen=True)
class Call:
    """One call of the bot: the method, what it was given, and its headers."""

    method: str
    given: dict[str, Any]
    headers: dict[str, str]


@dataclass(frozen=True)
class Failure:
    """What to answer instead: a status, or none at all (`status` 0: the line is cut).

    With `done` the call is carried out all the same, and only its answer is lost.
    """

    status: int
    retry_after: int | None = None
    done: bool = False


@dataclass(frozen=True)
class Upload:
    """A file as it came in a form."""

    name: str
    media_type: str
    content: bytes


def read_form(kind: str, body: bytes) -> dict[str, Any]:
    """Read a multipart body of this content type: fields are words, files are Uploads."""
    whole = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    given: dict[str, Any] = {}
    for part in whole.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        content = cast(bytes, part.get_payload(decode=True))
        file = part.get_filename()
        given[name] = Upload(file, part.get_content_type(), content) if file else content.decode()
    return given


class CutLine(Response):
    """Begins an answer and ends it too early, so that the client sees a broken connection."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]}
        )


class Platform:
    """A stand-in's common part: the server, the failures to come, what was asked, and delivery.

    Use as a context manager. Deliveries to a webhook go out one after the other, and again until
    the answer is 2xx; `delivered()` waits for them.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.calls: list[Call] = []
        self.attempts: list[int] = []  # the status of each delivery, 0 when nobody answered
        self.app = FastAPI(openapi_url=None)
        self._failures: dict[str, list[Failure | None]] = {}
        self._outbox: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._server = uvicorn.Server(
            uvicorn.Config(self.app, host="127.0.0.1", port=0, log_level="error", lifespan="off")
        )
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._server.run, daemon=True),
            threading.Thread(target=self._deliver, daemon=True),
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        wait_for(lambda: self._server.started)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._outbox.put(None)
        self._server.should_exit = True
        self._server.force_exit = True
        self._threads[1].join(timeout=10)  # the server ends by itself, a moment later
        if "client" in self.__dict__:
            self.client.close()

    @cached_property
    def client(self) -> httpx.Client:
        """What deliveries go out with."""
        return httpx.Client(timeout=60)

    @property
    def address(self) -> str:
        """`http://127.0.0.1:<port>`."""
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    def fail_next(self, method: str, status: int, retry_after: int | None = None) -> None:
        """Answer the next call of `method` with this status; `retry_after` in seconds."""
        with self.lock:
            self._failures.setdefault(method, []).append(Failure(status, retry_after))

    def pass_next(self, method: str) -> None:
        """Let the next call of `method` through; what is told after this meets the call after."""
        with self.lock:
            self._failures.setdefault(method, []).append(None)

    def drop_next(self, method: str, done: bool = False) -> None:
        """Cut the line at the next call of `method`; with `done`, after it took effect."""
        with self.lock:
            self._failures.setdefault(method, []).append(Failure(0, done=done))

    def calls_of(self, method: str) -> list[Call]:
        """Every call of `method`, oldest first, refused ones too."""
        with self.lock:
            return [call for call in self.calls if call.method == method]

    def next_failure(self, method: str) -> Failure | None:
        """Take the failure that waits for `method`, if any."""
        with self.lock:
            waiting = self._failures.get(method)
            return waiting.pop(0) if waiting else None

    def deliver(self, post: Callable[[], httpx.Response]) -> None:
        """Queue a delivery: `post` is repeated until it gives a 2xx."""

        def until_taken() -> None:
            pause = 0.05
            while not self._closing.is_set():
                response = None
                with suppress(httpx.HTTPError):
                    response = post()
                self.attempts.append(response.status_code if response is not None else 0)
                if response is not None and response.is_success:
                    return
                self._closing.wait(pause)
                pause = min(pause * 2, 1.0)

        self._outbox.put(until_taken)

    def delivered(self, seconds: float = 10) -> None:
        """Wait until every queued delivery was taken."""
        wait_for(lambda: self._outbox.unfinished_tasks == 0, seconds)

    def _deliver(self) -> None:
        while (job := self._outbox.get()) is not None:
            try:
                job()
            finally:
                self._outbox.task_done()


def wait_for(what: Callable[[], T], seconds: float = 10) -> T:
    """Give the first true value of `what`. Raises AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    return value


def find_choice(bubbles: list[Bubble], wanted: str) -> tuple[Bubble, Choice] | None:
    """Give the newest choice of this payload, of this title, or with this in its title."""
    tests: tuple[Callable[[Choice], bool], ...] = (
        lambda choice: wanted in (choice.payload, choice.title),
        lambda choice: wanted in choice.title,
    )
    for fits in tests:
        for bubble in reversed(bubbles):
            for choice in bubble.buttons:
                if fits(choice):
                    return bubble, choice
    return None

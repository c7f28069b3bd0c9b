"""Rasa as the app sees it: a process to keep alive and a loopback door to ask at."""

import asyncio
import base64
import os
import secrets
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import httpx
from tenacity import (
    AsyncRetrying,
    retry_if_exception,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential,
    wait_fixed,
)

from bot.training import quiet_environment, rasa_python

READY_WITHIN = 120.0
"""Seconds a start may take; 10 to 20 are usual."""

ANSWER_WITHIN = 30.0
"""Seconds one turn or one parse may take."""

_MISCONFIGURED = 78  # EX_CONFIG of nlu/tracker_store.py: starting again will not help
_LIVED_LONG_ENOUGH = 60.0
_ATTEMPTS = 5


class RasaUnavailable(Exception):
    """Rasa did not answer, or not properly. Nothing was kept of the turn: ask again later."""


class RasaDidNotStart(Exception):
    """The process ended or stayed silent. `final` when starting again cannot help."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


@dataclass(frozen=True, slots=True)
class Found:
    """An entity: what it is, its code, and where it stands (characters of the text)."""

    entity: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Parsed:
    """What Rasa makes of a sentence: labels of the training data with probabilities, best first."""

    ranking: tuple[tuple[str, float], ...]
    entities: tuple[Found, ...] = ()
    tokens: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Played:
    """What the dialogue says to one message: says (`{"say", "with", "buttons"}`), in order.

    `awaiting` is the slot the form `loop` asks for now; both None outside a form.
    """

    says: tuple[Mapping[str, Any], ...]
    awaiting: str | None
    loop: str | None


@dataclass(frozen=True, slots=True)
class Heard:
    """One understood message for the dialogue; it has no place for words. Entities are codes."""

    conversation: str
    message_id: str
    channel: str
    intent: str
    confidence: float = 1.0
    entities: tuple[tuple[str, str], ...] = ()
    ranking: tuple[tuple[str, float], ...] = ()


class RasaClient:
    """Asks the door of nlu/channel.py. Every method raises RasaUnavailable."""

    def __init__(self, url: str, token: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(ANSWER_WITHIN, connect=2.0),
            trust_env=False,  # loopback only: a proxy must never see it
        )

    def move(self, url: str) -> None:
        """Ask at another port from now on: Rasa was started anew."""
        self._http.base_url = httpx.URL(url)

    async def ready(self) -> None:
        """Return when Rasa can parse and play."""
        await self._ask("GET", "ready")

    async def parse(self, text: str) -> Parsed:
        """Say what a normalised, non-empty text means. Rasa keeps nothing of it."""
        answer = await self._ask("POST", "parse", {"text": text})
        try:
            return Parsed(
                ranking=tuple((str(g["name"]), float(g["confidence"])) for g in answer["ranking"]),
                entities=tuple(
                    Found(str(f["entity"]), str(f["value"]), int(f["start"]), int(f["end"]))
                    for f in answer["entities"]
                ),
                tokens=tuple((int(start), int(end)) for start, end in answer["tokens"]),
            )
        except (KeyError, TypeError, ValueError):
            raise RasaUnavailable("Rasa's answer to a parse is malformed") from None

    async def turn(self, heard: Heard) -> Played:
        """Play one message. The same message again, right after, gives the same says again."""
        answer = await self._ask(
            "POST",
            "turn",
            {
                "sender": heard.conversation,
                "message_id": heard.message_id,
                "input_channel": heard.channel,
                "intent": {"name": heard.intent, "confidence": heard.confidence},
                "entities": [{"entity": name, "value": value} for name, value in heard.entities],
                "intent_ranking": [
                    {"name": name, "confidence": confidence} for name, confidence in heard.ranking
                ],
            },
        )
        try:
            return Played(
                says=tuple(said["custom"] for said in answer["messages"] if said.get("custom")),
                awaiting=answer["awaiting"],
                loop=answer["loop"],
            )
        except (KeyError, TypeError, AttributeError):
            raise RasaUnavailable("Rasa's answer to a turn is malformed") from None

    async def forget(self, conversation: str) -> None:
        """Delete the dialogue's state of one conversation."""
        await self._ask("POST", "forget", {"sender": conversation})

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _ask(self, method: str, what: str, body: Mapping[str, Any] | None = None) -> Any:
        try:
            answer = await self._http.request(method, f"/webhooks/gateway/{what}", json=body)
            if answer.status_code != httpx.codes.OK:
                # The body could quote something; the status says enough.
                raise RasaUnavailable(f"Rasa answered {answer.status_code} to {what}")
            return answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise RasaUnavailable(f"Rasa: {type(error).__name__} at {what}") from None


class State(StrEnum):
    """How the process is doing."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RasaSettings:
    """What Rasa is started with. `tracker_key` is 32 bytes; `home` is a private directory for its
    tracker file and its log; `actions_token` comes back as Bearer with every call of an action.
    """

    root: Path
    home: Path
    model: Path
    actions_url: str
    actions_token: str = field(repr=False)
    tracker_key: bytes = field(repr=False)


class RasaProcess:
    """Starts Rasa, starts it again when it dies, ends it. `client` stays the same throughout.

    `state`, `restarts` and `problem` (a line for an operator) say how it is doing.
    """

    def __init__(self, settings: RasaSettings) -> None:
        self._settings = settings
        self._token = secrets.token_hex(32)
        self._child: asyncio.subprocess.Process | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self.client = RasaClient("http://127.0.0.1:9", self._token)
        self.state = State.STOPPED
        self.restarts = 0
        self.problem: str | None = None

    @property
    def log(self) -> Path:
        """Give the file that Rasa's output goes to; the run before is beside it with `.1`."""
        return self._settings.home / "rasa.log"

    @property
    def pid(self) -> int | None:
        """Give the process id, None when it does not run."""
        return self._child.pid if self._child and self._child.returncode is None else None

    async def start(self) -> None:
        """Start and wait until turns can be played. Raises RasaDidNotStart."""
        self.state = State.STARTING
        try:
            await self._launch()
        except BaseException as error:
            self.state, self.problem = State.FAILED, str(error)
            await self._end()
            raise
        self._supervisor = asyncio.create_task(self._supervise(), name="rasa-supervisor")

    async def stop(self) -> None:
        """End the process and its watch."""
        if self._supervisor:
            self._supervisor.cancel()
            await asyncio.gather(self._supervisor, return_exceptions=True)
            self._supervisor = None
        await self._end()
        await self.client.close()
        self.state = State.STOPPED

    async def _supervise(self) -> None:
        """Start again whenever it dies, until that does not help."""
        hasty = 0
        while self._child is not None:
            ready_at = time.monotonic()
            code = await self._child.wait()
            lived = time.monotonic() - ready_at
            self.state = State.RESTARTING
            self.problem = f"Rasa ended with {code}: {self._last_line()}"
            self.restarts += 1
            hasty = 0 if lived > _LIVED_LONG_ENOUGH else hasty + 1
            if hasty >= _ATTEMPTS or code == _MISCONFIGURED:
                self.state = State.FAILED
                return
            try:
                await self._relaunch()
            except RasaDidNotStart as error:
                self.state, self.problem = State.FAILED, str(error)
                return

    async def _relaunch(self) -> None:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(lambda e: isinstance(e, RasaDidNotStart) and not e.final),
            wait=wait_exponential(multiplier=1, max=30),
            stop=stop_after_attempt(_ATTEMPTS),
            reraise=True,
        ):
            with attempt:
                await self._end()
                await self._launch()

    async def _launch(self) -> None:
        settings = self._settings
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not settings.model.is_file():
            raise RasaDidNotStart(f"there is no model at {settings.model.name}", final=True)
        port = _free_port()
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        output = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            self._child = await asyncio.create_subprocess_exec(
                str(rasa_python(settings.root)),
                "-u",
                str(settings.root / "nlu/serve.py"),
                env=self._environment(port),
                cwd=settings.home,
                stdin=asyncio.subprocess.PIPE,  # held open: the child ends when it closes
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is ours to pass on
            )
        finally:
            os.close(output)
        self.client.move(f"http://127.0.0.1:{port}")
        await self._until_ready()
        self.state, self.problem = State.READY, None

    def _environment(self, port: int) -> dict[str, str]:
        settings = self._settings
        return {
            **quiet_environment(settings.home / "home"),
            # A language model's weights were fetched when it was trained: who hears migrants asks
            # nobody outside.
            "HF_HUB_OFFLINE": "1",
            "TRANSFORMERS_OFFLINE": "1",
            "PYTHONPATH": str(settings.root),
            "SAMLENG_RASA_PORT": str(port),
            "SAMLENG_RASA_MODEL": str(settings.model.resolve()),
            "SAMLENG_RASA_TOKEN": self._token,
            "SAMLENG_ACTIONS_URL": settings.actions_url,
            "SAMLENG_ACTIONS_TOKEN": settings.actions_token,
            "SAMLENG_TRACKER_PATH": str((settings.home / "tracker.db").resolve()),
            "SAMLENG_TRACKER_KEY": base64.b64encode(settings.tracker_key).decode(),
        }

    async def _until_ready(self) -> None:
        try:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(RasaUnavailable),
                wait=wait_fixed(0.2),
                stop=stop_after_delay(READY_WITHIN),
                reraise=True,
            ):
                with attempt:
                    if self._child is None or self._child.returncode is not None:
                        code = self._child.returncode if self._child else None
                        raise RasaDidNotStart(
                            f"Rasa ended while starting: {self._last_line()}",
                            final=code == _MISCONFIGURED,
                        )
                    await self.client.ready()
        except RasaUnavailable:
            raise RasaDidNotStart(
                f"Rasa was not ready within {READY_WITHIN:.0f} s: {self._last_line()}"
            ) from None

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        if child.returncode is None:
            child.terminate()
            try:
                await asyncio.wait_for(child.wait(), 5.0)
            except TimeoutError:
                child.kill()
                await child.wait()
        if child.stdin:
            child.stdin.close()

    def _last_line(self) -> str:
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return "no output"
        return next((line.strip() for line in reversed(lines) if line.strip()), "no output")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

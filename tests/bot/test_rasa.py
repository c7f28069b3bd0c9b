"""The client says clearly what went wrong, and nothing else."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bot.rasa import Heard, Played, RasaClient, RasaUnavailable

TOKEN = "t" * 32
HEARD = Heard("ab" * 32, "update-1", "web", "inform", entities=(("country", "TH"),))


class _Door(BaseHTTPRequestHandler):
    status, body, seen = 200, b"{}", []  # type: ignore[var-annotated]

    def do_POST(self) -> None:
        received = self.rfile.read(int(self.headers["Content-Length"]))
        _Door.seen.append((self.path, self.headers["Authorization"], json.loads(received)))
        self.send_response(_Door.status)
        self.end_headers()
        self.wfile.write(_Door.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def door() -> Iterator[str]:
    """Give the address of a door that answers what a test wants."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _Door.seen = []
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _turn(url: str, status: int, body: Any) -> Played:
    _Door.status = status
    _Door.body = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def play() -> Played:
        client = RasaClient(url, TOKEN)
        try:
            return await client.turn(HEARD)
        finally:
            await client.close()

    return asyncio.run(play())


def test_a_turn_carries_codes_and_brings_says(door: str) -> None:
    say = {"say": "ask_province", "with": {}}
    answer = {"messages": [{"custom": say}], "awaiting": "province", "loop": "complaint_form"}
    assert _turn(door, 200, answer) == Played((say,), "province", "complaint_form")
    ((path, authorization, body),) = _Door.seen
    assert path == "/webhooks/gateway/turn"
    assert authorization == f"Bearer {TOKEN}"
    assert body == {
        "sender": "ab" * 32,
        "message_id": "update-1",
        "input_channel": "web",
        "intent": {"name": "inform", "confidence": 1.0},
        "entities": [{"entity": "country", "value": "TH"}],
        "intent_ranking": [],
    }


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, {"error": "secret words"}),
        (401, {}),
        (200, b"secret words, no JSON"),
        (200, []),
        (200, {"messages": "secret words"}),
        (200, {"messages": [{"custom": {}}]}),
    ],
)
def test_whatever_is_no_answer_is_unavailable_and_not_quoted(
    door: str, status: int, body: Any
) -> None:
    with pytest.raises(RasaUnavailable) as raised:
        _turn(door, status, body)
    assert "secret words" not in str(raised.value)
    assert TOKEN not in str(raised.value)
    assert raised.value.__cause__ is None


def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(RasaUnavailable, match="ConnectError"):
        _turn("http://127.0.0.1:9", 200, {})

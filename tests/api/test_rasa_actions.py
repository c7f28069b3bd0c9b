"""What Rasa asks of us, and who may ask it."""

from types import SimpleNamespace
from typing import Any

import anyio
import pytest
from fastapi import FastAPI

from api import rasa_actions

SECRET = "made at this start"


def asks(authorization: str | None) -> tuple[int, bool]:
    """Call an action; gives the status, and whether anybody read of the body."""
    app = FastAPI()
    app.include_router(rasa_actions.router)
    app.state.parts = SimpleNamespace(rasa_secret=SECRET, site=None)
    given = [(b"authorization", authorization.encode())] if authorization is not None else []
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/rasa/actions",
        "query_string": b"",
        "headers": [*given, (b"content-type", b"application/json")],
    }
    answered: list[int] = []
    read: list[bool] = []

    async def receive() -> Any:
        read.append(True)
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Any) -> None:
        answered.append(message.get("status", 0))

    anyio.run(app, scope, receive, send)
    return answered[0], bool(read)


@pytest.mark.parametrize("authorization", [None, "", SECRET, "Bearer wrong", "Bearer ខ្មែរ"])
def test_not_a_byte_of_a_strangers_call_is_read(authorization: str | None) -> None:
    assert asks(authorization) == (403, False)


def test_who_shows_the_secret_is_read() -> None:
    assert asks(f"Bearer {SECRET}") == (404, True)

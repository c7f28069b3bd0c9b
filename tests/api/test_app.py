"""The program put together: what every answer has in common."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from fastapi.testclient import TestClient

from api.app import BODY_LIMIT, SECURITY_HEADERS, create_app
from api.parts import Parts
from api.settings import Settings
from bot.content import content
from bot.turn import Turns
from referrals.installation import Mode
from referrals.site import open_site


@pytest.fixture
def visitor(tmp_path: Path) -> TestClient:
    settings = Settings(data_dir=tmp_path)
    site = open_site(settings)
    app = create_app(settings, Mode.REAL, site)
    nobody = cast(Turns, None)  # no turn is played here
    app.state.parts = Parts(settings, site, content(), Mode.REAL, nobody, "unused", lambda _: None)
    return TestClient(app, base_url="http://127.0.0.1")


def test_what_is_too_large_is_said_in_the_readers_words(visitor: TestClient) -> None:
    large = {"km_answer": "x" * (BODY_LIMIT + 1)}
    page = visitor.post("/answers/send_money/any", data=large, headers={"accept": "text/html"})
    assert page.status_code == 413
    assert "ធំពេក" in page.text
    assert {name: page.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS

    def unannounced() -> Iterator[bytes]:
        yield from [b"x" * 1000] * (BODY_LIMIT // 1000 + 1)

    form = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}
    assert visitor.post("/sign-in", content=unannounced(), headers=form).status_code == 413
    machine = visitor.post("/answers/send_money/any", data=large)
    assert machine.status_code == 413
    assert "<html" not in machine.text

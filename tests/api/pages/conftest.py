"""The pages on a real site with real keys, and a server to look at them with a browser."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import pytest
import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.testclient import TestClient
from starlette.staticfiles import StaticFiles

from api import pages
from api.app import BODY_LIMIT
from api.pages.page import STATIC
from api.parts import Parts
from api.policy import NotSignedIn, StepUpNeeded
from api.settings import Settings
from bot.content import content
from bot.turn import Turns
from referrals.installation import Mode
from tests.api.pages.at_desk import begin_anew, signed_in, town_with_editor
from tests.house import Town

STORY = "ថៅកែមិនបើកប្រាក់ខែ"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return town_with_editor(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def code(town: Town) -> str:
    return town.lodges(STORY)


@pytest.fixture(scope="module")
def app(town: Town, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    settings = Settings(data_dir=tmp_path_factory.mktemp("settings"))
    served = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, max_body_size=BODY_LIMIT)
    served.mount("/static", StaticFiles(directory=STATIC), name="static")
    for router in pages.routers:
        served.include_router(router)
    # No turn is played here: the pages touch the site only.
    nobody = cast(Turns, None)
    served.state.parts = Parts(
        settings, town.site, content(), Mode.REAL, nobody, "unused", lambda _: None
    )

    @served.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        return pages.error(request, error.status_code)

    @served.exception_handler(StepUpNeeded)
    def confirm(_request: Request, error: StepUpNeeded) -> Response:
        return RedirectResponse(f"/confirm?back={error.back}", status_code=303)

    @served.exception_handler(NotSignedIn)
    def away(_request: Request, _error: Exception) -> Response:
        return RedirectResponse("/sign-in", status_code=303)

    return served


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve an app on loopback for as long as the block lasts; gives its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < until, "the server did not start"
        time.sleep(0.02)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def desk_address(app: FastAPI) -> Iterator[str]:
    with serving(app) as address:
        yield address


@pytest.fixture
def nothing_was_changed_before(town: Town) -> None:
    """What an editor's test begins with."""
    begin_anew(town)


@pytest.fixture
def desk(app: FastAPI) -> Iterator[TestClient]:
    """An editor's browser."""
    with signed_in(app, "editor") as client:
        yield client

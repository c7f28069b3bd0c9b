"""Every route says who may call it, and means it."""

from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from api import policy_table
from api.app import SECURITY_HEADERS, create_app
from api.policy import (
    OPEN_POLICIES,
    Allowed,
    PolicyMissing,
    allowed,
    check_routes,
    each_route,
    policies_of,
    public,
)
from api.settings import Settings
from referrals.installation import Mode
from referrals.permission import Permission
from referrals.site import open_site


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"))
    return create_app(settings, Mode.DEMO, open_site(settings))


def routes(app: FastAPI) -> list[APIRoute]:
    return [r for r in each_route(app.routes) if isinstance(r, APIRoute)]


def test_every_route_names_exactly_one_policy(app: FastAPI) -> None:
    found = {(r.path, *sorted(r.methods or ())): policies_of(r) for r in routes(app)}
    assert len(found) >= 20
    assert {key: len(policies) for key, policies in found.items()} == dict.fromkeys(found, 1)


def test_only_these_routes_are_open_to_everybody(app: FastAPI) -> None:
    """Whoever opens another route to the world must say so here."""
    opened = {r.path for r in routes(app) if policies_of(r) == {public}}
    assert opened == {
        "/", "/sign-in", "/language", "/health", "/chat/messages", "/chat/files", "/chat/notices",
        "/chat/recordings/{recording}", "/verify", "/verify/key", "/receipt",
    }  # fmt: skip


def test_the_desk_is_for_those_who_signed_in(app: FastAPI) -> None:
    places = ("/cases", "/members", "/answers", "/numbers", "/news", "/duty", "/assist")
    desk = {r.path for r in routes(app) if r.path.startswith(places)}
    assert desk
    kept = {r.path for r in routes(app) if all(isinstance(p, Allowed) for p in policies_of(r))}
    assert desk <= kept


@pytest.mark.parametrize(
    "dependencies",
    [
        [],
        [Depends(p) for p in list(OPEN_POLICIES)[:2]],
        [Depends(public), Depends(allowed(Permission.OPEN_CASES))],
        [Depends(allowed(Permission.LIST_CASES)), Depends(allowed(Permission.OPEN_CASES))],
    ],
)
def test_a_route_without_a_policy_or_with_two_does_not_start(dependencies: list[object]) -> None:
    router = APIRouter()

    @router.get("/somewhere", dependencies=dependencies)
    def somewhere() -> None: ...

    served = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    served.include_router(router)
    with pytest.raises(PolicyMissing, match="somewhere"):
        check_routes(served.routes)


def test_a_policy_counts_wherever_it_is_named() -> None:
    router = APIRouter()

    @router.get("/a")
    def a(_: Annotated[None, Depends(public)]) -> None: ...

    check_routes(router.routes)


def test_the_security_page_says_what_the_code_says(app: FastAPI) -> None:
    """`python -m api.policy_table` writes both tables."""
    page = policy_table.PAGE.read_text()
    assert policy_table.written(page, app) == page


def test_every_answer_carries_the_strict_headers(app: FastAPI) -> None:
    answer = TestClient(app, raise_server_exceptions=False).get("/nowhere")
    assert answer.status_code == 404
    assert {h: answer.headers.get(h) for h in SECURITY_HEADERS} == SECURITY_HEADERS
    assert answer.headers["cache-control"] == "no-store"
    assert "server" not in answer.headers


def test_an_error_of_ours_carries_them_too(app: FastAPI) -> None:
    """Without its parts the program breaks; the answer is guarded and says nothing of why."""
    answer = TestClient(app, raise_server_exceptions=False).get("/health")
    assert answer.status_code == 500
    assert {h: answer.headers.get(h) for h in SECURITY_HEADERS} == SECURITY_HEADERS
    assert answer.json() == {"error": 500}

"""Every role, and nobody, on every route: open exactly where referrals/permission.py says so."""

import re
import tempfile
from functools import cache
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from httpx import Response
from sqlmodel import col, select, update

from api.app import create_app
from api.parts import Parts
from api.policy import Allowed, each_route, policies_of
from api.sessions import StaffSession
from api.settings import Settings
from bot.content import content
from referrals import audit, keyring
from referrals.audit import AuditRow
from referrals.installation import Mode
from referrals.permission import NEEDS_STEP_UP, Permission, permits
from referrals.site import open_site
from referrals.taxonomy import OF_NO_OFFICE, ConsentCode, Role
from tests.api.pages.at_desk import signed_in
from tests.house import Town, build_town

NOBODYS = "000000000"
SAMPLES = {
    "code": NOBODYS,
    "file_id": "0" * 32,
    "member_id": "0" * 32,
    "alarm_id": "0" * 32,
    "alert_id": "0",
    "topic": "send_money",
    "country": "any",
    "language": "km",
    "version": "1",
    "name": "1280",
}
"""What stands in a path for its parameter; any other is "x"."""

REFUSES_BY_ITSELF = ("/members/{member_id}", "/duty/{member_id}")
"""Routes below this answer 403 for a member who may call them, when the one named is not hers."""


def name_of(role: Role) -> str:
    return role.replace("_", "-")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    town = build_town(tmp_path_factory.mktemp("town"))
    mrc = town.people["mrc"]
    for role in Role:
        office = None if role in OF_NO_OFFICE else mrc.organisation_id
        came = town.comes(f"{name_of(role)}@example.org", office, name_of(role), role)
        if office is not None:
            keyring.admit(town.site, mrc, came.member_id)
    return town


@pytest.fixture(scope="module")
def app(town: Town, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    settings = Settings(data_dir=tmp_path_factory.mktemp("settings"))
    served = create_app(settings, Mode.REAL, town.site)
    served.state.parts = Parts(
        settings,
        town.site,
        content(),
        Mode.REAL,
        None,  # type: ignore[arg-type]  # no turn is played
        "unused",
        lambda _: None,
    )
    return served


@cache
def every_route() -> tuple[APIRoute, ...]:
    """Read from a program of its own: the parameters of a test are collected before any fixture."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        app = create_app(settings, Mode.REAL, open_site(settings))
    return tuple(r for r in each_route(app.routes) if isinstance(r, APIRoute))


def guarded() -> list[tuple[str, str, Permission]]:
    """Give method, path and permission of each route for signed-in members."""
    found = []
    for route in every_route():
        (policy,) = policies_of(route)
        if isinstance(policy, Allowed):
            found += [(m, route.path, policy.permission) for m in sorted(route.methods or ())]
    return found


ROUTES = guarded()


def filled(path: str, **given: str) -> str:
    return re.sub(r"{(\w+)(:\w+)?}", lambda found: {**SAMPLES, **given}.get(found[1], "x"), path)


def newest_token(town: Town) -> str:
    """Give the token of the session that was begun last."""
    with town.site.store.reading() as session:
        rows = session.exec(select(StaffSession).order_by(col(StaffSession.begun).desc()))
        return rows.first().csrf  # type: ignore[union-attr]


def ask(client: TestClient, token: str, method: str, path: str) -> Response:
    given = {"csrf": token} if method == "POST" else None
    return client.request(method, path, data=given, headers={"x-csrf": token})


@pytest.fixture(scope="module", params=list(Role))
def member(
    request: pytest.FixtureRequest, app: FastAPI, town: Town
) -> tuple[Role, TestClient, str]:
    role = Role(request.param)
    town.clock.pass_(seconds=1)
    client = signed_in(app, name_of(role))
    return role, client, newest_token(town)


def step_up(town: Town, *, now: bool) -> None:
    with town.site.store.writing() as session:
        at = town.clock() if now else None
        session.exec(update(StaffSession).values(stepped_up_at=at))


def test_there_are_many_routes() -> None:
    assert len(ROUTES) > 60
    assert {permission for _, _, permission in ROUTES} == set(Permission)


def test_each_role_gets_in_where_it_may_and_nowhere_else(
    town: Town, member: tuple[Role, TestClient, str]
) -> None:
    role, client, token = member
    step_up(town, now=True)
    wrong = []
    for method, path, permission in ROUTES:
        if path in ("/sign-out",):
            continue
        answer = ask(client, token, method, filled(path))
        refused = answer.status_code == 403
        if permits(role, permission):
            away = answer.headers.get("location", "").startswith(("/sign-in", "/confirm"))
            if (
                away
                or (refused and not path.startswith(REFUSES_BY_ITSELF))
                or answer.status_code >= 500
            ):
                wrong.append((method, path, answer.status_code))
        elif not refused:
            wrong.append((method, path, answer.status_code))
    assert wrong == []


def test_what_asks_for_the_second_factor_again_does(
    town: Town, member: tuple[Role, TestClient, str]
) -> None:
    role, client, token = member
    step_up(town, now=False)
    for method, path, permission in ROUTES:
        if permission in NEEDS_STEP_UP and permits(role, permission):
            answer = ask(client, token, method, filled(path))
            assert answer.status_code == 303, path
            assert answer.headers["location"].startswith("/confirm?back="), path


def test_a_stranger_gets_in_nowhere(app: FastAPI) -> None:
    client = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
    for method, path, _ in ROUTES:
        answer = ask(client, "x", method, filled(path))
        assert answer.status_code == 303, path
        assert answer.headers["location"] == "/sign-in", path


def test_no_role_opens_a_case_of_another_office_on_any_route(
    town: Town, member: tuple[Role, TestClient, str]
) -> None:
    """A case of Kampot's centre; those who ask sit in Prey Veng."""
    role, client, token = member
    step_up(town, now=True)
    code = foreign_case(town, role)
    before = len(opened(town))
    for method, path, permission in ROUTES:
        if "{code}" in path and permits(role, permission):
            answer = ask(client, token, method, filled(path, code=code))
            assert answer.status_code in (404, 422, 303), path
            assert code not in answer.text, path
            if answer.status_code == 303:
                assert not answer.headers["location"].endswith("/export"), path
    assert len(opened(town)) == before


def foreign_case(town: Town, role: Role) -> str:
    return town.lodges(
        "រឿង",
        province="KH-7",
        conversation=role.value.ljust(64, "c"),
        update=f"u-{role.value}",
        shares=(ConsentCode.SHARE_MRC,),
    )


def opened(town: Town) -> list[AuditRow]:
    with town.site.store.reading() as session:
        return list(
            session.exec(select(AuditRow).where(AuditRow.act == audit.Act.OPENED_CASE)).all()
        )

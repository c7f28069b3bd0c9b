"""Who may touch the words that migrants read: editors, and nobody else."""

import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.pages import answers, exchange, news, numbers
from api.policy import each_route
from tests.api.pages.at_desk import COUNTRY, TOPIC, guard, signed_in
from tests.api.pages.at_door import enters
from tests.house import PASSWORD, Town

pytestmark = pytest.mark.usefixtures("nothing_was_changed_before")


PLACES = {
    "topic": TOPIC, "country": COUNTRY, "language": "km", "contact": "th_191", "alert_id": "x",
}  # fmt: skip
ROUTES = [
    (method, route.path)
    for router in (answers.router, exchange.router, numbers.router, news.router)
    for route in each_route(router.routes)
    for method in sorted(getattr(route, "methods", None) or ())
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_only_an_editor_comes_here(app: FastAPI, method: str, path: str) -> None:
    for name in ("mrc", "worker", "administrator"):
        client = signed_in(app, name)
        token = re.search(r'name="csrf" value="([^"]+)"', client.get("/members").text)
        assert token
        answer = client.request(method, path.format(**PLACES), data={"csrf": token[1]})
        assert answer.status_code == 403, name
    stranger = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
    assert stranger.request(method, path.format(**PLACES)).headers["location"] == "/sign-in"


def test_the_list_above_has_every_route() -> None:
    assert len(ROUTES) == 25


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route[0] == "POST"])
def test_nothing_is_done_without_the_guard(desk: TestClient, method: str, path: str) -> None:
    answer = desk.request(method, path.format(**PLACES), data={"csrf": "x"})
    assert answer.status_code == 419


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route[0] == "POST"])
def test_no_other_site_sends_a_form_here(desk: TestClient, method: str, path: str) -> None:
    address, sent = path.format(**PLACES), {"csrf": guard(desk)}
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        assert desk.request(method, address, data=sent, headers=headers).status_code == 403


def test_an_editor_lands_at_the_answers_and_opens_no_case(
    app: FastAPI, town: Town, desk: TestClient
) -> None:
    client = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
    assert enters(client, town.site, "editor@example.org").headers["location"] == "/answers"
    assert desk.get("/home").headers["location"] == "/answers"
    code = town.lodges("ពាក្យ")
    assert desk.get("/cases").status_code == desk.get(f"/cases/{code}").status_code == 403
    assert 'href="/cases"' not in desk.get("/answers").text


def test_an_administrator_invites_an_editor_into_no_office(app: FastAPI, town: Town) -> None:
    administrator = signed_in(app, "administrator")
    page = administrator.get("/members").text
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    office = town.people["mrc"].organisation_id
    assert token
    given = {"csrf": token[1], "email": "new@example.org", "role": "editor"}
    invited = administrator.post("/members", data={**given, "organisation": str(office)})
    link = re.search(r">http://127\.0\.0\.1(/invite/[\w-]+)<", invited.text)
    assert link
    new = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
    assert "មើលថែចម្លើយ" in new.get(link[1]).text
    account = {"name": "អ្នកកែថ្មី", "password": PASSWORD, "again": PASSWORD}
    assert new.post(link[1], data=account).status_code == 200
    assert signed_in(app, "new").get("/answers").status_code == 200


def test_a_supervisor_invites_no_editor(app: FastAPI) -> None:
    supervisor = signed_in(app, "mrc")
    token = re.search(r'name="csrf" value="([^"]+)"', supervisor.get("/members").text)
    assert token
    given = {"csrf": token[1], "email": "new@example.org", "role": "editor"}
    assert supervisor.post("/members", data=given).status_code == 422

"""Numbers at the desk: which want a call, and what a call does in the chat."""

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import col, delete, func, select

from bot.content import content, living
from referrals import audit
from referrals.audit import AuditRow
from referrals.taxonomy import Role
from tests.api.pages.at_door import enters
from tests.house import START, Town, build_town


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    built = build_town(tmp_path_factory.mktemp("town"))
    built.people["editor"] = built.comes("editor@example.org", None, "editor", Role.EDITOR)
    return built


@pytest.fixture(autouse=True)
def nobody_called_before(town: Town) -> None:
    town.clock.now = START
    with town.site.store.writing() as session:
        session.exec(delete(living.NumberCheck))
        town.acts_before = session.exec(select(func.max(AuditRow.id))).one() or 0


@pytest.fixture
def desk(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        signs_in(client)
        yield client


def signs_in(client: TestClient) -> None:
    enters(client, client.app.state.parts.site, "editor@example.org")


def calls(desk: TestClient, contact: str, works: str, note: str = "") -> int:
    csrf = re.search(r'name="csrf" value="([^"]+)"', desk.get("/numbers").text)
    assert csrf
    given = {"csrf": csrf[1], "works": works, "note": note}
    return desk.post(f"/numbers/{contact}", data=given).status_code


def due(desk: TestClient) -> set[str]:
    page = desk.get("/numbers").text
    end = page.index('id="others"') if 'id="others"' in page else len(page)
    return set(re.findall(r'<li class="card" id="(\w+)"', page[page.index('id="due"') : end]))


def test_every_number_stands_once(desk: TestClient) -> None:
    shown = re.findall(r'<li class="card" id="(\w+)"', desk.get("/numbers").text)
    assert sorted(shown) == sorted(content().contacts)


def test_a_number_wants_a_call_two_weeks_before_its_days_are_over(
    desk: TestClient, town: Town
) -> None:
    first = min(contact.compared for contact in content().contacts.values())
    assert due(desk) == set()
    town.clock.pass_(days=75 - (START.date() - first).days)
    signs_in(desk)
    assert due(desk) == set()
    town.clock.pass_(days=2)
    signs_in(desk)
    assert due(desk)


def test_a_call_brings_a_number_back_and_is_written_down(desk: TestClient, town: Town) -> None:
    town.clock.pass_(days=200)
    signs_in(desk)
    assert due(desk) == set(content().contacts)
    assert calls(desk, "kh_molvt_1297", "yes", "ឆ្លើយជាខ្មែរ") == 303
    assert "kh_molvt_1297" not in due(desk)
    page = desk.get("/numbers").text
    assert "ឆ្លើយជាខ្មែរ" in page
    with town.site.store.reading() as session:
        assert "kh_molvt_1297" not in living.current(session, town.clock()).hidden
        (row,) = session.exec(
            select(AuditRow).where(
                AuditRow.act == audit.Act.CHECKED_NUMBER, col(AuditRow.id) > town.acts_before
            )
        )
    assert (row.member_id, row.subject) == (town.people["editor"].member_id, "kh_molvt_1297")


def test_a_number_that_does_not_work_says_so_and_stands_first(desk: TestClient, town: Town) -> None:
    town.clock.pass_(days=200)
    signs_in(desk)
    assert calls(desk, "kh_molvt_1297", "no") == 303
    first = re.search(r'<li class="card" id="(\w+)"', desk.get("/numbers").text)
    assert first
    assert first[1] == "kh_molvt_1297"
    assert "ឥឡូវវាមិនបង្ហាញក្នុងឆាតទេ" in desk.get("/numbers").text


def test_an_emergency_number_stays_and_the_page_says_how(desk: TestClient) -> None:
    assert calls(desk, "th_191", "no") == 303
    page = desk.get("/numbers").text
    card = page[page.index('id="th_191"') :].partition("</li>")[0]
    assert "វានៅក្នុងឆាតដដែល" in card
    assert "លេខបន្ទាន់" in card


def test_a_call_of_no_number_and_a_call_that_says_nothing_are_refused(desk: TestClient) -> None:
    assert calls(desk, "nobody", "yes") == 404
    assert calls(desk, "th_191", "perhaps") == 422
    assert due(desk) == set()

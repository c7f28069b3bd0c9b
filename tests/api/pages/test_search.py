"""The search page over HTTP and in a real browser: found, written down, and never in an address."""

import logging
import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, expect
from sqlmodel import select

from api.pages import search_views
from api.pages.page import templates
from api.words import Words
from referrals import audit, desk, draft, lodging, searching
from referrals.audit import Act, AuditRow
from referrals.blind import SearchToken
from referrals.taxonomy import Role
from tests.api.pages.at_desk import signed_in
from tests.api.pages.at_door import shows_code
from tests.house import PASSWORD, Town, build_town, told_draft

NAME, PHONE, AGENCY = "ស្រីនាង គំរូ", "០១២ ៣៤៥ ៦៧៨", "Invented Manpower Co., Ltd"


def lodges(town: Town, number: int, name: str | None = NAME, agency: str = AGENCY) -> str:
    with town.site.store.writing() as session:
        story, conversation = f"មេខ្យល់លេខ {PHONE}", f"{number:064d}"
        begun = told_draft(session, town.site, story, conversation=conversation, name=name)
        draft.tell(session, town.site, begun, "agency", f"agency-{number}", text=agency)
        return lodging.lodge(session, town.site, begun, f"u-{number}", language="km").code


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    built = build_town(tmp_path_factory.mktemp("town"))
    built.comes("editor@example.org", None, "editor", Role.EDITOR)
    office = built.people["mrc"].organisation_id
    built.comes("waiting@example.org", office, "waiting", Role.CASE_WORKER)
    return built


@pytest.fixture(scope="module")
def codes(town: Town) -> list[str]:
    return [lodges(town, 1), lodges(town, 2, name=None, agency="Manpower Elsewhere")]


@pytest.fixture
def counsellor(app: FastAPI, codes: list[str]) -> Iterator[TestClient]:
    with signed_in(app, "mrc") as client:
        yield client


@pytest.fixture(autouse=True)
def nobody_searched_before(town: Town) -> None:
    town.clock.pass_(days=2)


def guard(client: TestClient) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/search").text)
    assert found
    return found[1]


def searches(client: TestClient, kind: str, term: str) -> tuple[int, list[str]]:
    """Search; gives the status and the codes of the lines."""
    given = {"csrf": guard(client), "kind": kind, "term": term}
    answer = client.post("/search", data=given)
    return answer.status_code, re.findall(r'href="/cases/([^"]+)"', answer.text)


@pytest.mark.parametrize(
    ("kind", "term", "which"),
    [
        ("phone", "+855 12 345 678", {0, 1}),
        ("name", "លោកស្រី គំរូ ស្រីនាង", {0}),
        ("agency", "invented manpower", {0, 1}),
        ("agency", "elsewhere", {1}),
        ("name", "Nobody", set()),
    ],
)
def test_a_case_is_found(
    counsellor: TestClient, codes: list[str], kind: str, term: str, which: set[int]
) -> None:
    assert searches(counsellor, kind, term)[0] == 200
    assert set(searches(counsellor, kind, term)[1]) == {codes[each] for each in which}


def test_the_one_that_fits_whole_comes_first_and_the_other_says_how_much_fits(
    counsellor: TestClient, codes: list[str]
) -> None:
    given = {"csrf": guard(counsellor), "kind": "agency", "term": "invented manpower"}
    page = counsellor.post("/search", data=given).text
    assert re.findall(r'href="/cases/([^"]+)"', page) == codes
    assert page.count("ត្រូវ 1 ក្នុងចំណោម 2 ពាក្យ") == 1


@pytest.mark.parametrize(("kind", "term"), [("phone", "hello"), ("name", "លោក"), ("agency", " ")])
def test_what_cannot_be_looked_for_is_said(counsellor: TestClient, kind: str, term: str) -> None:
    given = {"csrf": guard(counsellor), "kind": kind, "term": term}
    answer = counsellor.post("/search", data=given)
    assert answer.status_code == 422
    assert 'class="problem"' in answer.text


def test_a_term_in_the_address_is_not_looked_for(counsellor: TestClient) -> None:
    page = counsellor.get("/search", params={"kind": "name", "term": NAME}).text
    assert NAME not in page
    assert 'id="found"' not in page
    assert 'method="post" action="/search"' in page


def test_the_term_stands_in_no_log_and_no_audit(
    counsellor: TestClient, town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert searches(counsellor, "name", NAME)[1]
    with town.site.store.reading() as session:
        rows = session.exec(select(AuditRow)).all()
    last = [row.subject for row in rows if row.act == Act.SEARCHED][-1]
    assert last == "name 1"
    said = caplog.text + " ".join(str(row.model_dump()) for row in rows)
    assert "ស្រីនាង" not in said
    assert not re.search("%E1%9E|%e1%9e", said)


def test_no_cache_keeps_the_answer(counsellor: TestClient) -> None:
    given = {"csrf": guard(counsellor), "kind": "name", "term": NAME}
    answer = counsellor.post("/search", data=given)
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("given", "status"),
    [({"csrf": "x", "kind": "name"}, 419), ({"kind": "anything"}, 422)],
)
def test_a_form_that_is_not_ours_is_refused(
    counsellor: TestClient, given: dict[str, str], status: int
) -> None:
    sent = {"csrf": guard(counsellor), "term": NAME, **given}
    assert counsellor.post("/search", data=sent).status_code == status


def test_an_editor_does_not_search(app: FastAPI) -> None:
    with signed_in(app, "editor") as client:
        assert client.get("/search").status_code == 403


def test_who_waits_to_be_admitted_is_told_so(app: FastAPI, codes: list[str]) -> None:
    with signed_in(app, "waiting") as client:
        page = client.get("/search").text
        assert 'name="term"' not in page
        assert "card note" in page


def test_another_office_finds_nothing(app: FastAPI, codes: list[str]) -> None:
    with signed_in(app, "mrc-kampot") as client:
        assert searches(client, "name", NAME) == (200, [])


def test_too_many_searches_are_refused(counsellor: TestClient, town: Town) -> None:
    _, most = searching.LIMITS[0]
    who = town.people["mrc"]
    with town.site.store.writing() as session:
        for _ in range(most):
            audit.add(
                session, town.clock(), Act.SEARCHED, member_id=who.member_id, subject="name 0"
            )
    assert searches(counsellor, "name", NAME)[0] == 429


def test_the_page_says_how_many_cannot_be_found_yet(
    counsellor: TestClient, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    lodges(town, 100)
    lodges(town, 101)
    prepare = searching.prepare
    monkeypatch.setattr(searching, "prepare", lambda site, who: prepare(site, who, 1))
    assert "1 ករណី មិនទាន់អាចរកឃើញ" in counsellor.get("/search").text
    assert "មិនទាន់អាចរកឃើញ" not in counsellor.get("/search").text


def test_a_case_says_which_others_may_belong_to_it(town: Town, codes: list[str]) -> None:
    who = town.people["pdolvt"]
    searching.prepare(town.site, who)
    with town.site.store.reading() as session:
        assert session.exec(select(SearchToken)).first()
        found, _ = desk.key_of(session, who, codes[0])
        lines = search_views.repeat_lines(searching.repeats(session, who, found), Words("km"))
    drawn = str(templates("km").get_template("repeats.html").module.repeats(lines))  # type: ignore[attr-defined]
    assert f'href="/cases/{codes[1]}"' in drawn
    assert "លេខទូរសព្ទដូចគ្នា" in drawn
    assert codes[0] not in drawn


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_a_case_is_found_without_a_mouse_and_nothing_stays_in_the_address(
    browser: Browser, desk_address: str, town: Town, codes: list[str], width: int, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 740}, locale="km-KH", reduced_motion="reduce"
    )
    page = context.new_page()
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"{desk_address}/sign-in")
    page.fill("#email", "mrc@example.org")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    shows_code(page, town.site, "mrc@example.org")
    page.wait_for_url("**/cases")
    page.goto(f"{desk_address}/search")
    page.locator("#kind").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("គំរូ ស្រីនាង")
    page.keyboard.press("Enter")
    expect(page.locator("#found")).to_be_focused()
    assert page.url == f"{desk_address}/search"
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/*")
    context.close()

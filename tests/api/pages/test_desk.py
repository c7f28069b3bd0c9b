"""The desk over HTTP, with real keys and a real database."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api import pages
from api.policy import check_routes
from api.settings import Settings
from referrals.directory import invite, members
from referrals.taxonomy import Role
from tests.api.pages.at_door import enters
from tests.api.pages.conftest import STORY
from tests.house import PASSWORD, Town, build_town


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """A town that nobody administers yet."""
    return build_town(tmp_path_factory.mktemp("town"))


@pytest.fixture
def visitor(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        yield client


def sign_in(client: TestClient, name: str = "mrc", home: str = "/cases") -> None:
    site = client.app.state.parts.site
    assert enters(client, site, f"{name}@example.org").headers["location"] == home


@pytest.fixture
def counsellor(visitor: TestClient) -> TestClient:
    sign_in(visitor)
    return visitor


def guard(client: TestClient, path: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get(path).text)
    assert found
    return found[1]


def test_every_page_names_one_policy() -> None:
    check_routes(route for router in pages.routers for route in router.routes)


def test_the_front_page_speaks_khmer_until_english_is_asked_for(visitor: TestClient) -> None:
    assert '<html lang="km">' in visitor.get("/").text
    assert '<html lang="en">' in visitor.get("/?language=en").text
    assert '<html lang="km">' in visitor.get("/?language=xx").text
    assert not visitor.cookies


def test_a_wrong_password_and_an_unknown_account_read_the_same(visitor: TestClient) -> None:
    wrong = visitor.post("/sign-in", data={"email": "mrc@example.org", "password": "x"})
    unknown = visitor.post("/sign-in", data={"email": "who@example.org", "password": "x"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace("mrc@", "who@") == unknown.text
    assert not visitor.cookies


def test_a_case_is_listed_opened_and_its_reading_written_down(
    counsellor: TestClient, code: str
) -> None:
    assert f'href="/cases/{code}"' in counsellor.get("/cases").text
    page = counsellor.get(f"/cases/{code}")
    assert STORY in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "mrc ខ្មែរ" in counsellor.get(f"/cases/{code}").text


def test_a_case_of_others_looks_like_no_case(visitor: TestClient, code: str) -> None:
    sign_in(visitor, "mrc-kampot")
    others, none = visitor.get(f"/cases/{code}"), visitor.get("/cases/AAAA-AAAA")
    assert others.status_code == none.status_code == 404
    assert others.text.replace(code, "") == none.text.replace("AAAA-AAAA", "")


def test_take_change_and_write(counsellor: TestClient, code: str) -> None:
    csrf = guard(counsellor, f"/cases/{code}")
    assert counsellor.post(f"/cases/{code}/take", data={"csrf": csrf}).status_code == 303
    changed = {"csrf": csrf, "status": "working"}
    assert counsellor.post(f"/cases/{code}/status", data=changed).status_code == 303
    letter = {"csrf": csrf, "text": "យើងបានអានរឿងរបស់អ្នកហើយ។"}
    assert counsellor.post(f"/cases/{code}/letters", data=letter).status_code == 303
    page = counsellor.get(f"/cases/{code}").text
    assert letter["text"] in page
    assert "អ្នកកំពុងទទួលបន្ទុកករណីនេះ" in page
    assert '<option value="working" selected>' in page


def test_a_letter_too_long_stays_in_the_form(counsellor: TestClient, code: str) -> None:
    long = "ក" * 601
    answer = counsellor.post(
        f"/cases/{code}/letters", data={"csrf": guard(counsellor, "/cases"), "text": long}
    )
    assert answer.status_code == 422
    assert long in answer.text


def test_a_line_end_counts_as_one_character(counsellor: TestClient, code: str) -> None:
    text = "\r\n".join(["ក"] * 300)
    answer = counsellor.post(
        f"/cases/{code}/letters", data={"csrf": guard(counsellor, "/cases"), "text": text}
    )
    assert answer.status_code == 303


@pytest.mark.parametrize("act", ["take", "status", "letters"])
def test_nothing_is_done_without_the_guard(counsellor: TestClient, code: str, act: str) -> None:
    answer = counsellor.post(f"/cases/{code}/{act}", data={"csrf": "x", "text": "x"})
    assert answer.status_code == 419


def test_a_stranger_is_sent_to_sign_in(visitor: TestClient, code: str) -> None:
    for path in ("/cases", f"/cases/{code}", f"/cases/{code}/files/x", "/members"):
        assert visitor.get(path).headers["location"] == "/sign-in"


def test_an_unknown_file_is_not_found(counsellor: TestClient, code: str) -> None:
    assert counsellor.get(f"/cases/{code}/files/{'0' * 32}").status_code == 404


def test_the_language_button_stays_in_the_house(counsellor: TestClient) -> None:
    form = {"language": "en", "back": "/cases?show=new"}
    answer = counsellor.post("/language", data=form)
    assert answer.headers["location"] == "/cases?show=new"
    assert '<html lang="en">' in counsellor.get("/cases").text
    for away in ("//evil.example", "https://evil.example", "/\\evil.example", "/a\nb"):
        form["back"] = away
        assert counsellor.post("/language", data=form).headers["location"] == "/"


def test_signing_out_closes_the_desk(counsellor: TestClient) -> None:
    kept = dict(counsellor.cookies)
    out = counsellor.post("/sign-out", data={"csrf": guard(counsellor, "/cases")})
    assert out.headers["location"] == "/sign-in"
    counsellor.cookies.update(kept)
    assert counsellor.get("/cases").headers["location"] == "/sign-in"


def test_an_invited_colleague_waits_until_admitted(counsellor: TestClient, code: str) -> None:
    csrf = guard(counsellor, "/members")
    invited = counsellor.post(
        "/members", data={"csrf": csrf, "email": "new@example.org", "role": "case_worker"}
    )
    link = re.search(r">http://127\.0\.0\.1(/invite/[\w-]+)<", invited.text)
    assert link
    new = TestClient(counsellor.app, base_url="http://127.0.0.1", follow_redirects=False)
    assert "new@example.org" in new.get(link[1]).text
    account = {"name": "មន្ត្រីថ្មី", "password": PASSWORD, "again": "different from it"}
    assert new.post(link[1], data=account).status_code == 422
    made = new.post(link[1], data={**account, "again": PASSWORD})
    assert "សមាជិក" in made.text
    assert new.get(link[1]).status_code == 410
    sign_in(new, "new")
    assert new.get(f"/cases/{code}").status_code == 404
    admit = re.search(r'action="(/members/\w+/admit)"', counsellor.get("/members").text)
    assert admit
    assert counsellor.post(admit[1], data={"csrf": csrf}).status_code == 303
    assert STORY in new.get(f"/cases/{code}").text
    assert "/admit" not in new.get("/members").text


def test_an_invitation_names_our_own_address_whatever_the_host_header_says(
    counsellor: TestClient, app: FastAPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data_dir=tmp_path, public_url="https://samleng.example/")
    monkeypatch.setitem(app.state._state, "parts", replace(app.state.parts, settings=settings))
    invited = counsellor.post(
        "/members",
        data={
            "csrf": guard(counsellor, "/members"),
            "email": "another@example.org",
            "role": "case_worker",
        },
        headers={"host": "evil.example"},
    )
    assert re.search(r">https://samleng\.example/invite/[\w-]+<", invited.text)
    assert "evil.example" not in invited.text


def test_the_first_administrator_gives_an_e_mail_and_reads_no_case(
    visitor: TestClient, town: Town, code: str
) -> None:
    with town.site.store.writing() as session:
        token = invite(session, "administrator", Role.ADMINISTRATOR, None, town.site.clock())
    account = {"name": "អ្នកគ្រប់គ្រងគំរូ", "password": PASSWORD, "again": PASSWORD}
    for taken in ("", "mrc@example.org"):
        answer = visitor.post(f"/setup/{token}", data={**account, "email": taken})
        assert answer.status_code == 422
    made = visitor.post(f"/setup/{token}", data={**account, "email": "First@example.org"})
    assert made.status_code == 200
    with town.site.store.reading() as session:
        assert [m.email for m in members(session, None)] == ["first@example.org"]
    sign_in(visitor, "first", home="/members")
    assert visitor.get("/cases").status_code == 403
    assert visitor.get(f"/cases/{code}").status_code == 403
    assert 'name="organisation"' in visitor.get("/members").text

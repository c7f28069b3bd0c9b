"""The page of kept and erased cases: who is warned, who keeps longer, what a certificate says."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser
from sqlmodel import delete, select

from referrals import aftercare, case, erasure, retention
from referrals.audit import Act, AuditRow
from referrals.case import Case
from referrals.erasure import Certificate, Reason
from referrals.settings import KeepClosed
from tests.api.pages.at_desk import signed_in
from tests.api.pages.conftest import serving
from tests.house import PASSWORD, Town

KEEP = KeepClosed()
ALMOST_TWO_YEARS = timedelta(days=731 - 30)


@pytest.fixture(autouse=True)
def nothing_is_kept(town: Town) -> None:
    with town.site.store.writing() as session:
        for table in (Case, Certificate):
            session.exec(delete(table))


@pytest.fixture
def supervisor(app: FastAPI) -> Iterator[TestClient]:
    with signed_in(app, "mrc") as client:
        client.cookies.set("language", "en")
        yield client


def warned(town: Town) -> str:
    """Lodge a case, and let it be closed so long ago that its office is warned; gives its code."""
    code = town.lodges("រឿងសម្ងាត់")
    with town.site.store.writing() as session:
        found = case.by_code(session, code)
        aftercare.close(session, town.site, found)
        found = case.by_code(session, code)
        found.closed_at = town.clock() - ALMOST_TWO_YEARS
        session.add(found)
        assert retention.warn(session, town.site, found.id, KEEP)
    return code


def erased(town: Town, reason: Reason = Reason.TIME) -> str:
    code = town.lodges("រឿងសម្ងាត់", conversation="e" * 64, update="u-erased")
    with town.site.store.writing() as session:
        erasure.erase(session, town.site, case.by_code(session, code).id, reason)
    return code


def send(client: TestClient, path: str, **fields: str) -> tuple[int, str]:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/retention").text)
    assert found
    answer = client.post(path, data={"csrf": found[1], **fields})
    return answer.status_code, answer.text


def spoken(code: str) -> str:
    return f"{code[:3]}-{code[3:6]}-{code[6:]}"


def test_the_office_sees_what_will_be_erased_and_no_other_office_does(
    town: Town, supervisor: TestClient, app: FastAPI
) -> None:
    assert "No case of your office is about to be erased." in supervisor.get("/retention").text
    code = warned(town)
    page = supervisor.get("/retention").text
    assert spoken(code) in page
    assert "She closed it herself" in page
    assert "24 months" in page
    assert "deleted after 30 days" in page
    with signed_in(app, "mrc-kampot") as other:
        assert spoken(code) not in other.get("/retention").text


def test_a_case_is_kept_longer_with_a_reason(town: Town, supervisor: TestClient) -> None:
    code = warned(town)
    path = f"/retention/{code}/keep"
    for wrong in ({}, {"reason": "court"}, {"reason": "court", "months": "24"}, {"reason": "x"}):
        status, text = send(supervisor, path, **wrong)
        assert (status, "Please choose a reason" in text) == (422, True)
    assert send(supervisor, path, reason="court", months="6")[0] == 303
    page = supervisor.get("/retention?done=kept").text
    assert "The case is kept longer." in page
    assert spoken(code) not in page
    with town.site.store.reading() as session:
        row = session.exec(select(AuditRow).where(AuditRow.act == Act.KEPT_LONGER)).all()[-1]
    assert (row.subject, row.member_id) == ("court:6", town.people["mrc"].member_id)
    status, text = send(supervisor, path, reason="court", months="6")
    assert (status, "cannot be kept longer" in text) == (422, True)


def test_only_a_supervisor_comes_here_and_a_form_needs_its_token(
    town: Town, supervisor: TestClient, app: FastAPI
) -> None:
    code = warned(town)
    for name in ("worker", "editor", "administrator"):
        with signed_in(app, name) as other:
            assert other.get("/retention").status_code == 403
            assert other.post(f"/retention/{code}/keep").status_code == 403
    for path in (f"/retention/{code}/keep", "/retention/check"):
        assert supervisor.post(path, data={"reason": "court"}).status_code == 419


def test_a_certificate_names_no_case_and_is_found_by_the_code_alone(
    town: Town, supervisor: TestClient, app: FastAPI
) -> None:
    code = erased(town)
    page = supervisor.get("/retention").text
    assert "Its time was over" in page
    assert "Signed" in page
    assert code not in page
    assert spoken(code) not in page
    status, text = send(supervisor, "/retention/check", code=f"code {spoken(code)}")
    assert status == 200
    assert f"The case with the code {spoken(code)} was erased on" in text
    with signed_in(app, "mrc-kampot") as other:
        other.cookies.set("language", "en")
        assert "no certificate" in send(other, "/retention/check", code=code)[1]
    kept = warned(town)
    assert "no certificate" in send(supervisor, "/retention/check", code=kept)[1]
    status, text = send(supervisor, "/retention/check", code="12")
    assert (status, "not the code of a case" in text) == (422, True)


def test_a_certificate_that_was_changed_is_shown_as_one(town: Town, supervisor: TestClient) -> None:
    erased(town)
    with town.site.store.writing() as session:
        for each in session.exec(select(Certificate)):
            each.reason = Reason.HER_WISH
            session.add(each)
    page = supervisor.get("/retention").text
    assert "its signature does not fit" in page
    assert "Signed" not in page


@pytest.mark.parametrize("language", ["km", "en"])
@pytest.mark.parametrize("width", [360, 1280])
def test_on_a_phone_and_on_a_desk_nothing_runs_out_of_the_page(
    town: Town, app: FastAPI, browser: Browser, width: int, language: str
) -> None:
    warned(town)
    erased(town)
    with serving(app) as address:
        context = browser.new_context(viewport={"width": width, "height": 900})
        page = context.new_page()
        page.goto(f"{address}/sign-in")
        page.locator("[name=email]").fill("mrc@example.org")
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("form:has([name=password]) button").first.click()
        context.add_cookies([{"name": "language", "value": language, "url": address}])
        page.goto(f"{address}/retention")
        assert page.locator("h1").count() == 1
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width
        for each in page.locator("main button, main select, main input:not([type=hidden])").all():
            box = each.bounding_box()
            assert box
            assert box["height"] >= 40, each.inner_text()
        context.close()

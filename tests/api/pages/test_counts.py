"""Numbers that name nobody: who sees them, what is told, and what is not."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser
from sqlmodel import delete, select

from api.pages import counts
from referrals import statistic
from referrals.audit import Act, AuditRow
from referrals.statistic import CELLS, FEWEST, Statistic
from referrals.taxonomy import Role
from tests.api.pages.at_desk import signed_in, town_with_editor
from tests.api.pages.at_door import shows_code
from tests.api.pages.conftest import serving
from tests.house import PASSWORD, Town
from tests.on_call import works_at


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    built = town_with_editor(tmp_path_factory.mktemp("town"))
    works_at(built, "mrc", "second")
    built.comes("analyst@example.org", None, "analyst", Role.ANALYST)
    return built


@pytest.fixture(autouse=True)
def counted(town: Town) -> None:
    """October: wages in Thailand 12, papers in Malaysia 7; wages in Malaysia 4 and deductions 3.
    November, which is not over: 9.
    """
    town.clock.now = max(town.clock.now, datetime(2026, 11, 21, 8, tzinfo=UTC))
    with town.site.store.writing() as session:
        session.exec(delete(Statistic))
        for month, category, country, count in (
            ("2026-10", "unpaid_wages", "TH", 12),
            ("2026-10", "documents_withheld", "MY", 7),
            ("2026-10", "unpaid_wages", "MY", 4),
            ("2026-10", "wage_deductions", "TH", 3),
            ("2026-11", "unpaid_wages", "TH", 9),
        ):
            for _ in range(count):
                session.add(
                    Statistic(
                        month=month,
                        category=category,
                        country=country,
                        complainant="self",
                        papers="none",
                    )
                )


@pytest.fixture
def analyst(app: FastAPI) -> Iterator[TestClient]:
    """An analyst's browser, in English."""
    with signed_in(app, "analyst") as client:
        client.cookies.set("language", "en")
        yield client


def text_of(page: str) -> str:
    main = page.split("<main", 1)[1]
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", main).split()))


@pytest.mark.parametrize(
    ("name", "status"),
    [("analyst", 200), ("mrc", 200), ("second", 403), ("editor", 403), ("administrator", 403)],
)
@pytest.mark.parametrize("path", ["/counts", "/counts/samleng.csv"])
def test_the_numbers_are_for_analysts_and_supervisors(
    app: FastAPI, name: str, status: int, path: str
) -> None:
    with signed_in(app, name) as client:
        assert client.get(path).status_code == status


def test_only_numbers_of_five_and_more_of_a_month_that_is_over(analyst: TestClient) -> None:
    page = text_of(analyst.get("/counts").text)
    assert "October 2026" in page
    assert "from November 2024 to October 2026" in page
    month = page.split("October 2026", 2)[2]
    told = [int(n) for n in re.findall(r"(?<![<\d])\b\d+\b", month)]
    assert set(told) <= {12, 7, FEWEST}
    assert month.count("<5") == 2, "wages in Malaysia, papers in Thailand"
    assert "All others together: 7, each fewer than 5." in page
    assert "November 2026" not in page


def test_without_enough_complaints_it_is_said(town: Town, analyst: TestClient) -> None:
    with town.site.store.writing() as session:
        session.exec(delete(Statistic).where(Statistic.category == "unpaid_wages"))  # type: ignore[arg-type]
        session.exec(delete(Statistic).where(Statistic.category == "documents_withheld"))  # type: ignore[arg-type]
    assert "No month has enough complaints yet" in text_of(analyst.get("/counts").text)


def test_the_table_has_as_many_lines_whatever_was_counted(town: Town, analyst: TestClient) -> None:
    answer = analyst.get("/counts/samleng.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    text = answer.content.decode()
    assert text.startswith("\ufeff")
    header, *rows = csv.reader(io.StringIO(text[1:]))
    assert header == ["Month", "Topic", "Country", "Complaints"]
    assert len(rows) == statistic.MONTHS * (len(CELLS) + 1)
    assert {row[3] for row in rows} == {"<5", "12", "7", ""}
    (wages,) = [row for row in rows if row[3] == "12"]
    assert (wages[0], wages[2]) == ("2026-10", "Thailand")
    assert "wages" in wages[1]
    with town.site.store.writing() as session:
        session.exec(delete(Statistic))
    nothing = analyst.get("/counts/samleng.csv").content.decode()
    assert len(nothing.splitlines()) == len(text.splitlines())


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_taken_for_a_formula(cell: str) -> None:
    assert counts.harmless(cell) == f"'{cell}"
    assert counts.harmless("<5") == "<5"
    assert counts.harmless("ថៃ") == "ថៃ"


def test_looking_is_written_down(town: Town, analyst: TestClient) -> None:
    for path, subject in (("/counts", "page"), ("/counts/samleng.csv", "csv")):
        analyst.get(path)
        with town.site.store.reading() as session:
            rows = session.exec(select(AuditRow).where(AuditRow.act == Act.COUNTS_SHOWN)).all()
        assert rows[-1].subject == subject
        assert rows[-1].case_id is None


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1280])
def test_in_a_browser_it_fits_in_both_languages(
    browser: Browser, app: FastAPI, town: Town, width: int
) -> None:
    with serving(app) as address:
        size = {"width": width, "height": 800}
        page = browser.new_context(viewport=size, locale="km-KH").new_page()  # type: ignore[arg-type]
        page.goto(f"{address}/sign-in")
        page.fill("#email", "mrc@example.org")
        page.fill("#password", PASSWORD)
        page.keyboard.press("Enter")
        shows_code(page, town.site, "mrc@example.org")
        page.wait_for_url("**/cases")
        page.goto(f"{address}/counts")
        for language in ("km", "en"):
            assert page.locator("html").get_attribute("lang") == language
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
            page.locator("button[name=language]").click()
            page.wait_for_url("**/counts")
        page.context.close()

"""`make content`: one line a complaint, the table of answers, and the review list."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content import content, overview, review, rules
from bot.content.__main__ import FOLDER, main
from bot.content.check import read_all
from bot.content.texts import Risk, texts
from tests.bot.content.spoiling import spoil

TODAY = date(2026, 11, 21)
YEARS_LATER = date(2031, 1, 1)
KM = "សួស្តី"
WAGE = "faq/at_work.yml"


@pytest.fixture(name="docs")
def _docs(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    return tmp_path / "docs"


def run(folder: Path, docs: Path, *arguments: str, today: date = TODAY) -> int:
    return main(arguments, folder, docs, today)


def test_the_pages_in_docs_say_what_the_files_say() -> None:
    assert main(["--check"]) == 0


def test_a_complaint_is_one_line_and_writes_nothing(
    folder: Path, docs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(folder, "says/welcome.yml", "menu en", "Call 1297\n1298")
    assert run(folder, docs) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        f"says.menu.en: {rules.NUMBER.rstrip('.')}: {number}" for number in ("1297", "1298")
    ]
    assert list(docs.iterdir()) == []


def test_the_pages_are_written_once_and_a_summary_is_said(
    folder: Path, docs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, docs) == 0
    first = capsys.readouterr().out
    assert "answers.md" in first
    assert "review.md" in first
    entries = [entry for topic in content().faq.values() for entry in topic]
    old = sum(entry.review_by < TODAY for entry in entries)
    assert f"{len(entries)} answers to 37 questions; {old} past their review date." in first
    assert f"{len(content().contacts)} numbers; 0 not confirmed for 90 days." in first
    assert run(folder, docs) == 0
    assert "Written" not in capsys.readouterr().out
    assert run(folder, docs, "--check", today=YEARS_LATER) == 0


@pytest.mark.parametrize("page", ["answers.md", "review.md"])
def test_a_page_that_lags_behind_fails_the_check(page: str, folder: Path, docs: Path) -> None:
    run(folder, docs)
    if page == "answers.md":
        spoil(folder, WAGE, "minimum_wage 0 as_of", "2020")
    else:
        spoil(folder, "says/welcome.yml", "menu km", KM)
    before = (docs / page).read_text(encoding="utf-8")
    assert run(folder, docs, "--check") == 1
    assert (docs / page).read_text(encoding="utf-8") == before
    assert run(folder, docs) == 0
    assert (docs / page).read_text(encoding="utf-8") != before


def test_without_pages_the_check_fails(
    folder: Path, docs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, docs, "--check") == 1
    assert "Run make content" in capsys.readouterr().out
    assert list(docs.iterdir()) == []


def test_writing_versions_lets_the_check_pass(folder: Path, docs: Path) -> None:
    (folder / "versions.yml").write_text("{}\n")
    assert run(folder, docs) == 1
    assert run(folder, docs, "--write") == 0


# --- The table of answers ----------------------------------------------------------------------


def rows(page: str) -> Iterator[list[str]]:
    for line in page.splitlines():
        if line.startswith("| "):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_has_every_question_with_every_country_source_and_age() -> None:
    page = overview.page(content(), TODAY)
    assert overview.day_of(page) == TODAY
    by_topic = {row[0].rpartition("<br>")[2].strip("`"): row for row in rows(page) if len(row) == 5}
    for topic, entries in content().faq.items():
        shown = dict(zip(overview.COLUMNS, by_topic[topic][1:], strict=True))
        answered = {entry.country: entry for entry in entries}
        assert {country for country, cell in shown.items() if cell} == set(answered)
        for country, entry in answered.items():
            assert review.cell(entry.source.en) in shown[country]
            assert f"{entry.as_of}, {overview.age(entry.as_of, TODAY)} months" in shown[country]
            assert shown[country].endswith(overview.OLD) == (entry.review_by < TODAY)


def test_the_table_marks_a_number_that_is_over() -> None:
    def over(day: date) -> set[str]:
        numbers = [row for row in rows(overview.page(content(), day)) if len(row) == 5]
        return {row[1] for row in numbers if row[4].endswith(overview.OLD) and row[2] in "Vv"}

    last = max(contact.compared for contact in content().contacts.values())
    assert over(last) == set()
    assert len(over(YEARS_LATER)) == len(content().contacts)


@pytest.mark.parametrize(
    ("as_of", "day", "months"),
    [
        ("2026", date(2026, 1, 1), 0),
        ("2026-01-31", date(2026, 2, 28), 0),
        ("2026-01-31", date(2026, 3, 31), 2),
        ("2025-12", date(2026, 1, 1), 1),
        ("2017", date(2026, 11, 21), 118),
    ],
)
def test_age_is_counted_in_whole_months(as_of: str, day: date, months: int) -> None:
    assert overview.age(as_of, day) == months


# --- The review list ---------------------------------------------------------------------------


def test_every_text_is_listed_once_the_most_dangerous_first() -> None:
    listed = texts(read_all(FOLDER), FOLDER)
    assert len({text.key for text in listed}) == len(listed)
    assert [text.risk for text in listed] == sorted(text.risk for text in listed)
    risks = {text.key: text.risk for text in listed}
    assert {f"says.{key}" for key in content().says} <= risks.keys()
    assert {risks[f"safety.{kind}"] for kind in content().safety.words} == {Risk.DANGER}
    assert {risks[f"consent.{code}"] for code in content().consents} == {Risk.CONSENT}
    assert risks["says.callback_offer"] is Risk.CONSENT
    assert risks["danger.words.beat"] is Risk.DANGER
    assert risks["faq.minimum_wage.TH"] is Risk.LAW_AND_MONEY
    assert risks["says.ask_story"] is Risk.COMPLAINT
    assert risks["says.thank"] is Risk.REST


def test_a_review_is_for_the_exact_words(folder: Path, docs: Path) -> None:
    run(
        folder,
        docs,
        "--reviewed",
        "says.menu",
        "consent.store",
        "--by",
        "Reader",
        "--on",
        "2026-12-01",
    )
    page = (docs / "review.md").read_text(encoding="utf-8")
    assert re.search(r"^\| `says\.menu` .* \| Reader, 2026-12-01 \|$", page, re.MULTILINE)
    assert "| 2. Consent |" in page
    assert re.search(r"^\| 2\. Consent \| \d+ \| 1 \|$", page, re.MULTILINE)
    spoil(folder, "says/welcome.yml", "menu km", KM)
    spoil(folder, "consent.yml", "store en", content().consents["store"].en)
    run(folder, docs)
    page = (docs / "review.md").read_text(encoding="utf-8")
    assert "changed since (Reader, 2026-12-01)" in page
    assert re.search(r"^\| 5\. The rest \| \d+ \| 0 \|$", page, re.MULTILINE)
    assert re.search(r"^\| `consent\.store` .* \| Reader, 2026-12-01 \|$", page, re.MULTILINE)


def test_a_mark_without_a_day_is_of_today(folder: Path, docs: Path) -> None:
    run(folder, docs, "--reviewed", "says.thank", "--by", "Reader")
    assert review.read_marks(folder)["says.thank"].on == TODAY


def test_a_text_that_is_not_there_cannot_be_marked(folder: Path, docs: Path) -> None:
    assert run(folder, docs, "--reviewed", "says.weather", "--by", "Reader") == 1
    assert review.read_marks(folder) == review.read_marks(FOLDER)


def test_a_mark_needs_a_name(folder: Path, docs: Path) -> None:
    with pytest.raises(SystemExit):
        run(folder, docs, "--reviewed", "says.thank")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n|\\`<&")))
def test_a_text_never_leaves_its_cell(text: str) -> None:
    shown = review.cell(text)
    assert "|" not in shown
    assert len(shown.splitlines()) <= 1

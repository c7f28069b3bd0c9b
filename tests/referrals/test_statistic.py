"""Counting, once, with consent, in a row that leads back to nobody."""

from datetime import UTC, datetime

import pytest
from sqlmodel import select

from referrals import aftercare, case, consent, statistic
from referrals.case import Case
from referrals.statistic import Statistic
from referrals.taxonomy import ConsentCode
from tests.house import Town


def answers(town: Town, code: str, *, granted: bool) -> None:
    asked = consent.Asked(ConsentCode.STATISTICS, granted, 1, "km", "ពាក្យ", town.clock())
    with town.site.store.writing() as session:
        aftercare.change_consent(session, town.site, case.by_code(session, code), asked)


def counts(town: Town, code: str, papers: str = "expired") -> bool:
    with town.site.store.writing() as session:
        return statistic.count(session, town.site, case.by_code(session, code), papers)


def rows(town: Town) -> list[Statistic]:
    with town.site.store.reading() as session:
        return list(session.exec(select(Statistic)))


def test_nothing_is_counted_that_nobody_agreed_to(town: Town) -> None:
    code = town.lodges("រឿង")
    assert not counts(town, code)
    answers(town, code, granted=True)
    answers(town, code, granted=False)
    assert not counts(town, code)
    assert rows(town) == []


def test_a_case_is_counted_once(town: Town) -> None:
    code = town.lodges("រឿង")
    answers(town, code, granted=True)
    assert counts(town, code)
    assert not counts(town, code)
    assert not counts(town, code, "valid")
    (row,) = rows(town)
    assert (row.category, row.country, row.complainant, row.papers) == (
        "unpaid_wages",
        "TH",
        "self",
        "expired",
    )
    with town.site.store.reading() as session:
        assert case.by_code(session, code).counted


def test_the_month_is_cambodias(town: Town) -> None:
    for moment, month in (
        (datetime(2026, 11, 30, 16, 59, tzinfo=UTC), "2026-11"),
        (datetime(2026, 11, 30, 17, 0, tzinfo=UTC), "2026-12"),
        (datetime(2026, 12, 31, 17, 0, tzinfo=UTC), "2027-01"),
    ):
        code = town.lodges("រឿង", update=month + str(moment.minute))
        answers(town, code, granted=True)
        before = {row.id for row in rows(town)}
        town.clock.now = moment
        assert counts(town, code)
        assert [row.month for row in rows(town) if row.id not in before] == [month]


def test_papers_are_one_of_four_words(town: Town) -> None:
    code = town.lodges("រឿង")
    answers(town, code, granted=True)
    for papers in ("", "Valid", "passport", "unknown"):
        with pytest.raises(ValueError, match="papers"):
            counts(town, code, papers)
    assert rows(town) == []
    assert sorted(statistic.PAPERS) == ["expired", "none", "unsaid", "valid"]


def test_nothing_in_the_row_leads_to_the_case(town: Town) -> None:
    code = town.lodges("រឿង")
    answers(town, code, granted=True)
    assert counts(town, code)
    table = Statistic.metadata.tables["statistic"]
    assert not table.foreign_keys
    assert not [
        key
        for t in Statistic.metadata.tables.values()
        for key in t.foreign_keys
        if key.column.table is table
    ]
    (row,) = rows(town)
    with town.site.store.reading() as session:
        counted = case.by_code(session, code)
    shared = {
        name
        for name, value in row.model_dump().items()
        if value in [str(v) for v in counted.model_dump(exclude={"public_key"}).values()]
    }
    assert shared == {"category", "country", "complainant"}
    assert set(table.columns.keys()) & set(Case.__table__.columns.keys()) == {  # type: ignore[attr-defined]
        "id",
        "category",
        "country",
        "complainant",
    }


def test_erasing_the_case_leaves_the_count(town: Town) -> None:
    code = town.lodges("រឿង")
    answers(town, code, granted=True)
    counts(town, code)
    with town.site.store.writing() as session:
        aftercare.erase(session, town.site, case.by_code(session, code))
    assert len(rows(town)) == 1

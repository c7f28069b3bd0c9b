"""Counting, once, with consent, in a row that leads back to nobody."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from referrals import aftercare, case, consent, statistic
from referrals.case import Case
from referrals.statistic import CELLS, FEWEST, Cell, Month, Statistic
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


# ---- publishing

FOUR: tuple[Cell, ...] = (("a", "TH"), ("a", "MY"), ("b", "TH"), ("b", "MY"))
"""A small month: few enough cells to go through everything that it could have been."""


def publish(*counts: int) -> Month:
    return statistic.publish("2026-10", dict(zip(FOUR, counts, strict=True)), FOUR)


def could_have_been(seen: Month) -> Iterator[tuple[int, ...]]:
    """Yield every month that would have been published just so: what a clever reader can know."""
    choices = [[seen.cells[c]] if c in seen.cells else range(FEWEST) for c in FOUR]
    for counts in product(*choices):
        if publish(*counts) == seen:
            yield counts


@given(st.lists(st.integers(0, 9), min_size=4, max_size=4))
def test_a_hidden_number_could_be_anything_from_none_to_four(counts: list[int]) -> None:
    """Whoever knows the rule, and all that is told, can rule out no number of any hidden cell."""
    seen = publish(*counts)
    possible = list(could_have_been(seen))
    assert tuple(counts) in possible
    for place, cell in enumerate(FOUR):
        values = {month[place] for month in possible}
        assert values == ({counts[place]} if cell in seen.cells else set(range(FEWEST)))


@given(st.lists(st.integers(0, 9), min_size=4, max_size=4))
def test_nothing_under_five_is_told(counts: list[int]) -> None:
    seen = publish(*counts)
    told = [*seen.cells.values(), *([] if seen.others is None else [seen.others])]
    assert all(number >= FEWEST for number in told)
    assert seen.cells == {c: n for c, n in zip(FOUR, counts, strict=True) if n >= FEWEST}


def test_the_sum_of_the_others_is_told_where_it_tells_no_more_than_a_sum() -> None:
    assert publish(9, 2, 2, 1).others == 5
    assert publish(9, 2, 1, 1).others is None, "fewer than five together"
    assert publish(9, 9, 9, 4).others is None, "one alone would be told"
    assert publish(9, 9, 4, 4).others is None, "both must be four"
    assert publish(9, 4, 4, 1).others is None, "nine: none of them can be none"
    assert publish(9, 4, 4, 0).others == 8
    assert publish(9, 9, 9, 9) == Month("2026-10", dict.fromkeys(FOUR, 9), None)
    assert publish(0, 0, 0, 0) == Month("2026-10", {}, None)


def counted(town: Town, month: str, how_many: int, **more: str) -> None:
    given = {"category": "unpaid_wages", "country": "TH", "complainant": "self", "papers": "none"}
    with town.site.store.writing() as session:
        for _ in range(how_many):
            session.add(Statistic(month=month, **{**given, **more}))


def published(town: Town) -> list[Month]:
    with town.site.store.reading() as session:
        return statistic.published(session, town.clock())


def test_a_month_appears_when_it_is_over_in_cambodia(town: Town) -> None:
    counted(town, "2026-11", 6)
    town.clock.now = datetime(2026, 11, 30, 16, 59, tzinfo=UTC)
    assert published(town)[0] == Month("2026-10", {}, None)
    town.clock.now = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
    newest, *before = published(town)
    assert newest == Month("2026-11", {("unpaid_wages", "TH"): 6}, None)
    assert len(before) == statistic.MONTHS - 1
    assert before[-1].month == "2024-12"


def test_cells_are_told_by_topic_and_country_whatever_else_a_row_says(town: Town) -> None:
    town.clock.now = datetime(2027, 1, 15, tzinfo=UTC)
    counted(town, "2026-12", 3)
    counted(town, "2026-12", 3, papers="valid", complainant="family")
    counted(town, "2026-12", 4, country="MY")
    counted(town, "2026-12", 4, category="dismissal")
    counted(town, "2026-12", 5, category="of a newer program", country="XX")
    newest = published(town)[0]
    assert newest.cells == {("unpaid_wages", "TH"): 6, ("other", "other"): 5}
    assert newest.others == 8
    assert set(newest.cells) < set(CELLS)

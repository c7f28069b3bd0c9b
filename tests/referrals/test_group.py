"""One incident, told by several people."""

import pytest

from referrals import aftercare, case, group
from referrals.code import WrongCode, read, read_group
from referrals.taxonomy import Category, Country
from tests.house import Town


def begins(town: Town) -> group.CaseGroup:
    with town.site.store.writing() as session:
        return group.begin(session, town.site, Category.UNPAID_WAGES, Country.TH)


def test_a_group_is_found_by_its_code(town: Town) -> None:
    begun = begins(town)
    with town.site.store.reading() as session:
        found = group.by_code(session, read_group(begun.code))
        assert found is not None
        assert (found.id, found.category, found.country) == (begun.id, "unpaid_wages", "TH")
        assert found.begun == town.clock()
    with pytest.raises(WrongCode):
        read(begun.code)


def test_an_unknown_code_is_no_group(town: Town) -> None:
    with town.site.store.reading() as session:
        assert group.by_code(session, "00000000") is None


def test_a_taken_code_is_not_given_twice(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    first = begins(town)
    drawn = iter([first.code, first.code, "12345670"])
    monkeypatch.setattr(group, "new_group_code", lambda: next(drawn))
    assert begins(town).code == "12345670"


def test_a_group_of_no_topic_is_not_begun(town: Town) -> None:
    with town.site.store.writing() as session, pytest.raises(ValueError, match="nothing"):
        group.begin(session, town.site, "nothing", Country.TH)  # type: ignore[arg-type]


def test_a_group_counts_its_lodged_cases_and_no_erased_one(town: Town) -> None:
    ours, theirs = begins(town), begins(town)
    codes = [
        town.lodges("រឿង", conversation=f"{number}" * 64, update=f"u-{number}")
        for number in range(3)
    ]
    with town.site.store.writing() as session:
        assert group.size(session, ours.id) == 0
        for code, group_id in zip(codes, (ours.id, ours.id, theirs.id), strict=True):
            each = case.by_code(session, code)
            each.group_id = group_id
            session.add(each)
        assert (group.size(session, ours.id), group.size(session, theirs.id)) == (2, 1)
        aftercare.erase(session, town.site, case.by_code(session, codes[0]))
        assert (group.size(session, ours.id), group.size(session, theirs.id)) == (1, 1)

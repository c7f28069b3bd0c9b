"""The settings of what is kept."""

import pytest
from pydantic import ValidationError

from referrals.settings import KeepClosed, Outcome, StoreSettings


def kept(monkeypatch: pytest.MonkeyPatch, written: str) -> KeepClosed:
    monkeypatch.setenv("SAMLENG_KEEP_CLOSED", written)
    return StoreSettings().keep_closed


def test_a_closed_case_is_kept_for_two_years_when_nothing_is_set() -> None:
    assert {StoreSettings().keep_closed.months(each) for each in Outcome} == {24}


@pytest.mark.parametrize(
    ("written", "months"),
    [
        ("", (24, 24, 24, 24)),
        ("36", (36, 36, 36, 36)),
        ("satisfied=24,unsatisfied=36,withdrawn=12", (24, 36, 12, 24)),
        (" 60 , withdrawn = 2,", (60, 60, 2, 60)),
    ],
)
def test_months_are_set_for_all_or_by_outcome(
    monkeypatch: pytest.MonkeyPatch, written: str, months: tuple[int, ...]
) -> None:
    held = kept(monkeypatch, written)
    assert tuple(held.months(each) for each in Outcome) == months


@pytest.mark.parametrize(
    "written",
    [
        *("1", "241", "two", "-24", "2.5", "24,36", "២៤"),
        *("withdrawn", "withdrawn=", "lost=12", "withdrawn=12,withdrawn=13", "satisfied=0"),
    ],
)
def test_what_is_no_time_is_refused(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    with pytest.raises(ValidationError, match="SAMLENG_KEEP_CLOSED"):
        kept(monkeypatch, written)


def test_backups_are_kept_for_thirty_days_and_at_least_for_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert StoreSettings().keep_backups_days == 30
    monkeypatch.setenv("SAMLENG_KEEP_BACKUPS_DAYS", "0")
    with pytest.raises(ValidationError):
        StoreSettings()

"""How soon somebody must look."""

from datetime import timedelta

import pytest

from referrals.taxonomy import CRIMES, RED, Category, Status, Urgency
from referrals.triage import UNANSWERED, urgency

NEW = timedelta(minutes=1)


@pytest.mark.parametrize("category", sorted(CRIMES))
def test_a_crime_is_for_now(category: Category) -> None:
    assert (
        urgency(category, danger=False, minor=False, status=Status.LODGED, age=NEW) is Urgency.NOW
    )


@pytest.mark.parametrize("category", list(Category))
def test_danger_is_for_now_whatever_the_topic(category: Category) -> None:
    assert urgency(category, danger=True, minor=False, status=Status.LODGED, age=NEW) is Urgency.NOW


@pytest.mark.parametrize("category", list(Category))
def test_a_child_is_for_now_whatever_the_topic(category: Category) -> None:
    assert urgency(category, danger=False, minor=True, status=Status.TAKEN, age=NEW) is Urgency.NOW


@pytest.mark.parametrize("category", sorted(RED - CRIMES))
def test_a_red_topic_that_waits_becomes_for_now(category: Category) -> None:
    assert (
        urgency(category, danger=False, minor=False, status=Status.LODGED, age=NEW) is Urgency.SOON
    )
    assert (
        urgency(category, danger=False, minor=False, status=Status.LODGED, age=UNANSWERED)
        is Urgency.NOW
    )


def test_an_ordinary_topic_that_waits_becomes_for_soon_and_one_that_was_taken_does_not() -> None:
    wages = Category.UNPAID_WAGES
    assert (
        urgency(wages, danger=False, minor=False, status=Status.LODGED, age=NEW) is Urgency.NORMAL
    )
    assert (
        urgency(wages, danger=False, minor=False, status=Status.LODGED, age=UNANSWERED)
        is Urgency.SOON
    )
    assert (
        urgency(wages, danger=False, minor=False, status=Status.TAKEN, age=UNANSWERED)
        is Urgency.NORMAL
    )


def test_a_closed_case_presses_nobody() -> None:
    crime = Category.VIOLENCE_HARASSMENT
    assert urgency(crime, danger=True, minor=True, status=Status.CLOSED, age=NEW) is Urgency.NORMAL

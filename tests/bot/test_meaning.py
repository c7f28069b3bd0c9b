"""The dialogue hears as much of a sentence as is sure."""

from bot.certainty import Certainty
from bot.meaning import FALLBACK, LOST, acted_on, in_danger
from bot.understand import Understanding

ENTITIES = (("country", "TH"), ("category", "unpaid_wages"))
RANKING = (
    ("complaint", "unpaid_wages", 0.4),
    ("faq", "unpaid_wages_help", 0.3),
    ("greet", None, 0.1),
)


def understood(certainty: Certainty, danger: str | None = None) -> Understanding:
    return Understanding("complaint", "unpaid_wages", 0.4, certainty, ENTITIES, RANKING, danger)


def test_what_is_sure_is_told_whole() -> None:
    meaning = acted_on(understood(Certainty.SURE))
    assert (meaning.intent, meaning.entities) == ("complaint", ENTITIES)


def test_a_topic_that_is_not_sure_is_left_for_the_menu_to_ask() -> None:
    meaning = acted_on(understood(Certainty.OPEN))
    assert (meaning.intent, meaning.entities) == ("complaint", (("country", "TH"),))


def test_of_two_both_are_told_and_nothing_is_taken_for_said() -> None:
    meaning = acted_on(understood(Certainty.EITHER))
    assert (meaning.intent, meaning.entities) == (FALLBACK, (("country", "TH"),))
    assert meaning.ranking == (
        ("complaint.unpaid_wages", 0.4),
        ("faq.unpaid_wages_help", 0.3),
    )


def test_what_nobody_knows_is_lost_but_a_named_place_is_kept() -> None:
    meaning = acted_on(understood(Certainty.LOST))
    assert (meaning.intent, meaning.entities) == (LOST, (("country", "TH"),))
    assert meaning.ranking == ()


def test_danger_carries_its_kind_and_the_country_and_no_guess() -> None:
    meaning = in_danger(understood(Certainty.LOST, "violence"))
    assert meaning.intent == "danger"
    assert meaning.entities == (("country", "TH"), ("danger", "violence"))

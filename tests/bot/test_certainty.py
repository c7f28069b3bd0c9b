"""A ranking allows to act, to ask for the topic, to offer two, or nothing."""

import pytest

from bot.certainty import EITHER, KIND_SURE, SURE, Certainty, judge, split


@pytest.mark.parametrize(
    ("label", "meaning"),
    [
        ("complaint.unpaid_wages", ("complaint", "unpaid_wages")),
        ("complaint", ("complaint", None)),
        ("faq.minimum_wage", ("faq", "minimum_wage")),
        ("greet", ("greet", None)),
        ("odd.label", ("odd.label", None)),
    ],
)
def test_a_label_is_an_intent_and_maybe_a_topic(
    label: str, meaning: tuple[str, str | None]
) -> None:
    assert split(label) == meaning


def test_one_sure_label_is_acted_on() -> None:
    judged = judge([("greet", SURE), ("thank", 1 - SURE)])
    assert (judged.intent, judged.certainty) == ("greet", Certainty.SURE)


def test_two_that_are_likely_together_are_offered() -> None:
    ranking = [("faq.passport_kept", EITHER / 2), ("complaint.documents_withheld", EITHER / 2)]
    assert judge([*ranking, ("greet", 0.1)]).certainty is Certainty.EITHER


def test_many_topics_of_one_intent_make_the_intent_sure() -> None:
    each = KIND_SURE / 5
    assert 2 * each < EITHER
    judged = judge([*((f"complaint.{n}", each) for n in "abcde"), ("greet", 1 - KIND_SURE)])
    assert (judged.intent, judged.certainty) == ("complaint", Certainty.OPEN)


def test_the_intent_is_that_of_all_its_topics_together() -> None:
    judged = judge([("greet", 0.4), ("faq.a", 0.35), ("faq.b", 0.25)])
    assert (judged.intent, judged.topic, judged.confidence) == ("faq", "a", 0.35)


def test_many_small_guesses_are_lost() -> None:
    ranking = [(name, 0.1) for name in ("greet", "thank", "deny", "back", "menu", "erase")]
    assert judge(ranking).certainty is Certainty.LOST


def test_an_empty_ranking_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        judge([])

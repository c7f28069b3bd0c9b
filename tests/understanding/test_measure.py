"""The figures count what they say they count."""

import pytest

from bot.certainty import Certainty
from bot.understand import Understanding
from tests.understanding import measure, page
from tests.understanding.measure import Read, Share
from tests.understanding.sentences import Sentence


def read(
    meant: str,
    said: tuple[str, str | None],
    *,
    confidence: float = 0.9,
    danger: str = "no",
    card: str | None = None,
    certainty: Certainty = Certainty.SURE,
    second: tuple[str, str | None] = ("greet", None),
    entities: tuple[tuple[str, str], ...] = (),
    named: tuple[tuple[str, str], ...] = (),
) -> Read:
    ranking = ((*said, confidence), (*second, 0.05))
    found = Understanding(*said, confidence, certainty, entities, ranking, card)
    return Read(Sentence(meant, "km", danger, named, "មួយ", "nobody"), found)


RIGHT = read("complaint.unpaid_wages", ("complaint", "unpaid_wages"))
NEAR = read(
    "complaint.unpaid_wages",
    ("complaint", "dismissal"),
    confidence=0.4,
    certainty=Certainty.EITHER,
    second=("complaint", "unpaid_wages"),
)
WRONG = read("faq.minimum_wage", ("complaint", "unpaid_wages"), confidence=0.6)


def test_an_intent_can_be_right_and_its_topic_wrong() -> None:
    reads = [RIGHT, NEAR, WRONG]
    assert measure.share(reads, lambda r: r.intent_right) == Share(2, 3)
    assert measure.share(reads, lambda r: r.label_right) == Share(1, 3)
    assert measure.share(reads, lambda r: r.among_two) == Share(2, 3)


def test_a_label_is_judged_by_what_is_meant_and_by_what_is_said() -> None:
    wages = next(one for one in measure.by_label([RIGHT, NEAR, WRONG]) if "unpaid" in one.label)
    assert (wages.sentences, wages.guesses, wages.right) == (2, 2, 1)
    assert wages.f1 == pytest.approx(0.5)
    assert measure.confusions([RIGHT, NEAR, WRONG])[0][2] == 1


def test_danger_counts_only_where_it_is_clear() -> None:
    reads = [
        read("danger", ("danger", None), danger="yes", card="violence"),
        read("danger", ("complaint", None), danger="yes"),
        read("complaint", ("complaint", None), danger="either", card="violence"),
        read("greet", ("greet", None), card="unclear"),
        RIGHT,
    ]
    assert measure.danger_recall(reads) == Share(1, 2)
    assert measure.false_alarms(reads) == Share(1, 2)


def test_what_is_offered_as_one_of_two_is_right_when_it_is_among_them() -> None:
    outcomes = measure.outcomes([RIGHT, NEAR, WRONG])
    assert outcomes[Certainty.SURE] == (Share(2, 3), Share(1, 2))
    assert outcomes[Certainty.EITHER] == (Share(1, 3), Share(1, 1))
    assert outcomes[Certainty.LOST] == (Share(0, 3), Share(0, 0))


def test_calibration_is_the_gap_between_sureness_and_truth() -> None:
    bins = measure.calibration([RIGHT, NEAR, WRONG])
    assert [(b.sentences, b.right) for b in bins] == [(1, 0.0), (1, 0.0), (1, 1.0)]
    assert measure.calibration_error(bins) == pytest.approx((0.4 + 0.6 + 0.1) / 3)


def test_an_entity_is_right_by_its_value_and_a_place_abroad_names_its_country() -> None:
    reads = [
        read(
            "inform",
            ("inform", None),
            entities=(("country", "TH"), ("money", "9 THB")),
            named=(("destination_province", "TH-21"), ("money", "90 THB")),
        )
    ]
    judged = {one.name: one for one in measure.by_entity(reads)}
    assert (judged["country"].named, judged["country"].right) == (1, 1)
    assert (judged["money"].found, judged["money"].right) == (1, 0)
    assert judged["duration"].f1 == 0.0


def test_the_page_keeps_what_was_written_by_hand(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "understanding.md"
    file.write_text(f"by hand\n{page.BEGIN}\nold\n{page.END}\nby hand too\n", encoding="utf-8")
    page.put("| a | b |", file)
    text = file.read_text(encoding="utf-8")
    assert text.startswith("by hand\n")
    assert text.endswith("by hand too\n")
    assert "old" not in text
    assert "| a | b |" in text
    file.write_text("nothing", encoding="utf-8")
    with pytest.raises(ValueError, match="lost its marks"):
        page.put("", file)

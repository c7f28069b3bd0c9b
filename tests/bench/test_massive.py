"""How the bench counts on MASSIVE."""

import pytest

from tests.bench import massive
from tests.bench.massive import Gold, f1, gold, marked


def test_a_slot_becomes_a_mark_around_normalised_words() -> None:
    assert marked("ដាស់ ខ្ញុំ [time : ម៉ោង\u200b ៥]") == "ដាស់ ខ្ញុំ [ម៉ោង 5](time)"


@pytest.mark.parametrize("example", ["ក [ខ គ](a) ឃ[ង](b)", "[ក](a)"])
def test_marks_are_taken_out_and_places_kept(example: str) -> None:
    for text in (example, example.replace(" ", "")):
        found = gold(text, "say")
        assert "[" not in found.text
        assert all(f"[{found.text[a:b]}]({kind})" in text for a, b, kind in found.entities)


def test_a_space_inside_a_mark_is_no_part_of_the_entity() -> None:
    assert gold("ក [ ខ ](a)", "say") == Gold("ក  ខ ", "say", ((3, 4, "a"),))


def test_only_an_entity_exact_in_place_and_type_counts() -> None:
    right = [[(0, 2, "a"), (3, 5, "b")], []]
    assert f1(right, right) == 100
    assert f1(right, [[(0, 2, "a"), (3, 4, "b")], []]) == 50
    assert f1(right, [[(0, 2, "b")], []]) == 0
    assert f1(right, [[(0, 2, "a")], [(0, 2, "a")]]) == 50
    assert f1([[]], [[]]) == 0


def test_without_massive_the_bench_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMLENG_MASSIVE", "nowhere.jsonl")
    assert massive.massive() is None

"""Concepts are found in Khmer without spaces and in Latin script with any spelling."""

import pickle
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.text import normalise
from nlu.concepts import Concepts, read_concepts

FILE = Path(__file__).resolve().parents[2] / "nlu/concepts.yml"
KNOWN = {
    "pay_out": {"km": ["បើក"], "latin": ["berk", "pay"]},
    "not_paid": {"km": ["មិនបើក", "អត់បើកលុយ"], "latin": ["ot berk", "not pay"]},
    "wage": {"km": ["ប្រាក់ខែ", "លុយខែ"], "latin": ["prakkhae", "salary"]},
    "month": {"km": ["ខែ"], "latin": ["khe"]},
    "negation": {"km": ["មិន", "អត់"], "latin": ["min", "ot", "not"]},
    "passport": {"km": ["លិខិតឆ្លងដែន"], "latin": ["passport", "pasbor"]},
}


@pytest.fixture(scope="module")
def concepts() -> Concepts:
    """Learn a few."""
    return read_concepts(KNOWN)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("មិនបើកប្រាក់ខែ", ["not_paid", "wage"]),
        ("មិន បើក ប្រាក់ ខែ", ["not_paid", "wage"]),
        ("បើកប្រាក់ខែ 3ខែ", ["pay_out", "wage", "month"]),
        ("ខែមិន", ["month", "negation"]),
        ("they do not pay salary", ["not_paid", "wage"]),
        ("NOT PAY", ["not_paid"]),
        ("បើក passport", ["pay_out", "passport"]),
        ("payment", []),
        ("", []),
    ],
)
def test_the_longest_form_wins(concepts: Concepts, text: str, found: list[str]) -> None:
    assert concepts.find(text) == found


def test_a_form_ends_where_a_syllable_ends(concepts: Concepts) -> None:
    assert concepts.find("ខែ្ម") == []


def test_another_spelling_is_heard(concepts: Concepts) -> None:
    assert concepts.find("brakhe") == ["wage"]
    assert concepts.find("phasbor") == ["passport"]


def test_a_short_sound_is_not_trusted(concepts: Concepts) -> None:
    assert concepts.find("koy") == []


def test_pairs_are_features_whatever_their_order(concepts: Concepts) -> None:
    assert concepts.features("khe prakkhae") == ["month", "wage", "month+wage"]
    assert concepts.features("prakkhae khe khe") == ["month", "wage", "month+wage"]


def test_concepts_travel_with_the_model(concepts: Concepts) -> None:
    assert pickle.loads(pickle.dumps(concepts)).find("មិនបើក") == ["not_paid"]  # noqa: S301


def test_no_concepts_find_nothing() -> None:
    assert read_concepts({}).features("មិនបើក not pay") == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (["wage"], "must map"),
        ({True: {"km": ["បាទ"]}}, "no text"),
        ({"wage": ["លុយ"]}, "lists km and latin"),
        ({"wage": {"en": ["pay"]}}, "lists km and latin"),
        ({"no": {"latin": [False]}}, "put it in quotes"),
        ({"wage": {"latin": [" "]}}, "put it in quotes"),
    ],
)
def test_a_wrong_file_is_refused_with_the_reason(content: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_concepts(content)


def test_our_forms_are_written_as_sentences_arrive() -> None:
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    read_concepts(content)
    wrong = [form for forms in content.values() for form in forms["km"] if normalise(form) != form]
    assert wrong == []

"""The sets are what they say: every label, nobody's sentence twice, none that was trained on."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from bot.text import normalise
from referrals.geography import PROVINCES
from referrals.taxonomy import Category, Country, Topic
from tests.understanding.measure import ENTITIES
from tests.understanding.sentences import HELD_OUT, TEST, UNCLEAR, Sentence, sentences

ROOT = Path(__file__).resolve().parents[2]
_MARKED = re.compile(r"\[([^]]+)\][({][^)}]+[)}]")
"""Marked words of a training sentence: `[Rayong](destination_province)`."""


@pytest.fixture(scope="module")
def test_set() -> list[Sentence]:
    return sentences(TEST)


@pytest.fixture(scope="module")
def everything(test_set: list[Sentence]) -> list[Sentence]:
    return [*test_set, *sentences(HELD_OUT)]


@pytest.fixture(scope="module")
def trained_on() -> dict[str, set[str]]:
    """Every label with its training sentences, as the model sees them."""
    known: dict[str, set[str]] = {}
    for file in (ROOT / "nlu/data").glob("*.yml"):
        for entry in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]:
            if "intent" in entry:
                lines = (line.strip()[1:] for line in entry["examples"].splitlines())
                known.setdefault(entry["intent"], set()).update(map(bare, lines))
    return known


def bare(text: str) -> str:
    return normalise(_MARKED.sub(r"\1", text)).casefold().replace(" ", "").strip("!?.។")


def test_there_are_enough_of_every_kind(test_set: list[Sentence]) -> None:
    assert len(test_set) >= 600
    assert sum(one.danger == "yes" for one in test_set) >= 120
    assert sum(one.script == "latin" for one in test_set) >= 200
    assert len({one.author for one in test_set}) >= 3


def test_every_label_is_tested(test_set: list[Sentence], trained_on: dict[str, set[str]]) -> None:
    counted = Counter(one.label for one in test_set)
    assert set(counted) == set(trained_on)
    assert min(counted.values()) >= 3
    topics = {label.partition(".")[2] for label in counted if "." in label}
    assert topics == {*Category, *Topic}


def test_every_label_has_enough_to_learn_from(trained_on: dict[str, set[str]]) -> None:
    assert min(len(known) for known in trained_on.values()) >= 60


def test_no_training_sentence_means_two_things(trained_on: dict[str, set[str]]) -> None:
    labels: dict[str, list[str]] = {}
    for label, known in trained_on.items():
        for text in known:
            labels.setdefault(text, []).append(label)
    assert {text: both for text, both in labels.items() if len(both) > 1} == {}


def test_no_sentence_stands_twice(everything: list[Sentence]) -> None:
    again = Counter(one.text for one in everything)
    assert [text for text, times in again.items() if times > 1] == []


def test_no_sentence_of_more_than_two_words_was_trained_on(
    everything: list[Sentence], trained_on: dict[str, set[str]]
) -> None:
    known = set().union(*trained_on.values())
    leaked = [
        one.text for one in everything if len(bare(one.text)) > 12 and bare(one.text) in known
    ]
    assert leaked == []


def test_marks_are_of_the_kinds_that_exist(everything: list[Sentence]) -> None:
    for one in everything:
        assert one.script in {"km", "latin", "en"}, one
        assert one.danger in {"yes", "no", "alike", "either"}, one
        assert one.label != UNCLEAR or one.author in {file.stem for file in HELD_OUT.glob("*.tsv")}
        for name, value in one.entities:
            assert name in ENTITIES, one
            assert name != "province" or value in PROVINCES, one
            assert name != "country" or value in set(Country), one

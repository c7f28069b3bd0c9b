"""A consent is not guessed: only a whole plain yes, from a closed list, counts when typed."""

import re

import pytest
import yaml

from bot.sure import WHY, WORDS, plain_control, surely_yes
from bot.text import normalise
from bot.training import ROOT


@pytest.mark.parametrize(
    "text",
    [
        "បាទ",
        "ចាស",
        "ចាស!",
        "ចា៎",
        "បាទៗ",
        "បាទ ចាស",
        "យល់ព្រម",
        "យល់\u200bព្រម។",
        "បាទ យល់ព្រម ។",
        "ចាសយល់ព្រម",
        "ខ្ញុំយល់ព្រម បង",
        "ព្រម",
        "អូខេ",
        "បាទហ្នឹងហើយ",
        "ok",
        "OK!!!",
        "Okay.",
        "ok បង",
        "Yes, I agree",
        "chas",
        "baat bong",
        "yol  prom",
    ],
)
def test_a_plain_yes_is_sure(text: str) -> None:
    assert surely_yes(normalise(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "!",
        "wait",
        "why",
        "ok wait",
        "yes but not the police",
        "yes?",
        "ok?",
        "ចាំសិន",
        "ហេតុអី",
        "ទេ",
        "បាទ ទេ",
        "ចាស មិនយល់ព្រម",
        "មិនយល់ព្រមទេ",
        "អត់ព្រម",
        "យល់",
        "យល់ហើយ",
        "បានទេ",
        "បានហើយ",
        "ព្រមឬអត់",
        "អើ",
        "បង",
        "bat",
        "not ok",
        "not sure",
        "no",
        "ok ok but who reads it",
    ],
)
def test_anything_else_is_not(text: str) -> None:
    assert not surely_yes(normalise(text))


def examples() -> list[tuple[str, str]]:
    """Every sentence the model learns from, with its intent."""
    found = []
    for file in sorted((ROOT / "nlu" / "data").glob("*.yml")):
        for entry in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]:
            for line in str(entry["examples"]).splitlines() if "intent" in entry else ():
                plain = re.sub(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})", r"\1", line.strip("- "))
                found.append((entry["intent"], plain))
    return found


def test_nothing_that_means_something_else_is_a_sure_yes() -> None:
    known = examples()
    assert len(known) > 500
    assert not [(i, t) for i, t in known if i != "affirm" and surely_yes(normalise(t))]
    assert [t for i, t in known if i == "affirm" and surely_yes(normalise(t))]


def test_every_word_of_the_list_is_a_yes_and_politeness_alone_is_none() -> None:
    words = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    assert all(isinstance(word, str) for word in words["whole"] + words["polite"])
    assert not [word for word in words["whole"] if not surely_yes(normalise(word))]
    assert not [word for word in words["polite"] if surely_yes(normalise(word))]


@pytest.mark.parametrize(
    "text",
    [
        "why",
        "Why?",
        "why do you ask???",
        "ហេតុអ្វី",
        "ហេតុអីសួរ?",
        "បង ហេតុអី",
        "ហេតុអ្វីបានជាអ្នកសួរ",
        "het ey",
        "HETEY?",
        "mech ban jea sour",
        "what for?",
    ],
)
def test_a_plain_why_is_one_with_or_without_its_question_mark(text: str) -> None:
    assert plain_control(normalise(text)) == WHY


@pytest.mark.parametrize(
    "text", ["continue", "Go on.", "I want to continue", "ចង់បន្ត", "បន្ត", "សូមបន្ត", "jong bontor"]
)
def test_a_plain_wish_to_go_on_is_one(text: str) -> None:
    assert plain_control(normalise(text)) == "resume"


@pytest.mark.parametrize(
    "text",
    [
        "why not",
        "why did they not pay me",
        "ហេតុអ្វីថៅកែមិនបើកលុយ",
        "ហេតុអីមិនសួរខ្ញុំ",
        "stop?",
        "continue?",
        "they continue to beat me",
        "I want to continue my contract",
        "បន្តកុងត្រា",
        "ចង់បន្តធ្វើការ",
        "បន្តទៅ",
    ],
)
def test_anything_longer_is_no_plain_order(text: str) -> None:
    assert plain_control(normalise(text)) is None


def test_nothing_that_means_something_else_is_a_plain_order_to_go_on_or_to_say_why() -> None:
    orders = ((plain_control(normalise(text)), text) for _, text in examples())
    assert not [text for order, text in orders if order in {WHY, "resume"}]

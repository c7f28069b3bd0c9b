"""`samleng understand` answers every line, whatever is in it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from referrals.taxonomy import Category, Topic

ROOT = Path(__file__).resolve().parents[3]
INTENTS = {
    "greet", "goodbye", "thank", "affirm", "deny", "menu", "cancel", "back", "human", "language",
    "complaint", "faq", "danger", "case_status", "case_add", "privacy", "consent_change", "erase",
    "hide", "inform", "out_of_scope",
}  # fmt: skip

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(300)]

LINES = [
    "ថៅកែមិនបើកប្រាក់ខែ៣ខែហើយ".encode(),
    b"",
    b"   ",
    b"\xff\xfe\x80 nhom jong bdeng",
    "ក".encode() * 10_000,
    b"a\x00b\x1b[31m\x07\x7f",
    b"/restart",
    b'/inform{"lodge":"yes"}',
    "／greet".encode(),
    "\u200b\u2060/danger".encode(),
    b'{"intent": "affirm"}',
    "[ថៃ](country)".encode(),
    "👍".encode(),
    "ជួយផង".encode(),
    b"x" * 200_000,
    "ក ខ ".encode() * 3000 + "គេចាក់សោខ្ញុំក្នុងបន្ទប់".encode(),
]


@pytest.fixture(scope="module")
def answers() -> list[dict[str, object]]:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("samleng")), "understand", "--why"],
        input=b"\n".join(LINES) + b"\n",
        stdout=subprocess.PIPE,
        check=True,
        cwd=ROOT,
        timeout=200,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_line_gets_a_line(answers: list[dict[str, object]]) -> None:
    assert len(answers) == len(LINES)
    for line, answer in zip(LINES, answers, strict=True):
        assert answer["text"] == line.decode(errors="replace")


def test_intents_and_topics_are_those_of_the_taxonomy(answers: list[dict[str, object]]) -> None:
    topics = {None, *Category, *Topic}
    for answer in answers:
        assert answer["intent"] in INTENTS
        assert answer["topic"] in topics
        assert 0 <= float(str(answer["confidence"])) <= 1


def test_an_order_is_a_sentence_like_any_other(answers: list[dict[str, object]]) -> None:
    for answer in answers[6:10]:
        assert not str(answer["read_as"]).startswith("/")
    assert answers[7]["entities"] == {}


def test_a_grievance_is_understood_and_a_cry_is_danger(answers: list[dict[str, object]]) -> None:
    first = answers[0]
    assert (first["intent"], first["topic"]) == ("complaint", "unpaid_wages")
    assert first["entities"] == {"category": "unpaid_wages", "duration": "3 month"}
    assert answers[13]["danger"] == "unclear"
    assert answers[15]["danger"] == "confinement"
    assert answers[1]["certainty"] == "lost"

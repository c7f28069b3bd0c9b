"""The tokenizer, in Rasa's own Python."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot.training import quiet_environment, rasa_python

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
SENTENCES = [
    "ខ្ញុំចង់ដាក់ពាក្យបណ្តឹង",
    "ថៅកែ មិនឱ្យ លុយ 3 ខែ",
    "ខ្ញុំ\u200bមាន\u200bបញ្ហា MOU Passport",
    "៣ខែហើយ",
    "my boss hit me",
    "",
    " ",
    "😀 ជួយ",
]
SCRIPT = """
import json, sys
from rasa.shared.nlu.training_data.message import Message
from nlu.tokenizer import KhmerTokenizer
tokenizer = KhmerTokenizer(KhmerTokenizer.get_default_config())
json.dump(
    [[[t.text, t.start, t.end, t.lemma] for t in tokenizer.tokenize(Message({"text": s}), "text")]
     for s in json.load(sys.stdin)],
    sys.stdout,
)
"""


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """Tokenise all sentences in one process."""
    done = subprocess.run(
        [str(rasa_python(ROOT)), "-c", SCRIPT],
        input=json.dumps(SENTENCES),
        env={**quiet_environment(tmp_path_factory.mktemp("home")), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    return dict(zip(SENTENCES, json.loads(done.stdout), strict=True))


def test_khmer_is_cut_into_words(tokens: dict[str, list[Any]]) -> None:
    found = [t[0] for t in tokens["ខ្ញុំចង់ដាក់ពាក្យបណ្តឹង"]]
    assert found == ["ខ្ញុំ", "ចង់", "ដាក់", "ពាក្យ", "បណ្តឹង"]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_tokens_stand_where_they_say_and_hold_no_space(
    tokens: dict[str, list[Any]], sentence: str
) -> None:
    for text, start, end, _ in tokens[sentence]:
        assert sentence[start:end] == text
        assert not re.search(r"[\s\u200b]", text)
    together = "".join(t[0] for t in tokens[sentence])
    assert together == re.sub(r"[\s\u200b]", "", sentence)


@pytest.mark.parametrize("sentence", SENTENCES[:5])
def test_a_lemma_stays_whole_under_rasas_pattern(
    tokens: dict[str, list[Any]], sentence: str
) -> None:
    for text, _, _, lemma in tokens[sentence]:
        assert re.findall(r"(?u)\b\w+\b", lemma) == [lemma]
        assert len(lemma) == len(text)


def test_latin_is_lower_case_and_khmer_digits_are_numbers(tokens: dict[str, list[Any]]) -> None:
    lemmas = [t[3] for t in tokens[SENTENCES[2]]]
    assert lemmas[-2:] == ["mou", "passport"]
    assert tokens["៣ខែហើយ"][0][3].startswith("3")

"""The classifier, in Rasa's own Python, taught a handful of sentences."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot.training import quiet_environment, rasa_python

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import json, sys, tempfile
from pathlib import Path
from unittest.mock import patch

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from nlu.classifier import SentenceClassifier
from nlu.tokenizer import KhmerTokenizer

TAUGHT = {
    "complaint.unpaid_wages": [
        "ថៅកែមិនបើកប្រាក់ខែ", "គេមិនឱ្យលុយខ្ញុំ", "មិនទាន់បើកលុយឱ្យខ្ញុំ", "អត់បានប្រាក់ខែ3ខែ",
        "boss not pay my salary", "ថៅកែជំពាក់ប្រាក់ខែខ្ញុំ",
    ],
    "complaint.documents_withheld": [
        "ថៅកែយកប៉ាស្ព័រទុក", "គេដកហូតលិខិតឆ្លងដែន", "មិនឱ្យប៉ាស្ព័រខ្ញុំវិញ", "boss keeps my passport",
        "ប៉ាស្ព័រនៅថៅកែ", "គេកាន់ប៉ាស្ព័រខ្ញុំ",
    ],
    "faq.minimum_wage": [
        "ប្រាក់ឈ្នួលអប្បបរមាប៉ុន្មាន", "ប្រាក់ខែអប្បបរមានៅថៃ", "minimum wage how much", "អប្បបរមាប៉ុន្មាន",
        "ប្រាក់ខែទាបបំផុតប៉ុន្មាន", "ឈ្នួលតិចបំផុតប៉ុន្មាន",
    ],
    "faq": ["ខ្ញុំចង់សួរ", "សុំសួរបន្តិច", "ខ្ញុំមានសំណួរ", "jong sour", "i have a question", "សួរបានទេ"],
    "greet": ["សួស្តី", "ជំរាបសួរ", "hello", "hi", "suosdey", "អរុណសួស្តី"],
}
asked = json.load(sys.stdin)
tokenizer = KhmerTokenizer(KhmerTokenizer.get_default_config())
context = ExecutionContext(GraphSchema({}))
folder = Path(tempfile.mkdtemp())


def message(text, label=None, dense=None):
    found = Message({"text": text} | ({"intent": label} if label else {}))
    found.set("text_tokens", tokenizer.tokenize(found, "text"))
    if dense is not None:
        found.add_features(Features(np.array([dense]), "sentence", "text", "lm"))
    return found


def parsed(one, texts, dense=None):
    messages = one.process([message(text, dense=dense) for text in texts])
    return [[m.get("intent"), m.get("intent_ranking")] for m in messages]


def trained(name, taught, **settings):
    (folder / name).mkdir()
    storage, resource = LocalModelStorage(folder / name), Resource("classifier")
    config = SentenceClassifier.get_default_config() | {"folds": 3} | settings
    one = SentenceClassifier.create(config, storage, resource, context)
    one.train(TrainingData(taught))
    with patch("sklearn.svm.LinearSVC.fit", side_effect=AssertionError("it learns on loading")):
        return one, SentenceClassifier.load(config, storage, resource, context)


def taught(dense=None):
    return [
        message(text, label, dense and dense(label))
        for label, texts in TAUGHT.items() for text in texts
    ]


one, loaded = trained("plain", taught())
_, short = trained("short", taught(), ranking_length=2)
_, empty = trained("empty", [])
_, single = trained("single", [message("សួស្តី", "greet"), message("hello", "greet")])
_, pair = trained("pair", [message("សួស្តី", "greet"), message("ទេ", "deny")], at_least=1)
vector = lambda label: [0.0, 1.0] if label == "greet" else [1.0, 0.0]
_, dense = trained("dense", taught(vector), concepts=0, at_least=3, dense=3.0)
result = {
    "before": parsed(one, asked), "after": parsed(loaded, asked),
    "short": parsed(short, ["សួស្តី"]), "empty": parsed(empty, ["សួស្តី"]),
    "single": parsed(single, ["ទេ"]), "pair": parsed(pair, ["សួស្តី", "ទេ"]),
    "dense": [parsed(dense, ["zzz"], dense=v) for v in ([0.0, 1.0], [1.0, 0.0])],
}
Path(sys.argv[1]).write_text(json.dumps(result), encoding="utf-8")
"""

ASKED = {
    "ថៅកែមិនបើកប្រាក់ខែឱ្យខ្ញុំទេ": "complaint.unpaid_wages",
    "ថៅកែ យក ប៉ាស្ព័រ ខ្ញុំ ទុក": "complaint.documents_withheld",
    "thaoke yok pasbor nhom": "complaint.documents_withheld",
    "ប្រាក់អប្បបរមានៅថៃប៉ុន្មាន": "faq.minimum_wage",
    "សុំសួរ": "faq",
    "sousdey": "greet",
}
ODD = ["", " ", "😀", "zzzz", "3", "\u17d2", "ខ" * 4096]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Teach, store, load and ask in one process."""
    folder = tmp_path_factory.mktemp("classifier")
    done = subprocess.run(
        [str(rasa_python(ROOT)), "-c", SCRIPT, str(folder / "result.json")],
        input=json.dumps([*ASKED, *ODD]),
        env={**quiet_environment(folder / "home"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return {**json.loads((folder / "result.json").read_text("utf-8")), "printed": done.stdout}


def test_what_was_taught_is_understood_in_other_words(said: dict[str, Any]) -> None:
    names = [intent["name"] for intent, _ in said["after"][: len(ASKED)]]
    assert names == list(ASKED.values())


def test_a_loaded_classifier_says_the_same_and_learns_nothing(said: dict[str, Any]) -> None:
    assert said["after"] == said["before"]


def test_confidences_are_probabilities_and_the_best_comes_first(said: dict[str, Any]) -> None:
    for intent, ranking in said["after"]:
        confidences = [guess["confidence"] for guess in ranking]
        assert confidences == sorted(confidences, reverse=True)
        assert sum(confidences) == pytest.approx(1)
        assert intent == ranking[0]


def test_the_ranking_is_as_long_as_it_was_set(said: dict[str, Any]) -> None:
    assert len(said["short"][0][1]) == 2


def test_without_training_sentences_nothing_is_guessed(said: dict[str, Any]) -> None:
    assert said["empty"] == [[{"name": None, "confidence": 0.0}, []]]


def test_one_label_is_the_only_answer(said: dict[str, Any]) -> None:
    assert said["single"][0][0] == {"name": "greet", "confidence": 1.0}


def test_two_labels_are_told_apart(said: dict[str, Any]) -> None:
    assert [intent["name"] for intent, _ in said["pair"]] == ["greet", "deny"]


def test_a_language_models_vector_is_heard(said: dict[str, Any]) -> None:
    greeting, other = (answer[0][0]["name"] for answer in said["dense"])
    assert greeting == "greet"
    assert other != "greet"


def test_training_says_how_far_it_is(said: dict[str, Any]) -> None:
    assert re.search(r"SentenceClassifier, \d+ s: 30 sentences have \d+ features", said["printed"])
    assert "2 labels of complaint learnt" in said["printed"]

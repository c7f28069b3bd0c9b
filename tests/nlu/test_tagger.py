"""The entity tagger, in Rasa's own Python."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot.training import quiet_environment, rasa_python

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import json, sys, tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.training_data.loading import load_data
from rasa.shared.nlu.training_data.message import Message
from nlu.tagger import EntityTagger, clusters, features, labels, shape
from nlu.tokenizer import KhmerTokenizer

EXAMPLES = '''
version: "3.1"
nlu:
- intent: say
  examples: |
    - ដាស់ខ្ញុំ[ម៉ោងប្រាំ](time)
    - ដាស់ខ្ញុំ [ម៉ោង ប្រាំមួយ](time)
    - ដាស់ម៉ែ[ម៉ោងបី](time)
    - ខ្ញុំទៅ[ភ្នំពេញ](place)
    - ម៉ែទៅ[ភ្នំពេញ](place)
    - ខ្ញុំទៅ [តាកែវ](place)
    - ខ្ញុំមកពី[ថៃ](country)
    - ខ្ញុំចង់ទៅ
    - ដាស់ខ្ញុំ
- lookup: country
  examples: |
    - ថៃ
'''
tokenizer = KhmerTokenizer(KhmerTokenizer.get_default_config())
scratch = Path(tempfile.mkdtemp())


def train(name, examples):
    (scratch / f"{name}.yml").write_text(examples, encoding="utf-8")
    data = load_data(str(scratch / f"{name}.yml"))
    tokenizer.process_training_data(data)
    (scratch / name).mkdir()
    storage, resource = LocalModelStorage(scratch / name), Resource("tagger")
    EntityTagger.create({}, storage, resource, None).train(data)
    with patch("pycrfsuite.Trainer", side_effect=AssertionError("it learns when it is loaded")):
        loaded = EntityTagger.load({}, storage, resource, None)
    return loaded, storage._directory_for_resource(resource)


def find(tagger, text):
    message = Message({"text": text, "entities": [{"entity": "before"}]})
    tagger.process(tokenizer.process([message]))
    return message.get("entities")[1:]


tagger, kept = train("marked", EXAMPLES)
unmarked = EXAMPLES.replace("(time)", "(country)").replace("(place)", "(country)")
plain, nothing_kept = train("plain", unmarked)
sentences = json.load(sys.stdin)
with ThreadPoolExecutor(8) as threads:
    at_once = list(threads.map(lambda text: find(tagger, text), sentences * 50))
message = Message({"text": "ខ្ញុំទៅភ្នំពេញ"})
tokenizer.process([message])
tokens = message.get("text_tokens")
json.dump(
    {
        "found": [find(tagger, text) for text in sentences],
        "at_once": at_once,
        "kept": sorted(file.name for file in kept.iterdir()),
        "plain": [find(plain, text) for text in sentences],
        "nothing_kept": not nothing_kept.exists(),
        "features": features(["ខ្ញុំ", "ទៅ", "KL", "៣ខែ"]),
        "no_features": features([]),
        "clusters": [clusters(word) for word in ["ស្រ្តី", "ខ្ញុំ", "mou", "3ខែ", "ទៅ!"]],
        "shapes": [shape(word) for word in ["300", "3ខែ", "mou", "?", "ខែ"]],
        "tokens": [token.text for token in tokens],
        "half": labels(tokens, [{"entity": "place", "start": len(message.get("text")) - 2,
                                 "end": len(message.get("text"))}]),
    },
    sys.stdout,
)
"""

SENTENCES = ["ដាស់ម៉ែម៉ោងប្រាំ", "ដាស់ ម៉ែ ម៉ោង ប្រាំ", "ម៉ែទៅតាកែវ", "ខ្ញុំមកពីថៃ", "ខ្ញុំចង់ទៅ", ""]

Results = dict[str, Any]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Learn, store, load and find in one process of Rasa's."""
    done = subprocess.run(
        [str(rasa_python(ROOT)), "-c", SCRIPT],
        input=json.dumps(SENTENCES),
        env={**quiet_environment(tmp_path_factory.mktemp("home")), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_what_was_marked_is_found_in_other_sentences(results: Results) -> None:
    found = dict(zip(SENTENCES, results["found"], strict=True))
    assert [(e["entity"], e["value"]) for e in found["ដាស់ម៉ែម៉ោងប្រាំ"]] == [("time", "ម៉ោងប្រាំ")]
    assert [(e["entity"], e["value"]) for e in found["ម៉ែទៅតាកែវ"]] == [("place", "តាកែវ")]
    assert found["ខ្ញុំចង់ទៅ"] == found[""] == []


def test_words_with_spaces_between_are_one_entity(results: Results) -> None:
    (found,) = results["found"][1]
    assert found["value"] == "ម៉ោង ប្រាំ"


def test_an_entity_stands_where_it_says_and_names_its_finder(results: Results) -> None:
    for sentence, found in zip(SENTENCES, results["found"], strict=True):
        for entity in found:
            assert sentence[entity["start"] : entity["end"]] == entity["value"]
            assert entity["extractor"] == "EntityTagger"


def test_entities_with_a_lookup_are_left_to_it(results: Results) -> None:
    assert results["found"][SENTENCES.index("ខ្ញុំមកពីថៃ")] == []


def test_only_crfsuites_own_file_is_stored(results: Results) -> None:
    assert results["kept"] == ["entities.crfsuite"]


def test_without_marks_nothing_is_stored_and_nothing_found(results: Results) -> None:
    assert results["nothing_kept"]
    assert results["plain"] == [[]] * len(SENTENCES)


def test_threads_find_what_one_finds(results: Results) -> None:
    assert results["at_once"] == results["found"] * 50


def test_a_word_is_known_by_itself_its_parts_and_its_neighbours(results: Results) -> None:
    first, second, third, last = map(set, results["features"])
    assert {"word=ខ្ញុំ", "-1=^", "-2=^", "+1=ទៅ", "+2=kl", "0,+1=ខ្ញុំ|ទៅ"} <= first
    assert {"-1,0=ខ្ញុំ|ទៅ", "+1 shape=latin", "shape=khmer"} <= second
    assert {"word=kl", "begins=kl", "+2=$", "+1 shape=digits"} <= third
    assert {"begins=៣", "begins=៣ខែ", "ends=ខែ", "+1=$", "shape=digits"} <= last
    assert results["no_features"] == []


def test_a_khmer_letter_is_not_cut(results: Results) -> None:
    assert results["clusters"] == [["ស្រ្តី"], ["ខ្ញុំ"], ["mou"], ["3", "ខែ"], ["ទៅ", "!"]]
    assert results["shapes"] == ["number", "digits", "latin", "sign", "khmer"]


def test_a_mark_that_cuts_a_word_takes_the_word(results: Results) -> None:
    assert results["half"] == ["O"] * (len(results["tokens"]) - 1) + ["place"]

"""Cross-validation of the classifier on the training data; runs in Rasa's environment.

`python -m tests.understanding.folds 5` prints one line of JSON: a list of figures, one a fold, in
per cent. Folds share their authors, so that these figures flatter; the test set does not.
"""

import json
import sys
from pathlib import Path

import numpy as np
import yaml
from rasa.nlu.tokenizers.tokenizer import Token
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.loading import load_data
from rasa.shared.nlu.training_data.message import Message
from sklearn.model_selection import StratifiedKFold

from nlu.choice import SEED, Labels
from nlu.classifier import CONCEPTS, SentenceClassifier
from nlu.concepts import read_concepts
from nlu.features import BLOCKS, Features, Sentence, sentence
from nlu.tokenizer import KhmerTokenizer

ROOT = Path(__file__).parents[2]


def main(folds: int) -> None:
    """Judge the classifier with the settings of config.yml."""
    read, labels = _training_sentences()
    settings = _settings()
    weights = {name: float(settings[name]) for name in BLOCKS}
    latin = np.array([one.text.isascii() for one in read])
    parts = StratifiedKFold(folds, shuffle=True, random_state=SEED).split(labels, labels)
    figures = []
    for number, (known, unseen) in enumerate(parts, 1):
        features = Features(weights, int(settings["at_least"]))
        chooser = Labels(float(settings["strictness"]), int(settings["folds"]))
        rows = features.learn([read[i] for i in known])
        chooser.learn(rows, list(labels[known]), lambda _: None)
        chances = chooser.chances(features.rows([read[i] for i in unseen]))
        found = np.array(chooser.names)[chances.argmax(axis=1)]
        right = found == labels[unseen]
        intents = _intents(found) == _intents(labels[unseen])
        topical = np.char.find(labels[unseen].astype(str), ".") >= 0
        figures.append(
            {
                "fold": number,
                "sentences": len(unseen),
                "intent": _percent(intents),
                "intent, Khmer script": _percent(intents[~latin[unseen]]),
                "intent, Latin letters": _percent(intents[latin[unseen]]),
                "category or topic": _percent(right[topical]),
                "label": _percent(right),
            }
        )
        print(f"fold {number} of {folds}", file=sys.stderr, flush=True)
    print(json.dumps(figures))


def _training_sentences() -> tuple[list[Sentence], np.ndarray]:
    tokenizer = KhmerTokenizer(KhmerTokenizer.get_default_config())
    concepts = read_concepts(yaml.safe_load(CONCEPTS.read_text(encoding="utf-8")))
    read, labels = [], []
    for example in load_data(str(ROOT / "build/model/nlu")).intent_examples:
        text = example.get(TEXT)
        tokens: list[Token] = tokenizer.tokenize(Message.build(text), TEXT)
        read.append(sentence(text, [token.text for token in tokens], concepts))
        labels.append(example.get("intent"))
    return read, np.array(labels)


def _settings() -> dict[str, object]:
    pipeline = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))["pipeline"]
    own = next(part for part in pipeline if part["name"] == "nlu.classifier.SentenceClassifier")
    return {**SentenceClassifier.get_default_config(), **own}


def _intents(labels: np.ndarray) -> np.ndarray:
    return np.array([label.partition(".")[0] for label in labels])


def _percent(right: np.ndarray) -> float:
    return round(100 * float(right.mean()), 1) if len(right) else 0.0


if __name__ == "__main__":
    main(int(sys.argv[1]))

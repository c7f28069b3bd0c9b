"""Which label a sentence has: the intent first, then its topic.

Linear support vector machines on the features of nlu/features.py. A label `complaint.unpaid_wages`
is an intent and a topic: one machine chooses among intents, and for every intent that has topics
another chooses among them, taught by that intent's sentences alone. Scores become probabilities by
temperatures found on sentences the machines had not seen. docs/understanding.md has the figures.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import yaml
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.constants import TOKENS_NAMES
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.choice import Labels
from nlu.concepts import Concepts, read_concepts
from nlu.features import BLOCKS, Features, Sentence, sentence

logger = logging.getLogger(__name__)

CONCEPTS = Path(__file__).with_name("concepts.yml")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class SentenceClassifier(IntentClassifier, GraphComponent):
    """Rasa's intent classifier for short Khmer and romanised sentences."""

    @classmethod
    def required_components(cls) -> list[type]:
        """Only a tokenizer: the features are its own, and a language model's if there is one."""
        return [Tokenizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Give the settings.

        words, word_pieces, sounds, sound_pieces, concepts: weight of each block of nlu/features.py,
        0 leaves it out. dense: weight of a language model's sentence vector.
        at_least: in how many sentences a feature must stand. strictness: the machines' C, larger
        follows the training sentences more closely. folds: parts the training data are cut into
        to find the temperatures. ranking_length: how many labels `intent_ranking` holds.
        """
        return {
            "words": 1.0,
            "word_pieces": 1.0,
            "sounds": 1.0,
            "sound_pieces": 1.0,
            "concepts": 1.0,
            "dense": 1.0,
            "at_least": 2,
            "strictness": 0.2,
            "folds": 4,
            "ranking_length": 10,
        }

    def __init__(
        self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource
    ) -> None:
        """Make one that knows nothing yet."""
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._concepts = Concepts({})
        self._features: Features | None = None
        self._labels: Labels | None = None

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,  # noqa: ARG003 - Rasa's signature
    ) -> SentenceClassifier:
        """Make an untrained one, as Rasa asks for it."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from every example that has a text and an intent; says how far it is."""
        examples = [m for m in training_data.intent_examples if m.get(TEXT) and m.get(INTENT)]
        if not examples:
            return self._resource
        began = time.monotonic()
        self._concepts = read_concepts(yaml.safe_load(CONCEPTS.read_text(encoding="utf-8")))
        weights = {name: float(self._config[name]) for name in (*BLOCKS, "dense")}
        self._features = Features(weights, int(self._config["at_least"]))
        rows = self._features.learn(self._sentences(examples))
        _tell(began, f"{rows.shape[0]} sentences have {rows.shape[1]} features")
        self._labels = Labels(float(self._config["strictness"]), int(self._config["folds"]))
        self._labels.learn(rows, [m.get(INTENT) for m in examples], lambda done: _tell(began, done))
        with self._model_storage.write_to(self._resource) as folder:
            trained = (self._concepts, self._features, self._labels)
            joblib.dump(trained, folder / "classifier.joblib", compress=1)
        _tell(began, "trained")
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,  # noqa: ARG003 - Rasa's signature
    ) -> SentenceClassifier:
        """Read a trained one; nothing is learnt again."""
        one = cls.create(config, model_storage, resource, execution_context)
        try:
            with model_storage.read_from(resource) as folder:
                trained = joblib.load(folder / "classifier.joblib")
        except ValueError:  # Rasa's word for "nothing was stored": no training sentences
            return one
        one._concepts, one._features, one._labels = trained
        return one

    def process(self, messages: list[Message]) -> list[Message]:
        """Set `intent` and `intent_ranking`, best first."""
        if self._features is None or self._labels is None:
            for message in messages:
                message.set("intent", {"name": None, "confidence": 0.0}, add_to_output=True)
                message.set("intent_ranking", [], add_to_output=True)
            return messages
        chances = self._labels.chances(self._features.rows(self._sentences(messages)))
        for message, row in zip(messages, chances, strict=True):
            best = np.argsort(-row)[: int(self._config["ranking_length"])]
            ranking = [
                {"name": self._labels.names[label], "confidence": float(row[label])}
                for label in best
            ]
            message.set("intent", ranking[0], add_to_output=True)
            message.set("intent_ranking", ranking, add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Give the training data back: no later component reads guesses about them."""
        return training_data

    def _sentences(self, messages: Sequence[Message]) -> list[Sentence]:
        return [
            sentence(
                message.get(TEXT) or "",
                [token.text for token in message.get(TOKENS_NAMES[TEXT]) or ()],
                self._concepts,
                _dense(message),
            )
            for message in messages
        ]


def _dense(message: Message) -> np.ndarray | None:
    """Give the sentence vector of the pipeline's dense featurizers, if there are any."""
    _, of_sentence = message.get_dense_features(TEXT)
    return None if of_sentence is None else np.asarray(of_sentence.features, np.float32).ravel()


def _tell(began: float, done: str) -> None:
    print(f"SentenceClassifier, {time.monotonic() - began:.0f} s: {done}", flush=True)

"""Entities learnt from the marked examples of the training data.

Rasa's own CRFEntityExtractor keeps its examples and learns anew each time it is loaded. This one
keeps what it learnt: crfsuite's model file is in Rasa's model and is only opened.

Each word gets the entity's name as its label, or NOTHING; neighbours with one label are one entity.
Measured on MASSIVE, marks for an entity's first and last word found no more and cost more time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from threading import Lock
from typing import Any

import pycrfsuite
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import TOKENS_NAMES
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

NOTHING = "O"
"""The label of a word that is in no entity; Rasa's word for it too."""

AFFIX = 3
"""Clusters of a word's beginning and end that are looked at."""

_FILE = "entities.crfsuite"
_CLUSTER = re.compile(
    "[\u1780-\u17b3](?:\u17d2[\u1780-\u17b3]|[\u17b4-\u17d1\u17d3\u17dd])*|[a-z]+|[0-9]+|.",
    re.DOTALL,
)


def clusters(word: str) -> list[str]:
    """Cut a word into Khmer letters with their subscripts and vowels, numbers, Latin runs."""
    return _CLUSTER.findall(word)


def shape(word: str) -> str:
    """Say what a word is made of: `number`, `digits` among others, `latin`, `sign` or `khmer`."""
    if word.isdecimal():
        return "number"
    if any(letter.isdecimal() for letter in word):
        return "digits"
    if word.isascii():
        return "latin" if word.isalpha() else "sign"
    return "khmer"


def features(words: Sequence[str]) -> list[list[str]]:
    """Give for each word of a sentence what the model may know of it and its two neighbours."""
    words = [word.lower() for word in words]
    around = ["^", "^", *words, "$", "$"]
    shapes = ["^", *map(shape, words), "$"]
    sentence = []
    for place, word in enumerate(words):
        second_before, before, _, after, second_after = around[place : place + 5]
        parts = clusters(word)
        seen = [
            "any",
            f"word={word}",
            f"-2={second_before}",
            f"-1={before}",
            f"+1={after}",
            f"+2={second_after}",
            f"-1,0={before}|{word}",
            f"0,+1={word}|{after}",
            f"shape={shapes[place + 1]}",
            f"-1 shape={shapes[place]}",
            f"+1 shape={shapes[place + 2]}",
        ]
        for length in range(1, AFFIX + 1):
            seen.append(f"begins={''.join(parts[:length])}")
            seen.append(f"ends={''.join(parts[-length:])}")
        sentence.append(seen)
    return sentence


def labels(tokens: Sequence[Token], marks: Sequence[dict[str, Any]]) -> list[str]:
    """Give each token the name of the marked entity it touches, or NOTHING."""
    return [
        next(
            (m["entity"] for m in marks if token.start < m["end"] and m["start"] < token.end),
            NOTHING,
        )
        for token in tokens
    ]


def entities(text: str, tokens: Sequence[Token], found: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Join neighbours of one label into entities, with the places they have in `text`."""
    for label, group in groupby(zip(tokens, found, strict=True), key=lambda pair: pair[1]):
        if label != NOTHING:
            run = [token for token, _ in group]
            start, end = run[0].start, run[-1].end
            yield {"entity": label, "start": start, "end": end, "value": text[start:end]}


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class EntityTagger(GraphComponent, EntityExtractorMixin):
    """Finds entities as the marked examples `[words](entity)` show them; needs a tokenizer before.

    An example without a mark says that there is nothing to find in it. Entities that have a lookup
    table are left to RegexEntityExtractor. With nothing marked beyond those it stores nothing and
    finds nothing. Roles and groups of entities are not learnt.
    """

    @classmethod
    def required_components(cls) -> list[type]:
        """Give what must stand before it in the pipeline."""
        return [Tokenizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Give the settings.

        iterations: over the examples, at most. elsewhere: marked entities that are not to be
        learnt, because something else reads them.
        """
        return {"iterations": 15, "elsewhere": []}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,  # noqa: ARG003 - Rasa's signature
    ) -> EntityTagger:
        """Make one that has learnt nothing yet."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,  # noqa: ARG003 - Rasa's signature
        **_: Any,
    ) -> EntityTagger:
        """Open what was learnt; nothing is learnt anew."""
        tagger = cls(config, model_storage, resource)
        try:
            with model_storage.read_from(resource) as directory:
                tagger._open((directory / _FILE).read_bytes())
        except ValueError:  # Rasa's: nothing was stored under this name
            pass
        return tagger

    def __init__(
        self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource
    ) -> None:
        self._config = {**self.get_default_config(), **config}
        self._storage = model_storage
        self._resource = resource
        self._one_at_a_time = Lock()  # crfsuite's tagger holds the sentence it is at
        self._model: pycrfsuite.Tagger | None = None

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from all examples and store what was learnt in Rasa's model."""
        tables = {table["name"] for table in training_data.lookup_tables}
        elsewhere = tables | set(self._config["elsewhere"])
        examples = [
            (
                message.get(TOKENS_NAMES[TEXT]),
                [mark for mark in message.get(ENTITIES, []) if mark["entity"] not in elsewhere],
            )
            for message in training_data.nlu_examples
            if message.get(TOKENS_NAMES[TEXT])
        ]
        if any(marks for _, marks in examples):
            trainer = pycrfsuite.Trainer("pa", verbose=False)
            trainer.set("max_iterations", self._config["iterations"])
            for tokens, marks in examples:
                trainer.append(features([token.text for token in tokens]), labels(tokens, marks))
            with self._storage.write_to(self._resource) as directory:
                file = directory / _FILE
                trainer.train(str(file))
                self._open(file.read_bytes())
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Add what is found to the entities of each message."""
        for message in messages:
            tokens = message.get(TOKENS_NAMES[TEXT])
            if self._model and tokens:
                seen = features([token.text for token in tokens])
                with self._one_at_a_time:
                    found = self._model.tag(seen)
                new = self.add_extractor_name(list(entities(message.get(TEXT), tokens, found)))
                message.set(ENTITIES, message.get(ENTITIES, []) + new, add_to_output=True)
        return messages

    def _open(self, model: bytes) -> None:
        self._stored = model  # crfsuite reads from these very bytes
        self._model = pycrfsuite.Tagger()
        self._model.open_inmemory(model)

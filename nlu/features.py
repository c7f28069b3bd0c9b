"""What the classifier looks at: blocks of TF-IDF features of one sentence.

Each block has length one, times its weight, so that no block drowns another for having more
features. Words and pieces of words know spelling; sounds join Khmer script, Latin script and
misspellings; concepts know what words mean.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer

from nlu.concepts import Concepts
from nlu.sound import sound


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence as the blocks see it; `dense` comes from a language model, or is None."""

    text: str
    words: tuple[str, ...]
    sounds: tuple[str, ...]
    concepts: tuple[str, ...]
    dense: np.ndarray | None = None


def sentence(
    text: str, words: Iterable[str], concepts: Concepts, dense: np.ndarray | None = None
) -> Sentence:
    """Look at normalised `text` and its `words` once, for all blocks."""
    lower = tuple(word.lower() for word in words)
    sounds = tuple(heard for heard in map(sound, lower) if heard)
    return Sentence(text, lower, sounds, tuple(concepts.features(text)), dense)


def _runs(pieces: Sequence[str], longest: int, joined_by: str) -> list[str]:
    """Give every run of one to `longest` neighbours, joined."""
    return [
        joined_by.join(pieces[start : start + length])
        for length in range(1, longest + 1)
        for start in range(len(pieces) - length + 1)
    ]


def words(of: Sentence) -> list[str]:
    """Give words and pairs of neighbours."""
    return _runs(of.words, 2, " ")


def word_pieces(of: Sentence) -> list[str]:
    """Give the one to five neighbouring signs inside a word, its edges marked."""
    return [piece for word in of.words for piece in _runs(f" {word} ", 5, "") if piece != " "]


def sounds(of: Sentence) -> list[str]:
    """Give sounds of words and of pairs of neighbours."""
    return _runs(of.sounds, 2, " ")


def sound_pieces(of: Sentence) -> list[str]:
    """Give one to five neighbouring letters of the sentence's sound: people cut Latin anywhere."""
    return _runs("".join(of.sounds), 5, "")


def concepts(of: Sentence) -> list[str]:
    """Give the concepts and their pairs."""
    return list(of.concepts)


BLOCKS: dict[str, Callable[[Sentence], list[str]]] = {
    block.__name__: block for block in (words, word_pieces, sounds, sound_pieces, concepts)
}


class Features:
    """Turns sentences into rows of one sparse matrix, after learning which features there are."""

    def __init__(self, weights: dict[str, float], at_least: int) -> None:
        """Take the blocks' weights by name, and in how many sentences a feature must stand."""
        self._weights = {name: weight for name, weight in weights.items() if weight > 0}
        self._vectorizers = {
            name: TfidfVectorizer(
                analyzer=BLOCKS[name], sublinear_tf=True, min_df=at_least, dtype=np.float32
            )
            for name in self._weights
            if name in BLOCKS
        }

    def learn(self, sentences: Sequence[Sentence]) -> Any:
        """Learn the features of the training sentences and give their rows."""
        for name in list(self._vectorizers):
            try:
                self._vectorizers[name].fit(sentences)
            except ValueError:  # nothing stands in enough sentences: tiny training data
                del self._vectorizers[name]
        return self.rows(sentences)

    def rows(self, sentences: Sequence[Sentence]) -> Any:
        """Give one row a sentence."""
        blocks = [
            vectorizer.transform(sentences) * np.float32(self._weights[name])
            for name, vectorizer in self._vectorizers.items()
        ]
        if all(one.dense is not None for one in sentences):
            dense = np.array([one.dense for one in sentences], dtype=np.float32)
            length = np.maximum(np.linalg.norm(dense, axis=1, keepdims=True), 1e-9)
            blocks.append(sp.csr_matrix(dense / length * self._weights.get("dense", 1.0)))
        return sp.hstack(blocks, format="csr") if blocks else sp.csr_matrix((len(sentences), 1))

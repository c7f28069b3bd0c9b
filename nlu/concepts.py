"""What a sentence speaks of: pay, a passport, beating, "not", "already".

Where examples do not carry, knowledge must. nlu/concepts.yml lists for each concept the words
people use, in Khmer and in Latin script; which concepts stand in a sentence, and which stand there
together, are features of the classifier (nlu/classifier.py).
"""

import re
from collections.abc import Mapping, Sequence
from itertools import chain, combinations
from typing import Any

from nlu.sound import sound

Words = tuple[str, ...]

_LATIN_WORD = re.compile(r"[a-z0-9']+")
_SPACES = re.compile(r"\s+")
_LONGEST_PHRASE = 5
_SURE_SOUND = 3
"""Consonants that make a sound sure enough to stand for a word: luy and loy are both just l."""


class Concepts:
    """Finds concepts. Made of the mapping in nlu/concepts.yml; can be pickled with the model."""

    def __init__(self, known: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        """Learn the forms of each concept: `{name: {"km": [...], "latin": [...]}}`."""
        self._khmer: dict[str, str] = {}
        self._spelt: dict[Words, str] = {}
        self._sounds: dict[Words, str] = {}
        for name, forms in known.items():
            for form in forms.get("km", ()):
                self._khmer[_SPACES.sub("", str(form)).lower()] = name
            for form in forms.get("latin", ()):
                self._spelt[tuple(_LATIN_WORD.findall(str(form).lower()))] = name
        self._learn_sounds()
        longest_first = sorted(self._khmer, key=len, reverse=True)
        # A form ends where a syllable ends: no vowel sign or coeng may follow it.
        self._khmer_forms = re.compile(
            f"(?<!\u17d2)(?:{'|'.join(map(re.escape, longest_first))})(?![\u17b6-\u17d3])"
            if longest_first
            else "(?!)"
        )

    def _learn_sounds(self) -> None:
        """Keep the sounds that belong to one concept alone."""
        owners: dict[Words, set[str]] = {}
        for words, name in self._spelt.items():
            owners.setdefault(_sounds(words), set()).add(name)
        self._sounds = {
            heard: names.pop()
            for heard, names in owners.items()
            if len(names) == 1 and len("".join(heard)) >= _SURE_SOUND
        }

    def find(self, text: str) -> list[str]:
        """Name the concepts in normalised `text`: the Khmer ones in order, then the Latin ones."""
        text = text.lower()
        closed = _SPACES.sub("", text)
        found = [self._khmer[form.group()] for form in self._khmer_forms.finditer(closed)]
        return found + self._find_latin(_LATIN_WORD.findall(text))

    def _find_latin(self, words: Sequence[str]) -> list[str]:
        found = []
        at = 0
        while at < len(words):
            for length in range(min(_LONGEST_PHRASE, len(words) - at), 0, -1):
                phrase = tuple(words[at : at + length])
                name = self._spelt.get(phrase) or self._sounds.get(_sounds(phrase))
                if name:
                    found.append(name)
                    at += length
                    break
            else:
                at += 1
        return found

    def features(self, text: str) -> list[str]:
        """Name each concept of `text` once, and each pair of them."""
        names = sorted(set(self.find(text)))
        return names + [f"{one}+{other}" for one, other in combinations(names, 2)]


def _sounds(words: Words) -> Words:
    return tuple(map(sound, words))


def read_concepts(content: Any) -> Concepts:
    """Check the content of nlu/concepts.yml and learn it; ValueError says what is wrong."""
    if not isinstance(content, dict):
        raise ValueError("concepts.yml must map names of concepts to their forms")
    for name, forms in content.items():
        if not isinstance(name, str):
            raise ValueError(f"the name {name} is no text: YAML reads yes and no as true and false")
        if not isinstance(forms, dict) or not set(forms) <= {"km", "latin"}:
            raise ValueError(f"concept {name} must have the lists km and latin, and nothing else")
        if not all(isinstance(form, str) and form.strip() for form in chain(*forms.values())):
            raise ValueError(f"concept {name} has a form that is no text: put it in quotes")
    return Concepts(content)

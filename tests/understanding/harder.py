"""The test sentences made harder, as real people make them: with data that real people typed.

The data is read from `../shared/data` beside the project's root, or from SAMLENG_OPEN_DATA; it is
no part of the project. Without it these figures are left out.
"""

import os
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

from bot.text import normalise
from tests.understanding.sentences import Sentence

DATA = Path(os.environ.get("SAMLENG_OPEN_DATA") or Path(__file__).parents[3] / "shared" / "data")

_KHMER = re.compile("[\u1780-\u17ff]+")
_MARKED = re.compile(r"<([^>]+)>")
_RIGHT = re.compile(r"\(([^()/]+)/[^()]*\)")


def without_spaces(sentence: Sentence) -> Sentence:
    """Take out every space, as who never uses one."""
    return replace(sentence, text="".join(sentence.text.split()))


def misspelt(sentence: Sentence) -> Sentence:
    """Misspell the words that people on social media misspelt, as they did."""
    text = normalise(sentence.text)
    for right, wrong in _misspellings():
        text = text.replace(right, wrong)
    return replace(sentence, text=text)


def in_latin_letters(sentence: Sentence) -> Sentence:
    """Put Khmer words into Latin letters with a dictionary of other people's spellings.

    Words are cut by the dictionary itself, the longest first; what it lacks stays as it is.
    """
    words = _romanised()
    longest = max(map(len, words))

    def latin(run: re.Match[str]) -> str:
        text, place, said = run.group(), 0, []
        while place < len(text):
            for size in range(min(longest, len(text) - place), 0, -1):
                if text[place : place + size] in words:
                    said.append(words[text[place : place + size]])
                    break
            else:
                size = 1
                said.append(text[place])
            place += size
        return f" {' '.join(said)} "

    return replace(sentence, text=_KHMER.sub(latin, normalise(sentence.text)).strip())


def social_sentences() -> list[str]:
    """Give sentences from social media, as typed; nobody in them is in danger."""
    lines = _social().read_text(encoding="utf-8").splitlines()
    return [_MARKED.sub(r"\1", line.split("|||")[0]).strip() for line in lines if "|||" in line]


@cache
def _misspellings() -> tuple[tuple[str, str], ...]:
    pairs: dict[str, str] = {}
    for line in _social().read_text(encoding="utf-8").splitlines():
        typed, _, meant = line.partition("|||")
        wrong, right = _MARKED.findall(typed), _RIGHT.findall(meant)
        if len(wrong) == len(right):
            # One pair loses its "not", which is another meaning and no misspelling.
            pairs.update(
                (normalise(r), w)
                for w, r in zip(wrong, right, strict=True)
                if len(r) > 1 and not r.startswith("មិន")
            )
    return tuple(sorted(pairs.items(), key=lambda pair: len(pair[0]), reverse=True))


@cache
def _romanised() -> dict[str, str]:
    words: dict[str, str] = {}
    file = DATA / "romanised" / "eng_khm_data.txt"
    for line in file.read_text(encoding="utf-8").splitlines():
        khmer, _, latin = line.partition(":")
        if khmer.strip() and latin.strip():
            words.setdefault(normalise(khmer), latin.strip().lower())
    words.pop("", None)
    return words


def _social() -> Path:
    return DATA / "social" / "khmer_spelling_errors_annotated.txt"


def there() -> bool:
    """Say whether the open data is on this machine."""
    return _social().is_file()

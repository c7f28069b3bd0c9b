"""The one way Khmer text is made regular, for training and for serving alike.

Rasa is trained on what `normalise` gives and is asked about what `normalise` gives; were the two to
differ, understanding would quietly get worse.
"""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from khmernormalizer import normalize as khmer_normalize

from bot.pictures import in_words

LIMIT = 4096
"""Characters of one message that are looked at: Telegram's limit for a text."""

_KHMER_INHERENT_VOWELS = "\u17b4\u17b5"
_DIGITS = {
    **{0x17E0 + digit: str(digit) for digit in range(10)},  # Khmer
    **{0x0E50 + digit: str(digit) for digit in range(10)},  # Thai
}
_LOOK_ALIKE = {
    # Signs that Unicode advises against, or that only look like another.
    "\u17a3": "អ",
    "\u17a4": "អា",
    "\u17a8": "ឧក",
    "\u17d3": "\u17c6",  # bathamasat typed for nikahit
    "\u17d8": "។ល។",
    "œ": "oe",
    # Cyrillic letters with the faces of Latin ones, from copied advertisements.
    **dict(zip("авекмнорстухіѕјԁ", "abekmhopctyxisjd", strict=True)),
    **dict(zip("АВЕКМНОРСТУХІЅЈ", "ABEKMHOPCTYXISJ", strict=True)),
}
_ALIKE = str.maketrans(_LOOK_ALIKE)
_VOWEL_FIRST = re.compile(
    "(?<![\u1780-\u17dd])([\u17c1-\u17c3])([\u1780-\u17a2](?:\u17d2[\u1780-\u17a2])*)"
)
"""A vowel drawn left of its consonant and typed where it is drawn, at the beginning of a word."""

_GIVE = re.compile("អោយ|ឲ្យ|ឱយ|ឲយ")
_REPEATED = re.compile(r"(\D)\1{2,}", re.DOTALL)
_SPACE = re.compile(r"\s+")
_SLASHES = "/\\\u2044\u2215\u29f8\u2571\u27cb\uff0f"
_SETTLED_AFTER = 4


def normalise(text: str) -> str:
    """Give the regular form of what somebody typed; at most LIMIT characters, maybe none.

    Invisible and control characters go, emoji become words (bot/pictures.py), signs that look
    alike become one, Khmer and Thai digits become ASCII, Khmer vowels and subscripts stand in
    Unicode order, "give" has one spelling, a sign drawn out (three times and more) stands once,
    spaces are single. It never begins with a slash: Rasa reads `/intent{...}` as an order.
    `normalise(normalise(text)) == normalise(text)`.
    """
    text = text[:LIMIT]
    for _ in range(_SETTLED_AFTER):
        before, text = text, _pass(text)
        if text == before:
            break
    return text


def _pass(text: str) -> str:
    text = in_words(text)
    text = "".join(_visible(text)).translate(_ALIKE)
    text = _VOWEL_FIRST.sub(r"\2\1", text)
    text = khmer_normalize(text)
    text = "".join(_visible(text)).translate(_DIGITS)
    text = _GIVE.sub("ឱ្យ", text)
    text = _REPEATED.sub(r"\1", text)
    text = _SPACE.sub(" ", text).strip()
    return text.lstrip(_SLASHES + " ")[:LIMIT].rstrip()


def _visible(text: str) -> Iterator[str]:
    """Drop what cannot be seen: zero-width, direction, control, surrogate, inherent vowels."""
    for sign in text:
        if sign.isspace():
            yield " "
        elif sign not in _KHMER_INHERENT_VOWELS and unicodedata.category(sign) not in _UNSEEN:
            yield sign


_UNSEEN = frozenset({"Cc", "Cf", "Cs"})


def training_data(source: Path, target: Path) -> None:
    """Write a copy of the training files of `source` into `target`, every example normalised.

    Entity marks `[words](entity)` and `[words]{...}` stay as they are around the normalised words.
    Names of a lookup are put longest first: Rasa's regex takes the first that fits, and would find
    "thai" in "thailand". Raises ValueError for a file that is no Rasa training data.
    """
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.yml"):
        old.unlink()
    for file in sorted(source.glob("*.yml")):
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or not isinstance(content.get("nlu"), list):
            raise ValueError(f"{file.name} is no Rasa training data: it has no list `nlu`")
        for entry in content["nlu"]:
            _normalise_entry(entry)
        (target / file.name).write_text(
            yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=10_000),
            encoding="utf-8",
        )


def _normalise_entry(entry: dict[str, Any]) -> None:
    if "regex" in entry:
        return
    examples = [
        normal
        for line in str(entry["examples"]).splitlines()
        if line.strip().startswith("-") and (normal := _example(line.strip()[1:]))
    ]
    unique = list(dict.fromkeys(examples))
    if "lookup" in entry:
        unique.sort(key=len, reverse=True)
    entry["examples"] = "".join(f"- {example}\n" for example in unique)


_MARK = re.compile(r"\[([^\]\[]+)\](\([^)]*\)|\{[^}]*\})")
_OPEN, _CLOSE = "\ue000", "\ue001"


def _example(line: str) -> str:
    """Normalise one example. Marks become private-use signs, which `normalise` lets stand."""
    marks = [mark.group(2) for mark in _MARK.finditer(line)]
    plain = normalise(_MARK.sub(lambda mark: f"{_OPEN}{mark.group(1)}{_CLOSE}", line))
    for mark in marks:
        plain = plain.replace(_OPEN, "[", 1).replace(_CLOSE, f"]{mark}", 1)
    return plain

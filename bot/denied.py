"""Which of two places is meant: "no, Thailand, not Malaysia". The words are in denied.yml."""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import yaml

from bot.text import normalise

WORDS = Path(__file__).parent / "content" / "denied.yml"

_KHMER = re.compile(r"[\u1780-\u17d3\u17d7\u17dd]+")
_LATIN = re.compile(r"[^\W\d_\u1780-\u17ff]+(?:['\u2019][^\W\d_]+)*")

Span = tuple[int, int]


def denied(text: str, start: int, end: int) -> bool:
    """Say whether the place from `start` to `end` of normalised text is the one that is not meant:
    "not | Malaysia", "Malaysia | is wrong". "Why not Malaysia" asks, and denies nothing.
    """
    before, after = _patterns()
    return bool(before.search(text[:start]) or after.match(text[end:]))


def only_puts_right(text: str, places: Sequence[Span]) -> bool:
    """Say whether normalised text names a place that is meant and one that is not, and says nothing
    else.
    """
    not_meant = {place for place in places if denied(text, *place)}
    if not not_meant or not_meant.issuperset(places):
        return False
    rest = text
    for start, end in sorted(places, reverse=True):
        rest = f"{rest[:start]} {rest[end:]}"
    khmer, latin = _beside()
    if any(sign.isdigit() for sign in rest):
        return False
    return all(khmer.fullmatch(run) for run in _KHMER.findall(rest)) and latin.issuperset(
        word.casefold().replace("\u2019", "'") for word in _LATIN.findall(rest)
    )


@cache
def _words() -> dict[str, dict[str, list[str]]]:
    words: dict[str, dict[str, list[str]]] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    return words


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Give what stands before, and after, a place that is not meant."""
    words = _words()
    between = rf"(?:\s|{_either(words['between'])})*"
    before = rf"(?<!\bwhy )(?:{_either(words['denies'])}){between}$"
    after = rf"\s*(?:{_either(words['denies_after'])})"
    return re.compile(before, re.IGNORECASE), re.compile(after, re.IGNORECASE)


@cache
def _beside() -> tuple[re.Pattern[str], frozenset[str]]:
    """Give the Khmer words, and the others one by one, that may stand beside the places."""
    words = _words()
    km = [word for group in words.values() for word in group["km"]]
    latin = (each for group in words.values() for each in (*group["ro"], *group["en"]))
    return re.compile(f"(?:{_any(km)})+"), frozenset(" ".join(latin).split())


def _either(group: dict[str, list[str]]) -> str:
    """Write a pattern for words of a group: Khmer has no edges of words, Latin letters have."""
    return rf"{_any(group['km'])}|\b(?:{_any([*group['ro'], *group['en']])})\b"


def _any(words: Iterable[str]) -> str:
    known = sorted({normalise(word) for word in words}, key=len, reverse=True)
    return "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in known)

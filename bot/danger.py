"""Words of danger, found whatever else was said. A lexicon, so that no model can unlearn them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.text import normalise

LEXICON = Path(__file__).parent / "content" / "danger.yml"

UNCLEAR = "unclear"
"""The kind when only a cry for help, or the model, tells of danger."""

_GONE = "\u2502"  # stands where a saying was taken out, so that its neighbours do not join up


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    khmer: re.Pattern[str]
    latin: re.Pattern[str]
    denied_khmer: re.Pattern[str] | None
    denied_latin: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class _Lexicon:
    never_khmer: re.Pattern[str]
    never_latin: re.Pattern[str]
    whole: frozenset[str]
    kinds: tuple[_Kind, ...]


def danger(text: str) -> str | None:
    """Give the kind of danger that normalised `text` tells of, or None.

    Kinds: suicide, violence, confinement, trafficking, child, illness, the first that fits; UNCLEAR
    when the text is a cry for help and nothing else.
    """
    lexicon = _read()
    unspaced = re.sub(r"\s+", "", text)
    khmer = lexicon.never_khmer.sub(_GONE, unspaced)
    latin = lexicon.never_latin.sub(_GONE, text.casefold().replace("\u2019", "'"))
    for kind in lexicon.kinds:
        if kind.khmer.search(_without(kind.denied_khmer, khmer)):
            return kind.name
        if kind.latin.search(_without(kind.denied_latin, latin)):
            return kind.name
    return UNCLEAR if unspaced.casefold().strip("!?.។៕ ") in lexicon.whole else None


def _without(denied: re.Pattern[str] | None, text: str) -> str:
    return denied.sub(_GONE, text) if denied else text


@cache
def _read() -> _Lexicon:
    content: dict[str, Any] = yaml.safe_load(LEXICON.read_text(encoding="utf-8"))
    denials, deniable = content["not"], frozenset(content["deniable"])
    return _Lexicon(
        never_khmer=re.compile(_khmer(content["never"]["km"])),
        never_latin=re.compile(_latin(content["never"]["latin"])),
        whole=frozenset(normalise(cry).replace(" ", "") for cry in content["whole"]),
        kinds=tuple(
            _Kind(
                name,
                re.compile(_khmer(words["km"])),
                re.compile(_latin(words["latin"])),
                _denied_khmer(words["km"], denials) if name in deniable else None,
                _denied_latin(words["latin"], denials) if name in deniable else None,
            )
            for name, words in content["kinds"].items()
        ),
    )


def _denied_khmer(phrases: Sequence[str], denials: Mapping[str, Sequence[str]]) -> re.Pattern[str]:
    who = tuple(denials["who"])
    doing = _khmer(phrase for phrase in phrases if not phrase.startswith(who))
    doer = _khmer(phrase for phrase in phrases if phrase.startswith(who))
    return re.compile(
        f"{_khmer(denials['km'])}{doing}"
        f"|{_khmer(denials['km_with_te'])}{doing}.{{0,8}}ទេ"
        f"|{_khmer(denials['km_who'])}{doer}"
    )


def _denied_latin(phrases: Sequence[str], denials: Mapping[str, Sequence[str]]) -> re.Pattern[str]:
    return re.compile(_latin(denials["latin"]) + r"\s+" + _latin(phrases))


def _khmer(phrases: Iterable[str]) -> str:
    """Match phrases anywhere, spaces taken out: Khmer does not divide words."""
    return _any(normalise(phrase).replace(" ", "") for phrase in phrases)


def _latin(phrases: Iterable[str]) -> str:
    """Match phrases as whole words, however many spaces there are between them."""
    return r"\b" + _any(normalise(phrase) for phrase in phrases).replace(r"\ ", r"\s+") + r"\b"


def _any(phrases: Iterable[str]) -> str:
    known = sorted(set(phrases), key=len, reverse=True)
    return "(?:" + "|".join(map(re.escape, known)) + ")" if known else "(?!)"

"""Sums of money and spans of time in a sentence, in digits or in words.

The Khmer number library (khmer2number) reads words that were cut apart beforehand, in one spelling
and in Khmer script; people write `3ម៉ឺនបាត`, `ប្រាំពាន់` and `muoy meun bat`, so the words are ours
(bot/content/amounts.yml).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.text import normalise

WORDS = Path(__file__).parent / "content" / "amounts.yml"

_MOST = Decimal(10) ** 12
"""What is larger is no wage, but a number somebody played with."""

_LONGEST = 1000
"""Of any unit: a larger number is the year of a date, or a game."""


@dataclass(frozen=True, slots=True)
class _Reader:
    numbers: dict[str, int]
    times: dict[str, int]
    half: frozenset[str]
    word: re.Pattern[str]
    money: re.Pattern[str]
    span: re.Pattern[str]
    currency: dict[str, str]
    unit: dict[str, str]
    ages: tuple[str, ...]
    rates: tuple[str, ...]
    since: tuple[str, ...]


def money(text: str) -> str | None:
    """Give the first sum in normalised text, such as `9000 THB`, or None.

    The currency is an ISO 4217 code, said before or after the number.
    """
    reader = _read()
    for found in reader.money.finditer(text.casefold()):
        amount = _value(reader, found["amount"] or found["behind"])
        named = found["after"] or found["before"]
        if amount is not None and 0 < amount <= _MOST:
            return f"{_plain(amount)} {reader.currency[named]}"
    return None


def duration(text: str) -> str | None:
    """Give the first span of time in normalised text, such as `3 month`, or None.

    Units are day, week, month and year. An age, a date and "per month" are no span.
    """
    reader = _read()
    text = text.casefold()
    for found in reader.span.finditer(text):
        before = text[: found.start()].rstrip()
        value = _value(reader, found["amount"])
        if value is None or not 0 < value <= _LONGEST or before.endswith(reader.ages):
            continue
        if value == 1 and before.endswith(reader.rates):
            continue
        if found["amount"] == "pi" and before.endswith(reader.since):
            continue
        if found["half"]:
            value += Decimal("0.5")
        return f"{_plain(value)} {reader.unit[found['unit']]}"
    return None


def _value(reader: _Reader, words: str) -> Decimal | None:
    """Add up `3ម៉ឺន5ពាន់` (35000) or `muoy roy` (100); None for what is no number."""
    total: Decimal = Decimal(0)
    part: Decimal | None = None
    for word in reader.word.findall(words):
        if word[0].isdigit():
            part = (part or Decimal(0)) + Decimal(_digits(word))
            if word.endswith("k"):
                part *= 1000
        elif word in reader.numbers:
            part = (part or Decimal(0)) + Decimal(reader.numbers[word])
        elif word in reader.half:
            part = (part or Decimal(0)) + Decimal("0.5")
        elif part is not None or total == 0:
            times = reader.times[word]
            if times == 100:
                part = (part or Decimal(1)) * times
            else:
                total += (part or Decimal(1)) * times
                part = None
    return None if part is None and total == 0 else total + (part or Decimal(0))


def _digits(word: str) -> str:
    """Read 10,000 and 10.000 as ten thousand, and 2.5 as two and a half."""
    word = word.rstrip("k")
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", word):
        return re.sub(r"[.,]", "", word)
    return word.replace(",", ".")


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")


@cache
def _read() -> _Reader:
    content: dict[str, Any] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    numbers, times = _by_word(content["numbers"]), _by_word(content["times"])
    half = frozenset(map(_regular, content["half"]))
    currency, unit = _by_word(content["currencies"]), _by_word(content["units"])
    word = rf"(?:\d+(?:[.,]\d+)*k?(?![a-z\d])|\d+(?:[.,]\d+)*|{_any([*numbers, *times, *half])})"
    amount = rf"{word}(?:\s*{word})*"
    named = _any(currency)
    return _Reader(
        numbers,
        times,
        half,
        re.compile(word),
        re.compile(
            rf"(?P<amount>{amount})\s*(?P<after>{named})(?!\u17cb)"
            rf"|(?P<before>{named})\s*(?P<behind>{amount})"
        ),
        re.compile(
            rf"(?<![\d.,])(?P<amount>{amount})\s*(?P<unit>{_any(unit)})"
            rf"(?P<half>\s*{_any(half)})?"
        ),
        currency,
        unit,
        *(tuple(map(_regular, content[part])) for part in ("ages", "rates", "since")),
    )


def _by_word(content: dict[Any, list[str]]) -> dict[str, Any]:
    return {_regular(word): value for value, words in content.items() for word in words}


def _regular(word: str) -> str:
    return normalise(str(word)).casefold()


def _any(words: Iterable[str]) -> str:
    """Match one of the words, the longest first; one in Latin letters is no part of another."""
    known = sorted(set(words), key=len, reverse=True)
    latin = [word for word in known if word.isascii() and word[0].isalpha()]
    whole = "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in latin)
    other = "|".join(re.escape(word) for word in known if word not in latin)
    return f"(?:{other}|(?<![a-z])(?:{whole})(?![a-z]))"

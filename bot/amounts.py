"""Sums of money and spans of time in a sentence, in digits or in words.

The Khmer number library (khmer2number) reads words that were cut apart beforehand, in one spelling
and in Khmer script; people write `3ម៉ឺនបាត`, `ប្រាំពាន់` and `muoy meun bat`, so the words are ours
(bot/content/amounts.yml). A text is cut once, from left to right, into the words known there; all
else looks at neighbours, so that no text, however odd, takes long.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from bot.text import normalise

WORDS = Path(__file__).parent / "content" / "amounts.yml"

_MOST = Decimal(10) ** 12
"""What is larger is no wage, but a number somebody played with."""

_MOST_DIGITS = 20

_LONGEST = 1000
"""Of any unit: a larger number is the year of a date, or a game."""

_NEAR = 12
"""Signs that may stand between "age" and the years, and between "one day" and what it brings."""

_HALF = Decimal("0.5")
_THOUSAND = 1000
_NUMBERS = frozenset({"digits", "numbers", "times", "half"})
_SIGNS_AFTER = "\u17b6-\u17d3"
"""Vowels and signs of Khmer: where one follows, the syllable goes on and the word is another."""


class _Word(NamedTuple):
    kind: str
    value: Any
    start: int
    end: int


class _Amount(NamedTuple):
    value: Decimal
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Known:
    """The content: each word's kind and value, and what finds the words in a text."""

    words: dict[str, tuple[str, Any]]
    pattern: re.Pattern[str]
    before: frozenset[str]
    doubtful: dict[str, int]


class _Sentence:
    """A text cut into the words that are known."""

    def __init__(self, text: str) -> None:
        self._known = _read()
        self.text = text.casefold()
        self.words = list(self._cut())

    def _cut(self) -> Iterator[_Word]:
        for found in self._known.pattern.finditer(self.text):
            word = found.group()
            kind, value = self._known.words.get(_SPACES.sub(" ", word), ("digits", word))
            yield _Word(kind, value, found.start(), found.end())

    def at(self, place: int) -> str:
        """Give the kind of the word at `place`, or nothing."""
        return self.words[place].kind if 0 <= place < len(self.words) else ""

    def next_to(self, place: int, step: int) -> str:
        """Give the kind of the neighbour that only spaces part from the word at `place`."""
        there = place + step
        if not 0 <= there < len(self.words):
            return ""
        left, right = self.words[min(place, there)], self.words[max(place, there)]
        return "" if self.text[left.end : right.start].strip() else self.words[there].kind

    def spelt(self, place: int) -> str:
        """Give the word at `place` as it is written."""
        return self.text[self.words[place].start : self.words[place].end]

    def amounts(self) -> Iterator[_Amount]:
        """Give each run of numbers with what it comes to. "Thousands of" comes to nothing."""
        place = 0
        while place < len(self.words):
            first = place
            while self.at(place) in _NUMBERS and (
                place == first or self.next_to(place, -1) in _NUMBERS
            ):
                place += 1
            if place == first:
                place += 1
                continue
            vague = self.at(first) == "times" and self.next_to(first, -1) == "several"
            value = None if vague else _value(self.words[first:place])
            if value is not None:
                yield _Amount(value, first, place - 1)

    def currency(self, amount: _Amount) -> str | None:
        """Give the currency said after the number, or before it as a sign or a code."""
        after = amount.last + 1
        if self.next_to(amount.last, 1) == "currencies":
            least = self._known.doubtful.get(self.spelt(after), 0)
            if amount.value >= least and not (least and self._is_sum(after + 1)):
                return str(self.words[after].value)
            return None
        before = amount.first - 1
        if (
            self.next_to(amount.first, -1) == "currencies"
            and self.spelt(before) in self._known.before
            and self.next_to(amount.last, 1) != "units"
        ):
            return str(self.words[before].value)
        return None

    def _is_sum(self, place: int) -> bool:
        """Whether a number with a currency stands right here: the word before meant "until"."""
        if self.next_to(place - 1, 1) not in _NUMBERS:
            return False
        while self.next_to(place, 1) in _NUMBERS:
            place += 1
        return self.next_to(place, 1) == "currencies"

    def is_span(self, amount: _Amount) -> bool:
        """Whether the number and the unit after it tell how long something lasts."""
        unit = amount.last + 1
        said = self.next_to(amount.first, -1)
        return (
            0 < amount.value <= _LONGEST
            and said != "ordinals"
            and not (said == "children" and self.words[unit].value == "year")
            and self.next_to(unit, 1) not in {"old", "months", "again"}
            and not self._is_age(amount)
            and not self._is_date(amount, unit)
            and not (amount.value == 1 and (said == "rates" or self._is_rate(amount, unit)))
            and not self._is_from(amount, unit)
        )

    def _is_age(self, amount: _Amount) -> bool:
        before = amount.first - 1
        gap = self.words[amount.first].start - self.words[before].end if before >= 0 else 0
        return self.at(before) == "ages" and gap <= _NEAR

    def _is_date(self, amount: _Amount, unit: int) -> bool:
        """`ថ្ងៃ5 ខែ3 ឆ្នាំ2025`: each number belongs to the unit before it."""
        if amount.first != amount.last or self.at(amount.first) != "digits":
            return False
        name = self.words[unit].value
        before = self.words[amount.first - 1].value if amount.first else None
        if self.next_to(amount.first, -1) == "units":
            return (before, name) in {("day", "month"), ("month", "year")}
        return (
            name == "year"
            and self.next_to(unit, 1) == "digits"
            and re.fullmatch(r"(?:19|20|25)\d\d", self.spelt(unit + 1)) is not None
        )

    def _is_rate(self, amount: _Amount, unit: int) -> bool:
        """`មួយថ្ងៃ300បាត`, `12ម៉ោងមួយថ្ងៃ`: what one day brings or takes."""
        counted = {"currencies", "hours"}
        if self.next_to(unit, 1) == "already":
            return False
        if self.next_to(amount.first, -1) in counted:
            return True
        place = unit + 1
        near = self.at(place) in _NUMBERS and (
            self.words[place].start - self.words[unit].end <= _NEAR
        )
        while near and self.next_to(place, 1) in _NUMBERS:
            place += 1
        return near and self.next_to(place, 1) in counted

    def _is_from(self, amount: _Amount, unit: int) -> bool:
        """`pi khae mun`, `pi khae 3`: since last month, since March; not two months."""
        return (
            amount.first == amount.last
            and self.spelt(amount.first) == "pi"
            and (
                self.next_to(amount.first, -1) == "since"
                or self.next_to(unit, 1) in {"past", "ordinals", "digits"}
            )
        )


def money(text: str) -> str | None:
    """Give the first sum in normalised text, such as `9000 THB`, or None.

    The currency is an ISO 4217 code, said before or after the number.
    """
    sentence = _Sentence(text)
    for amount in sentence.amounts():
        named = sentence.currency(amount) if amount.value else None
        if named is not None:
            return f"{_plain(amount.value)} {named}"
    return None


def duration(text: str) -> str | None:
    """Give the first span of time in normalised text, such as `3 month`, or None.

    Units are day, week, month and year. An age, a date and "per month" are no span.
    """
    sentence = _Sentence(text)
    for amount in sentence.amounts():
        unit = amount.last + 1
        if sentence.next_to(amount.last, 1) == "units" and sentence.is_span(amount):
            more = _HALF if sentence.next_to(unit, 1) == "half" else 0
            return f"{_plain(amount.value + more)} {sentence.words[unit].value}"
    return None


def _value(words: list[_Word]) -> Decimal | None:
    """Add up `3ម៉ឺន5ពាន់` (35000) or `muoy roy` (100); None for what is no number.

    Of two numbers side by side, "two three months" or "5 500", the later counts. What is said after
    thousands counts the next lower ones: `មួយម៉ឺនពីរ` is 12000, `ពីរពាន់កន្លះ` 2500.
    """
    total = Decimal(0)
    part: Decimal | None = None
    unit = Decimal(0)
    """The thousands or more that were said last."""
    for place, word in enumerate(words):
        before = words[place - 1] if place else None
        last = place == len(words) - 1
        if word.kind == "times":
            times = Decimal(word.value)
            if times < _THOUSAND:
                part = (part or 1) * times
            elif part is not None or total == 0:
                total = (0 if times >= unit else total) + (1 if part is None else part) * times
                part, unit = None, times
        elif word.kind == "half":
            said = Decimal(before.value) if before and before.kind == "times" else Decimal(1)
            part = (part or 0) + said * _HALF
        elif word.kind == "digits":
            number = _digits(word.value)
            if number is None:
                return None
            if before and before.kind != "times":
                total = Decimal(0)
            part = number
        else:
            part = _joined(part, Decimal(word.value), before)
        if last and total and before and before.kind == "times" and part in _ONES:
            part *= unit / 10
        if total + (part or 0) > _MOST:
            return None
    return None if part is None and total == 0 else total + (part or 0)


_ONES = frozenset(map(Decimal, range(1, 10)))


def _joined(part: Decimal | None, number: Decimal, before: _Word | None) -> Decimal:
    """Put a number said in a word behind what was said: ten two, five one, hundred twenty."""
    if part is None:
        return number
    if before and before.value == 5 and number < 5:
        return part + number
    if number < 10:
        return part - part % 10 + number
    return part + number if part % 100 == 0 else number


def _digits(word: str) -> Decimal | None:
    """Read 10,000 and 10.000 as ten thousand, 2.5 as two and a half, 2k as two thousand."""
    number = word.rstrip("k")
    if re.fullmatch(r"\d{1,3}(?:([., ])\d{3})(?:\1\d{3})*", number):
        number = re.sub(r"[., ]", "", number)
    elif re.fullmatch(r"\d{1,3}(?:,\d{3})+\.\d+", number):
        number = number.replace(",", "")
    elif re.fullmatch(r"\d{1,3}(?:\.\d{3})+,\d+", number):
        number = number.replace(".", "")
    number = number.replace(",", ".")
    if number.count(".") > 1 or len(number) > _MOST_DIGITS:
        return None
    return Decimal(number) * (_THOUSAND if word.endswith("k") else 1)


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")


@cache
def _read() -> _Known:
    content: dict[str, Any] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    words: dict[str, tuple[str, Any]] = {}
    for kind, of_kind in content.items():
        if kind in {"before", "doubtful"}:
            continue
        values = of_kind if isinstance(of_kind, dict) else {None: of_kind}
        words |= {
            _regular(word): (kind, value) for value, known in values.items() for word in known
        }
    # A number is no part of another, of a date or of a time: 12/10/2025, 7:30.
    digits = (
        r"(?<!\d)(?<!\d[/:])"
        r"(?:[1-9]\d{0,2}(?:\ \d{3})+(?!\d)|\d+(?:[.,]\d+)*(?:k(?![a-z\d]))?)"
    )
    return _Known(
        words,
        re.compile(f"{_any(words)}|{digits}"),
        frozenset(map(_regular, content["before"])),
        {_regular(word): least for word, least in content["doubtful"].items()},
    )


def _regular(word: str) -> str:
    return normalise(str(word)).casefold()


_SPACES = re.compile(r"\s+")


def _any(words: Iterable[str]) -> str:
    """Match one of the words, the longest first; none that is a part of another."""
    known = sorted(words, key=len, reverse=True)
    latin = [word for word in known if word.isascii() and word[0].isalpha()]
    whole = "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in latin)
    other = "|".join(re.escape(word) for word in known if word not in latin)
    return f"(?<!\u17d2)(?:{other})(?![{_SIGNS_AFTER}])|(?<![a-z])(?:{whole})(?![a-z])"

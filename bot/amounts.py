"""Sums of money and spans of time in a sentence, in digits or in words.

The Khmer number library (khmer2number) reads words that were cut apart beforehand, in one spelling
and in Khmer script; people write `3ម៉ឺនបាត`, `ប្រាំពាន់` and `muoy meun bat`, so the words are ours
(bot/content/amounts.yml). A text is cut once, from left to right, into the words known there; all
else looks at neighbours, so that no text, however odd, takes long.

Where two sums or two spans are said ("2-3 months", "300 400 baht") the later counts, as it stands
beside the unit; `20,30` may be two numbers or one, and `3/4` a date: they count for nothing.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import groupby, islice
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from bot.text import normalise

WORDS = Path(__file__).parent / "content" / "amounts.yml"

_MOST = Decimal(10) ** 12
"""What is larger is no wage, but a number somebody played with."""

_MOST_DIGITS = 20
_NO_SUM = 10
_NO_ROUND_SUM = 7
"""Digits in a row, unparted: the number of a telephone or, when not round, of a paper."""

_MOST_WORDS = 1000
"""Known ones of a text, which are looked at; a message of 4096 signs with more is a game."""

_LONGEST = 1000
"""Of any unit: a larger number is the year of a date, or a game."""

_OF_AGE = 10
"""`I 25 years` is an age; nobody who writes to us is 3, so `I 3 years` is a span."""

_NEAR = 12
"""Signs that may stand between "age" and the years, and between "one day" and what it brings."""

_HALF = Decimal("0.5")
_QUARTER = Decimal("0.25")
"""Nobody counts tenths of a month: `2.3 months` is two or three."""

_THOUSAND = 1000
_NUMBERS = frozenset({"digits", "numbers", "times", "half"})
_BETWEEN = frozenset({"people", "hardly", "more", "other"})
"""What may stand between "one day" and its sum: one day I get about 300 baht."""

_SIGNS_AFTER = "\u17b6-\u17d3"
"""Vowels and signs of Khmer: where one follows, the syllable goes on and the word is another."""


class _Word(NamedTuple):
    kind: str
    value: Any
    start: int
    end: int
    close: bool
    """Whether only spaces part it from the word before."""


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
    counted: frozenset[str]
    doubtful: dict[str, int]


class _Sentence:
    """A text cut into the words that are known."""

    def __init__(self, text: str) -> None:
        self._known = _read()
        self.text = _HYPHEN.sub(" ", text.casefold().replace(_HALF_SIGN, " half "))
        self.words = list(islice(self._cut(), _MOST_WORDS))

    def _cut(self) -> Iterator[_Word]:
        last = _Word("", None, 0, 0, close=False)
        for found in self._known.pattern.finditer(self.text):
            start, end = found.span()
            close = start == last.end or self.text[last.end : start].isspace()
            counts = close and last.kind in _NUMBERS
            kind, value = self._meaning(found[0], counts)
            after_word = start == last.end and last.end - last.start > 1
            if kind == "digits" and not after_word and start and self.text[start - 1] in _LETTERS:
                kind = "unread"  # N01234567, A4; not rm500
            last = _Word(kind, value, start, end, close)
            yield last

    def _meaning(self, word: str, counts: bool) -> tuple[str, Any]:
        """Give the kind and the value of a word; `counts` tells that a number stands before it."""
        known = self._known.words.get(_SPACES.sub(" ", word) if " " in word else word)
        if known is None:
            number = _digits(word)
            return ("unread", None) if number is None else ("digits", number)
        return ("other", None) if word in self._known.counted and not counts else known

    def at(self, place: int) -> str:
        """Give the kind of the word at `place`, or nothing."""
        return self.words[place].kind if 0 <= place < len(self.words) else ""

    def next_to(self, place: int, step: int) -> str:
        """Give the kind of the neighbour that only spaces part from the word at `place`."""
        there = place + step
        if not 0 <= there < len(self.words):
            return ""
        return self.words[there].kind if self.words[max(place, there)].close else ""

    def spelt(self, place: int) -> str:
        """Give the word at `place` as it is written."""
        return self.text[self.words[place].start : self.words[place].end]

    def amounts(self) -> Iterator[_Amount]:
        """Give each run of numbers with what it comes to. "Thousands of" comes to nothing."""
        place = 0
        while place < len(self.words):
            first = place
            while self.at(place) in _NUMBERS and (place == first or self._goes_on(place)):
                place += 1
            if place == first:
                place += 1
                continue
            rest = self.at(first) in {"times", "half"}
            vague = rest and self.next_to(first, -1) in {"several", "unread"}
            value = None if vague else _value(self.words[first:place])
            if value is not None:
                yield _Amount(value, first, place - 1)

    def _goes_on(self, place: int) -> bool:
        """Whether the number before goes on here: `3 hundred 50`, but not `300 400`, `$10 one`."""
        before, word = self.words[place - 1], self.words[place]
        if self.next_to(place, -1) not in _NUMBERS:
            return False
        if word.kind == "digits":
            return before.kind == "times" and bool(word.value < before.value)
        return word.kind != "numbers" or before.kind != "digits"

    def half_after(self, place: int) -> Decimal:
        """Give the half of `3 months and a half`; none in `300 baht half a month`."""
        half = self.next_to(place, 1) == "half"
        more = half and self.next_to(place + 1, 1) not in {"units", "times", "currencies"}
        return _HALF if more else Decimal(0)

    def after(self, amount: _Amount) -> int:
        """Give the place of the word after the number, or after "300 and more"."""
        return amount.last + (2 if self.next_to(amount.last, 1) == "more" else 1)

    def currency(self, amount: _Amount) -> str | None:
        """Give the currency said after the number, or before it as a sign or a code."""
        after = self.after(amount)
        if self.next_to(after - 1, 1) == "currencies":
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

    def is_span(self, amount: _Amount, unit: int) -> bool:
        """Whether the number and the unit after it tell how long something lasts."""
        return (
            0 < amount.value <= _LONGEST
            and amount.value % _QUARTER == 0
            and self.next_to(amount.first, -1) != "ordinals"
            and self.next_to(unit, 1) not in {"old", "months", "again"}
            and not self._is_age(amount, unit)
            and not self._is_date(amount, unit)
            and not (amount.value == 1 and self._is_rate(amount, unit))
            and not self._is_from(amount, unit)
        )

    def _is_age(self, amount: _Amount, unit: int) -> bool:
        """`age 25 years`, `child 5 years`, `I 25 years`, `my name is Sok, 25 years`."""
        of_age = self.words[unit].value == "year" and amount.value >= _OF_AGE
        place = amount.first
        while self.next_to(place, -1) in {"people", "children", "hardly"}:
            place -= 1
            if self.at(place) == "people" and of_age:
                return True
            if self.at(place) == "children" and self.words[unit].value == "year":
                return True
        near = place > 0 and self.words[place].start - self.words[place - 1].end <= _NEAR
        return near and (self.at(place - 1) == "ages" or (self.at(place - 1) == "names" and of_age))

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
        """`មួយថ្ងៃ300បាត`, `12ម៉ោងមួយថ្ងៃ`, `300 មួយថ្ងៃ`: what one day brings or takes."""
        counted = {"currencies", "hours"}
        if self.next_to(unit, 1) == "already":
            return False
        if self.next_to(amount.first, -1) in {*counted, "digits", "rates"}:
            return True
        place = unit + 1
        while self.at(place) in _BETWEEN:
            place += 1
        near = self.at(place) in {*_NUMBERS, "unread"} and (
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
            after = sentence.after(amount)
            more = sentence.half_after(after) if sentence.at(after) == "currencies" else 0
            return f"{_plain(amount.value + more)} {named}"
    return None


def duration(text: str) -> str | None:
    """Give the first span of time in normalised text, such as `3 month`, or None.

    Units are day, week, month and year. An age, a date and "per month" are no span.
    """
    sentence = _Sentence(text)
    for amount in sentence.amounts():
        unit = sentence.after(amount)
        if sentence.next_to(unit - 1, 1) != "units":
            continue
        span = amount._replace(value=amount.value + sentence.half_after(unit))
        if sentence.is_span(span, unit):
            return f"{_plain(span.value)} {sentence.words[unit].value}"
    return None


def _value(words: list[_Word]) -> Decimal | None:
    """Add up `3ម៉ឺន5ពាន់` (35000) or `muoy roy` (100); None for what is no number.

    Of two numbers in words side by side, "two three months", the later counts. What is said after
    thousands counts the next lower ones: `មួយម៉ឺនពីរ` is 12000, `ពីរពាន់កន្លះ` 2500.
    """
    total = Decimal(0)
    part: Decimal | None = None
    unit = Decimal(0)
    """The thousands or more that were said last."""
    for place, word in enumerate(words):
        before = words[place - 1] if place else None
        after_times = before is not None and before.kind == "times"
        if word.kind == "times":
            times = Decimal(word.value)
            if times < _THOUSAND:
                part = (1 if part is None else part) * times
            elif part is None and total:
                return None
            else:
                total = (0 if times >= unit else total) + (1 if part is None else part) * times
                part, unit = None, times
        elif word.kind == "half":
            said = Decimal(before.value) if before and after_times else Decimal(1)
            part = (part or 0) + said * _HALF
        elif word.kind == "digits":
            part = (part or 0) + word.value
        else:
            part = _joined(part, Decimal(word.value), before)
        if place == len(words) - 1 and total and after_times and part in _ONES:
            part *= unit / 10
        if total + (part or 0) > _MOST:
            return None
    return total + (part or 0)


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
    """Read 10,000 and 10.000 and 10 000 as ten thousand, 2.5 and 2,5 as two and a half.

    2k is two thousand, 5m five million. None for a date, a time, a telephone or a paper, and for
    what may be two numbers: `20,30` and `2,3`, while `500,600` is read as 500600.
    """
    number, scale = (word[:-1], _SCALES[word[-1]]) if word[-1] in _SCALES else (word, 1)
    if number.isdigit():
        return None if _of_a_paper(number) else Decimal(number) * scale
    if len(number) > _MOST_DIGITS or _NO_NUMBER.match(number) or _may_be_two(number):
        return None
    whole = _GROUPED.match(number)
    if whole:
        number = re.sub("[., ]", "", whole[0]) + number[whole.end() :]
    number = number.replace(",", ".")
    return Decimal(number) * scale if _DECIMAL.fullmatch(number) else None


def _of_a_paper(digits: str) -> bool:
    """Whether digits in a row are the number of a telephone, a passport, a card; no sum."""
    round_ = digits.endswith("0")
    return len(digits) >= (_NO_SUM if round_ else _NO_ROUND_SUM) or bool(_NO_NUMBER.match(digits))


def _may_be_two(number: str) -> bool:
    """Whether a comma may part two numbers near to each other: 2,3 or 5,10 or 20,30."""
    first, _, second = number.partition(",")
    if not (first + second).isdigit() or len(second) not in {1, 2}:
        return False
    one, two = int(first), int(second)
    return 0 < one < two <= (2 * one if len(second) == 2 else one + 1)


_SCALES = {"k": _THOUSAND, "m": 10**6}
_NO_NUMBER = re.compile(r"0\d\d|\+|\.\d{3}")
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:([., ])\d{3})(?:\1\d{3})*(?=(?!\1)[.,]\d+$|$)")
_DECIMAL = re.compile(r"\d*(?:\.\d+)?")


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")


@cache
def _read() -> _Known:
    content: dict[str, Any] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    words: dict[str, tuple[str, Any]] = {}
    for kind, of_kind in content.items():
        if kind in {"before", "counted", "doubtful"}:
            continue
        values = of_kind if isinstance(of_kind, dict) else {None: of_kind}
        words |= {
            _regular(word): (kind, value) for value, known in values.items() for word in known
        }
    return _Known(
        words,
        re.compile(f"(?! )(?:{_FIGURES}|{_any(words)})"),
        frozenset(map(_regular, content["before"])),
        frozenset(map(_regular, content["counted"])),
        {_regular(word): least for word, least in content["doubtful"].items()},
    )


def _regular(word: str) -> str:
    return normalise(str(word)).casefold()


_SPACES = re.compile(r"\s+")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_HYPHEN = re.compile("(?<=[a-z0-9])-(?=[a-z])")
"""`twenty-five`, `6-month`: read as two words."""

_HALF_SIGN = "1\u20442"
"""What `normalise` makes of ½; `1½` is "11⁄2" then. Nothing else brings this slash."""

_FIGURES = "|".join(
    (
        # A telephone: 012 345 678, 012 34 56 78, 096-123-4567, +855 12 345 678.
        r"(?:(?:\+|00)\d\d\d?[ -]?\d\d?|0\d\d)(?:(?:[ -]?\d{3}){2}\d?|(?:[ -]?\d\d){3})(?!\d)",
        # Thousands apart: 15 000.
        r"[1-9]\d{0,2}(?: \d{3})+(?!\d)(?:[.,]\d+)?",
        # All else at one go, so that no number is a part of another, of a date or of a time:
        # 2,500.50 and 12/10/2025, 7:30, 2025-10-12; but 300-400 is two. A dot is a part of .5,
        # and the end of a sentence after Khmer.
        r"(?:\+|(?<![.\u1780-\u17d3])\.)?\d+(?:[.,/:'\u2044]\d+|(?:-\d+){2,})*(?:[km](?![a-z\d]))?",
    )
)


def _any(words: Iterable[str]) -> str:
    """Match one of the words, the longest first; none that is a part of another."""
    latin = {word for word in words if word.isascii() and word[0].isalpha()}
    whole = _by_first_letter(latin).replace(r"\ ", r"\s+")
    other = _by_first_letter(set(words) - latin)
    return f"(?<!\u17d2)(?:{other})(?![{_SIGNS_AFTER}])|(?<![a-z])(?:{whole})(?![a-z])"


def _by_first_letter(words: Iterable[str]) -> str:
    """Match one of the words; it is found faster among those that begin alike."""
    longest_first = sorted(words, key=lambda word: (word[0], -len(word)))
    alike = groupby(longest_first, key=lambda word: word[0])
    return "|".join(
        f"{re.escape(first)}(?:{'|'.join(re.escape(word[1:]) for word in rest)})"
        for first, rest in alike
    )

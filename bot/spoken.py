"""A code said in words, put into digits: what somebody says who does not type, or a machine that
wrote down a voice.

Khmer counts five-one, five-two, so that ប្រាំបី may be 8, or 5 and 3. All readings are looked at,
and the check digit tells which one was meant (referrals/code.py). The words are
bot/content/digits.yml.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml

from bot.text import normalise
from referrals import code as case_code

WORDS = Path(__file__).parent / "content" / "digits.yml"

Kind = Literal["figures", "digit", "five", "ten", "teen", "teen_after", "hundred", "between"]

_LENGTHS = (case_code.DIGITS, case_code.GROUP_DIGITS)
_LONGEST = max(_LENGTHS)
_FEWEST = 3
"""Digits that alone in a message are a part of a code; fewer may be anything."""

_MOST_WORDS = 27
"""Of one code; each digit may take two words, and the hundreds and tens of it one each."""


class _Word(NamedTuple):
    kind: Kind
    digits: str
    start: int
    end: int
    gap: str
    """What parts it from the word before: "" for nothing, " " for spaces, "-" for anything else."""
    latin: bool
    joins: bool
    """Whether it is one to four in Khmer, which five before it makes six to nine."""


class _Known(NamedTuple):
    words: dict[str, tuple[Kind, str, bool]]
    """Kind, digits, and whether five before it makes another digit of it."""
    pattern: re.Pattern[str]


class _Part(NamedTuple):
    """A number of up to three digits, where it ends, and how far it is from how it was written."""

    digits: str
    end: int
    cost: int


def digits(text: str, *, length: int | None = None) -> str:
    """Put a code that is said in words, or in words and figures, into ASCII digits.

    What is changed is a row of digits that makes a code with its check digit, the same by every
    likely reading, or a row of three to nine that is all there is in the message. `length` (8 for a
    group, 9 for a case) says what was asked for; else both are looked for. Any other text is given
    back as it is; around a code the text comes back normalised (bot/text.py).
    """
    normal = normalise(text)
    lengths = _LENGTHS if length is None else (length,)
    put: list[tuple[int, int, str]] = []
    for run in _runs(normal):
        start, end = run[0].start, run[-1].end
        alone = not any(sign.isalnum() for sign in normal[:start] + normal[end:])
        found = _best(run, lengths, alone=alone)
        if found is not None:
            put.append((start, end, found))
    if not put:
        return text
    for start, end, found in reversed(put):
        normal = normal[:start] + found + normal[end:]
    return normal


def _best(run: list[_Word], lengths: Iterable[int], *, alone: bool) -> str | None:
    """Give the reading that is a code; of several the one nearest to how it was written. None when
    two are equally near: she is better asked than misunderstood.
    """
    if len(run) > _MOST_WORDS:
        return None
    readings = _readings(run)
    codes = {said: cost for said, cost in readings.items() if _is_code(said, lengths)}
    likely = codes or (
        {said: cost for said, cost in readings.items() if len(said) >= _FEWEST} if alone else {}
    )
    if not likely:
        return None
    least = min(likely.values())
    nearest = sorted((said for said, cost in likely.items() if cost == least), key=len)
    return nearest[0] if len(nearest) == 1 or not codes else None


def _is_code(said: str, lengths: Iterable[int]) -> bool:
    if len(said) not in lengths:
        return False
    try:
        (case_code.read if len(said) == case_code.DIGITS else case_code.read_group)(said)
    except case_code.WrongCode:
        return False
    return True


def _readings(run: list[_Word]) -> dict[str, int]:
    """Give each way to read the words as at most _LONGEST digits, with what it costs."""
    after: list[dict[str, int]] = [{} for _ in run] + [{"": 0}]
    for place in range(len(run) - 1, -1, -1):
        for part in _parts(run, place):
            for rest, cost in after[part.end].items():
                said, both = part.digits + rest, part.cost + cost
                if len(said) <= _LONGEST:
                    after[place][said] = min(both, after[place].get(said, both))
    return after[0]


def _parts(run: list[_Word], place: int) -> Iterator[_Part]:
    """Give each number that begins here: 8; 5 (of "five three"); 20, 23, 13; 482, 400."""
    word = run[place]
    if word.kind == "between":
        yield _Part("", place + 1, 0)
    if word.kind == "figures":
        yield _Part(word.digits, place + 1, 0)
    yield from _below_hundred(run, place)
    for unit in _units(run, place):
        yield unit
        if _follows(run, unit.end, "hundred"):
            said, end = unit.digits, unit.end + 1
            lower = [p for p in _below_hundred(run, end) if _joined(run, end)]
            lower += [p for p in _units(run, end) if _joined(run, end)]
            for part in lower:
                yield _Part(said + part.digits.rjust(2, "0"), part.end, unit.cost + part.cost)
            yield _Part(said + "00", end, unit.cost + (2 if lower else 0))


def _below_hundred(run: list[_Word], place: int) -> Iterator[_Part]:
    """Give 10 to 99 that begin here, said with a word of their own for the tens."""
    if place >= len(run):
        return
    word = run[place]
    if word.kind == "teen":
        yield _Part(word.digits, place + 1, 0)
    if word.kind == "ten":
        units = list(_units(run, place + 1)) if _joined(run, place + 1) else []
        for unit in units:
            if unit.digits != "0":
                yield _Part(word.digits[0] + unit.digits, unit.end, unit.cost)
        yield _Part(word.digits, place + 1, 1 if units else 0)
    for unit in _units(run, place):
        if unit.digits != "0" and _follows(run, unit.end, "teen_after"):
            yield _Part("1" + unit.digits, unit.end + 1, unit.cost)


def _units(run: list[_Word], place: int) -> Iterator[_Part]:
    """Give the digits that begin here: a word, or a Khmer five with what it makes greater."""
    if place >= len(run) or run[place].kind not in ("digit", "five"):
        return
    word = run[place]
    after = run[place + 1] if place + 1 < len(run) else None
    if word.kind != "five" or after is None or not after.joins or after.gap == "-":
        yield _Part(word.digits, place + 1, 0)
        return
    together, apart = _cost(word, after)
    yield _Part(str(5 + int(after.digits)), place + 2, together)
    yield _Part(word.digits, place + 1, apart)


def _cost(five: _Word, after: _Word) -> tuple[int, int]:
    """Give what it costs to read five and a digit as one, and as two.

    In Khmer script a space tells; in Latin letters `pram bei` is written apart either way.
    """
    if not after.gap:
        return 0, 2
    return (0, 1) if five.latin or after.latin else (1, 0)


def _follows(run: list[_Word], place: int, kind: Kind) -> bool:
    return place < len(run) and run[place].kind == kind and _joined(run, place)


def _joined(run: list[_Word], place: int) -> bool:
    return place < len(run) and run[place].gap != "-"


def _runs(normal: str) -> Iterator[list[_Word]]:
    """Give each row of words and figures that have nothing but spaces and dashes between them."""
    run: list[_Word] = []
    for word in _cut(normal):
        gap = normal[run[-1].end : word.start] if run else ""
        if run and not _GAP.fullmatch(gap):
            yield from _trimmed(run)
            run, gap = [], ""
        hyphen = gap == "-" and run[-1].kind == "ten" and run[-1].latin  # twenty-three
        apart = bool(gap.strip()) or (bool(run) and run[-1].kind == "between")
        run.append(word._replace(gap=" " if hyphen else "-" if apart else gap[:1]))
    yield from _trimmed(run)


def _trimmed(run: list[_Word]) -> Iterator[list[_Word]]:
    """Leave out words for a dash at both ends; they are somebody's other words."""
    while run and run[-1].kind == "between":
        run.pop()
    while run and run[0].kind == "between":
        run.pop(0)
    if run:
        yield run


def _cut(normal: str) -> Iterator[_Word]:
    known = _read()
    for found in known.pattern.finditer(normal):
        word = _SPACES.sub(" ", found[0].casefold())
        if word.isdigit():
            yield _Word("figures", word, *found.span(), "", latin=False, joins=False)
        elif word in known.words:
            kind, said, joins = known.words[word]
            yield _Word(kind, said, *found.span(), "", latin=word.isascii(), joins=joins)


_SPACES = re.compile(r"\s+")
_GAP = re.compile(r"[\s\-\u2010-\u2015\u2212.,:;/·•_។]*")
_SIGNS_AFTER = "\u17b6-\u17d3"
"""Vowels and signs of Khmer: where one follows, the syllable goes on and the word is another."""

_KIND: dict[str, Kind] = {
    "khmer": "digit",
    "together": "digit",
    "english": "digit",
    "tens": "ten",
    "teens": "teen",
    "teen_after": "teen_after",
    "hundred": "hundred",
    "between": "between",
}
_FIVE = 5


@cache
def _read() -> _Known:
    content: dict[str, Any] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    words: dict[str, tuple[Kind, str, bool]] = {}
    for name, said in content.items():
        khmer = name == "khmer"
        for value, known in said.items() if isinstance(said, dict) else [(0, said)]:
            kind: Kind = "five" if khmer and value == _FIVE else _KIND[name]
            meaning = kind, str(value), khmer and 0 < value < _FIVE
            words |= {normalise(word).casefold(): meaning for word in known}
    return _Known(words, re.compile(f"[0-9]+|{_any(words)}", re.IGNORECASE))


def _any(words: Iterable[str]) -> str:
    """Match one of the words, the longest first; none that is a part of another."""
    longest_first = sorted(words, key=len, reverse=True)
    latin = "|".join(re.escape(w).replace(r"\ ", r"\s+") for w in longest_first if w.isascii())
    other = "|".join(re.escape(word) for word in longest_first if not word.isascii())
    return f"(?<!\u17d2)(?:{other})(?![{_SIGNS_AFTER}])|(?<![a-z])(?:{latin})(?![a-z])"

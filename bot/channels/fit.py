"""Fitting words to a platform: where a long text may be cut, and how long a title may be."""

import re
import unicodedata
from collections.abc import Sequence
from typing import TypeVar
from unicodedata import east_asian_width

_T = TypeVar("_T")

MORE = "⬇️"
"""Stands over choices that did not fit under the text: a picture, so that it needs no language."""

_COENG = "\N{KHMER SIGN COENG}"
_JOINERS = (_COENG, "\N{ZERO WIDTH JOINER}")
# Where to cut, best first: a paragraph, a line, a sentence (Khmer khan, bariyoosan or Latin
# punctuation), a space or the zero-width space that separates Khmer words.
_CUTS = tuple(re.compile(cut) for cut in (r"\n\s*\n", r"\n", r"[។៕!?…]\s*|\.\s+", r"[\s\u200b]+"))


def units(text: str) -> int:
    """Length in UTF-16 code units: the strictest way any platform counts."""
    return len(text.encode("utf-16-le")) // 2


def split_text(text: str, limit: int) -> list[str]:
    """Cut a text into parts of at most `limit` UTF-16 units; nothing but blanks at cuts is lost."""
    parts = []
    rest = text.strip()
    while units(rest) > limit:
        at = _cut(rest, limit)
        parts.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return [*parts, rest] if rest else parts


def shorten(title: str, limit: int) -> str:
    """Cut a button's title to `limit` UTF-16 units, with an ellipsis, between whole letters."""
    if units(title) <= limit:
        return title
    return title[: _whole_letters(title, limit - 1)].rstrip() + "…"


def whole(text: str) -> str:
    """Replace halves of letters (lone surrogates, which JSON can carry) that nobody can store."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def in_groups(things: Sequence[_T], size: int) -> list[tuple[_T, ...]]:
    """Cut a sequence into groups of `size`; the last may be smaller."""
    return [tuple(things[at : at + size]) for at in range(0, len(things), size)]


def width(title: str) -> int:
    """Count what takes room on a screen: pictures two, marks and joined letters nothing."""
    return sum(
        0 if _joins(letter) or before == _COENG else 1 + (east_asian_width(letter) == "W")
        for before, letter in zip(" " + title, title, strict=False)
    )


def _cut(text: str, limit: int) -> int:
    window = text[: _whole_letters(text, limit)]
    for pattern in _CUTS:
        ends = [match.end() for match in pattern.finditer(window)]
        # A cut in the first third would leave a stump of a bubble.
        if ends and ends[-1] > len(window) // 3:
            return ends[-1]
    return len(window)


def _whole_letters(text: str, limit: int) -> int:
    """Count characters that fit in `limit` units without tearing a letter from its marks."""
    if units(text) <= limit:
        return len(text)
    end = len(text.encode("utf-16-le")[: 2 * limit].decode("utf-16-le", "ignore"))
    while end > 1 and (_joins(text[end]) or text[end - 1] in _JOINERS):
        end -= 1
    return end


def _joins(letter: str) -> bool:
    return unicodedata.category(letter).startswith(("M", "C"))

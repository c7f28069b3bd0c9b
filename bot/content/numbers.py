"""Numbers somebody could call: none leaves the bot that is not in contacts.yml and confirmed.

Looking for what resembles a telephone number would miss the short ones (191, 1300). So it is the
other way round: every figure of three digits or more must say what it counts (baht, days, a year,
an amount, the number of a decree); one that does not is taken for a number to call.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator

SHORTEST = 3
"""Digits of the shortest number that can be called (117, 191, 999)."""

LONG = 7
"""Digits of a figure that is a number whatever a part of it looks like."""

HIDDEN = "☎️ …"
"""Stands in place of a number that must not be shown."""

_UNITS = (
    "បាត|រីងគិត|ដុល្លារ|រៀល|អឺរ៉ូ|ថ្ងៃ|សប្តាហ៍|ខែ|ឆ្នាំ|ម៉ោង|នាទី|វិនាទី|នាក់|ដង|គីឡូ|តួអក្សរ|ពាក្យ"
    "|baht|ringgit|dollars?|riels?|euros?|days?|weeks?|months?|years?|hours?|minutes?|seconds?"
    "|people|persons?|workers?|times|complaints?|offices?|characters|MB|KB|km|kg"
)
_CURRENCIES = r"US\$|RM|THB|MYR|KHR|[$฿៛€]"
_DECREES = r"ប្រកាសលេខ|អនុក្រឹត្យលេខ|បទបញ្ជា[^\s]{0,6}លេខ|មាត្រា|Prakas|[Ss]ub-decree|[Ss]ections?|No\.|MR"
_CALLED = re.compile(
    r"(?:ហៅ|ទូរស័ព្ទ|លេខ|☎|📞|\b(?:call|dial|(?:tele)?phone|number|(?:hot|help)?line|tel))\W{0,6}$",
    re.IGNORECASE,
)
_EXPLAINED = re.compile(
    "|".join(
        (
            r"(?<!\d)\d{4}-\d\d(?:-\d\d)?(?!\d)",  # 2026-02-17
            r"(?<!\d)\d{1,2}/\d{1,2}/\d{4}(?!\d)",  # 17/2/2026
            r"(?<!\d)\d{1,2}:\d\d(?!\d)",  # 8:30
            rf"(?:{_CURRENCIES})\s?\d+(?:,\d{{3}})*(?:\.\d+)?(?!\d|,\d)",  # RM 20
            r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d|,\d)",  # 1,700
            r"(?<![\d.])\d{1,2}\.\d{1,2}(?![\d.])",  # 1.5
            r"(?<!\d)\d+(?:\.\d+)?\s?%",
            rf"(?:{_DECREES})\s?\d+(?!\d)",  # Prakas 253
            rf"(?<![\d+])\d+(?:\s?-\s?\d+)?\s?(?:{_UNITS})(?![a-z])",  # 120 days
            r"(?<![\d+])(?:19[5-9]\d|20[0-4]\d)(?!\d)",  # 2017
        )
    )
)
_RUN = re.compile(r"\+?\d(?:[ \u00a0.()/–-]{0,2}\d)*")


def digits(text: str) -> str:
    """Give the digits of a text alone, of whatever script."""
    return "".join(str(unicodedata.decimal(c)) for c in text if c.isdecimal())


def unexplained(text: str, allowed: Collection[str] = ()) -> list[str]:
    """Give the figures that could be called, but for those whose digits are in `allowed`."""
    return [text[start:end] for start, end in _spans(text, allowed)]


def masked(text: str, allowed: Collection[str]) -> str:
    """Give the text with HIDDEN in place of every such figure."""
    # Again until nothing is found: what stands beside the sign of a telephone is looked at anew.
    while spans := list(_spans(text, allowed)):
        for start, end in reversed(spans):
            text = text[:start] + HIDDEN + text[end:]
    return text


def _spans(text: str, allowed: Collection[str]) -> Iterator[tuple[int, int]]:
    # One sign for one sign, so that the places found are the places in the text.
    plain = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    left = _EXPLAINED.sub(_blanked, plain)
    for run in _RUN.finditer(plain):
        pieces = list(_RUN.finditer(left, *run.span()))
        ours = [piece for piece in pieces if digits(piece.group()) in allowed]
        if pieces and not ours and len(digits(run.group())) >= LONG:
            yield run.span()  # 02-2013-2014 is no span of years
            continue
        for piece in pieces:
            if piece not in ours and len(digits(piece.group())) >= SHORTEST:
                yield piece.span()


def _blanked(found: re.Match[str]) -> str:
    """Take out a figure that says what it counts. "Call 1955" is not a year, and "call 191 today"
    counts no days, though in Khmer "today" begins with that word.
    """
    if found.group()[0].isdigit() and _CALLED.search(found.string[: found.start()]):
        return found.group()
    return "#" * len(found.group())

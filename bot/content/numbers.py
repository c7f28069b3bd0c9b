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

_COUNT = r"(?!0\d)\d{1,9}"
"""A figure that counts: no zero in front, and fewer digits than a number with its country code."""

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
            r"(?<!\d)(?:19|20)\d\d-(?:0[1-9]|1[0-2])(?:-[0-3]\d)?(?!\d)",  # 2026-02-17
            r"(?<!\d)\d{1,2}/\d{1,2}/(?:19|20)\d\d(?!\d)",  # 17/2/2026
            r"(?<![\d:])(?:[01]?\d|2[0-4]):[0-5]\d(?![\d:])",  # 8:30
            rf"(?:{_CURRENCIES})\s?{_COUNT}(?:,\d{{3}}){{0,2}}(?:\.\d\d?)?(?!\d|,\d)",  # RM 20
            r"(?<![\d.,])[1-9]\d{0,2}(?:,\d{3}){1,2}(?:\.\d\d?)?(?!\d|,\d)",  # 1,700
            r"(?<![\d.])\d{1,2}\.\d{1,2}(?![\d.])",  # 1.5
            r"(?<!\d)\d{1,3}(?:\.\d\d?)?\s?%",
            rf"(?P<decree>(?:{_DECREES})\s?\d{{1,4}}(?!\d))",  # Prakas 253
            rf"(?<![\d+]){_COUNT}(?:\s?-\s?{_COUNT})?\s?(?:{_UNITS})(?![a-z])",  # 120 days
            r"(?<![\d+])(?:19[5-9]\d|20[0-4]\d)(?!\d)",  # 2017
        )
    )
)
_UNSEEN = "\u2060"
"""Stands for what nobody sees between two digits, and for what makes a key of one (1️⃣)."""

_ON = rf"[{_UNSEEN}\u17b4-\u17d3\u17dd]*"
"""What may stand on a digit: the same, and Khmer signs that belong to a letter."""

_BETWEEN = r"[ \t\u00a0\u2000-\u200a\u202f\u205f\u3000.()/_*·•|~\\‐-―−-]"
_RUN = re.compile(rf"\+?\d(?:{_ON}(?:{_BETWEEN}{_ON}){{0,2}}\d)*")
_SCATTERED = re.compile(r"\d(?:[^\w#]{0,3}\d)*")
"""Digits with any signs between them, but no letters."""


def digits(text: str) -> str:
    """Give the digits of a text alone, of whatever script, in circles and raised ones too."""
    return "".join(filter(str.isdigit, map(_plain, text)))


def _plain(sign: str) -> str:
    if sign.isnumeric():
        return str(int(unicodedata.numeric(sign)) % 10)
    kind = unicodedata.category(sign)
    return _UNSEEN if kind in ("Me", "Cf") or (kind == "Mn" and not _is_khmer(sign)) else sign


def _is_khmer(sign: str) -> bool:
    return "\u1780" <= sign <= "\u17ff"


def unexplained(text: str, allowed: Collection[str] = ()) -> list[str]:
    """Give the figures that could be called, but for those whose digits are in `allowed`."""
    return [text[start:end] for start, end in _spans(text, allowed)]


def masked(text: str, allowed: Collection[str]) -> str:
    """Give the text with HIDDEN in place of every such figure."""
    # Again until nothing is found: what stands beside the sign of a telephone is looked at anew.
    while spans := sorted(_spans(text, allowed)):
        for start, end in reversed(spans):
            text = text[:start] + HIDDEN + text[end:]
    return text


def _spans(text: str, allowed: Collection[str]) -> Iterator[tuple[int, int]]:
    # One sign for one sign, so that the places found are the places in the text.
    plain = "".join(map(_plain, text))
    left = _EXPLAINED.sub(_blanked, plain)
    seen = []
    for run in _RUN.finditer(plain):
        pieces = list(_RUN.finditer(left, *run.span()))
        ours = [piece for piece in pieces if digits(piece.group()) in allowed]
        seen += [piece.span() for piece in ours]
        if pieces and not ours and len(digits(run.group())) >= LONG:
            seen.append(run.span())
            yield run.span()  # 02-2013-2014 is no span of years
            continue
        for piece in pieces:
            if piece not in ours and len(digits(piece.group())) >= SHORTEST:
                seen.append(piece.span())
                yield piece.span()
    for start, end in seen:
        left = left[:start] + "#" * (end - start) + left[end:]
    for scattered in _SCATTERED.finditer(left):
        if len(digits(scattered.group())) >= LONG:
            yield scattered.span()  # 01, 23, 45, 67


def _blanked(found: re.Match[str]) -> str:
    """Take out a figure that says what it counts. "Call 1955" is not a year, and "call 191 today"
    counts no days, though in Khmer "today" begins with that word.
    """
    may_be_called = found.group()[0].isdigit() or found.lastgroup == "decree"
    if may_be_called and _CALLED.search(found.string[: found.start()]):
        return found.group()
    return "#" * len(found.group())

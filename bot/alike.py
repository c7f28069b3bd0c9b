"""Letters and words made comparable, however they are spelt: what the danger lexicon looks through.

Khmer script is read sign by sign, for it does not divide words; what people leave out or mix up
(bantoc, coeng, long and short vowels) does not count. Latin letters are read word by word: as
written, for English, and by their sound, for romanised Khmer, which has no spelling (ខ្ញុំ is typed
khnhom, knyom, nhom, kjom). Of a sound only the consonants count and the kind of vowel between them,
A (a, ea), E (e, i) or O (o, u); who types no vowels (ke vy knhm) is compared by the consonants.
"""

import re
import unicodedata
from dataclasses import dataclass

NUMBER = "0"
"""The key of any number."""

YOUNG = "017"
"""The key of any number up to 17: of years, an age at which somebody is a child."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A Khmer sign, a Latin word or a number.

    `keys` are the forms it is found by. A word can begin at it, or end with it, or neither.
    `start` and `end` count letters from the beginning of the text. Before it stands maybe a
    `stop`, which ends a sentence or a part of one, and, in Khmer script, maybe a space.
    """

    keys: tuple[str, ...]
    start: int
    end: int
    begins: bool = True
    ends: bool = True
    after_stop: bool = False
    after_space: bool = False


BANTOC = "\u17cb"
"""The sign of a short vowel: many leave it out where it should stand, nobody puts it elsewhere."""

_COENG = "\u17d2"
_SILENT = "\u17c9\u17ca\u17cc\u17cd\u17ce\u17d0\u17d1\u17dd"
_VOWELS = frozenset(map(chr, range(0x17B6, 0x17C9)))
_ONE_SIGN = str.maketrans(
    {"ំ": "ម", "ឡ": "ល", "ណ": "ន", "ឺ": "ី", "ឹ": "ិ", "ួ": "ូ", "ៈ": "ះ"} | dict.fromkeys(_SILENT)
)
_PART = re.compile(
    r"[\u1780-\u17d3\u17d7\u17db-\u17ff]+|[0-9]+"
    r"|(?:[^\W\d_\u1780-\u17ff]|(?<=[^\W\d_])['\u2019](?=[^\W\d_]))+"
)
_STOP = re.compile(r"[.!?,;:\u2026\n\u17d4-\u17d6]|\s[-\u2013\u2014]\s")


def units(text: str) -> list[Unit]:
    """Give what normalised `text` is made of, without spaces and signs."""
    found: list[Unit] = []
    read = 0
    for match in _PART.finditer(text):
        part, between = match[0], text[read : match.start()]
        read = match.end()
        place = found[-1].end if found else 0
        stop = bool(between) and _STOP.search(between) is not None
        if "\u1780" <= part[0] <= "\u17ff":
            found += _khmer(part, place, stop, bool(between))
        elif part[0].isdigit():
            keys = (NUMBER, YOUNG, part) if int(part) <= int(YOUNG) else (NUMBER, part)
            found.append(Unit(keys, place, place + len(part), after_stop=stop))
        else:
            word = part.casefold()
            sounds = (as_written(word), *by_sound(word))
            found.append(Unit(sounds, place, place + len(word), after_stop=stop))
    return found


def _khmer(part: str, place: int, stop: bool, space: bool) -> list[Unit]:
    signs = part.replace("ក៍", "ក៏").translate(_ONE_SIGN)
    found: list[Unit] = []
    for i, sign in enumerate(signs):
        if sign in (_COENG, BANTOC):
            continue
        begins = sign not in _VOWELS and (i == 0 or signs[i - 1] != _COENG)
        short = signs.startswith(BANTOC, i + 1)
        after = signs[i + 1 + short : i + 2 + short]
        ends = after != _COENG and after not in _VOWELS
        key, first = sign + BANTOC * short, i == 0
        end = place + i + 1 + short
        found.append(Unit((key,), place + i, end, begins, ends, first and stop, first and space))
    return found


def as_written(word: str) -> str:
    """Give the key of an English word: its letters, without apostrophes."""
    return "=" + word.replace("'", "").replace("\u2019", "")


_SOUNDS = tuple(
    (re.compile(pattern), becomes)
    for pattern, becomes in (
        (r"œ", "e"),
        (r"[^a-z]", ""),
        (r"(.)\1+", r"\1"),
        (r"ng", "N"),
        (r"(?<=[aeiou])nh(?![aeiou])", "J"),  # banh is not ban
        (r"n[yj](?=[aeiou])|nh", "n"),
        (r"tch|chh?|jh?", "c"),
        (r"[kgq]h?|x", "k"),
        (r"[pbf]h?", "p"),
        (r"[td]h?", "t"),
        (r"w", "v"),
        (r"z|sh", "s"),
        (r"(?<=[aeiouklmnpstvrN])h(?![aeiou])|(?<=[klmnpstvN])h", ""),
        (r"(?<=[aeiou])r(?![aeiou])", ""),
    )
)


_VOWEL_RUN = re.compile(r"[aeiou]+(?:y(?![aeiou]))?")
_SILENT_V = re.compile(r"(?<=[AEO])v(?![AEO])")


def _vowel(run: re.Match[str]) -> str:
    """Give the kind of a run of vowels, and a y when it glides to one: veay, vai."""
    typed = run[0]
    if typed[0] == "a" or typed.startswith(("ea", "ia")):
        kind = "A"
    elif typed[0] in "ei" or typed.startswith("oe"):
        kind = "E"
    else:
        kind = "O"
    return kind + "y" if typed[-1] == "y" or (len(typed) > 1 and typed[-1] == "i") else kind


def by_sound(word: str) -> tuple[str, ...]:
    """Give the keys of a romanised word; of one typed without vowels, its consonants."""
    plain = "".join(
        sign for sign in unicodedata.normalize("NFD", word) if not unicodedata.combining(sign)
    )
    for pattern, becomes in _SOUNDS:
        plain = pattern.sub(becomes, plain)
    plain = _SILENT_V.sub("", _VOWEL_RUN.sub(_vowel, plain))
    return (plain,) if plain else ()


_BARE = {**{ord(vowel): None for vowel in "AEO"}, ord("J"): "n"}


def consonants(sound: str) -> str:
    """Give what is left of a sound when its vowels are not typed."""
    return sound.translate(_BARE)

"""How a word sounds, written the same for Khmer script and for Latin script.

Romanised Khmer has no spelling: ខ្ញុំ is typed khnhom, knyom, nhom, kjom. What the spellings share is
the order of their consonants, so a word is folded to that: one letter for consonants that people
write alike (k, kh, g; j, ch; d, t, th; b, p, ph; v, w), silent ends dropped, vowels left out. Khmer
script is folded to the same letters, and so examples in Khmer script teach romanised sentences.
"""

import re

_COENG = "\u17d2"
_KILLER = "\u17cd"  # ៍: the consonant under it is silent

_CONSONANTS = {
    **dict.fromkeys("កខគឃ", "k"),
    "ង": "ŋ",
    **dict.fromkeys("ចឆជឈ", "c"),
    **dict.fromkeys("ដឋឌឍតថទធ", "t"),
    **dict.fromkeys("ញណន", "n"),
    **dict.fromkeys("បផពភ", "p"),
    "ម": "m",
    "យ": "y",
    "រ": "r",
    **dict.fromkeys("លឡ", "l"),
    "វ": "v",
    **dict.fromkeys("សឝឞ", "s"),
    "ហ": "h",
    "អ": "",
}
_INDEPENDENT = {
    **dict.fromkeys("ឥឦឧឩឪឯឰឱឲឳ", "a"),
    **dict.fromkeys("ឫឬ", "ra"),
    **dict.fromkeys("ឭឮ", "la"),
}
_NASAL = "\u17c6"  # ំ: a vowel that ends in m
_SYLLABLE = re.compile(
    f"(?P<consonants>[\u1780-\u17a2](?:{_COENG}[\u1780-\u17a2])*)"
    f"(?P<signs>[\u17b6-\u17d1]*)"
    f"|(?P<independent>[\u17a3-\u17b3])"
    f"|(?P<other>[^\u1780-\u17ff]+)"
)

_LATIN = tuple(
    (re.compile(pattern), becomes)
    for pattern, becomes in (
        ("ng", "ŋ"),
        ("n[yj](?=[aeiou])", "n"),
        ("ck|[gq]", "k"),
        ("x", "ks"),
        ("ch|j", "c"),
        ("z|sh", "s"),
        ("ph|[bf]", "p"),
        ("d", "t"),
        ("w", "v"),
        ("y(?![aeiou])", "i"),
        ("[aeiou]+", "a"),
    )
)

_BOTH = tuple(
    (re.compile(pattern), becomes)
    for pattern, becomes in (
        ("(?<=[^a])h+", ""),  # breath after a consonant
        ("a+", "a"),
        ("(?<=a)[yvrh](?!a)", ""),  # glides and silent ends
        (r"([^\d])\1+", r"\1"),
        ("(?<=.)a", ""),
    )
)


def sound(word: str) -> str:
    """Fold one word to its sound; may be empty. Digits and other signs stay as they are."""
    word = word.lower()
    folded = (
        _from_khmer(word) if _SYLLABLE.match(word) and not word.isascii() else _from_latin(word)
    )
    for pattern, becomes in _BOTH:
        folded = pattern.sub(becomes, folded)
    return folded


def _from_latin(word: str) -> str:
    for pattern, becomes in _LATIN:
        word = pattern.sub(becomes, word)
    return word


def _from_khmer(word: str) -> str:
    """Spell Khmer with the letters of `_from_latin`, the unwritten vowels put in."""
    spelt = ""
    open_syllable = False
    for part in _SYLLABLE.finditer(word):
        if part["other"]:
            spelt += _from_latin(part["other"])
            open_syllable = False
        elif part["independent"]:
            spelt += _INDEPENDENT.get(part["independent"], "a")
            open_syllable = True
        elif part["signs"].endswith(_KILLER):
            continue
        else:
            consonants, signs = part["consonants"], part["signs"]
            spelt += "".join(_CONSONANTS.get(sign, "") for sign in consonants)
            written = any("\u17b6" <= sign <= "\u17c8" for sign in signs)
            # A bare consonant after an open syllable closes it; any other carries a vowel.
            closes = open_syllable and not written and _COENG not in consonants
            spelt += "" if closes else "a"
            # ាំង is said ang: the sign gives way to the letter.
            nasal = _NASAL in signs and not word.startswith("ង", part.end())
            spelt += "m" if nasal else ""
            open_syllable = not closes and not nasal
    return spelt

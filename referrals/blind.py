"""Searching without reading: the marks by which an office finds a case, made blind.

What was told is brought into one form (phone numbers as E.164, names without titles, in the order
of Unicode), and the form becomes a token: HMAC-SHA256 under a key that only the holders of the
office's private key can derive. The server's own key, or a copy of the database, can try no name.

What the tokens show to who has the database all the same: how many marks a case has, and that two
cases of one office share a mark, or a word of an agency's name. Nothing across offices. A person's
name gives no token for a single word of it: there are so few family names that how often a token
comes would name it.
"""

import hmac
import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum
from itertools import pairwise

import phonenumbers
import regex
from khmernormalizer import normalize as khmer_normalize
from sqlalchemy import ForeignKeyConstraint
from sqlmodel import Field, SQLModel

from referrals.intake import Detail
from referrals.keys import PrivateKey
from referrals.sealing import derived
from referrals.taxonomy import Country

RULES = 1
"""Raise it when the forms below change: every case is then indexed anew."""

MOST_TOKENS = 400
"""Tokens of one case. Whoever tells more is not found by what comes behind them."""

MOST_WORDS = 12
"""Words of one name that are looked at: what is longer is no name but a sentence."""

LEAST_OF_WORD = 3
"""Signs that a word of an agency's name has to be found by itself."""

LONGEST_READ = 4_000
"""Characters of one told text in which phone numbers are looked for: a story has fewer."""

LEAST_DIGITS = 6
"""A text with fewer digits holds no phone number."""


class Kind(StrEnum):
    """What a case can be found by. An employer is found among the agencies."""

    PHONE = "phone"
    NAME = "name"
    AGENCY = "agency"


WHOLE: Mapping[Kind, str] = {kind: kind.value for kind in Kind}
PART: Mapping[Kind, str] = {kind: f"{kind.value}_part" for kind in Kind}
"""What a token's row says it is: all of what was told, or some words of it."""

KIND_OF: Mapping[str, Kind] = {
    Detail.NAME: Kind.NAME,
    Detail.PERSON: Kind.NAME,
    Detail.AGENCY: Kind.AGENCY,
    Detail.EMPLOYER: Kind.AGENCY,
}
"""Which told field is which kind. Phone numbers are looked for in every field."""


class SearchToken(SQLModel, table=True):
    """One mark to find one case by, for one office. Without the office's wrap there is none: the
    database takes it away together with the wrap.
    """

    __tablename__ = "search_token"
    __table_args__ = (
        ForeignKeyConstraint(
            ["case_id", "organisation_id"],
            ["wrap.case_id", "wrap.organisation_id"],
            ondelete="CASCADE",
        ),
    )

    organisation_id: str = Field(primary_key=True, max_length=32)
    token: bytes = Field(primary_key=True)
    case_id: str = Field(primary_key=True, max_length=32, index=True)
    kind: str = Field(max_length=16)


class Indexed(SQLModel, table=True):
    """How much of a case an office's tokens cover: made under the key of `generation`, by the
    rules of `rules`, with the first `entries` things that the migrant added.
    """

    __tablename__ = "search_indexed"
    __table_args__ = (
        ForeignKeyConstraint(
            ["case_id", "organisation_id"],
            ["wrap.case_id", "wrap.organisation_id"],
            ondelete="CASCADE",
        ),
    )

    organisation_id: str = Field(primary_key=True, max_length=32)
    case_id: str = Field(primary_key=True, max_length=32)
    generation: int
    rules: int
    entries: int


# ---- tokens


def search_key(private: PrivateKey) -> bytes:
    """Derive the key of an office's tokens from its private key."""
    return derived(private.raw, "search")


def token(key: bytes, kind: Kind, form: str) -> bytes:
    """Make the token of one form: 32 bytes."""
    return hmac.digest(key, f"{kind}\0{form}".encode(), "sha256")


def tokens(
    key: bytes, fields: Iterable[tuple[str, str]], country: str, entries: Iterable[str] = ()
) -> dict[bytes, str]:
    """Give the tokens of one case, each with what its row says it is (WHOLE or PART).

    `fields` are told texts with their fields, `entries` what the migrant added later. At most
    MOST_TOKENS, of which what was told whole comes first.
    """
    told = tuple(fields)
    whole: dict[bytes, str] = {}
    part: dict[bytes, str] = {}
    for text in (*(text for _, text in told), *entries):
        for number in sorted(phones(text, country)):
            whole[token(key, Kind.PHONE, number)] = WHOLE[Kind.PHONE]
    for field, text in told:
        kind = KIND_OF.get(field)
        if kind is None:
            continue
        for words in values(kind, text):
            for form in forms(words):
                whole[token(key, kind, form)] = WHOLE[kind]
            for piece in parts(kind, words):
                for form in forms(piece):
                    part[token(key, kind, form)] = PART[kind]
    return _most(whole, part)


def _most(whole: Mapping[bytes, str], part: Mapping[bytes, str]) -> dict[bytes, str]:
    """Put together, the whole first; a mark that is both counts as whole."""
    both = [*whole.items(), *((each, kind) for each, kind in part.items() if each not in whole)]
    return dict(both[:MOST_TOKENS])


# ---- phone numbers

_REGIONS = ("KH", "TH", "MY")
"""Where a number that is told without its country is looked for, besides the case's own."""

_ELSEWHERE = tuple(
    country.value
    for country in Country
    if country.value in phonenumbers.SUPPORTED_REGIONS and country.value not in _REGIONS
)


def _regions(country: str) -> tuple[str, ...]:
    return (*_REGIONS, country) if country in _ELSEWHERE else _REGIONS


def phones(text: str, country: str = "") -> frozenset[str]:
    """Give the phone numbers in a text, as E.164, in whatever digits they are written.

    A number without its country is taken for one of each country in which it would be valid. The
    ranges are those of Google's libphonenumber (the `phonenumbers` package).
    """
    # A long story of digits and slashes takes the matcher a second; nobody's number is so far in.
    text = text[:LONGEST_READ]
    if sum(sign.isdecimal() for sign in text) < LEAST_DIGITS:
        return frozenset()
    return frozenset(
        _e164(found.number)
        for region in _regions(country)
        for found in phonenumbers.PhoneNumberMatcher(text, region)
    )


def asked_phones(term: str) -> frozenset[str]:
    """Give the phone numbers that somebody may mean who looks for one: read more kindly than in a
    story, and in every country of work, for nobody says in which the case was.
    """
    found = set(phones(term))
    for region in (*_REGIONS, *_ELSEWHERE):
        try:
            number = phonenumbers.parse(term, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            found.add(_e164(number))
    return frozenset(found)


def _e164(number: phonenumbers.PhoneNumber) -> str:
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


# ---- names

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_BETWEEN = regex.compile(r"[\n;/]+|\s(?:និង|and)\s|\sអាយុ")
_NUMBER = regex.compile(r"\+?\d(?:[\s().-]?\d){5,}")
_MARK = regex.compile(r"\p{M}")
_NO_WORD = regex.compile(r"^[^\p{L}\p{N}]+")
_TITLES = (
    "ឯកឧត្តម",
    "ឯ.ក.",
    "ឯ.ក",
    "លោកជំទាវ",
    "លោកស្រី",
    "លោក",
    "អ្នកស្រី",
    "អ្នកនាង",
    "កញ្ញា",
    "នាងខ្ញុំ",
    "ខ្ញុំ",
    "ឈ្មោះ",
    "ថៅកែ",
    "មេខ្យល់",
    "ក្រុមហ៊ុន",
    "ទីភ្នាក់ងារ",
)
"""What stands before a name and does not belong to it; often without a space."""

_LATIN_TITLES = frozenset({"mr", "mrs", "ms", "miss", "dr", "my", "name", "is"})
_OF_COMPANIES = frozenset(
    {"co", "ltd", "limited", "company", "sdn", "bhd", "plc", "pte", "inc", "corp"}
)
_NOBODY = frozenset(
    {"មិនដឹង", "មិនដឹងទេ", "អត់ដឹង", "អត់ដឹងទេ", "គ្មាន", "គ្មានទេ", "អត់មាន", "អត់មានទេ", "ទេ"}
    | {"no", "none", "unknown", "dontknow", "idontknow"}
)
"""Answers that name nobody; they would make one story of all who gave them."""

_SETTLED_AFTER = 4
"""Passes after which khmernormalizer changes nothing any more (bot/text.py has found the same)."""


def regular(text: str) -> str:
    """Give the one form of a text: signs that cannot be seen gone, Khmer in the order of Unicode,
    digits ASCII, letters small.
    """
    text = unicodedata.normalize("NFKC", text)
    text = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
    for _ in range(_SETTLED_AFTER):
        before, text = text, khmer_normalize(text)
        if text == before:
            break
    text = "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in text)
    return text.casefold()


_REGULAR_TITLES = tuple(regular(title) for title in _TITLES)
_REGULAR_NOBODY = frozenset(regular(each) for each in _NOBODY)


def values(kind: Kind, text: str) -> list[tuple[str, ...]]:
    """Give the names in a told answer, each as its words without titles; maybe none."""
    said = _NUMBER.sub(" ", regular(text))
    found = (_words(kind, each) for each in _BETWEEN.split(said))
    return [words for words in found if words and "".join(words) not in _REGULAR_NOBODY]


def _words(kind: Kind, name: str) -> tuple[str, ...]:
    name = _without_title(name)
    words = _WORD.findall(name)
    while words and words[0] in _LATIN_TITLES:
        words = words[1:]
    if kind is Kind.NAME:
        words = [word for word in words if not word.isdecimal()]
    else:
        words = [word for word in words if word not in _OF_COMPANIES]
    return tuple(words[:MOST_WORDS])


def _without_title(name: str) -> str:
    """Take titles off the front, also two of them; not what only begins like one."""
    before = ""
    while name != before:
        before = name
        name = _NO_WORD.sub("", name)
        for title in _REGULAR_TITLES:
            rest = name.removeprefix(title)
            if rest != name and not _MARK.match(rest):
                name = rest
                break
    return name


def forms(words: tuple[str, ...]) -> frozenset[str]:
    """Give the forms of a name: in any order of its words, and written without spaces."""
    return frozenset({f"s {' '.join(sorted(words))}", f"j {''.join(words)}"})


def parts(kind: Kind, words: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Give the parts of a name that it is found by as well: two words that stand together, and of
    an agency each word of at least LEAST_OF_WORD signs.
    """
    pairs: list[tuple[str, ...]] = list(pairwise(words)) if len(words) > 2 else []
    if kind is not Kind.AGENCY or len(words) < 2:
        return pairs
    return [*pairs, *((word,) for word in words if len(word) >= LEAST_OF_WORD)]

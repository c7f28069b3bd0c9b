"""What is wrong with words for migrants. Said to the checker, and to the desk when an editor saves.

Nothing is put right here, and nothing is refused: the caller decides what a complaint means.
"""

import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files

import regex
from khmernormalizer import normalize

from bot.content import ANYWHERE, Content, read
from bot.content.numbers import unexplained
from bot.content.render import ANY_COUNTRY, answer_bubbles
from bot.content.shapes import BUBBLE_LIMIT, FaqEntry
from bot.message import Language
from bot.when import local_date
from referrals.taxonomy import Topic

ANSWER_LIMIT = 330
"""Characters of an answer: two to four short sentences."""

LIST_LIMIT = 450
"""Characters of an answer that has a list: lines that begin with BULLET."""

STEPS_LIMIT = 4
"""Steps of an answer."""

STEP_LIMIT = 110
"""Characters of one step."""

SIMPLE_LIMIT = 140
"""Characters of an answer said more simply."""

SOURCE_LIMIT = 80
"""Characters with which a source is named."""

FAR_TOO_LONG = 5_000
"""Characters of one text from which on nothing is looked at but its length: that takes long."""

REVIEW_WITHIN = timedelta(days=731)
"""The furthest day of review: in two years."""

BULLET = "•"

# What can be wrong. The desk says these in the language of its reader.
MISSING = "There are no words in this language."
TOO_LONG = "This is too long."
TOO_MANY_STEPS = "There are too many steps."
STEPS_DIFFER = "Khmer and English do not have the same number of steps."
NOT_KHMER = "There is no Khmer in the Khmer words."
NOT_ENGLISH = "There is Khmer in the English words."
NOT_IN_ORDER = "The Khmer letters do not stand in the order of Unicode."
INVISIBLE = "An invisible letter hides in the words."
NUMBER = "Here is a number that could be called; numbers come from the list of contacts alone."
ADDRESS = "Here is a web address; write the name of the office instead."
JARGON = "This is a word of an office."
NO_DATE = "There is no such day."
FUTURE = "This day is still to come."
REVIEW_TOO_EARLY = "The review is due before the date of what is said."
REVIEW_TOO_LATE = "The review is due in more than two years."
UNKNOWN = "There is no such code."
ITSELF = "An answer is not related to itself."

RULES = frozenset(
    {
        MISSING,
        TOO_LONG,
        TOO_MANY_STEPS,
        STEPS_DIFFER,
        NOT_KHMER,
        NOT_ENGLISH,
        NOT_IN_ORDER,
        INVISIBLE,
        NUMBER,
        ADDRESS,
        JARGON,
        NO_DATE,
        FUTURE,
        REVIEW_TOO_EARLY,
        REVIEW_TOO_LATE,
        UNKNOWN,
        ITSELF,
    }
)
"""Every rule that `answer` and `text` know."""

_KHMER = regex.compile(r"\p{Khmer}")
_LETTER = regex.compile(r"\p{L}")
_PLACEHOLDER = regex.compile(r"\{[a-z_]+\}")
"""Without digits: `{1280}` is a number that somebody could call."""

_ADDRESS = regex.compile(
    r"\w+://\S*|www\.\S*|[\w.]*@\s?\w+"
    r"|[\p{L}\p{N}][\w-]*(?:\s?\.\s?com|\s\.\s?(?:org|net|info|me))\b"
    r"|[\p{L}\p{N}][\w-]*[.。](?:(?!\p{Khmer})\p{L}){2,}(?:/\S*)?",
    regex.IGNORECASE,
)
"""What a phone turns into something to press, and what is that but for a blank."""
_INVISIBLE = regex.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad\u17b4\u17b5]")
_EXPLAINED = r"(?!\s*\()"
"""A word of an office may stand where the text says at once, in brackets, what it is."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong: where, which rule it breaks, and the piece that was found."""

    place: str
    rule: str
    found: str = ""

    def __str__(self) -> str:
        said = f"{self.place}: {self.rule.rstrip('.')}"
        return f"{said}: {self.found}" if self.found else said


def answer(
    topic: str, entry: FaqEntry, words: Content, *, today: date | None = None
) -> list[Complaint]:
    """Give what is wrong with one answer. `words` are those among which it stands.

    Places are `faq.topic.country`, then the field: `.km.answer`, `.en.steps.2`, `.review_by`.
    `today` is the day in Phnom Penh on which it is judged: this day, when it is left out.
    """
    place = f"faq.{topic}.{entry.country}"
    today = today or local_date(datetime.now(UTC))
    codes = list(_codes(place, topic, entry, words))
    dates = list(_dates(place, entry, today))
    found = [*codes, *dates, *_words(place, entry)]
    # A bubble can be made only of contacts that exist and dates that are dates.
    return found if codes or dates else [*found, *_bubbles(place, entry, words)]


def text(place: str, km: str, en: str, words: Content, limit: int) -> list[Complaint]:
    """Give what is wrong with a text in both languages of at most `limit` characters.

    It may show a number of contacts.yml that is confirmed at present, and no other.
    """
    return list(both(place, km, en, limit, words.numbers))


def both(
    place: str, km: str, en: str, limit: int | None = None, allowed: Collection[str] = ()
) -> Iterator[Complaint]:
    """Give what is wrong with words in Khmer and English, at `place.km` and `place.en`.

    `limit` counts characters; `allowed` are the digits of numbers that may be shown.
    """
    yield from said(f"{place}.km", km, Language.KM, limit, allowed)
    yield from said(f"{place}.en", en, Language.EN, limit, allowed)


def said(
    place: str,
    words: str,
    language: Language,
    limit: int | None = None,
    allowed: Collection[str] = (),
) -> Iterator[Complaint]:
    """Give what is wrong with words in one language."""
    if not words.strip():
        yield Complaint(place, MISSING)
        return
    if limit is not None and len(words) > limit:
        yield Complaint(place, TOO_LONG, f"{len(words)} > {limit}")
        if len(words) > FAR_TOO_LONG:
            return
    own = _PLACEHOLDER.sub("", words)
    if language is Language.EN and (khmer := _KHMER.search(own)):
        yield Complaint(place, NOT_ENGLISH, own[khmer.start() :][:20])
    if language is Language.KM and _LETTER.search(own) and not _KHMER.search(own):
        yield Complaint(place, NOT_KHMER, own[:20])
    yield from written(place, words)
    for figure in unexplained(own, allowed):
        yield Complaint(place, NUMBER, figure)
    # The same signs in another width or style lead to the same place.
    for address in _ADDRESS.findall(unicodedata.normalize("NFKC", words)):
        yield Complaint(place, ADDRESS, address)
    for word in jargon_in(own, language):
        yield Complaint(place, JARGON, f"{word} → {jargon()[language][word]}")


def written(place: str, words: str) -> Iterator[Complaint]:
    """Give what is wrong with how words are written, whatever they say."""
    for letter in _INVISIBLE.findall(words):
        yield Complaint(place, INVISIBLE, f"U+{ord(letter):04X} {unicodedata.name(letter, '')}")
    if _INVISIBLE.search(words):
        return  # it would also be out of order
    for line in words.splitlines():
        if _KHMER.search(line) and (wanted := normalize(line)) != line.strip():
            yield Complaint(place, NOT_IN_ORDER, f"{line.strip()} → {wanted}")


def jargon_in(words: str, language: Language) -> list[str]:
    """Give the words of offices that stand there without being explained in brackets at once.

    Khmer writes no spaces, so a word counts within a longer one; English words count whole.
    """
    found = (match.group("word").lower() for match in _jargon(language).finditer(words))
    return list(dict.fromkeys(found))


@cache
def _jargon(language: Language) -> regex.Pattern[str]:
    longest_first = sorted(jargon()[language], key=len, reverse=True)
    any_of = f"(?P<word>{'|'.join(map(regex.escape, longest_first))})"
    whole = any_of if language is Language.KM else rf"\b{any_of}s?\b"
    return regex.compile(whole + _EXPLAINED, regex.IGNORECASE)


@cache
def jargon() -> Mapping[Language, Mapping[str, str]]:
    """Give the words of offices, each with what to say instead (jargon.yml)."""
    listed = read(files("bot.content"), "jargon.yml", dict[Language, dict[str, str]])
    return {
        language: {word.lower(): instead for word, instead in words.items()}
        for language, words in listed.items()
    }


def first_day(as_of: str) -> date | None:
    """Give the first day of a year, month or day (`2017`, `2017-10`, `2017-10-05`); None for a day
    that no calendar has.
    """
    try:
        return date(*[*map(int, as_of.split("-")), 1, 1][:3])
    except ValueError:
        return None


def _codes(place: str, topic: str, entry: FaqEntry, words: Content) -> Iterator[Complaint]:
    categories = words.labels.get("category", {})
    named = (
        ("topic", (topic,), set(Topic)),
        ("country", (entry.country,), {*ANY_COUNTRY, ANYWHERE}),
        ("ask", entry.ask, words.contacts),
        ("related", entry.related, words.faq),
        ("category", (entry.category,) if entry.category else (), categories),
    )
    for field, codes, there in named:
        yield from (Complaint(f"{place}.{field}", UNKNOWN, c) for c in codes if c not in there)
    if topic in entry.related:
        yield Complaint(f"{place}.related", ITSELF)


def _dates(place: str, entry: FaqEntry, today: date) -> Iterator[Complaint]:
    begins = first_day(entry.as_of)
    if begins is None:
        yield Complaint(f"{place}.as_of", NO_DATE, entry.as_of)
    elif begins > today:
        yield Complaint(f"{place}.as_of", FUTURE, entry.as_of)
    elif entry.review_by < begins:
        yield Complaint(f"{place}.review_by", REVIEW_TOO_EARLY, str(entry.review_by))
    if entry.review_by > today + REVIEW_WITHIN:
        yield Complaint(f"{place}.review_by", REVIEW_TOO_LATE, str(entry.review_by))


def _words(place: str, entry: FaqEntry) -> Iterator[Complaint]:
    for language in Language:
        words, here = entry.words(language), f"{place}.{language}"
        listed = any(line.startswith(BULLET) for line in words.answer.splitlines())
        limit = LIST_LIMIT if listed else ANSWER_LIMIT
        yield from said(f"{here}.answer", words.answer, language, limit)
        for number, step in enumerate(words.steps, 1):
            yield from said(f"{here}.steps.{number}", step, language, STEP_LIMIT)
        if len(words.steps) > STEPS_LIMIT:
            count = f"{len(words.steps)} > {STEPS_LIMIT}"
            yield Complaint(f"{here}.steps", TOO_MANY_STEPS, count)
        yield from said(f"{here}.simple", words.simple, language, SIMPLE_LIMIT)
    if len(entry.km.steps) != len(entry.en.steps):
        count = f"{len(entry.km.steps)}, {len(entry.en.steps)}"
        yield Complaint(f"{place}.en.steps", STEPS_DIFFER, count)
    yield from both(f"{place}.source", entry.source.km, entry.source.en, SOURCE_LIMIT)


def _bubbles(place: str, entry: FaqEntry, words: Content) -> Iterator[Complaint]:
    """Look at the bubbles as they are sent, on a day when the answer is old and says so."""
    old = entry.review_by + timedelta(days=1)
    for language in Language:
        for bubble in answer_bubbles(entry, language, words, old):
            if len(bubble) > BUBBLE_LIMIT:
                count = f"{len(bubble)} > {BUBBLE_LIMIT}: {bubble[:20]}…"
                yield Complaint(f"{place}.{language}", TOO_LONG, count)

"""What may not be said in an answer, or in any text for migrants."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content import Content, content, rules
from bot.content.rules import Complaint, answer, jargon, text
from bot.content.shapes import FaqEntry
from bot.message import Language

TODAY = date(2026, 11, 21)
PLACE = "faq.minimum_wage.TH"
GOOD: Mapping[str, Any] = {
    "country": "TH",
    "facts": ["F14"],
    "km": {
        "answer": "ប្រាក់ខែអប្បបរមា គឺ 400 បាត ក្នុងមួយថ្ងៃ។",
        "steps": ["រាប់ថ្ងៃដែលអ្នកបានធ្វើការ។", "សួរថៅកែ។"],
        "simple": "មួយថ្ងៃ យ៉ាងតិច 400 បាត។",
    },
    "en": {
        "answer": "The lowest wage is 400 baht a day.",
        "steps": ["Count the days you worked.", "Ask your boss."],
        "simple": "At least 400 baht a day.",
    },
    "source": {"km": "កាសែត Bangkok Post", "en": "Bangkok Post"},
    "as_of": "2025-07",
    "review_by": date(2027, 7, 1),
    "ask": ["th_1694"],
    "related": ["hours_overtime"],
    "category": "unpaid_wages",
}


@pytest.fixture(name="words", scope="module")
def _words() -> Content:
    return content()


def entry(change: Mapping[str, Any] | None = None) -> FaqEntry:
    """The good answer, with values put in: `km.steps` names a place in it."""
    raw: dict[str, Any] = {**GOOD, "km": dict(GOOD["km"]), "en": dict(GOOD["en"])}
    raw["source"] = dict(GOOD["source"])
    for path, value in (change or {}).items():
        *above, last = path.split(".")
        (raw[above[0]] if above else raw)[last] = value
    return FaqEntry.model_validate(raw)


def test_a_good_answer_has_nothing_wrong(words: Content) -> None:
    assert answer("minimum_wage", entry(), words, today=TODAY) == []


BROKEN: Mapping[str, tuple[Mapping[str, Any], str, str]] = {
    "an answer over 330 characters": (
        {"km.answer": "ក" * 331},
        "km.answer",
        rules.TOO_LONG,
    ),
    "a list over 450 characters": (
        {"en.answer": "• a\n• " + "b" * 446},
        "en.answer",
        rules.TOO_LONG,
    ),
    "a step over 110 characters": (
        {"en.steps": ["Wait.", "a" * 111]},
        "en.steps.2",
        rules.TOO_LONG,
    ),
    "simple words over 140 characters": ({"km.simple": "ខ" * 141}, "km.simple", rules.TOO_LONG),
    "a source over 80 characters": ({"source.en": "s" * 81}, "source.en", rules.TOO_LONG),
    "five steps": (
        {"km.steps": ["ក។"] * 5, "en.steps": ["a"] * 5},
        "km.steps",
        rules.TOO_MANY_STEPS,
    ),
    "a step that is not there in English": (
        {"en.steps": ["Ask."]},
        "en.steps",
        rules.STEPS_DIFFER,
    ),
    "English in the Khmer": ({"km.simple": "400 baht a day"}, "km.simple", rules.NOT_KHMER),
    "Khmer in the English": ({"en.simple": "400 បាត"}, "en.simple", rules.NOT_ENGLISH),
    "a sign before the letter it follows": (
        {"km.simple": "មាន\u17c6\u17b6"},
        "km.simple",
        rules.NOT_IN_ORDER,
    ),
    "coeng DA where Khmer writes coeng TA": (
        {"km.steps": ["ប្ដឹង។", "សួរថៅកែ។"]},
        "km.steps.1",
        rules.NOT_IN_ORDER,
    ),
    "a zero-width space": ({"km.answer": "ប្រាក់\u200bខែ"}, "km.answer", rules.INVISIBLE),
    "a soft hyphen": ({"en.simple": "ba\u00adht"}, "en.simple", rules.INVISIBLE),
    "a number of the contacts": ({"en.simple": "Call 1694."}, "en.simple", rules.NUMBER),
    "a number in Khmer digits": ({"km.steps": ["ហៅ ១៦៩៤", "ក"]}, "km.steps.1", rules.NUMBER),
    "a number in a source": ({"source.en": "Bangkok Post 1506"}, "source.en", rules.NUMBER),
    "a number in braces": ({"en.simple": "At least {1280}."}, "en.simple", rules.NUMBER),
    "Khmer digits in braces": ({"km.simple": "ហៅ {១២៨០}។"}, "km.simple", rules.NUMBER),
    "a web address": ({"en.steps": ["See t.me/x.", "Ask."]}, "en.steps.1", rules.ADDRESS),
    "a web address as its source": ({"source.en": "mrc.org"}, "source.en", rules.ADDRESS),
    "a Khmer word of an office": ({"km.simple": "សួរនិយោជក។"}, "km.simple", rules.JARGON),
    "an English word of an office": (
        {"en.steps": ["Count.", "Remuneration is due."]},
        "en.steps.2",
        rules.JARGON,
    ),
    "a thirteenth month": ({"as_of": "2025-13"}, "as_of", rules.NO_DATE),
    "news from tomorrow": ({"as_of": "2026-11-22"}, "as_of", rules.FUTURE),
    "a review before the fact": (
        {"review_by": date(2025, 6, 30)},
        "review_by",
        rules.REVIEW_TOO_EARLY,
    ),
    "a review in three years": (
        {"review_by": date(2029, 11, 21)},
        "review_by",
        rules.REVIEW_TOO_LATE,
    ),
    "a country that has no answers": ({"country": "JP"}, "country", rules.UNKNOWN),
    "somebody who is no contact": ({"ask": ["th_0000"]}, "ask", rules.UNKNOWN),
    "a question that is none": ({"related": ["weather"]}, "related", rules.UNKNOWN),
    "an answer related to itself": ({"related": ["minimum_wage"]}, "related", rules.ITSELF),
    "a category that is none": ({"category": "weather"}, "category", rules.UNKNOWN),
}


@pytest.mark.parametrize("what", BROKEN)
def test_an_answer_may_not_have(what: str, words: Content) -> None:
    change, place, rule = BROKEN[what]
    broken = entry(change)
    found = answer("minimum_wage", broken, words, today=TODAY)
    assert (f"faq.minimum_wage.{broken.country}.{place}", rule) in {
        (one.place, one.rule) for one in found
    }


def test_every_rule_has_an_answer_that_breaks_it() -> None:
    with_their_own_test = {rules.MISSING}
    assert {rule for _, _, rule in BROKEN.values()} | with_their_own_test == rules.RULES


def test_a_topic_that_nobody_asks_about_is_none(words: Content) -> None:
    assert Complaint("faq.weather.TH.topic", rules.UNKNOWN, "weather") in answer(
        "weather", entry(), words, today=TODAY
    )


@pytest.mark.parametrize(
    "change",
    [
        {"km.answer": "ក" * 330},
        {"en.answer": "• a\n• " + "b" * 444},
        {"en.steps": ["Wait.", "a" * 110]},
        {"km.steps": [], "en.steps": []},
        {"as_of": "2026-11-21", "review_by": date(2026, 11, 21)},
        {"review_by": date(2028, 11, 21)},
        {"category": None, "related": []},
        {"en.simple": "Ask the counterpart (the other office)."},
        {"km.simple": "សួរនិយោជក (ថៅកែ)។"},
        {"en.simple": "Prakas 253 of 2013: RM 1,700, 8:30 to 16:30."},
    ],
)
def test_an_answer_may_have(change: Mapping[str, Any], words: Content) -> None:
    assert answer("minimum_wage", entry(change), words, today=TODAY) == []


def test_a_bubble_that_would_be_cut_is_too_long(words: Content) -> None:
    long_name = words.contacts["th_1694"].model_copy(update={"name_en": "n" * 600})
    changed = replace(words, contacts={**words.contacts, "th_1694": long_name})
    (found,) = answer("minimum_wage", entry(), changed, today=TODAY)
    assert (found.place, found.rule) == (f"{PLACE}.en", rules.TOO_LONG)


@pytest.mark.parametrize(
    "address",
    [
        "https://mrc.example/ask",
        "HTTP://x",
        "www.mrc",
        "tg://resolve",
        "mrc.com",
        "MRC.Org/ask",
        "mrc .com",
        "mrc . com",
        "mrc. com",
        "ｍｒｃ．ｃｏｍ",
        "mrc。com",
        "សំឡេង.com",
        "мрс.сом",
        "bit.ly/x",
        "@mrc_bot",
        "@ mrc",
        "me@mrc",
    ],
)
def test_a_text_has_nothing_to_press_that_leads_elsewhere(address: str, words: Content) -> None:
    wrong = {
        one.place
        for one in text("news", f"សួរ {address} ថ្ងៃនេះ។", f"Ask {address} now.", words, 350)
        if one.rule == rules.ADDRESS
    }
    assert wrong == {"news.km", "news.en"}


@pytest.mark.parametrize(
    "words_",
    ["Ask him. My boss knows.", "e.g. food", "1.5 km", "No. 253", "U.S. law", "Count. Net pay."],
)
def test_the_end_of_a_sentence_is_no_address(words_: str, words: Content) -> None:
    assert text("news", "សួរ។", words_, words, 350) == []


# --- Any text ----------------------------------------------------------------------------------


def test_a_text_may_show_a_number_that_is_confirmed_and_no_other(words: Content) -> None:
    assert text("news", "ហៅ 1297។", "Call 1297.", words, 350) == []
    assert text("news", "ហៅ 1506។", "Call 1506.", words, 350) == [
        Complaint("news.km", rules.NUMBER, "1506"),
        Complaint("news.en", rules.NUMBER, "1506"),
    ]


def test_a_text_stands_in_both_languages(words: Content) -> None:
    assert text("news", "សួស្តី", "  ", words, 350) == [Complaint("news.en", rules.MISSING)]


def test_a_text_keeps_its_limit(words: Content) -> None:
    assert text("news", "ក" * 11, "a" * 10, words, 10) == [
        Complaint("news.km", rules.TOO_LONG, "11 > 10")
    ]


def test_what_the_program_fills_in_belongs_to_no_language(words: Content) -> None:
    assert text("says", "{consent}", "{consent}", words, 350) == []
    assert text("says", "📌 {source}", "📌 {source}", words, 350) == []


# --- Words of offices --------------------------------------------------------------------------


@pytest.mark.parametrize("word", jargon()[Language.KM])
def test_a_khmer_word_of_an_office_is_found_within_a_longer_one(word: str) -> None:
    assert word in " ".join(rules.jargon_in(f"ការ{word}នេះ", Language.KM))


@pytest.mark.parametrize("word", jargon()[Language.EN])
def test_an_english_word_of_an_office_is_found_however_it_is_written(word: str) -> None:
    assert rules.jargon_in(f"The {word.title()}, too", Language.EN) == [word]
    assert rules.jargon_in(f"The x{word}y", Language.EN) == []


@pytest.mark.parametrize("language", Language)
def test_what_to_say_instead_is_no_word_of_an_office(language: Language) -> None:
    wrong = {w: i for w, i in jargon()[language].items() if rules.jargon_in(i, language)}
    assert wrong == {}


@given(st.text(alphabet="កខ្រ័ុ​abc (1\n"))
def test_any_words_can_be_judged(words: str) -> None:
    for one in rules.both("here", words, words):
        assert one.rule in rules.RULES
        assert str(one).startswith("here.")


def test_of_an_endless_text_only_its_length_is_looked_at() -> None:
    endless = "call 1955 " * 100_000
    found = list(rules.said("x", endless, Language.EN, 100))
    assert [complaint.rule for complaint in found] == [rules.TOO_LONG]

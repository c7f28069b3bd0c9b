"""The checker sees whatever spoils the words of a copy, and finds nothing wrong with ours."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot.content import check as checker
from bot.content import content, rules
from bot.content.__main__ import FOLDER
from bot.content.check import TELLTALE, check
from bot.message import Language
from tests.bot.content.spoiling import GONE, spoil

TODAY = date(2026, 11, 21)
YEARS_LATER = date(2031, 1, 1)


def part_of(topic: str) -> str:
    """Name the file that holds the answers to a question."""
    (found,) = (f.name for f in (FOLDER / "faq").iterdir() if f"\n{topic}:" in f"\n{f.read_text()}")
    return f"faq/{found}"


def seen(folder: Path) -> set[tuple[str, str]]:
    return {(one.place, one.rule) for one in check(folder, TODAY)}


KM = "សួស្តី"
PAIR = {"km": KM, "en": "Hello"}
WAGE = part_of("minimum_wage")

SPOILT: Mapping[str, tuple[str, str, Any, str, str]] = {
    # what: file, place in it, value, place of the complaint, rule
    "a number in a say": ("says/welcome.yml", "menu en", "Call 1297", "says.menu.en", rules.NUMBER),
    "Khmer in an English say": (
        "says/welcome.yml",
        "menu en",
        KM,
        "says.menu.en",
        rules.NOT_ENGLISH,
    ),
    "an English button": ("buttons.yml", "menu km", "Menu", "buttons.menu.km", rules.NOT_KHMER),
    "five bubbles": (
        "says/welcome.yml",
        "menu en",
        "a\n\nb\n\nc\n \nd\n\ne",
        "says.menu.en",
        checker.TOO_MANY_BUBBLES,
    ),
    "a bubble over 600": ("says/welcome.yml", "menu en", "a" * 601, "says.menu.en", rules.TOO_LONG),
    "fourteen buttons": (
        "says/welcome.yml",
        "menu buttons",
        ["menu"] * 14,
        "says.menu.buttons",
        checker.TOO_MANY_BUTTONS,
    ),
    "a placeholder that nobody fills": (
        "says/welcome.yml",
        "menu",
        {"km": KM + " {weather}", "en": "Hello {weather}"},
        "says.menu",
        checker.UNFILLED,
    ),
    "contacts of no country": (
        "says/danger.yml",
        "human contacts",
        {"XX": ["kh_licadho"]},
        "says.human.contacts",
        rules.UNKNOWN,
    ),
    "no words for a reason": ("says/lodged.yml", "reason_national", GONE, "says", checker.NO_WORDS),
    "a label of 18": (
        "labels.yml",
        "category other en",
        "e" * 18,
        "labels.category.other.en",
        rules.TOO_LONG,
    ),
    "a title of 21 units": (
        "labels.yml",
        "category other icon",
        "🕵🕵🕵🕵🕵🕵🕵🕵🕵🕵",
        "labels.category.other.km",
        rules.TOO_LONG,
    ),
    "a code without a label": (
        "labels.yml",
        "status closed",
        GONE,
        "labels.status",
        checker.NO_WORDS,
    ),
    "a label without a code": (
        "labels.yml",
        "status lost",
        {"icon": "🧭", **PAIR},
        "labels.status",
        rules.UNKNOWN,
    ),
    "two labels alike": (
        "labels.yml",
        "yes_no no icon",
        content().labels["yes_no"]["yes"].icon,
        "labels.yes_no.icon",
        checker.ALIKE,
    ),
    "a long name in one language": (
        "labels.yml",
        "status lodged",
        {"icon": "📨", **PAIR, "long_en": "it is sent"},
        "labels.status.lodged.long_km",
        rules.MISSING,
    ),
    "nothing that helps in a case": (
        "evidence.yml",
        "unpaid_wages",
        GONE,
        "evidence",
        checker.NO_WORDS,
    ),
    "too much to bring": (
        "evidence.yml",
        "unpaid_wages",
        ["contract", "receipts", "pay_slips", "passport", "messages", "photos"],
        "evidence.unpaid_wages",
        checker.TOO_MUCH_TO_BRING,
    ),
    "one paper named twice": (
        "evidence.yml",
        "unpaid_wages",
        ["contract", "contract"],
        "evidence.unpaid_wages",
        checker.TOO_MUCH_TO_BRING,
    ),
    "a wish that proves nothing": (
        "evidence.yml",
        "unpaid_wages",
        ["contract", "wants"],
        "evidence.unpaid_wages",
        checker.NOT_HELPFUL,
    ),
    "a reminder that tells": (
        "says/complaint.yml",
        "draft_reminder en",
        "Your complaint is not sent yet",
        "says.draft_reminder.en",
        checker.TELLS,
    ),
    "a wrong answer": (
        WAGE,
        "minimum_wage 0 en simple",
        "a" * 141,
        f"faq.minimum_wage.{content().faq['minimum_wage'][0].country}.en.simple",
        rules.TOO_LONG,
    ),
    "a fact that is none": (
        WAGE,
        "minimum_wage 0 facts",
        ["F45"],
        f"faq.minimum_wage.{content().faq['minimum_wage'][0].country}.facts",
        rules.UNKNOWN,
    ),
    "two answers for a country": (
        WAGE,
        "minimum_wage 1 country",
        content().faq["minimum_wage"][0].country,
        "faq.minimum_wage",
        checker.TWICE,
    ),
    "hours in one language": (
        "contacts.yml",
        "my_15999 hours_km",
        GONE,
        "contacts.my_15999.hours_km",
        rules.MISSING,
    ),
    "a number in a contact's name": (
        "contacts.yml",
        "kh_licadho name_en",
        "LICADHO 1506",
        "contacts.kh_licadho.name_en",
        rules.NUMBER,
    ),
    "no telephone number": (
        "contacts.yml",
        "kh_licadho phone",
        "ask at the desk",
        "contacts.kh_licadho.phone",
        checker.NO_NUMBER,
    ),
    "a contact of no country": (
        "contacts.yml",
        "kh_licadho country",
        "XX",
        "contacts.kh_licadho.country",
        rules.UNKNOWN,
    ),
    "compared tomorrow": (
        "contacts.yml",
        "kh_licadho compared",
        date(2026, 11, 22),
        "contacts.kh_licadho.compared",
        rules.FUTURE,
    ),
    "a note without a source": (
        "contacts.yml",
        "kh_licadho note",
        "seems right",
        "contacts.kh_licadho.note",
        checker.NO_SOURCE,
    ),
    "no note": (
        "contacts.yml",
        "kh_licadho note",
        GONE,
        "contacts.kh_licadho.note",
        checker.NO_SOURCE,
    ),
    "a checked number after others": (
        "contacts.yml",
        "kh_licadho mark",
        "V",
        "contacts.kh_licadho",
        checker.OUT_OF_ORDER,
    ),
    "an unchecked number for every danger": (
        "safety.yml",
        "numbers KH general",
        ["kh_1288"],
        "safety.numbers.KH.general",
        checker.NOT_CONFIRMED,
    ),
    "no numbers for a country": (
        "safety.yml",
        "numbers MY",
        GONE,
        "safety.numbers",
        checker.NO_WORDS,
    ),
    "numbers of no country": (
        "safety.yml",
        "numbers XX",
        {"general": ["th_191"]},
        "safety.numbers",
        rules.UNKNOWN,
    ),
    "a danger that is none": ("safety.yml", "words rain", PAIR, "safety.words", rules.UNKNOWN),
    "a number on a safety card": (
        "safety.yml",
        "words general km",
        "ហៅ 191",
        "safety.words.general.km",
        rules.NUMBER,
    ),
    "a consent that is not asked": (
        "consent.yml",
        "statistics",
        GONE,
        "consent",
        checker.NO_WORDS,
    ),
    "a consent to nothing": (
        "consent.yml",
        "weather",
        {"version": 1, **PAIR, "why_km": KM, "why_en": "Hello"},
        "consent",
        rules.UNKNOWN,
    ),
    "a consent that does not say what a no does": (
        "consent.yml",
        "store why_km",
        KM,
        "consent.store.why_km",
        checker.NO_REFUSAL,
    ),
    "a consent that is cut": (
        "consent.yml",
        "store why_en",
        "If you say no, " + "a" * 600,
        "consent.store.en",
        rules.TOO_LONG,
    ),
    "a changed consent": ("consent.yml", "store en", "May we?", "consent.store", checker.CHANGED),
    "a changed offer": (
        "says/danger.yml",
        "callback_offer km",
        KM,
        "says.callback_offer",
        checker.CHANGED,
    ),
    "a new version that nobody wrote down": (
        "consent.yml",
        "store version",
        99,
        "consent.store",
        checker.NOT_WRITTEN_DOWN,
    ),
    "an old version again": (
        "versions.yml",
        "consent.store",
        {7: "0" * 64},
        "consent.store",
        checker.NOT_NEWEST,
    ),
    "a long command": (
        "commands.yml",
        "menu en",
        "a" * 257,
        "commands.menu.en",
        rules.TOO_LONG,
    ),
    "a long name": ("profile.yml", "name en", "S" * 65, "profile.name.en", rules.TOO_LONG),
    "a long line": (
        "profile.yml",
        "short_description en",
        "S" * 121,
        "profile.short_description.en",
        rules.TOO_LONG,
    ),
    "a long description": (
        "profile.yml",
        "description en",
        "S" * 513,
        "profile.description.en",
        rules.TOO_LONG,
    ),
    "no name": ("profile.yml", "name", GONE, "profile", checker.NO_WORDS),
    "a name that tells": (
        "profile.yml",
        "name en",
        "Migrant rights",
        "profile.name.en",
        checker.TELLS,
    ),
    "a notice that tells": (
        "says/aftercare.yml",
        "letter_waiting km",
        "អ្នកប្រឹក្សាបានសរសេរមក",
        "says.letter_waiting.km",
        checker.TELLS,
    ),
    "a last word that tells": (
        "says/danger.yml",
        "hide_last en",
        "Your complaint is hidden",
        "says.hide_last.en",
        checker.TELLS,
    ),
    "a word of an office": (
        "commands.yml",
        "menu en",
        "All entitlements",
        "commands.menu.en",
        rules.JARGON,
    ),
    "an invisible letter": (
        "profile.yml",
        "name km",
        "សំ\u200bឡេង",
        "profile.name.km",
        rules.INVISIBLE,
    ),
    "letters out of order": (
        "consent.yml",
        "store km",
        "ប្ដឹង",
        "consent.store.km",
        rules.NOT_IN_ORDER,
    ),
}


def test_our_own_words_have_nothing_wrong() -> None:
    assert [str(one) for one in check(FOLDER, TODAY)] == []


def test_time_alone_makes_no_words_wrong() -> None:
    assert [str(one) for one in check(FOLDER, YEARS_LATER)] == []


@pytest.mark.parametrize("what", SPOILT)
def test_the_checker_sees(what: str, folder: Path) -> None:
    file, path, value, place, rule = SPOILT[what]
    spoil(folder, file, path, value)
    assert (place, rule) in seen(folder)


def test_a_fact_that_no_answer_serves_is_missed(folder: Path) -> None:
    for file in (folder / "faq").iterdir():
        file.write_text(file.read_text(encoding="utf-8").replace("F14", "F15"), encoding="utf-8")
    assert [one for one in check(folder, TODAY) if one.rule == checker.FACT_UNUSED] == [
        rules.Complaint("faq", checker.FACT_UNUSED, "F14")
    ]


def test_every_rule_of_the_checker_is_broken_by_some_test() -> None:
    own = {
        value
        for name, value in vars(checker).items()
        if name.isupper() and isinstance(value, str) and value.endswith(".")
    }
    elsewhere = {checker.FACT_UNUSED, checker.UNREADABLE}
    assert own <= {rule for *_, rule in SPOILT.values()} | elsewhere | rules.RULES


@pytest.mark.parametrize(
    ("file", "path", "value", "said"),
    [
        ("says/welcome.yml", "menu km", GONE, "menu.km: Field required"),
        ("buttons.yml", "menu en", GONE, "menu.en: Field required"),
        ("safety.yml", "words child en", GONE, "words.child.en: Field required"),
        ("consent.yml", "store why_km", GONE, "store.why_km: Field required"),
        ("commands.yml", "menu km", GONE, "menu.km: Field required"),
        ("profile.yml", "name en", "", "name.en"),
        (WAGE, "minimum_wage 0 en", GONE, "minimum_wage.0.en: Field required"),
        (WAGE, "minimum_wage 0 source", GONE, "minimum_wage.0.source: Field required"),
        (WAGE, "minimum_wage 0 as_of", GONE, "minimum_wage.0.as_of: Field required"),
        (WAGE, "minimum_wage 0 review_by", GONE, "minimum_wage.0.review_by: Field required"),
        ("contacts.yml", "th_191 mark", "U", "th_191.mark"),
        ("contacts.yml", "th_191 compared", GONE, "th_191.compared: Field required"),
        ("buttons.yml", "menu payload", "rob:bank=yes", "menu"),
        ("buttons.yml", "menu en", "M" * 21, "menu"),
        ("says/welcome.yml", "menu buttons", ["bank"], "menu names bank"),
        ("says/complaint.yml", "cancelled en", "no days", "cancelled"),
    ],
)
def test_what_is_not_there_is_named_with_its_place(
    folder: Path, file: str, path: str, value: Any, said: str
) -> None:
    spoil(folder, file, path, value)
    (found,) = check(folder, TODAY)
    assert found.rule == checker.UNREADABLE
    assert said in found.found


@pytest.mark.parametrize("language", Language)
def test_every_telltale_word_is_seen_in_a_notice(language: Language, folder: Path) -> None:
    told = " ".join(TELLTALE[language])
    spoil(folder, "says/aftercare.yml", f"letter_waiting {language}", told)
    found = {one.found for one in check(folder, TODAY) if one.rule == checker.TELLS}
    assert found == set(TELLTALE[language])

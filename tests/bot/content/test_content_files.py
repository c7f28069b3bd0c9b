"""What must hold for every word a migrant reads, whoever edits the files."""

import re
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from typing import Any

import pytest
import yaml
from khmernormalizer import normalize

from referrals.geography import PROVINCES, UNSAID
from referrals.taxonomy import (
    Category,
    Complainant,
    ConsentCode,
    Country,
    PartnerType,
    Phase,
    Topic,
)

CHECKED = {
    # id: (mark in the fact list, number). V: confirmed; v: one source or an old one.
    "kh_police_117": ("V", "117"),
    "kh_molvt_1297": ("V", "1297"),
    "th_191": ("V", "191"),
    "th_1669": ("V", "1669"),
    "th_199": ("V", "199"),
    "th_1300": ("V", "1300"),
    "th_1694": ("V", "1694"),
    "th_1546": ("V", "1546"),
    "th_1155": ("V", "1155"),
    "my_999": ("V", "999"),
    "my_15999": ("V", "15999"),
    "my_kh_embassy": ("V", "+60 3 4257 1150"),
    "kh_1288": ("v", "1288"),
    "kh_1280": ("v", "1280"),
    "kh_central_2023": ("v", "093 556 631 / 070 556 695"),
    "kh_licadho": ("v", "023 727 102 / 012 803 482"),
    "kh_adhoc": ("v", "023 218 653"),
    "kh_chab_dai": ("v", "012 532 554"),
    "kh_iom": ("v", "023 216 532"),
    "kh_ambulance_119": ("v", "119"),
    "kh_fire_118": ("v", "118"),
    "kh_passport": ("v", "+855 69 923 838"),
    "kh_kpcham_antitip": ("v", "081 373 839 / 011 714 668"),
    "kh_childwise": ("v", "023 997 919"),
    "th_1191": ("v", "1191"),
    "th_1387": ("v", "1387"),
    "th_ffw": ("v", "+66 2 433 5149"),
    "th_central_2023": ("v", "+66 94 4412 215"),
    "th_lpn": ("v", "034 434 726 / 086 163 1390 / 084 121 1609"),
    "th_1111": ("v", "1111"),
    "my_mygcc": ("v", "03-8000 8000"),
    "my_wao": ("v", "+603 7956 3488"),
    "my_mtuc": ("v", "03-8024 2953"),
    "my_994": ("v", "994"),
}
NOT_VERIFIED = ("1506", "022452380", "0388889111", "010949914", "010961427", "029575851")
"""Digits that were found but not confirmed, or are historic: never to be shown."""

COUNTRIES = {"TH", "MY", "KH"}
BUTTON_UNITS = 20
LABEL_LENGTH = 17
BUBBLE = 600


def read(name: str) -> Any:
    return yaml.safe_load((files("bot.content") / name).read_text(encoding="utf-8"))


LABELS = read("labels.yml")
FAQ = read("faq.yml")
CONTACTS = read("contacts.yml")
SAFETY = read("safety.yml")
CONSENTS = read("consent.yml")
ENTRIES = [(topic, entry) for topic, entries in FAQ.items() for entry in entries]
OUR_FILES = ("labels.yml", "faq.yml", "contacts.yml", "safety.yml", "consent.yml")


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from texts(inner, f"{path}.{number}")
    elif isinstance(value, str):
        yield path, value


def digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def khmer(text: str) -> bool:
    return any("ក" <= sign <= "៿" for sign in text)


def numbers_shown(text: str) -> Iterator[str]:
    """Whatever a reader could take for a phone number: long ones, and short ones to be called."""
    for found in re.findall(r"\+?\d[\d -]{5,}\d", text):
        if not re.fullmatch(r"\d{4}-\d{4}|\d{4}-\d\d-\d\d", found):
            yield digits(found)
    # A decree has a number too: ប្រកាសលេខ 253.
    named = r"(?:(?<!ប្រកាស)(?<!បទបញ្ជាថៃ)លេខ|ហៅ|នគរបាល|[Cc]all|number|police):? (\d{3,5})\b"
    yield from re.findall(named, text)


ALLOWED = {
    digits(part)
    for contact in CONTACTS.values()
    for field in ("phone", "hours_km")
    for part in re.split(r" / |WhatsApp", contact.get(field, ""))
} - {""}


# --- Numbers -----------------------------------------------------------------------------------


def test_every_number_is_on_the_checked_list_with_its_mark() -> None:
    shown = {key: (one["mark"], one["phone"]) for key, one in CONTACTS.items()}
    assert shown == CHECKED


def test_confirmed_numbers_stand_before_the_others() -> None:
    marks = "".join(one["mark"] for one in CONTACTS.values())
    assert re.fullmatch("V+v*", marks)


@pytest.mark.parametrize("name", [*OUR_FILES, "says.yml", "buttons.yml", "commands.yml"])
def test_no_file_shows_a_number_that_is_not_in_the_contacts(name: str) -> None:
    wrong = [
        (path, number)
        for path, text in texts(read(name))
        if not path.endswith((".note", ".as_of", ".payload", ".phone", ".hours_km", ".hours_en"))
        for number in numbers_shown(text)
        if number not in ALLOWED
    ]
    assert wrong == []


@pytest.mark.parametrize("name", [*OUR_FILES, "says.yml", "buttons.yml", "commands.yml"])
def test_an_unverified_number_is_nowhere(name: str) -> None:
    found = [
        (path, number)
        for path, text in texts(read(name))
        for number in NOT_VERIFIED
        if re.search(rf"(?<!\d){number}(?!\d)", re.sub(r"(?<=\d)[ -](?=\d)", "", text))
    ]
    assert found == []


@pytest.mark.parametrize(
    "text", ["call 1506", "ហៅ 1506", "លេខ 1555", "012 345 678", "+66 2 999 9999", "police: 987"]
)
def test_a_number_that_could_be_called_is_seen(text: str) -> None:
    assert [number for number in numbers_shown(text) if number not in ALLOWED]


@pytest.mark.parametrize("text", ["ប្រកាសលេខ 253", "1,700 RM", "2013-2021", "7:30-21:00"])
def test_a_decree_an_amount_a_year_and_an_hour_are_no_phone_numbers(text: str) -> None:
    assert list(numbers_shown(text)) == []


# --- Labels ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        ("category", set(Category)),
        ("group", set(Phase)),
        ("country", set(Country)),
        ("province", {*PROVINCES, UNSAID}),
        ("complainant", set(Complainant)),
        ("partner", set(PartnerType)),
        ("status", {"lodged", "taken", "working", "waiting", "closed"}),
        ("consent", set(ConsentCode)),
        ("topic", set(Topic)),
        ("yes_no", {"yes", "no"}),
        ("identity", {"named", "anonymous"}),
    ],
)
def test_every_code_has_a_label_and_no_label_is_without_a_code(table: str, codes: set[str]) -> None:
    assert set(LABELS[table]) == {str(code) for code in codes}


@pytest.mark.parametrize("table", LABELS)
def test_a_label_fits_a_button(table: str) -> None:
    too_long = [
        (code, label[language])
        for code, label in LABELS[table].items()
        for language in ("km", "en")
        if len(label[language]) > LABEL_LENGTH
        or len(f"{label['icon']} {label[language]}".encode("utf-16-le")) // 2 > BUTTON_UNITS
    ]
    assert too_long == []


@pytest.mark.parametrize("table", LABELS)
@pytest.mark.parametrize("field", ["icon", "km", "en"])
def test_in_one_menu_no_two_labels_look_alike(table: str, field: str) -> None:
    shown = [label[field] for label in LABELS[table].values()]
    assert len(shown) == len(set(shown))


def test_a_long_name_comes_in_both_languages_or_not_at_all() -> None:
    for table in LABELS.values():
        for code, label in table.items():
            if "long_km" in label:
                assert "long_en" in label, code


# --- Answers -----------------------------------------------------------------------------------


def test_every_topic_has_an_answer() -> None:
    assert set(FAQ) == {str(topic) for topic in Topic}


@pytest.mark.parametrize(("topic", "entry"), ENTRIES)
def test_an_answer_names_fact_source_date_and_whom_to_ask(
    topic: str, entry: dict[str, Any]
) -> None:
    assert entry["facts"]
    assert all(re.fullmatch(r"F(0[1-9]|[1-3]\d|4[0-4])", fact) for fact in entry["facts"])
    assert entry["country"] in COUNTRIES | {"any"}
    assert entry["source"]["km"]
    assert entry["source"]["en"]
    assert entry["ask"] in CONTACTS
    assert set(entry["related"]) <= set(FAQ) - {topic}
    assert entry.get("category") in {None, *map(str, Category)}


@pytest.mark.parametrize(("topic", "entry"), ENTRIES)
def test_an_answer_is_reviewed_after_its_own_date(topic: str, entry: dict[str, Any]) -> None:
    said = entry["as_of"]
    first_day = date.fromisoformat(said + "-01-01"[len(said) - 4 :])
    assert isinstance(entry["review_by"], date)
    assert entry["review_by"] >= first_day


@pytest.mark.parametrize("topic", ["legal_route_now", "expired_permit"])
def test_what_changes_by_the_week_always_sends_people_to_ask(topic: str) -> None:
    assert all(entry["review_by"] <= date(2026, 3, 31) for entry in FAQ[topic])


@pytest.mark.parametrize("topic", FAQ)
def test_a_country_has_one_answer_to_a_question(topic: str) -> None:
    answered = [entry["country"] for entry in FAQ[topic]]
    assert len(answered) == len(set(answered))


@pytest.mark.parametrize(("topic", "entry"), ENTRIES)
@pytest.mark.parametrize("language", ["km", "en"])
def test_an_answer_fits_one_bubble(topic: str, entry: dict[str, Any], language: str) -> None:
    assert 40 <= len(entry[language]) <= BUBBLE


# --- Danger and consent ------------------------------------------------------------------------


@pytest.mark.parametrize("country", [*COUNTRIES, "other"])
def test_the_safety_card_of_a_country_has_confirmed_numbers_only(country: str) -> None:
    assert {CONTACTS[name]["mark"] for name in SAFETY[country]["contacts"]} == {"V"}


@pytest.mark.parametrize("key", SAFETY)
def test_a_safety_card_begins_with_the_police_of_its_own_country(key: str) -> None:
    country, _, kind = key.partition("_")
    names = SAFETY[key]["contacts"]
    assert names[0] in {"th_191", "my_999", "kh_police_117"}
    assert kind in {"", "child", "trafficking", "violence"}
    if country != "other":
        assert {CONTACTS[name]["country"] for name in names} == {country}


def test_every_consent_is_asked_with_why_and_what_a_no_means() -> None:
    assert set(CONSENTS) == {str(code) for code in ConsentCode}
    for code, words in CONSENTS.items():
        assert words["version"] >= 1
        assert "បើអ្នកថាទេ" in words["why_km"], code
        assert "If you say no" in words["why_en"], code


# --- Language ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OUR_FILES)
def test_khmer_is_khmer_and_english_is_english(name: str) -> None:
    for path, text in texts(read(name)):
        if re.search(r"(^|[._])km$", path):
            assert khmer(text), path
        if re.search(r"(^|[._])en$", path):
            assert not khmer(text), path


@pytest.mark.parametrize("name", OUR_FILES)
def test_both_languages_stand_side_by_side(name: str) -> None:
    keys = [path for path, _ in texts(read(name))]
    for path in keys:
        if re.search(r"(^|[._])km$", path):
            assert re.sub(r"km$", "en", path) in keys


@pytest.mark.parametrize("name", OUR_FILES)
def test_khmer_is_written_in_unicode_order(name: str) -> None:
    changed = [
        (path, line)
        for path, text in texts(read(name))
        if khmer(text)
        for line in text.splitlines()
        if normalize(line) != line.strip()
    ]
    assert changed == []

"""What the words of this bot say, beyond the rules that the checker holds for any words."""

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.content import content
from bot.content.check import CODES, FACTS
from bot.content.render import ANY_COUNTRY, answer_bubbles
from bot.content.shapes import BUBBLE_LIMIT, FaqEntry
from bot.message import Language
from referrals.taxonomy import Topic

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

FILES = sorted(
    path for path in Path(str(files("bot.content"))).rglob("*.yml") if path.parent.name != "danger"
)
ENTRIES = [(topic, entry) for topic, entries in content().faq.items() for entry in entries]


# --- Numbers -----------------------------------------------------------------------------------


def test_every_number_is_on_the_checked_list_with_its_mark() -> None:
    shown = {key: (one.mark, one.phone) for key, one in content().contacts.items()}
    assert shown == CHECKED


def test_the_one_whatsapp_number_is_that_of_the_list() -> None:
    found = {key: one.whatsapp for key, one in content().contacts.items() if one.whatsapp}
    assert found == {"my_15999": "+60 19 261 5999"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_an_unverified_number_is_nowhere(file: Path) -> None:
    together = re.sub(r"(?<=\d)[ -](?=\d)", "", file.read_text(encoding="utf-8"))
    assert not [n for n in NOT_VERIFIED if re.search(rf"(?<!\d){n}(?!\d)", together)]


def test_emergency_numbers_are_those_of_police_ambulance_and_fire() -> None:
    emergency = {name for name, one in content().contacts.items() if one.emergency}
    assert emergency == {"kh_police_117", "th_191", "th_1669", "th_199", "my_999"}


# --- Labels ------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", CODES)
def test_every_code_has_a_label_and_no_label_is_without_a_code(table: str) -> None:
    assert set(content().labels[table]) == {str(code) for code in CODES[table]}


# --- Answers -----------------------------------------------------------------------------------


def test_every_topic_has_an_answer() -> None:
    assert set(content().faq) == {str(topic) for topic in Topic}


@pytest.mark.parametrize(("topic", "entry"), ENTRIES)
def test_an_answer_names_fact_source_date_and_whom_to_ask(topic: str, entry: FaqEntry) -> None:
    assert set(entry.facts) <= FACTS
    for language in Language:
        last = answer_bubbles(entry, language, content(), entry.review_by)[-1]
        assert entry.source.text(language).rstrip("។.") in last
        assert entry.as_of[:4] in last
        assert content().contacts[entry.ask[0]].phone in last


@pytest.mark.parametrize(("topic", "entry"), ENTRIES)
@pytest.mark.parametrize("language", Language)
def test_an_answer_fits_one_bubble(topic: str, entry: FaqEntry, language: Language) -> None:
    for bubble in answer_bubbles(entry, language, content(), entry.review_by):
        assert 40 <= len(bubble) <= BUBBLE_LIMIT


@pytest.mark.parametrize("topic", ["legal_route_now", "expired_permit"])
def test_what_changes_by_the_week_always_sends_people_to_ask(topic: str) -> None:
    assert all(entry.review_by.isoformat() <= "2026-03-31" for entry in content().faq[topic])


# --- Danger ------------------------------------------------------------------------------------

FIRST = {
    "TH": {"th_191", "th_1669"},
    "MY": {"my_999"},
    "KH": {"kh_police_117", "kh_ambulance_119"},
    "other": {"kh_police_117"},
}
"""Police, or the ambulance, of each country."""


@pytest.mark.parametrize("country", FIRST)
def test_a_safety_card_begins_with_the_police_or_ambulance_of_its_own_country(country: str) -> None:
    for kind in content().safety.words:
        names = content().safety.contacts(country, kind)
        assert names[0] in FIRST[country]
        home = "KH" if country == "other" else country
        assert {content().contacts[name].country for name in names} == {home}


def test_numbers_for_danger_are_there_for_every_country() -> None:
    assert {*ANY_COUNTRY, "other"} == set(content().safety.numbers) == set(FIRST)


@pytest.mark.parametrize("kind", content().safety.words)
def test_a_safety_card_is_a_warm_line_and_two_to_four_actions(kind: str) -> None:
    for language in Language:
        first, *actions = content().safety.words[kind].text(language).splitlines()
        assert not first.startswith("•")
        assert 2 <= len(actions) <= 5
        assert all(action.startswith("• ") for action in actions)


# --- Reading what people write -----------------------------------------------------------------


@pytest.mark.parametrize("name", ["yes.yml", "controls.yml"])
def test_no_word_counts_for_two_orders(name: str) -> None:
    raw: dict[str, list[Any]] = yaml.safe_load((files("bot.content") / name).read_text("utf-8"))
    words = [word for listed in raw.values() for word in listed]
    assert len(words) == len(set(words))

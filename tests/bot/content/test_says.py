"""Rules every word must keep, whoever writes it."""

import re

import pytest
from khmernormalizer import normalize

from bot.actions.steps import CONSENTS
from bot.content import Content, content, placeholders
from bot.content.render import ANY_COUNTRY, LABELLED
from bot.content.shapes import BUBBLE_LIMIT, TITLE_LIMIT, utf16_length
from bot.message import Language
from referrals.geography import PROVINCES, UNSAID
from referrals.routing import Reason
from referrals.taxonomy import Category, Complainant, Country, Phase, Status, Topic

KHMER = re.compile(r"[\u1780-\u17ff]")


@pytest.fixture(name="words", scope="module")
def _words() -> Content:
    return content()


def khmer_words(words: Content) -> dict[str, str]:
    """Every Khmer text, by the place where it stands."""
    found: dict[str, str] = {}
    found |= {f"says {key}": say.km for key, say in words.says.items()}
    found |= {f"buttons {key}": button.km for key, button in words.buttons.items()}
    for table, labels in words.labels.items():
        for code, label in labels.items():
            found[f"labels {table}.{code}"] = label.km
            found[f"labels {table}.{code} long"] = label.long_km or ""
    for topic, entries in words.faq.items():
        for entry in entries:
            found[f"faq {topic} {entry.country}"] = entry.km
            found[f"faq {topic} {entry.country} source"] = entry.source.km
    for key, contact in words.contacts.items():
        found[f"contacts {key}"] = f"{contact.name_km} {contact.hours_km or ''}".strip()
    found |= {f"safety {key}": card.km for key, card in words.safety.items()}
    for key, consent in words.consents.items():
        found[f"consent {key}"] = f"{consent.km}\n{consent.why_km}"
    return found


def test_khmer_is_written_in_the_regular_order(words: Content) -> None:
    wrong = {
        place: (text, normalize(text).strip())
        for place, text in khmer_words(words).items()
        if normalize(text).strip() != text.strip()
    }
    assert not wrong


def test_khmer_words_are_khmer_and_english_words_are_not(words: Content) -> None:
    foreign = {"language_is_en", "ask_consent"}
    assert not [k for k, s in words.says.items() if not KHMER.search(s.km) and k not in foreign]
    both = {"language_choose", "language_is_km"}
    assert not [k for k, s in words.says.items() if KHMER.search(s.en) and k not in both]


def test_no_invisible_letter_hides_in_the_words(words: Content) -> None:
    invisible = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad\u17b4\u17b5]")
    joined = {place for place, text in khmer_words(words).items() if invisible.search(text)}
    assert not joined


def test_a_say_is_one_bubble(words: Content) -> None:
    long = {
        (key, language)
        for key, say in words.says.items()
        for language in Language
        if len(say.text(language)) > BUBBLE_LIMIT and key != "privacy"
    }
    assert not long


def test_every_title_is_shown_whole_by_every_channel(words: Content) -> None:
    titles = {
        f"{table}.{code}": label.title(language)
        for table, labels in words.labels.items()
        for code, label in labels.items()
        for language in Language
    }
    assert not {k: t for k, t in titles.items() if utf16_length(t) > TITLE_LIMIT}


def test_every_code_has_a_name(words: Content) -> None:
    wanted = {
        "category": set(Category),
        "group": set(Phase),
        "country": set(Country),
        "province": {*PROVINCES, UNSAID},
        "complainant": set(Complainant),
        "status": set(Status),
        "topic": set(Topic),
        "yes_no": {"yes", "no"},
    }
    missing = {table: codes - set(words.labels[table]) for table, codes in wanted.items()}
    assert not {table: codes for table, codes in missing.items() if codes}


def test_every_question_of_consent_has_its_words(words: Content) -> None:
    for code in CONSENTS:
        for language in Language:
            version, shown = words.consent_words(code, language)
            assert version >= 1
            assert "\n" in shown  # the question, then why


def test_every_reason_of_routing_can_be_said(words: Content) -> None:
    assert not {f"reason_{reason}" for reason in Reason} - set(words.says)


def test_every_placeholder_is_one_that_is_filled(words: Content) -> None:
    known = {*LABELLED, "code", "offices", "days", "contacts", "consent", "lodged", "opened"}
    known |= {"name", "story", "letter", "count", "office", "why", "contact", "source", "as_of"}
    assert not {n for say in words.says.values() for n in placeholders(say.km)} - known


def test_no_say_has_more_buttons_than_messenger_shows(words: Content) -> None:
    assert all(len(say.buttons) <= 13 for say in words.says.values())


def test_what_is_left_on_a_hidden_chat_gives_nothing_away(words: Content) -> None:
    last = words.says["hide_last"]
    assert not last.buttons
    telltale = ("ប្តឹង", "លាក់", "ជំនួយ", "កូដ", "complain", "hide", "help", "code", "samleng")
    assert not [w for w in telltale if w in f"{last.km} {last.en}".lower()]


def test_the_announcement_of_a_letter_names_nobody(words: Content) -> None:
    said = words.says["letter_waiting"]
    assert not [w for w in ("ប្រឹក្សា", "ប្តឹង", "counsel", "complain") if w in said.km + said.en]


def test_the_answer_on_privacy_names_the_channels_and_the_phone(words: Content) -> None:
    said = words.says["privacy"]
    assert all(w in said.en for w in ("Telegram", "Facebook", "phone"))
    assert all(w in said.km for w in ("តេឡេក្រាម", "ហ្វេសប៊ុក", "ទូរស័ព្ទ"))


def test_numbers_for_danger_are_there_for_every_country(words: Content) -> None:
    for country in ANY_COUNTRY:
        assert words.safety[country].contacts

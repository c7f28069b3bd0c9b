import dataclasses
import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content import BadContent, Content, content, load
from bot.content.render import (
    PrivateWordsMissing,
    fitted,
    render,
    said_date,
    split,
)
from bot.content.retell import retell
from bot.content.shapes import BUBBLE_LIMIT, TITLE_LIMIT, utf16_length
from bot.message import Language, Reply
from referrals.draft import SealedFile, Told

KM, EN = Language.KM, Language.EN
TODAY = date(2026, 11, 21)

FILES = {
    "says.yml": """
plain: {km: "សួស្តី", en: "Hello", buttons: [menu, to_english]}
named: {km: "អំពី {category}", en: "About {category}"}
secret: {km: "ឈ្មោះ {name}", en: "Name {name}", private: draft}
call: {km: "{contacts}", en: "{contacts}", contacts: {TH: [thai], KH: [khmer]}}
sent: {km: "{offices}", en: "{offices}"}
ask_consent: {km: "{consent}", en: "{consent}"}
receipt_office: {km: "• {office}៖ {why}", en: "• {office}: {why}"}
reason_near: {km: "ជិត", en: "near"}
faq_old: {km: "ចាស់ {contact}", en: "Old, ask today: {contact}"}
faq_ask: {km: "សួរ {contact}", en: "Ask: {contact}"}
faq_source: {km: "ពី {source} ({as_of})", en: "From {source} ({as_of})"}
told_voice: {km: "សំឡេង {count}", en: "voice: {count}"}
told_photo: {km: "រូប {count}", en: "photo: {count}"}
told_document: {km: "ឯកសារ {count}", en: "paper: {count}"}
told_nothing: {km: "គ្មាន", en: "nothing"}
""",
    "buttons.yml": """
menu: {icon: "🏠", km: "ម៉ឺនុយ", en: "Menu", payload: menu}
to_english: {icon: "🌐", km: "English", en: "English", payload: "language:language=en", only: km}
""",
    "labels.yml": """
category: {other: {icon: "❓", km: "ផ្សេង", en: "Other", long_en: "something else"}}
country:
  TH: {km: "ថៃ", en: "Thailand"}
  MY: {km: "ម៉ាឡេស៊ី", en: "Malaysia"}
  KH: {km: "ខ្មែរ", en: "Cambodia"}
yes_no: {yes: {km: "បាទ/ចាស", en: "Yes"}, no: {km: "ទេ", en: "No"}}
""",
    "faq.yml": """
minimum_wage:
- {country: TH, facts: [F14], km: "400 បាត។", en: "400 baht.",
   source: {km: "ប្រភព", en: "a source."}, as_of: "2025-07-01", review_by: 2026-12-31,
   ask: thai, related: [], category: other}
- {country: MY, facts: [F15], km: "RM1,700។", en: "RM1,700.", source: {km: "ប្រភព", en: "a source"},
   as_of: "2025-02", review_by: 2026-06-30, ask: khmer, related: [minimum_wage]}
""",
    "contacts.yml": """
thai: {phone: "191", name_km: "ប៉ូលិស", name_en: "Police", country: TH, mark: V}
khmer: {phone: "117", name_km: "ប៉ូលិសខ្មែរ", name_en: "Khmer police", country: KH, mark: v,
  hours_km: "24 ម៉ោង", hours_en: "24 hours"}
""",
    "safety.yml": """
TH: {km: "ហៅ", en: "Call", contacts: [thai]}
MY: {km: "ហៅ", en: "Call", contacts: [thai]}
KH: {km: "ហៅ", en: "Call", contacts: [khmer]}
TH_violence: {km: "គេវាយ", en: "Beaten", contacts: [khmer]}
""",
    "consent.yml": """
store: {version: 3, km: "ទុកបានទេ?", en: "May we keep it?", why_km: "ព្រោះ...", why_en: "Because..."}
""",
}


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture(name="words")
def _words(folder: Path) -> Content:
    return load(folder)


def say(words: Content, key: str, language: Language = EN, **values: str) -> list[Reply]:
    return render({"say": key, "with": values}, language, words, {}, TODAY)


def text(replies: list[Reply]) -> str:
    return "\n".join(reply.text for reply in replies)


def test_a_code_is_shown_by_its_name_in_the_language(words: Content) -> None:
    assert text(say(words, "named", EN, category="other")) == "About something else"
    assert text(say(words, "named", KM, category="other")) == "អំពី ផ្សេង"


def test_a_button_of_one_language_is_not_shown_in_the_other(words: Content) -> None:
    khmer, english = (say(words, "plain", language)[-1].buttons for language in (KM, EN))
    assert [b.payload for b in khmer] == ["menu", "language:language=en"]
    assert [(b.title, b.payload) for b in english] == [("🏠 Menu", "menu")]


def test_buttons_given_by_the_action_replace_the_says_own(words: Content) -> None:
    wanted = {"label": "category.other", "payload": "inform:category=other"}
    shown = render({"say": "plain", "buttons": [wanted]}, EN, words, {}, TODAY)[0].buttons
    assert [(b.title, b.payload) for b in shown] == [("❓ Other", "inform:category=other")]
    assert not render({"say": "plain", "buttons": []}, EN, words, {}, TODAY)[0].buttons


def test_private_words_go_in_as_they_are(words: Content) -> None:
    said = {"say": "secret", "with": {}}
    braces = render(said, EN, words, {"name": "{category} {0}"}, TODAY)
    assert text(braces) == "Name {category} {0}"
    with pytest.raises(PrivateWordsMissing):
        render(said, EN, words, {}, TODAY)


def test_private_words_are_not_put_into_other_says(words: Content) -> None:
    with pytest.raises(BadContent):
        render({"say": "named"}, EN, words, {"category": "a secret"}, TODAY)


def test_a_say_or_button_that_is_not_there_is_an_error(words: Content) -> None:
    with pytest.raises(BadContent):
        say(words, "nothing")
    with pytest.raises(BadContent):
        render({"say": "plain", "buttons": ["nothing"]}, EN, words, {}, TODAY)


def test_numbers_of_the_country_or_of_all(words: Content) -> None:
    assert text(say(words, "call", EN, country="TH")) == "☎️ 191 - Police"
    both = "☎️ 191 - Police\n☎️ 117 - Khmer police ⏰ 24 hours"
    assert text(say(words, "call", EN)) == text(say(words, "call", EN, country="JP")) == both


def test_an_answer_gives_its_words_then_whom_to_ask_then_source_and_date(words: Content) -> None:
    said = text(say(words, "faq", EN, topic="minimum_wage", country="TH"))
    order = ["400 baht.", "Ask: 191 - Police", "From a source (1 July 2025)"]
    assert [said.index(part) for part in order] == sorted(said.index(part) for part in order)


def test_an_answer_past_its_review_date_says_so_first(words: Content) -> None:
    said = text(say(words, "faq", EN, topic="minimum_wage", country="MY"))
    assert said.startswith("Old, ask today: 117 - Khmer police")
    assert "From a source (February 2025)" in said


def test_on_its_review_date_an_answer_is_not_old_yet(words: Content) -> None:
    values = {"topic": "minimum_wage", "country": "MY"}
    said = render({"say": "faq", "with": values}, EN, words, {}, date(2026, 6, 30))
    assert "Old" not in text(said)


def test_an_answer_for_an_unknown_country_gives_all_with_their_countries(words: Content) -> None:
    said = text(say(words, "faq", EN, topic="minimum_wage"))
    assert "Thailand\n400 baht." in said
    assert "Malaysia\nRM1,700." in said


def test_the_safety_card_has_the_numbers_of_the_country(words: Content) -> None:
    assert text(say(words, "safety_card", EN, country="TH")) == "Call\n☎️ 191 - Police"
    everywhere = text(say(words, "safety_card", EN))
    assert "Cambodia\n☎️ 117" in everywhere
    assert "Thailand\n☎️ 191" in everywhere


def test_a_kind_of_danger_with_its_own_number_shows_it_first(words: Content) -> None:
    said = text(say(words, "safety_card", EN, country="TH", kind="violence"))
    assert said.index("Beaten") < said.index("117") < said.index("191")


def test_offices_are_named_with_their_reasons(words: Content) -> None:
    offices = json.dumps([["មន្ទីរ", "Office", ["near"]]])
    assert text(say(words, "sent", EN, offices=offices)) == "• Office: near"
    assert text(say(words, "sent", KM, offices=offices)) == "• មន្ទីរ៖ ជិត"


def test_the_consent_shown_is_the_consent_recorded(words: Content) -> None:
    version, shown = words.consent_words("store", EN)
    assert (version, text(say(words, "ask_consent", EN, consent="store"))) == (3, shown)


@pytest.mark.parametrize(
    ("moment", "khmer", "english"),
    [
        ("2017", "ឆ្នាំ 2017", "2017"),
        ("2017-10", "ខែតុលា ឆ្នាំ 2017", "October 2017"),
        ("2025-12-07", "ថ្ងៃទី 7 ខែធ្នូ ឆ្នាំ 2025", "7 December 2025"),
    ],
)
def test_a_date_is_said_as_exactly_as_it_is_known(moment: str, khmer: str, english: str) -> None:
    assert (said_date(moment, KM), said_date(moment, EN)) == (khmer, english)


SENTENCES = st.lists(
    st.sampled_from(["ខ្ញុំធ្វើការ។", "No pay. ", "ញ" * 700, "a b ", "\n"]), max_size=200
)


@given(SENTENCES.map("".join) | st.text())
def test_no_word_is_lost_when_a_text_is_split(given_text: str) -> None:
    bubbles = split(given_text)
    assert all(len(bubble) <= BUBBLE_LIMIT for bubble in bubbles)
    assert "".join("".join(bubbles).split()) == "".join(given_text.split())


def test_a_long_text_is_split_at_the_end_of_a_sentence() -> None:
    sentence = "ថៅកែមិនបើកប្រាក់ខែឱ្យខ្ញុំទេ។ "
    bubbles = split(sentence * 50)
    assert len(bubbles) > 2
    assert all(bubble.endswith("។") for bubble in bubbles)


def test_the_buttons_of_a_split_text_stand_under_its_last_bubble(words: Content) -> None:
    long = "ក" * 599 + "។ "
    said = dataclasses.replace(
        words, says={"long": words.says["plain"].model_copy(update={"km": long * 3})}
    )
    replies = render({"say": "long"}, KM, said, {}, TODAY)
    assert [bool(reply.buttons) for reply in replies] == [False, False, True]


@given(st.text(alphabet="ខ្ញុំស្ត្រី🆘 a", max_size=60))
def test_a_title_fits_and_ends_between_two_clusters(title: str) -> None:
    assert utf16_length(fitted(title)) <= TITLE_LIMIT
    assert fitted(title) == title or fitted(title).endswith("…")


def test_what_was_told_is_read_back_in_words_and_counts(words: Content) -> None:
    def file(kind: str) -> Told:
        return Told(kind, None, file=SealedFile("f", b"", b"", 1, "audio/ogg"))  # type: ignore[arg-type]

    told = [Told("text", None, text="គេមិនបើកប្រាក់"), file("voice"), file("voice"), file("photo")]  # type: ignore[arg-type]
    assert retell(told, EN, words) == "គេមិនបើកប្រាក់, voice: 2, photo: 1"
    assert retell([], EN, words) == "nothing"
    long = retell([Told("text", None, text="ក" * 5000)], EN, words)  # type: ignore[arg-type]
    assert len(long) < BUBBLE_LIMIT
    assert long.endswith("…")


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        ("says.yml", "[menu, to_english]", "[menu, nothing]", "nothing"),
        ("says.yml", "អំពី {category}", "អំពី", "placeholders"),
        ("says.yml", 'en: "Hello"', 'en: ""', "plain.en"),
        ("says.yml", "{TH: [thai]", "{TH: [nobody]", "nobody"),
        ("buttons.yml", "payload: menu", "payload: told", "menu"),
        ("buttons.yml", 'en: "Menu"', 'en: "A menu that is too long"', "20 UTF-16"),
        ("contacts.yml", "mark: V", "mark: U", "mark"),
        ("faq.yml", "ask: thai", "ask: nobody", "nobody"),
        ("faq.yml", '"2025-02"', '"c. 2018"', "as_of"),
        ("faq.yml", "category: other", "category: wages", "wages"),
        ("labels.yml", "category:", "category: [", "YAML"),
        ("consent.yml", "version: 3, ", "", "version"),
        ("consent.yml", "why_en:", "because_en:", "why_en"),
    ],
)
def test_wrong_content_does_not_load_and_says_where(
    folder: Path, name: str, old: str, new: str, complaint: str
) -> None:
    file = folder / name
    assert old in file.read_text(encoding="utf-8")
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadContent, match=complaint) as refusal:
        load(folder)
    assert name in str(refusal.value)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "faq.yml").unlink()
    with pytest.raises(BadContent, match=r"faq\.yml is missing"):
        load(folder)


def test_every_answer_and_card_of_the_real_content_can_be_shown() -> None:
    known = content()
    for language in Language:
        for topic, entries in known.faq.items():
            for entry in entries:
                assert say(known, "faq", language, topic=topic, country=entry.country)
        for country in (*known.safety, ""):
            assert say(known, "safety_card", language, country=country)

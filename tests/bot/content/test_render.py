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
    "says/all.yml": """
plain: {km: "សួស្តី", en: "Hello", buttons: [menu, to_english]}
named: {km: "អំពី {category}", en: "About {category}"}
secret: {km: "ឈ្មោះ {name}", en: "Name {name}", private: draft}
call: {km: "{contacts}", en: "{contacts}", contacts: {TH: [thai], KH: [khmer]}}
sent: {km: "{offices}", en: "{offices}"}
ask_consent: {km: "{consent}", en: "{consent}"}
receipt_office: {km: "• {office}៖ {why}", en: "• {office}: {why}"}
reason_near: {km: "ជិត", en: "near"}
faq_old: {km: "ចាស់ {reviewed}", en: "Old since {reviewed}, ask today"}
faq_steps: {km: "ធ្វើ\\n{steps}", en: "Do\\n{steps}"}
faq_ask: {km: "សួរ\\n{contacts}", en: "Ask:\\n{contacts}"}
faq_nobody: {km: "ទៅមន្ទីរ", en: "Go to the office"}
number_old: {km: "(ចាស់)", en: "(not checked lately)"}
danger_elsewhere: {km: "គ្រួសារហៅ", en: "Your family can call:"}
contact_languages: {km: "🗣 {languages}", en: "🗣 {languages}"}
contact_cost: {km: "💵 {cost}", en: "💵 {cost}"}
contact_whatsapp: {km: "WhatsApp {phone}", en: "WhatsApp {phone}"}
two_ideas: {km: "មួយ\\n\\nពីរ", en: "one\\n\\ntwo", buttons: [menu]}
careless: {km: "ហៅ 1506", en: "Call 1506 or ១៥០៦"}
receipt: {km: "កូដ {code}", en: "Code {code}"}
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
    "faq/work.yml": """
minimum_wage:
- country: TH
  facts: [F14]
  km: {answer: "400 បាត។", steps: ["សួរ", "កត់ទុក"], simple: "400 បាត"}
  en: {answer: "400 baht.", steps: ["Ask", "Write it down"], simple: "400 baht, all"}
  source: {km: "ប្រភព", en: "a source."}
  as_of: "2025-07-01"
  review_by: 2026-12-31
  ask: [thai]
  related: []
  category: other
- country: MY
  facts: [F15]
  km: {answer: "RM1,700។", simple: "RM1,700"}
  en: {answer: "RM1,700.", simple: "1,700"}
  source: {km: "ប្រភព", en: "a source"}
  as_of: "2025-02"
  review_by: 2026-06-30
  ask: [khmer, hotline]
  related: [minimum_wage]
""",
    "evidence.yml": "other: [contract, photos]",
    "contacts.yml": """
thai: {phone: "191", name_km: "ប៉ូលិស", name_en: "Police", country: TH, mark: V,
  compared: 2026-11-20, emergency: true}
khmer: {phone: "117", name_km: "ប៉ូលិសខ្មែរ", name_en: "Khmer police", country: KH, mark: v,
  compared: 2026-11-20, hours_km: "24 ម៉ោង", hours_en: "24 hours"}
hotline: {phone: "15999 / 012 345 678", whatsapp: "+60 19 261 5999", name_km: "ជំនួយ",
  name_en: "Help line", languages_km: "ខ្មែរ", languages_en: "Khmer", cost_km: "មិនអស់លុយ",
  cost_en: "free", country: MY, mark: v, compared: 2026-11-20}
""",
    "safety.yml": """
words:
  general: {km: "ហៅ", en: "Call"}
  violence: {km: "គេវាយ", en: "Beaten"}
numbers:
  TH: {general: [thai], violence: [khmer, thai]}
  MY: {general: [thai]}
  KH: {general: [khmer]}
  other: {general: [khmer]}
""",
    "consent.yml": """
store: {version: 3, km: "ទុកបានទេ?", en: "May we keep it?", why_km: "ព្រោះ...", why_en: "Because..."}
""",
}


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
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
    both = "☎️ 191 - Police\n☎️ 117 - Khmer police\n⏰ 24 hours"
    assert text(say(words, "call", EN)) == text(say(words, "call", EN, country="JP")) == both


def test_an_answer_is_one_idea_a_bubble(words: Content) -> None:
    said = say(words, "faq", EN, topic="minimum_wage", country="TH")
    assert [reply.text for reply in said] == [
        "400 baht.",
        "Do\n1. Ask\n2. Write it down",
        "Ask:\n☎️ 191 - Police\nFrom a source (1 July 2025)",
    ]


def test_an_answer_past_its_review_date_says_so_first(words: Content) -> None:
    said = say(words, "faq", EN, topic="minimum_wage", country="MY")
    assert said[0].text == "Old since 30 June 2026, ask today"
    assert "From a source (February 2025)" in said[-1].text


def test_of_a_contact_only_what_is_known_is_said(words: Content) -> None:
    said = text(say(words, "faq", EN, topic="minimum_wage", country="MY"))
    assert "☎️ 117 - Khmer police\n⏰ 24 hours\n" in said
    line = "☎️ 15999 / 012 345 678 - Help line\n🗣 Khmer 💵 free WhatsApp +60 19 261 5999"
    assert line in said


def test_an_answer_said_more_simply_has_no_steps_but_keeps_whom_to_ask(words: Content) -> None:
    said = say(words, "faq", EN, topic="minimum_wage", country="TH", form="simple")
    assert [reply.text.split("\n")[0] for reply in said] == ["400 baht, all", "Ask:"]


def test_a_recorded_voice_comes_with_the_answer_when_it_is_wanted(words: Content) -> None:
    recorded = dataclasses.replace(words, recordings={"minimum_wage/TH/en": "r1"})
    values = {"topic": "minimum_wage", "country": "TH"}
    said = {"say": "faq", "with": {**values, "voice": "yes"}}
    assert [r.voice for r in render(said, EN, recorded, {}, TODAY)] == ["r1", None, None]
    assert not any(r.voice for r in render(said, KM, recorded, {}, TODAY))
    assert not any(r.voice for r in render({"say": "faq", "with": values}, EN, recorded, {}, TODAY))


def test_a_number_that_is_not_confirmed_is_not_shown(words: Content) -> None:
    hidden = dataclasses.replace(words, hidden=frozenset({"hotline"}))
    said = text(say(hidden, "faq", EN, topic="minimum_wage", country="MY"))
    assert "15999" not in said
    assert "☎️ 117" in said


def test_with_no_number_confirmed_the_answer_says_where_to_go(words: Content) -> None:
    hidden = dataclasses.replace(words, hidden=frozenset({"hotline", "khmer"}))
    said = say(hidden, "faq", EN, topic="minimum_wage", country="MY")
    assert said[-1].text.startswith("Go to the office\nFrom a source")


def test_an_emergency_number_stays_and_says_that_it_was_not_checked_lately(words: Content) -> None:
    unsure = dataclasses.replace(words, unsure=frozenset({"thai"}))
    said = text(say(unsure, "safety_card", EN, country="TH"))
    assert "☎️ 191 - Police (not checked lately)" in said


def test_an_empty_line_begins_a_new_bubble(words: Content) -> None:
    said = say(words, "two_ideas")
    assert [(reply.text, bool(reply.buttons)) for reply in said] == [("one", False), ("two", True)]


def test_empty_lines_of_hers_begin_none(words: Content) -> None:
    said = render({"say": "secret", "with": {}}, EN, words, {"name": "a\n\nb"}, TODAY)
    assert [reply.text for reply in said] == ["Name a\nb"]


def test_a_number_that_is_no_contact_is_taken_out_wherever_it_comes_from(words: Content) -> None:
    assert text(say(words, "careless", EN)) == "Call ☎️ … or ☎️ …"
    assert text(say(words, "sent", EN, offices='[["a", "Office 012 999 888", []]]')) == (
        "Office ☎️ …"
    )


def test_the_code_of_a_case_is_no_number_to_call(words: Content) -> None:
    assert text(say(words, "receipt", EN, code="482 913 057")) == "Code 482 913 057"


def test_on_its_review_date_an_answer_is_not_old_yet(words: Content) -> None:
    values = {"topic": "minimum_wage", "country": "MY"}
    said = render({"say": "faq", "with": values}, EN, words, {}, date(2026, 6, 30))
    assert "Old" not in text(said)


def test_an_answer_for_an_unknown_country_gives_all_with_their_countries(words: Content) -> None:
    said = text(say(words, "faq", EN, topic="minimum_wage"))
    assert "Thailand\n400 baht." in said
    assert "Malaysia\nOld since" in said


def test_the_safety_card_has_the_numbers_of_the_country(words: Content) -> None:
    said = [reply.text for reply in say(words, "safety_card", EN, country="TH")]
    assert said == ["Call", "☎️ 191 - Police"]
    everywhere = text(say(words, "safety_card", EN))
    assert "Cambodia\n☎️ 117" in everywhere
    assert "Thailand\n☎️ 191" in everywhere
    elsewhere = text(say(words, "safety_card", EN, country="other"))
    assert "Your family can call:\n☎️ 117" in elsewhere


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
        ("says/all.yml", "[menu, to_english]", "[menu, nothing]", "nothing"),
        ("says/all.yml", "អំពី {category}", "អំពី", "placeholders"),
        ("says/all.yml", 'en: "Hello"', 'en: ""', "plain.en"),
        ("says/all.yml", "{TH: [thai]", "{TH: [nobody]", "nobody"),
        ("buttons.yml", "payload: menu", "payload: told", "menu"),
        ("buttons.yml", 'en: "Menu"', 'en: "A menu that is too long"', "20 UTF-16"),
        ("contacts.yml", "mark: V", "mark: U", "mark"),
        ("faq/work.yml", "ask: [thai]", "ask: [nobody]", "nobody"),
        ("faq/work.yml", '"2025-02"', '"c. 2018"', "as_of"),
        ("faq/work.yml", "category: other", "category: wages", "wages"),
        ("faq/work.yml", 'simple: "400 baht', 'simpel: "400 baht', "simple"),
        ("contacts.yml", "mark: v,\n  compared: 2026-11-20, hours", "mark: v, hours", "compared"),
        ("safety.yml", "TH: {general: [thai], ", "TH: {", "general"),
        ("safety.yml", "violence: [khmer, thai]", "flood: [khmer]", "flood"),
        ("labels.yml", "category:", "category: [", "YAML"),
        ("evidence.yml", "photos", "gold", "other"),
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
    assert name.partition("/")[0] in str(refusal.value)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "safety.yml").unlink()
    with pytest.raises(BadContent, match=r"safety\.yml is missing"):
        load(folder)


@pytest.mark.parametrize("name", ["says/all.yml", "faq/work.yml"])
def test_what_stands_in_two_files_is_refused(folder: Path, name: str) -> None:
    again = (folder / name).with_name("other.yml")
    again.write_text((folder / name).read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(BadContent, match="stand in another file too"):
        load(folder)


def test_every_answer_and_card_of_the_real_content_can_be_shown() -> None:
    known = content()
    for language in Language:
        for topic, entries in known.faq.items():
            for entry in entries:
                assert say(known, "faq", language, topic=topic, country=entry.country)
        for country in (*known.safety.numbers, ""):
            for kind in known.safety.words:
                assert say(known, "safety_card", language, country=country, kind=kind)

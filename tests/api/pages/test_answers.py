"""Answers at the desk: what an editor saves is said, and nothing typed is lost on the way."""

import re
import time
from datetime import date

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlmodel import Session

from api.pages import editing
from api.pages.answers import months_later
from api.pages.sounds import sound_type
from bot import conversation
from bot.actions import questions
from bot.actions.protocol import Asked
from bot.content import content, living, rules
from bot.content.render import render
from bot.message import Language
from bot.when import local_date
from referrals import audit
from tests.api.pages.at_desk import (
    COUNTRY,
    PATH,
    TOPIC,
    acts,
    form,
    guard,
    now_says,
)
from tests.house import Town

OPUS = b"OggS\x00\x02" + bytes(22) + b"OpusHead" + bytes(400)
SOUND, FILM = (b"hdlr" + bytes(8) + kind + bytes(12) for kind in (b"soun", b"vide"))
MP3 = b"ID3\x03" + bytes(400)
ANDROID = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isommp42" + bytes(400) + SOUND
M4A = b"\x00\x00\x00\x20ftypM4A " + bytes(400)


pytestmark = pytest.mark.usefixtures("nothing_was_changed_before")


# ---- the list


def test_the_queue_counts_what_is_past_its_review(desk: TestClient, town: Town) -> None:
    today = town.clock().date()
    old = [e for group in content().faq.values() for e in group if e.is_old(today)]
    assert len(old) > 2
    page = desk.get("/answers").text
    assert f"ចម្លើយ {len(old)} ហួសថ្ងៃដែលត្រូវពិនិត្យឡើងវិញ" in page
    queue = page[page.index('id="queue"') : page.index('id="part-1"')]
    days = re.findall(r'<time datetime="([^"]+)"', queue)[: len(old)]
    assert days == sorted(days)
    assert days[0] == min(each.review_by for each in old).isoformat()


def test_every_answer_stands_in_its_part_of_the_journey_and_none_is_left_out(
    desk: TestClient,
) -> None:
    page = desk.get("/answers").text
    parts = page[page.index('id="part-1"') :]
    linked = re.findall(r'class="cover" href="/answers/(\w+)/(\w+)"', parts)
    everything = [(t, e.country) for t, group in content().faq.items() for e in group]
    assert sorted(linked) == sorted(everything)


def test_the_list_can_be_of_one_country(desk: TestClient) -> None:
    linked = re.findall(
        r'class="cover" href="/answers/\w+/(\w+)"', desk.get("/answers?country=MY").text
    )
    assert set(linked) == {"MY"}


# ---- one answer


def test_what_an_editor_saves_is_what_the_chat_says(desk: TestClient, town: Town) -> None:
    words = "សូមផ្ញើតាមធនាគារ។\r\nកុំផ្ញើតាមមនុស្សមិនស្គាល់។"
    saved = desk.post(PATH, data=form(town, desk, km_answer=words, note="ច្បាស់ជាង"))
    assert saved.headers["location"] == f"{PATH}?done=saved"
    assert now_says(town).km.answer == words.replace("\r\n", "\n")
    page = desk.get(saved.headers["location"]).text
    assert "ច្បាស់ជាង" in page
    assert f'data-saved="{PATH}"' in page
    assert acts(town, audit.Act.EDITED) == [(town.people["editor"].member_id, f"{TOPIC}/{COUNTRY}")]


def test_what_is_not_in_the_form_stays(desk: TestClient, town: Town) -> None:
    before = now_says(town)
    desk.post(PATH, data=form(town, desk, as_of="2026-11", review_by="2027-11-30"))
    after = now_says(town)
    assert (after.as_of, after.review_by) == ("2026-11", date(2027, 11, 30))
    assert after.model_copy(update={"as_of": before.as_of, "review_by": before.review_by}) == before


def test_saving_what_stands_already_makes_no_version(desk: TestClient, town: Town) -> None:
    assert desk.post(PATH, data=form(town, desk)).headers["location"] == f"{PATH}?done=same"
    with town.site.store.reading() as session:
        assert living.history(session, TOPIC, COUNTRY) == []


@pytest.mark.parametrize(
    ("field", "typed", "rule"),
    [
        ("km_answer", "ហៅ 012 345 678 ឥឡូវនេះ។", rules.NUMBER),
        ("en_answer", "Call 1300.", rules.NUMBER),
        ("en_steps", "One\nTwo", rules.STEPS_DIFFER),
        ("km_simple", "ក" * 200, rules.TOO_LONG),
        ("en_simple", "", rules.MISSING),
        ("as_of", "2027-01", rules.FUTURE),
        ("as_of", "2026-13", rules.NO_DATE),
        ("as_of", "yesterday", rules.NO_DATE),
        ("review_by", "2036-01-01", rules.REVIEW_TOO_LATE),
        ("review_by", "", rules.NO_DATE),
        ("ask_1", "", editing.NOBODY),
        ("ask_1", "nobody_here", rules.UNKNOWN),
    ],
)
def test_what_cannot_be_said_is_not_saved_and_stays_in_the_form(
    desk: TestClient, town: Town, field: str, typed: str, rule: str
) -> None:
    desk.post("/language", data={"language": "en", "back": "/answers"})
    given = form(town, desk, **{"ask_2": "", "ask_3": "", "note": "kept too", field: typed})
    answer = desk.post(PATH, data=given)
    assert answer.status_code == 422
    assert now_says(town) in content().faq[TOPIC]
    beside = answer.text[: answer.text.index(f'name="{field}"')].rpartition("<label")[2]
    assert rule in beside or rule in answer.text[answer.text.index('id="ask_1-wrong"') :]
    shown = answer.text[answer.text.index(f'name="{field}"') :][:2000]
    assert typed.split("\n")[0] in shown or field.startswith("ask")
    assert "kept too" in answer.text


def test_letters_that_nobody_sees_are_put_in_order_and_not_complained_about(
    desk: TestClient, town: Town
) -> None:
    typed = "សូមផ្ញើ\u200bតាម\u200bធនាគារ។ \u1780\u17b6\u17c6"
    assert desk.post(PATH, data=form(town, desk, km_simple=typed)).status_code == 303
    assert "\u200b" not in now_says(town).km.simple


def test_the_preview_shows_what_the_chat_would_send_and_saves_nothing(
    desk: TestClient, town: Town
) -> None:
    words = "ពាក្យថ្មី <b>សម្រាប់</b> មើល។"
    page = desk.post(f"{PATH}/preview", data=form(town, desk, km_answer=words, note="ទុក"))
    assert page.status_code == 200
    assert page.text.count("ពាក្យថ្មី &lt;b&gt;សម្រាប់&lt;/b&gt; មើល។") >= 2
    assert page.text.count('class="chat-preview"') == 4
    assert now_says(town).km.answer != words
    assert 'value="ទុក"' in page.text
    assert "data-typed" in page.text
    with town.site.store.reading() as session:
        known = living.current(session, town.clock())
        now = town.clock()
        chats = editing.preview(session, TOPIC, now_says(town), known, now, editing.Words("en"))
    assert [chat.language.code for chat in chats] == ["km", "en"]
    said = chats[1].bubbles
    assert said[0].text.startswith("⚠️")  # its review is past
    assert content().buttons["simpler"].title(Language.EN) in said[-1].buttons
    assert content().buttons["simpler"].title(Language.EN) not in chats[1].simple[-1].buttons


def test_the_preview_shows_what_may_not_be_saved_with_its_complaints(
    desk: TestClient, town: Town
) -> None:
    page = desk.post(f"{PATH}/preview", data=form(town, desk, en_answer="Call 012 345 678."))
    assert '<span class="flag">☎️</span> …' in page.text  # the chat takes the number out
    assert "លេខត្រូវមកពីបញ្ជី" in page.text
    broken = desk.post(f"{PATH}/preview", data=form(town, desk, ask_1="nobody_here"))
    assert 'class="chat-preview"' not in broken.text


def test_the_preview_is_what_the_bot_sends(town: Town) -> None:
    with town.site.store.reading() as session:
        conversation.begin(session, "c", town.clock())
        known = living.current(session, town.clock())
        for topic, group in known.faq.items():
            for entry in group:
                shown = editing.preview(
                    session, topic, entry, known, town.clock(), editing.Words("en")
                )
                for chat in shown:
                    language = Language(chat.language.code)
                    for simple, bubbles in ((False, chat.bubbles), (True, chat.simple)):
                        sent = turn(town, session, topic, entry.country, language, simple=simple)
                        assert [(each.text, each.buttons) for each in bubbles] == sent


def turn(
    town: Town, session: Session, topic: str, country: str, language: Language, *, simple: bool
) -> list[tuple[str, tuple[str, ...]]]:
    asked = Asked(
        "", "c", "", language, {}, None, {"topic": topic, "country": country}, (), None, None,
        town.clock(),
    )  # fmt: skip
    act = questions.simpler if simple else questions.faq
    known = living.current(session, town.clock())
    replies = [
        reply
        for say in act(session, town.site, asked).says
        for reply in render(say.as_json(), language, known, {}, local_date(town.clock()))
    ]
    return [(each.text, tuple(button.title for button in each.buttons)) for each in replies]


def test_an_endless_text_is_refused_at_once(desk: TestClient, town: Town) -> None:
    began = time.monotonic()
    for path in (PATH, f"{PATH}/preview"):
        answer = desk.post(path, data=form(town, desk, en_answer="call 1955 " * 20_000))
        assert "199999 &gt; 330" in answer.text
        assert "call 1955 call 1955" in answer.text
    assert time.monotonic() - began < 10


def test_two_editors_at_once_lose_nothing(desk: TestClient, town: Town) -> None:
    early = form(town, desk, en_simple="Mine.")
    desk.post(PATH, data=form(town, desk, en_simple="Theirs."))
    answer = desk.post(PATH, data=early)
    assert answer.status_code == 409
    assert now_says(town).en.simple == "Theirs."
    assert "Mine." in answer.text
    assert "Theirs." in answer.text
    over = re.search(r'name="over" value="(\d+)"', answer.text)
    assert over
    assert desk.post(PATH, data={**early, "over": over[1]}).status_code == 303
    assert now_says(town).en.simple == "Mine."


def test_the_history_is_kept_and_brought_back(desk: TestClient, town: Town) -> None:
    for words in ("First.", "Second."):
        desk.post(PATH, data=form(town, desk, en_simple=words))
    with town.site.store.reading() as session:
        versions = [each.id for each in living.history(session, TOPIC, COUNTRY)]
    page = desk.get(PATH).text
    assert "First." in page
    given = {"csrf": guard(desk), "over": str(versions[0]), "version": str(versions[1])}
    assert desk.post(f"{PATH}/back", data=given).status_code == 303
    assert now_says(town).en.simple == "First."
    with town.site.store.reading() as session:
        over = living.version_of(session, TOPIC, COUNTRY)
    desk.post(f"{PATH}/back", data={**given, "over": str(over), "version": "0"})
    assert now_says(town) in content().faq[TOPIC]
    with town.site.store.reading() as session:
        assert len(living.history(session, TOPIC, COUNTRY)) == 4


def test_a_button_over_an_older_version_shows_what_holds_now(desk: TestClient, town: Town) -> None:
    desk.post(PATH, data=form(town, desk, en_simple="Newer."))
    for act, given in (("back", {"version": "0"}), ("review", {"months": "6"})):
        late = {"csrf": guard(desk), "over": "0", **given}
        answer = desk.post(f"{PATH}/{act}", data=late)
        assert answer.status_code == 409
        assert now_says(town).en.simple == "Newer."
    gone = {"csrf": guard(desk), "over": "0", "version": "999"}
    assert desk.post(f"{PATH}/back", data=gone).status_code == 404


def test_looked_at_again_moves_the_review_and_nothing_else(desk: TestClient, town: Town) -> None:
    before = now_says(town)
    given = {"csrf": guard(desk), "over": "0", "months": "6", "note": "សួរធនាគារហើយ"}
    assert desk.post(f"{PATH}/review", data={**given, "months": "60"}).status_code == 422
    assert desk.post(f"{PATH}/review", data=given).status_code == 303
    after = now_says(town)
    assert after.review_by == date(2027, 5, 21)
    assert after.model_copy(update={"review_by": before.review_by}) == before


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2026, 12, 1), 12, date(2027, 12, 1)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
    ],
)
def test_some_months_later_is_a_day_of_the_calendar(day: date, months: int, later: date) -> None:
    assert months_later(day, months) == later


def test_there_is_no_page_for_an_answer_that_is_not_there(desk: TestClient, town: Town) -> None:
    assert desk.get(f"/answers/{TOPIC}/TH").status_code == 404
    assert desk.get("/answers/no_topic/any").status_code == 404
    given = form(town, desk, en_simple="New.")
    assert desk.post("/answers/no_topic/any", data=given).status_code == 404


# ---- recordings


def puts(desk: TestClient, sound: bytes, language: str = "km", *, over: str = "") -> Response:
    read = re.search(r'name="over" value="(\d+)"', desk.get(PATH).text)
    assert read
    return desk.post(
        f"{PATH}/recordings/{language}",
        data={"csrf": guard(desk), "over": over or read[1]},
        files={"sound": ("voice.ogg", sound, "application/octet-stream")},
    )


@pytest.mark.parametrize(
    ("sound", "kind"),
    [
        (OPUS, "audio/ogg"),
        (MP3, "audio/mpeg"),
        (M4A, "audio/mp4"),
        (ANDROID, "audio/mp4"),
        (ANDROID + FILM, ""),
        (ANDROID[:40], ""),
        (OPUS.replace(b"OpusHead", b"\x01vorbis "), ""),
        (b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(300), ""),
        (b"<html>", ""),
        (b"", ""),
    ],
)
def test_what_is_a_sound_the_bytes_say(sound: bytes, kind: str) -> None:
    assert sound_type(sound) == kind


def test_a_recording_is_sent_until_its_words_change(desk: TestClient, town: Town) -> None:
    def sent() -> list[str]:
        with town.site.store.reading() as session:
            return sorted(living.current(session, town.clock()).recordings)

    assert puts(desk, OPUS).status_code == 303
    assert sent() == [f"{TOPIC}/{COUNTRY}/km"]
    desk.post(PATH, data=form(town, desk, review_by="2027-11-30"))
    desk.post(PATH, data=form(town, desk, en_answer="Send by bank."))
    assert sent() == [f"{TOPIC}/{COUNTRY}/km"], "the Khmer words are the same"
    desk.post(PATH, data=form(town, desk, km_answer="ផ្ញើតាមធនាគារ។"))
    assert sent() == []
    assert "សំឡេងថត ដែលនិយាយខុសពីពាក្យ" in desk.get("/answers").text
    puts(desk, OPUS)
    assert len(sent()) == 1
    desk.post(f"{PATH}/recordings/km/remove", data={"csrf": guard(desk)})
    assert sent() == []
    editor = town.people["editor"].member_id
    assert acts(town, audit.Act.RECORDED) == [(editor, f"{TOPIC}/{COUNTRY}")] * 3


def test_words_that_changed_while_they_were_read_have_no_recording(
    desk: TestClient, town: Town
) -> None:
    desk.post(PATH, data=form(town, desk, km_answer="ផ្ញើតាមធនាគារ។"))
    assert puts(desk, OPUS, over="0").status_code == 409
    with town.site.store.reading() as session:
        assert living.current(session, town.clock()).recordings == {}


def test_the_preview_has_the_voice_that_would_be_sent(desk: TestClient, town: Town) -> None:
    old = form(town, desk)
    puts(desk, OPUS)
    desk.post(PATH, data=form(town, desk, km_answer="ផ្ញើតាមធនាគារ។"))

    def heard(given: dict[str, str]) -> int:
        page = desk.post(f"{PATH}/preview", data=given).text
        return page[page.index('id="preview"') : page.index('id="words"')].count("<audio")

    assert heard(form(town, desk)) == 0
    assert heard({**old, "km_simple": "ធនាគារ។"}) == 1, "the words that were read stand again"


def test_a_recording_of_two_minutes_comes_in(desk: TestClient) -> None:
    assert puts(desk, OPUS + bytes(living.RECORDING_LIMIT - len(OPUS))).status_code == 303


def test_what_is_no_sound_or_too_long_is_refused_kindly(desk: TestClient) -> None:
    for sound in (b"<html>" * 50, b"", OPUS + bytes(living.RECORDING_LIMIT)):
        answer = puts(desk, sound)
        assert answer.status_code == 422
        assert "ប្រើសំឡេងថតនេះមិនបានទេ" in answer.text
    assert puts(desk, OPUS, "xx").status_code == 422


def test_each_language_has_a_place_for_its_recording(desk: TestClient) -> None:
    page = desk.get(PATH).text
    assert all(f"/recordings/{language}" in page for language in Language)

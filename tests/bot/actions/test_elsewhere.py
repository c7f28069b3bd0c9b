"""Everything beside the complaint form."""

import json
from datetime import date

import pytest

from bot import conversation, news
from bot.actions import ACTIONS, Answer
from bot.actions.steps import STEPS
from bot.content import content
from bot.content.render import render
from bot.message import Language
from referrals import case, consent, notice
from referrals.lodging import LODGINGS
from referrals.taxonomy import ConsentCode, Status
from tests.bot.actions.talk import HER, Talk, keys, payloads

# ---- welcome


def test_every_action_can_be_said_in_both_languages(talk: Talk) -> None:
    private = {"story": "រឿង", "name": "ឈ្មោះ", "letter": "សារ"}
    talk("action_open_complaint", "complaint", {"category": "dismissal"})
    filled = {
        "action_ask_complaint_form_lodge": {
            "complainant": "self",
            "country": "TH",
            "province": "KH-1",
            "contact_me": "no",
            "share_mrc": "yes",
        }
    }
    for name in ACTIONS:
        talk.slots |= filled.get(name, {})
        for said in talk(name, "complaint").says:
            for language in Language:
                assert render(said.as_json(), language, content(), private, date(2026, 11, 21))


def test_the_language_is_the_one_the_button_names_however_often_it_comes(talk: Talk) -> None:
    for _ in range(2):
        answer = talk("action_language", "language", {"language": "en"}, update="same")
        assert keys(answer) == ["language_is_en", "menu"]
    assert talk.query(conversation.state, HER).language is Language.EN


def test_a_typed_wish_for_another_language_is_asked_which(talk: Talk) -> None:
    assert keys(talk("action_language", "language")) == ["language_choose"]


def test_the_menu_offers_to_go_on_while_a_draft_waits(talk: Talk) -> None:
    assert keys(talk("action_menu", "menu")) == ["menu"]
    talk("action_open_complaint", "complaint")
    assert keys(talk("action_menu", "menu")) == ["menu_paused"]
    assert "resume" in content().says["menu_paused"].buttons


# ---- questions


def test_a_question_that_depends_on_the_country_asks_for_it(talk: Talk) -> None:
    answer = talk("action_faq", "faq", {"topic": "minimum_wage"})
    assert keys(answer) == ["faq_country"]
    assert set(payloads(answer)) == {
        "faq:topic=minimum_wage;country=TH",
        "faq:topic=minimum_wage;country=MY",
    }


def test_a_question_uses_the_country_that_is_known(talk: Talk) -> None:
    talk.slots["country"] = "MY"
    answer = talk("action_faq", "faq", {"topic": "minimum_wage"})
    assert [(s.key, s.values["country"]) for s in answer.says] == [("faq", "MY")]


def test_an_answer_on_a_wrong_leads_to_the_complaint(talk: Talk) -> None:
    answer = talk("action_faq", "faq", {"topic": "unpaid_wages_help", "country": "TH"})
    assert "complaint:category=unpaid_wages;country=TH" in payloads(answer)


def test_within_a_form_a_question_is_answered_without_buttons(talk: Talk) -> None:
    talk.ask_for("province")
    answer = talk("action_faq", "faq", {"topic": "minimum_wage"})
    assert set(keys(answer)) == {"faq"}
    assert all(said.buttons == () for said in answer.says)


def test_a_question_without_a_topic_lists_them_all_page_by_page(talk: Talk) -> None:
    seen: set[str] = set()
    entities: dict[str, str] = {}
    for _ in range(10):
        shown = payloads(talk("action_faq", "faq", entities))
        seen |= {p for p in shown if "topic" in p}
        turned = [p for p in shown if "page" in p]
        if not turned:
            break
        entities = {"page": turned[0].rpartition("=")[2]}
    assert len(seen) == len(content().faq)


# ---- danger and people


def test_danger_shows_the_card_of_the_country_before_anything_else(talk: Talk) -> None:
    talk("action_open_complaint", "complaint", {"country": "MY"})
    answer = talk("action_danger", "danger", {"danger": "violence"})
    assert keys(answer)[0] == "safety_card"
    assert answer.says[0].values == {"country": "MY", "kind": "violence"}
    assert "callback:danger=yes" in payloads(answer)
    assert "resume" in (answer.says[-1].buttons or ())


def test_a_person_is_offered_in_the_words_that_are_recorded(talk: Talk) -> None:
    assert keys(talk("action_human", "human")) == ["human", "callback_offer"]


@pytest.mark.usefixtures("offices")
def test_asking_for_a_call_twice_by_a_repeat_makes_one_case(talk: Talk) -> None:
    first = talk("action_callback", "callback", {"danger": "yes"}, update="same")
    assert keys(first) == ["callback_done"]
    assert talk("action_callback", "callback", {"danger": "yes"}, update="same") == first
    assert len(talk.query(case.for_conversation, HER)) == 1


@pytest.mark.usefixtures("offices")
def test_pressing_for_a_call_again_gives_the_same_case(talk: Talk) -> None:
    first = talk("action_callback", "callback")
    assert talk("action_callback", "callback", {"danger": "yes"}) == first
    assert len(talk.query(case.for_conversation, HER)) == 1


@pytest.mark.usefixtures("offices")
def test_a_call_after_enough_today_is_answered_with_numbers(talk: Talk) -> None:
    for _ in range(LODGINGS):
        talk("action_callback", "callback")
        with talk.site.store.writing() as session:
            for each in case.for_conversation(session, HER):
                case.by_code(session, each.code).status = Status.CLOSED
    talk("action_open_complaint", "complaint", {"country": "MY"})
    answer = talk("action_callback", "callback")
    assert keys(answer) == ["enough_today"]
    assert answer.says[0].values["country"] == "MY"
    assert len(talk.query(case.for_conversation, HER)) == LODGINGS


@pytest.mark.usefixtures("offices")
def test_a_call_records_the_offer_as_it_was_shown(talk: Talk) -> None:
    talk("action_callback", "callback")

    def recorded(session: object) -> list[consent.Consent]:
        found = case.for_conversation(session, HER)  # type: ignore[arg-type]
        return consent.history(session, found[0].id)  # type: ignore[arg-type]

    rows = talk.query(recorded)
    assert {row.code for row in rows} == {
        ConsentCode.STORE,
        ConsentCode.SHARE_MRC,
        ConsentCode.CONTACT_ME,
    }
    assert {row.words for row in rows} == {content().says["callback_offer"].km}


def test_when_nobody_can_receive_a_call_numbers_are_given(talk: Talk) -> None:
    assert keys(talk("action_callback", "callback")) == ["lodge_unable"]


@pytest.mark.parametrize("channel", ["telegram", "messenger", "web", "smoke"])
def test_hiding_ends_with_an_innocent_line_without_buttons(talk: Talk, channel: str) -> None:
    talk.channel = channel
    answer = talk("action_hide", "hide")
    assert keys(answer)[-1] == "hide_last"
    assert keys(answer)[0].startswith("hide_how_")


def test_who_hides_the_chat_gets_no_more_news_that_gives_it_away(talk: Talk) -> None:
    talk("action_news", "news", {"country": "TH"})
    assert talk.query(news.subscriptions, HER)
    talk("action_hide", "hide")
    assert not talk.query(news.subscriptions, HER)


# ---- after lodging


@pytest.mark.usefixtures("offices")
def test_her_case_is_told_in_her_words_with_its_office(talk: Talk) -> None:
    assert keys(talk("action_case_status", "case_status")) == ["no_case"]
    talk("action_callback", "callback")
    said = talk("action_case_status", "case_status").says[0]
    assert said.key == "case_unread"
    assert said.values["status"] == "lodged"
    assert json.loads(said.values["offices"])[0][1] == "MRC Prey Veng"
    assert said.values["lodged"] == "2026-11-21"
    assert "-" in said.values["code"]


@pytest.mark.usefixtures("offices")
def test_a_letter_is_announced_once_and_shown_by_the_turn(talk: Talk) -> None:
    talk("action_callback", "callback")
    assert keys(talk("action_letter", "letter")) == ["no_letter"]
    found = talk.query(case.for_conversation, HER)[0]
    with talk.site.store.writing() as session:
        letter = notice.post(session, talk.site, HER, found.id, "សួស្តី")
    assert keys(talk("action_case_status", "case_status")) == ["case_unread"]
    with talk.site.store.writing() as session:
        notice.mark_announced(session, letter)
    assert keys(talk("action_case_status", "case_status")) == ["case_unread", "letter_waiting"]
    shown = talk("action_letter", "letter")
    assert keys(shown) == ["letter"]
    assert not shown.says[0].values


def test_nothing_can_be_added_where_no_case_is(talk: Talk) -> None:
    answer = talk("action_case_add", "case_add")
    assert keys(answer) == ["no_case_to_add"]
    assert {"event": "followup", "name": "action_listen"} in answer.events


@pytest.mark.usefixtures("offices")
def test_an_addition_is_asked_once_kept_and_thanked_for(talk: Talk) -> None:
    talk("action_callback", "callback")
    assert keys(talk("action_case_add", "case_add")) == ["ask_addition"]
    talk.loop = "addition_form"
    assert not talk("action_ask_addition_form_addition", "case_add").says
    talk("validate_addition_form", "told", {"told": "addition"}, candidates={"addition": "told"})
    assert talk.slots["addition"] is None
    assert keys(talk("action_ask_addition_form_addition", "told")) == ["addition_kept"]
    talk("validate_addition_form", "done")
    assert talk.slots["addition"] == "done"
    assert keys(talk("action_take_addition", "done")) == ["addition_taken"]


# ---- fallback


def test_the_two_best_guesses_are_offered_as_buttons(talk: Talk) -> None:
    ranking = (("complaint.unpaid_wages", 0.3), ("faq.unpaid_wages_help", 0.2), ("human", 0.1))
    answer = talk("action_default_ask_affirmation", "nlu_fallback", ranking=ranking)
    assert payloads(answer) == ["complaint:category=unpaid_wages", "faq:topic=unpaid_wages_help"]
    assert answer.says[0].buttons is not None
    assert answer.says[0].buttons[-1] == "none_of_these"


def test_guesses_that_cannot_be_pressed_are_left_out(talk: Talk) -> None:
    ranking = (("inform", 0.3), ("faq_murder", 0.2), ("thank", 0.1))
    answer = talk("action_default_ask_affirmation", "nlu_fallback", ranking=ranking)
    assert keys(answer) == ["rephrase"]


def test_who_is_lost_sees_the_menu_of_pictures_and_the_second_time_a_person(talk: Talk) -> None:
    assert keys(talk("action_lost", "lost")) == ["rephrase"]
    assert keys(talk("action_lost", "lost", again=True)) == ["give_up"]


@pytest.mark.parametrize(
    ("kind", "key"),
    [("sticker", "unknown_sticker"), ("button", "unknown_button"), ("location", "unknown")],
)
def test_what_cannot_be_used_gets_a_word(talk: Talk, kind: str, key: str) -> None:
    assert keys(talk("action_unknown", "unknown", {"kind": kind})) == [key]


def test_a_voice_note_nobody_asked_for_is_said_to_be_kept(talk: Talk) -> None:
    assert keys(talk("action_unknown", "unknown", {"kind": "kept"})) == ["unknown_kept"]
    talk.ask_for("province")
    assert keys(talk("action_unknown", "unknown", {"kind": "kept"})) == ["unknown_kept_here"]


# ---- a new session


def events(answer: Answer) -> list[object]:
    return [(e["event"], e.get("name"), e.get("value")) for e in answer.events]


def test_a_form_survives_the_night(talk: Talk) -> None:
    talk("action_open_complaint", "complaint", {"category": "dismissal"})
    talk.ask_for("country")
    started = events(talk("action_session_start"))
    assert started[0] == ("session_started", None, None)
    assert ("slot", "category", "dismissal") in started
    assert ("active_loop", "complaint_form", None) in started
    assert ("slot", "requested_slot", "country") in started
    assert started[-1] == ("action", "action_listen", None)


def test_a_form_whose_draft_is_gone_does_not_come_back(talk: Talk) -> None:
    talk.ask_for("country", category="dismissal")
    started = events(talk("action_session_start"))
    assert started == [("session_started", None, None), ("action", "action_listen", None)]


def test_rasas_own_loops_do_not_survive_the_night(talk: Talk) -> None:
    talk("action_open_complaint", "complaint")
    talk.loop = "action_two_stage_fallback"
    assert "active_loop" not in [e[0] for e in events(talk("action_session_start"))]


def test_answers_of_a_draft_come_back_without_a_form(talk: Talk) -> None:
    talk("action_open_complaint", "complaint", {"category": "dismissal"})
    talk.slots = dict.fromkeys(STEPS)
    assert ("slot", "category", "dismissal") in events(talk("action_session_start"))

"""Everything beside the complaint form."""

import json
from datetime import date, timedelta

import pytest

from bot import conversation
from bot.actions import ACTIONS, Answer
from bot.content import content
from bot.content.render import render
from bot.message import Language
from referrals import notice
from tests.bot.actions.talk import (
    HER,
    OFFERED,
    Clock,
    Talk,
    all_payloads,
    keys,
    names,
    payloads,
)

PRIVATE = {"story": "រឿង", "name": "ឈ្មោះ", "letter": "សារ", "handover": "1", "link": "x"}


# ---- welcome


@pytest.mark.usefixtures("offices")
def test_every_action_can_be_said_in_both_languages(talk: Talk) -> None:
    talk.gets_to("lodge")
    for name in ACTIONS:
        for said in talk(name, "complaint").says:
            for language in Language:
                assert render(said.as_json(), language, content(), PRIVATE, date(2026, 11, 21))


def test_the_language_is_the_one_the_button_names_however_often_it_comes(talk: Talk) -> None:
    for _ in range(2):
        answer = talk("action_language", "language", {"language": "en"}, update="same")
        assert keys(answer) == ["language_is_en", "menu"]
    assert talk.query(conversation.state, HER).language is Language.EN


def test_a_typed_wish_for_another_language_is_asked_which(talk: Talk) -> None:
    assert keys(talk("action_language", "language")) == ["language_choose"]


def test_the_menu_offers_to_go_on_while_a_draft_waits(talk: Talk) -> None:
    assert keys(talk("action_menu", "menu")) == ["menu"]
    talk.opens()
    assert keys(talk("action_menu", "menu")) == ["menu_paused"]
    assert "resume" in content().says["menu_paused"].buttons


def test_a_code_is_entered_from_the_settings(talk: Talk) -> None:
    assert "claim" in all_payloads(talk("action_settings", "settings"))


# ---- questions


def test_a_question_that_depends_on_the_country_asks_for_it(talk: Talk) -> None:
    answer = talk("action_faq", "faq", {"topic": "minimum_wage"})
    assert keys(answer) == ["faq_country"]
    assert set(payloads(answer)) == {
        "faq:topic=minimum_wage;country=TH",
        "faq:topic=minimum_wage;country=MY",
    }


def test_a_question_uses_the_country_of_the_complaint(talk: Talk) -> None:
    talk.opens(country="MY")
    answer = talk("action_faq", "faq", {"topic": "minimum_wage"})
    assert [(s.key, s.values["country"]) for s in answer.says] == [("faq", "MY")]


def test_an_answer_on_a_wrong_leads_to_the_complaint(talk: Talk) -> None:
    answer = talk("action_faq", "faq", {"topic": "unpaid_wages_help", "country": "TH"})
    assert "complaint:category=unpaid_wages;country=TH" in payloads(answer)


def test_within_a_form_a_question_is_answered_without_buttons(talk: Talk) -> None:
    talk.gets_to("province")
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


# ---- after lodging


@pytest.mark.usefixtures("offices")
def test_her_case_is_told_in_her_words_with_its_office(talk: Talk) -> None:
    assert keys(talk("action_case_status", "case_status")) == ["no_case"]
    talk("action_callback", "callback", OFFERED)
    said = talk("action_case_status", "case_status").says[0]
    assert said.key == "case_unread"
    assert said.values["status"] == "lodged"
    assert json.loads(said.values["offices"])[0][1] == "MRC Prey Veng"
    assert said.values["lodged"] == "2026-11-21"
    assert "-" in said.values["code"]


def test_who_has_only_something_unfinished_is_led_back_to_it(talk: Talk) -> None:
    talk.opens()
    talk.loop = None
    answer = talk("action_case_status", "case_status")
    assert keys(answer) == ["no_case_draft"]
    assert "resume" in all_payloads(answer)


@pytest.mark.usefixtures("offices")
def test_a_letter_is_announced_once_and_shown_by_the_turn(talk: Talk) -> None:
    talk("action_callback", "callback", OFFERED)
    assert keys(talk("action_letter", "letter")) == ["no_letter"]
    with talk.site.store.writing() as session:
        letter = notice.post(session, talk.site, HER, talk.cases()[0].id, "សួស្តី")
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
    talk("action_callback", "callback", OFFERED)
    assert keys(talk("action_case_add", "case_add")) == ["ask_addition"]
    talk.loop = "addition_form"
    assert not talk("action_ask_addition_form_addition", "case_add").says
    talk("validate_addition_form", "told", {"told": "addition"})
    assert talk.slots["addition"] is None
    assert keys(talk("action_ask_addition_form_addition", "told")) == ["addition_kept"]
    talk("validate_addition_form", "done")
    assert talk.slots["addition"] == "done"
    assert keys(talk("action_take_addition", "done")) == ["addition_taken"]


@pytest.mark.usefixtures("offices")
def test_something_is_added_to_the_case_that_the_button_names(talk: Talk, clock: Clock) -> None:
    first = talk.lodges()
    clock.pass_(minutes=1)
    second = talk.lodges()

    def asked(**said: str) -> str:
        answer = talk("action_case_add", "case_add", said)
        return str(answer.says[0].values["code"]).replace("-", "")

    assert asked(case=first) == first
    assert asked(case=second) == second
    assert asked() == second


@pytest.mark.usefixtures("offices")
def test_nothing_is_added_to_another_case_than_the_one_named(talk: Talk, other: Talk) -> None:
    talk.lodges()
    assert keys(talk("action_case_add", "case_add", {"case": other.lodges()})) == ["no_case_to_add"]


# ---- fallback


def test_the_two_best_guesses_are_offered_as_buttons(talk: Talk) -> None:
    ranking = (("complaint.unpaid_wages", 0.3), ("faq.unpaid_wages_help", 0.2), ("human", 0.1))
    answer = talk("action_default_ask_affirmation", "nlu_fallback", ranking=ranking)
    assert payloads(answer) == ["complaint:category=unpaid_wages", "faq:topic=unpaid_wages_help"]
    assert names(answer)[-1] == "none_of_these"


def test_guesses_that_cannot_be_pressed_are_left_out(talk: Talk) -> None:
    ranking = (("inform", 0.3), ("faq_murder", 0.2), ("thank", 0.1))
    answer = talk("action_default_ask_affirmation", "nlu_fallback", ranking=ranking)
    assert keys(answer) == ["rephrase"]


def test_who_is_lost_sees_the_menu_of_pictures_and_the_second_time_a_person(talk: Talk) -> None:
    assert keys(talk("action_lost", "lost")) == ["rephrase"]
    assert keys(talk("action_lost", "lost", again=True)) == ["give_up"]


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("sticker", "unknown_sticker"),
        ("button", "unknown_button"),
        ("written", "unknown_written"),
        ("location", "unknown"),
    ],
)
def test_what_cannot_be_used_gets_a_word(talk: Talk, kind: str, key: str) -> None:
    assert keys(talk("action_unknown", "unknown", {"kind": kind})) == [key]


def test_a_voice_note_nobody_asked_for_is_said_to_be_kept(talk: Talk) -> None:
    assert keys(talk("action_unknown", "unknown", {"kind": "kept"})) == ["unknown_kept"]
    talk.ask_for("province")
    assert keys(talk("action_unknown", "unknown", {"kind": "kept"})) == ["unknown_kept_here"]


# ---- a new session


def events(answer: Answer) -> list[tuple[str, object, object]]:
    return [(e["event"], e.get("name"), e.get("value")) for e in answer.events]


def test_a_form_survives_the_night(talk: Talk, clock: Clock) -> None:
    talk.opens(category="dismissal")
    talk.slots["page"] = "2"
    clock.now += timedelta(hours=9)
    started = events(talk("action_session_start"))
    assert started[0] == ("session_started", None, None)
    assert ("slot", "page", "2") in started
    assert ("active_loop", "complaint_form", None) in started
    assert ("slot", "requested_slot", "country") in started
    assert started[-1] == ("action", "action_listen", None)


def test_a_form_whose_draft_is_gone_does_not_come_back(talk: Talk) -> None:
    talk.ask_for("country")
    started = events(talk("action_session_start"))
    assert started == [("session_started", None, None), ("action", "action_listen", None)]


def test_rasas_own_loops_do_not_survive_the_night(talk: Talk) -> None:
    talk.opens()
    talk.loop = "action_two_stage_fallback"
    assert "active_loop" not in [e[0] for e in events(talk("action_session_start"))]


def test_a_claim_survives_the_night(talk: Talk) -> None:
    talk.loop, talk.slots["requested_slot"] = "claim_form", "secret"
    started = events(talk("action_session_start"))
    assert ("active_loop", "claim_form", None) in started
    assert ("slot", "requested_slot", "secret") in started


@pytest.mark.usefixtures("offices")
def test_an_addition_survives_the_night_while_its_case_is_there(talk: Talk) -> None:
    code = talk.lodges()
    talk("action_case_add", "case_add", {"case": code})
    talk.loop, talk.slots["requested_slot"] = "addition_form", "addition"
    assert ("active_loop", "addition_form", None) in events(talk("action_session_start"))
    talk.presses(f"erase:case={code};sure=yes")
    assert "active_loop" not in [e[0] for e in events(talk("action_session_start"))]

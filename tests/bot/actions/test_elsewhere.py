"""Everything beside the complaint form."""

import json
from datetime import date, timedelta

import pytest
from sqlmodel import select

from bot import conversation, news, paging
from bot.actions import ACTIONS, Answer
from bot.content import content
from bot.content.render import render
from bot.message import Language
from referrals import alarm, case, consent, draft, notice
from referrals.duty import Alarm
from referrals.lodging import LODGINGS
from referrals.taxonomy import ConsentCode, Status
from tests.bot.actions.talk import HER, Clock, Talk, all_payloads, keys, names, payloads

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


# ---- danger and people


def test_danger_shows_the_card_of_the_country_before_anything_else(talk: Talk) -> None:
    talk.opens(country="MY")
    answer = talk("action_danger", "danger", {"danger": "violence"})
    assert keys(answer) == ["safety_card", "danger_next", "callback_offer", "callback_offer_paused"]
    assert answer.says[0].values == {"country": "MY", "kind": "violence"}
    assert "callback:danger=yes" in payloads(answer)
    assert "resume" in names(answer)


def test_danger_without_a_kind_or_of_none_that_is_known_shows_the_general_card(talk: Talk) -> None:
    for entities in ({}, {"danger": "yes"}, {"danger": "dragons"}):
        assert "kind" not in talk("action_danger", "danger", entities).says[0].values


@pytest.mark.parametrize(("kind", "minor"), [("child", "yes"), ("violence", None)])
def test_danger_to_a_child_makes_what_she_is_telling_a_childs(
    talk: Talk, kind: str, minor: str | None
) -> None:
    talk.gets_to("story")
    talk("action_danger", "danger", {"danger": kind})
    assert talk.answers().get("minor") == minor
    assert talk.query(draft.find, HER)


def alarms(talk: Talk) -> list[Alarm]:
    found: list[Alarm] = talk.query(lambda s: s.exec(select(Alarm)).all())
    return found


@pytest.mark.usefixtures("on_duty")
def test_danger_after_she_lodged_calls_somebody_without_being_asked(
    talk: Talk, clock: Clock
) -> None:
    code = talk.lodges()
    assert not alarms(talk)
    first = talk("action_danger", "danger", update="same")
    assert keys(first) == ["safety_card", "danger_next", "danger_called"]
    assert talk("action_danger", "danger", update="same") == first
    (raised,) = alarms(talk)
    assert raised.case_id == talk.case(code).id
    assert talk.case(code).danger
    clock.pass_(minutes=1)
    talk("action_danger", "danger")
    assert len(alarms(talk)) == 1


@pytest.mark.usefixtures("on_duty")
def test_a_call_for_help_in_the_midst_of_telling_leads_back_to_it(talk: Talk) -> None:
    talk.lodges()
    talk.opens()
    answer = talk("action_danger", "danger")
    assert keys(answer)[-2:] == ["danger_called", "menu_paused"]
    assert "resume" in all_payloads(answer)


@pytest.mark.usefixtures("on_duty")
def test_a_case_that_cannot_wait_says_that_somebody_was_called(talk: Talk) -> None:
    talk.gets_to("lodge", category="violence_harassment")
    assert keys(talk.sends())[-1] == "danger_called"
    assert keys(talk("action_callback", "callback", {"danger": "yes"})) == [
        "danger_called",
        "callback_done",
    ]


@pytest.mark.usefixtures("on_duty")
def test_who_agreed_to_no_contact_is_not_told_that_somebody_was_called(talk: Talk) -> None:
    talk.gets_to("lodge", category="violence_harassment", contact_me="no")
    assert "danger_called" not in keys(talk.sends())
    assert len(alarms(talk)) == 1


@pytest.mark.usefixtures("offices")
def test_who_is_not_to_be_contacted_is_asked_first_even_in_danger(talk: Talk) -> None:
    talk.lodges(contact_me="no")
    answer = talk("action_danger", "danger")
    assert keys(answer)[-1] == "callback_offer"
    assert not alarms(talk)


@pytest.mark.usefixtures("offices")
def test_the_calls_begin_once_the_alarm_is_written_down_and_not_before(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, bool]] = []

    def start(alarm_id: str) -> None:
        seen.append((alarm_id, talk.query(alarm.all_under_way) == [alarm_id]))

    monkeypatch.setattr(paging, "start", start)
    talk("action_callback", "callback", {"danger": "yes"})
    (raised,) = alarms(talk)
    assert seen == [(raised.id, True)]


@pytest.mark.usefixtures("offices")
def test_where_nobody_is_on_duty_danger_still_offers_a_call(talk: Talk) -> None:
    talk.lodges()
    assert "callback_offer" in keys(talk("action_danger", "danger"))
    assert len(alarms(talk)) == 1


@pytest.mark.usefixtures("offices")
def test_where_nobody_is_on_duty_it_is_not_said_that_somebody_was_called(talk: Talk) -> None:
    assert "danger_called" not in keys(talk("action_callback", "callback", {"danger": "yes"}))
    assert len(alarms(talk)) == 1


def test_a_person_is_offered_in_the_words_that_are_recorded(talk: Talk) -> None:
    assert keys(talk("action_human", "human")) == ["human", "callback_offer"]


@pytest.mark.usefixtures("offices")
def test_asking_for_a_call_twice_by_a_repeat_makes_one_case(talk: Talk) -> None:
    first = talk("action_callback", "callback", {"danger": "yes"}, update="same")
    assert keys(first) == ["callback_done"]
    assert talk("action_callback", "callback", {"danger": "yes"}, update="same") == first
    assert len(talk.cases()) == 1


@pytest.mark.usefixtures("offices")
def test_pressing_for_a_call_again_gives_the_same_case_and_makes_it_urgent(talk: Talk) -> None:
    first = talk("action_callback", "callback")
    assert not alarms(talk)
    assert talk("action_callback", "callback", {"danger": "yes"}).says[-1] == first.says[-1]
    assert len(talk.cases()) == len(alarms(talk)) == 1


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize(("said", "minor"), [({"choice": "under_15"}, True), ({}, False)])
def test_a_child_that_asks_for_a_call_is_known_to_be_one(
    talk: Talk, said: dict[str, str], minor: bool
) -> None:
    talk.gets_to("country")
    if said:
        talk.answers_with(**said)
    talk("action_callback", "callback")
    assert talk.case(talk.cases()[0].code).minor is minor
    assert len(alarms(talk)) == minor


@pytest.mark.usefixtures("offices")
def test_a_call_after_enough_today_is_answered_with_numbers(talk: Talk) -> None:
    for _ in range(LODGINGS):
        talk("action_callback", "callback")
        with talk.site.store.writing() as session:
            for each in case.for_conversation(session, HER):
                case.by_code(session, each.code).status = Status.CLOSED
    talk.opens(country="MY")
    answer = talk("action_callback", "callback")
    assert keys(answer) == ["enough_today"]
    assert answer.says[0].values["country"] == "MY"
    assert len(talk.cases()) == LODGINGS


@pytest.mark.usefixtures("offices")
def test_a_call_records_the_offer_as_it_was_shown(talk: Talk) -> None:
    talk("action_callback", "callback")
    rows = talk.query(lambda s: consent.history(s, case.owned(s, HER)[0].id))
    assert {row.code for row in rows} == {
        ConsentCode.STORE,
        ConsentCode.SHARE_MRC,
        ConsentCode.CONTACT_ME,
    }
    assert {row.words for row in rows} == {content().says["callback_offer"].km}


@pytest.mark.usefixtures("offices")
def test_a_call_leaves_what_she_is_telling_as_it_is(talk: Talk) -> None:
    talk.gets_to("share_mrc")
    before = (talk.answers(), talk.told(), talk.consents())
    assert keys(talk("action_callback", "callback")) == ["callback_done_paused"]
    assert (talk.answers(), talk.told(), talk.consents()) == before


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


def test_who_has_only_something_unfinished_is_led_back_to_it(talk: Talk) -> None:
    talk.opens()
    talk.loop = None
    answer = talk("action_case_status", "case_status")
    assert keys(answer) == ["no_case_draft"]
    assert "resume" in all_payloads(answer)


@pytest.mark.usefixtures("offices")
def test_a_letter_is_announced_once_and_shown_by_the_turn(talk: Talk) -> None:
    talk("action_callback", "callback")
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
    talk("action_callback", "callback")
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


def events(answer: Answer) -> list[object]:
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

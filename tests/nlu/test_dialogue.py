"""The rules of the dialogue: the real Rasa with its real form loop, and the real actions."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.actions.journey import SHARES
from bot.rasa import RasaProcess
from tests.nlu.conftest import FORM, Person, kill
from tests.nlu.intents import EVERYWHERE, FORM_OF, INTERRUPTS, LEAVES

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(900)]

People = Callable[[str], Person]


# ---- a complaint


def test_a_complaint_goes_from_the_first_question_to_the_receipt(person: Person) -> None:
    assert person.says("complaint") == ["action_open_complaint", "action_ask_category"]
    asked = []
    while person.last.loop:
        asked.append(person.last.awaiting)
        said = person.answers()
    assert asked == FORM
    assert said == ["action_lodge"]
    assert person.keys[0] == "receipt"
    assert (person.newest().category, person.newest().country) == ("unpaid_wages", "TH")
    assert person.holds() == {}
    assert person.app.authorised


def test_the_opening_sentence_answers_what_it_said(person: Person) -> None:
    person.says("complaint", category="documents_withheld", country="MY", province="KH-1")
    assert person.place == ("complaint_form", "story")


def test_a_group_and_more_show_other_choices_of_the_same_question(person: Person) -> None:
    person.answers_until("category")
    assert person.says("inform", group="work") == ["action_ask_category"]
    assert person.keys == ["ask_category_group"]
    assert person.says("inform", category="dismissal") == ["action_ask_country"]
    person.says("inform", country="MY")
    first = person.last.says
    assert person.says("more") == ["action_ask_province"]
    assert person.last.says != first


def test_telling_goes_on_until_she_agrees_that_it_is_kept(person: Person) -> None:
    person.answers_until("story")
    assert person.says("done") == ["action_ask_story"]
    assert person.keys == ["story_empty"]
    assert person.tells() == ["action_ask_story"]
    assert person.tells() == ["action_ask_story"]
    assert person.says("inform", store="yes") == ["action_ask_share_mrc"]


@pytest.mark.parametrize("asked", ["story", "share_mrc", "contact_me"])
def test_a_plain_yes_can_be_typed_and_an_unsure_one_is_asked_again(
    person: Person, asked: str
) -> None:
    person.answers_until(asked)
    if asked == "story":
        person.tells()
    assert person.says("affirm") == ["validate_complaint_form", f"action_ask_{asked}"]
    assert "press_to_agree" in person.keys
    person.says("affirm", surely="yes")
    assert person.place == ("complaint_form", FORM[FORM.index(asked) + 1])


def test_only_a_clear_yes_sends(person: Person) -> None:
    person.answers_until("lodge")
    assert person.says("deny") == ["action_ask_lodge"]
    assert person.keys == ["lodge_not_yet"]
    person.says("affirm")
    assert person.place == ("complaint_form", "lodge")
    assert person.says("affirm", surely="yes") == ["action_lodge"]


def test_a_no_to_keeping_is_explained_and_can_be_taken_back(person: Person) -> None:
    person.answers_until("story")
    person.tells()
    assert person.says("inform", store="no") == ["action_ask_store"]
    assert person.keys == ["store_refused"]
    assert person.says("inform", store="yes") == ["action_ask_share_mrc"]


@pytest.mark.parametrize("no", ["button", "typed"])
def test_a_no_to_each_office_asks_for_the_next_and_then_says_what_it_means(
    person: Person, no: str
) -> None:
    person.answers_until("share_mrc")
    asked = []
    while person.last.awaiting in SHARES:
        share = person.last.awaiting
        asked.append(share)
        _ = person.says("deny") if no == "typed" else person.says("inform", **{share: "no"})
    assert asked == ["share_mrc", "share_legal_aid", "share_pdolvt"]
    assert person.place == ("complaint_form", "nobody")
    assert person.says("back")[-1] == "action_ask_share_mrc"


def test_a_no_to_being_contacted_does_not_keep_her_from_sending(person: Person) -> None:
    person.answers_until("contact_me")
    assert person.says("deny") == ["action_ask_lodge"]
    assert person.answers() == ["action_lodge"]
    assert person.keys[-1] == "receipt_next_silent"


def test_more_can_be_told_from_the_menu_and_never_has_to(person: Person) -> None:
    person.answers_until("lodge")
    assert person.says("details") == ["action_ask_details"]
    assert person.says("details", of="help") == ["action_ask_details"]
    assert person.says("detail", detail="wants") == ["action_ask_detail"]
    person.says("inform", choice="money")
    person.says("inform", choice="passport")
    assert person.tells() == ["action_ask_detail"]
    assert person.keys == ["detail_kept"]
    assert person.says("done") == ["action_ask_details"]
    assert person.says("done") == ["action_ask_lodge"]
    assert person.holds()["wants"] == "money,passport"
    assert person.answers() == ["action_lodge"]


def test_any_answer_can_be_changed_before_it_is_sent(person: Person) -> None:
    person.answers_until("lodge")
    assert person.says("change") == ["action_ask_change"]
    assert person.says("change", step="country") == ["action_ask_country"]
    assert person.says("inform", country="MY")[-1] == "action_ask_lodge"
    assert person.holds()["country"] == "MY"


def test_a_complaint_for_somebody_else_says_so_at_the_first_question(person: Person) -> None:
    person.says("complaint")
    assert person.says("change", step="complainant") == ["action_ask_complainant"]
    assert person.says("inform", complainant="family")[-1] == "action_ask_category"
    assert person.holds()["complainant"] == "family"


def test_back_asks_the_question_before_again(person: Person) -> None:
    person.answers_until("lodge")
    before = ["contact_me", "share_mrc", "story", "province", "country", "category"]
    for question in before:
        assert person.says("back") == ["action_back", f"action_ask_{question}"]
    assert person.says("back") == ["action_back", "action_ask_category"]
    assert person.keys[0] == "cannot_go_back"
    assert person.says("inform", category="dismissal") == ["action_ask_country"]


# ---- in the middle of a form


@pytest.mark.parametrize("question", ["category", "story", "lodge", "addition", "secret"])
def test_an_interruption_is_answered_and_the_question_asked_again(
    people: People, question: str
) -> None:
    for intent, action in INTERRUPTS.items():
        person = people(f"interrupted {question} {intent}")
        person.comes_to(question)
        said = person.says(intent)
        assert said[0] == action or intent in {"again", "simpler", "listen"}
        assert said[-1].endswith(f"_{question}")
        assert person.place == (FORM_OF[question], question)


@pytest.mark.parametrize("question", ["category", "story", "detail", "share_mrc", "lodge"])
def test_what_leaves_a_complaint_leaves_it_to_be_resumed(people: People, question: str) -> None:
    for intent, action in LEAVES.items():
        person = people(f"left {question} {intent}")
        person.comes_to(question)
        held = person.holds()
        assert person.says(intent) == [action]
        assert person.place == (None, None)
        if intent != "discard":
            assert person.says("resume") == ["action_open_complaint", f"action_ask_{question}"]
            assert person.holds() == held
        else:
            assert person.holds() == {}


def test_cancel_then_discard_begins_anew(person: Person) -> None:
    person.answers_until("share_mrc")
    person.says("cancel")
    assert person.says("discard") == ["action_discard"]
    person.says("complaint")
    assert person.last.awaiting == "category"


@pytest.mark.parametrize("question", EVERYWHERE)
def test_the_language_can_be_changed_at_any_question(person: Person, question: str) -> None:
    person.comes_to(question)
    person.says("language", language="en")
    assert person.keys[0] == "language_is_en"
    assert person.place == (FORM_OF[question], question)


@pytest.mark.parametrize("question", ["category", "story", "lodge", "addition", "code"])
def test_not_understood_twice_offers_a_way_out_and_stays(person: Person, question: str) -> None:
    person.comes_to(question)
    person.says("nlu_fallback")
    assert person.keys[0] == "not_understood_here"
    person.says("lost")
    assert person.keys[0] == "not_understood_twice"
    assert person.place == (FORM_OF[question], question)


def test_a_question_that_names_a_country_does_not_answer_where_she_is(person: Person) -> None:
    person.answers_until("country")
    said = person.says("faq", topic="minimum_wage", country="TH")
    assert said == ["action_faq", "action_ask_country"]
    assert "country" not in person.holds()


def test_a_place_counts_even_when_the_sentence_was_not_understood(person: Person) -> None:
    person.answers_until("country")
    assert person.says("nlu_fallback", country="MY")[-1] == "action_ask_province"


def test_an_old_button_does_not_change_another_answer(person: Person) -> None:
    person.answers_until("contact_me")
    person.says("inform", share_mrc="no")
    assert person.keys[0] == "asked_before"
    assert person.place == ("complaint_form", "contact_me")
    assert person.holds()["share_mrc"] == "yes"


def test_another_grievance_in_the_middle_does_not_change_the_category(person: Person) -> None:
    person.answers_until("share_mrc")
    person.says("complaint", category="dismissal", country="MY")
    assert person.place == ("complaint_form", "share_mrc")
    assert person.holds()["category"] == "unpaid_wages"


# ---- stopped from outside


PLACES = ["category", "story", "detail", "share_mrc", "lodge", "addition", "secret", "group_code"]


def test_a_crash_of_rasa_loses_no_place(people: People, rasa: RasaProcess) -> None:
    waiting = [(question, people(f"crash {question}")) for question in PLACES]
    for question, person in waiting:
        person.comes_to(question)
    kill(rasa)
    for question, person in waiting:
        assert person.says("thank")[0] == "action_thank"
        assert person.place == (FORM_OF[question], question)


@pytest.mark.parametrize("question", PLACES)
def test_a_night_of_silence_loses_no_place(person: Person, question: str) -> None:
    person.comes_to(question)
    person.is_silent_for(timedelta(hours=9))
    assert person.says("thank")[0] == "action_thank"
    assert "action_session_start" in person.app.ran
    assert person.place == (FORM_OF[question], question)


def test_an_answer_after_the_night_counts(person: Person) -> None:
    person.answers_until("contact_me")
    person.is_silent_for(timedelta(hours=9))
    assert person.answers() == ["action_ask_lodge"]


def test_a_form_whose_draft_is_gone_does_not_come_back_in_the_morning(person: Person) -> None:
    person.answers_until("contact_me")
    person.forgets_the_draft()
    person.is_silent_for(timedelta(days=8))
    assert person.says("thank") == ["action_thank"]
    assert person.place == (None, None)


# ---- not understood, outside a form


def test_not_understood_twice_outside_ends_with_menu_and_person(person: Person) -> None:
    assert person.says("nlu_fallback") == ["action_default_ask_affirmation"]
    assert person.says("nlu_fallback") == ["action_default_fallback"]
    assert person.last.loop is None
    assert person.says("nlu_fallback") == ["action_default_ask_affirmation"]


def test_none_of_these_asks_in_other_words(person: Person) -> None:
    person.says("nlu_fallback")
    assert person.says("out_of_scope") == ["action_default_ask_rephrase"]
    assert person.says("faq", topic="minimum_wage") == ["action_faq"]


def test_a_guess_confirmed_by_button_goes_where_it_says(person: Person) -> None:
    person.says("nlu_fallback")
    said = person.says("complaint", category="unpaid_wages")
    assert said == ["action_open_complaint", "action_ask_country"]
    assert person.answers() == ["action_ask_province"]

"""The rules of the dialogue, played against the real Rasa and its real form loop."""

import pytest

from tests.nlu.conftest import FORM, Person

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(600)]

BESIDE = {
    "again": "action_again",
    "simpler": "action_simpler",
    "listen": "action_hear",
    "settings": "action_settings",
    "data": "action_data",
    "news": "action_news",
}
"""What is asked beside everything else, and its action."""


def test_a_complaint_goes_from_the_first_question_to_the_receipt(person: Person) -> None:
    assert person.says("complaint") == ["action_open_complaint", "action_ask_complainant"]
    asked = []
    while person.last.loop:
        asked.append(person.last.awaiting)
        said = person.answers()
    assert asked == [name for name in FORM if name != "name"]
    assert said == ["action_lodge"]
    assert person.app.authorised


def test_the_opening_sentence_answers_what_it_said(person: Person) -> None:
    person.says("complaint", category="documents_withheld", country="MY", province="KH-1")
    person.answers()
    assert person.last.awaiting == "story"


def test_a_named_person_is_asked_for_a_name(person: Person) -> None:
    person.answers_until("identity")
    person.says("inform", identity="named")
    assert person.last.awaiting == "name"
    person.says("told", told="name")
    assert person.last.awaiting == "store"


def test_a_group_and_more_show_other_choices_of_the_same_question(person: Person) -> None:
    person.answers_until("category")
    assert person.says("inform", group="work") == ["action_ask_category"]
    assert person.says("more") == ["action_ask_category"]
    assert person.says("inform", category="dismissal") == ["action_ask_country"]


def test_telling_goes_on_until_done(person: Person) -> None:
    person.answers_until("story")
    assert person.says("told", told="story") == ["action_ask_story"]
    assert person.says("told", told="story") == ["action_ask_story"]
    assert person.says("done") == ["action_ask_identity"]


@pytest.mark.parametrize(("answer", "next_"), [("affirm", "share_mrc"), ("deny", "share_mrc")])
def test_yes_and_no_can_be_typed(person: Person, answer: str, next_: str) -> None:
    person.answers_until("store")
    assert person.says(answer) == [f"action_ask_{next_}"]


def test_no_is_not_a_way_to_lodge(person: Person) -> None:
    person.answers_until("lodge")
    assert person.says("deny") == ["action_not_understood_here", "action_ask_lodge"]
    assert person.says("affirm") == ["action_lodge"]


@pytest.mark.parametrize("asked", ["complainant", "story", "share_mrc", "lodge"])
@pytest.mark.parametrize(
    ("intent", "action"),
    [
        ("faq", "action_faq"),
        ("privacy", "action_privacy"),
        ("language", "action_language"),
        ("thank", "action_thank"),
        ("greet", "action_greet"),
        ("case_status", "action_case_status"),
        ("unknown", "action_unknown"),
        ("out_of_scope", "action_out_of_scope"),
        ("consent_change", "action_consent_change"),
        ("letter", "action_letter"),
        *BESIDE.items(),
        ("nlu_fallback", "action_not_understood_here"),
    ],
)
def test_an_interruption_is_answered_and_the_question_asked_again(
    person: Person, asked: str, intent: str, action: str
) -> None:
    person.answers_until(asked)
    assert person.says(intent) == [action, f"action_ask_{asked}"]
    assert (person.last.loop, person.last.awaiting) == ("complaint_form", asked)


@pytest.mark.parametrize("asked", ["category", "story", "lodge"])
@pytest.mark.parametrize(
    "intent",
    ["menu", "danger", "hide", "human", "erase", "cancel", "callback", "goodbye"],
)
def test_what_pauses_a_complaint_leaves_it_to_be_resumed(
    person: Person, asked: str, intent: str
) -> None:
    person.answers_until(asked)
    assert person.says(intent) == [f"action_{intent}"]
    assert (person.last.loop, person.last.awaiting) == (None, None)
    assert person.says("resume") == ["action_open_complaint", f"action_ask_{asked}"]
    assert person.answers()[-1] != "action_not_understood_here"


def test_a_question_that_names_a_country_does_not_answer_where_she_is(person: Person) -> None:
    person.answers_until("country")
    assert person.says("faq", topic="minimum_wage", country="TH") == [
        "action_faq",
        "action_ask_country",
    ]


def test_a_place_counts_even_when_the_sentence_was_not_understood(person: Person) -> None:
    person.answers_until("country")
    assert person.says("nlu_fallback", country="MY") == ["action_ask_province"]


def test_an_old_button_does_not_change_another_answer(person: Person) -> None:
    person.answers_until("contact_me")
    assert person.says("inform", share_mrc="no") == [
        "action_not_understood_here",
        "action_ask_contact_me",
    ]


def test_another_grievance_in_the_middle_does_not_change_the_category(person: Person) -> None:
    person.answers_until("store")
    person.says("complaint", category="dismissal", country="MY")
    assert person.last.awaiting == "store"


def test_back_asks_the_question_before_again(person: Person) -> None:
    person.answers_until("province")
    assert person.says("back") == ["action_back", "action_ask_country"]
    assert person.says("back") == ["action_back", "action_ask_category"]
    assert person.says("inform", category="dismissal") == ["action_ask_country"]


def test_cancel_then_discard_begins_anew(person: Person) -> None:
    person.answers_until("store")
    person.says("cancel")
    assert person.says("discard") == ["action_discard"]
    person.says("complaint")
    assert person.last.awaiting == "complainant"


def test_discard_inside_leaves_the_form(person: Person) -> None:
    person.answers_until("store")
    assert person.says("discard") == ["action_discard"]
    assert person.last.loop is None


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
    assert person.says("complaint", category="unpaid_wages") == [
        "action_open_complaint",
        "action_ask_complainant",
    ]
    assert person.says("inform", complainant="self") == ["action_ask_country"]


@pytest.mark.parametrize("intent", BESIDE)
def test_what_is_asked_in_the_fallback_ends_it(person: Person, intent: str) -> None:
    person.says("nlu_fallback")
    assert person.says(intent) == [BESIDE[intent]]
    assert person.last.loop is None
    assert person.says("nlu_fallback") == ["action_default_ask_affirmation"]


@pytest.mark.parametrize("intent", BESIDE)
def test_what_is_asked_in_an_addition_is_answered_and_the_addition_goes_on(
    person: Person, intent: str
) -> None:
    person.says("case_add")
    assert person.says(intent)[0] == BESIDE[intent]
    assert (person.last.loop, person.last.awaiting) == ("addition_form", "addition")
    person.says("told", told="addition")
    assert person.says("done") == ["action_take_addition"]


@pytest.mark.parametrize("intent", ["danger", "menu", "human", "lost"])
def test_a_way_out_of_the_fallback_is_always_open(person: Person, intent: str) -> None:
    person.says("nlu_fallback")
    assert person.says(intent) == [f"action_{intent}"]


def test_something_is_added_to_a_case(person: Person) -> None:
    assert person.says("case_add")[0] == "action_case_add"
    assert person.last.awaiting == "addition"
    person.says("told", told="addition")
    assert person.last.awaiting == "addition"
    assert person.says("done") == ["action_take_addition"]
    assert person.last.loop is None


@pytest.mark.parametrize("intent", ["danger", "menu", "cancel", "human", "hide"])
def test_an_addition_can_be_left(person: Person, intent: str) -> None:
    person.says("case_add")
    assert person.says(intent) == [f"action_{intent}"]
    assert person.last.loop is None


def test_an_addition_in_the_middle_pauses_the_complaint(person: Person) -> None:
    person.answers_until("store")
    person.says("case_add")
    assert person.last.awaiting == "addition"
    assert person.says("resume")[0] == "action_open_complaint"
    assert person.last.awaiting == "store"


@pytest.mark.parametrize("intent", ["affirm", "deny", "inform", "done", "more"])
def test_an_answer_to_nothing_shows_the_menu(person: Person, intent: str) -> None:
    assert person.says(intent) == ["action_menu"]


def test_back_outside_a_form_does_not_unsay_anything(person: Person) -> None:
    person.says("greet")
    assert person.says("back") == ["action_back"]
    assert person.says("greet") == ["action_greet"]


def test_an_intent_nobody_knows_gets_the_way_out(person: Person) -> None:
    assert person.says("no_such_intent") == ["action_default_fallback"]

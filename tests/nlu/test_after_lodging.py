"""After lodging: something to add, a case on another phone, a secret, a group; at the real Rasa."""

from collections.abc import Callable

import pytest

from referrals.code import new_code, new_group_code, spoken
from tests.nlu.conftest import Person
from tests.nlu.intents import LEAVES

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(900)]

People = Callable[[str], Person]
HER_SECRET = "ត្រីកោណខៀវក្រហម"


# ---- something to add


def test_something_is_added_to_a_case(person: Person) -> None:
    person.has_a_case()
    assert person.says("case_add") == ["action_case_add"]
    assert person.place == ("addition_form", "addition")
    assert person.tells() == ["action_ask_addition_form_addition"]
    assert person.keys == ["addition_kept"]
    assert person.says("done") == ["action_take_addition"]
    assert person.place == (None, None)


def test_nothing_can_be_added_where_nothing_was_sent(person: Person) -> None:
    assert person.says("case_add") == ["action_case_add"]
    assert person.keys == ["no_case_to_add"]
    assert person.place == (None, None)


@pytest.mark.parametrize("question", ["addition", "code", "secret", "new_secret", "group_code"])
def test_what_leaves_a_complaint_leaves_every_other_form(people: People, question: str) -> None:
    for intent, action in LEAVES.items():
        person = people(f"elsewhere {question} {intent}")
        person.comes_to(question)
        assert person.says(intent) == [action]
        assert person.place == (None, None)


@pytest.mark.parametrize(
    ("intent", "question"), [("case_add", "addition"), ("claim", "code"), ("secret", "new_secret")]
)
def test_another_form_in_the_middle_pauses_the_complaint(
    person: Person, intent: str, question: str
) -> None:
    person.has_a_case()
    person.comes_to("contact_me")
    person.says(intent)
    assert person.last.awaiting == question
    assert person.says("resume") == ["action_open_complaint", "action_ask_contact_me"]


@pytest.mark.parametrize("question", ["code", "secret", "group_code"])
@pytest.mark.parametrize(("intent", "asked"), [("join", "group_code"), ("claim", "code")])
def test_a_button_for_another_code_asks_for_that_code(
    person: Person, question: str, intent: str, asked: str
) -> None:
    person.comes_to(question)
    person.says(intent)
    assert person.place == ("claim_form", asked)


# ---- a case on another phone


def test_a_case_comes_back_on_another_phone(people: People) -> None:
    before, now = people("the old phone"), people("the new phone")
    code = before.has_a_case()
    before.says("secret")
    assert before.place == ("claim_form", "new_secret")
    assert before.types(HER_SECRET) == ["action_end_claim"]
    assert before.keys == ["secret_set"]
    now.says("claim")
    assert now.types(spoken(code)) == ["action_ask_claim_form_secret"]
    assert now.types(HER_SECRET) == ["action_end_claim"]
    assert now.keys == ["claim_done"]
    assert now.place == (None, None)
    assert now.newest().code == code


def test_a_wrong_code_or_secret_asks_for_the_code_again(person: Person) -> None:
    person.says("claim")
    person.types("12")
    assert person.keys == ["code_malformed", "ask_code"]
    person.types(new_code())
    assert person.place == ("claim_form", "secret")
    person.types(HER_SECRET)
    assert person.keys == ["claim_wrong", "ask_code"]
    assert person.place == ("claim_form", "code")


def test_who_guesses_codes_is_let_out_until_later(person: Person) -> None:
    person.says("join")
    for _ in range(20):
        if person.last.loop is None:
            break
        person.types(new_group_code())
    assert person.keys == ["claim_later"]
    assert person.place == (None, None)


def test_a_secret_too_easy_to_guess_is_asked_again(person: Person) -> None:
    person.has_a_case()
    person.says("secret")
    person.types("1234")
    assert person.keys == ["secret_weak", "ask_new_secret"]
    assert person.place == ("claim_form", "new_secret")


def test_without_a_case_there_is_no_secret_to_set(person: Person) -> None:
    person.says("secret")
    assert person.keys == ["no_case_for_secret"]
    assert person.place == (None, None)


# ---- what can be done with a case


def test_a_case_is_erased_only_after_one_clear_yes(person: Person) -> None:
    code = person.has_a_case()
    person.says("erase", case=code)
    assert person.keys == ["erase_sure"]
    person.says("erase", case=code, sure="yes")
    assert person.keys == ["erased"]
    person.says("case_status")
    assert person.keys == ["no_case"]


def test_a_case_is_closed_rated_and_opened_again(person: Person) -> None:
    code = person.has_a_case()
    person.says("close", case=code)
    assert person.keys == ["close_sure"]
    person.says("close", case=code, sure="yes")
    assert person.keys == ["case_closed", "ask_satisfied"]
    person.says("satisfied", case=code, answer="no")
    assert person.keys == ["ask_money"]
    person.says("received", case=code, money="none")
    assert person.keys == ["thanks_unhappy"]
    person.says("reopen", case=code)
    assert person.keys == ["case_reopened"]


def test_a_consent_can_be_taken_back_and_given_again(person: Person) -> None:
    code = person.has_a_case()
    person.says("consent_change", case=code)
    assert person.keys == ["consents"]
    for answer, said in (("no", "consent_contact_off"), ("yes", "consent_contact_on")):
        read = {"case": code, "consent": "contact_me", "answer": answer, "in": "km1"}
        person.says("consent", **read)
        assert person.keys[0] == said


def test_one_of_several_cases_is_shown_alone_also_in_the_middle_of_a_complaint(
    person: Person,
) -> None:
    code = person.has_a_case()
    assert person.says("case_status", case=code) == ["action_case_status"]
    assert person.keys == ["case_unread"]
    assert person.place == (None, None)
    person.comes_to("province")
    person.says("case_status", case=code)
    assert (person.keys[0], person.keys[-1]) == ("case_unread", "ask_province")
    person.says("close", case=code)
    assert person.keys == ["close_sure"]
    assert person.place == (None, None)

"""Every message at every question: nobody is trapped, nobody is met with silence."""

from collections.abc import Callable

import pytest

from bot.actions.journey import STEPS
from tests.nlu.conftest import Person
from tests.nlu.intents import ANSWERS, EVERYWHERE, FORM_OF, INTENTS, INTERRUPTS, LEAVES, OPENS

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(900)]

People = Callable[[str], Person]


def test_every_intent_has_its_place_in_these_tests() -> None:
    known = {*INTERRUPTS, *LEAVES, *OPENS, *ANSWERS}
    assert set(INTENTS) == known


@pytest.mark.parametrize("question", EVERYWHERE)
def test_nothing_she_says_at_a_question_traps_her_or_is_met_with_silence(
    people: People, question: str
) -> None:
    wrong: dict[str, object] = {}
    for intent in INTENTS:
        person = people(f"{question} {intent}")
        person.comes_to(question)
        person.says(intent)
        if not person.keys or "action_default_fallback" in person.app.ran:
            wrong[intent] = (person.keys, person.app.ran)
        elif not _as_expected(person, question, intent):
            wrong[intent] = (person.place, person.keys)
    assert wrong == {}


def _as_expected(person: Person, question: str, intent: str) -> bool:
    """Say whether she stands where she should: there still, elsewhere on purpose, or outside."""
    form, at = person.place
    has_case = question in {"addition", "new_secret"}
    if intent in LEAVES or (intent in {"case_add", "secret"} and not has_case):
        return (form, at) == (None, None)
    if intent in OPENS:
        return form == OPENS[intent] and at is not None
    if intent in ANSWERS and FORM_OF[question] == "complaint_form":
        return form == "complaint_form" and at in STEPS
    if (intent, question) == ("done", "addition"):
        return form is None
    return (form, at) == (FORM_OF[question], question)


def test_nothing_she_says_outside_a_form_is_met_with_silence(people: People) -> None:
    wrong: dict[str, object] = {}
    for intent in INTENTS:
        person = people(f"outside {intent}")
        person.says(intent)
        started = OPENS.get(intent) if intent not in {"case_add", "secret"} else None
        as_expected = person.last.loop == started or intent == "nlu_fallback"
        if not person.keys or "action_default_fallback" in person.app.ran or not as_expected:
            wrong[intent] = (person.place, person.keys, person.app.ran)
    assert wrong == {}


def test_nothing_she_says_beside_a_paused_complaint_is_met_with_silence(people: People) -> None:
    wrong: dict[str, object] = {}
    for intent in INTENTS:
        person = people(f"paused {intent}")
        person.comes_to("contact_me")
        person.says("menu")
        person.says(intent)
        if not person.keys or "action_default_fallback" in person.app.ran:
            wrong[intent] = (person.place, person.app.ran)
        elif intent not in {*OPENS, "discard"}:
            person.says("resume")
            if person.place != ("complaint_form", "contact_me"):
                wrong[intent] = person.place
    assert wrong == {}


def test_an_intent_nobody_knows_gets_the_way_out(person: Person) -> None:
    assert person.says("no_such_intent") == ["action_default_fallback"]


def test_what_is_said_in_the_fallback_ends_it(people: People) -> None:
    for intent in INTENTS:
        if intent in {"nlu_fallback", "out_of_scope"}:
            continue
        person = people(f"fallback {intent}")
        person.says("nlu_fallback")
        assert person.says(intent) != [], intent
        assert "action_default_fallback" not in person.app.ran, intent
        assert person.last.loop in {OPENS.get(intent), None}, intent

"""A button of another question is known as one: nobody is told that a button was not understood."""

import pytest

from bot.actions import Answer
from bot.actions.journey import STEPS
from bot.buttons import VALUES
from tests.bot.actions.talk import Talk, all_payloads, keys

MISSED = {"not_understood_here", "not_understood_twice"}
OWN_WAY = {
    "complainant": ("change", {"step": "complainant"}),
    "details": ("details", {}),
    "detail": ("detail", {"detail": "money"}),
    "change": ("change", {}),
}
"""Steps to which she goes by herself."""

PRESSED = [
    ("done", {}),
    ("more", {}),
    *(
        ("inform", {name: min(VALUES[name])})
        for name in (
            *("complainant", "category", "country", "province", "group", "choice", "lodge"),
            *("store", "share_mrc", "share_pdolvt", "share_legal_aid", "contact_me"),
        )
    ),
    ("inform", {"lodge": "yes"}),
]


def comes_to(talk: Talk, step: str) -> None:
    """Go the shortest way to a question."""
    if step in OWN_WAY:
        talk.gets_to("lodge")
        intent, entities = OWN_WAY[step]
        talk.hears(intent, **entities)
    elif step == "store":
        talk.gets_to("story")
        talk.tells_the_story()
        talk.answers_with(store="no")
    elif step == "nobody":
        refused = dict.fromkeys(("share_mrc", "share_legal_aid", "share_pdolvt"), "no")
        talk.gets_to("nobody", **refused)
    elif step.startswith("share_"):
        talk.gets_to(step, share_mrc="no", share_legal_aid="no")
    else:
        talk.gets_to(step)
    assert talk.at == step


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("step", sorted(STEPS))
@pytest.mark.parametrize(("intent", "entities"), PRESSED)
def test_no_button_is_not_understood_at_any_question(
    talk: Talk, step: str, intent: str, entities: dict[str, str]
) -> None:
    comes_to(talk, step)
    assert not MISSED & set(keys(talk.hears(intent, **entities)))
    assert talk.slots.get("misses") is None


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("asked", ["share_mrc", "contact_me"])
def test_who_presses_a_consent_that_was_answered_is_shown_how_to_change_it(
    talk: Talk, asked: str
) -> None:
    talk.gets_to("lodge")
    before = talk.consents()
    answer = talk.answers_with(**{asked: "no"})
    assert (keys(answer), talk.at) == (["asked_before"], "lodge")
    assert all_payloads(answer) == [f"change:step={asked}"]
    assert talk.consents() == before


@pytest.mark.usefixtures("offices")
def test_who_presses_what_comes_later_is_told_so(talk: Talk) -> None:
    talk.gets_to("country")
    assert keys(talk.answers_with(contact_me="yes")) == ["asked_later"]
    assert talk.at == "country"


@pytest.mark.usefixtures("offices")
def test_a_helper_who_must_not_see_it_is_not_promised_for_later(talk: Talk) -> None:
    talk.gets_to("contact_me")
    talk.hears("details", of="safe")
    talk.answers_with(choice="labour_office")
    assert keys(talk.answers_with(share_pdolvt="yes")) == ["button_elsewhere"]


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("step", ["details", "detail", "change"])
def test_sending_from_within_a_menu_leads_to_the_summary_first(talk: Talk, step: str) -> None:
    comes_to(talk, step)
    assert keys(talk.answers_with(lodge="yes")) == ["check_first"]
    assert talk.at == "lodge"
    assert keys(talk.asks()) == ["summary"]
    assert not talk.cases()


def test_a_kind_of_problem_pressed_while_it_is_asked_for_whom_leads_back_to_the_problem(
    talk: Talk,
) -> None:
    talk.opens("change", step="complainant")
    talk.answers_with(group="work")
    assert (talk.at, talk.slots["group"]) == ("category", "work")


@pytest.mark.parametrize("intent", ["inform", "done", "more"])
def test_a_button_of_the_complaint_where_something_else_is_typed_says_whose_it_is(
    talk: Talk, intent: str
) -> None:
    def pressed() -> Answer:
        return talk("action_not_understood_here", intent, {})

    talk.loop, talk.slots["requested_slot"] = "addition_form", "addition"
    assert keys(pressed()) == ["button_elsewhere"]
    talk.tells()
    assert keys(pressed()) == ["button_of_draft"]
    assert all_payloads(pressed()) == ["resume"]


def test_a_sentence_that_fits_nothing_is_still_not_understood(talk: Talk) -> None:
    talk.gets_to("country")
    assert keys(talk.hears("inform", money="500 USD")) == ["not_understood_here"]
    assert keys(talk("action_not_understood_here", "lost")) == ["not_understood_twice"]

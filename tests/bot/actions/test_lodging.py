"""Sending: the summary, the receipt, and what stands in the way."""

import re

import pytest

from bot.actions.steps import STEPS
from referrals import case, draft
from referrals.lodging import LODGINGS
from tests.bot.actions.talk import HER, Talk, answered, ask, keys


@pytest.mark.usefixtures("offices")
def test_the_summary_holds_codes_only_and_the_receipt_names_code_and_offices(talk: Talk) -> None:
    answered(talk)
    summary = ask(talk, "lodge").says[0]
    assert summary.key == "summary_anonymous"
    assert summary.values["shares"] == "mrc,pdolvt"
    assert all(re.fullmatch(r"[A-Za-z0-9_,-]+", value) for value in summary.values.values())
    talk.say("inform", lodge="yes")
    receipt = talk("action_lodge", "inform")
    assert keys(receipt) == ["receipt", "receipt_offices", "receipt_next"]
    assert "MRC Prey Veng" in receipt.says[1].values["offices"]
    assert not [step for step in STEPS if talk.slots.get(step)]


@pytest.mark.usefixtures("offices")
def test_a_second_delivery_makes_no_second_case(talk: Talk) -> None:
    answered(talk)
    talk.say("inform", lodge="yes")
    before = dict(talk.slots)
    first = talk("action_lodge", "inform", update="her-yes")
    talk.slots = before
    assert talk("action_lodge", "inform", update="her-yes") == first
    assert len(talk.query(case.for_conversation, HER)) == 1


@pytest.mark.usefixtures("offices")
def test_a_turn_replayed_after_lodging_begins_no_new_draft(talk: Talk) -> None:
    answered(talk)
    before, yes = dict(talk.slots), {"lodge": "yes"}
    for _ in range(2):
        talk.slots = dict(before)
        talk("validate_complaint_form", "inform", yes, update="her-yes", candidates=dict(yes))
        assert talk.slots["lodge"] == "yes"
        assert keys(talk("action_lodge", "inform", update="her-yes"))[0] == "receipt"
    assert not talk.query(draft.find, HER)


@pytest.mark.usefixtures("offices")
def test_who_sent_enough_today_is_told_so_and_keeps_the_draft(talk: Talk) -> None:
    for _ in range(LODGINGS):
        answered(talk)
        talk.say("inform", lodge="yes")
        assert keys(talk("action_lodge", "inform"))[0] == "receipt"
    answered(talk)
    talk.say("inform", lodge="yes")
    answer = talk("action_lodge", "inform")
    assert keys(answer) == ["enough_today"]
    assert answer.says[0].values == {"count": str(LODGINGS), "country": "TH"}
    assert talk.slots["lodge"] is None
    assert talk.answers()["category"] == "unpaid_wages"
    assert len(talk.query(case.for_conversation, HER)) == LODGINGS


@pytest.mark.usefixtures("offices")
def test_nothing_is_lodged_while_an_answer_is_missing(talk: Talk) -> None:
    answered(talk)
    assert keys(talk("action_lodge", "inform")) == ["lodge_incomplete"]  # lodge=yes was not said
    assert not talk.query(case.for_conversation, HER)


def test_when_no_office_can_receive_the_draft_stays(talk: Talk) -> None:
    answered(talk)
    talk.say("inform", lodge="yes")
    assert keys(talk("action_lodge", "inform")) == ["lodge_unable"]
    assert talk.answers()["category"] == "unpaid_wages"


@pytest.mark.usefixtures("offices")
def test_no_to_the_summary_sends_nothing_and_asks_again(talk: Talk) -> None:
    answered(talk)
    talk.say("deny")
    assert talk.slots["lodge"] is None
    assert keys(ask(talk, "lodge", "deny")) == ["lodge_not_yet"]


@pytest.mark.usefixtures("offices")
def test_who_wants_no_letters_is_told_how_to_hear_news(talk: Talk) -> None:
    answered(talk, contact_me="no")
    talk.say("inform", lodge="yes")
    assert keys(talk("action_lodge", "inform"))[-1] == "receipt_next_silent"


@pytest.mark.usefixtures("offices")
def test_a_yes_that_is_only_guessed_sends_nothing(talk: Talk) -> None:
    answered(talk)
    answer = talk("validate_complaint_form", "affirm", candidates={"lodge": "yes"})
    assert keys(answer) == ["press_to_agree"]
    assert talk.slots["lodge"] is None
    assert keys(talk("action_lodge", "affirm")) == ["lodge_incomplete"]
    talk.ask_for("lodge")
    talk.say("affirm", surely="yes")
    assert talk.slots["lodge"] == "yes"

"""The order of the questions: the least first, and what each looks like."""

import pytest

from bot.actions.complaint_ask import ASKS
from bot.actions.journey import (
    STEPS,
    accepts,
    of_group,
)
from referrals.intake import Detail, DetailGroup
from referrals.taxonomy import Category, Phase
from tests.bot.actions.talk import (
    Talk,
    all_payloads,
    keys,
    payloads,
)

SAMPLE = {
    Phase.RECRUITMENT: "overcharged_fees",
    Phase.WORK: "unpaid_wages",
    Phase.ABUSE: "violence_harassment",
    Phase.STATUS: "detention_deportation",
    Phase.RETURN: "no_help_to_return",
    Phase.MONEY: "debt_remittance",
}


# ---- the least


class Finger:
    """Somebody who presses buttons that are shown, and counts."""

    def __init__(self, talk: Talk) -> None:
        self.talk, self.taps, self.messages = talk, 1, 0  # the first tap opens the complaint
        talk.opens()

    def presses(self, payload: str) -> None:
        assert payload in all_payloads(self.talk.asks())
        intent, _, rest = payload.partition(":")
        entities = dict(pair.split("=") for pair in rest.split(";") if pair)
        self.taps += 1
        self.talk.hears(intent, **entities)

    def tells(self) -> None:
        self.messages += 1
        self.talk.tells_the_story()

    def gets_it_sent(self, category: str, group: str) -> None:
        """Take the shortest way."""
        self.presses(f"inform:group={group}")
        self.presses(f"inform:category={category}")
        self.presses("inform:country=TH")
        self.presses("inform:province=KH-14")
        self.tells()
        self.presses("inform:store=yes")
        share = self.talk.at
        self.presses(f"inform:{share}=yes")
        self.presses("inform:contact_me=yes")
        assert self.talk.at == "lodge"
        assert "inform:lodge=yes" in all_payloads(self.talk.asks())
        self.taps += 1


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize(("group", "category"), SAMPLE.items())
def test_a_complaint_of_every_group_takes_nine_taps_and_one_message(
    talk: Talk, group: str, category: str
) -> None:
    finger = Finger(talk)
    finger.gets_it_sent(category, group)
    assert (finger.taps, finger.messages) == (9, 1)
    assert keys(talk.sends())[0] == "receipt"


@pytest.mark.usefixtures("offices")
def test_for_somebody_else_it_takes_two_taps_more(talk: Talk) -> None:
    finger = Finger(talk)
    finger.presses("change:step=complainant")
    finger.presses("inform:complainant=family")
    finger.gets_it_sent("unpaid_wages", "work")
    assert (finger.taps, finger.messages) == (11, 1)


@pytest.mark.usefixtures("offices")
def test_the_app_says_which_question_is_next(talk: Talk) -> None:
    talk.opens()
    seen = [talk.at]
    for step, value in {"category": "unpaid_wages", "country": "TH", "province": "KH-14"}.items():
        talk.answers_with(**{step: value})
        seen.append(talk.at)
    talk.tells_the_story()
    seen.append(talk.at)
    for step in ("store", "share_mrc", "contact_me"):
        talk.answers_with(**{step: "yes"})
        seen.append(talk.at)
    assert seen == [
        "category",
        "country",
        "province",
        "story",
        "story",  # the question whether it may be kept stands under what was told
        "share_mrc",
        "contact_me",
        "lodge",
    ]


@pytest.mark.usefixtures("offices")
def test_the_draft_decides_and_not_what_rasa_remembers(talk: Talk) -> None:
    talk.gets_to("province")
    talk.slots = {"requested_slot": "lodge", "answer": "contact_me", "group": None}
    talk.hears("faq")
    assert talk.at == "province"


def test_every_question_has_its_ask() -> None:
    assert {name.removeprefix("action_ask_complaint_form_") for name in ASKS} == STEPS


def test_only_codes_answer() -> None:
    assert accepts("store", "yes")
    assert not accepts("story", "ខ្ញុំ")
    assert not accepts("detail", "សុខា")
    assert not accepts("nothing", "yes")


# ---- the questions


def test_the_category_is_asked_in_six_groups_then_in_one(talk: Talk) -> None:
    talk.opens()
    assert payloads(talk.asks()) == [f"inform:group={phase}" for phase in Phase]
    talk.answers_with(group="abuse")
    assert talk.at == "category"
    shown = payloads(talk.asks())
    assert "inform:category=violence_harassment" in shown
    assert shown[-1] == "inform:category=other"
    talk.goes_back()
    assert len(payloads(talk.asks())) == len(Phase)


def test_every_category_is_in_a_group_and_other_in_all() -> None:
    found = [set(of_group(phase)) for phase in Phase]
    assert set().union(*found) == set(Category)
    assert all(Category.OTHER in group for group in found)


def test_provinces_come_ten_at_a_time_and_start_again(talk: Talk) -> None:
    talk.gets_to("province")
    seen: list[str] = []
    for expected in (10, 10, 5):
        shown = [p for p in payloads(talk.asks()) if p != "inform:province=unsaid"]
        assert len(shown) == expected
        seen += shown
        talk.hears("more")
    assert len(set(seen)) == 25
    assert "inform:province=KH-1" in payloads(talk.asks())


def test_a_page_turned_by_a_repeat_is_turned_once(talk: Talk) -> None:
    talk.gets_to("province")
    before = dict(talk.slots)
    first = talk.hears("more", "same")
    talk.slots = before
    assert talk.hears("more", "same") == first


def test_the_question_of_the_story_has_no_button_that_ends_it(talk: Talk) -> None:
    """Whoever has more just sends it; under what was told stands whether it may be kept."""
    talk.gets_to("story")
    assert keys(talk.asks()) == ["ask_story"]
    talk.hears("done")
    assert keys(talk.asks("done")) == ["story_empty"]
    talk.tells_the_story()
    asked = talk.asks("told")
    assert keys(asked) == ["story_kept_ask", "ask_consent"]
    assert payloads(asked) == ["inform:store=yes", "inform:store=no"]


def test_a_second_part_of_the_story_asks_no_second_time_at_length(talk: Talk) -> None:
    talk.gets_to("story")
    talk.tells_the_story()
    assert keys(talk.asks("told")) == ["story_kept_ask", "ask_consent"]
    talk.tells_the_story()
    asked = talk.asks("told")
    assert keys(asked) == ["story_kept_ask"]
    assert payloads(asked) == ["inform:store=yes", "inform:store=no"]
    assert talk.told() == ["story", "story"]


def test_who_ends_a_menu_before_she_told_her_story_is_asked_for_it_as_ever(talk: Talk) -> None:
    talk.gets_to("story")
    talk.hears("details")
    talk.hears("done")
    assert (talk.at, keys(talk.asks("done"))) == ("story", ["ask_story"])


@pytest.mark.usefixtures("offices")
def test_no_question_has_more_buttons_than_messenger_shows(talk: Talk) -> None:
    talk.gets_to("lodge")
    for step in STEPS - {"detail"}:
        _few_enough(all_payloads(talk(f"action_ask_complaint_form_{step}", "resume")))
    for detail in Detail:
        talk.hears("detail", detail=detail)
        _few_enough(all_payloads(talk.asks()))


def _few_enough(shown: list[str]) -> None:
    assert 1 <= len(shown) <= 13
    assert len(set(shown)) == len(shown)


def test_every_page_of_the_menu_fits_whatever_the_problem(talk: Talk) -> None:
    for category in Category:
        talk.opens("resume")
        talk.answers_with(category=category)
        for group in DetailGroup:
            talk.hears("details", of=group)
            assert 3 <= len(all_payloads(talk.asks())) <= 13


# ---- back from the first question


def test_who_said_by_mistake_that_it_is_for_somebody_else_comes_back_to_that(talk: Talk) -> None:
    talk.opens("change", step="complainant")
    talk.answers_with(complainant="family")
    assert talk.at == "category"
    assert "back" in all_payloads(talk.asks())
    assert keys(talk.goes_back()) == ["gone_back"]
    assert talk.at == "complainant"
    talk.answers_with(complainant="self")
    assert (talk.at, talk.answers()["complainant"]) == ("category", "self")


def test_back_at_the_first_question_ends_somewhere(talk: Talk) -> None:
    talk.opens("change", step="complainant")
    talk.answers_with(complainant="group")
    talk.goes_back()
    talk.goes_back()
    assert (talk.at, "complainant" in talk.answers()) == ("category", False)
    assert keys(talk.goes_back()) == ["cannot_go_back"]


def test_one_step_back_by_a_repeat_is_one_step(talk: Talk) -> None:
    talk.opens("change", step="complainant")
    talk.answers_with(complainant="family")
    before = dict(talk.slots)
    for _ in range(2):
        talk.slots = dict(before)
        talk.goes_back("same")
        assert talk.at == "complainant"

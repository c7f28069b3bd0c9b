"""Answers to the complaint form: judged, kept at once, put right."""

import pytest

from bot.actions import Answer
from referrals import draft
from tests.bot.actions.talk import Talk, all_payloads, keys, payloads

FACTS = {"category": "documents_withheld", "country": "TH"}
PLACES = {"country": "MY", "province": "KH-2", "sector": "fishing", "destination_province": "TH-21"}


# ---- opening


def test_what_was_said_at_once_is_read_back_and_not_asked(talk: Talk) -> None:
    places = {"province": "KH-14", "sector": "fishing", "destination_province": "TH-21"}
    answer = talk.opens(category="unpaid_wages", country="TH", **places)
    assert keys(answer) == ["begun", "heard"]
    assert answer.says[-1].values == {
        "facts": "category.unpaid_wages,country.TH,province.KH-14,sector.fishing,"
        "destination_province.TH-21"
    }
    assert talk.at == "story"


def test_a_grave_category_shows_the_way_to_help_first(talk: Talk) -> None:
    assert keys(talk.opens(category="violence_harassment")) == ["begun", "red_category", "heard"]


@pytest.mark.parametrize(
    "said",
    [
        {"category": "murder"},
        {"country": "XX"},
        {"province": "KH-26"},
        {"sector": "space"},
        {"destination_province": "TH-999"},
    ],
)
def test_what_is_no_code_is_not_taken_from_a_first_sentence(
    talk: Talk, said: dict[str, str]
) -> None:
    answer = talk("action_open_complaint", "complaint", said)
    assert keys(answer) == ["begun"]
    assert not set(said) & set(talk.answers())


def test_only_a_sentence_that_complains_says_what_it_is_about(talk: Talk) -> None:
    talk("action_open_complaint", "resume", FACTS)
    assert not set(FACTS) & set(talk.answers())


@pytest.mark.parametrize("step", ["country", "share_mrc", "lodge"])
@pytest.mark.parametrize("named", ["other", "unpaid_wages"])
@pytest.mark.usefixtures("offices")
def test_another_problem_named_while_one_is_told_is_offered_and_renames_nothing_by_itself(
    talk: Talk, step: str, named: str
) -> None:
    """So does the button "This is my problem" under an answer."""
    talk.opens(category="dismissal")
    talk.tells()
    talk.gets_to(step, category="dismissal")
    answer = talk.opens(category=named)
    assert keys(answer) == ["resumed_other"]
    assert answer.says[0].values == {"before": "dismissal", "category": named}
    assert all_payloads(answer) == ["resume", f"inform:category={named}"]
    assert talk.answers()["category"] == "dismissal"
    assert not talk.asks("complaint").says  # the offer is the only question
    talk.opens("resume")
    assert (talk.answers()["category"], talk.at) == ("dismissal", step)
    talk.opens(category=named)
    talk.answers_with(category=named)
    assert (talk.answers()["category"], talk.at) == (named, step)


def test_the_same_problem_named_once_more_is_no_other(talk: Talk) -> None:
    talk.opens(category="dismissal")
    talk.tells()
    assert keys(talk.opens(category="dismissal")) == ["resumed"]


def test_what_was_not_said_yet_is_heard_beside_another_problem(talk: Talk) -> None:
    talk.opens(category="dismissal")
    talk.tells()
    answer = talk.opens(category="unpaid_wages", country="MY")
    assert keys(answer) == ["heard", "resumed_other"]
    assert (talk.answers()["category"], talk.answers()["country"]) == ("dismissal", "MY")


def test_a_country_that_is_asked_for_does_not_hide_the_other_problem_named_with_it(
    talk: Talk,
) -> None:
    talk.gets_to("country", category="dismissal")
    answer = talk.hears("complaint", category="unpaid_wages", country="MY")
    assert keys(answer) == ["offer_change"]
    assert (talk.answers()["category"], talk.answers()["country"]) == ("dismissal", "MY")


def test_a_story_told_before_the_complaint_was_opened_begins_it_all_the_same(talk: Talk) -> None:
    talk.tells()
    with talk.site.store.writing() as session:
        begun = draft.open_(session, talk.site, talk.conversation, talk.channel)
        draft.answer(session, talk.site, begun, "danger", "yes")
    assert keys(talk.opens(category="unpaid_wages")) == ["begun", "heard"]
    assert talk.answers()["category"] == "unpaid_wages"


def test_another_country_said_on_opening_takes_the_place_abroad_away(talk: Talk) -> None:
    talk.opens(country="TH", destination_province="TH-21")
    talk.opens(country="MY")
    assert "destination_province" not in talk.answers()


def test_opening_twice_by_a_repeat_says_the_same(talk: Talk) -> None:
    first = talk("action_open_complaint", "complaint", FACTS, update="same")
    assert talk("action_open_complaint", "complaint", FACTS, update="same") == first


# ---- answering


@pytest.mark.parametrize(
    ("step", "value"), [("category", "murder"), ("country", "XX"), ("province", "KH-26")]
)
def test_what_is_no_code_is_refused_and_asked_again(talk: Talk, step: str, value: str) -> None:
    talk.gets_to(step)
    assert keys(talk.answers_with(**{step: value})) == ["not_in_list"]
    assert talk.at == step
    assert step not in talk.answers()


def test_an_answer_is_in_the_draft_at_once(talk: Talk) -> None:
    talk.gets_to("province")
    talk.answers_with(province="KH-14")
    assert talk.answers()["province"] == "KH-14"
    assert talk.slots["answer"] == "province"  # by this Rasa sees that it was an answer


def test_the_slots_of_rasa_hold_no_answer(talk: Talk) -> None:
    talk.gets_to("contact_me")
    assert set(talk.slots) <= {"requested_slot", "answer", "group", "page", "misses"}


@pytest.mark.parametrize(
    "intent", ["faq", "privacy", "back", "danger", "nlu_fallback", "lost", "thank", "resume"]
)
def test_what_is_no_answer_is_left_to_the_rules_and_only_the_question_is_named(
    talk: Talk, intent: str
) -> None:
    talk.gets_to("province")
    before = talk.answers()
    named = ({"event": "slot", "name": "requested_slot", "value": "province"},)
    assert talk.hears(intent) == Answer(events=named)
    assert talk.answers() == before


def test_who_has_no_draft_is_asked_the_first_question(talk: Talk) -> None:
    talk.ask_for("contact_me")
    talk.answers_with(contact_me="yes")
    assert talk.at == "category"
    assert not talk.query(draft.find, talk.conversation)


def test_an_answer_that_fits_nothing_is_said_to_be_missed_and_then_a_person_is_offered(
    talk: Talk,
) -> None:
    talk.gets_to("country")
    assert keys(talk.hears("affirm")) == ["not_understood_here"]
    assert keys(talk.hears("affirm")) == ["not_understood_twice"]
    talk.answers_with(country="TH")
    assert keys(talk.hears("deny")) == ["not_understood_here"]


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("pressed", [{"share_mrc": "yes"}, {"contact_me": "no"}, {"lodge": "yes"}])
def test_an_old_button_fills_nothing_behind_her_back(talk: Talk, pressed: dict[str, str]) -> None:
    talk.gets_to("province")
    before = talk.consents()
    assert keys(talk.answers_with(**pressed)) == ["asked_later"]
    assert not set(pressed) & set(talk.answers())
    assert talk.consents() == before


def test_something_told_for_another_question_is_missed(talk: Talk) -> None:
    talk.gets_to("province")
    assert keys(talk.hears("told", told="story")) == ["not_understood_here"]


# ---- whose problem


@pytest.mark.parametrize(
    ("whose", "said"),
    [
        ("self", []),
        ("family", ["complainant_other"]),
        ("representative", ["complainant_other"]),
        ("group", ["complainant_group"]),
    ],
)
def test_who_tells_for_somebody_else_is_told_how(talk: Talk, whose: str, said: list[str]) -> None:
    talk.opens("change", step="complainant")
    assert talk.at == "complainant"
    assert "join" in all_payloads(talk.asks())
    assert keys(talk.answers_with(complainant=whose)) == said
    assert (talk.at, talk.answers()["complainant"]) == ("category", whose)


def test_nobody_is_asked_for_whom_it_is_before_what_it_is_about(talk: Talk) -> None:
    talk.opens()
    assert talk.at == "category"
    assert "change:step=complainant" in all_payloads(talk.asks())


# ---- corrections


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("step", ["story", "share_mrc", "contact_me", "lodge"])
@pytest.mark.parametrize(
    "intent", ["inform", "deny", "affirm", "nlu_fallback", "lost", "out_of_scope"]
)
def test_a_short_sentence_puts_places_right_at_any_step(talk: Talk, step: str, intent: str) -> None:
    talk.gets_to(step)
    consents = talk.consents()
    answer = talk.hears(intent, **PLACES)
    assert PLACES.items() <= talk.answers().items()
    assert keys(answer) == ["corrected"]
    assert set(answer.says[0].values["facts"].split(",")) == {
        f"{name}.{value}" for name, value in PLACES.items()
    }
    assert talk.at == step
    assert talk.consents() == consents  # "no, Malaysia" is no "no"


@pytest.mark.usefixtures("offices")
def test_after_a_correction_at_the_summary_the_summary_is_read_back(talk: Talk) -> None:
    talk.gets_to("lodge")
    talk.hears("deny", country="MY")
    asked = talk.asks("deny", country="MY")
    assert (keys(asked), asked.says[0].values["country"]) == (["summary"], "MY")


def test_a_repeated_correction_says_the_same(talk: Talk) -> None:
    talk.gets_to("story")
    before = dict(talk.slots)
    first = talk.hears("inform", "same", country="MY")
    talk.slots = before
    assert talk.hears("inform", "same", country="MY") == first


def test_what_is_said_again_as_it_was_is_no_correction(talk: Talk) -> None:
    talk.gets_to("story")
    assert not talk.hears("inform", country="TH").says


def test_another_country_takes_the_place_abroad_away_and_the_same_does_not(talk: Talk) -> None:
    talk.opens(**FACTS, destination_province="TH-21")
    talk.hears("inform", country="TH")
    assert talk.answers()["destination_province"] == "TH-21"
    talk.hears("inform", country="MY")
    assert "destination_province" not in talk.answers()


@pytest.mark.parametrize("first", ["country", "destination_province"])
def test_a_place_said_with_its_country_is_kept_in_either_order(talk: Talk, first: str) -> None:
    talk.opens(**{**FACTS, "country": "MY"})
    said = {"country": "TH", "destination_province": "TH-21"}
    talk.hears("inform", **{first: said[first], **said})
    assert said.items() <= talk.answers().items()


@pytest.mark.parametrize("intent", ["inform", "nlu_fallback"])
def test_a_place_nobody_knows_corrects_nothing(talk: Talk, intent: str) -> None:
    talk.gets_to("story")
    before = talk.answers()
    talk.hears(intent, sector="space", country="XX")
    assert {k: v for k, v in talk.answers().items() if k in PLACES} == {
        k: v for k, v in before.items() if k in PLACES
    }


def test_a_province_that_was_typed_counts_even_in_a_sentence_nobody_understood(talk: Talk) -> None:
    talk.gets_to("province")
    talk.hears("nlu_fallback", province="KH-2")
    assert (talk.at, talk.answers()["province"]) == ("story", "KH-2")


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("step", ["country", "story", "share_mrc", "lodge"])
def test_a_sentence_does_not_change_the_category_and_its_button_does(talk: Talk, step: str) -> None:
    talk.gets_to(step, category="dismissal")
    offered = talk.hears("complaint", category="unpaid_wages")
    assert (keys(offered), talk.at) == (["offer_change"], step)
    assert talk.answers()["category"] == "dismissal"
    assert payloads(offered) == ["inform:category=unpaid_wages"]
    talk.answers_with(category="unpaid_wages")
    assert (talk.answers()["category"], talk.at) == ("unpaid_wages", step)


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("step", ["country", "share_mrc", "lodge"])
@pytest.mark.parametrize(
    ("intent", "said", "category"),
    [
        ("affirm", {"surely": "yes"}, "unpaid_wages"),
        ("affirm", {}, "unpaid_wages"),
        ("deny", {}, "dismissal"),
    ],
)
def test_yes_or_no_to_another_problem_answers_that_and_nothing_else(
    talk: Talk, step: str, intent: str, said: dict[str, str], category: str
) -> None:
    talk.gets_to(step, category="dismissal")
    talk.hears("complaint", category="unpaid_wages")
    assert not talk.asks("complaint").says  # the offer is the only question
    slots, consents = dict(talk.slots), talk.consents()
    for _ in range(2):  # a repeat answers nothing else either
        talk.slots = dict(slots)
        talk.hears(intent, "same", **said)
        assert (talk.at, talk.answers()["category"]) == (step, category)
        assert talk.consents() == consents


@pytest.mark.parametrize("said", [{}, {"category": "dismissal"}, {"category": "murder"}])
def test_a_sentence_about_the_same_problem_changes_nothing(
    talk: Talk, said: dict[str, str]
) -> None:
    talk.gets_to("country", category="dismissal")
    assert not talk.hears("complaint", **said).says
    assert (talk.at, talk.answers()["category"]) == ("country", "dismissal")


def test_a_grave_category_that_is_chosen_shows_the_way_to_help(talk: Talk) -> None:
    talk.opens()
    assert keys(talk.answers_with(category="missing_person")) == ["red_category"]
    assert not keys(talk.answers_with(category="dismissal"))

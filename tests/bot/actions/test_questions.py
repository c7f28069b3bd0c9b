"""What can be done with an answer: hear it again, more simply, aloud; and what follows from it."""

import pytest

from bot import conversation
from bot.actions.protocol import Answer
from bot.content import content, living
from bot.message import Language
from tests.bot.actions.talk import HER, NOW, Talk, keys, payloads

WAGE = {"topic": "minimum_wage", "country": "TH"}


def values(answer: Answer) -> dict[str, str]:
    return dict(answer.says[-1].values)


def names(answer: Answer) -> list[str]:
    """Give the buttons that are not a label."""
    return [b for b in answer.says[-1].buttons or () if isinstance(b, str)]


def record(talk: Talk) -> None:
    with talk.site.store.writing() as session:
        living.record(
            session,
            "minimum_wage",
            "TH",
            Language.KM,
            media_type="audio/ogg",
            sound=b"OggS",
            author=None,
            now=NOW,
        )


def test_an_answer_leads_on_to_the_problem_a_person_and_related_questions(talk: Talk) -> None:
    answer = talk("action_faq", "faq", WAGE)
    here = "topic=minimum_wage;country=TH"
    assert payloads(answer) == [
        "complaint:category=unpaid_wages;country=TH",
        f"simpler:{here}",
        f"again:{here}",
        "faq:topic=unpaid_wages_help",
        "faq:topic=hours_overtime",
        "faq:topic=minimum_wage;country=MY",
    ]
    assert names(answer) == ["person", "menu"]


@pytest.mark.parametrize("topic", content().faq)
def test_no_answer_has_more_buttons_than_messenger_shows(talk: Talk, topic: str) -> None:
    for entry in content().faq[topic]:
        asked = {"topic": topic} | ({"country": entry.country} if entry.country != "any" else {})
        assert len(talk("action_faq", "faq", asked).says[-1].buttons or ()) <= 13


def test_the_country_she_asked_about_is_remembered_for_the_next_question(talk: Talk) -> None:
    talk("action_faq", "faq", {"topic": "minimum_wage", "country": "MY"})
    assert values(talk("action_faq", "faq", {"topic": "work_accident"}))["country"] == "MY"


def test_a_country_that_is_named_counts_more_than_the_one_remembered(talk: Talk) -> None:
    talk("action_faq", "faq", {"topic": "minimum_wage", "country": "MY"})
    answer = talk("action_faq", "faq", {"topic": "work_accident", "country": "TH"})
    assert values(answer)["country"] == "TH"


def test_the_last_answer_is_read_again(talk: Talk) -> None:
    first = talk("action_faq", "faq", WAGE)
    again = talk("action_again", "again")
    assert (keys(again), values(again)) == (keys(first), values(first))


def test_the_button_names_its_answer_whatever_was_said_since(talk: Talk) -> None:
    talk("action_faq", "faq", {"topic": "send_money"})
    again = talk("action_again", "again", WAGE)
    assert values(again)["topic"] == "minimum_wage"
    assert values(again)["country"] == "TH"


def test_an_answer_is_said_more_simply_and_can_be_had_in_full_again(talk: Talk) -> None:
    talk("action_faq", "faq", WAGE)
    simple = talk("action_simpler", "simpler")
    assert values(simple) == {**WAGE, "form": "simple"}
    assert not [p for p in payloads(simple) if p.startswith("simpler")]
    assert [p for p in payloads(simple) if p.startswith("again")]


@pytest.mark.parametrize("asked", ["again", "simpler", "hear"])
def test_with_no_answer_before_it_she_is_told_kindly(talk: Talk, asked: str) -> None:
    assert keys(talk(f"action_{asked}", "listen" if asked == "hear" else asked)) == [
        "again_nothing"
    ]


@pytest.mark.parametrize("asked", ["again", "simpler", "hear"])
def test_within_a_form_its_own_question_comes_again_and_no_old_answer(
    talk: Talk, asked: str
) -> None:
    talk("action_faq", "faq", WAGE)
    talk.ask_for("province")
    assert talk(f"action_{asked}", "listen" if asked == "hear" else asked).says == ()


def test_the_recorded_voice_comes_along(talk: Talk) -> None:
    record(talk)
    answer = talk("action_faq", "faq", WAGE)
    assert values(answer)["voice"] == "yes"
    assert not [p for p in payloads(answer) if p.startswith("listen")]


def test_to_who_saves_data_a_voice_comes_only_when_she_taps(talk: Talk) -> None:
    record(talk)
    assert keys(talk("action_data", "data", {"data": "less"})) == ["less_data"]
    answer = talk("action_faq", "faq", WAGE)
    assert "voice" not in values(answer)
    assert "listen:topic=minimum_wage;country=TH" in payloads(answer)
    assert values(talk("action_hear", "listen", WAGE))["voice"] == "yes"
    talk("action_data", "data", {"data": "all"})
    assert values(talk("action_faq", "faq", WAGE))["voice"] == "yes"


def test_without_a_recording_nobody_is_offered_to_listen(talk: Talk) -> None:
    talk("action_data", "data", {"data": "less"})
    answer = talk("action_faq", "faq", WAGE)
    assert not [p for p in payloads(answer) if p.startswith("listen")]


def test_settings_offer_to_save_data_or_to_stop_saving_it(talk: Talk) -> None:
    assert "less_data" in names(talk("action_settings", "settings"))
    talk("action_data", "data", {"data": "less"})
    offered = names(talk("action_settings", "settings"))
    assert "all_data" in offered
    assert "less_data" not in offered


def test_an_edited_answer_is_the_one_she_gets_and_its_buttons_lead_on(talk: Talk) -> None:
    entry = content().answers("minimum_wage", "TH")[0]
    changed = entry.model_copy(update={"related": ("send_money",), "category": "other"})
    with talk.site.store.writing() as session:
        living.save(
            session,
            "minimum_wage",
            changed,
            country="TH",
            over=0,
            author=None,
            note="",
            now=NOW,
        )
    shown = payloads(talk("action_faq", "faq", WAGE))
    assert "faq:topic=send_money" in shown
    assert "complaint:category=other;country=TH" in shown


def test_what_she_chose_is_kept_with_the_conversation(talk: Talk) -> None:
    talk("action_faq", "faq", WAGE)
    talk("action_data", "data", {"data": "less"})
    state = talk.query(conversation.state, HER)
    assert (state.country, state.low_data) == ("TH", True)

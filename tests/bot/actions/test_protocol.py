"""Rasa's action server protocol, as RemoteAction of rasa 3.6 speaks it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.actions import ACTIONS, Answer, BadRequest, Say, parse_request
from bot.actions.protocol import choice, slot
from bot.message import Language

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def call(**tracker: Any) -> dict[str, Any]:
    """A call as Rasa 3.6.21 posts it (shortened)."""
    return {
        "next_action": "validate_complaint_form",
        "sender_id": "a" * 64,
        "version": "3.6.21",
        "tracker": {
            "sender_id": "a" * 64,
            "slots": {"requested_slot": "category", "category": "unpaid_wages", "page": None},
            "latest_message": {
                "intent": {"name": "inform", "confidence": 1.0},
                "entities": [{"entity": "category", "value": "unpaid_wages"}],
                "intent_ranking": [{"name": "inform", "confidence": 0.7}],
                "text": None,
                "message_id": "telegram:7",
            },
            "events": [
                {"event": "user", "message_id": "telegram:7"},
                {"event": "slot", "name": "group", "value": "work"},
                {"event": "action", "name": "complaint_form"},
                {"event": "slot", "name": "category", "value": "unpaid_wages"},
            ],
            "active_loop": {"name": "complaint_form", "rejected": False},
            "latest_input_channel": "telegram",
            **tracker,
        },
    }


def test_a_call_of_rasa_is_read() -> None:
    asked = parse_request(call(), Language.KM, NOW)
    assert (asked.name, asked.conversation, asked.update) == (
        "validate_complaint_form",
        "a" * 64,
        "telegram:7",
    )
    assert (asked.intent, dict(asked.entities)) == ("inform", {"category": "unpaid_wages"})
    assert (asked.loop, asked.requested, asked.channel) == (
        "complaint_form",
        "category",
        "telegram",
    )
    assert asked.ranking == (("inform", 0.7),)
    assert asked.slot("page") is None


def test_only_what_was_filled_last_is_a_candidate() -> None:
    assert parse_request(call(), Language.KM, NOW).candidates == {"category": "unpaid_wages"}


def test_the_requested_slot_is_no_candidate() -> None:
    events = [{"event": "slot", "name": "requested_slot", "value": "lodge"}]
    assert not parse_request(call(events=events), Language.KM, NOW).candidates


def said(*intents: str) -> list[dict[str, object]]:
    return [
        {"event": "user", "message_id": f"web:{n}", "parse_data": {"intent": {"name": intent}}}
        for n, intent in enumerate(intents)
    ]


@pytest.mark.parametrize(
    ("intents", "again"),
    [
        (("lost",), False),
        (("greet", "lost"), False),
        (("lost", "lost"), True),
        (("nlu_fallback", "lost"), True),
        (("lost", "greet", "lost"), False),
    ],
)
def test_not_understood_again_is_the_second_time_in_a_row(
    intents: tuple[str, ...], again: bool
) -> None:
    assert parse_request(call(events=said(*intents)), Language.KM, NOW).again is again


def test_one_message_that_rasa_logged_twice_is_one() -> None:
    events = [*said("lost"), *said("lost")]
    assert not parse_request(call(events=events), Language.KM, NOW).again


def test_the_update_is_found_in_the_events_when_the_message_does_not_say_it() -> None:
    asked = parse_request(call(latest_message={"intent": None}), Language.KM, NOW)
    assert asked.update == "telegram:7"


def test_a_fresh_tracker_is_read() -> None:
    empty = call(slots={}, latest_message={}, events=[], active_loop={}, latest_input_channel=None)
    asked = parse_request(empty, Language.EN, NOW)
    assert (asked.intent, asked.loop, asked.requested, asked.update) == (None, None, None, "")


@pytest.mark.parametrize("broken", [{}, {"tracker": {}}, {"tracker": 7, "next_action": "a"}])
def test_what_is_no_call_is_refused_without_a_quote(broken: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as refusal:
        parse_request(broken, Language.KM, NOW)
    assert str(refusal.value).startswith("not a call of the action server protocol: ")


def test_an_answer_is_written_as_rasa_reads_it() -> None:
    said = Say("ask_country", {"topic": "minimum_wage"}, (choice("country.TH", "faq"), "menu"))
    assert Answer((said, Say("menu")), (slot("page", "2"),)).as_json() == {
        "events": [{"event": "slot", "name": "page", "value": "2"}],
        "responses": [
            {
                "custom": {
                    "say": "ask_country",
                    "with": {"topic": "minimum_wage"},
                    "buttons": [{"label": "country.TH", "payload": "faq"}, "menu"],
                }
            },
            {"custom": {"say": "menu", "with": {}}},
        ],
    }


def test_every_action_of_the_domain_is_here(pytestconfig: pytest.Config) -> None:
    import yaml

    domain = yaml.safe_load((pytestconfig.rootpath / "domain.yml").read_text(encoding="utf-8"))
    assert set(domain["actions"]) == set(ACTIONS)


def test_the_same_update_of_two_conversations_is_two_deliveries() -> None:
    one, again = (parse_request(call(), Language.KM, NOW).delivery for _ in range(2))
    other = parse_request({**call(), "sender_id": "b" * 64}, Language.KM, NOW).delivery
    assert one == again != other

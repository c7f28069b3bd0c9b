"""Plain orders that Rasa is not asked about: why, to go on, and which of two places is meant."""

from pathlib import Path

import pytest

from bot.rasa import Found
from tests.bot.turn_house import Chat, new_chat

NOT_MALAYSIA = (Found("country", "TH", 0, 2), Found("country", "MY", 9, 17))
"""Where the places stand in "ថៃ មិនមែនម៉ាឡេស៊ី"."""


@pytest.fixture
def chat(tmp_path: Path) -> Chat:
    return new_chat(tmp_path)


@pytest.mark.parametrize(
    "asked", [None, "category", "story", "detail", "addition", "share_mrc", "code", "new_secret"]
)
@pytest.mark.parametrize("text", ["why?", "ហេតុអ្វី", "ហេតុអីសួរ"])
def test_a_plain_why_is_heard_at_every_question_and_kept_at_none(
    chat: Chat, asked: str | None, text: str
) -> None:
    chat.asked_for(asked)
    heard = chat.sends(text)
    assert (heard.intent, heard.entities) == ("unknown", (("kind", "why"),))
    assert chat.told() == chat.told("detail") == []


@pytest.mark.parametrize("asked", [None, "category", "story", "detail", "addition", "code"])
@pytest.mark.parametrize("text", ["continue", "ចង់បន្ត"])
def test_a_plain_wish_to_go_on_is_the_button_when_something_was_begun(
    chat: Chat, asked: str | None, text: str
) -> None:
    chat.asked_for("story")
    chat.sends("ថៅកែមិនបើកលុយ")
    chat.asked_for(asked)
    assert chat.sends(text).intent == "resume"
    assert chat.told() == ["ថៅកែមិនបើកលុយ"]


def test_who_has_begun_nothing_cannot_go_on_and_gets_the_menu(chat: Chat) -> None:
    chat.dialogue.ranking = (("cancel", 0.97),)
    assert chat.sends("continue").intent == "menu"


def test_a_correction_typed_where_the_story_is_asked_for_is_heard_and_is_no_story(
    chat: Chat,
) -> None:
    chat.asked_for("story")
    chat.dialogue.places = NOT_MALAYSIA
    heard = chat.sends("ថៃ មិនមែនម៉ាឡេស៊ី")
    assert (heard.intent, heard.entities) == ("inform", (("country", "TH"),))
    assert chat.told() == []


def test_a_place_told_for_a_detail_is_kept(chat: Chat) -> None:
    chat.asked_for("detail")
    chat.dialogue.places = NOT_MALAYSIA
    assert chat.sends("ថៃ មិនមែនម៉ាឡេស៊ី").intent == "told"
    assert chat.told() == ["ថៃ មិនមែនម៉ាឡេស៊ី"]

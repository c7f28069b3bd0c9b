"""What single says must say, beyond the rules that the checker holds for all of them."""

import pytest

from bot.content import Content, content


@pytest.fixture(name="words", scope="module")
def _words() -> Content:
    return content()


def test_what_is_left_on_a_hidden_chat_gives_nothing_away(words: Content) -> None:
    last = words.says["hide_last"]
    assert not last.buttons
    assert "samleng" not in last.en.lower()
    assert "សំឡេង" not in last.km


def test_the_announcement_of_a_letter_says_when_to_read_it(words: Content) -> None:
    said = words.says["letter_waiting"]
    assert "alone" in said.en
    assert "ម្នាក់ឯង" in said.km
    assert said.buttons == ("letter",)


def test_the_answer_on_privacy_names_the_channels_and_the_phone(words: Content) -> None:
    said = words.says["privacy"]
    assert all(w in said.en for w in ("Telegram", "Facebook", "phone"))
    assert all(w in said.km for w in ("តេឡេក្រាម", "ហ្វេសប៊ុក", "ទូរស័ព្ទ"))


@pytest.mark.parametrize("key", ["store_refused", "nobody_can_act", "human"])
def test_who_is_not_helped_by_us_is_told_whom_to_call(key: str, words: Content) -> None:
    said = words.says[key]
    assert "{contacts}" in said.km
    assert {"TH", "MY", "KH"} <= said.contacts.keys()

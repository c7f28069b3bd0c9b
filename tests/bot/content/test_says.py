"""What single says must say, beyond the rules that the checker holds for all of them."""

import pytest

from bot.content import Content, content
from bot.content.render import TICK
from bot.content.shapes import TITLE_LIMIT, utf16_length
from bot.message import Language
from referrals.intake import CHOICES, Detail


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


CHANGED_AFTERWARDS = ("share_mrc", "share_pdolvt", "share_legal_aid", "contact_me")
TICKED = [
    *(f"detail.{detail}" for detail in Detail),
    *(f"choice.{choice}" for choices in CHOICES.values() for choice in choices),
    *(f"consent.{code}" for code in CHANGED_AFTERWARDS),
]


@pytest.mark.parametrize("path", TICKED)
def test_a_ticked_title_is_not_cut(path: str, words: Content) -> None:
    for language in Language:
        assert utf16_length(f"{TICK} {words.label(path).title(language)}") <= TITLE_LIMIT


@pytest.mark.parametrize("detail", Detail)
def test_a_detail_is_asked_for_in_one_bubble(detail: Detail, words: Content) -> None:
    said = words.says[f"detail_{detail}"]
    assert "\n\n" not in said.km.strip()
    assert "\n\n" not in said.en.strip()


@pytest.mark.parametrize("key", ["close_sure", "erase_sure"])
def test_what_cannot_easily_be_undone_is_asked_with_its_code(key: str, words: Content) -> None:
    said = words.says[key]
    assert "{code}" in said.km
    assert said.km.splitlines()[0].endswith("?")


def test_what_is_counted_says_before_that_it_cannot_be_taken_back(words: Content) -> None:
    assert "cannot be taken back" in words.says["ask_papers"].en


def test_papers_that_help_are_never_demanded(words: Content) -> None:
    assert "You need not have any of it" in words.says["details_papers"].en
    assert words.says["details_papers"].km.rstrip().endswith("គ្មានក៏មិនអីដែរ។")
    papers = [words.says[f"detail_{it}"] for helping in words.evidence.values() for it in helping]
    assert all("ត្រូវតែ" not in said.km for said in papers)

"""Long words are cut where they may be, and nothing is lost."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.fit import shorten, split_text, units, whole, width

WORDS = st.text(st.sampled_from("កខ្រុំាះ។៕ \n\u200bab.!😀👩\u200d👧"), max_size=300)


@given(WORDS, st.integers(8, 60))
def test_parts_fit_and_only_blanks_at_the_cuts_are_lost(text: str, limit: int) -> None:
    parts = split_text(text, limit)
    assert all(0 < units(part) <= limit for part in parts)
    assert re.sub(r"\s", "", "".join(parts)) == re.sub(r"\s", "", text)


@given(WORDS, st.integers(4, 30))
def test_a_title_fits(title: str, limit: int) -> None:
    assert units(shorten(title, limit)) <= limit


def test_a_paragraph_is_a_better_cut_than_a_sentence() -> None:
    text = "មួយ។ ពីរ។\n\nបី។ បួន។ ប្រាំ។"
    assert split_text(text, 20) == ["មួយ។ ពីរ។", "បី។ បួន។ ប្រាំ។"]


def test_a_letter_is_not_torn_from_its_marks() -> None:
    for limit in range(7, 30):
        for part in split_text("ស្ត្រី" * 20, limit)[:-1]:
            assert part.endswith("ី")
            assert not unicodedata.combining(part[0])


@pytest.mark.parametrize(("title", "room"), [("ស្ត្រី", 1), ("abc", 3), ("💰 ក", 4), ("", 0)])
def test_marks_and_joined_letters_take_no_room(title: str, room: int) -> None:
    assert width(title) == room


def test_half_a_letter_is_replaced_and_a_whole_one_kept() -> None:
    assert whole("a\ud83d") == "a\ufffd"
    assert whole("a😀") == "a😀"

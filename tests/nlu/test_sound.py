"""Words that sound alike are written alike, whatever the script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.sound import sound


@pytest.mark.parametrize(
    ("khmer", "typed"),
    [
        ("ខ្ញុំ", ["khnhom", "knhom", "knyom", "khnhum", "khnom"]),
        ("ថៅកែ", ["thaokae", "taoke", "taukae", "thavke"]),
        ("លុយ", ["luy", "loy", "luoy", "lui"]),
        ("ច្បាប់", ["chbab", "jbab", "chbap"]),
        ("ប្រាក់ខែ", ["prakkhae", "brakhe", "prak khae".replace(" ", "")]),
        ("យើង", ["yerng", "yoeng", "yeung"]),
        ("ត្រូវ", ["trov", "trauv", "trow"]),
        ("ប៉ាំង", ["pang", "bang"]),
        ("ការងារ", ["kagnea".replace("gn", "ng"), "karngear"]),
        ("ប្រេសន៍", ["bres", "pres"]),
    ],
)
def test_the_spellings_of_a_word_sound_like_the_word(khmer: str, typed: list[str]) -> None:
    assert {sound(spelling) for spelling in typed} == {sound(khmer)}


@pytest.mark.parametrize(("one", "other"), [("ថៃ", "ម៉ាឡេ"), ("ប្តឹង", "ប្តី"), ("pdeng", "pdey")])
def test_other_words_sound_otherwise(one: str, other: str) -> None:
    assert sound(one) != sound(other)


@pytest.mark.parametrize("word", ["", "\u17d2", "\u17c6", "្ក", "ៗ", "៍", "😀", "อ", "3", "--"])
def test_anything_has_a_sound_or_none(word: str) -> None:
    assert isinstance(sound(word), str)


def test_numbers_stay() -> None:
    assert sound("15000") == "15000"


def test_english_in_khmer_letters_is_close_to_english() -> None:
    assert sound("ម៉ាឡេស៊ី") == sound("malaysi")


@given(st.text(max_size=40))
def test_case_does_not_matter(word: str) -> None:
    assert sound(word.lower()) == sound(word)

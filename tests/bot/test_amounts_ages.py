"""`I 25 years` is an age, `I worked 5 years` a span."""

import pytest

from bot.amounts import duration
from bot.text import normalise


@pytest.mark.parametrize(
    "typed",
    [
        "ខ្ញុំ 25 ឆ្នាំ",
        "ខ្ញុំ ២៥ឆ្នាំ",
        "ខ្ញុំម្ភៃប្រាំឆ្នាំ",
        "ខ្ញុំបាទ 28 ឆ្នាំ",
        "នាងខ្ញុំ ២១ឆ្នាំ",
        "ខ្ញុំទើប 17 ឆ្នាំ",
        "អាយុ ២៥ ឆ្នាំ",
        "អាយុ ប្រហែល 25 ឆ្នាំ",
        "nhom 25 chnam",
        "khnhom mphei chnam",
        "nhom terb 17 chnam",
        "ayu kon nhom 5 chnam",
        "I'm 19 years",
        "I’m 19 years",
        "im 22 years",
        "I am nineteen years",
        "I am now about 25 years",
        "I am 30 years old",
        "19-year-old",
        "I'm a 25 years woman",
        "kyom is 45 year",
    ],
)
def test_years_right_after_i_are_an_age(typed: str) -> None:
    assert duration(normalise(typed)) is None


@pytest.mark.parametrize(
    "typed",
    [
        "ប្អូនស្រីខ្ញុំ 17 ឆ្នាំ",
        "ប្រពន្ធខ្ញុំ 27 ឆ្នាំ",
        "ក្មេងប្រុស8ឆ្នាំ",
        "កូនស្រី 14 ឆ្នាំ",
        "koat 40 chnam",
        "bong srey 30 chnam",
        "she is 16 years",
        "my sister is 16 years",
        "my son is 6 years",
        "ឈ្មោះ សុខា 25 ឆ្នាំ",
        "chmous Sok 25 chnam",
    ],
)
def test_years_right_after_somebody_are_an_age(typed: str) -> None:
    assert duration(normalise(typed)) is None


@pytest.mark.parametrize(
    ("typed", "span"),
    [
        ("ខ្ញុំធ្វើការ 5 ឆ្នាំ", "5 year"),
        ("ខ្ញុំនៅថៃ ១៥ឆ្នាំហើយ", "15 year"),
        ("ធ្វើការប្រហែល ១០ឆ្នាំ", "10 year"),
        ("I worked 3 years", "3 year"),
        ("I worked only 12 years", "12 year"),
        ("I've been here 2 years", "2 year"),
        ("I was there for 11 years", "11 year"),
        ("the contract is 10 years", "10 year"),
        ("nhom tver ka 2 chnam", "2 year"),
        ("nhom nov malay 14 chnam hoy", "14 year"),
    ],
)
def test_years_after_what_somebody_did_are_a_span(typed: str, span: str) -> None:
    assert duration(normalise(typed)) == span


@pytest.mark.parametrize(
    ("typed", "span"),
    [
        ("ខ្ញុំ 3 ឆ្នាំហើយ មិនបានលុយ", "3 year"),
        ("ខ្ញុំ ៦ខែ មិនបានប្រាក់ខែ", "6 month"),
        ("nhom 15 thngai ot berk luy", "15 day"),
    ],
)
def test_nobody_who_writes_is_three_years_or_six_months(typed: str, span: str) -> None:
    assert duration(normalise(typed)) == span


@pytest.mark.parametrize(
    ("typed", "span"),
    [
        ("ខ្ញុំ ២៥ ឆ្នាំ ធ្វើការ ៣ ឆ្នាំ", "3 year"),
        ("ប្អូនខ្ញុំ ១៦ឆ្នាំ ធ្វើការ ២ឆ្នាំ", "2 year"),
        ("nhom ayu 25 chnam tver ka thai 3 chnam", "3 year"),
        ("I am 25 years old and worked 6 months", "6 month"),
    ],
)
def test_the_span_after_an_age_is_found(typed: str, span: str) -> None:
    assert duration(normalise(typed)) == span

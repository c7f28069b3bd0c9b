"""A code said in words is put into digits, and nothing else is."""

import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum import verhoeff

from bot.spoken import digits
from referrals.code import DIGITS, GROUP_DIGITS, WrongCode, read, read_group

KHMER = ["សូន្យ", "មួយ", "ពីរ", "បី", "បួន", "ប្រាំ", "ប្រាំមួយ", "ប្រាំពីរ", "ប្រាំបី", "ប្រាំបួន"]
TENS = ["", "ដប់", "ម្ភៃ", "សាមសិប", "សែសិប", "ហាសិប", "ហុកសិប", "ចិតសិប", "ប៉ែតសិប", "កៅសិប"]
ROMAN = ["soun", "muoy", "pi", "bei", "buon", "pram", "prammuoy", "prampi", "prambei", "prambuon"]
APART = [*ROMAN[:6], "pram muoy", "pram pi", "pram bei", "pram buon"]
ENGLISH = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
FIGURES = [list("0123456789"), list("០១២៣៤៥៦៧៨៩"), list("๐๑๒๓๔๕๖๗๘๙")]


def codes(length: int) -> st.SearchStrategy[str]:
    bodies = st.text("0123456789", min_size=length - 1, max_size=length - 1)
    return bodies.map(lambda body: body + verhoeff.calc_check_digit(body))


CODES = st.one_of(codes(DIGITS), codes(GROUP_DIGITS))


def say(code: str, words: list[str], between: str = " ") -> str:
    return between.join(words[int(digit)] for digit in code)


@given(CODES)
def test_a_code_said_digit_by_digit_comes_back(code: str) -> None:
    for words in (KHMER, ROMAN, ENGLISH, *FIGURES):
        for between in (" ", "  ", " - ", ", "):
            assert digits(say(code, words, between), length=len(code)) == code


@given(st.lists(st.sampled_from([KHMER, ENGLISH, *FIGURES]), min_size=9, max_size=9), CODES)
def test_languages_and_figures_may_be_mixed(spoken: list[list[str]], code: str) -> None:
    said = " ".join(words[int(digit)] for words, digit in zip(spoken, code, strict=False))
    assert digits(said, length=len(code)) == code


@given(CODES)
def test_written_without_spaces_the_check_digit_tells_which_was_meant(code: str) -> None:
    """What can be read in two ways that are both a code is not decided for her."""
    for words, between in ((KHMER, ""), (APART, " ")):
        said = say(code, words, between)
        got = digits(said, length=len(code))
        if "53" not in code and not any(f"5{small}" in code for small in "124"):
            assert got == code
        elif got != said:
            assert say(got, words, between) == said
            assert (read_group if len(got) == GROUP_DIGITS else read)(got) == got


def test_five_three_is_read_as_the_code_needs_it() -> None:
    """The same sounds: eight in one code, five and three in another."""
    told_apart = 0
    for start in range(400):
        body = f"53{start:03d}96"
        for check in "0123456789":
            try:
                code = read_group(body + check)
            except WrongCode:
                continue
            said = say(code, KHMER, "")
            got = digits(said, length=GROUP_DIGITS)
            told_apart += got == code
            assert got == said or say(got, KHMER, "") == said
    assert told_apart > 250


@given(codes(GROUP_DIGITS))
def test_a_group_code_is_understood_in_pairs(code: str) -> None:
    """12 34: twelve, thirty-four; and 05: zero five."""

    def pair(two: str) -> str:
        ten, unit = int(two[0]), int(two[1])
        if ten == 0:
            return f"{KHMER[0]} {KHMER[unit]}"
        return TENS[ten] + (KHMER[unit] if unit else "")

    said = ", ".join(pair(code[place : place + 2]) for place in range(0, 8, 2))
    assert digits(said, length=GROUP_DIGITS) == code


@given(codes(DIGITS))
def test_a_case_code_is_understood_in_hundreds(code: str) -> None:
    assume("0" not in (code[0], code[3], code[6]))

    def three(said: str) -> str:
        hundreds, ten, unit = (int(digit) for digit in said)
        return f"{KHMER[hundreds]}រយ{TENS[ten]}{KHMER[unit] if unit else ''}"

    said = " ".join(three(code[place : place + 3]) for place in range(0, 9, 3))
    assert digits(said, length=9) == code


@pytest.mark.parametrize(
    ("said", "put"),
    [
        ("បួន ប្រាំបី ពីរ", "482"),
        ("បួនប្រាំបីពីរ", "482"),
        ("buon pram bei pi", "482"),
        ("Buon, PRAMBEI, pir", "482"),
        ("four eight two", "482"),
        ("four eight two dash nine one three", "482913"),
        ("បួនប្រាំបីពីរ ដក ប្រាំបួនមួយបី", "482913"),
        ("ប្រាំ​បី​ពីរ​មួយ", "821"),
        ("៤៨២ ๙១๓ 05", "48291305"),
        ("twelve thirty-four fifty", "123450"),
        ("one hundred five", "105"),
        ("បួនរយ", "400"),
        ("បី ដណ្តប់ សូន្យ", "130"),
        ("ប្រាំ, បី, មួយ", "531"),
    ],
)
def test_a_part_of_a_code_alone_in_a_message_is_put_into_digits(said: str, put: str) -> None:
    assert digits(said) == put


@given(CODES)
def test_words_around_a_code_stay(code: str) -> None:
    said = f"លេខកូដ {say(code, KHMER)} អរគុណ"
    assert digits(said, length=len(code)) == f"លេខកូដ {code} អរគុណ"
    assert digits(f"my code is {say(code, ENGLISH)}.", length=len(code)) == f"my code is {code}."


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ពីរ",
        "pi",
        "ខ្ញុំមានកូនពីរនាក់",
        "ថៅកែជំពាក់ប្រាក់ខែខ្ញុំបីខែ  ប្រាំពាន់បាត",
        "I came with two friends three months ago",
        "khnhom mok pi phnom penh",
        "one two three years ago he left",
        "ហ្មួយបីបួនមីង",
        "០១២ ៣៤៥ ៦៧៨ ៩០១ ២៣៤",
        "🙂 four leaf",
    ],
)
def test_other_text_is_left_alone(text: str) -> None:
    assert digits(text) == text


@given(st.text(max_size=60))
def test_any_text_is_read_and_what_changes_is_digits(text: str) -> None:
    put = digits(text)
    assert put == text or any(sign.isdigit() for sign in put)


@given(CODES)
def test_digits_stay_digits(code: str) -> None:
    assert digits(digits(code)) == code


@pytest.mark.parametrize(
    "text",
    [
        "ប្រាំបី" * 600,
        "pram bei " * 450,
        "ដប់ ប្រាំ បី " * 9,
        "one hundred five pram bei " * 5,
        "ដប់ប្រាំបីរយ" * 6,
        "1 " * 2000,
        "-" * 4000,
    ],
)
def test_a_hostile_text_takes_no_time(text: str) -> None:
    digits("the words are read")
    begun = time.process_time()
    digits(text)
    assert time.process_time() - begun < 0.5

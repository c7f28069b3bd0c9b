"""Case codes: read as people type them, and a slip is noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referrals.code import WrongCode, new_code, read, spoken

KHMER = str.maketrans("0123456789", "០១២៣៤៥៦៧៨៩")


@given(st.builds(new_code))
def test_a_code_is_read_however_it_is_typed(code: str) -> None:
    for typed in (
        code,
        spoken(code),
        f" {spoken(code)} ",
        spoken(code).translate(KHMER),
        " ".join(code),
    ):
        assert read(typed) == code


@given(st.builds(new_code), st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(code: str, place: int, by: int) -> None:
    wrong = code[:place] + str((int(code[place]) + by) % 10) + code[place + 1 :]
    with pytest.raises(WrongCode):
        read(wrong)


@given(st.builds(new_code), st.integers(0, 7))
def test_two_swapped_digits_are_noticed(code: str, place: int) -> None:
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    if swapped != code:
        with pytest.raises(WrongCode):
            read(swapped)


@pytest.mark.parametrize("typed", ["", "12345678", "1234567890", "លេខកូដ"])
def test_a_wrong_length_is_refused(typed: str) -> None:
    with pytest.raises(WrongCode):
        read(typed)

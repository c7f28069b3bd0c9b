"""Codes of cases and groups: read as people type them, and a slip is noticed."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum import verhoeff

from referrals.code import (
    DIGITS,
    GROUP_DIGITS,
    WrongCode,
    new_code,
    new_group_code,
    read,
    read_group,
    spoken,
    spoken_group,
)

KHMER = str.maketrans("0123456789", "០១២៣៤៥៦៧៨៩")
THAI = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")
KINDS = [(DIGITS, read, spoken), (GROUP_DIGITS, read_group, spoken_group)]


def codes(length: int) -> st.SearchStrategy[str]:
    bodies = st.text("0123456789", min_size=length - 1, max_size=length - 1)
    return bodies.map(lambda body: body + verhoeff.calc_check_digit(body))


@pytest.mark.parametrize(
    ("new", "reads", "length"), [(new_code, read, 9), (new_group_code, read_group, 8)]
)
def test_a_new_code_is_one_and_another_each_time(new, reads, length: int) -> None:
    drawn = {new() for _ in range(100)}
    assert len(drawn) > 90
    assert {reads(code) for code in drawn} == drawn
    assert {len(code) for code in drawn} == {length}


@pytest.mark.parametrize(("length", "reads", "says"), KINDS)
@given(data=st.data())
def test_a_code_is_read_however_it_is_typed(length, reads, says, data) -> None:
    code = data.draw(codes(length))
    for typed in (
        code,
        says(code),
        f" {says(code)} ",
        says(code).translate(KHMER),
        says(code).translate(THAI),
        " ".join(code),
        f"លេខកូដ {says(code).translate(KHMER)}",
        f"code: {says(code).replace('-', ' ')}",
        f"លេខកូដ​របស់ខ្ញុំ៖{says(code)}។ អរគុណ",
        "".join(f"{digit}\ufe0f\u20e3" for digit in code),
        says(code).replace("-", "\u2013"),
        says(code).replace("-", "\u200b"),
    ):
        assert reads(typed) == code


@pytest.mark.parametrize(("length", "reads", "says"), KINDS)
@given(data=st.data(), place=st.integers(0, 7), by=st.integers(1, 9))
def test_one_wrong_digit_is_noticed(length, reads, says, data, place: int, by: int) -> None:
    code = data.draw(codes(length))
    wrong = code[:place] + str((int(code[place]) + by) % 10) + code[place + 1 :]
    with pytest.raises(WrongCode):
        reads(wrong)


@pytest.mark.parametrize(("length", "reads", "says"), KINDS)
@given(data=st.data(), place=st.integers(0, 6))
def test_two_swapped_digits_are_noticed(length, reads, says, data, place: int) -> None:
    code = data.draw(codes(length))
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assume(swapped != code)
    with pytest.raises(WrongCode):
        reads(swapped)


@pytest.mark.parametrize("typed", ["", "1", "1234567", "12345678901", "លេខកូដ"])
def test_a_wrong_length_is_refused(typed: str) -> None:
    with pytest.raises(WrongCode):
        read(typed)
    with pytest.raises(WrongCode):
        read_group(typed)


@given(codes(DIGITS), codes(GROUP_DIGITS))
def test_nobody_takes_a_group_for_a_case(code: str, group: str) -> None:
    with pytest.raises(WrongCode):
        read(group)
    with pytest.raises(WrongCode):
        read_group(code)


@given(codes(DIGITS))
def test_other_digits_beside_the_code_are_refused(code: str) -> None:
    for typed in (
        f"{code} 012 345 678",
        f"case 2: {code}",
        f"{code[:1]} កូន {code[1:]}",
        f"{code[:8]}²{code[8:]}",
    ):
        with pytest.raises(WrongCode):
            read(typed)


def test_a_case_is_said_in_threes_and_a_group_in_pairs() -> None:
    assert spoken("482913057") == "482-913-057"
    assert spoken_group("12345678") == "12-34-56-78"

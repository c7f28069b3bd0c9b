"""What is told becomes one form, and the form a token that only the office's key can make."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from referrals import blind
from referrals.blind import Kind
from referrals.keys import PrivateKey
from referrals.sealing import derived

NUMBER = "+85512345678"


def the_same(kind: Kind, one: str, other: str) -> bool:
    """Say whether two names, told as they are, share a form of the whole."""
    (first,), (second,) = blind.values(kind, one), blind.values(kind, other)
    return bool(blind.forms(first) & blind.forms(second))


@pytest.mark.parametrize(
    "text",
    [
        "012345678",
        "012 345 678",
        "០១២ ៣៤៥ ៦៧៨",
        "០១២-៣៤៥-៦៧៨",
        "+855 12 345 678",
        "+៨៥៥១២៣៤៥៦៧៨",
        "００８５５12345678 ឬ 012.345.678",
        "លេខ012345678ទៅ",
        "ខលមក (012) 345-678 ពេលល្ងាច",
    ],
)
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    assert NUMBER in blind.phones(text)


@pytest.mark.parametrize("term", ["12345678", "855 12 345 678", "+855(0)12345678", "០១២៣៤៥៦៧៨"])
def test_who_looks_for_a_number_may_write_it_in_short(term: str) -> None:
    assert NUMBER in blind.asked_phones(term)


def test_several_numbers_in_one_text_are_all_found() -> None:
    found = blind.phones("ថៅកែ 081-234-5678 មេខ្យល់ 012 345 678/097 123 4567")
    assert {NUMBER, "+855971234567", "+66812345678"} <= found


def test_a_number_of_the_country_of_work_is_found() -> None:
    assert "+819012345678" in blind.phones("090-1234-5678", "JP")
    assert "+819012345678" not in blind.phones("090-1234-5678", "TH")
    assert "+819012345678" in blind.asked_phones("090-1234-5678")


@pytest.mark.parametrize("text", ["", "១២៣៤៥", "500000 បាត", "2024-10-12", "ស្រី", "other"])
def test_what_is_no_phone_number_is_none(text: str) -> None:
    assert blind.phones(text, "other") == frozenset()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ដារ៉ា សុខ", "សុខ ដារ៉ា"),  # another order
        ("សុខ ដារ៉ា", "សុខដារ៉ា"),  # no space
        ("សុខ\u200bដារ៉ា", "សុខដារ៉ា"),  # a space that cannot be seen
        ("ស\u17d2រ\u17b8", "ស\u17b8\u17d2រ"),  # the vowel typed before the subscript
        ("ស\u17b6\u17c6ង", "ស\u17c6\u17b6ង"),  # two signs the other way round
        ("Sok Dara", "SOK  dara"),
        ("Sok Dara", "Ｓｏｋ Ｄａｒａ"),
        ("លោកស្រី សុខ ដារ៉ា", "សុខ ដារ៉ា"),
        ("លោកសុខ ដារ៉ា", "សុខ ដារ៉ា"),
        ("ឯ.ក. សុខ ដារ៉ា", "ឯកឧត្ដម សុខ ដារ៉ា"),
        ("ខ្ញុំឈ្មោះ៖ សុខ ដារ៉ា", "Mr. សុខ ដារ៉ា"),
        ("សុខ ដារ៉ា អាយុ ២៥ ០១២ ៣៤៥ ៦៧៨", "សុខ ដារ៉ា"),
    ],
)
def test_a_name_is_the_same_however_it_is_typed(one: str, other: str) -> None:
    first, second = blind.values(Kind.NAME, one)[0], blind.values(Kind.NAME, other)[0]
    assert blind.forms(first) & blind.forms(second)


def test_another_name_is_another() -> None:
    assert not the_same(Kind.NAME, "សុខ ដារ៉ា", "សុខ ដារី")
    assert not the_same(Kind.NAME, "សុខ ដារ៉ា", "សុខ")


def test_a_name_that_begins_like_a_title_stays_whole() -> None:
    assert blind.values(Kind.NAME, "លោក\u17b6រ") == [("លោក\u17b6រ",)]


def test_two_people_in_one_answer_are_two() -> None:
    assert blind.values(Kind.NAME, "សុខ ដារ៉ា និង ចាន់ ធី\nMrs. Keo") == [
        ("សុខ", "ដារ៉ា"),
        ("ចាន់", "ធី"),
        ("keo",),
    ]


@pytest.mark.parametrize(
    "other", ["ABC Manpower Co., Ltd.", "ក្រុមហ៊ុន ABC Manpower", "abc manpower sdn bhd"]
)
def test_what_every_company_is_called_says_nothing(other: str) -> None:
    assert the_same(Kind.AGENCY, "ABC Manpower", other)


@pytest.mark.parametrize("kind", [Kind.NAME, Kind.AGENCY])
@pytest.mark.parametrize("text", ["ខ្ញុំមិនដឹងទេ", "អត់ដឹង", "I don't know", "ថៅកែ", "Mr.", "..."])
def test_who_names_nobody_makes_no_token(text: str, kind: Kind) -> None:
    assert blind.values(kind, text) == []


def test_a_company_without_a_name_makes_no_token() -> None:
    assert blind.values(Kind.AGENCY, "ក្រុមហ៊ុន Co., Ltd") == []


def test_no_single_word_of_a_persons_name_makes_a_token() -> None:
    """There are so few family names that how often one comes would name it."""
    assert blind.parts(Kind.NAME, ("សុខ", "ដារ៉ា")) == []
    assert blind.parts(Kind.NAME, ("a", "b", "c")) == [("a", "b"), ("b", "c")]
    assert ("manpower",) in blind.parts(Kind.AGENCY, ("abc", "manpower"))


def test_a_token_is_of_one_key_and_one_kind() -> None:
    one, other = (blind.search_key(PrivateKey.new()) for _ in range(2))
    made = {blind.token(key, kind, "s sok") for key in (one, other) for kind in Kind}
    assert len(made) == 6
    assert {len(each) for each in made} == {32}


def test_the_public_half_of_the_offices_key_makes_no_token() -> None:
    private = PrivateKey.new()
    assert blind.search_key(private) != derived(private.public, "search")


def test_who_tells_without_end_gets_only_so_many_tokens() -> None:
    many = "\n".join(f"word{number} other{number}" for number in range(1000))
    made = blind.tokens(bytes(32), [("agency", many)], "TH")
    assert len(made) == blind.MOST_TOKENS
    assert set(made.values()) == {"agency"}


def test_phone_numbers_are_found_in_every_field_and_names_only_in_theirs() -> None:
    fields = [("story", "សុខ ដារ៉ា 012345678"), ("witnesses", "097 123 4567"), ("name", "ចាន់ ធី")]
    made = blind.tokens(bytes(32), fields, "TH", ["ទៀត 016 345 678"])

    def has(kind: Kind, form: str) -> bool:
        return blind.token(bytes(32), kind, form) in made

    assert has(Kind.PHONE, NUMBER)
    assert has(Kind.PHONE, "+855971234567")
    assert has(Kind.PHONE, "+85516345678")
    assert has(Kind.NAME, "j ចាន់ធី")
    assert not has(Kind.NAME, "j សុខដារ៉ា")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_any_text_has_one_regular_form(text: str) -> None:
    """Whatever is told: it makes no error, and its regular form is its own regular form."""
    once = blind.regular(text)
    for kind in (Kind.NAME, Kind.AGENCY):
        assert all(words and all(words) for words in blind.values(kind, text))
        assert blind.values(kind, text) == blind.values(kind, once)
    blind.tokens(bytes(32), [("name", text), ("agency", text)], "TH", [text])

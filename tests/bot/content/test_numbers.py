"""A figure that somebody could call is seen, unless it says what it counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content import content
from bot.content.numbers import HIDDEN, digits, masked, unexplained

CALLS = ("ហៅ", "ទូរស័ព្ទ", "លេខ", "ហៅលេខ៖", "☎️", "call", "Call:", "phone", "number", "dial", "tel.")
SCRIPTS = {"ASCII": "0123456789", "Khmer": "០១២៣៤៥៦៧៨៩", "Thai": "๐๑๒๓๔๕๖๗๘๙"}

a_call = st.sampled_from(CALLS)
a_script = st.sampled_from(sorted(SCRIPTS))
ascii_digits = st.text(alphabet="0123456789", min_size=3, max_size=5)


def written(number: str, script: str) -> str:
    return number.translate(str.maketrans(SCRIPTS["ASCII"], SCRIPTS[script]))


@given(a_call, ascii_digits, a_script)
def test_a_short_number_after_a_call_is_seen_in_every_script(
    call: str, number: str, script: str
) -> None:
    figure = written(number, script)
    assert unexplained(f"{call} {figure}") == [figure]


@given(ascii_digits, a_script, st.sampled_from(["។", ".", "!", "?", ")", " ឬ ", " now", ""]))
def test_whatever_follows_hides_no_number(number: str, script: str, after: str) -> None:
    figure = written(number, script)
    assert unexplained(f"ហៅ {figure}{after}") == [figure]


@given(
    st.lists(st.text(alphabet="0123456789", min_size=2, max_size=4), min_size=4, max_size=6),
    st.sampled_from([" ", "-", ".", "\u00a0", "–", "/", ") ", ". "]),
    a_script,
    st.sampled_from(["", "+"]),
)
def test_no_separator_hides_a_long_number(
    groups: list[str], separator: str, script: str, plus: str
) -> None:
    number = plus + written(separator.join(groups), script)
    assert unexplained(f"call {number}") == [number]


@given(ascii_digits, a_script)
def test_a_number_of_ours_may_stand_in_any_script(number: str, script: str) -> None:
    assert unexplained(f"ហៅ {written(number, script)}", {number}) == []


@pytest.mark.parametrize(
    "text",
    [
        "ហៅ 117",
        "ហៅ ១១៧ ឥឡូវ",
        "call 1506",
        "call 1955",  # a year, were it not to be called
        "លេខ 1555",
        "police: 987",
        "012 345 678",
        "012-345-678",
        "+66 2 999 9999",
        "+60 3-4257 1150",
        "(023) 216 532",
        "๐๘๖ ๑๖๓ ๑๓๙๐",
        "191",
        "WhatsApp +60 19 261 5999",
        "1506/1546",
        "hotline 24 hours: 1300",
        "ហៅ 191 ថ្ងៃនេះ",  # today, which begins like days
        "02-2013-2014",  # two years, were it not for the 02
        "03-8000-80",
        "012-3456-78",
        "1️⃣9️⃣1️⃣",
        "¹⁹¹",
        "①⑨①",
        "1\u20629\u20621",  # invisible signs
        "១៓៩៓១",
        "1·9·1",
        "12 — 34 — 56 — 78",
        "01, 23, 45, 67",
        "01\n23\n45\n67",
        "RM 0123456789",
        "0123456789 days",
        "66812345678 baht",
        "0123456789%",
        "No. 012345678",
        "call No. 191",
        "0812-34-56",  # no date has such a year
        "08:12:34:56:78",
        "081,234,567",
        "85,512,345,678",
    ],
)
def test_this_could_be_called(text: str) -> None:
    assert unexplained(text)


@pytest.mark.parametrize(
    "text",
    [
        "400 បាត",
        "៤០០ បាត",
        "1,700 RM",
        "RM 1,700, or more",
        "RM 10,000 (one year)",
        "US$1,600, by an estimate",
        "120 ថ្ងៃ",
        "120-150 days",
        "ឆ្នាំ 2017",
        "2013-2021",
        "2026-02-17",
        "17/2/2026",
        "7:30-21:00",
        "24 ម៉ោង",
        "1.5",
        "100%",
        "ប្រកាសលេខ 253",
        "100,000,000 riel",
        "16:00",
        "1, 2, 3, 4, 5 or 6",
        "Prakas 253",
        "Section 118",
        "សណ្ឋាគារ 120 បាត",
        "a hotel of 2017",
        "18",
        "5 or 10",
        "",
    ],
)
def test_this_says_what_it_counts(text: str) -> None:
    assert unexplained(text) == []


@given(st.text(alphabet="ហៅ លេខ0123456789០១២-+/. \n()"))
def test_what_is_masked_shows_no_number_any_more(text: str) -> None:
    shown = masked(text, ())
    assert unexplained(shown) == []
    assert (HIDDEN in shown) is bool(unexplained(text))


@given(st.text())
def test_a_text_without_a_number_stays_as_it_is(text: str) -> None:
    if not unexplained(text):
        assert masked(text, ()) == text


@pytest.mark.parametrize("name", content().contacts)
def test_every_number_of_ours_would_be_seen_if_it_were_not_allowed(name: str) -> None:
    words = content()
    for number in words.contacts[name].phone.split(" / "):
        assert [digits(one) for one in unexplained(f"☎️ {number} - x")] == [digits(number)]
        assert unexplained(f"☎️ {number} - x", words.numbers) == []

"""Sums of money and spans of time in what people type, and what only looks like them."""

import time
from collections.abc import Callable

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.amounts import WORDS, duration, money
from bot.text import LIMIT, normalise


@pytest.mark.parametrize(
    ("typed", "sum_"),
    [
        ("ថៅកែជំពាក់ខ្ញុំ ៩០០០បាត", "9000 THB"),
        ("9000 baht", "9000 THB"),
        ("khat luy 500 bat", "500 THB"),
        ("៣ម៉ឺនបាត", "30000 THB"),
        ("ប្រាំពាន់បាត", "5000 THB"),
        ("ប្រាំពាន់ប្រាំរយបាត", "5500 THB"),
        ("មួយរយម្ភៃប្រាំដុល្លារ", "125 USD"),
        ("3ម៉ឺន5ពាន់បាត", "35000 THB"),
        ("មួយរយពាន់រៀល", "100000 KHR"),
        ("ប្រាំសែនរៀល", "500000 KHR"),
        ("muoy meun pram poan bat", "15000 THB"),
        ("bei roy dola", "300 USD"),
        ("$300", "300 USD"),
        ("300$", "300 USD"),
        ("៣០០ដុល", "300 USD"),
        ("rm1500", "1500 MYR"),
        ("1500 ringgit", "1500 MYR"),
        ("៨០០រីងគីត", "800 MYR"),
        ("១លានរៀល", "1000000 KHR"),
        ("1.2លានវ៉ុន", "1200000 KRW"),
        ("๓๐๐ บาท", "300 THB"),
        ("10k baht", "10000 THB"),
        ("1.5k usd", "1500 USD"),
        ("10,000 បាត", "10000 THB"),
        ("10.000 បាត", "10000 THB"),
        ("10 000 បាត", "10000 THB"),
        ("10,000.50 baht", "10000.5 THB"),
        ("2.5 usd", "2.5 USD"),
        ("5000 លុយថៃ", "5000 THB"),
        ("លុយថៃ ៥០០០ គេមិនឲ្យ", "5000 THB"),
        ("ថ្ងៃ250បាទ", "250 THB"),
        ("luy 300 dol 2 khae", "300 USD"),
        ("គេសន្យា ៥០០ដុល្លារ បានតែ ៣០០ដុល្លារ", "500 USD"),
    ],
)
def test_a_sum_is_a_number_and_its_currency(typed: str, sum_: str) -> None:
    assert money(normalise(typed)) == sum_


@pytest.mark.parametrize(
    ("typed", "sum_"),
    [
        ("មួយម៉ឺនពីរបាត", "12000 THB"),
        ("3ម៉ឺន5បាត", "35000 THB"),
        ("ពីរពាន់កន្លះបាត", "2500 THB"),
        ("កន្លះលានរៀល", "500000 KHR"),
        ("មួយរយប្រាំបាត", "105 THB"),
    ],
)
def test_what_follows_thousands_counts_the_next_lower_ones(typed: str, sum_: str) -> None:
    assert money(normalise(typed)) == sum_


@pytest.mark.parametrize(
    ("typed", "sum_"),
    [
        ("បីបួនពាន់បាត", "4000 THB"),
        ("ពីរពាន់បីពាន់បាត", "3000 THB"),
        ("300-400 baht", "400 THB"),
        ("9000 dol 10000 bat", "10000 THB"),
        ("khae 3 5000 bat", "5000 THB"),
    ],
)
def test_of_two_numbers_side_by_side_the_later_counts(typed: str, sum_: str) -> None:
    assert money(normalise(typed)) == sum_


@pytest.mark.parametrize(
    "typed",
    [
        "ប៉ាស្ព័របាត់២ខែ",
        "បាត់លុយ 2 ដង",
        "passport bat 2 khae hoy",
        "koun nhom bat 3 thngai",
        "3 neak 2 bat",
        "របួសទាំង២បាតជើង",
        "3 បាតុកម្ម",
        "អាយុ 25 បាទ",
        "tver kar pi 8 dol 10",
        "maong 9 dol yup",
        "phnher sar 2 dong",
        "អត់មានដុល្លារ 3 ខែហើយ",
        "រាប់ពាន់ដុល្លារ",
        "ប៉ុន្មានពាន់បាត",
        "rab poan baht",
        "0 baht",
        "៥០០០",
        "012 345 678",
        "12.10.2025 baht",
        "99999999999999 baht",
        "",
    ],
)
def test_no_sum_is_read_where_there_is_none(typed: str) -> None:
    assert money(normalise(typed)) is None


@pytest.mark.parametrize(
    ("typed", "span"),
    [
        ("ថៅកែមិនបើកលុយ ៣ខែ", "3 month"),
        ("អត់បើកប្រាក់ខែ៣ខែហើយ", "3 month"),
        ("ot berk prak khae 3 khae hoy", "3 month"),
        ("រយៈពេល៣ខែ", "3 month"),
        ("ប្រាំមួយខែ", "6 month"),
        ("ប្រាំ មួយខែ", "6 month"),
        ("ដប់ពីរថ្ងៃ", "12 day"),
        ("ម្ភៃប្រាំថ្ងៃ", "25 day"),
        ("mphei pram thngai", "25 day"),
        ("pram muoy khae", "6 month"),
        ("pi khae hoy", "2 month"),
        ("២អាទិត្យ", "2 week"),
        ("two weeks", "2 week"),
        ("បាត់ដំណឹង១០ឆ្នាំ", "10 year"),
        ("១០០ថ្ងៃ", "100 day"),
        ("កន្លះខែ", "0.5 month"),
        ("ពីរខែកន្លះ", "2.5 month"),
        ("2.5 months", "2.5 month"),
        ("ពីរបីខែ", "3 month"),
        ("2-3 ខែ", "3 month"),
        ("8 dol 10 khae", "10 month"),
        ("ក្មេងប្រុស បាត់ ៣ថ្ងៃ", "3 day"),
        ("ខលអត់ជាប់កូន៣ខែ", "3 month"),
        ("អាយុ ២៥ឆ្នាំ ធ្វើការ ៣ឆ្នាំ", "3 year"),
        ("៥ថ្ងៃនៅខែមេសា", "5 day"),
        ("១ខែហើយ គេជំពាក់ ៥០០០បាត", "1 month"),
        ("ជំពាក់ ៥០០០បាត ១ខែហើយ", "1 month"),
        ("luy 300 dol 2 khae", "2 month"),
    ],
)
def test_a_span_is_a_number_and_its_unit(typed: str, span: str) -> None:
    assert duration(normalise(typed)) == span


@pytest.mark.parametrize(
    "typed",
    [
        "អាយុ ២៥ឆ្នាំ",
        "អាយុខ្ញុំ២៥ឆ្នាំ",
        "កូនអាយុទើប២ឆ្នាំ",
        "ayu nhom 25 chnam",
        "aged 19 years",
        "I am 25 years old",
        "ក្មេង5ឆ្នាំ",
        "kon 2chnam nov bontub mneak eng",
    ],
)
def test_an_age_is_no_span(typed: str) -> None:
    assert duration(normalise(typed)) is None


@pytest.mark.parametrize(
    "typed",
    [
        "ថ្ងៃទី៥ ខែ៣ ឆ្នាំ២០២៥",
        "ថ្ងៃ៥ ខែ៣",
        "ខែ៣ ឆ្នាំ២០២៥",
        "ខែ១២ ឆ្នាំមុន",
        "thngai ti 5 khae 3 chnam 2025",
        "១៥ខែមេសា",
        "12/10/2025",
        "2025 ឆ្នាំ",
        "ខែ ៣",
    ],
)
def test_a_date_is_no_span(typed: str) -> None:
    assert duration(normalise(typed)) is None


@pytest.mark.parametrize(
    "typed",
    [
        "៣០០បាតក្នុង១ថ្ងៃ",
        "មួយថ្ងៃ៣០០បាត",
        "៣០០បាតមួយថ្ងៃ",
        "១ខែបាន៩០០០បាត",
        "one day 300 baht",
        "300 baht per month",
        "how many days off in one week",
        "អង្គុយស្ងៀមមួយថ្ងៃៗ",
        "ធ្វើការមួយថ្ងៃ១២ម៉ោង",
        "12 maong muoy thngai",
    ],
)
def test_what_one_day_brings_or_takes_is_no_span(typed: str) -> None:
    assert duration(normalise(typed)) is None


@pytest.mark.parametrize(
    "typed",
    [
        "tang pi khae mun",
        "tver kar pi khae mun",
        "ot ban luy pi khae 3",
        "ប្រហែល 3 ខែត្រ",
        "24 ម៉ោង",
        "1/2 ខែ",
        "ថ្នាក់ទី12",
        "ពាក់កណ្តាលខែ",
        "0 ថ្ងៃ",
        "",
    ],
)
def test_no_span_is_read_where_there_is_none(typed: str) -> None:
    assert duration(normalise(typed)) is None


def _words() -> list[str]:
    content = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    return [
        str(word)
        for kind in content.values()
        for known in (kind.values() if isinstance(kind, dict) else [kind])
        for word in (known if isinstance(known, list) else [known])
    ]


@given(st.lists(st.sampled_from([*_words(), "123", "4.5", "6,7,8", "9" * 40, " ", "-", "/", "រ"])))
def test_nothing_typed_breaks_it(pieces: list[str]) -> None:
    text = normalise("".join(pieces))
    assert (money(text) or "1 X").split()[1].isalpha()
    assert (duration(text) or "1 x").split()[1].isalpha()


_SOON = 0.02
"""Seconds of the processor, at the best of five times."""


@pytest.mark.parametrize(
    "piece",
    [
        *("12", "1 ", "1 100 ", "មួយ", "រយ", "ប្រាំមួយ ", "pi ", "1.", "9,", "1-", "1ខែ", "1 dol "),
        *("012 345 67 ", "nhom ", "i'", "s$", "1\u20442", "half a ", "hundred ", "ឈ្មោះ", "1 year "),
    ],
)
@pytest.mark.parametrize("read", [money, duration])
def test_a_long_row_of_words_takes_no_time(read: Callable[[str], str | None], piece: str) -> None:
    text = (piece * LIMIT)[:LIMIT]
    took = []
    for _ in range(5):
        start = time.process_time()
        read(text)
        took.append(time.process_time() - start)
    assert min(took) < _SOON


def test_no_word_stands_for_two_things() -> None:
    content = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    kinds = [
        kind for name, kind in content.items() if name not in {"before", "counted", "doubtful"}
    ]
    words = [
        word
        for kind in kinds
        for known in (kind.values() if isinstance(kind, dict) else [kind])
        for word in {normalise(str(word)).casefold() for word in known}
    ]
    assert sorted(words) == sorted(set(words))
    assert {normalise(str(word)).casefold() for word in content["before"]} <= set(words)
    assert {*content["doubtful"], *content["counted"]} <= set(words)

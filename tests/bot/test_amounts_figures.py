"""Numbers in figures: what is one number, what is two, and what is none: a date, a telephone."""

import pytest

from bot.amounts import duration, money
from bot.text import normalise


@pytest.mark.parametrize(
    ("typed", "sum_"),
    [
        ("៣រយ៥០ដុល្លារ", "350 USD"),
        ("៥ រយ ២០ ដុល្លារ", "520 USD"),
        ("៣រយ៥ដុល្លារ", "305 USD"),
        ("3 roy 50 dola", "350 USD"),
        ("5roy20dola", "520 USD"),
        ("9roy 99 bat", "999 THB"),
        ("3 roy haseb pram dola", "355 USD"),
        ("3 hundred 50 dollars", "350 USD"),
        ("1ពាន់2រយ50បាត", "1250 THB"),
        ("3ពាន់5រយ50បាត", "3550 THB"),
        ("1ម៉ឺន2ពាន់3រយ45បាត", "12345 THB"),
        ("1 meun 2 poan 3 roy 50 bat", "12350 THB"),
        ("2 thousand 50 baht", "2050 THB"),
        ("1 million 500 thousand riel", "1500000 KHR"),
        ("1លាន2សែន5ម៉ឺនរៀល", "1250000 KHR"),
    ],
)
def test_figures_after_a_hundred_are_added_to_it(typed: str, sum_: str) -> None:
    assert money(normalise(typed)) == sum_


@pytest.mark.parametrize(
    ("typed", "sum_"),
    [
        ("3រយ 500 បាត", "500 THB"),
        ("2 poan 3000 bat", "3000 THB"),
        ("$10 មួយថ្ងៃ", "10 USD"),
        ("RM200 mouy bulan", "200 MYR"),
        ("10,000-15,000 baht", "15000 THB"),
        ("500 - 600 baht", "600 THB"),
        ("300 to 400 dollars", "400 USD"),
    ],
)
def test_what_is_no_smaller_is_another_number(typed: str, sum_: str) -> None:
    assert money(normalise(typed)) == sum_


@pytest.mark.parametrize(
    ("typed", "sum_"),
    [
        ("two hundred and fifty dollars", "250 USD"),
        ("one hundred twenty-five dollars", "125 USD"),
        ("one thousand five hundred baht", "1500 THB"),
        ("fifteen dollars", "15 USD"),
        ("a hundred dollars", "100 USD"),
        ("half a million riel", "500000 KHR"),
        ("ពីរដណ្តប់ដុល្លារ", "12 USD"),
    ],
)
def test_english_and_spoken_khmer_numbers_are_whole(typed: str, sum_: str) -> None:
    assert money(normalise(typed)) == sum_


@pytest.mark.parametrize(
    ("typed", "sum_"),
    [
        ("២.០០០ បាត", "2000 THB"),
        ("2.000.000 រៀល", "2000000 KHR"),
        ("15 000 000 រៀល", "15000000 KHR"),
        ("RM 1,200.00", "1200 MYR"),
        ("RM1.2k", "1200 MYR"),
        ("1,500.50$", "1500.5 USD"),
        ("1.500,50 usd", "1500.5 USD"),
        ("10 000,50 usd", "10000.5 USD"),
        ("12,50$", "12.5 USD"),
        ("1,5 លានរៀល", "1500000 KHR"),
        ("1,25 លានរៀល", "1250000 KHR"),
        ("0,5 លានរៀល", "500000 KHR"),
        (".5 million riel", "500000 KHR"),
        ("$.50", "0.5 USD"),
        ("5m riel", "5000000 KHR"),
        ("2,060,740 won", "2060740 KRW"),
        ("500,600 baht", "500600 THB"),
    ],
)
def test_commas_dots_and_spaces_are_read_as_people_set_them(typed: str, sum_: str) -> None:
    assert money(normalise(typed)) == sum_


@pytest.mark.parametrize("number", ["20,30", "២,៣", "4,5", "5,10", "15,20"])
def test_a_comma_between_near_numbers_may_part_two_so_nothing_is_given(number: str) -> None:
    assert duration(normalise(f"{number} ថ្ងៃ")) is None
    assert duration(normalise(f"{number} months")) is None
    assert money(normalise(f"{number} លានរៀល")) is None


@pytest.mark.parametrize("typed", ["2.3 ខែ", "20.30 ថ្ងៃ", "10,30 days"])
def test_nobody_counts_tenths_of_a_month(typed: str) -> None:
    assert duration(normalise(typed)) is None


@pytest.mark.parametrize(
    ("typed", "span"),
    [
        ("two and a half years", "2.5 year"),
        ("three and a half months", "3.5 month"),
        ("2 and half months", "2.5 month"),
        ("two years and a half", "2.5 year"),
        ("half a month", "0.5 month"),
        ("½ month", "0.5 month"),
        ("½ ខែ", "0.5 month"),
        ("1½ months", "1.5 month"),
        ("2 ½ ខែ", "2.5 month"),
        ("3ខែ½", "3.5 month"),
        ("៣ខែកន្លះ", "3.5 month"),
        ("មួយឆ្នាំកន្លះ", "1.5 year"),
        ("muoy chnam konlas hoy", "1.5 year"),
        ("2,5 ខែ", "2.5 month"),
        ("300$ កន្លះខែ", "0.5 month"),
    ],
)
def test_a_half_counts_before_and_after_the_unit(typed: str, span: str) -> None:
    assert duration(normalise(typed)) == span


@pytest.mark.parametrize(
    ("typed", "sum_"),
    [
        ("2 ដុល្លារកន្លះ", "2.5 USD"),
        ("300$ កន្លះខែ", "300 USD"),
        ("450ដុល្លារកន្លះខែ", "450 USD"),
        ("៥ម៉ឺនកន្លះបាត", "55000 THB"),
        ("3រយកន្លះដុល្លារ", "350 USD"),
    ],
)
def test_the_half_of_a_month_is_no_half_dollar(typed: str, sum_: str) -> None:
    assert money(normalise(typed)) == sum_


@pytest.mark.parametrize(
    "typed",
    [
        "passport N01234567 $",
        "passport A1234567 baht",
        "passport AB 1234567 $",
        "passport 1234567 bat hoy",
        "N0123456 baht",
        "ID:123456789 baht",
        "លេខអត្តសញ្ញាណប័ណ្ណ 010123456 បាត",
        "no.500 $",
        "v2.5 usd",
        "A4 baht",
        "1k5 baht",
        "012 345 678 baht",
        "012 34 56 78 baht",
        "០៩៦ ១២៣ ៤៥៦៧ បាត",
        "085-123-4567 $",
        "012.345.678 $",
        "0961234567 $",
        "+855 12 345 678 $",
        "00855 12 345 678 baht",
        "+66812345678 baht",
        "85512345678 baht",
        "2025-10-12 baht",
        "12-10-2025 baht",
        "១២/១០/២០២៥ បាត",
        "12/10 baht",
        "7:30 baht",
        "1'500 baht",
        "12/10/2025 ពាន់បាត",
    ],
)
def test_a_paper_a_telephone_a_date_and_a_time_are_no_sum(typed: str) -> None:
    assert money(normalise(typed)) is None


@pytest.mark.parametrize("before", ["2025-10-12", "12-10-2025", "12.10.2025", "12/10/2025", "7:30"])
@pytest.mark.parametrize("sum_", ["500 baht", "៥០០បាត", "500 bat", "5 roy bat"])
def test_a_sum_beside_a_date_is_found(before: str, sum_: str) -> None:
    assert money(normalise(f"{before} {sum_}")) == "500 THB"


@pytest.mark.parametrize("number", ["012 345 678", "012345678", "+855 12 345 678", "N01234567"])
@pytest.mark.parametrize("sum_", ["50 USD", "$50"])
def test_a_sum_beside_a_telephone_is_found(number: str, sum_: str) -> None:
    assert money(normalise(f"{number}, {sum_}")) == "50 USD"
    assert money(normalise(f"{number} {sum_}")) == "50 USD"


@pytest.mark.parametrize(
    ("typed", "sum_"),
    [
        ("luy500 dola", "500 USD"),
        ("luy ...500 bat", "500 THB"),
        ("លុយ..500 បាត", "500 THB"),
        ("អត់បើក.500បាត", "500 THB"),
        ("usd300", "300 USD"),
        ("(500 baht)", "500 THB"),
    ],
)
def test_a_word_or_a_pause_before_the_figures_does_no_harm(typed: str, sum_: str) -> None:
    assert money(normalise(typed)) == sum_


@pytest.mark.parametrize(
    ("typed", "sum_"),
    [
        ("៣០០$/ខែ", "300 USD"),
        ("RM1200/month", "1200 MYR"),
        ("350 baht per day", "350 THB"),
        ("១ថ្ងៃ៣៥០បាត ១២ម៉ោង", "350 THB"),
        ("1ខែ 1លាន2សែនរៀល", "1200000 KHR"),
        ("$5 a day", "5 USD"),
        ("300 dola muoy khae", "300 USD"),
        ("មួយថ្ងៃប្រហែល 300 បាត", "300 THB"),
        ("១ខែ ខ្ញុំបាន ៩០០០បាត", "9000 THB"),
        ("១ថ្ងៃ 12,50$", "12.5 USD"),
    ],
)
def test_a_sum_per_day_or_month_is_a_sum_and_no_span(typed: str, sum_: str) -> None:
    assert money(normalise(typed)) == sum_
    assert duration(normalise(typed)) is None


@pytest.mark.parametrize(
    ("typed", "sum_"),
    [
        ("5 laan riel", "5000000 KHR"),
        ("pram laan riel", "5000000 KHR"),
        ("khvas luy ke 3lan bat", "3000000 THB"),
        ("laan 300 dola", "300 USD"),
        ("chol laan 500 bat", "500 THB"),
    ],
)
def test_laan_is_a_million_after_a_number_and_a_car_elsewhere(typed: str, sum_: str) -> None:
    assert money(normalise(typed)) == sum_


@pytest.mark.parametrize(
    ("typed", "sum_"),
    [
        ("៣រយជាងដុល្លារ", "300 USD"),
        ("3 roy jang dola", "300 USD"),
        ("ប្រហែល៥រយដុល្លារ", "500 USD"),
    ],
)
def test_about_and_more_than_change_nothing(typed: str, sum_: str) -> None:
    assert money(normalise(typed)) == sum_


@pytest.mark.parametrize(
    ("typed", "sum_"),
    [
        ("S$50", "50 SGD"),
        ("500 ដុល្លារសិង្ហបុរី", "500 SGD"),
        ("HK$500", "500 HKD"),
        ("₩2,060,740", "2060740 KRW"),
        ("500លុយដុល្លារ", "500 USD"),
    ],
)
def test_a_dollar_is_not_always_american(typed: str, sum_: str) -> None:
    assert money(normalise(typed)) == sum_


@pytest.mark.parametrize(
    "typed", ["ពាន់ម៉ឺនដុល្លារ", "10 pea roy 1 khae bat", "រាប់លានរៀល", "rab laan riel"]
)
def test_thousands_and_per_cent_are_no_sum(typed: str) -> None:
    assert money(normalise(typed)) is None


@pytest.mark.parametrize(
    ("typed", "span"),
    [
        ("6-month contract", "6 month"),
        ("eleven months", "11 month"),
        ("ពីរដណ្តប់ខែ", "12 month"),
        ("០៣ ខែ", "3 month"),
        ("៣ខែជាង", "3 month"),
        ("10 jang thngai", "10 day"),
        ("2 or 3 months", "3 month"),
        ("លុយ.៣ខែ", "3 month"),
        ("៣ ឆ្នាំ ៦ខែ", "3 year"),
    ],
)
def test_a_span_is_found_however_it_is_set(typed: str, span: str) -> None:
    assert duration(normalise(typed)) == span

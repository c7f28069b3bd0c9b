"""A child in danger is heard as a child; a child that is only spoken of is no danger."""

import pytest

from bot.danger import CHILD, concerns_a_child, danger
from bot.text import normalise


def _kind(text: str) -> str | None:
    return danger(normalise(text))


@pytest.mark.parametrize(
    "text",
    [
        "they make my 12 year old daughter work at night",
        "ក្មេងអាយុ ១៣ ឆ្នាំ ធ្វើការនៅទីនេះ គេវាយ",
        "my brother is 14 and the boss beats him every day",
        "children work in this factory at night, they are ten years old",
        "my daughter is 15 and they lock her in the house",
        "they force my 13 year old son to work on the boat",
        "a 12 year old girl works here and the boss hits her",
        "my niece is 16 they took her passport and she cannot leave",
        "i am 16 and boss beats me",
        "i am 15 years old, they make me work at night",
        "the boss hits the children who work here",
        "a man touches a little girl in our room",
        "កូនស្រីខ្ញុំអាយុ ១២ ឆ្នាំ គេឱ្យធ្វើការយប់",
        "កូនខ្ញុំអាយុ ១៤ គេមិនឱ្យចេញពីផ្ទះ",
        "ក្មេង ១៥ ឆ្នាំ ត្រូវគេវាយរាល់ថ្ងៃ",
        "ប្អូនស្រីខ្ញុំអាយុ ១៣ ឆ្នាំ គេបង្ខំឱ្យទទួលភ្ញៀវ",
        "គេយកក្មេងអាយុ ១០ ឆ្នាំ ឱ្យធ្វើការធ្ងន់",
        "ក្មេងស្រីអាយុ១៤ឆ្នាំធ្វើការក្នុងបារ",
        "ខ្ញុំអាយុ ១៦ ឆ្នាំ ថៅកែវាយខ្ញុំ",
        "មានក្មេងតូចៗធ្វើការពេញមួយយប់នៅរោងចក្រ",
        "កូនប្រុសខ្ញុំអាយុដប់បីឆ្នាំ គេបង្ខំឱ្យធ្វើការលើទូក",
        "ប្អូនប្រុសខ្ញុំ ១៥ ឆ្នាំ ថៅកែដាល់គាត់",
        "គេលក់ក្មេងស្រីអាយុ ១៦ ឆ្នាំ",
        "កូនខ្ញុំអាយុ ៨ ឆ្នាំ ហូរឈាមមិនឈប់",
        "kmeng ayu 13 chnam tver ka nov nis ke veay",
        "kon srey nhom ayu 12 ke oy tver ka yub",
        "paoun nhom ayu 15 ke min oy jenh",
        "kmeng 14 chnam tver kar leur touk nesat ke veay",
        "ke bongkhom kon nhom tver kar",
        "paoun srey nhom 14 chnam ke oy totoul phneav",
        "nhom ayu 16 thaoke veay nhom",
        "ke prer kmeng ayu 12 oy tver ka penh muoy tngai",
    ],
)
def test_danger_of_somebody_under_eighteen_is_danger_of_a_child(text: str) -> None:
    assert _kind(text) == CHILD


@pytest.mark.parametrize(
    "text",
    [
        "the foreman also paid us late",
        "my son is 17 and works in thailand, is it allowed?",
        "my daughter is 12 and lives in Cambodia with my mother",
        "កូនខ្ញុំអាយុ ១២ ឆ្នាំ រៀននៅស្រុក",
        "what is the minimum age to work",
        "is it legal that children work at night",
        "តើអាយុប៉ុន្មានទើបអាចធ្វើការបាន",
        "តើក្មេងអាយុ ១៥ ឆ្នាំ អាចធ្វើការបានទេ",
        "ក្មេងអាយុ ១៦ ឆ្នាំ អាចទៅធ្វើការនៅថៃបានទេ",
        "កូនខ្ញុំអាយុ ១៧ ចង់ទៅធ្វើការនៅម៉ាឡេស៊ី",
        "my children are sick",
        "I work at night to feed my 12 year old daughter",
        "i am 35 and they make me work at night",
        "i am 15 days late with my visa",
        "my salary is 10 000 baht and they make me work at night",
        "ខ្ញុំធ្វើការបាន ១៥ ឆ្នាំ ថៅកែឱ្យធ្វើការយប់",
        "ខ្ញុំអាយុដប់ប្រាំបួនឆ្នាំ គេឱ្យធ្វើការយប់",
        "កូនខ្ញុំនៅក្មេង ខ្ញុំត្រូវធ្វើការយប់",
        "they make us work 12 hours at night",
        "the foreman makes us work at night",
        "I have to leave my child and go to work",
        "kon nhom ayu 10 tov rien nov srok",
        "nhom tver ka 10 chnam hz",
        "can my 16 year old sister work in Malaysia",
        "តើច្បាប់អនុញ្ញាតឱ្យក្មេងធ្វើការទេ",
        "the captain keeps us waiting on the boat",
        "can under age work in fishing boat",
        "ក្មេងអាយុ១៧ធ្វើការយប់បានអត់តាមច្បាប់ថៃ",
        "ស្ត្រីម្នាក់ដើរតាមផ្ទះអូសទាញក្មេងស្រីអោយទៅធ្វើការក្រៅប្រទេស",
    ],
)
def test_a_child_that_is_only_spoken_of_is_no_danger(text: str) -> None:
    assert _kind(text) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("he beats me, I have a 5 year old daughter at home with my mother", "violence"),
        ("ថៅកែវាយខ្ញុំ ខ្ញុំធ្វើការចិញ្ចឹមកូនអាយុ ៦ ឆ្នាំ", "violence"),
        ("ខ្ញុំអាយុ ៣៥ ឆ្នាំ ថៅកែវាយខ្ញុំ", "violence"),
        ("ខ្ញុំអាយុដប់ប្រាំបីឆ្នាំ ថៅកែវាយខ្ញុំ", "violence"),
        ("i am 15 days without pay and the boss beats me", "violence"),
        ("ថៅកែវាយខ្ញុំ ១៥ ដង", "violence"),
        ("កូនខ្ញុំអាយុ ២៥ ឆ្នាំ ត្រូវគេវាយ", "violence"),
        ("the boss beat me, I have a child at home", "violence"),
        ("they lock us in, my kids are with my mother", "confinement"),
        ("i am 14 and i want to die", "suicide"),
        ("my little girl wants to kill herself", "suicide"),
        ("my friend said he will hang himself tonight", "suicide"),
    ],
)
def test_a_grown_up_in_danger_is_none(text: str, kind: str) -> None:
    assert _kind(text) == kind


def test_whether_a_child_is_meant_does_not_hang_on_the_danger() -> None:
    assert concerns_a_child(normalise("my sister is 14"))
    assert concerns_a_child(normalise("ក្មេងអាយុ ១៣ ឆ្នាំ"))
    assert not concerns_a_child(normalise("my sister is 24"))
    assert not concerns_a_child(normalise("ខ្ញុំធ្វើការ ១៣ ឆ្នាំហើយ"))


@pytest.mark.parametrize("age", range(7, 25))
def test_eighteen_is_grown_up_in_every_script(age: int) -> None:
    told = (
        "ខ្ញុំអាយុ {age} ឆ្នាំ ថៅកែវាយខ្ញុំ",
        "nhom ayu {age} thaoke veay nhom",
        "the boss beats a {age} year old",
    )
    for text in told:
        assert (_kind(text.format(age=age)) == CHILD) is (age < 18), text


def test_who_is_kept_at_sea_is_confined_and_who_waits_there_is_not() -> None:
    assert _kind("the captain keeps us on the boat and we want to go home") == "confinement"
    assert _kind("the captain keeps us waiting on the boat") is None

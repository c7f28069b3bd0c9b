"""What `normalise` promises, and that training data keeps its meaning."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.text import LIMIT, normalise, training_data

KHMER = st.text(
    st.characters(min_codepoint=0x1780, max_codepoint=0x17F9) | st.sampled_from(" \u200b/aA1.!ៗ"),
    max_size=60,
)


@pytest.mark.parametrize(
    ("typed", "regular"),
    [
        ("ខ្ញុំ\u200bចង់\u200bប្តឹង", "ខ្ញុំចង់ប្តឹង"),
        ("ខ្ញំុ", "ខ្ញុំ"),
        ("ប្ដឹង", "ប្តឹង"),
        ("គេមិនអោយលុយ", "គេមិនឱ្យលុយ"),
        ("គេមិនឲ្យលុយ", "គេមិនឱ្យលុយ"),
        ("៣ខែ ๒๐๐ บาท", "3ខែ 200 บาท"),
        ("ជួយផងងងងងង", "ជួយផង"),
        ("heyyyy!!!", "hey!"),
        ("ទៅៗៗៗ", "ទៅៗ"),
        ("េកីត ែថ្ង", "កើត ថ្ងែ"),
        ("សុំព័ត៌មានេគ", "សុំព័ត៌មានេគ"),
        ("МОУ аgеnсу", "MOY agency"),
        ("\u17a4ចារ្យ", "អាចារ្យ"),
        ("👍🏽👍🏿", "មែន"),
        ("ថៅកែវាយ😭😭ខ្ញុំ", "ថៅកែវាយ ខ្ញុំ"),
        ("គេយក🛂", "គេយក លិខិតឆ្លងដែន"),
        ("1️⃣", "1"),
        ("🦄🦄", "🦄"),
        ("  ជួយ\n\n ផង ", "ជួយ ផង"),
        ("\ufeffជួយ\u17b4ផង\u200d", "ជួយផង"),
        ("100000 បាត", "100000 បាត"),
    ],
)
def test_the_ways_people_type_come_out_the_same(typed: str, regular: str) -> None:
    assert normalise(typed) == regular


@pytest.mark.parametrize(
    "order",
    [
        "/restart",
        "//restart",
        "／restart",
        "\u200b/restart",
        " \u2060 /\u200b/restart",
        "&#47;restart",
        "&amp;#47;restart",
        "\u202e/restart",
        "⁄/restart",
        '/inform{"lodge":"yes"}',
        "\x00/restart",
        "\u17b4/restart",
    ],
)
def test_no_text_can_give_rasa_an_order(order: str) -> None:
    assert not normalise(order).lstrip().startswith("/")


@given(st.text(max_size=200) | KHMER)
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert len(once) <= LIMIT
    assert not once.strip().startswith("/")


def test_a_very_long_text_is_cut() -> None:
    assert len(normalise("ក ខ " * 5000)) <= LIMIT


def test_training_data_keeps_marks_and_puts_long_names_first(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    (source / "places.yml").write_text(
        'version: "3.1"\nnlu:\n'
        "- intent: inform\n  examples: |\n"
        "    - នៅ [ប្រទេស\u200bថៃ](country) ២ខែ\n"
        '    - [បាងកក]{"entity": "country", "value": "TH"}\n'
        "- lookup: country\n  examples: |\n    - thai\n    - thailand\n",
        encoding="utf-8",
    )
    training_data(source, target)
    inform, lookup = yaml.safe_load((target / "places.yml").read_text(encoding="utf-8"))["nlu"]
    assert inform["examples"].splitlines() == [
        "- នៅ [ប្រទេសថៃ](country) 2ខែ",
        '- [បាងកក]{"entity": "country", "value": "TH"}',
    ]
    assert lookup["examples"].splitlines() == ["- thailand", "- thai"]


def test_a_file_that_is_no_training_data_is_named(tmp_path: Path) -> None:
    (tmp_path / "odd.yml").write_text("a: 1\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"odd\.yml"):
        training_data(tmp_path, tmp_path / "out")

"""The staff catalogue: nothing a page says is missing in Khmer, and nothing in it is left over."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from api.pages.page import HERE, TEMPLATES
from api.words import CATALOGUE, Words

KEYWORDS = ("_", "gettext", "ngettext", "mark")
KHMER = re.compile("[\u1780-\u17ff]")
LATIN_ON_PURPOSE = {"Telegram", "Messenger"}
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def _ids(message: object) -> Iterator[str]:
    parts = message if isinstance(message, tuple) else (message,)
    yield from (part for part in parts if isinstance(part, str))


def used() -> set[str]:
    found: set[str] = set()
    for template in TEMPLATES.glob("*.html"):
        with template.open("rb") as file:
            for _, _, message, _ in babel_extract(
                file, KEYWORDS, (), {"newstyle_gettext": "true", "trimmed": "false"}
            ):
                found.update(_ids(message))
    for module in (*(HERE / "pages").glob("*.py"), HERE / "words.py"):
        with module.open("rb") as file:
            for _, _, message, _ in extract_python(file, KEYWORDS, (), {}):
                found.update(_ids(message))
    return found


def translated() -> dict[str, str]:
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="km", abort_invalid=True)
    return {
        each: message.string if isinstance(message.string, str) else message.string[0]
        for message in catalogue
        if message.id
        for each in _ids(message.id if isinstance(message.id, str) else tuple(message.id))
    }


def test_every_message_of_the_pages_has_khmer() -> None:
    assert used() - translated().keys() == set()


def test_the_catalogue_holds_nothing_that_no_page_says() -> None:
    assert translated().keys() - used() == set()


def test_every_translation_is_khmer_and_keeps_the_placeholders() -> None:
    for english, khmer in translated().items():
        assert KHMER.search(khmer) or english in LATIN_ON_PURPOSE, english
        assert "\u200b" not in khmer, f"a zero-width space in: {english}"
        assert set(PLACEHOLDER.findall(english)) >= set(PLACEHOLDER.findall(khmer)), english


def test_khmer_marks_stand_in_the_order_of_unicode() -> None:
    """Coeng before vowel before sign; no vowel typed in two parts."""
    wrong = re.compile(
        "[\u17b6-\u17d1]\u17d2|[\u17c6-\u17c8\u17cb-\u17d1][\u17b6-\u17c5]|\u17c1\u17b8|\u17c1\u17b6"
        "|[\u17b6-\u17c5][\u17c9\u17ca]"
    )
    for english, khmer in translated().items():
        assert not wrong.search(khmer), (english, khmer)


@pytest.mark.parametrize(
    ("language", "age", "ago"), [("km", "3 ថ្ងៃ", "3 ថ្ងៃមុន"), ("en", "3 days", "3 days ago")]
)
def test_an_age_is_said_in_the_readers_language(language: str, age: str, ago: str) -> None:
    words, now = Words(language), datetime(2026, 11, 21, 8, tzinfo=UTC)
    assert words.age(timedelta(days=3)) == age
    assert words.ago(now - timedelta(days=3), now) == ago


def test_nobody_counts_seconds() -> None:
    now = datetime(2026, 11, 21, 8, tzinfo=UTC)
    assert Words("en").age(timedelta(seconds=30)) == "just now"
    assert Words("en").ago(now + timedelta(seconds=5), now) == "just now"


def test_times_are_cambodian() -> None:
    late = datetime(2026, 11, 21, 20, 30, tzinfo=UTC)
    assert Words("en").when(late) == "22 Nov 2026 03:30"


def test_the_catalogue_lies_beside_the_code() -> None:
    assert Path("api/locale/km.po").resolve() == CATALOGUE.resolve()

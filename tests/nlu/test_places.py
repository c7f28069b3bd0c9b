"""Names of places and of work: all are there, none stands for two, none hides in ordinary words."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.amounts import duration, money
from bot.text import normalise
from referrals.geography import PROVINCES

DATA = Path(__file__).parents[2] / "nlu" / "data"
COUNTRIES = ("TH", "MY", "KR", "JP", "SG", "SA", "HK", "KH", "other")
SECTORS = (
    "construction",
    "agriculture",
    "livestock",
    "fishing",
    "seafood_processing",
    "manufacturing",
    "services",
    "domestic_work",
    "plantation",
    "other",
)
THAI = [
    f"TH-{number}"
    for first, last in ((10, 27), (30, 49), (50, 58), (60, 67), (70, 77), (80, 86), (90, 96))
    for number in range(first, last + 1)
]
MALAYSIAN = [f"MY-{number:02}" for number in range(1, 17)]
CODES = {
    "country": set(COUNTRIES),
    "province": set(PROVINCES),
    "destination_province": {*THAI, *MALAYSIAN},
    "sector": set(SECTORS),
}
KHMER = re.compile("[\u1780-\u17d3]")
MARK = re.compile(r"\[([^\]]+)\]\(([a-z_]+)\)")


def _entries() -> list[dict[str, Any]]:
    return [
        entry
        for file in sorted(DATA.glob("*.yml"))
        for entry in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]
    ]


def _lines(entry: dict[str, Any]) -> list[str]:
    return [line.strip()[2:] for line in entry["examples"].splitlines() if line.strip()]


def _of(kind: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for entry in _entries():
        if kind in entry:
            found[entry[kind]] += _lines(entry)
    return found


LOOKUPS, REGEXES, SYNONYMS = _of("lookup"), _of("regex"), _of("synonym")
CODE_OF = {name.lower(): code for code, names in SYNONYMS.items() for name in names}


def found(entity: str, text: str) -> list[str]:
    """Give the codes found in `text` as RegexEntityExtractor and EntitySynonymMapper find them.

    What bot/understand.py asks of a word's edges is asked of Latin letters only.
    """
    text = normalise(text)
    names = "|".join(map(re.escape, sorted(LOOKUPS[entity], key=len, reverse=True)))
    return [
        CODE_OF[hit.group().lower()]
        for pattern in (*REGEXES[entity], names)
        for hit in re.finditer(pattern, text, re.IGNORECASE)
        if not hit.group().isascii() or re.fullmatch(rf"(.*\W|){hit.group()}(\W.*|)", text)
    ]


def test_each_code_has_names_and_there_are_no_others() -> None:
    assert len(THAI) == 77
    assert set(SYNONYMS) == set().union(*CODES.values())
    assert set(LOOKUPS) == set(CODES)


@pytest.mark.parametrize("code", sorted(set().union(*CODES.values())))
def test_each_code_is_said_in_khmer_and_in_latin_letters(code: str) -> None:
    assert any(KHMER.search(name) for name in SYNONYMS[code])
    assert any(name.isascii() for name in SYNONYMS[code])


def test_no_name_stands_for_two_codes_or_stands_twice() -> None:
    by_name: dict[str, list[str]] = defaultdict(list)
    for code, names in SYNONYMS.items():
        for name in names:
            by_name[name.lower()].append(code)
    # "other" is a country and a kind of work: one list, but of different names.
    assert {name: codes for name, codes in by_name.items() if len(codes) > 1} == {}


def test_each_name_is_written_in_its_normal_form() -> None:
    names = [*CODE_OF, *(name for names in LOOKUPS.values() for name in names)]
    assert [name for name in names if normalise(name) != name] == []


@pytest.mark.parametrize("entity", sorted(CODES))
def test_what_is_looked_up_has_a_code_of_its_kind(entity: str) -> None:
    assert [name for name in LOOKUPS[entity] if CODE_OF[name.lower()] not in CODES[entity]] == []


@pytest.mark.parametrize("entity", sorted(CODES))
def test_each_name_is_found(entity: str) -> None:
    names = {name for code in CODES[entity] for name in SYNONYMS[code]}
    if entity in {"country", "sector"}:  # "other" is in both
        names -= {name for name in SYNONYMS["other"] if name not in LOOKUPS[entity]}
    unfound = [
        name
        for name in names
        if CODE_OF[name.lower()] not in found(entity, name)
        and CODE_OF[name.lower()] not in found(entity, f"ខេត្ត {name}")
    ]
    assert unfound == []


@pytest.mark.parametrize("entity", sorted(CODES))
def test_some_example_carries_each_entity_or_rasa_would_not_look_it_up(entity: str) -> None:
    marked = {
        mark for entry in _entries() if "intent" in entry for mark in MARK.findall(str(entry))
    }
    assert entity in {name for _, name in marked}


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("Pattaya", "TH-20"),
        ("ប៉ាតាយ៉ា", "TH-20"),
        ("Mae Sot", "TH-63"),
        ("hat yai", "TH-90"),
        ("mahachai", "TH-74"),
        ("មហាឆៃ", "TH-74"),
        ("rong kluea", "TH-27"),
        ("Aranyaprathet", "TH-27"),
        ("បាង់កក", "TH-10"),
        ("ចុនបុរី", "TH-20"),
        ("ระยอง", "TH-21"),
        ("khet tak", "TH-63"),
        ("tak", "TH-63"),
        ("ខេត្តតាក", "TH-63"),
        ("ធ្វើការនៅត្រាត", "TH-23"),
        ("Shah Alam", "MY-10"),
        ("petaling jaya", "MY-10"),
        ("port klang", "MY-10"),
        ("klang", "MY-10"),
        ("Johor Bahru", "MY-01"),
        ("butterworth", "MY-07"),
        ("ពេណាង", "MY-07"),
        ("KL", "MY-14"),
        ("សាបាស", "MY-12"),
    ],
)
def test_a_town_stands_for_its_province_abroad(typed: str, code: str) -> None:
    assert code in found("destination_province", typed)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("btb", "KH-2"),
        ("bmc", "KH-1"),
        ("poipet", "KH-1"),
        ("bantey meanchey", "KH-1"),
        ("kg cham", "KH-3"),
        ("preyveng", "KH-14"),
        ("neak loeung", "KH-14"),
        ("bavet", "KH-20"),
        ("kampong som", "KH-18"),
        ("pp", "KH-12"),
        ("ខេត្ត កណ្ដាល", "KH-8"),
        ("ខេត្តកណ្តាល", "KH-8"),
        ("kandal", "KH-8"),
        ("កែប", "KH-23"),
    ],
)
def test_a_town_or_a_short_form_stands_for_the_province_at_home(typed: str, code: str) -> None:
    assert code in found("province", typed)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("ធ្វើការនៅការដ្ឋាន", "construction"),
        ("tver kar samnong", "construction"),
        ("samnong", "construction"),
        ("ប្តីខ្ញុំចុះទូក", "fishing"),
        ("nesat", "fishing"),
        ("ធ្វើការផ្ទះគេ", "domestic_work"),
        ("housemaid", "domestic_work"),
        ("ចម្ការ", "agriculture"),
        ("បកបង្គា", "seafood_processing"),
        ("ហ្វាមជ្រូក", "livestock"),
        ("rong jak", "manufacturing"),
        ("salon", "services"),
        ("បើកការងារផ្សេង", "other"),
    ],
)
def test_a_word_stands_for_its_kind_of_work(typed: str, code: str) -> None:
    assert code in found("sector", typed)


def test_the_longer_name_wins() -> None:
    assert found("country", "ទៅថៃវ៉ាន់") == ["other"]
    assert found("sector", "ចម្ការដូងប្រេង")[-1] == "plantation"
    assert found("sector", "រោងចក្រត្រីកំប៉ុង") == ["seafood_processing"]


@pytest.mark.parametrize(
    ("entity", "typed"),
    [
        ("country", "ខ្ញុំមកពីសៀមរាប"),
        ("country", "ទៅសៀមរាបវិញ"),
        ("country", "បង់១០០ដុល្លារអាមេរិក"),
        ("country", "ថៅកែចិនកាចណាស់"),
        ("country", "មើលក្នុងកាតាឡុក"),
        ("province", "គេវាយខ្ញុំកណ្តាលយប់"),
        ("province", "nov kandal yub"),
        ("province", "ខ្ញុំចង់កែប្រែឈ្មោះ"),
        ("province", "ke kan pp nhom"),
        ("province", "sr bong"),
        ("destination_province", "ចុះកុងត្រាត្រូវអាន"),
        ("destination_province", "ចុះកុងត្រាតាំងពីឆ្នាំមុន"),
        ("destination_province", "ខេត្តតាកែវ"),
        ("destination_province", "chheu khlang nas, chheu klang nas"),
        ("destination_province", "nhom tov trang nung"),
        ("destination_province", "kar ngear nis, bong khae muoy poan"),
        ("sector", "ជួយរៀបចំការងារឱ្យខ្ញុំ"),
        ("sector", "នៅចម្ការមន ភ្នំពេញ"),
        ("sector", "ខ្ញុំចង់បានសំណង"),
        ("sector", "som samnong te bong"),
        ("sector", "ឆ្លងទន្លេតាមទូក"),
        ("sector", "ចង់ទៅផ្ទះវិញ"),
        ("sector", "គេលក់ខ្ញុំ"),
        ("sector", "បន្ទប់ដូចទ្រុងជ្រូក"),
        ("sector", "មានអ្នកយាមពីរនាក់"),
        ("sector", "វីសាអេឡិចត្រូនិច"),
        ("sector", "ស៊ីតែត្រីកំប៉ុង"),
        ("sector", "bay nung tuk trey"),
        ("sector", "phek sra"),
    ],
)
def test_an_ordinary_word_is_no_name(entity: str, typed: str) -> None:
    assert found(entity, typed) == []


def _marks() -> list[tuple[str, str]]:
    file = yaml.safe_load((DATA / "annotated.yml").read_text(encoding="utf-8"))
    return sorted({mark for entry in file["nlu"] for mark in MARK.findall(entry["examples"])})


@pytest.mark.parametrize(("words", "entity"), _marks())
def test_what_is_marked_is_what_would_be_read(words: str, entity: str) -> None:
    if entity == "money":
        assert money(normalise(words)) is not None
    elif entity == "duration":
        assert duration(normalise(words)) is not None
    else:
        assert CODE_OF[normalise(words).lower()] in CODES[entity]


def test_marks_are_well_formed() -> None:
    for entry in yaml.safe_load((DATA / "annotated.yml").read_text(encoding="utf-8"))["nlu"]:
        for line in _lines(entry):
            assert not re.search(r"[\[\]()]", MARK.sub("", line)), line


def _sentences() -> list[str]:
    file = yaml.safe_load((DATA / "annotated.yml").read_text(encoding="utf-8"))
    return [line for entry in file["nlu"] for line in _lines(entry)]


@pytest.mark.parametrize("line", _sentences())
def test_the_first_sum_and_span_marked_in_a_sentence_are_those_read(line: str) -> None:
    text = normalise(MARK.sub(r"\1", line))
    marked = [(name, normalise(words)) for words, name in MARK.findall(line)]
    assert money(text) == next((money(words) for name, words in marked if name == "money"), None)
    assert duration(text) == next(
        (duration(words) for name, words in marked if name == "duration"), None
    )

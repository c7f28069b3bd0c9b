"""The lexicon finds danger however it is written, and leaves sayings and questions alone."""

import re
import time
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.alike import NUMBER, by_sound, units
from bot.danger import LEXICON, UNCLEAR, concerns_a_child, danger
from bot.text import LIMIT, normalise

KINDS = ["suicide", "violence", "confinement", "trafficking", "child", "illness", UNCLEAR]


def _content(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((LEXICON / f"{name}.yml").read_text(encoding="utf-8"))
    return content


WORDS, RULES, QUIET = _content("words"), _content("rules"), _content("quiet")
GROUPS: dict[str, dict[str, list[str]]] = {**WORDS["groups"], **QUIET["groups"]}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("គេ វាយ ខ្ញុំ", "violence"),
        ("គេ\u200bវាយ\u200bខ្ញុំ", "violence"),
        ("ថៅកែវាយខ្ញុំរាល់ថ្ងៃ", "violence"),
        ("ធ្វើមិនបានគេវាយខ្ញុំ", "violence"),
        ("គេមិនឈប់វាយខ្ញុំ", "violence"),
        ("គេគម្រាមសម្លាប់ខ្ញុំ", "violence"),
        ("He BEATS   me", "violence"),
        ("I\u2019m in danger", "violence"),
        ("thaokae veay nhom", "violence"),
        ("he raped me", "violence"),
        ("គេ មិនអោយ ចេញ ពីបន្ទប់", "confinement"),
        ("គេមិនឲ្យខ្ញុំចេញក្រៅ", "confinement"),
        ("they locked me in the room", "confinement"),
        ("គេលក់ខ្ញុំទៅឱ្យក្រុមហ៊ុនផ្សេង", "trafficking"),
        ("i was sold to another company", "trafficking"),
        ("ខ្ញុំមិនចង់រស់ទៀតទេ", "suicide"),
        ("ចង់ស្លាប់", "suicide"),
        ("nhom jong slab", "suicide"),
        ("i want to kill myself", "suicide"),
        ("កូនខ្ញុំឈឺខ្លាំងណាស់", "child"),
        ("គាត់ហូរឈាមច្រើនណាស់", "illness"),
        ("my friend is bleeding", "illness"),
        ("ទូកលិចហើយ", "illness"),
        ("ជួយផង", UNCLEAR),
        ("សូមជួយផងបង", UNCLEAR),
        ("Help me!", UNCLEAR),
    ],
)
def test_danger_is_found(text: str, kind: str) -> None:
    assert danger(normalise(text)) == kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ថៅកែយកកាំបិតដេញខ្ញុំ", "violence"),
        ("ex husband is waiting at the door with a knife", "violence"),
        ("គេដេញតាមខ្ញុំ ខ្ញុំពួនក្នុងព្រៃ", "violence"),
        ("i am hiding in the forest, men with dogs look for me", "violence"),
        ("គាត់ចូលបន្ទប់ខ្ញុំរាល់យប់", "violence"),
        ("they poured boiling water on me", "violence"),
        ("they want 3000 dollars or they cut his finger", "violence"),
        ("min oy nhom jenh, mean yam nov muk tvear", "confinement"),
        ("they took our phones and we cannot leave", "confinement"),
        ("ខ្ញុំនៅក្រុមហ៊ុនឆបោក ចេញមិនបាន", "confinement"),
        ("ke yok nhom tov bongkhom oy bok ke", "trafficking"),
        ("កូនខ្ញុំគ្រុនក្តៅខ្លាំង អត់មានលុយទៅពេទ្យ", "child"),
        ("prapon chheu pous somral ot mean lan", "child"),
        ("ឃ្លានណាស់ អត់បាយ ៣ថ្ងៃហើយ", "illness"),
        ("លាហើយម៉ែ សុំទោសកូនធ្វើបាបម៉ែ", "suicide"),
        ("nhom leb thnam jreun hz", "suicide"),
    ],
)
def test_words_that_say_little_alone_are_danger_together(text: str, kind: str) -> None:
    assert danger(normalise(text)) == kind


@pytest.mark.parametrize(
    "text", ["កាំបិត", "ចាក់សោ", "យប់នេះ", "forest", "phone", "jak sor", "ជួយ ខ្ញុំ សួរ"]
)
def test_words_of_one_group_alone_are_none(text: str) -> None:
    assert danger(normalise(text)) is None


def test_words_far_apart_belong_to_different_matters() -> None:
    between = "ប្រាក់ខែរបស់កម្មករនៅរោងចក្រនោះបានបើកឱ្យគ្រប់គ្នាតាមកិច្ចសន្យាហើយ" * 2
    assert danger(normalise(f"កាំបិត {between} យប់នេះ")) is None


@pytest.mark.parametrize(
    "spellings",
    [
        ("ke veay nhom", "ke vay khnhom", "ké veai knyom", "kae vay kjom", "ke vy knhm"),
        ("thaoke jak sor nhom", "tauke chak so khnhom", "towkay tchak sao kyom", "ke jk sor knhm"),
        ("jong slab", "chong slap", "chang slab", "jg slb", "tchong slab"),
        ("គេវាយខ្ញុំ", "គេវ៉ាយញុំ", "គេ វាយ ខ្ងុំ"),
        ("គម្រាមសម្លាប់ខ្ញុំ", "គំរាមសំលាប់ខ្ញុំ", "គំរាមសម្លាប់ញុំ"),
    ],
)
def test_spelling_makes_no_difference(spellings: tuple[str, ...]) -> None:
    assert len({danger(normalise(text)) for text in spellings}) == 1
    assert danger(normalise(spellings[0])) is not None


@pytest.mark.parametrize(
    "text",
    [
        "I was not beaten",
        "nobody hit me",
        "they never hit me",
        "they did not lock the door",
        "he did not die",
        "I do not want to die",
        "ខ្ញុំមិនចង់ស្លាប់ទេ",
        "nhom ot jong slab te",
        "គេមិនបានវាយខ្ញុំទេ",
        "គេមិនបានចាក់សោទេ",
        "ថៅកែមិនដែលវាយខ្ញុំ",
        "គ្មានអ្នកណាវាយខ្ញុំទេ",
        "អត់មានគេវាយទេ",
        "ot mean neak na vay nhom te",
        "ke ot del vay nhom te",
    ],
)
def test_denials_are_no_danger(text: str) -> None:
    assert danger(normalise(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "ធ្វើការហត់ចង់ស្លាប់ លុយក៏អត់បាន",
        "សើចចង់ស្លាប់ហើយ",
        "ខ្លាចចង់ស្លាប់",
        "ក្តៅសឹងស្លាប់",
        "នឹកស្លាប់ហើយ",
        "ចាំសឹងស្លាប់ហើយ",
        "working me to death and wages not paid",
        "i am tired to death",
        "hungry to death, where to eat",
        "serch jong slab",
        "hot slab hz",
        "ចេញដំណើរនៅពេលណា",
        "កូនខ្ញុំវាយអក្សរឱ្យម៉ែ",
        "ke vay 3-0 hz",
    ],
)
def test_sayings_are_no_danger(text: str) -> None:
    assert danger(normalise(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "តើអ្វីជាការជួញដូរមនុស្ស?",
        "what is human trafficking",
        "what is a scam compound",
        "if the boss beats a worker, where do I call",
        "ber thaokae veay tel tov na",
        "ឧបមាថាថៅកែវាយ តើត្រូវប្តឹងនៅណា",
        "ប្តីវាយនៅថៃ តើអង្គការណាជួយ",
        "last year the boss hit me, now I am home and want to complain",
        "ឆ្នាំមុនថៅកែវាយខ្ញុំ ឥឡូវខ្ញុំនៅស្រុកវិញហើយ",
    ],
)
def test_what_is_only_asked_or_long_over_is_no_danger(text: str) -> None:
    assert danger(normalise(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "what is the easiest way to kill myself",
        "តើស្លាប់ល្អជាងទេ",
        "បើខ្ញុំស្លាប់ អ្នកណាមើលកូនខ្ញុំ",
        "last year I wanted to die, today again I want to die",
    ],
)
def test_no_question_hides_that_somebody_wants_to_die(text: str) -> None:
    assert danger(normalise(text)) == "suicide"


@pytest.mark.parametrize(
    "text",
    [
        "តើមានអ្នកណាជួយខ្ញុំ គេកំពុងវាយខ្ញុំ",
        "where do I call, he is beating me right now",
        "he beats me, how can I leave",
        "គេវាយខ្ញុំ តើទៅណា",
        "បើខ្ញុំរត់គេសម្លាប់ខ្ញុំ តើទៅណា",
        "3 ឆ្នាំហើយប្តីវាយខ្ញុំរាល់ថ្ងៃ",
        "ឆ្នាំមុនគេវាយខ្ញុំ យប់នេះគេវាយខ្ញុំទៀត",
    ],
)
def test_who_asks_what_to_do_while_it_goes_on_is_heard(text: str) -> None:
    assert danger(normalise(text)) == "violence"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "សួស្តី",
        "ថៅកែមិនបើកប្រាក់ខែ ៣ខែហើយ",
        "សូមជួយប្រាប់ពីប្រាក់ខែអប្បបរមា",
        "can you help me with my contract",
        "som lok juoy nhom bon tich",
        "lea hz bong, orkun",
        "boss is coming, hide this",
        "ថៅកែចាក់សោប៉ាស្ព័រខ្ញុំក្នុងទូដែក",
        "ប្តីខ្ញុំស្លាប់នៅការដ្ឋាន ចង់យកសពមកស្រុក",
    ],
)
def test_other_matters_are_no_danger(text: str) -> None:
    assert danger(normalise(text)) is None


def test_a_denial_takes_back_only_what_it_denies() -> None:
    assert danger(normalise("they did not kill me but they beat me")) == "violence"
    assert danger(normalise("គេមិនបានវាយខ្ញុំទេ តែគេមិនឱ្យចេញ")) == "confinement"


def test_a_question_far_away_takes_nothing_back() -> None:
    between = "ប្រាក់ខែរបស់កម្មករនៅរោងចក្រនោះបានបើកឱ្យគ្រប់គ្នាតាមកិច្ចសន្យាហើយ" * 3
    assert danger(normalise(f"ថៅកែវាយខ្ញុំ {between} តើអ្វីជាកិច្ចសន្យា")) == "violence"


# ---- the lexicon itself


def _rules() -> Iterator[tuple[str, str]]:
    for kind, rules in RULES.items():
        for line in (*rules.get("always", ()), *rules.get("told", ())):
            yield kind, line


CONCERNED = RULES["child"]["concerned"]
"""Rules that are no danger by themselves: a child is meant."""


def _groups_of(line: str) -> list[str]:
    """Give the groups that make a rule fit, not those that stand after a minus."""
    return _named(line.split(" - ")[0])


def _named(line: str) -> list[str]:
    return [group.strip() for group in re.split("[+>]+| - ", line)]


def _keys(script: str, phrase: str) -> tuple[str, ...]:
    found = units(normalise(phrase))
    first = script == "en"
    return tuple(unit.keys[0 if first and unit.keys[0] != NUMBER else -1] for unit in found)


def test_the_kinds_stand_in_their_order() -> None:
    assert list(RULES) == KINDS


def test_only_suicide_is_never_taken_back() -> None:
    assert [kind for kind, rules in RULES.items() if rules.get("always")] == ["suicide"]


@pytest.mark.parametrize(("kind", "line"), list(_rules()))
def test_every_rule_finds_something(kind: str, line: str) -> None:
    """Some two spellings of its groups, put side by side, are danger of some kind."""
    assert any(danger(text) for text in _put_side_by_side(line)), (kind, line)


@pytest.mark.parametrize("line", CONCERNED)
def test_every_rule_of_who_is_a_child_finds_something(line: str) -> None:
    assert any(concerns_a_child(text) for text in _put_side_by_side(line))


def _put_side_by_side(line: str) -> Iterator[str]:
    """Give sentences of some spellings of a rule's groups."""
    choices = []
    for group in _groups_of(line):
        counted = [g for g, other in GROUPS.items() if group == g or group in other.get("also", ())]
        spelt = [p for g in counted for s in ("km", "en", "ro") for p in GROUPS[g].get(s, ())]
        choices.append(spelt[:: max(1, len(spelt) // 6)])
    return (normalise(" ".join(words)) for words in product(*choices))


def test_every_group_is_used() -> None:
    rules = [*(line for _, line in _rules()), *CONCERNED]
    rules += [line for part in ("sayings", "loud") for line in QUIET[part]]
    rules += [line for part in QUIET["quiet"].values() for line in part]
    used = {group for line in rules for group in _named(line)}
    used |= {"cry_and_nothing_else", "please", "they"}  # in bot/danger.py
    used |= {"not", "not_if_te", "not_unless_space", "te", "asks", "plea", "do_not", "there_is_no"}
    used |= {name for name, group in GROUPS.items() if used.intersection(group.get("also", ()))}
    assert set(GROUPS) == used
    assert set(QUIET["harm"]) <= set(QUIET["deniable"]) <= set(GROUPS)
    assert set(QUIET["quiet"]) <= {*KINDS, "anything", "what_follows", "of_others"}


def test_no_phrase_stands_twice_in_a_group() -> None:
    for group, spellings in GROUPS.items():
        for script in ("km", "ro", "en"):
            keys = [_keys(script, phrase) for phrase in spellings.get(script, ())]
            assert all(keys), group
            assert len(set(keys)) == len(keys), (group, script)


# ---- sounds


@pytest.mark.parametrize(
    ("one", "other"),
    [("veay", "vai"), ("jong", "tchong"), ("khnhom", "knom"), ("kdao", "kdav"), ("ké", "ke")],
)
def test_words_that_sound_alike_are_one(one: str, other: str) -> None:
    assert by_sound(one) == by_sound(other)


@pytest.mark.parametrize(
    ("one", "other"), [("veay", "vea"), ("banh", "ban"), ("jong", "jeang"), ("chheam", "jom")]
)
def test_words_that_sound_unlike_are_two(one: str, other: str) -> None:
    assert by_sound(one) != by_sound(other)


@pytest.mark.parametrize("stop", [". ", "! ", ", ", "; ", "។ ", " - "])
def test_a_stop_is_seen_by_what_stands_behind_it(stop: str) -> None:
    assert [unit.after_stop for unit in units(f"no{stop}hit")] == [False, True]
    assert units(f"ក{stop}ក")[1].after_stop


def test_a_space_is_seen_in_khmer_script() -> None:
    assert [unit.after_space for unit in units("ក កក no no")] == [False, True, False, False, False]


def test_khmer_stops_are_no_letters() -> None:
    assert len(units("ក។ ក៕")) == 2


# ---- any text


@given(st.text(st.sampled_from("គេវាយខ្ញុំ ស្លាប់់ៗ៎ 3a'e\u2019kvyœé.!"), max_size=80))
def test_any_text_is_judged(text: str) -> None:
    assert danger(normalise(text)) in {*KINDS, None}


@pytest.mark.parametrize(
    "part",
    [
        "a",
        "ជួយ",
        "គេ",
        "ខ្ញុំ",
        "វាយ",
        "មិនវាយ",
        "ហត់ចង់ស្លាប់",
        "តើអ្វី",
        "ឥឡូវ",
        "kan ",
        "min vay ",
        "chh",
        "ក្",
        "អត់ ទេ",
        "lock me passport ",
        "គេចាប់ប្អូនខ្ញុំទារលុយ",
    ],
)
def test_the_longest_hostile_text_takes_no_time(part: str) -> None:
    text = (part * LIMIT)[:LIMIT]
    danger("the lexicon is read")
    assert _quickest(lambda: danger(text)) < 0.5


def test_a_usual_sentence_takes_about_a_thousandth_of_a_second() -> None:
    text = normalise("ថៅកែមិនបើកប្រាក់ខែឱ្យខ្ញុំ ៣ខែហើយ ធ្វើម៉េចទៅ bong juoy phong")
    danger(text)
    assert _quickest(lambda: danger(text), times=50) < 0.003


def _quickest(act: Callable[[], object], times: int = 3) -> float:
    """Seconds of this process's own work, of the best run: a busy machine proves nothing."""
    took = []
    for _ in range(times):
        begun = time.process_time()
        act()
        took.append(time.process_time() - begun)
    return min(took)

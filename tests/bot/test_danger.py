"""The lexicon finds danger however it is written, and leaves sayings alone."""

import pytest
import yaml

from bot.danger import LEXICON, UNCLEAR, danger
from bot.text import normalise


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
        ("ជួយផង", UNCLEAR),
        ("Help me!", UNCLEAR),
    ],
)
def test_danger_is_found(text: str, kind: str) -> None:
    assert danger(normalise(text)) == kind


@pytest.mark.parametrize(
    "text",
    [
        "ថៅកែមិនបើកប្រាក់ខែ ៣ខែហើយ",
        "ធ្វើការហត់ចង់ស្លាប់ លុយក៏អត់បាន",
        "working me to death and wages not paid",
        "i am tired to death",
        "I was not beaten",
        "nobody hit me",
        "they never hit me",
        "គេមិនបានវាយខ្ញុំទេ",
        "ថៅកែមិនដែលវាយខ្ញុំ",
        "គ្មានអ្នកណាវាយខ្ញុំទេ",
        "អត់មានគេវាយទេ",
        "តើអ្វីជាការជួញដូរមនុស្ស?",
        "what is human trafficking",
        "ចេញដំណើរនៅពេលណា",
        "សួស្តី",
        "សូមជួយប្រាប់ពីប្រាក់ខែអប្បបរមា",
        "can you help me with my contract",
        "",
    ],
)
def test_sayings_denials_and_questions_are_no_danger(text: str) -> None:
    assert danger(normalise(text)) is None


def test_a_denial_takes_back_only_what_it_denies() -> None:
    assert danger(normalise("they did not kill me but they beat me")) == "violence"
    assert danger(normalise("គេមិនបានវាយខ្ញុំទេ តែគេមិនឱ្យចេញ")) == "confinement"


def test_every_phrase_of_the_lexicon_is_found() -> None:
    content = yaml.safe_load(LEXICON.read_text(encoding="utf-8"))
    kinds = content["kinds"]
    assert list(kinds) == ["suicide", "violence", "confinement", "trafficking", "child", "illness"]
    for kind, words in kinds.items():
        for phrase in [*words["km"], *words["latin"]]:
            assert danger(normalise(phrase)) is not None, (kind, phrase)

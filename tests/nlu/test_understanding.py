"""What the trained model makes of sentences that are not in the training data."""

import pytest

from bot.certainty import Certainty
from bot.danger import UNCLEAR
from bot.rasa import RasaProcess
from bot.understand import understand
from tests.nlu.conftest import Loop

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(600)]


@pytest.mark.parametrize(
    ("text", "intent", "topic"),
    [
        ("ថៅកែមិនអោយលុយខ្ញុំ៣ខែហើយ", "complaint", "unpaid_wages"),
        ("ម៉ាដាមយកលិខិតឆ្លងដែនខ្ញុំទុក", "complaint", "documents_withheld"),
        ("my boss took my passport", "complaint", "documents_withheld"),
        ("thaoke min oy luy", "complaint", "unpaid_wages"),
        ("ខ្ញុំចង់ដាក់ពាក្យបណ្ដឹង", "complaint", None),
        ("ប្រាក់ខែអប្បបរមានៅថៃប៉ុន្មាន", "faq", "minimum_wage"),
        ("ធ្វើ MOU ត្រូវធ្វើអ្វីខ្លះ", "faq", "mou_steps"),
        ("ខ្ញុំចង់និយាយជាមួយមនុស្ស", "human", None),
        ("អ្នកណាឃើញអ្វីដែលខ្ញុំសរសេរ", "privacy", None),
        ("បណ្តឹងខ្ញុំដល់ណាហើយ", "case_status", None),
        ("សួស្តី", "greet", None),
        ("ឈប់", "cancel", None),
    ],
)
def test_everyday_sentences_are_understood(
    rasa: RasaProcess, loop: Loop, text: str, intent: str, topic: str | None
) -> None:
    found = loop.run(understand(rasa.client, text))
    assert (found.intent, found.topic) == (intent, topic)


@pytest.mark.parametrize(
    ("text", "entity", "code"),
    [
        ("ខ្ញុំនៅខេត្តបាត់ដំបង", "province", "KH-2"),
        ("ខេត្ត កណ្ដាល", "province", "KH-8"),
        ("prey veng", "province", "KH-14"),
        ("ខ្ញុំនៅថៃ", "country", "TH"),
        ("nov malaysia", "country", "MY"),
        ("Thailand", "country", "TH"),
    ],
)
def test_places_become_codes(
    rasa: RasaProcess, loop: Loop, text: str, entity: str, code: str
) -> None:
    assert dict(loop.run(understand(rasa.client, text)).entities)[entity] == code


def test_the_topic_is_among_the_entities_for_the_dialogue(rasa: RasaProcess, loop: Loop) -> None:
    found = loop.run(understand(rasa.client, "ថៅកែមិនបើកប្រាក់ខែ៣ខែហើយ"))
    assert ("category", "unpaid_wages") in found.entities


@pytest.mark.parametrize("text", ["", "\u200b", "😀😀", "/", "/restart"])
def test_nothing_and_orders_are_only_not_understood(
    rasa: RasaProcess, loop: Loop, text: str
) -> None:
    found = loop.run(understand(rasa.client, text))
    assert found.intent not in {"restart", "session_start"}
    assert found.danger is None


def test_nonsense_is_not_acted_on(rasa: RasaProcess, loop: Loop) -> None:
    found = loop.run(understand(rasa.client, "zxqw vvbk pqrz"))
    assert found.certainty in {Certainty.LOST, Certainty.EITHER} or found.intent == "out_of_scope"
    assert len(found.ranking) == 3


@pytest.mark.parametrize("text", ["គេចាក់សោខ្ញុំក្នុងបន្ទប់", "ke veay nhom", "i want to die", "ជួយផង"])
def test_danger_is_heard_in_three_scripts(rasa: RasaProcess, loop: Loop, text: str) -> None:
    assert loop.run(understand(rasa.client, text)).danger is not None


def test_a_cry_for_help_alone_is_danger_of_an_unclear_kind(rasa: RasaProcess, loop: Loop) -> None:
    assert loop.run(understand(rasa.client, "ជួយផង!!")).danger == UNCLEAR

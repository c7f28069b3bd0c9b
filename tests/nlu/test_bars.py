"""What was reached on the test set is held: a change that understands less does not pass.

The floors are a little under the figures of docs/understanding.md, which `make evaluate` writes.
"""

import pytest

from bot.rasa import RasaProcess
from bot.understand import alarm, understand
from tests.nlu.conftest import Loop
from tests.understanding import measure
from tests.understanding.measure import Read
from tests.understanding.sentences import HELD_OUT, TEST, UNCLEAR, sentences

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def reads(rasa: RasaProcess, loop: Loop) -> list[Read]:
    async def read_all() -> list[Read]:
        return [Read(one, await understand(rasa.client, one.text)) for one in sentences(TEST)]

    return loop.run(read_all(), timeout=300)


def of_script(reads: list[Read], script: str) -> list[Read]:
    return [read for read in reads if read.sentence.script == script]


@pytest.mark.parametrize(("script", "floor"), [("km", 92.5), ("latin", 91.5), ("en", 87.0)])
def test_intents_are_understood(reads: list[Read], script: str, floor: float) -> None:
    right = measure.share(of_script(reads, script), lambda read: read.intent_right)
    assert right.percent >= floor, right


def test_categories_and_topics_are_understood(reads: list[Read]) -> None:
    right = measure.share(measure.topics(reads), lambda read: read.label_right)
    assert right.percent >= 94.0, right


def test_danger_is_found(reads: list[Read]) -> None:
    found = measure.danger_recall(reads)
    assert found.percent >= 98.0, found


def test_words_alone_find_most_danger() -> None:
    """While Rasa is away, nothing else does."""
    cries = [one.text for one in sentences(TEST) if one.danger == "yes"]
    found = sum(alarm(text) is not None for text in cries)
    assert found / len(cries) >= 0.82, found


@pytest.mark.parametrize(("kinds", "most"), [({"no"}, 2.0), ({"no", "alike"}, 4.5)])
def test_the_calm_are_seldom_alarmed(reads: list[Read], kinds: set[str], most: float) -> None:
    alarms = measure.false_alarms(reads, frozenset(kinds))
    assert alarms.percent <= most, alarms


def test_confidence_is_to_be_believed(reads: list[Read]) -> None:
    assert measure.calibration_error(measure.calibration(reads)) <= 0.05


def test_what_is_acted_on_is_nearly_always_right(reads: list[Read]) -> None:
    acted, right = measure.outcomes(reads)["sure"]  # type: ignore[index]
    assert acted.percent >= 80.0, acted
    assert right.percent >= 94.0, right


def test_not_everything_unclear_is_acted_on(rasa: RasaProcess, loop: Loop) -> None:
    async def read_all() -> list[Read]:
        unclear = [one for one in sentences(HELD_OUT) if one.label == UNCLEAR]
        return [Read(one, await understand(rasa.client, one.text)) for one in unclear]

    acted, _ = measure.outcomes(loop.run(read_all()))["sure"]  # type: ignore[index]
    assert acted.percent <= 70.0, acted


@pytest.mark.parametrize("name", measure.ENTITIES)
def test_entities_are_found(reads: list[Read], name: str) -> None:
    found = next(one for one in measure.by_entity(reads) if one.name == name)
    assert found.f1 >= 0.78, found

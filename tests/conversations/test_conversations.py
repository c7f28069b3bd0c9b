"""Every script goes as it should, with the real Rasa; the shortest complaint is short."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conversations.script import KINDS, Script, Seen, load, play
from tests.conversations.stage import Stage, open_stage

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(600)]

ALL = load()
AT_LEAST = 120


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Stage]:
    with open_stage(tmp_path_factory.mktemp("stage"), model) as stage:
        yield stage


@pytest.mark.parametrize("script", ALL, ids=lambda script: script.name)
def test_it_goes_as_it_should(stage: Stage, script: Script) -> None:
    seen: Seen = play(stage, script)
    assert not seen.wrong, "\n".join([*seen.wrong, "seen:", *seen.steps])


def test_there_are_enough_of_every_kind() -> None:
    assert len(ALL) >= AT_LEAST
    assert {script.of for script in ALL} == set(KINDS)
    assert len({script.name for script in ALL}) == len(ALL)

"""Every script goes as it should, with the real Rasa; docs/journeys.md shows what was seen."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conversations.script import KINDS, Script, Seen, load, play
from tests.conversations.stage import Stage, open_stage
from tests.conversations.table import FILE, table, without_what_was_seen

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(600)]

ALL = load()
AT_LEAST = 130

Plays = Callable[[Script], Seen]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Stage]:
    with open_stage(tmp_path_factory.mktemp("stage"), model) as stage:
        yield stage


@pytest.fixture(scope="module")
def plays(stage: Stage) -> Plays:
    """Play each script once, however often what was seen is asked for."""
    seen: dict[str, Seen] = {}

    def once(script: Script) -> Seen:
        if script.name not in seen:
            seen[script.name] = play(stage, script)
        return seen[script.name]

    return once


@pytest.mark.parametrize("script", ALL, ids=lambda script: script.name)
def test_it_goes_as_it_should(plays: Plays, script: Script) -> None:
    seen = plays(script)
    assert not seen.wrong, "\n".join([*seen.wrong, "seen:", *seen.steps])


def test_there_are_enough_of_every_kind() -> None:
    assert len(ALL) >= AT_LEAST
    assert {script.of for script in ALL} == set(KINDS)
    assert len({script.name for script in ALL}) == len(ALL)


def test_the_table_in_the_documents_is_what_was_seen(plays: Plays) -> None:
    seen = table(plays(script) for script in ALL)
    kept = without_what_was_seen(FILE.read_text(encoding="utf-8"))
    assert kept == without_what_was_seen(seen), "python -m tests.conversations writes it"

"""Any message at any question: an answer with a way on, and nothing that was told is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conversations.everywhere import PLACES, wrong_at
from tests.conversations.stage import Stage, open_stage

pytestmark = [pytest.mark.rasa, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Stage]:
    with open_stage(tmp_path_factory.mktemp("everywhere"), model) as stage:
        yield stage


@pytest.mark.parametrize("question", PLACES)
def test_whatever_is_sent_is_answered_and_leads_on(stage: Stage, question: str) -> None:
    assert wrong_at(stage, question) == []

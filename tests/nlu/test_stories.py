"""Every rule of the dialogue has a story test: `make test` plays those with the real policies."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import yaml

from tests.nlu.conftest import ROOT

Step = dict[str, Any]
Heard = tuple[str | None, str]
"""The form that is under way, and what is heard in it."""


def _read(pattern: str, kind: str) -> Iterator[Step]:
    for file in sorted((ROOT / "stories").glob(pattern)):
        yield from yaml.safe_load(file.read_text(encoding="utf-8"))[kind]


def _heard(steps: list[Step], form: str | None) -> Iterator[Heard]:
    for step in steps:
        if "active_loop" in step:
            form = step["active_loop"]
        elif "or" in step:
            yield from product([form], (each["intent"] for each in step["or"]))
        elif "intent" in step:
            yield form, step["intent"]


def test_what_every_rule_hears_is_heard_in_a_story_test() -> None:
    played = {
        heard for story in _read("tests/*.yml", "stories") for heard in _heard(story["steps"], None)
    }
    ruled = set()
    for rule in _read("*.yml", "rules"):
        form = next((c["active_loop"] for c in rule.get("condition", [])), None)
        ruled |= set(_heard(rule["steps"], form))
    assert ruled - played == set()

"""docs/requirements.yml keeps its word: every row is there, and what it names exists."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "docs" / "requirements.yml"
IDS = [f"A{number:03}" for number in range(1, 179)]

FIELDS: dict[str, set[str]] = {
    "served": {"feature", "test"},
    "partly": {"feature", "test", "missing", "later"},
    "later": {"later"},
    "not_software": {"why"},
}
"""What a row of each status says, beside its id and its status."""

LATER = {"issue 2", "issue 3", "issue 4", "issue 5", "not planned yet"}
MODULE = re.compile(r"\b(?:api|bot|docs|nlu|referrals|stories)/[\w/.-]+\.(?:md|po|py|yml)")


@cache
def rows() -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    return read


@cache
def functions_of(file: str) -> frozenset[str]:
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return frozenset(node.name for node in found if isinstance(node, functions))


def test_every_requirement_is_listed_once_and_in_order() -> None:
    assert [row["id"] for row in rows()] == IDS


def test_a_row_has_a_known_status_and_says_what_it_must() -> None:
    assert not [
        row["id"]
        for row in rows()
        if set(row) != {"id", "status"} | FIELDS[row["status"]]
        or not all(isinstance(said, str) and said.strip() for said in row.values())
    ]


def test_a_named_test_exists() -> None:
    missing = []
    for row in rows():
        file, _, function = row.get("test", "").partition("::")
        if file and not (function.startswith("test_") and function in functions_of(file)):
            missing.append(f"{row['id']}: {row['test']}")
    assert not missing


def test_a_feature_names_modules_that_exist() -> None:
    wrong = []
    for row in rows():
        modules = MODULE.findall(row.get("feature", ""))
        if "feature" in row and not modules:
            wrong.append(f"{row['id']}: names no module")
        wrong += [f"{row['id']}: {name}" for name in modules if not (ROOT / name).is_file()]
    assert not wrong


def test_what_comes_later_says_when() -> None:
    assert not [row["id"] for row in rows() if row.get("later", "issue 2") not in LATER]

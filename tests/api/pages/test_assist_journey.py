"""The whole journey of a walk-in, with the real program and the real dialogue, by its buttons.

Whatever the bot asks and in whatever order: among the buttons that are there, the walker presses
the one she wants most, and tells her story where none of them is.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.api.pages.at_counter import Desk
from tests.running import Running

pytestmark = [pytest.mark.rasa, pytest.mark.slow, pytest.mark.timeout(400)]

STORY = "ថៅកែយកលិខិតឆ្លងដែនខ្ញុំ ហើយមិនបើកប្រាក់ខែ៣ខែ"
WANTED = (
    r"inform:lodge=yes",
    r"inform:(store|share_\w+|contact_me)=yes",
    r"inform:complainant=self",
    r"inform:country=TH",
    r"inform:province=KH-\d+",
    r"inform:identity=anonymous",
    r"done",
    r"(complaint|inform):category=unpaid_wages",
    r"(complaint|inform):category=\w+",
    r"inform:group=\w+",
    r"complaint",
)
"""Patterns of payloads, the most wanted first: what leads on to the end, and not into a detail."""

HELPED = 'SELECT m.email FROM "case" c JOIN member m ON m.id = c.assisted_by WHERE c.code = ?'
HANDED_OVER = 'SELECT r.handover FROM recovery r JOIN "case" c ON c.id = r.case_id WHERE c.code = ?'

LONGEST = 40
"""Presses after which somebody is lost."""


@pytest.fixture(scope="module")
def house(
    tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("demo"), free_port()) as running:
        yield running


@pytest.fixture
def desk(house: Running) -> Desk:
    return Desk(house.address, email="prey-veng@mrc.demo", password="samleng-demo-only")


def answered(desk: Desk, visit: str, number: int, **said: str) -> dict[str, Any]:
    """Say something, and wait for what the bot says to it."""
    body = {"visit": visit, "message": f"message-{number:04}", **said}
    answer = desk.calls("messages", body)
    while answer.status_code == 202:
        answer = desk.calls("messages", body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    assert told["replies"], said
    return told


def next_words(told: dict[str, Any], pressed: list[str]) -> dict[str, str]:
    """Choose what to do: press what is wanted most and was not pressed before, else tell."""
    there = [button["payload"] for reply in told["replies"] for button in reply["buttons"]]
    for pattern in WANTED:
        for payload in there:
            if payload not in pressed and re.fullmatch(pattern, payload):
                return {"button": payload}
    return {"text": STORY}


def walks(desk: Desk, visit: str) -> tuple[dict[str, Any], list[str]]:
    """Go from the greeting to the receipt; gives its answer, and what was pressed or told."""
    done: list[str] = []
    told = answered(desk, visit, 0, button="greet")
    for number in range(1, LONGEST):
        step = next_words(told, done)
        done += step.values()
        told = answered(desk, visit, number, **step)
        if "inform:lodge=yes" in done:
            return told, done
    raise AssertionError(done)


def rows(house: Running, query: str, *values: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(house.data / "samleng.sqlite")) as database:
        return database.execute(query, values).fetchall()


def test_a_walk_in_is_lodged_and_leaves_with_a_code_and_a_secret(
    house: Running, desk: Desk
) -> None:
    visit = desk.begins()
    told, done = walks(desk, visit)
    assert done.count(STORY) == 1, done
    assert len(done) <= 20, done
    code = told.get("receipt", {}).get("code", "").replace("-", "")
    assert code, [reply["text"] for reply in told["replies"]]
    assert rows(house, HELPED, code) == [("prey-veng@mrc.demo",)]
    assert rows(house, HANDED_OVER, code) == [(1,)]
    secret = told["receipt"]["secret"]
    for file in house.data.rglob("*"):
        if file.is_file():
            held = file.read_bytes()
            assert STORY.encode() not in held, file
            assert secret.encode() not in held, file
    assert secret not in house.output
    assert desk.calls("end", {"visit": visit}).status_code == 204


def test_the_same_yes_again_shows_the_same_receipt(house: Running, desk: Desk) -> None:
    """The line broke after she said yes: the page asks again with the same number."""
    visit = desk.begins()
    told, done = walks(desk, visit)
    again = answered(desk, visit, len(done), button="inform:lodge=yes")
    assert again == told
    assert again["receipt"]["secret"], "the same secret, and not a new one that voids it"

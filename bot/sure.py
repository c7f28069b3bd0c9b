"""Whether somebody typed a plain yes, or a plain order, and nothing else.

For what a machine may not guess: a consent, sending, and leaving the story she is telling.
"""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.text import normalise

CONTENT = Path(__file__).parent / "content"
WORDS = CONTENT / "yes.yml"
CONTROLS = CONTENT / "controls.yml"

SURELY = "surely"
"""The entity with which the turn tells the dialogue, which hears no words: `surely=yes`."""

WHY = "why"
"""The plain order (controls.yml) that asks for the reason of a question."""

_ENDS = re.compile(r"[\s.,!។៕ៗ]+")
"""What may stand between and after the words. A question mark may not: it makes a question."""


def surely_yes(normalised: str) -> bool:
    """Say whether normalised text (bot/text.py) is a yes and nothing else.

    True only when the whole of it is words of yes.yml, at least one of them a yes. "Wait", "why",
    "yes but" and "yes?" are not.
    """
    return _yes().fullmatch(_bare(normalised)) is not None


def plain_control(normalised: str) -> str | None:
    """Give the intent, or WHY (names in controls.yml), of which normalised text is the plain order.

    None when there is anything else in it: "stop" is an order, "I had to stop" is a story. Only
    "why" may end with a question mark.
    """
    bare = _bare(normalised)
    return next((name for name, plain in _controls().items() if plain.fullmatch(bare)), None)


def _bare(text: str) -> str:
    """Take out case, spaces and stops: Khmer does not divide words, nor does a hurried thumb."""
    return _ENDS.sub("", text.casefold())


@cache
def _yes() -> re.Pattern[str]:
    content = _content(WORDS)
    yes, polite = _any(content["whole"]), _any(content["polite"])
    return re.compile(f"{polite}*{yes}(?:{yes}|{polite})*")


@cache
def _controls() -> dict[str, re.Pattern[str]]:
    content = _content(CONTROLS)
    polite = _any(content.pop("polite"))
    return {
        name: re.compile(f"{polite}*{_any(said)}{polite}*" + r"\?*" * (name == WHY))
        for name, said in content.items()
    }


def _content(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return content


def _any(words: Iterable[str]) -> str:
    known = sorted({_bare(normalise(word)) for word in words}, key=len, reverse=True)
    return "(?:" + "|".join(map(re.escape, known)) + ")"

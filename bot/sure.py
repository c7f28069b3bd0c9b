"""Whether somebody typed a plain yes: for what a machine may not guess, a consent and sending."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.text import normalise

WORDS = Path(__file__).parent / "content" / "yes.yml"

SURELY = "surely"
"""The entity with which the turn tells the dialogue, which hears no words: `surely=yes`."""

_ENDS = re.compile(r"[\s.,!។៕ៗ]+")
"""What may stand between and after the words. A question mark may not: it makes a question."""


def surely_yes(normalised: str) -> bool:
    """Say whether normalised text (bot/text.py) is a yes and nothing else.

    True only when the whole of it is words of yes.yml, at least one of them a yes. "Wait", "why",
    "yes but" and "yes?" are not.
    """
    return _read().fullmatch(_bare(normalised)) is not None


def _bare(text: str) -> str:
    """Take out case, spaces and stops: Khmer does not divide words, nor does a hurried thumb."""
    return _ENDS.sub("", text.casefold())


@cache
def _read() -> re.Pattern[str]:
    content: dict[str, Any] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    yes, polite = _any(content["whole"]), _any(content["polite"])
    return re.compile(f"{polite}*{yes}(?:{yes}|{polite})*")


def _any(words: Iterable[str]) -> str:
    known = sorted({_bare(normalise(word)) for word in words}, key=len, reverse=True)
    return "(?:" + "|".join(map(re.escape, known)) + ")"

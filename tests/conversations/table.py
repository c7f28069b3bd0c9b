"""The table docs/journeys.md: what was done, what was expected, what was seen."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from tests.conversations.script import DOES, FIRST, KINDS, Script, Seen
from tests.conversations.stage import ROOT

FILE = ROOT / "docs/journeys.md"
ROW = 6
"""Cells of a row."""

WORDS = 90
"""Letters of a message that are quoted."""

HEAD = """\
# Journeys

Scripted conversations, played on the real turn, the real Rasa and a real database
(`tests/conversations`). `python -m tests.conversations` plays them again and writes this page; a
test holds its scripts, expectations and marks equal to what was seen. What was seen may differ in a
borderline sentence after a training. All sentences were written by the developers.

A tap is its `payload`, words stand in “quotes”, what was attached in [brackets], time that passes
in (round ones). What is said is named by its key in `bot/content/says`; after → stands the question
that is waited for. Expected of every answer, besides what is listed: it is not silent, it leads on
(a button), its buttons can be pressed, and nothing that was told is lost.
"""


def table(seen: Iterable[Seen]) -> str:
    """Write the page."""
    by_kind = sorted(seen, key=lambda one: KINDS.index(one.script.of))
    right = sum(not one.wrong for one in by_kind)
    counts = Counter(one.script.of for one in by_kind)
    listed = ", ".join(f"{kind} {counts[kind]}" for kind in KINDS)
    lines = [HEAD, f"**{right} of {len(by_kind)} went as expected** ({listed}).\n"]
    number = 0
    for kind, ones in groupby(by_kind, key=lambda one: one.script.of):
        lines += [f"## {kind.capitalize()}\n", "| | name | done | expected | seen | |"]
        lines += ["| --- | --- | --- | --- | --- | --- |"]
        for one in ones:
            number += 1
            script = one.script
            cells = [script.name, _done(script), _expected(script), " · ".join(one.steps)]
            mark = "✗ " + _cell("; ".join(one.wrong)) if one.wrong else "✓"
            lines.append(f"| {number} | {' | '.join(map(_cell, cells))} | {mark} |")
        lines.append("")
    return "\n".join(lines)


def without_what_was_seen(page: str) -> list[list[str]]:
    """Give the rows without their fifth cell: a model that was trained on another machine may see a
    borderline sentence otherwise, and it is as expected all the same.
    """
    rows = [re.split(r"(?<!\\) \| ", line) for line in page.splitlines()]
    return [row[:4] + row[5:] if len(row) == ROW else row for row in rows]


def write(seen: Iterable[Seen], file: Path = FILE) -> None:
    """Write the page where it belongs."""
    file.write_text(table(seen), encoding="utf-8")


def _done(script: Script) -> str:
    begun = [f"(comes to: {script.begin})"] if script.begin else []
    return " · ".join([*begun, *(_step(step) for step in script.do)])


def _step(step: Mapping[str, Any]) -> str:
    before = [f"({step['wait']} pass)"] if "wait" in step else []
    before += ["(swept)"] if step.get("sweep") else []
    before += ["(Rasa starts anew)"] if step.get("restart") else []
    before += [f"{step['as']}:"] if step.get("as", FIRST) != FIRST else []
    before += ["(early)"] if step.get("early") else []
    return " ".join([*before, *(_act(step, act) for act in DOES if act in step)])


def _act(step: Mapping[str, Any], act: str) -> str:
    if act == "tap":
        return f"`{step['tap']}`"
    if act == "say":
        repeated = f" × {step['times']}" if "times" in step else ""
        return f"“{_quoted(str(step['say']))}”{repeated}"
    if act == "again":
        return "(delivered twice)"
    kinds = step["attach"]
    size = f", {step['size'] // 1_000_000} MB" if "size" in step else ""
    caption = f" “{_quoted(step['caption'])}”" if "caption" in step else ""
    return f"[{kinds if isinstance(kinds, str) else ', '.join(kinds)}{size}]{caption}"


def _expected(script: Script) -> str:
    steps = [_of_step(step) for step in script.do]
    ends = [_of_end(name, value) for name, value in script.end.items()]
    others = [
        f"{who} {_of_end(name, value)}"
        for who, end in script.others.items()
        for name, value in end.items()
    ]
    return " · ".join(filter(None, [*steps, *ends, *others]))


def _of_step(step: Mapping[str, Any]) -> str:
    said = [_list(step["see"])] if "see" in step else []
    said += [f"not {_list(step['never'])}"] if "never" in step else []
    said += [f"“{step['text']}”"] if "text" in step else []
    said += [f"`{each}`" for each in _list(step.get("offers"), " ").split()]
    return ", ".join(said) + (f"→{step['at']}" if "at" in step else "")


def _of_end(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{name}: " + (", ".join(f"{n} {_plain(v)}" for n, v in value.items()) or "nothing")
    return f"{name} {_plain(value)}"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _list(value, ", ") if isinstance(value, list) else str(value)


def _list(named: Any, between: str = "+") -> str:
    return between.join([] if named is None else [named] if isinstance(named, str) else named)


def _quoted(words: str) -> str:
    shown = "".join(
        f"<U+{ord(sign):04X}>" if unicodedata.category(sign) in {"Cc", "Cf", "Cs"} else sign
        for sign in words[:WORDS]
    )
    return shown + "…" * (len(words) > WORDS)


def _cell(text: str) -> str:
    """Make words harmless in a table: no mark-up of theirs counts."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")

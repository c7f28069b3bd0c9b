"""The review list: which texts a native speaker has read, and which changed since (docs/review.md).

Marks are kept in reviewed.yml. A mark is for the exact Khmer words: others are not reviewed.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from hashlib import sha256
from importlib.resources.abc import Traversable
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from bot.content import read
from bot.content.texts import Risk, Text

FILE = "reviewed.yml"

SHORT = 70
"""Characters of the English beside the Khmer: enough to know which text it is."""

TITLES: Mapping[Risk, str] = {
    Risk.DANGER: "Danger",
    Risk.CONSENT: "Consent",
    Risk.LAW_AND_MONEY: "Law and money",
    Risk.COMPLAINT: "The complaint",
    Risk.REST: "The rest",
}

_HEAD = """\
# Which Khmer words a native speaker has read: who, when, and the sha256 of the words. Written by
# `python -m bot.content --reviewed KEY [KEY ...] --by NAME`; docs/review.md shows it.
"""

_PAGE = """\
# The review list

Written by `make content`: every Khmer text, those first whose mistakes do the most harm. Read it
aloud. Correct what is wrong in its file in `bot/content`, run `make content`, then mark what you
have read (how: [content.md](content.md)). A mark holds for the exact Khmer words: when they change,
the text is to be read again.
"""


class Mark(BaseModel):
    """Somebody has read these exact Khmer words; `sha` is their sha256 (hex)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: str
    on: date
    sha: str


class NoSuchText(Exception):
    """A mark is wanted for keys that no text has. Names them."""


def read_marks(folder: Traversable) -> dict[str, Mark]:
    """Give the mark of each text, by its key. Raises BadContent."""
    return read(folder, FILE, dict[str, Mark])


def mark(folder: Path, texts: Iterable[Text], keys: Collection[str], by: str, on: date) -> None:
    """Write down that somebody has read these texts as they stand.

    Raises NoSuchText, BadContent.
    """
    known = {text.key: text for text in texts}
    if unknown := [key for key in keys if key not in known]:
        raise NoSuchText(", ".join(unknown))
    marks = read_marks(folder)
    marks |= {key: Mark(by=by, on=on, sha=_sha(known[key])) for key in keys}
    plain = {key: one.model_dump() for key, one in sorted(marks.items())}
    text = _HEAD + yaml.safe_dump(plain, allow_unicode=True)
    (folder / FILE).write_text(text, encoding="utf-8")


def page(texts: Collection[Text], marks: Mapping[str, Mark]) -> str:
    """Write docs/review.md."""
    lines = [_PAGE, "| | texts | read |", "| --- | ---: | ---: |"]
    for risk, title in TITLES.items():
        of_risk = [text for text in texts if text.risk is risk]
        done = sum(is_reviewed(text, marks) for text in of_risk)
        lines.append(f"| {risk}. {title} | {len(of_risk)} | {done} |")
    for risk, title in TITLES.items():
        lines += ["", f"## {risk}. {title}", ""]
        lines += ["| key | Khmer | English | reviewed by, on |", "| --- | --- | --- | --- |"]
        for text in texts:
            if text.risk is risk:
                cells = (cell(text.km), cell(_short(text.en)), cell(_said(text, marks)))
                lines.append(f"| `{text.key}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def is_reviewed(text: Text, marks: Mapping[str, Mark]) -> bool:
    """Say whether these exact Khmer words were read."""
    return text.key in marks and marks[text.key].sha == _sha(text)


def cell(text: str) -> str:
    """Write a text so that it stays in one cell of a Markdown table, as it is."""
    text = text.strip().replace("&", "&amp;").replace("<", "&lt;").replace("|", "&#124;")
    for sign in "\\`*[":
        text = text.replace(sign, f"\\{sign}")
    return "<br>".join(line.strip() for line in text.splitlines())


def _said(text: Text, marks: Mapping[str, Mark]) -> str:
    found = marks.get(text.key)
    if found is None:
        return ""
    said = f"{found.by}, {found.on}"
    return said if is_reviewed(text, marks) else f"changed since ({said})"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHORT else line[: line.rfind(" ", 0, SHORT)] + " …"


def _sha(text: Text) -> str:
    return sha256(text.km.encode()).hexdigest()

"""The sentences understanding is judged by, each with what it means.

`test/` holds the test set: one file for each group of writers, whose sentences are in no training
file. `held_out/` is the set on which thresholds are chosen. Columns: label (docs/labels.md), script
(km, latin, en), danger (yes; no; alike: no, but written to sound dangerous; either: a card would be
neither wrong nor required), entities (`name=value;...`), text.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from bot.certainty import split

HERE = Path(__file__).parent
TEST = HERE / "test"
HELD_OUT = HERE / "held_out"

UNCLEAR = "unclear"
"""The label, in the held-out set alone, of what nobody could understand surely."""

COLUMNS = ("label", "script", "danger", "entities", "text")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence and its meaning; `author` is the name of its file."""

    label: str
    script: str
    danger: str
    entities: tuple[tuple[str, str], ...]
    text: str
    author: str

    @property
    def intent(self) -> str:
        """The intent of the label."""
        return split(self.label)[0]

    @property
    def topic(self) -> str | None:
        """The category or topic of the label."""
        return split(self.label)[1]


def sentences(folder: Path) -> list[Sentence]:
    """Read the files of a folder. Raises ValueError for a line that does not follow the columns."""
    read: list[Sentence] = []
    for file in sorted(folder.glob("*.tsv")):
        with file.open(encoding="utf-8", newline="") as lines:
            rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            if tuple(next(rows)) != COLUMNS:
                raise ValueError(f"{file.name}: the first line must name the columns")
            for number, row in enumerate(rows, 2):
                if len(row) != len(COLUMNS):
                    raise ValueError(f"{file.name}:{number}: {len(row)} columns")
                label, script, danger, entities, text = row
                read.append(Sentence(label, script, danger, _pairs(entities), text, file.stem))
    return read


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [pair.partition("=") for pair in text.split(";") if pair]
    return tuple((name, value) for name, _, value in pairs)

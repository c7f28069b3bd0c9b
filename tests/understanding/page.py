"""The measured part of docs/understanding.md."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.understanding import measure
from tests.understanding.measure import OfEntity, Read, Share

PAGE = Path(__file__).parents[2] / "docs" / "understanding.md"

BEGIN, END = "<!-- measured: make evaluate writes from here -->", "<!-- to here -->"

Rows = Iterable[Sequence[object]]


def table(head: Sequence[str], rows: Rows) -> str:
    """Give a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}"
    return str(value).replace("|", "\\|").replace("\n", " ")


def put(measured: str, page: Path = PAGE) -> None:
    """Put the figures between the two marks of the page; the rest of the page is written by hand.

    Raises ValueError when the marks are not there.
    """
    text = page.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise ValueError(f"{page.name} has lost its marks {BEGIN} and {END}")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n\n{measured.strip()}\n\n{END}{after}", encoding="utf-8")


BARS = (
    ("Intent, Khmer script", 95.0),
    ("Intent, romanised", 90.0),
    ("Category or topic", 90.0),
    ("Danger found", 100.0),
)
"""What the project set out to reach on the test set, in per cent; false alarms: under 2 %."""


def headline(reads: Sequence[Read]) -> list[tuple[str, Share, str, bool]]:
    """Give the figures with a bar: what, figure, bar, whether reached."""
    km = [read for read in reads if read.sentence.script == "km"]
    latin = [read for read in reads if read.sentence.script == "latin"]
    shares = (
        measure.share(km, lambda read: read.intent_right),
        measure.share(latin, lambda read: read.intent_right),
        measure.share(measure.topics(reads), lambda read: read.label_right),
        measure.danger_recall(reads),
    )
    found = [
        (what, figure, f"{bar:g} %", figure.percent >= bar)
        for (what, bar), figure in zip(BARS, shares, strict=True)
    ]
    everything = measure.false_alarms(reads)
    ordinary = measure.false_alarms(reads, frozenset({"no"}))
    alarms = (("False alarms of danger", everything), ("- of ordinary sentences", ordinary))
    return [*found, *((what, part, "under 2 %", part.percent < 2) for what, part in alarms)]


def sets(named: dict[str, Sequence[Read]]) -> str:
    """Give a line of figures for each set of sentences."""
    return table(
        ("sentences", "how many", "intent", "category or topic", "label", "one of the two best"),
        (
            (
                name,
                len(reads),
                _percent(measure.share(reads, lambda read: read.intent_right)),
                _percent(measure.share(measure.topics(reads), lambda read: read.label_right)),
                _percent(measure.share(reads, lambda read: read.label_right)),
                _percent(measure.share(reads, lambda read: read.among_two)),
            )
            for name, reads in named.items()
        ),
    )


def danger(named: dict[str, Sequence[Read]]) -> str:
    """Give recall and false alarms of danger; those written to sound like it, apart."""
    no, alike = frozenset({"no"}), frozenset({"alike"})
    return table(
        (
            "sentences",
            "danger found",
            "false alarms",
            "of ordinary sentences",
            "of those that sound alike",
        ),
        (
            (
                name,
                measure.danger_recall(reads),
                measure.false_alarms(reads),
                measure.false_alarms(reads, no),
                measure.false_alarms(reads, alike),
            )
            for name, reads in named.items()
        ),
    )


def certainty(reads: Sequence[Read]) -> str:
    """Give what the thresholds do."""
    meaning = {
        "sure": "acted on",
        "open": "the intent is acted on, the menu asks for the topic",
        "either": "two buttons",
        "lost": "the menu, then a person",
    }
    return table(
        ("certainty", "what follows", "how many", "right of these"),
        (
            (name, meaning[name], str(many), "" if name == "lost" else str(right))
            for name, (many, right) in measure.outcomes(reads).items()
        ),
    )


def calibration(reads: Sequence[Read]) -> str:
    """Give confidence beside truth."""
    bins = measure.calibration(reads)
    rows = [(f"{b.low:.1f} to {b.high:.1f}", b.sentences, b.confidence, b.right) for b in bins]
    error = measure.calibration_error(bins)
    lines = table(("confidence", "sentences", "mean confidence", "right"), rows)
    return f"{lines}\n\nExpected calibration error: {error:.3f}."


def labels(reads: Sequence[Read]) -> str:
    """Give precision, recall and F1 for each label, the worst first."""
    return table(
        ("label", "sentences", "precision", "recall", "F1"),
        (
            (f"`{one.label}`", one.sentences, one.precision, one.recall, one.f1)
            for one in sorted(measure.by_label(reads), key=lambda one: (one.f1, one.label))
        ),
    )


def confusions(reads: Sequence[Read], most: int = 30) -> str:
    """Give the commonest confusions."""
    return table(
        ("meant", "read as", "times"),
        (
            (f"`{meant}`", f"`{said}`", times)
            for meant, said, times in measure.confusions(reads)[:most]
        ),
    )


def entities(found: Sequence[OfEntity]) -> str:
    """Give precision, recall and F1 of each kind of entity, by value."""
    return table(
        ("entity", "named", "precision", "recall", "F1"),
        ((f"`{one.name}`", one.named, one.precision, one.recall, one.f1) for one in found),
    )


def misread(reads: Iterable[Read]) -> str:
    """List sentences whose intent was misread or whose danger was missed."""
    return table(
        ("meant", "read as", "sentence"),
        ((f"`{read.sentence.label}`", _read_as(read), read.sentence.text) for read in reads),
    )


def _read_as(read: Read) -> str:
    found = read.found
    label = f"{found.intent}.{found.topic}" if found.topic else found.intent
    return f"`{label}` ({found.confidence:.2f})"


def _percent(share: Share) -> str:
    return f"{share.percent:.1f} %"


def plain(markdown: str) -> str:
    """Make a page readable on a terminal: marks of code away."""
    return re.sub(r"`", "", markdown)

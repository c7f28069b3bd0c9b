"""Figures over understood sentences: pure functions of what was meant and what was read."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bot.certainty import Certainty
from bot.understand import Understanding
from tests.understanding.sentences import Sentence


@dataclass(frozen=True, slots=True)
class Read:
    """A sentence and what was made of it."""

    sentence: Sentence
    found: Understanding

    @property
    def intent_right(self) -> bool:
        return self.found.intent == self.sentence.intent

    @property
    def label_right(self) -> bool:
        return self.intent_right and self.found.topic == self.sentence.topic

    @property
    def among_two(self) -> bool:
        """Whether the label is one of the two best guesses."""
        wanted = (self.sentence.intent, self.sentence.topic)
        return wanted in [(intent, topic) for intent, topic, _ in self.found.ranking[:2]]


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole`."""

    part: int
    whole: int

    @property
    def percent(self) -> float:
        return 100 * self.part / self.whole if self.whole else 0.0

    def __str__(self) -> str:
        return f"{self.percent:.1f} % ({self.part} of {self.whole})"


def share(reads: Iterable[Read], is_so: Callable[[Read], bool]) -> Share:
    """Count for how many it is so."""
    judged = [is_so(read) for read in reads]
    return Share(sum(judged), len(judged))


def topics(reads: Iterable[Read]) -> list[Read]:
    """Keep the sentences that have a category or a topic."""
    return [read for read in reads if read.sentence.topic]


@dataclass(frozen=True, slots=True)
class OfLabel:
    """How one label did: of `sentences` that mean it, and of `guesses` that say it, `right`."""

    label: str
    sentences: int
    guesses: int
    right: int

    @property
    def recall(self) -> float:
        return self.right / self.sentences if self.sentences else 0.0

    @property
    def precision(self) -> float:
        return self.right / self.guesses if self.guesses else 0.0

    @property
    def f1(self) -> float:
        both = self.recall + self.precision
        return 2 * self.recall * self.precision / both if both else 0.0


def by_label(reads: Sequence[Read]) -> list[OfLabel]:
    """Give precision, recall and F1 for every label, by name."""
    meant = Counter(read.sentence.label for read in reads)
    said = Counter(_label(read.found) for read in reads)
    right = Counter(read.sentence.label for read in reads if read.label_right)
    return [OfLabel(name, meant[name], said[name], right[name]) for name in sorted(meant)]


def confusions(reads: Iterable[Read]) -> list[tuple[str, str, int]]:
    """Give (meant, read as, how often) of what was misread, the commonest first."""
    wrong = Counter(
        (read.sentence.label, _label(read.found)) for read in reads if not read.label_right
    )
    return [(meant, said, times) for (meant, said), times in wrong.most_common()]


def _label(found: Understanding) -> str:
    return f"{found.intent}.{found.topic}" if found.topic else found.intent


@dataclass(frozen=True, slots=True)
class Bin:
    """Sentences of about one confidence: how sure, and how often right (shares of 1)."""

    low: float
    high: float
    sentences: int
    confidence: float
    right: float


def calibration(reads: Sequence[Read], bins: int = 10) -> list[Bin]:
    """Put sentences into bins of equal width by confidence."""
    sorted_in: list[list[Read]] = [[] for _ in range(bins)]
    for read in reads:
        sorted_in[min(int(read.found.confidence * bins), bins - 1)].append(read)
    return [
        Bin(
            number / bins,
            (number + 1) / bins,
            len(within),
            sum(read.found.confidence for read in within) / len(within),
            sum(read.label_right for read in within) / len(within),
        )
        for number, within in enumerate(sorted_in)
        if within
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Give the expected calibration error: the mean gap of confidence and truth, by sentence."""
    whole = sum(within.sentences for within in bins)
    return sum(b.sentences * abs(b.confidence - b.right) for b in bins) / whole if whole else 0.0


def danger_recall(reads: Iterable[Read]) -> Share:
    """Of the sentences that tell of danger, those that get the card."""
    told = [read for read in reads if read.sentence.danger == "yes"]
    return share(told, lambda read: read.found.danger is not None)


def false_alarms(
    reads: Iterable[Read], kinds: frozenset[str] = frozenset({"no", "alike"})
) -> Share:
    """Of the sentences without danger, of these kinds, those that get the card all the same."""
    calm = [read for read in reads if read.sentence.danger in kinds]
    return share(calm, lambda read: read.found.danger is not None)


def outcomes(reads: Sequence[Read]) -> dict[Certainty, tuple[Share, Share]]:
    """Give for each certainty how many sentences it holds, and how many of those are right.

    Right is: the label, when it is acted on; the intent, when the menu asks for the topic; one of
    the two, when two are offered. Nobody is right or wrong when lost.
    """
    right: dict[Certainty, Callable[[Read], bool]] = {
        Certainty.SURE: lambda read: read.label_right,
        Certainty.OPEN: lambda read: read.intent_right,
        Certainty.EITHER: lambda read: read.among_two,
        Certainty.LOST: lambda _: False,
    }
    found: dict[Certainty, tuple[Share, Share]] = {}
    for certainty in Certainty:
        within = [read for read in reads if read.found.certainty is certainty]
        found[certainty] = Share(len(within), len(reads)), share(within, right[certainty])
    return found


@dataclass(frozen=True, slots=True)
class OfEntity:
    """How one kind of entity did: named in sentences, found, and found rightly."""

    name: str
    named: int
    found: int
    right: int

    @property
    def recall(self) -> float:
        return self.right / self.named if self.named else 0.0

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 0.0

    @property
    def f1(self) -> float:
        both = self.recall + self.precision
        return 2 * self.recall * self.precision / both if both else 0.0


ENTITIES = ("country", "province", "destination_province", "sector", "money", "duration")


def by_entity(reads: Sequence[Read]) -> list[OfEntity]:
    """Judge entities by their value: a country that a place abroad implies counts as named."""
    result = []
    for name in ENTITIES:
        named = found = right = 0
        for read in reads:
            wanted = _named(read.sentence).get(name)
            value = dict(read.found.entities).get(name)
            named += wanted is not None
            found += value is not None
            right += wanted is not None and wanted == value
        result.append(OfEntity(name, named, found, right))
    return result


def _named(sentence: Sentence) -> dict[str, str]:
    entities = dict(sentence.entities)
    abroad = entities.get("destination_province")
    if abroad:
        entities.setdefault("country", abroad.partition("-")[0])
    return entities

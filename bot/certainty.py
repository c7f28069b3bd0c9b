"""How sure is sure enough: what a ranking of labels allows to do.

A label is `greet`, `complaint.unpaid_wages` or `faq.minimum_wage`; a ranking gives each label its
probability. The thresholds were set on sentences of authors whose sentences are neither in the
training nor in the test set (docs/understanding.md, "Thresholds"; `make evaluate` measures them
again).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

SURE = 0.7
"""From this probability of one label on, it is acted on."""

EITHER = 0.6
"""From this probability of the two best labels together on, they are offered as two buttons."""

KIND_SURE = 0.6
"""From this probability of all topics of one intent together on, the intent is acted on alone."""

IN_DANGER = 0.4
"""From this probability of DANGERS together on, the safety card comes. Missing danger is worse than
a card too many.
"""

POSSIBLE = 0.01
"""From this probability of `danger` on, what the lexicon calls danger is read as danger and not as
a complaint or a question beside it: two witnesses.
"""

DANGERS = ("danger", "complaint.violence_harassment", "complaint.trafficking_forced_labour")
"""Labels that tell of danger. Who is held or beaten may say so without an alarm, as a complaint."""

TOPICAL = {"complaint": "category", "faq": "topic"}
"""The intents with a topic, and what the dialogue calls it."""

Ranking = Sequence[tuple[str, float]]


class Certainty(StrEnum):
    """What may be done with a sentence."""

    SURE = "sure"
    """Act on the intent and its topic."""
    OPEN = "open"
    """The intent is sure, its topic is not: act on the intent; the menu asks for the topic."""
    EITHER = "either"
    """Ask which of two it is."""
    LOST = "lost"
    """Show the menu; a person, the second time."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The best intent and its best topic, the probability of the two together, and what to do."""

    intent: str
    topic: str | None
    confidence: float
    certainty: Certainty


def split(label: str) -> tuple[str, str | None]:
    """Split a label of the training data: `faq.minimum_wage` is intent faq, topic minimum_wage."""
    intent, _, topic = label.partition(".")
    return (intent, topic) if topic and intent in TOPICAL else (label, None)


def judge(ranking: Ranking) -> Judgement:
    """Judge a ranking, best first: the intent with the most probability, then its best topic.

    Raises ValueError for an empty ranking.
    """
    if not ranking:
        raise ValueError("a ranking has at least one label")
    kinds: dict[str, float] = defaultdict(float)
    for label, probability in ranking:
        kinds[split(label)[0]] += probability
    intent = max(kinds, key=lambda kind: kinds[kind])
    label, confidence = next(guess for guess in ranking if split(guess[0])[0] == intent)
    return Judgement(
        intent, split(label)[1], confidence, _certainty(ranking, kinds, intent, confidence)
    )


def _certainty(
    ranking: Ranking, kinds: dict[str, float], intent: str, confidence: float
) -> Certainty:
    if confidence >= SURE:
        return Certainty.SURE
    if sum(probability for _, probability in ranking[:2]) >= EITHER:
        return Certainty.EITHER
    if intent in TOPICAL and kinds[intent] >= KIND_SURE:
        return Certainty.OPEN
    return Certainty.LOST

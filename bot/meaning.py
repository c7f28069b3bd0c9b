"""What a message means to the dialogue: codes, and never more of them than is sure."""

from dataclasses import dataclass

from bot.certainty import TOPICAL, Certainty
from bot.understand import Understanding

FALLBACK = "nlu_fallback"
"""Rasa's name for a sentence that may mean one of two things."""

LOST = "lost"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a message means to the dialogue: codes only.

    `noted` is for the turn alone: a story was kept that nobody had asked for yet.
    """

    intent: str
    confidence: float = 1.0
    entities: tuple[tuple[str, str], ...] = ()
    ranking: tuple[tuple[str, float], ...] = ()
    noted: bool = False


def acted_on(understood: Understanding) -> Meaning:
    """Give the dialogue as much of a sentence as is sure (bot/certainty.py)."""
    sure, entities = understood.confidence, understood.entities
    match understood.certainty:
        case Certainty.SURE:
            return Meaning(understood.intent, sure, entities)
        case Certainty.OPEN:
            return Meaning(understood.intent, sure, _named(entities))
        case Certainty.EITHER:
            guesses = tuple((_label(intent, topic), c) for intent, topic, c in understood.ranking)
            return Meaning(FALLBACK, sure, _named(entities), guesses[:2])
        case Certainty.LOST:
            return Meaning(LOST, sure, _named(entities))


def _named(entities: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Keep what was named, such as a place, and leave out the guessed topic."""
    return tuple(entity for entity in entities if entity[0] not in TOPICAL.values())


def in_danger(understood: Understanding) -> Meaning:
    """Give the dialogue the danger, its kind, and the country whose numbers are to be shown."""
    places = tuple((n, v) for n, v in understood.entities if n == "country")
    kind = (("danger", understood.danger),) if understood.danger else ()
    return Meaning("danger", entities=(*places, *kind))


def _label(intent: str, topic: str | None) -> str:
    return f"{intent}.{topic}" if topic else intent

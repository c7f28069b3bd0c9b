"""What one sentence means, in the codes of the taxonomy."""

from dataclasses import dataclass

from bot.danger import UNCLEAR, danger
from bot.rasa import Found, Parsed, RasaClient
from bot.text import normalise

FALLBACK = "nlu_fallback"
"""The intent of a sentence nobody is sure about; its ranking holds the best guesses."""

DANGER = "danger"

GUESSES = 3

_TOPICAL = {"complaint": "category", "faq": "topic"}
_CUT_ANYWHERE = frozenset({"country", "sector"})
_PLACE_WORDS = ("ខេត្ត", "ក្រុង", "រាជធានី", "ស្រុក")


@dataclass(frozen=True, slots=True)
class Understanding:
    """One sentence understood.

    `topic` is a complaint category or a faq topic, None when not said. `entities` holds the topic
    too, as the dialogue wants it (category or topic), at most one of a name. `ranking` holds at
    most three real guesses, best first. `danger` is a kind of bot/danger.py, or None.
    """

    intent: str
    topic: str | None
    confidence: float
    entities: tuple[tuple[str, str], ...] = ()
    ranking: tuple[tuple[str, str | None, float], ...] = ()
    danger: str | None = None


async def understand(rasa: RasaClient, text: str) -> Understanding:
    """Understand what somebody typed. The words are not kept anywhere.

    Raises RasaUnavailable; whoever calls may still ask `danger(normalise(text))` then.
    """
    regular = normalise(text)
    if not regular:
        return Understanding(FALLBACK, None, 0.0)
    return read(await rasa.parse(regular), regular)


def read(parsed: Parsed, text: str) -> Understanding:
    """Turn Rasa's labels and places in normalised `text` into codes, and judge danger."""
    intent, topic = split(parsed.label)
    entities = dict(_codes(parsed, text))
    if topic is not None:
        entities[_TOPICAL[intent]] = topic
    ranking = tuple(
        (*split(label), confidence) for label, confidence in parsed.ranking if label != FALLBACK
    )
    in_danger = danger(text)
    if in_danger is None and intent == DANGER:
        in_danger = UNCLEAR
    return Understanding(
        intent=intent,
        topic=topic,
        confidence=parsed.confidence,
        entities=tuple(entities.items()),
        ranking=ranking[:GUESSES],
        danger=in_danger,
    )


def split(label: str) -> tuple[str, str | None]:
    """Split a label of the training data: `faq.minimum_wage` is intent faq, topic minimum_wage."""
    intent, _, topic = label.partition(".")
    return (intent, topic) if topic and intent in _TOPICAL else (label, None)


def _codes(parsed: Parsed, text: str) -> list[tuple[str, str]]:
    """Keep the entities that stand as words of their own, the longest of each name.

    A province's name hides in many Khmer words (research: 35 of 457 hits), so its edges must be
    edges of words, unless a word like "province" stands before it.
    """
    starts = {start for start, _ in parsed.tokens}
    ends = {end for _, end in parsed.tokens}

    def stands_alone(found: Found) -> bool:
        if found.entity in _CUT_ANYWHERE and not text[found.start : found.end].isascii():
            return True
        before = text[: found.start].rstrip()
        begins = found.start in starts or before.endswith(_PLACE_WORDS)
        return begins and (found.end in ends or before.endswith(_PLACE_WORDS))

    alone = sorted(filter(stands_alone, parsed.entities), key=lambda f: f.end - f.start)
    return [(found.entity, found.value) for found in alone]

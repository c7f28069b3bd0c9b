"""What one sentence means, in the codes of the taxonomy."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.amounts import duration, money
from bot.certainty import (
    DANGERS,
    IN_DANGER,
    POSSIBLE,
    TOPICAL,
    Certainty,
    Judgement,
    judge,
    split,
)
from bot.danger import CHILD, UNCLEAR, concerns_a_child, danger
from bot.denied import denied, only_puts_right
from bot.pictures import in_words
from bot.rasa import Found, Parsed, RasaClient
from bot.text import normalise

DANGER = "danger"
INFORM = "inform"
NOTHING = "out_of_scope"
"""The intent of a message that says nothing, with a confidence of 0."""

GUESSES = 3

HOME = "KH"

RANKS = re.compile(
    r"\b(?:foreman|forewoman|supervisor|manager|captain|skipper|(?:(?:team|line|group) )?leader)\b",
    re.IGNORECASE,
)
"""Who gives the orders, in English: the model met these words mostly where somebody was beaten."""

ANY_BOSS = "boss"
"""The word for them that it met everywhere."""

WINDOW, OVERLAP = 4000, 100
"""Characters of a long text that are looked through for danger at a time, and twice."""

_CUT_ANYWHERE = frozenset({"country", "sector", "destination_province"})
"""Foreign names, which the tokenizer glues to their neighbours, and plain words."""

_LINE_END = re.compile(r"[\r\n]+")
_WITHIN_A_SYLLABLE = re.compile("[\u17b6-\u17d3]")
_PLACE_WORDS = ("ខេត្ត", "ក្រុង", "រាជធានី", "ស្រុក", "រដ្ឋ")
_ENTITIES = frozenset({"country", "province", "destination_province", "sector"})


@dataclass(frozen=True, slots=True)
class Understanding:
    """One sentence understood.

    `intent` is always the best guess; `certainty` says what may be done with it (bot/certainty.py).
    `topic` is a complaint category or a faq topic, None when not said. `entities` holds the topic
    too, as the dialogue wants it (category or topic), at most one of a name. `ranking` holds at
    most three guesses, best first. `danger` is a kind of bot/danger.py, or None. `puts_right`: it
    says which place is meant and which is not, and nothing else.
    """

    intent: str
    topic: str | None
    confidence: float
    certainty: Certainty
    entities: tuple[tuple[str, str], ...] = ()
    ranking: tuple[tuple[str, str | None, float], ...] = ()
    danger: str | None = None
    puts_right: bool = False


async def understand(rasa: RasaClient, text: str) -> Understanding:
    """Understand what somebody typed, its first bot.text.LIMIT characters. The words are not kept
    anywhere.

    Raises RasaUnavailable. What a longer text says of danger only `alarm` hears, which takes its
    time (bot/turn.py asks it in a thread).
    """
    regular = normalise(text)
    if not regular:
        return Understanding(NOTHING, None, 0.0, Certainty.LOST)
    understood = read(await rasa.parse(regular), regular)
    if understood.danger is None or danger(regular) is not None or not RANKS.search(regular):
        return understood
    plain = RANKS.sub(ANY_BOSS, regular)
    parsed = await rasa.parse(plain)
    return read(parsed, plain) if _in_danger(parsed) < CALM else understood


CALM = IN_DANGER / 2
"""Below this probability of DANGERS without the word for a rank, only that word sounded like
danger. Between the two the card comes: one too many is better than one too few.
"""


def _in_danger(parsed: Parsed) -> float:
    return sum(chance for label, chance in parsed.ranking if label in DANGERS)


def alarm(text: str) -> str | None:
    """Say what danger the words of a text name, to its end, however long it is. Needs no Rasa, and
    up to a second for 20,000 hostile characters.
    """
    text = _LINE_END.sub(". ", text)  # a denial does not reach over it, and normalising drops it
    text = in_words(text)  # before cutting, for pictures grow by it, and a window must not
    windows = (text[i : i + WINDOW] for i in range(0, len(text), WINDOW - OVERLAP))
    return next((kind for part in windows if (kind := danger(normalise(part)))), None)


def read(parsed: Parsed, text: str) -> Understanding:
    """Turn Rasa's labels and places in normalised `text` into codes, and judge danger."""
    judged, chances, in_danger = judge(parsed.ranking), dict(parsed.ranking), danger(text)
    if in_danger and chances.get(DANGER, 0.0) >= POSSIBLE:
        sure = max(chances[DANGER], judged.confidence)
        judged = Judgement(DANGER, None, sure, Certainty.SURE)
    elif in_danger is None and _in_danger(parsed) >= IN_DANGER:
        in_danger = CHILD if concerns_a_child(text) else UNCLEAR
    places = _places(parsed, text)
    puts_right = in_danger is None and only_puts_right(text, _spans(places))
    if puts_right:
        judged = Judgement(INFORM, None, 1.0, Certainty.SURE)
    entities = dict(_codes(places, text))
    if judged.topic is not None:
        entities[TOPICAL[judged.intent]] = judged.topic
    return Understanding(
        intent=judged.intent,
        topic=judged.topic,
        confidence=judged.confidence,
        certainty=judged.certainty,
        entities=tuple(entities.items()),
        ranking=tuple((*split(label), sure) for label, sure in parsed.ranking[:GUESSES]),
        danger=in_danger,
        puts_right=puts_right,
    )


def _places(parsed: Parsed, text: str) -> list[Found]:
    """Give places and kinds of work that stand as words of their own.

    A province's name hides in many Khmer words (research: 35 of 457 hits), so its edges must be
    edges of words, unless a word like "province" stands before it.
    """
    starts = {start for start, _ in parsed.tokens}
    ends = {end for _, end in parsed.tokens}

    def stands_alone(found: Found) -> bool:
        if found.entity in _CUT_ANYWHERE and not text[found.start : found.end].isascii():
            return not _WITHIN_A_SYLLABLE.match(text, found.end)
        before = text[: found.start].rstrip()
        begins = found.start in starts or before.endswith(_PLACE_WORDS)
        return begins and (found.end in ends or before.endswith(_PLACE_WORDS))

    known = (found for found in parsed.entities if found.entity in _ENTITIES)
    return list(filter(stands_alone, known))


def _spans(found: Sequence[Found]) -> list[tuple[int, int]]:
    return [(each.start, each.end) for each in found]


def _codes(found: Sequence[Found], text: str) -> Iterator[tuple[str, str]]:
    """Give the codes of places, then sums and spans of time.

    The longest of each name wins, and none that is denied. A place abroad tells the country, too.
    """
    named = [each for each in found if not denied(text, each.start, each.end)]
    # The last of a name wins: "from Cambodia, working in Thailand" is about Thailand.
    ranked = sorted(named, key=lambda each: (each.value != HOME, each.end - each.start))
    places = {each.entity: each.value for each in ranked}
    abroad = places.get("destination_province")
    if abroad and places.get("country", HOME) == HOME:
        places["country"] = abroad.partition("-")[0]
    yield from places.items()
    for name, amount in (("money", money(text)), ("duration", duration(text))):
        if amount is not None:
            yield name, amount

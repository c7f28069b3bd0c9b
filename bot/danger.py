"""Danger, found whatever else was said. Rules that people can read, so that no model unlearns them.

bot/content/danger/words.yml groups what means the same, rules.yml says which groups together mean
danger, quiet.yml what takes it back: sayings, denials, questions, what is over.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from bot.alike import BANTOC, NUMBER, Unit, as_written, consonants, units
from bot.text import normalise

LEXICON = Path(__file__).parent / "content" / "danger"

UNCLEAR = "unclear"
"""The kind when only a cry for help, or the model, tells of danger."""

REACH = 60
"""Letters from the first to the last word of a rule whose words may stand in any order."""

NEAR = 14
"""Letters between two words that must follow each other."""

ECHO = 80
"""Letters around a question, or what tells of an end, in which it takes danger back."""

ENOUGH_OF_ONE, ENOUGH_OF_MORE = 3, 5
"""Consonants that are a word, or several, without their vowels: fewer could be anything."""

_GROUP = ""  # the key of a trie's node under which the groups of a finished phrase stand

_Trie = dict[str, Any]


class _Span(NamedTuple):
    """Where words stand, in letters."""

    start: int
    end: int

    def overlaps(self, other: "_Span") -> bool:
        return self.start < other.end and other.start < self.end

    def distance(self, other: "_Span") -> int:
        """Give the letters between, below zero when they overlap."""
        return max(self.start, other.start) - min(self.end, other.end)


_Found = Mapping[str, Sequence[_Span]]
_Chain = tuple[str, ...]
"""Groups whose words follow each other."""

_Rule = tuple[_Chain, ...]
"""Chains that stand near each other in any order."""


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    always: tuple[_Rule, ...]
    told: tuple[_Rule, ...]


@dataclass(frozen=True, slots=True)
class _Lexicon:
    words: _Trie
    english: frozenset[str]
    kinds: tuple[_Kind, ...]
    deniable: frozenset[str]
    sayings: tuple[_Rule, ...]
    quiet: tuple[_Rule, ...]
    loud: tuple[_Rule, ...]


def danger(text: str) -> str | None:
    """Give the kind of danger that normalised `text` tells of, or None.

    Kinds: suicide, violence, confinement, trafficking, child, illness, the first that fits; UNCLEAR
    when the text only cries for help.
    """
    lexicon = _read()
    spelt = [_as_english(unit) if unit.keys[0] in lexicon.english else unit for unit in units(text)]
    found = _found(spelt, lexicon)
    quiet = _quiet(found, lexicon)
    for kind in lexicon.kinds:
        if any(_matches(rule, found) for rule in kind.always):
            return kind.name
        told = (match for rule in kind.told for match in _matches(rule, found))
        if any(not quiet.issuperset(range(*match)) for match in told):
            return kind.name
    return UNCLEAR if _only_cries(spelt, found) else None


def _as_english(unit: Unit) -> Unit:
    """Keep an English word from being compared by its sound, which is another word's."""
    return Unit(unit.keys[:1], unit.start, unit.end)


def _only_cries(spelt: Sequence[Unit], found: _Found) -> bool:
    """Tell whether a message is a cry for help and nothing else but "please", "brother"."""
    cries = found.get("cry_and_nothing_else", ())
    said = {i for span in (*cries, *found.get("please", ())) for i in range(*span)}
    return bool(cries) and all(unit.start in said for unit in spelt)


# ---- which words stand where


def _found(text: Sequence[Unit], lexicon: _Lexicon) -> dict[str, list[_Span]]:
    """Give where words of each group stand, without those of sayings and those denied."""
    found: dict[str, list[_Span]] = {}
    for group, span in _looked_up(text, lexicon.words):
        found.setdefault(group, []).append(span)
    sayings = {
        i: saying
        for rule in lexicon.sayings
        for saying in _matches(rule, found)
        for i in range(*saying)
    }
    if sayings:
        for group, spans in found.items():
            found[group] = [span for span in spans if not _swallowed(span, sayings)]
    denied = _denied_from(found)
    for group in lexicon.deniable & found.keys():
        found[group] = [span for span in found[group] if span.start not in denied]
    return found


def _swallowed(span: _Span, sayings: Mapping[int, _Span]) -> bool:
    """Tell whether a word is part of a saying, not the saying part of a longer phrase."""
    within = (sayings[i] for i in range(*span) if i in sayings)
    return any(not (span.start <= saying.start and saying.end < span.end) for saying in within)


def _looked_up(text: Sequence[Unit], words: _Trie) -> Iterator[tuple[str, _Span]]:
    """Give the phrases of the lexicon that begin at each unit, the shorter first."""
    for first, unit in enumerate(text):
        if not unit.begins:
            continue
        nodes = [words]
        for last in range(first, len(text)):
            nodes = [node[key] for node in nodes for key in text[last].keys if key in node]
            if not nodes:
                break
            if text[last].ends:
                span = _Span(unit.start, text[last].end)
                for group in {name for node in nodes for name in node.get(_GROUP, ())}:
                    yield group, span


def _denied_from(found: _Found) -> frozenset[int]:
    """Give the places right after a denial: "never | beaten", "there is nobody who | beats"."""
    places = {span.end for span in found.get("not", ())}
    particles = [span.start for span in found.get("not_at_the_end", ())]
    for span in found.get("not_if_te", ()):
        if any(0 <= particle - span.end <= REACH for particle in particles):
            places.add(span.end)
    nobody = {span.end for span in found.get("there_is_no", ())}
    places |= {span.end for span in found.get("they", ()) if span.start in nobody}
    return frozenset(places)


# ---- which rules fit


def _quiet(found: _Found, lexicon: _Lexicon) -> frozenset[int]:
    """Give the letters near which somebody only asks, or tells what is over.

    None when a cry for help is heard as well.
    """
    if any(_matches(rule, found) for rule in lexicon.loud):
        return frozenset()
    return frozenset(
        i
        for rule in lexicon.quiet
        for start, end in _matches(rule, found)
        for i in range(start - ECHO, end + ECHO)
    )


def _matches(rule: _Rule, found: _Found) -> list[_Span]:
    """Give where a rule fits."""
    if not all(found.get(group) for chain in rule for group in chain):
        return []
    anchors, *others = (_chained(chain, found) for chain in rule)
    return [match for anchor in anchors if (match := _gathered(anchor, others)) is not None]


def _chained(chain: _Chain, found: _Found) -> list[_Span]:
    """Give where words of the chain's groups follow each other, at most NEAR letters between."""
    first, *rest = (found[group] for group in chain)
    for following in rest:
        starts = [span.start for span in following]
        longer = []
        for span in first:
            i = bisect_left(starts, span.end)
            if i < len(starts) and starts[i] - span.end <= NEAR:
                longer.append(_Span(span.start, following[i].end))
        first = longer
    return list(first)


def _gathered(anchor: _Span, others: Sequence[Sequence[_Span]]) -> _Span | None:
    """Give the words around an anchor that make a rule whole: the nearest before or behind."""
    picked = [anchor]
    for spans in others:
        i = bisect_left(spans, anchor)
        near = [
            span
            for span in (*spans[max(0, i - 2) : i], *spans[i : i + 2])
            if not any(span.overlaps(other) for other in picked)
        ]
        if not near:
            return None
        picked.append(min(near, key=anchor.distance))
    whole = _Span(min(span.start for span in picked), max(span.end for span in picked))
    return whole if whole.end - whole.start <= REACH else None


# ---- reading the lexicon


@cache
def _read() -> _Lexicon:
    words, rules, quiet = (_yaml(name) for name in ("words", "rules", "quiet"))
    groups: dict[str, dict[str, list[str]]] = {**words["groups"], **quiet["groups"]}

    def read_rules(lines: Iterable[str]) -> tuple[_Rule, ...]:
        return tuple(_rule(line, frozenset(groups)) for line in lines)

    return _Lexicon(
        words=_trie(groups),
        english=frozenset(as_written(word) for word in words["english"]),
        kinds=tuple(
            _Kind(name, read_rules(kind.get("always", ())), read_rules(kind.get("told", ())))
            for name, kind in rules.items()
        ),
        deniable=frozenset(quiet["deniable"]),
        sayings=read_rules(quiet["sayings"]),
        quiet=read_rules(quiet["quiet"]),
        loud=read_rules(quiet["loud"]),
    )


def _yaml(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((LEXICON / f"{name}.yml").read_text(encoding="utf-8"))
    return content


def _rule(line: str, groups: frozenset[str]) -> _Rule:
    """Read "weapon + they > hold": `+` for near each other, `>` for one right after the other.

    Raises ValueError for a group that is not in the lexicon.
    """
    rule = tuple(tuple(group.strip() for group in chain.split(">")) for chain in line.split("+"))
    if unknown := {group for chain in rule for group in chain} - groups:
        raise ValueError(f"The rule {line!r} names unknown groups of words: {sorted(unknown)}")
    return rule


def _trie(groups: Mapping[str, Mapping[str, Sequence[str]]]) -> _Trie:
    """Put all phrases into one tree of keys, so that a text is looked through once."""
    trie: _Trie = {}
    for group, spellings in groups.items():
        names = {group, *spellings.get("also", ())}
        for phrase in _phrases(spellings):
            node = trie
            for key in phrase:
                node = node.setdefault(key, {})
            node[_GROUP] = node.get(_GROUP, frozenset()) | names
    return trie


def _phrases(spellings: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """Give the keys of every phrase of a group, of romanised ones also without the vowels."""
    for phrase in spellings.get("km", ()):
        signs = [unit.keys[-1] for unit in units(normalise(phrase))]
        yield signs
        if len(signs) > ENOUGH_OF_ONE:
            yield from map(list, product(*({sign, sign.rstrip(BANTOC)} for sign in signs)))
    for phrase in spellings.get("en", ()):
        yield [unit.keys[-1 if unit.keys[0] == NUMBER else 0] for unit in units(normalise(phrase))]
    for phrase in spellings.get("ro", ()):
        sounds = [unit.keys[-1] for unit in units(normalise(phrase))]
        yield sounds
        for bare in product(*({sound, consonants(sound)} for sound in sounds)):
            enough = ENOUGH_OF_ONE if len(bare) == 1 else ENOUGH_OF_MORE
            if len("".join(bare)) >= enough and all(bare):
                yield list(bare)

"""Danger, found whatever else was said. Rules that people can read, so that no model unlearns them.

bot/content/danger/words.yml groups what means the same, rules.yml says which groups together mean
danger, quiet.yml what takes it back: sayings, denials, questions, what is over.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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

CHILD = "child"
"""The kind when somebody under 18 is in danger of whatever kind but suicide."""

REACH = 60
"""Letters from the first to the last word of a rule whose words may stand in any order."""

NEAR = 14
"""Letters between two words that must follow each other."""

ECHO = 80
"""Letters around a question, or what tells of an end, in which it takes danger back."""

BRIEF = 30
"""Letters from a denial to the particle at its end: min ... te."""

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
_Chain = tuple[tuple[str, int], ...]
"""Groups whose words follow each other, each with the most letters that may stand before it."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """Chains that stand near each other in any order, and those that must not stand near by."""

    chains: tuple[_Chain, ...]
    unless: tuple[_Chain, ...]
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    always: tuple[_Rule, ...]
    told: tuple[_Rule, ...]
    told_of_me: tuple[_Rule, ...]
    quiet: tuple[_Rule, ...]
    concerned: tuple[_Rule, ...]


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """`words` is a tree of phrases; `harm` are groups that no plea, "do not", takes back."""

    words: _Trie
    english: frozenset[str]
    kinds: tuple[_Kind, ...]
    deniable: frozenset[str]
    harm: frozenset[str]
    sayings: tuple[_Rule, ...]
    anything: tuple[_Rule, ...]
    what_follows: tuple[_Rule, ...]
    of_others: tuple[_Rule, ...]
    loud: tuple[_Rule, ...]

    @property
    def of_a_child(self) -> tuple[_Rule, ...]:
        return tuple(rule for kind in self.kinds for rule in kind.concerned)


def danger(text: str) -> str | None:
    """Give the kind of danger that normalised `text` tells of, or None.

    Kinds: suicide, violence, confinement, trafficking, child, illness, the first that fits, and
    CHILD instead of all but the first when it stands near words for somebody under 18; UNCLEAR when
    the text only cries for help.
    """
    lexicon = _read()
    spelt = _spelt(text, lexicon)
    found = _found(spelt, lexicon)
    loud = any(_matches(rule, found) for rule in lexicon.loud)
    general = frozenset() if loud else _quiet(lexicon, found)
    for kind in lexicon.kinds:
        if any(_matches(rule, found) for rule in kind.always):
            return kind.name
        quiet = general if loud else general | _around(kind.quiet, found)
        told = _told(kind.told_of_me, found, quiet)
        if not told and kind.told:
            quiet = quiet if loud else quiet | _around(lexicon.of_others, found)
            told = _told(kind.told, found, quiet)
        if told:
            return CHILD if _near_a_child(told, found, lexicon) else kind.name
    return UNCLEAR if _only_cries(spelt, found) else None


def concerns_a_child(text: str) -> bool:
    """Say whether normalised `text` tells of somebody under 18, in danger or not."""
    lexicon = _read()
    found = _found(_spelt(text, lexicon), lexicon)
    return any(_matches(rule, found) for rule in lexicon.of_a_child)


def _near_a_child(told: Sequence[_Span], found: _Found, lexicon: _Lexicon) -> bool:
    children = sorted(child for rule in lexicon.of_a_child for child in _matches(rule, found))
    return any(_near(match, children) for match in told)


def _spelt(text: str, lexicon: _Lexicon) -> list[Unit]:
    english = lexicon.english
    return [_as_english(unit) if unit.keys[0] in english else unit for unit in units(text)]


def _as_english(unit: Unit) -> Unit:
    """Keep an English word from being compared by its sound, which is another word's."""
    return replace(unit, keys=unit.keys[:1])


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
        found = {group: spans for group, spans in found.items() if spans}
    denied, begged = _denied_from(text, found)
    for group in lexicon.deniable & found.keys():
        places = denied if group in lexicon.harm else begged
        found[group] = [span for span in found[group] if span.start not in places]
    return {group: spans for group, spans in found.items() if spans}


def _swallowed(span: _Span, sayings: Mapping[int, _Span]) -> bool:
    """Tell whether a word is part of a saying, not the saying part of a longer phrase."""
    within = (sayings[i] for i in range(*span) if i in sayings)
    return any(
        span == saying or span.start > saying.start or saying.end > span.end for saying in within
    )


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


def _denied_from(text: Sequence[Unit], found: _Found) -> tuple[frozenset[int], frozenset[int]]:
    """Give the places right after a denial: "never | beaten", "there is nobody who | beats".

    Second the places after a plea, "do not | hit me", which takes back no harm. A denial ends where
    a sentence ends or a part of one: "No. | Beats me".
    """
    stops = {unit.start for unit in text if unit.after_stop}
    spaces = {unit.start for unit in text if unit.after_space}
    begins = stops | {0}
    asks = {span.end for span in found.get("asks", ())}
    ends = sorted(span.start for span in found.get("te", ()) if span.end not in asks)
    others = sorted(stops.union(span.start for span in found.get("not", ())))

    def with_te(place: int) -> bool:  # of this denial, not of the next
        end, other = (_first_from(place, places) for places in (ends, others))
        return end is not None and end - place <= BRIEF and (other is None or end < other)

    def closes(span: _Span) -> bool:  # luy kor ot | vay nhom; a space, where none stood before
        return span.end in spaces and span.start not in spaces | begins

    doubtful = {span.end for span in found.get("not_if_te", ())}
    doubtful |= {span.end for span in found.get("not_unless_space", ()) if closes(span)}
    pleas = {span.end for span in found.get("plea", ())}
    pleas |= {span.end for span in found.get("do_not", ()) if span.start in begins}
    places = {span.end for span in found.get("not", ())} - doubtful - pleas
    places |= {place for place in doubtful if with_te(place)}
    nobody = {span.end for span in found.get("there_is_no", ())} - stops
    places |= {span.end for span in found.get("they", ()) if span.start in nobody}
    return frozenset(places - stops), frozenset((places | pleas) - stops)


def _first_from(place: int, places: Sequence[int]) -> int | None:
    i = bisect_left(places, place)
    return places[i] if i < len(places) else None


# ---- which rules fit


def _told(rules: Iterable[_Rule], found: _Found, quiet: frozenset[int]) -> list[_Span]:
    """Give where a rule fits that is not quiet."""
    matches = (match for rule in rules for match in _matches(rule, found))
    return [match for match in matches if not quiet.issuperset(range(*match))]


def _quiet(lexicon: _Lexicon, found: _Found) -> frozenset[int]:
    """Give the letters near which somebody only supposes, or tells what is over."""
    follows = [
        _Span(max(first.start, match.start), match.end + ECHO)
        for rule in lexicon.what_follows
        for match in _matches(rule, found)
        for first in _chained(rule.chains[0], found)[:1]
    ]
    return _around(lexicon.anything, found) | _letters(follows)


def _around(rules: Iterable[_Rule], found: _Found) -> frozenset[int]:
    """Give the letters near which one of the rules fits."""
    matches = (match for rule in rules for match in _matches(rule, found))
    return _letters(_Span(start - ECHO, end + ECHO) for start, end in matches)


def _letters(spans: Iterable[_Span]) -> frozenset[int]:
    letters: set[int] = set()
    reached = -ECHO
    for start, end in sorted(spans):
        letters.update(range(max(start, reached), end))
        reached = max(reached, end)
    return frozenset(letters)


def _matches(rule: _Rule, found: _Found) -> list[_Span]:
    """Give where a rule fits."""
    if not rule.groups <= found.keys():
        return []
    anchors, *others = (_chained(chain, found) for chain in rule.chains)
    whole = [match for anchor in anchors if (match := _gathered(anchor, others)) is not None]
    for chain in rule.unless:
        if whole and all(group in found for group, _ in chain):
            unless = _chained(chain, found)
            whole = [match for match in whole if not _near(match, unless)]
    return whole


def _near(match: _Span, spans: Sequence[_Span]) -> bool:
    """Tell whether one of the spans, in their order, stands around, in or near the match."""
    i = bisect_left(spans, match)
    return any(match.distance(span) <= REACH for span in spans[max(0, i - 2) : i + 2])


def _chained(chain: _Chain, found: _Found) -> list[_Span]:
    """Give where words of the chain's groups follow each other, as near as each must be."""
    (group, _), *rest = chain
    first = list(found[group])
    for group, most in rest:
        following = found[group]
        starts = [span.start for span in following]
        longer = {}
        for span in first:
            i = bisect_left(starts, span.end)
            while i < len(starts) and starts[i] - span.end <= most:
                longer[i] = _Span(span.start, following[i].end)  # the nearest, of several
                i += 1
                if starts[i - 1 : i] != starts[i : i + 1]:  # a longer word that begins there, too?
                    break
        first = list(longer.values())
    return first


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

    def read_kind(name: str, kind: Mapping[str, Sequence[str]]) -> _Kind:
        told = read_rules(kind.get("told", ()))
        return _Kind(
            name,
            always=read_rules(kind.get("always", ())),
            told=tuple(rule for rule in told if "me" not in rule.groups),
            told_of_me=tuple(rule for rule in told if "me" in rule.groups),
            quiet=read_rules(quiet["quiet"].get(name, ())),
            concerned=read_rules(kind.get("concerned", ())),
        )

    return _Lexicon(
        words=_trie(groups),
        english=frozenset(as_written(word) for word in words["english"]),
        kinds=tuple(read_kind(name, kind) for name, kind in rules.items()),
        deniable=frozenset(quiet["deniable"]),
        harm=frozenset(quiet["harm"]),
        sayings=read_rules(quiet["sayings"]),
        anything=read_rules(quiet["quiet"]["anything"]),
        what_follows=read_rules(quiet["quiet"]["what_follows"]),
        of_others=read_rules(quiet["quiet"]["of_others"]),
        loud=read_rules(quiet["loud"]),
    )


def _yaml(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((LEXICON / f"{name}.yml").read_text(encoding="utf-8"))
    return content


def _rule(line: str, groups: frozenset[str]) -> _Rule:
    """Read "weapon + they > hold - play": rules.yml explains the signs.

    Raises ValueError for a group that is not in the lexicon.
    """
    fits, *unless = (part.strip() for part in line.split(" - "))
    chains = tuple(_chain(chain) for chain in fits.split("+"))
    without = tuple(_chain(chain) for chain in unless)
    if unknown := {group for chain in (*chains, *without) for group, _ in chain} - groups:
        raise ValueError(f"The rule {line!r} names unknown groups of words: {sorted(unknown)}")
    return _Rule(chains, without, frozenset(group for chain in chains for group, _ in chain))


def _chain(text: str) -> _Chain:
    first, *rest = re.split(r"(>>?)", text)
    steps = zip(rest[::2], rest[1::2], strict=True)
    nearness = {">": NEAR, ">>": 0}
    return ((first.strip(), 0), *((group.strip(), nearness[sign]) for sign, group in steps))


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

"""Answers as a file: out of the desk, to a translator or another installation, and back.

The file has the shape of those in bot/content/faq. What comes back is judged whole: one answer that
may not be said, or that is not there, refuses all of it.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, TypeAlias

import yaml
from pydantic import TypeAdapter, ValidationError
from sqlmodel import Session

from bot.content import FAQ, living, rules
from bot.content.rules import Complaint
from bot.content.shapes import FaqEntry
from bot.when import local_date

FILE_LIMIT = 1_000_000
"""Bytes of a file that is read: ten times what all answers need."""

Answers: TypeAlias = Mapping[str, tuple[FaqEntry, ...]]

TOO_LARGE = "The file is larger than 1 MB."
NOT_TEXT = "This is not a text file (UTF-8)."
NOT_YAML = "This is not a file of answers: it cannot be read as YAML."
NOT_ANSWERS = "The file has not the shape of answers."
NOT_THERE = "There is no such answer here: a file brings no new questions and no new countries."
TWICE = "This answer stands in the file twice."

PROBLEMS = frozenset({TOO_LARGE, NOT_TEXT, NOT_YAML, NOT_ANSWERS, NOT_THERE, TWICE})
"""Why a file is refused; the desk says it in the language of its reader."""


class BadFile(Exception):
    """A file that holds no answers. `problem` is one of PROBLEMS, `where` the place in the file."""

    def __init__(self, problem: str, where: str = "") -> None:
        # YAML can name half a letter (a surrogate), which no page can show.
        where = where.encode(errors="replace").decode()
        super().__init__(f"{problem} {where}".strip())
        self.problem, self.where = problem, where


@dataclass(frozen=True, slots=True)
class Change:
    """One answer that a file would change. `over` is the version that holds now."""

    topic: str
    old: FaqEntry
    new: FaqEntry
    over: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a file would change. With complaints nothing of it may be taken over."""

    changes: tuple[Change, ...]
    complaints: tuple[Complaint, ...]

    @property
    def mark(self) -> str:
        """Name this proposal: another when an answer was changed meanwhile, or the file."""
        parts = (f"{c.topic} {c.over} {c.new.model_dump_json()}" for c in self.changes)
        return sha256("\n".join(parts).encode()).hexdigest()

    @property
    def answers(self) -> Answers:
        """Give the changed answers alone, as `write` takes them."""
        found: dict[str, tuple[FaqEntry, ...]] = {}
        for change in self.changes:
            found[change.topic] = (*found.get(change.topic, ()), change.new)
        return found


# ---- out


class _Dumper(yaml.SafeDumper):
    """Writes lines under each other, lists indented, and never an alias."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def write(answers: Answers) -> str:
    """Write answers as YAML that people can read and `read` gives back unchanged."""
    shaped = {
        topic: [_shaped(entry.model_dump(mode="json", exclude_none=True)) for entry in entries]
        for topic, entries in answers.items()
    }
    return yaml.dump(
        shaped, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10_000, indent=2
    )


def _shaped(given: dict[str, Any]) -> dict[str, Any]:
    """Leave empty lists away, as the files do."""
    return {
        name: _shaped(value) if isinstance(value, dict) else value
        for name, value in given.items()
        if value != []
    }


# ---- in


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class _Loader(yaml.SafeLoader):
    """YAML in which every scalar but null is a text, and nothing refers to anything.

    So a year needs no quotes, and a small file cannot unfold into a large one.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None) is not None:
            raise yaml.YAMLError("aliases and tags are not read here")
        if isinstance(event, yaml.ScalarEvent) and _CONTROL.search(event.value):
            raise yaml.YAMLError("a control character can be seen by nobody")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise BadFile(TWICE, twice[0][:80])
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: kept
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    if (kept := [each for each in resolvers if each[0] == "tag:yaml.org,2002:null"])
}


def read(file: bytes) -> Answers:
    """Read a file of answers. Raises BadFile."""
    if len(file) > FILE_LIMIT:
        raise BadFile(TOO_LARGE)
    try:
        text = file.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadFile(NOT_TEXT) from None
    try:
        raw = yaml.load(text, _Loader)  # noqa: S506 a SafeLoader with fewer resolvers
        return TypeAdapter(dict[str, tuple[FaqEntry, ...]]).validate_python(raw)
    except ValidationError as error:
        where = ".".join(str(step) for step in error.errors()[0]["loc"])
        raise BadFile(NOT_ANSWERS, where[:200]) from None
    except yaml.MarkedYAMLError as error:
        line = f"{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise BadFile(NOT_YAML, line) from None
    except (yaml.YAMLError, RecursionError, ValueError, TypeError):
        raise BadFile(NOT_YAML) from None


def propose(session: Session, answers: Answers, now: datetime) -> Proposal:
    """Say what a file would change of the answers as they hold now. `now` is UTC.

    The file is read (`read`) before a transaction is begun: that may take seconds, in which nobody
    else could write.

    An answer that is the same stays out, and so is not judged. Raises BadFile.
    """
    words = living.current(session, now)
    standing = {(t, e.country): e for t, entries in words.faq.items() for e in entries}
    wanted: dict[tuple[str, str], FaqEntry] = {}
    for topic, entries in answers.items():
        for entry in entries:
            place = (topic, entry.country)
            if place not in standing or place in wanted:
                problem = TWICE if place in wanted else NOT_THERE
                raise BadFile(problem, "/".join(place)[:80])
            wanted[place] = entry
    changes = tuple(
        Change(topic, standing[topic, country], new, living.version_of(session, topic, country))
        for (topic, country), new in wanted.items()
        if new != standing[topic, country]
    )
    today = local_date(now)
    found = (rules.answer(each.topic, each.new, words, today=today) for each in changes)
    return Proposal(changes, tuple(complaint for group in found for complaint in group))


def take_over(
    session: Session, proposal: Proposal, *, author: str | None, note: str, now: datetime
) -> None:
    """Save every change of a proposal, in the caller's transaction.

    Raises ValueError for a proposal with complaints, living.ChangedMeanwhile.
    """
    if proposal.complaints:
        raise ValueError("a file with an answer that may not be said is refused whole")
    for each in proposal.changes:
        living.save(
            session,
            each.topic,
            each.new,
            country=each.new.country,
            over=each.over,
            author=author,
            note=note,
            now=now,
        )


@cache
def parts() -> Mapping[str, tuple[str, ...]]:
    """Give the topics by part of the journey: the name of their file, without its ending."""
    folder = files("bot.content") / FAQ
    return {
        file.name.removesuffix(".yml"): tuple(read(file.read_bytes()))
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
    }

"""Every word a migrant reads: loaded once, checked whole, Khmer and English side by side.

These are the files. What staff changed at the desk lies over them: bot/content/living.py.
"""

import string
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from bot.buttons import UnknownButton, parse
from bot.content.numbers import digits
from bot.content.shapes import (
    TITLE_LIMIT,
    ButtonWords,
    ConsentWords,
    ContactWords,
    FaqEntry,
    Label,
    SafetyCards,
    SayWords,
    utf16_length,
)
from bot.message import Language
from referrals.intake import Detail

Shape = TypeVar("Shape")

FAQ, SAYS = "faq", "says"
"""The folders of the answers, and of all else the bot says: a file for each part of the journey."""

ANYWHERE = "any"
"""The country of an answer that holds wherever the migrant is."""


class BadContent(Exception):
    """A content file is missing, ill-formed, or refers to what is not there. Says where."""


@dataclass(frozen=True)
class Content:
    """All words. Every code that one file takes from another exists there.

    `hidden` names contacts that are not to be shown now, and `unsure` emergency numbers that staff
    did not confirm lately: they stay, and say so. `recordings` has the id of an answer's recorded
    voice, by `voice_key`.
    """

    says: Mapping[str, SayWords]
    buttons: Mapping[str, ButtonWords]
    labels: Mapping[str, Mapping[str, Label]]
    faq: Mapping[str, tuple[FaqEntry, ...]]
    contacts: Mapping[str, ContactWords]
    safety: SafetyCards
    consents: Mapping[str, ConsentWords]
    evidence: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()
    recordings: Mapping[str, str] = field(default_factory=dict)

    def answers(self, topic: str, country: str | None) -> tuple[FaqEntry, ...]:
        """Give the answers to a question: that of the country, else that for anywhere, else all."""
        entries = self.faq.get(topic, ())
        for wanted in (country, ANYWHERE):
            fitting = tuple(entry for entry in entries if entry.country == wanted)
            if fitting:
                return fitting
        return entries

    def shown(self, contacts: Collection[str]) -> list[str]:
        """Give those of these contacts that may be shown now, in their order, each once."""
        return [each for each in dict.fromkeys(contacts) if each not in self.hidden]

    @cached_property
    def numbers(self) -> frozenset[str]:
        """The digits of every number that may be shown now."""
        return frozenset(
            digits(number)
            for name in self.shown(self.contacts)
            for line in (self.contacts[name].phone, self.contacts[name].whatsapp or "")
            for number in line.split(" / ")
        )

    def label(self, path: str) -> Label:
        """Give the label of `table.code`. Raises BadContent when there is none."""
        table, _, code = path.partition(".")
        try:
            return self.labels[table][code]
        except KeyError:
            raise BadContent(f"labels.yml has no {path}") from None

    def consent_words(self, code: str, language: Language) -> tuple[int, str]:
        """Give the version and the exact words with which a consent is asked."""
        asked = self.consents[code]
        return asked.version, asked.shown(language)


def voice_key(topic: str, country: str, language: Language) -> str:
    """Name the recorded voice of an answer."""
    return f"{topic}/{country}/{language.value}"


class _Loader(yaml.SafeLoader):
    """YAML in which yes, no, on and off are words, not truth values."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(folder: Traversable) -> Content:
    """Read all content files of a folder. Raises BadContent, naming the file and the place."""
    found = Content(
        says=_together(folder, SAYS, SayWords),
        buttons=read(folder, "buttons.yml", dict[str, ButtonWords]),
        labels=read(folder, "labels.yml", dict[str, dict[str, Label]]),
        faq=_together(folder, FAQ, tuple[FaqEntry, ...]),
        contacts=read(folder, "contacts.yml", dict[str, ContactWords]),
        safety=read(folder, "safety.yml", SafetyCards),
        consents=read(folder, "consent.yml", dict[str, ConsentWords]),
        evidence=read(folder, "evidence.yml", dict[str, tuple[Detail, ...]]),
    )
    problems = [*_bad_buttons(found), *_bad_references(found), *_bad_placeholders(found)]
    if problems:
        raise BadContent("; ".join(problems))
    return found


@cache
def content() -> Content:
    """Give the content of this package, read once."""
    return load(files(__package__))


def _together(folder: Traversable, name: str, shape: type[Shape]) -> dict[str, Shape]:
    """Read the files of a folder as one. Raises BadContent for a key that stands in two of them."""
    if not (folder / name).is_dir():
        raise BadContent(f"{name} is missing")
    found: dict[str, Shape] = {}
    for file in sorted((folder / name).iterdir(), key=lambda file: file.name):
        part = read(folder, f"{name}/{file.name}", dict[str, shape])  # type: ignore[valid-type]
        if twice := sorted(part.keys() & found.keys()):
            raise BadContent(f"{name}/{file.name}: {twice} stand in another file too")
        found |= part
    return found


def read(folder: Traversable, name: str, shape: type[Shape]) -> Shape:
    """Read one content file into its shape. Raises BadContent, naming the file and the place."""
    try:
        with (folder / name).open(encoding="utf-8") as file:
            raw: Any = yaml.load(file, _Loader)  # noqa: S506 a SafeLoader with fewer resolvers
        return TypeAdapter(shape).validate_python(raw)
    except FileNotFoundError:
        raise BadContent(f"{name} is missing") from None
    except yaml.YAMLError as error:
        raise BadContent(f"{name} is not YAML: {error}") from error
    except ValidationError as error:
        where = "; ".join(
            f"{'.'.join(str(step) for step in problem['loc'])}: {problem['msg']}"
            for problem in error.errors()
        )
        raise BadContent(f"{name}: {where}") from error


def _bad_buttons(found: Content) -> list[str]:
    problems = []
    for key, button in found.buttons.items():
        try:
            parse(button.payload)
        except UnknownButton as error:
            problems.append(f"buttons.yml {key}: {error}")
        problems += [
            f"buttons.yml {key}: the {language} title is over {TITLE_LIMIT} UTF-16 units"
            for language in Language
            if utf16_length(button.title(language)) > TITLE_LIMIT
        ]
    return problems


def _bad_references(found: Content) -> list[str]:
    wanted: list[tuple[str, str, Mapping[str, Any]]] = []
    for key, say in found.says.items():
        wanted += [(f"says {key}", name, found.buttons) for name in say.buttons]
        wanted += [
            (f"says {key}", name, found.contacts)
            for names in say.contacts.values()
            for name in names
        ]
    for topic, entries in found.faq.items():
        for entry in entries:
            wanted += [(f"faq {topic}", name, found.contacts) for name in entry.ask]
            wanted += [(f"faq {topic}", other, found.faq) for other in entry.related]
            if entry.category is not None:
                wanted.append((f"faq {topic}", entry.category, found.labels["category"]))
    for country, kinds in found.safety.numbers.items():
        wanted += [
            (f"safety.yml {country}", name, found.contacts)
            for names in kinds.values()
            for name in names
        ]
    return [
        f"{place} names {name}, which is not there"
        for place, name, there in wanted
        if name not in there
    ]


def _bad_placeholders(found: Content) -> list[str]:
    return [
        f"says {key}: the two languages have different placeholders"
        for key, say in found.says.items()
        if placeholders(say.km) != placeholders(say.en)
    ]


def placeholders(template: str) -> frozenset[str]:
    """Give the names in braces."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(template) if name)

"""Every word a migrant reads: loaded once, checked whole, Khmer and English side by side."""

import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from bot.buttons import UnknownButton, parse
from bot.content.shapes import (
    TITLE_LIMIT,
    ButtonWords,
    ConsentWords,
    ContactWords,
    FaqEntry,
    Label,
    SafetyCard,
    SayWords,
    utf16_length,
)
from bot.message import Language

Shape = TypeVar("Shape")

ANYWHERE = "any"
"""The country of an answer that holds wherever the migrant is."""


class BadContent(Exception):
    """A content file is missing, ill-formed, or refers to what is not there. Says where."""


@dataclass(frozen=True, slots=True)
class Content:
    """All words. Every code that one file takes from another exists there."""

    says: Mapping[str, SayWords]
    buttons: Mapping[str, ButtonWords]
    labels: Mapping[str, Mapping[str, Label]]
    faq: Mapping[str, tuple[FaqEntry, ...]]
    contacts: Mapping[str, ContactWords]
    safety: Mapping[str, SafetyCard]
    consents: Mapping[str, ConsentWords]

    def answers(self, topic: str, country: str | None) -> tuple[FaqEntry, ...]:
        """Give the answers to a question: that of the country, else that for anywhere, else all."""
        entries = self.faq.get(topic, ())
        for wanted in (country, ANYWHERE):
            fitting = tuple(entry for entry in entries if entry.country == wanted)
            if fitting:
                return fitting
        return entries

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


class _Loader(yaml.SafeLoader):
    """YAML in which yes, no, on and off are words, not truth values."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(folder: Traversable) -> Content:
    """Read all content files of a folder. Raises BadContent, naming the file and the place."""
    found = Content(
        says=_read(folder, "says.yml", dict[str, SayWords]),
        buttons=_read(folder, "buttons.yml", dict[str, ButtonWords]),
        labels=_read(folder, "labels.yml", dict[str, dict[str, Label]]),
        faq=_read(folder, "faq.yml", dict[str, tuple[FaqEntry, ...]]),
        contacts=_read(folder, "contacts.yml", dict[str, ContactWords]),
        safety=_read(folder, "safety.yml", dict[str, SafetyCard]),
        consents=_read(folder, "consent.yml", dict[str, ConsentWords]),
    )
    problems = [*_bad_buttons(found), *_bad_references(found), *_bad_placeholders(found)]
    if problems:
        raise BadContent("; ".join(problems))
    return found


@cache
def content() -> Content:
    """Give the content of this package, read once."""
    return load(files(__package__))


def _read(folder: Traversable, name: str, shape: type[Shape]) -> Shape:
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
        wanted += [(f"says.yml {key}", name, found.buttons) for name in say.buttons]
        wanted += [
            (f"says.yml {key}", name, found.contacts)
            for names in say.contacts.values()
            for name in names
        ]
    for topic, entries in found.faq.items():
        for entry in entries:
            wanted.append((f"faq.yml {topic}", entry.ask, found.contacts))
            wanted += [(f"faq.yml {topic}", other, found.faq) for other in entry.related]
            if entry.category is not None:
                wanted.append((f"faq.yml {topic}", entry.category, found.labels["category"]))
    for country, card in found.safety.items():
        wanted += [(f"safety.yml {country}", name, found.contacts) for name in card.contacts]
    return [
        f"{place} names {name}, which is not there"
        for place, name, there in wanted
        if name not in there
    ]


def _bad_placeholders(found: Content) -> list[str]:
    return [
        f"says.yml {key}: the two languages have different placeholders"
        for key, say in found.says.items()
        if placeholders(say.km) != placeholders(say.en)
    ]


def placeholders(template: str) -> frozenset[str]:
    """Give the names in braces."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(template) if name)

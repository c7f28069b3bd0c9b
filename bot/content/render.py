"""From a say to bubbles: placeholders filled, buttons titled, one idea a bubble.

An empty line in a text begins a new bubble. No figure leaves from here that somebody could call and
that is not a number of contacts.yml, shown at present (bot/content/numbers.py).
"""

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import regex
from babel.dates import format_date

from bot.content import ANYWHERE, BadContent, Content, placeholders, voice_key
from bot.content.numbers import digits, masked, unexplained
from bot.content.shapes import (
    BUBBLE_LIMIT,
    GENERAL,
    TITLE_LIMIT,
    ContactWords,
    FaqEntry,
    SayWords,
    utf16_length,
)
from bot.message import Button, Language, Reply

log = logging.getLogger(__name__)

FAQ = "faq"
SIMPLE = "simple"
"""The `form` of an answer that is said more simply."""

SAFETY_CARD = "safety_card"

ANY_COUNTRY = ("TH", "MY", "KH")
"""Countries whose numbers are shown when nobody knows where the migrant is."""

ELSEWHERE = "other"
"""A country whose numbers are not known: the family in Cambodia can call."""

LABELLED: Mapping[str, str] = {
    "category": "category",
    "country": "country",
    "province": "province",
    "complainant": "complainant",
    "status": "status",
    "topic": "topic",
    "group": "group",
    "shares": "partner",
    "contact_me": "yes_no",
    "detail": "detail",
    "of": "of",
    "have": "detail",
    "missing": "detail",
    "choices": "choice",
    "consents": "consent",
    "before": "category",
}
"""Placeholders whose values are codes, with the table of labels.yml that names them."""

DATED = frozenset({"lodged", "opened", "as_of"})
"""Placeholders whose values are dates (ISO 8601)."""

LISTED = frozenset({"facts", "extras"})
"""Placeholders whose values are labels of any table, `table.code,table.code`: a line for each."""

COUNTED = frozenset({"code", "count", "days", "group_code"})
"""Placeholders whose values are figures of ours, and no number to call."""

TICK = "✓"
"""Stands before the title of what was chosen, told or agreed to already."""

PATTERNS: Mapping[Language, tuple[str, str, str]] = {
    Language.KM: ("'ឆ្នាំ' y", "'ខែ'MMMM 'ឆ្នាំ' y", "'ថ្ងៃទី' d 'ខែ'MMMM 'ឆ្នាំ' y"),
    Language.EN: ("y", "MMMM y", "d MMMM y"),
}
"""How a date known to the year, the month or the day is said (CLDR patterns)."""

_EMPTY_LINE = regex.compile(r"\n\s*\n")
_SENTENCE = regex.compile(r"[^។.!?\n]*(?:[។!?\n]+|\.(?=\s|$)|\.|$)\s*", regex.VERSION1)
_PIECE = regex.compile(r"\S+\s*|\s+")
_CLUSTER = regex.compile(r"\X")


class PrivateWordsMissing(Exception):
    """A say needs words of a migrant or a counsellor that the turn did not give."""


def render(
    say: Mapping[str, Any],
    language: Language,
    content: Content,
    private: Mapping[str, str],
    today: date,
) -> list[Reply]:
    """Turn a say, as an action gave it, into the bubbles a channel sends.

    Every bubble has at most BUBBLE_LIMIT characters; the buttons stand under the last one.
    `private` holds the words for a say that is marked private; they are put in as they are.
    Raises BadContent for a say, label or button that does not exist; PrivateWordsMissing.
    """
    key, values = str(say["say"]), {k: str(v) for k, v in (say.get("with") or {}).items()}
    words = content.says.get(key)
    if key == FAQ:
        text = "\n\n".join(_faq(values, language, content, today))
    elif key == SAFETY_CARD:
        text = "\n\n".join(_safety(values, language, content))
    elif words is None:
        raise BadContent(f"there is no say {key}")
    else:
        text = _fill(words, values, language, content, private)
    if words is None or words.private is None:
        text = _only_known_numbers(key, text, values, content)
    shown = say.get("buttons")
    if shown is None:
        shown = words.buttons if words else ()
    buttons = tuple(b for b in (button(each, language, content) for each in shown) if b)
    bubbles = split(text)
    voice = _voice(key, values, language, content)
    replies = [Reply(bubble) for bubble in bubbles[:-1]] + [Reply(bubbles[-1], buttons)]
    return [replace(replies[0], voice=voice), *replies[1:]] if voice else replies


def _only_known_numbers(key: str, text: str, values: Mapping[str, str], content: Content) -> str:
    """Take out what could be called and is no number of ours, wherever it came from."""
    allowed = content.numbers | {digits(values[name]) for name in COUNTED & values.keys()}
    if unexplained(text, allowed):
        log.error("a number that is not in contacts.yml was taken out of %s", key)
        return masked(text, allowed)
    return text


def _voice(key: str, values: Mapping[str, str], language: Language, content: Content) -> str | None:
    if key != FAQ or not values.get("voice"):
        return None
    return content.recordings.get(
        voice_key(values["topic"], values.get("country", ANYWHERE), language)
    )


def button(wanted: str | Mapping[str, str], language: Language, content: Content) -> Button | None:
    """Build one button; None for one that is not shown in this language. Raises BadContent."""
    if not isinstance(wanted, str):
        title = _title(wanted["label"], language, content)
        ticked = f"{TICK} {title}" if wanted.get("ticked") else title
        return Button(fitted(ticked), wanted["payload"])
    try:
        words = content.buttons[wanted]
    except KeyError:
        raise BadContent(f"buttons.yml has no {wanted}") from None
    if words.only not in (None, language):
        return None
    return Button(words.title(language), words.payload)


def _title(path: str, language: Language, content: Content) -> str:
    """Give the title for `table.code`; the table `button` is buttons.yml itself."""
    table, _, key = path.partition(".")
    if table == "button" and key in content.buttons:
        return content.buttons[key].title(language)
    return content.label(path).title(language)


def fitted(title: str) -> str:
    """Shorten a title to TITLE_LIMIT UTF-16 units, between two Khmer clusters, never within one."""
    if utf16_length(title) <= TITLE_LIMIT:
        return title
    kept = ""
    for cluster in _CLUSTER.findall(title):
        if utf16_length(kept + cluster) > TITLE_LIMIT - 1:
            break
        kept += cluster
    return kept.rstrip() + "…"


def contact_line(contact_id: str, language: Language, content: Content) -> str:
    """Write a contact for somebody who wants to call: number and name, then what is known of hours,
    languages and cost.
    """
    try:
        contact = content.contacts[contact_id]
    except KeyError:
        raise BadContent(f"contacts.yml has no {contact_id}") from None
    line = f"☎️ {contact.phone} - {contact.name(language)}"
    if contact_id in content.unsure:
        line += f" {content.says['number_old'].text(language)}"
    known = _known(contact, language, content)
    return f"{line}\n{known}" if known else line


def _known(contact: ContactWords, language: Language, content: Content) -> str:
    def said(key: str, name: str, value: str | None) -> str | None:
        return content.says[key].text(language).format_map({name: value}) if value else None

    hours = contact.hours(language)
    pieces = (
        f"⏰ {hours}" if hours else None,
        said("contact_languages", "languages", contact.languages(language)),
        said("contact_cost", "cost", contact.cost(language)),
        said("contact_whatsapp", "phone", contact.whatsapp),
    )
    return " ".join(piece for piece in pieces if piece)


def said_date(moment: str, language: Language) -> str:
    """Say a date given as `2017`, `2017-10` or `2017-10-05`."""
    steps = [int(step) for step in moment.split("-")]
    known = date(*[*steps, 1, 1][:3])
    return format_date(known, PATTERNS[language][len(steps) - 1], locale=language.value)


def split(text: str) -> list[str]:
    """Cut a text into bubbles: at empty lines, and where more than BUBBLE_LIMIT characters would
    stand in one, at the end of sentences.

    A sentence that is too long is cut at a space, or else between two clusters.
    """
    ideas = [idea for idea in _EMPTY_LINE.split(text.strip()) if idea.strip()] or [""]
    return [bubble for idea in ideas for bubble in _fitting(idea)]


def _fitting(text: str) -> list[str]:
    bubbles, current = [], ""
    for piece in _pieces(text.strip()):
        if current and len((current + piece).rstrip()) > BUBBLE_LIMIT:
            bubbles.append(current.strip())
            current = ""
        current += piece
    if current.strip() or not bubbles:
        bubbles.append(current.strip())
    return bubbles


def _pieces(text: str) -> Iterable[str]:
    for sentence in _SENTENCE.findall(text):
        if len(sentence.rstrip()) <= BUBBLE_LIMIT:
            yield sentence
            continue
        for word in _PIECE.findall(sentence):
            if len(word.rstrip()) <= BUBBLE_LIMIT:
                yield word
            else:
                yield from _CLUSTER.findall(word)


def _fill(
    words: SayWords,
    values: Mapping[str, str],
    language: Language,
    content: Content,
    private: Mapping[str, str],
) -> str:
    template = words.text(language)
    filled: dict[str, str] = {}
    for name in placeholders(template):
        if name == "consent":
            filled[name] = content.consent_words(values["consent"], language)[1]
        elif name == "contacts":
            filled[name] = _contacts(words, values.get("country"), language, content)
        elif name == "offices":
            filled[name] = _offices(values[name], language, content)
        elif name == "readers":
            filled[name] = _readers(values[name], language, content)
        elif name in values:
            filled[name] = _value(name, values[name], language, content)
        elif words.private and name in private:
            # Her empty lines begin no new bubble: the say's own words stand around them.
            filled[name] = _EMPTY_LINE.sub("\n", private[name])
        elif words.private:
            raise PrivateWordsMissing(f"a private say needs {name}")
        else:
            raise BadContent(f"a say lacks its {name}")
    return template.format_map(filled)


def _value(name: str, value: str, language: Language, content: Content) -> str:
    if name in LABELLED:
        codes = [code for code in value.split(",") if code]
        named = (content.label(f"{LABELLED[name]}.{c}").name(language) for c in codes)
        return ", ".join(named) or content.says["told_nothing"].text(language)
    if name in LISTED:
        return _listed(name, value, language, content)
    if name in DATED:
        return said_date(value, language)
    return value


def _listed(name: str, value: str, language: Language, content: Content) -> str:
    """Write a line for each label, with its picture; for the summary with nothing more, say so."""
    paths = [path for path in value.split(",") if path]
    if not paths:
        return content.says[f"{name}_none"].text(language)
    labels = [content.label(path) for path in paths]
    return "\n".join(f"{label.icon or '•'} {label.name(language)}" for label in labels)


def _readers(listed: str, language: Language, content: Content) -> str:
    """Name offices and the day on which each read it: JSON `[[name_km, name_en, day], ...]`, with
    "copied" at the end for a copy that was made of it.
    """
    lines = []
    for km, en, day, *copied in json.loads(listed):
        office = km if language is Language.KM else en
        if copied:
            office = f"{office} ({content.says['case_readers_copied'].text(language)})"
        colon = "៖" if language is Language.KM else ":"
        lines.append(f"• {office}{colon} {said_date(day, language)}")
    return "\n".join(lines)


def _contacts(words: SayWords, country: str | None, language: Language, content: Content) -> str:
    listed = words.contacts
    near = {country: listed[country]} if country in listed else listed
    return _numbers([i for group in near.values() for i in group], language, content)


def _offices(listed: str, language: Language, content: Content) -> str:
    """Name offices, and why each when it is told.

    `listed` is JSON, `[[name_km, name_en, [reason, ...]], ...]`: public names of the directory.
    """
    lines = []
    for name_km, name_en, reasons in json.loads(listed):
        office = name_km if language is Language.KM else name_en
        if reasons:
            why = ", ".join(content.says[f"reason_{reason}"].text(language) for reason in reasons)
            line = content.says["receipt_office"].text(language)
            office = line.format_map({"office": office, "why": why})
        lines.append(office)
    return "\n".join(lines)


def _faq(values: Mapping[str, str], language: Language, content: Content, today: date) -> list[str]:
    entries = content.answers(values["topic"], values.get("country"))
    if not entries:
        raise BadContent(f"faq.yml has no {values['topic']}")
    paragraphs: list[str] = []
    for entry in entries:
        bubbles = answer_bubbles(
            entry, language, content, today, simple=values.get("form") == SIMPLE
        )
        if len(entries) > 1:
            title = content.label(f"country.{entry.country}").title(language)
            bubbles[0] = f"{title}\n{bubbles[0]}"
        paragraphs += bubbles
    return paragraphs


def answer_bubbles(
    entry: FaqEntry, language: Language, content: Content, today: date, *, simple: bool = False
) -> list[str]:
    """Give an answer's bubbles: the answer, what to do, who can help now with source and date.

    When it is old, that comes first. When it is said more simply, without steps.
    """
    says, words = content.says, entry.words(language)
    bubbles = []
    if entry.is_old(today):
        reviewed = said_date(entry.review_by.isoformat(), language)
        bubbles.append(says["faq_old"].text(language).format_map({"reviewed": reviewed}))
    bubbles.append(words.simple if simple else words.answer)
    if words.steps and not simple:
        steps = "\n".join(f"{n}. {step}" for n, step in enumerate(words.steps, 1))
        bubbles.append(says["faq_steps"].text(language).format_map({"steps": steps}))
    source = {
        "source": entry.source.text(language).rstrip("។."),
        "as_of": said_date(entry.as_of, language),
    }
    said = says["faq_source"].text(language).format_map(source)
    return [*bubbles, f"{_helpers(entry, language, content)}\n{said}"]


def _helpers(entry: FaqEntry, language: Language, content: Content) -> str:
    """Say who can help now; when no number is confirmed, where to go."""
    if not content.shown(entry.ask):
        return content.says["faq_nobody"].text(language)
    contacts = _numbers(entry.ask, language, content)
    return content.says["faq_ask"].text(language).format_map({"contacts": contacts})


def _safety(values: Mapping[str, str], language: Language, content: Content) -> list[str]:
    """Give the card for a kind of danger (`kind`), then the numbers of the country for it.

    When the country is not known: the numbers of every country of ANY_COUNTRY.
    """
    cards, country = content.safety, values.get("country", "")
    kind = values.get("kind", GENERAL)
    words = cards.words.get(kind, cards.words[GENERAL]).text(language)
    if country in cards.numbers:
        numbers = _numbers(cards.contacts(country, kind), language, content)
        if country == ELSEWHERE:
            numbers = f"{content.says['danger_elsewhere'].text(language)}\n{numbers}"
        return [words, numbers]
    return [words, *(_named_numbers(code, kind, language, content) for code in ANY_COUNTRY)]


def _named_numbers(country: str, kind: str, language: Language, content: Content) -> str:
    title = content.label(f"country.{country}").title(language)
    return f"{title}\n{_numbers(content.safety.contacts(country, kind), language, content)}"


def _numbers(contacts: Iterable[str], language: Language, content: Content) -> str:
    return "\n".join(contact_line(i, language, content) for i in content.shown(list(contacts)))

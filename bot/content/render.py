"""From a say to bubbles: placeholders filled, buttons titled, long texts split."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import regex
from babel.dates import format_date

from bot.content import BadContent, Content, placeholders
from bot.content.shapes import (
    BUBBLE_LIMIT,
    TITLE_LIMIT,
    FaqEntry,
    SayWords,
    utf16_length,
)
from bot.message import Button, Language, Reply

FAQ = "faq"
SAFETY_CARD = "safety_card"

ANY_COUNTRY = ("TH", "MY", "KH")
"""Countries whose numbers are shown when nobody knows where the migrant is."""

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
}
"""Placeholders whose values are codes, with the table of labels.yml that names them."""

DATED = frozenset({"lodged", "opened"})
"""Placeholders whose values are dates (ISO 8601)."""

PATTERNS: Mapping[Language, tuple[str, str, str]] = {
    Language.KM: ("'ឆ្នាំ' y", "'ខែ'MMMM 'ឆ្នាំ' y", "'ថ្ងៃទី' d 'ខែ'MMMM 'ឆ្នាំ' y"),
    Language.EN: ("y", "MMMM y", "d MMMM y"),
}
"""How a date known to the year, the month or the day is said (CLDR patterns)."""

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
        raise BadContent(f"says.yml has no {key}")
    else:
        text = _fill(words, values, language, content, private)
    shown = say.get("buttons")
    if shown is None:
        shown = words.buttons if words else ()
    buttons = tuple(b for b in (button(each, language, content) for each in shown) if b)
    bubbles = split(text)
    return [Reply(bubble) for bubble in bubbles[:-1]] + [Reply(bubbles[-1], buttons)]


def button(wanted: str | Mapping[str, str], language: Language, content: Content) -> Button | None:
    """Build one button; None for one that is not shown in this language. Raises BadContent."""
    if not isinstance(wanted, str):
        return Button(fitted(_title(wanted["label"], language, content)), wanted["payload"])
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
    """Write a contact for somebody who wants to call: number first, then who, then when."""
    try:
        contact = content.contacts[contact_id]
    except KeyError:
        raise BadContent(f"contacts.yml has no {contact_id}") from None
    hours = contact.hours(language)
    when = f" ⏰ {hours}" if hours else ""
    return f"☎️ {contact.phone} - {contact.name(language)}{when}"


def said_date(moment: str, language: Language) -> str:
    """Say a date given as `2017`, `2017-10` or `2017-10-05`."""
    steps = [int(step) for step in moment.split("-")]
    known = date(*[*steps, 1, 1][:3])
    return format_date(known, PATTERNS[language][len(steps) - 1], locale=language.value)


def split(text: str) -> list[str]:
    """Cut a text into bubbles of at most BUBBLE_LIMIT characters, at the end of sentences.

    A sentence that is too long is cut at a space, or else between two clusters.
    """
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
        elif name in values:
            filled[name] = _value(name, values[name], language, content)
        elif words.private and name in private:
            filled[name] = private[name]
        elif words.private:
            raise PrivateWordsMissing(f"a private say needs {name}")
        else:
            raise BadContent(f"a say lacks its {name}")
    return template.format_map(filled)


def _value(name: str, value: str, language: Language, content: Content) -> str:
    if name in LABELLED:
        codes = [code for code in value.split(",") if code]
        return ", ".join(content.label(f"{LABELLED[name]}.{c}").name(language) for c in codes)
    if name in DATED:
        return said_date(value, language)
    return value


def _contacts(words: SayWords, country: str | None, language: Language, content: Content) -> str:
    listed = words.contacts
    near = {country: listed[country]} if country in listed else listed
    ids = list(dict.fromkeys(i for group in near.values() for i in group))
    return _numbers(ids, language, content)


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
        paragraphs += _answer(entry, language, content, today, named=len(entries) > 1)
    return paragraphs


def _answer(
    entry: FaqEntry, language: Language, content: Content, today: date, *, named: bool
) -> list[str]:
    """Give an answer's paragraphs: a warning if it is old, the answer, whom to ask, the source."""
    says, contact = content.says, contact_line(entry.ask, language, content)
    contact = contact.removeprefix("☎️ ")
    paragraphs = []
    if today > entry.review_by:
        paragraphs.append(says["faq_old"].text(language).format_map({"contact": contact}))
    answer = entry.text(language)
    if named:
        answer = f"{content.label(f'country.{entry.country}').title(language)}\n{answer}"
    paragraphs.append(answer)
    if today <= entry.review_by:
        paragraphs.append(says["faq_ask"].text(language).format_map({"contact": contact}))
    source = {
        "source": entry.source.text(language).rstrip("។."),
        "as_of": said_date(entry.as_of, language),
    }
    paragraphs.append(says["faq_source"].text(language).format_map(source))
    return paragraphs


def _safety(values: Mapping[str, str], language: Language, content: Content) -> list[str]:
    """Give the card of one country, and what holds for one kind of danger there (`kind`).

    When the country is not known: the words once, then the numbers of every country of ANY_COUNTRY.
    """
    cards, country = content.safety, values.get("country", "")
    if country not in cards:
        words = cards[ANY_COUNTRY[0]].text(language)
        return [words, *(_named_numbers(code, language, content) for code in ANY_COUNTRY)]
    card, special = cards[country], cards.get(f"{country}_{values.get('kind')}")
    paragraphs = [card.text(language)]
    if special is None:
        paragraphs[0] += "\n" + _numbers(card.contacts, language, content)
        return paragraphs
    rest = [c for c in card.contacts if c not in special.contacts]
    numbers = _numbers([*special.contacts, *rest], language, content)
    return [*paragraphs, f"{special.text(language)}\n{numbers}"]


def _named_numbers(country: str, language: Language, content: Content) -> str:
    title = content.label(f"country.{country}").title(language)
    return f"{title}\n{_numbers(content.safety[country].contacts, language, content)}"


def _numbers(contacts: Iterable[str], language: Language, content: Content) -> str:
    return "\n".join(contact_line(i, language, content) for i in contacts)

"""Which answers and numbers there are, from where, and how old on a day (docs/answers.md)."""

import re
from collections.abc import Iterator
from datetime import date

from bot.content import ANYWHERE, Content
from bot.content.check import FACTS
from bot.content.living import CONFIRMED_FOR
from bot.content.render import ANY_COUNTRY
from bot.content.review import cell
from bot.content.rules import first_day
from bot.content.shapes import ContactWords, FaqEntry
from bot.message import Language

COLUMNS = (ANYWHERE, *ANY_COUNTRY)

OLD = "⚠️"
"""Stands beside what is past its day."""

_PAGE = """\
# Answers and numbers on {day}

Written by `make content` from `bot/content/faq/` and `contacts.yml`. What staff changed at the desk
is not here: the desk shows it. What bears {old} was past its day on {day}: an answer then says so
in the chat, and a number disappears from it.
"""
_DAY = re.compile(r"^# Answers and numbers on (\d{4}-\d\d-\d\d)$", re.MULTILINE)


def page(content: Content, today: date) -> str:
    """Write docs/answers.md for a day in Phnom Penh."""
    lines = [_PAGE.format(day=today, old=OLD), "## Questions and countries", ""]
    lines += [_row("question", *COLUMNS), _row(*["---"] * (len(COLUMNS) + 1))]
    for topic, label in content.labels["topic"].items():
        entries = {entry.country: entry for entry in content.faq.get(topic, ())}
        cells = (_answer(entries[c], today) if c in entries else "" for c in COLUMNS)
        lines.append(_row(f"{cell(label.name(Language.EN))}<br>`{topic}`", *cells))
    lines += ["", "## Facts and their answers", "", _row("fact", "answer"), _row("---", "---")]
    for fact in sorted(FACTS):
        serving = ", ".join(f"`{key}`" for key in _serving(content, fact))
        lines.append(_row(fact, serving))
    lines += ["", "## Numbers", ""]
    heads = ("contact", "number", "mark", "compared", "shown until")
    lines += [_row(*heads), _row(*["---"] * len(heads))]
    for name, contact in content.contacts.items():
        lines.append(_row(*_contact(name, contact, today)))
    return "\n".join(lines) + "\n"


def day_of(text: str) -> date | None:
    """Give the day for which a page was written; None when it names none."""
    found = _DAY.search(text)
    return date.fromisoformat(found.group(1)) if found else None


def is_over(contact: ContactWords, today: date) -> bool:
    """Say whether nobody has confirmed a number of the file for too long."""
    return today > contact.compared + CONFIRMED_FOR


def age(as_of: str, today: date) -> int:
    """Give the whole months from the first day of what is said to a day."""
    begins = first_day(as_of) or today
    months = (today.year - begins.year) * 12 + today.month - begins.month
    return months - (today.day < begins.day)


def _answer(entry: FaqEntry, today: date) -> str:
    old = f" {OLD}" if entry.is_old(today) else ""
    said = f"{entry.as_of}, {age(entry.as_of, today)} months"
    return f"{cell(entry.source.en)}<br>{said}<br>review by {entry.review_by}{old}"


def _serving(content: Content, fact: str) -> Iterator[str]:
    for topic, entries in content.faq.items():
        yield from (f"{topic}.{entry.country}" for entry in entries if fact in entry.facts)


def _contact(name: str, contact: ContactWords, today: date) -> tuple[str, ...]:
    until = str(contact.compared + CONFIRMED_FOR)
    if contact.emergency:
        until += ", then with a warning"
    if is_over(contact, today):
        until += f" {OLD}"
    number = contact.phone + (f"<br>WhatsApp {contact.whatsapp}" if contact.whatsapp else "")
    title = f"{cell(contact.name_en)}<br>`{name}`"
    return title, number, contact.mark, str(contact.compared), until


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"

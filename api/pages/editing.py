"""What the editors' pages share: who may see them, the form of an answer, and how it looks in the
chat.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends
from khmernormalizer import normalize
from pydantic import ValidationError
from sqlmodel import Session, col, select

from api.pages import labels
from api.pages.editing_views import Bubble, Chat, Complaint, Helper, Said, Voice
from api.pages.editing_views import Words as Reading
from api.pages.views import Label
from api.policy import allowed
from api.words import LANGUAGE_NAMES, Words, mark
from bot.actions import questions
from bot.content import Content, living, rules
from bot.content.render import render, said_date
from bot.content.shapes import FaqEntry
from bot.message import Language, Reply
from bot.when import local_date
from referrals.directory import Member, SignedIn
from referrals.permission import Permission

ASK = ("ask_1", "ask_2", "ask_3")
"""The fields that choose who can help, the best first."""

NOBODY = mark("Choose at least one who can help.")
NOT_A_DAY = mark("There is no such day.")
MISSING = mark("There are no words in this language.")

SENTENCES = (
    MISSING,
    NOT_A_DAY,
    mark("This is too long."),
    mark("There are too many steps."),
    mark("Khmer and English do not have the same number of steps."),
    mark("There is no Khmer in the Khmer words."),
    mark("There is Khmer in the English words."),
    mark("The Khmer letters do not stand in the order of Unicode."),
    mark("An invisible letter hides in the words."),
    mark("Here is a number that could be called; numbers come from the list of contacts alone."),
    mark("Here is a web address; write the name of the office instead."),
    mark("This is a word of an office."),
    mark("This day is still to come."),
    mark("The review is due before the date of what is said."),
    mark("The review is due in more than two years."),
    mark("There is no such code."),
    mark("An answer is not related to itself."),
    mark("The file is larger than 1 MB."),
    mark("This is not a text file (UTF-8)."),
    mark("This is not a file of answers: it cannot be read as YAML."),
    mark("The file has not the shape of answers."),
    mark("There is no such answer here: a file brings no new questions and no new countries."),
    mark("This answer stands in the file twice."),
)
"""What bot/content/rules.py and exchange.py can say; a test holds that none is missing."""

PARTS: Mapping[str, str] = {
    "before_leaving": mark("Before leaving"),
    "travel_arrival": mark("Travel and arrival"),
    "at_work": mark("At work"),
    "abuse": mark("Abuse and missing people"),
    "documents_status": mark("Papers"),
    "money": mark("Money"),
    "return_and_complaint": mark("Going home and complaining"),
}
"""The parts of the journey in their order: the files of bot/content/faq."""

LIMITS: Mapping[str, int] = {
    f"{language}_{field}": limit
    for language in Language
    for field, limit in (("answer", rules.ANSWER_LIMIT), ("simple", rules.SIMPLE_LIMIT))
}
"""Characters of a field, counted while typing."""

LIST_LIMITS: Mapping[str, int] = {f"{language}_answer": rules.LIST_LIMIT for language in Language}
"""The same for an answer that is a list."""

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u2060\ufeff]")
"""What a keyboard puts between Khmer words and nobody sees."""


editor = allowed(Permission.EDIT_CONTENT)
Editor = Annotated[SignedIn, Depends(editor)]


def tidy(text: str) -> str:
    """Put typed words in order: line ends, unseen letters, and Khmer letters as Unicode wants them.

    Many keyboards let people type these otherwise, and on the screen nobody can tell.
    """
    seen = _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\t", " "))
    return "\n".join(normalize(line) if line.strip() else "" for line in seen.split("\n")).strip()


# ---- the form


def typed(entry: FaqEntry) -> dict[str, str]:
    """Give the fields of the form for an answer as it is."""
    fields = {
        "source_km": entry.source.km,
        "source_en": entry.source.en,
        "as_of": entry.as_of,
        "review_by": entry.review_by.isoformat(),
        "note": "",
    }
    for language in Language:
        words = entry.words(language)
        fields |= {
            f"{language}_answer": words.answer,
            f"{language}_steps": "\n".join(words.steps),
            f"{language}_simple": words.simple,
        }
    return fields | dict(zip(ASK, (*entry.ask, "", "", ""), strict=False))


def kept(form: Mapping[str, str], standing: FaqEntry) -> dict[str, str]:
    """Give the fields as they were typed, tidied; a field that was not sent stays as it stands."""
    return {name: tidy(form.get(name, value)) for name, value in typed(standing).items()}


def entry_of(
    form: Mapping[str, str], standing: FaqEntry
) -> tuple[FaqEntry | None, dict[str, tuple[Complaint, ...]]]:
    """Make an answer of tidied fields. What the form has not comes from the answer that stands.

    Gives None and complaints by field when the fields make no answer.
    """
    given: dict[str, Any] = standing.model_dump()
    for language in Language:
        lines = form[f"{language}_steps"].split("\n")
        given[language.value] = {
            "answer": form[f"{language}_answer"],
            "steps": tuple(line.strip() for line in lines if line.strip()),
            "simple": form[f"{language}_simple"],
        }
    given |= {
        "source": {"km": form["source_km"], "en": form["source_en"]},
        "as_of": form["as_of"],
        "review_by": form["review_by"],
        "ask": tuple(dict.fromkeys(form[name] for name in ASK if form[name])),
    }
    try:
        return FaqEntry.model_validate(given), {}
    except ValidationError as error:
        found: dict[str, tuple[Complaint, ...]] = {}
        for each in error.errors():
            field, rule = _misshaped(tuple(str(step) for step in each["loc"]))
            found[field] = (Complaint(rule),)
        return None, found


def _misshaped(where: tuple[str, ...]) -> tuple[str, str]:
    if where[0] in ("as_of", "review_by"):
        return where[0], NOT_A_DAY
    if where[0] == "ask":
        return ASK[0], NOBODY
    return "_".join(where[:2]), MISSING


def judged(
    topic: str, entry: FaqEntry, content: Content, now: datetime
) -> dict[str, tuple[Complaint, ...]]:
    """Give what is wrong with an answer, by the field of the form."""
    found: dict[str, tuple[Complaint, ...]] = {}
    for each in rules.answer(topic, entry, content, today=local_date(now)):
        field, place = _field(each.place.removeprefix(f"faq.{topic}.{entry.country}."))
        said = Complaint(each.rule, each.found, place)
        found[field] = (*found.get(field, ()), said)
    return found


def _field(place: str) -> tuple[str, str]:
    """Give the form's field for a place, and the number of the step when it names one."""
    first, *rest = place.split(".")
    if first in ("km", "en"):
        return f"{first}_{rest[0] if rest else 'answer'}", rest[1] if len(rest) > 1 else ""
    if first == "source":
        return f"source_{rest[0]}", ""
    return (ASK[0], "") if first == "ask" else (first, "")


def helpers(content: Content, language: str) -> tuple[Helper, ...]:
    """Give the contacts to choose from, in the order of their file."""
    return tuple(
        Helper(
            code,
            contact.name(Language(language)),
            contact.phone,
            contact.mark,
            code not in content.hidden,
        )
        for code, contact in content.contacts.items()
    )


# ---- to read


def language_label(code: str, words: Words) -> Label:
    """Name a language in the reader's."""
    return Label(code, words.named(LANGUAGE_NAMES, code))


def reading(entry: FaqEntry, content: Content, words: Words) -> Reading:
    """Put an answer as a page shows it to be read."""
    here = Language(words.language)
    return Reading(
        said=tuple(
            Said(
                language_label(language, words),
                entry.words(language).answer,
                entry.words(language).steps,
                entry.words(language).simple,
                entry.source.text(language),
            )
            for language in Language
        ),
        as_of=day_said(entry.as_of, words),
        review_by=entry.review_by,
        ask=tuple(
            content.contacts[code].name(here) if code in content.contacts else code
            for code in entry.ask
        ),
        leads=tuple(
            labels.label(table, code, words.language).text
            for table, codes in (("category", (entry.category,)), ("topic", entry.related))
            for code in codes
            if code
        ),
        facts=entry.facts,
    )


def day_said(as_of: str, words: Words) -> str:
    """Say a date that may be known to the year or the month only."""
    if rules.first_day(as_of) is None:
        return as_of
    return said_date(as_of, Language(words.language))


def title(topic: str, words: Words) -> Label:
    """Name a question."""
    return labels.label("topic", topic, words.language)


def country(code: str, words: Words) -> Label:
    """Name the country of an answer."""
    if code == "any":
        return Label(code, words.gettext(ANY_COUNTRY), "🌏")
    return labels.label("country", code, words.language)


ANY_COUNTRY = mark("Everywhere")


def names(session: Session, members: Iterable[str | None]) -> dict[str | None, str]:
    """Give the names of members by their ids."""
    wanted = {each for each in members if each is not None}
    rows = session.exec(select(Member).where(col(Member.id).in_(wanted)))
    return {row.id: row.name or row.email for row in rows}


def voice_address(recording: str) -> str:
    """Give the address under which anybody may listen to a recording."""
    return f"/chat/recordings/{recording}"


def voices(
    recordings: Iterable[living.RecordingLine], topic: str, country: str, words: Words
) -> tuple[Voice, ...]:
    """Give the recorded voice of an answer in each language, empty where there is none."""
    found = {
        each.language: each for each in recordings if (each.topic, each.country) == (topic, country)
    }
    made = []
    for language in Language:
        name, line = language_label(language, words), found.get(language)
        if line is None:
            made.append(Voice(name))
        else:
            address = voice_address(line.id)
            made.append(Voice(name, address, line.stale, line.size, line.at))
    return tuple(made)


# ---- the chat


def preview(
    session: Session, topic: str, entry: FaqEntry, content: Content, now: datetime, words: Words
) -> tuple[Chat, ...]:
    """Give what a phone would show of this answer today, in both languages: exactly what the bot
    sends, with its buttons; and the same said more simply.

    The answer must fit (living.misfits), or it cannot be said.
    """
    edited = _with(session, content, topic, entry)
    return tuple(
        Chat(
            language_label(language, words),
            _bubbles(topic, entry, edited, now, language, simple=False),
            _bubbles(topic, entry, edited, now, language, simple=True),
        )
        for language in Language
    )


def _with(session: Session, content: Content, topic: str, entry: FaqEntry) -> Content:
    """Give all words with one answer in the place of the one that stands."""
    standing = next(each for each in content.faq[topic] if each.country == entry.country)
    group = tuple(entry if each is standing else each for each in content.faq[topic])
    faq = {**content.faq, topic: group}
    return replace(content, faq=faq, recordings=living.sent(session, faq))


def _bubbles(
    topic: str,
    entry: FaqEntry,
    content: Content,
    now: datetime,
    language: Language,
    *,
    simple: bool,
) -> tuple[Bubble, ...]:
    how = questions.How(simple=simple, voice=not simple)
    say = questions.said(content, topic, entry, language, how)
    replies = render(say.as_json(), language, content, {}, local_date(now))
    return tuple(bubble(each) for each in replies)


def bubble(reply: Reply) -> Bubble:
    """Put a reply as the preview of the chat shows it."""
    voice = voice_address(reply.voice) if reply.voice else ""
    return Bubble(reply.text, tuple(each.title for each in reply.buttons), voice)

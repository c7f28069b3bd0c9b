"""Codes in words: from the migrants' content where it has them, else from the staff catalogue."""

from api.pages.views import Label, Shell
from api.words import STATUSES, Words
from bot.content import BadContent, content
from bot.message import Language
from referrals import geography
from referrals.desk import OfficeRow, ReaderRow
from referrals.directory import Organisation


def label(table: str, code: str, language: str) -> Label:
    """Give a label of bot/content/labels.yml; a code that has none is shown as it is."""
    try:
        found = content().label(f"{table}.{code}")
    except BadContent:
        return Label(code, code)
    return Label(code, found.name(Language(language)), found.icon)


def province(code: str | None, language: str) -> str:
    """Name a Cambodian province; empty when it was not said."""
    names = geography.PROVINCE_NAMES.get(code or "")
    return names[0 if language == "km" else 1] if names else ""


def status(code: str, words: Words) -> Label:
    """Give a status as staff say it (the migrant is told the same in her own words)."""
    return Label(code, words.named(STATUSES, code))


def organisation(named: Organisation | OfficeRow, language: str) -> str:
    """Name an organisation in the reader's language."""
    return named.name_km if language == "km" else named.name_en


def reader_organisation(reader: ReaderRow, shell: Shell) -> str:
    """Name the organisation of somebody who opened a case."""
    return reader.organisation_km if shell.language == "km" else reader.organisation_en

"""Words for staff: English message ids in code and templates, Khmer beside them in locale/km.po."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from babel.dates import format_date, format_time, format_timedelta, get_timezone
from babel.messages.pofile import read_po

CATALOGUE = Path(__file__).parent / "locale" / "km.po"
LANGUAGES = ("km", "en")
DEFAULT_LANGUAGE = "km"
ZONE = get_timezone("Asia/Phnom_Penh")
"""All times are stored in UTC and shown in Cambodian time, where the counsellors sit."""

ZERO_WIDTH_SPACE = "\u200b"


def mark(message: str) -> str:
    """Mark an English text as one to translate later, so that the catalogue test finds it."""
    return message


JUST_NOW = mark("just now")
MOMENT = timedelta(minutes=1)
"""Less than this is said as JUST_NOW: nobody counts seconds at a desk."""

URGENCIES: Mapping[str, str] = {
    "now": mark("Urgent now"),
    "soon": mark("Soon"),
    "normal": mark("Normal"),
}
STATUSES: Mapping[str, str] = {
    "lodged": mark("New"),
    "taken": mark("Taken"),
    "working": mark("Being worked on"),
    "waiting": mark("Waiting"),
    "closed": mark("Closed"),
}
ROLES: Mapping[str, str] = {
    "administrator": mark("Administrator"),
    "supervisor": mark("Supervisor"),
    "case_worker": mark("Case worker"),
    "triage": mark("Triage"),
    "partner_worker": mark("Partner's case worker"),
    "analyst": mark("Analyst"),
    "editor": mark("Editor"),
}
MEMBER_STATES: Mapping[str, str] = {
    "active": mark("Active"),
    "pending": mark("Waiting to be admitted"),
    "invited": mark("Invited, has not answered yet"),
}
FIELDS: Mapping[str, str] = {
    "story": mark("What happened"),
    "name": mark("Name"),
    "phone": mark("Phone number"),
    "employer": mark("Employer"),
    "addition": mark("Added later"),
    "complainant": mark("Who the complaint is for"),
    "confidentiality": mark("How secret"),
    "language": mark("Language to write in"),
    "channel": mark("Where the person writes"),
}
CONFIDENTIALITY: Mapping[str, str] = {
    "standard": mark("Standard"),
    "restricted": mark("Somebody must not see this"),
    "anonymous": mark("No name was given"),
}
LANGUAGE_NAMES: Mapping[str, str] = {"km": mark("Khmer"), "en": mark("English")}
CHANNELS: Mapping[str, str] = {
    "telegram": mark("Telegram"),
    "messenger": mark("Messenger"),
    "web": mark("This website"),
}
REASONS: Mapping[str, str] = {
    "home_province": mark("It works in the home province."),
    "national": mark("It works in the whole country."),
    "no_province_fewest_cases": mark("No province was said; it has the fewest open cases."),
    "legal_topic": mark("This needs somebody who knows the law."),
    "crime_needs_lawyer": mark("It may be a crime; that is for a lawyer, not for conciliation."),
    "agency_dispute": mark("It is a dispute with a recruitment agency."),
    "only_one_consented": mark("It is the only office the person agreed to."),
}
FILE_KINDS: Mapping[str, str] = {
    "voice": mark("Voice message"),
    "audio": mark("Sound"),
    "photo": mark("Photo"),
    "video": mark("Video"),
    "document": mark("Document"),
    "letter": mark("Letter"),
}


@cache
def _khmer() -> Mapping[str, str]:
    """Read the Khmer catalogue once. Raises FileNotFoundError when the checkout is incomplete."""
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="km")
    # Khmer has no plural forms: the first msgstr of a plural message is the only one.
    return {
        _key(message.id): _key(message.string)
        for message in catalogue
        if message.id and message.string
    }


def _key(text: str | list[str] | tuple[str, ...]) -> str:
    return text if isinstance(text, str) else text[0]


@dataclass(frozen=True, slots=True)
class Words:
    """All a page needs to speak one language. `language` is one of LANGUAGES."""

    language: str = DEFAULT_LANGUAGE

    def gettext(self, message: str) -> str:
        """Translate an English message id; an unknown one stays English."""
        return _khmer().get(message, message) if self.language == "km" else message

    def ngettext(self, one: str, many: str, count: int) -> str:
        """Translate a message with a number in it. In Khmer both forms read the same."""
        if self.language == "km":
            return _khmer().get(one, many)
        return one if count == 1 else many

    def named(self, words: Mapping[str, str], code: str) -> str:
        """Give the word for a code (status, role ...); an unknown code is shown as it is."""
        return self.gettext(words[code]) if code in words else code

    def age(self, length: timedelta) -> str:
        """Say a length of time in one unit ("3 days")."""
        if length < MOMENT:
            return self.gettext(JUST_NOW)
        return _plain(format_timedelta(length, threshold=1, locale=self.language))

    def ago(self, moment: datetime, now: datetime) -> str:
        """Say how long ago a UTC moment was ("3 days ago")."""
        length = moment - now
        if -length < MOMENT:
            return self.gettext(JUST_NOW)
        return _plain(
            format_timedelta(length, threshold=1, add_direction=True, locale=self.language)
        )

    def when(self, moment: datetime) -> str:
        """Say a UTC moment as a date and a 24-hour Cambodian time."""
        time = format_time(moment, "HH:mm", tzinfo=ZONE, locale=self.language)
        return f"{self.day(moment.astimezone(ZONE).date())} {_plain(time)}"

    def day(self, day: date) -> str:
        """Say a day of the calendar."""
        return _plain(format_date(day, "d MMM y", locale=self.language))

    def size(self, count: int) -> str:
        """Say a number of bytes in KB or MB (1,000 based, as phones show it)."""
        return f"{count / 1e6:.1f} MB" if count >= 1_000_000 else f"{max(1, count // 1000)} KB"


def _plain(text: str) -> str:
    """Drop the zero-width spaces of the locale data: they break search and copying."""
    return text.replace(ZERO_WIDTH_SPACE, "")

"""All files together: what is wrong with the words of this folder. `make content` prints it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources.abc import Traversable
from typing import Any

from bot.buttons import VALUES
from bot.content import BadContent, Content, load, placeholders, read
from bot.content.render import ANY_COUNTRY, COUNTED, DATED, LABELLED, LISTED
from bot.content.rules import (
    FUTURE,
    NOT_ENGLISH,
    NOT_KHMER,
    TOO_LONG,
    UNKNOWN,
    Complaint,
    answer,
    both,
    said,
)
from bot.content.shapes import (
    BUBBLE_LIMIT,
    GENERAL,
    TITLE_LIMIT,
    Bilingual,
    ContactWords,
    utf16_length,
)
from bot.content.versions import read_versions, versioned
from bot.message import Language
from referrals.geography import PROVINCES, UNSAID
from referrals.intake import CHOICES, GROUPS, Detail, DetailGroup
from referrals.routing import Reason
from referrals.taxonomy import (
    Category,
    Complainant,
    ConsentCode,
    Country,
    PartnerType,
    Phase,
    Status,
    Topic,
)

LABEL_LIMIT = 17
"""Characters of a label: a picture and a space before it fill a button."""

BUBBLES_LIMIT = 4
"""Bubbles of one say."""

BUTTONS_LIMIT = 13
"""Buttons of one say: what Messenger shows as quick replies."""

COMMAND_LIMIT = 256
"""Characters of a command's description (Bot API: BotCommand)."""

PROFILE_LIMITS: Mapping[str, int] = {"name": 64, "short_description": 120, "description": 512}
"""Characters of what strangers read of the bot (Bot API: setMyName and its like)."""

FACTS = frozenset(f"F{number:02}" for number in range(1, 45))
"""The rows of the list of facts, each of which some answer serves."""

ABROAD = frozenset(
    {
        *(f"TH-{n}" for n in (*range(10, 28), *range(30, 59), *range(60, 68), *range(70, 78))),
        *(f"TH-{n}" for n in (*range(80, 87), *range(90, 97))),
        *(f"MY-{n:02}" for n in range(1, 17)),
    }
)
"""The 77 provinces of Thailand, the 16 states and territories of Malaysia (ISO 3166-2)."""

CODES: Mapping[str, frozenset[str]] = {
    "category": frozenset(Category),
    "group": frozenset(Phase),
    "country": frozenset(Country),
    "province": frozenset({*PROVINCES, UNSAID}),
    "complainant": frozenset(Complainant),
    "partner": frozenset(PartnerType),
    "status": frozenset(Status),
    "consent": frozenset(ConsentCode),
    "topic": frozenset(Topic),
    "yes_no": frozenset({"yes", "no"}),
    "of": frozenset(DetailGroup),
    "detail": frozenset(Detail),
    "choice": frozenset(choice for choices in CHOICES.values() for choice in choices),
    **{name: VALUES[name] for name in ("step", "answer", "money", "papers")},
    "destination_province": ABROAD,
    "duty": frozenset({"take"}),
}
"""Which codes each table of labels.yml names, no more and no fewer."""

FILLED = frozenset(
    {
        *LABELLED,
        *LISTED,
        *DATED,
        *COUNTED,
        *("consent", "contacts", "offices", "office", "why"),
        *("name", "story", "letter", "news", "handover", "link", "readers"),
        *("source", "steps", "reviewed", "languages", "cost", "phone"),
    }
)
"""The placeholders that the program fills."""

OTHER_TONGUE = frozenset(
    {
        "says.language_choose.en",
        "says.language_is_km.en",
        "says.language_is_en.km",
        "says.contact_whatsapp.km",
        "buttons.to_english.km",
        "buttons.to_khmer.en",
        "buttons.choose_khmer.en",
        "buttons.choose_english.km",
        "commands.language.en",
    }
)
"""Where the words of the other language are meant: the names of languages and of a service."""

SEEN_BY_OTHERS = frozenset({"hide_last", "letter_waiting", "draft_reminder", "danger_taken"})
"""Says that may be read by whoever holds the phone: what comes by itself, what is left behind."""

TELLTALE: Mapping[Language, tuple[str, ...]] = {
    Language.KM: (
        *("ប្តឹង", "ប្រឹក្សា", "ជំនួយ", "ជួយ", "កូដ", "សិទ្ធិ", "ពលករ", "ចំណាកស្រុក", "ច្បាប់", "លាក់"),
        *("ថៅកែ", "គ្រោះថ្នាក់", "ជួញដូរ", "រំលោភ", "សម្ងាត់"),
    ),
    Language.EN: (
        *(
            "complain",
            "counsel",
            "help",
            "code",
            "right",
            "migra",
            "law",
            "legal",
            "hide",
            "hidden",
        ),
        *("boss", "employer", "danger", "traffick", "abuse", "secret"),
    ),
}
"""Words (in English: beginnings of words) that tell what the bot is for."""

REFUSAL: Mapping[Language, str] = {Language.KM: "បើអ្នកថាទេ", Language.EN: "If you say no"}
"""With these words a consent begins to say what happens with a no."""

HELPFUL = frozenset({*GROUPS[DetailGroup.PAPERS], Detail.WITNESSES})
"""What evidence.yml may name."""

HELPFUL_LIMITS = (2, 5)
"""How many things help in one kind of case: fewer leave somebody alone, more are a burden."""

UNREADABLE = "The files cannot be read."
NO_WORDS = "There are no words for this code."
FACT_UNUSED = "No answer serves this fact."
TWICE = "There are two answers for one country."
ALIKE = "Two labels of one menu look alike."
TOO_MANY_BUBBLES = "There are too many bubbles."
TOO_MANY_BUTTONS = "There are too many buttons."
UNFILLED = "Nobody fills in this placeholder."
NO_REFUSAL = "It does not say what happens with a no."
NO_SOURCE = "The note names no source."
NO_NUMBER = "This is not written as a telephone number."
OUT_OF_ORDER = "Numbers of mark V stand first."
NOT_CONFIRMED = "A safety card has only numbers of mark V for every danger."
CHANGED = "The words changed and their version did not."
NOT_WRITTEN_DOWN = "This version is not in versions.yml; run python -m bot.content --write."
NOT_NEWEST = "The version is older than one that was shown already."
NOT_HELPFUL = "This is neither a paper nor a witness."
TOO_MUCH_TO_BRING = "Two to five things help in a case, each named once."
TELLS = "This word gives away what the chat is for."

_EMPTY_LINE = re.compile(r"\n\s*\n")
_PHONE = re.compile(r"\+?\d[\d -]*\d( / \+?\d[\d -]*\d)*")
_SOURCE = re.compile(r"\w[\w-]*\.\w{2,}|[A-Z]\w+|\d{4}")


@dataclass(frozen=True)
class Words:
    """All files of a folder: the content, and what is no part of a conversation."""

    content: Content
    commands: Mapping[str, Bilingual]
    profile: Mapping[str, Bilingual]
    dangers: frozenset[str]


def read_all(folder: Traversable) -> Words:
    """Read every file that holds words. Raises BadContent, naming the file and the place."""
    return Words(
        content=load(folder),
        commands=read(folder, "commands.yml", dict[str, Bilingual]),
        profile=read(folder, "profile.yml", dict[str, Bilingual]),
        dangers=frozenset(read(folder, "danger/rules.yml", dict[str, Any])),
    )


def check(folder: Traversable, today: date) -> list[Complaint]:
    """Give everything that is wrong with the words of a folder; `today` is Phnom Penh's.

    When a file cannot be read, or refers to what is not there, that is the only complaint.
    """
    try:
        words = read_all(folder)
        known = read_versions(folder)
    except BadContent as error:
        return [Complaint("bot/content", UNREADABLE, str(error))]
    content = words.content
    found = [
        *_says(content),
        *_pairs("buttons", content.buttons),
        *_labels(content),
        *_evidence(content),
        *_answers(content, today),
        *_contacts(content, today),
        *_safety(content, words.dangers),
        *_consents(content),
        *_pairs("commands", words.commands, COMMAND_LIMIT),
        *_profile(words.profile),
        *_versions(content, known),
        *_innocence(content, words.profile),
    ]
    return [one for one in found if not _is_meant(one)]


def _is_meant(complaint: Complaint) -> bool:
    return complaint.rule in {NOT_KHMER, NOT_ENGLISH} and complaint.place in OTHER_TONGUE


def _pairs(
    file: str, pairs: Mapping[str, Bilingual], limit: int | None = None
) -> Iterator[Complaint]:
    for key, pair in pairs.items():
        yield from both(f"{file}.{key}", pair.km, pair.en, limit)


def _says(content: Content) -> Iterator[Complaint]:
    yield from _pairs("says", content.says)
    for key, say in content.says.items():
        place = f"says.{key}"
        for language in Language:
            bubbles = _EMPTY_LINE.split(say.text(language))
            if len(bubbles) > BUBBLES_LIMIT:
                count = f"{len(bubbles)} > {BUBBLES_LIMIT}"
                yield Complaint(f"{place}.{language}", TOO_MANY_BUBBLES, count)
            for bubble in bubbles:
                yield from _within(f"{place}.{language}", bubble, BUBBLE_LIMIT)
        if len(say.buttons) > BUTTONS_LIMIT:
            count = f"{len(say.buttons)} > {BUTTONS_LIMIT}"
            yield Complaint(f"{place}.buttons", TOO_MANY_BUTTONS, count)
        for name in sorted(placeholders(say.km) - FILLED):
            yield Complaint(place, UNFILLED, name)
        for country in sorted(say.contacts.keys() - set(Country)):
            yield Complaint(f"{place}.contacts", UNKNOWN, country)
    needed = {f"reason_{r}" for r in Reason} | {f"detail_{d}" for d in Detail}
    yield from (Complaint("says", NO_WORDS, key) for key in sorted(needed - content.says.keys()))


def _within(place: str, words: str, limit: int) -> Iterator[Complaint]:
    if len(words) > limit:
        yield Complaint(place, TOO_LONG, f"{len(words)} > {limit}")


def _labels(content: Content) -> Iterator[Complaint]:
    for table, codes in CODES.items():
        named = content.labels.get(table, {})
        yield from _same_codes(f"labels.{table}", codes, frozenset(named))
    for table, labels in content.labels.items():
        yield from _pairs(f"labels.{table}", labels, LABEL_LIMIT)
        for code, label in labels.items():
            place = f"labels.{table}.{code}"
            yield from _optional(place, "long", label.long_km, label.long_en)
            for language in Language:
                if (length := utf16_length(label.title(language))) > TITLE_LIMIT:
                    yield Complaint(f"{place}.{language}", TOO_LONG, f"{length} > {TITLE_LIMIT}")
        for shown in ("icon", "km", "en"):
            all_shown = [it for label in labels.values() if (it := getattr(label, shown))]
            twice = {one for one in all_shown if all_shown.count(one) > 1}
            yield from (Complaint(f"labels.{table}.{shown}", ALIKE, one) for one in sorted(twice))


def _evidence(content: Content) -> Iterator[Complaint]:
    yield from _same_codes("evidence", frozenset(Category), frozenset(content.evidence))
    least, most = HELPFUL_LIMITS
    for category, helping in content.evidence.items():
        place = f"evidence.{category}"
        if not least <= len(set(helping)) == len(helping) <= most:
            yield Complaint(place, TOO_MUCH_TO_BRING, ", ".join(helping))
        yield from (Complaint(place, NOT_HELPFUL, it) for it in helping if it not in HELPFUL)


def _same_codes(place: str, codes: frozenset[str], named: frozenset[str]) -> Iterator[Complaint]:
    yield from (Complaint(place, NO_WORDS, str(code)) for code in sorted(codes - named))
    yield from (Complaint(place, UNKNOWN, str(code)) for code in sorted(named - codes))


def _optional(place: str, field: str, km: str | None, en: str | None) -> Iterator[Complaint]:
    """Words that may be left away, but not in one language alone."""
    if km is not None or en is not None:
        yield from said(f"{place}.{field}_km", km or "", Language.KM)
        yield from said(f"{place}.{field}_en", en or "", Language.EN)


def _answers(content: Content, today: date) -> Iterator[Complaint]:
    topics = sorted(set(Topic) - content.faq.keys())
    yield from (Complaint("faq", NO_WORDS, str(topic)) for topic in topics)
    served: set[str] = set()
    for topic, entries in content.faq.items():
        for entry in entries:
            yield from answer(topic, entry, content, today=today)
            unknown = sorted(set(entry.facts) - FACTS)
            place = f"faq.{topic}.{entry.country}.facts"
            yield from (Complaint(place, UNKNOWN, fact) for fact in unknown)
            served |= set(entry.facts)
        countries = [entry.country for entry in entries]
        if len(countries) > len(set(countries)):
            yield Complaint(f"faq.{topic}", TWICE, ", ".join(countries))
    yield from (Complaint("faq", FACT_UNUSED, fact) for fact in sorted(FACTS - served))


def _contacts(content: Content, today: date) -> Iterator[Complaint]:
    late = False
    for name, contact in content.contacts.items():
        place = f"contacts.{name}"
        yield from _one_contact(place, contact, today)
        late = late or contact.mark == "v"
        if late and contact.mark == "V":
            yield Complaint(place, OUT_OF_ORDER)


def _one_contact(place: str, contact: ContactWords, today: date) -> Iterator[Complaint]:
    yield from _optional(place, "name", contact.name_km, contact.name_en)
    yield from _optional(place, "hours", contact.hours_km, contact.hours_en)
    yield from _optional(place, "languages", contact.languages_km, contact.languages_en)
    yield from _optional(place, "cost", contact.cost_km, contact.cost_en)
    for field, number in (("phone", contact.phone), ("whatsapp", contact.whatsapp)):
        if number is not None and not _PHONE.fullmatch(number):
            yield Complaint(f"{place}.{field}", NO_NUMBER, number)
    if contact.country not in set(Country):
        yield Complaint(f"{place}.country", UNKNOWN, contact.country)
    if contact.compared > today:
        yield Complaint(f"{place}.compared", FUTURE, str(contact.compared))
    if not _SOURCE.search(contact.note or ""):
        yield Complaint(f"{place}.note", NO_SOURCE)


def _safety(content: Content, dangers: frozenset[str]) -> Iterator[Complaint]:
    safety = content.safety
    yield from _pairs("safety.words", safety.words, BUBBLE_LIMIT)
    for kind in sorted(safety.words.keys() - dangers - {GENERAL}):
        yield Complaint("safety.words", UNKNOWN, kind)
    for country in sorted(set(ANY_COUNTRY) - safety.numbers.keys()):
        yield Complaint("safety.numbers", NO_WORDS, country)
    for country, kinds in safety.numbers.items():
        if country not in set(Country):
            yield Complaint("safety.numbers", UNKNOWN, country)
        for name in kinds[GENERAL]:
            if content.contacts[name].mark != "V":
                yield Complaint(f"safety.numbers.{country}.{GENERAL}", NOT_CONFIRMED, name)


def _consents(content: Content) -> Iterator[Complaint]:
    yield from _same_codes("consent", frozenset(ConsentCode), frozenset(content.consents))
    yield from _pairs("consent", content.consents)
    for code, words in content.consents.items():
        whys = {Language.KM: words.why_km, Language.EN: words.why_en}
        for language, why in whys.items():
            place = f"consent.{code}.why_{language}"
            yield from said(place, why, language)
            if REFUSAL[language] not in why:
                yield Complaint(place, NO_REFUSAL)
            yield from _within(f"consent.{code}.{language}", words.shown(language), BUBBLE_LIMIT)


def _profile(profile: Mapping[str, Bilingual]) -> Iterator[Complaint]:
    yield from _same_codes("profile", frozenset(PROFILE_LIMITS), frozenset(profile))
    for key, words in profile.items():
        yield from both(f"profile.{key}", words.km, words.en, PROFILE_LIMITS.get(key))


def _versions(content: Content, known: Mapping[str, Mapping[int, str]]) -> Iterator[Complaint]:
    for key, now in versioned(content).items():
        shown = known.get(key, {})
        if now.version in shown:
            if shown[now.version] != now.sha:
                yield Complaint(key, CHANGED, f"version {now.version}")
        elif any(version > now.version for version in shown):
            yield Complaint(key, NOT_NEWEST, f"version {now.version}")
        else:
            yield Complaint(key, NOT_WRITTEN_DOWN, f"version {now.version}")


def _innocence(content: Content, profile: Mapping[str, Bilingual]) -> Iterator[Complaint]:
    read_by_others: dict[str, Bilingual] = {
        **{f"profile.{key}": words for key, words in profile.items()},
        **{f"says.{key}": content.says[key] for key in SEEN_BY_OTHERS & content.says.keys()},
    }
    for place, words in sorted(read_by_others.items()):
        for language in Language:
            for word in TELLTALE[language]:
                begin = "" if language is Language.KM else r"\b"
                if re.search(begin + word, words.text(language), re.IGNORECASE):
                    yield Complaint(f"{place}.{language}", TELLS, word)

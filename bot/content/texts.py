"""Every text that somebody who reads Khmer must have read, and how much harm a wrong one does."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from importlib.resources.abc import Traversable

from bot.content import Content, read
from bot.content.check import Words
from bot.content.shapes import ContactWords, FaqEntry, Label
from bot.message import Language


class Risk(IntEnum):
    """What a wrong word can cost, the worst first."""

    DANGER = 1
    CONSENT = 2
    LAW_AND_MONEY = 3
    COMPLAINT = 4
    REST = 5


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages. `key` is its place, as a complaint of the checker names it."""

    key: str
    km: str
    en: str
    risk: Risk


# A new say falls to the rest: the review list shows it there, and this list is then made longer.
_SAYS: Mapping[Risk, tuple[str, ...]] = {
    Risk.DANGER: (
        *("danger", "detail_not_see", "detail_safe", "draft_reminder", "duty", "hide", "human"),
        *("letter_waiting", "minor", "number_old", "red_category"),
    ),
    Risk.CONSENT: (
        *("ask_consent", "ask_papers", "callback_offer", "consent", "count", "erase", "news_ask"),
        *("nobody_can_act", "nobody_left", "press_to_agree", "privacy", "store_refused"),
        "why_consent",
    ),
    Risk.LAW_AND_MONEY: ("faq_", "contact_"),
    Risk.COMPLAINT: (
        *("addition", "ask_", "asked_", "begun", "button_", "callback", "cancel", "cannot_go_back"),
        *("case_", "category", "change_what", "check_first", "claim", "close_", "code_"),
        *("complainant", "corrected", "detail", "discarded", "enough_today", "extras"),
        *("gone_back", "group", "heard", "letter", "lodge", "menu_paused", "name_not_given"),
        *("no_case", "no_letter", "not_in_list", "noted", "nothing_to", "offer_change", "paper"),
        *("reason_", "receipt", "resumed", "secret", "story", "summary", "thanks_outcome"),
        *("told_", "unknown_kept", "unknown_no_case", "why_"),
    ),
}
"""Beginnings of the keys of says/."""

_BUTTONS: Mapping[Risk, frozenset[str]] = {
    Risk.DANGER: frozenset({"danger", "hide"}),
    Risk.CONSENT: frozenset(
        {"callback", "count", "erase", "lawyer_too", "my_consents", "privacy", "send", "yes_erase"}
    ),
    Risk.COMPLAINT: frozenset(
        {"complain", "status", "problem", "back", "cancel", "resume", "discard", "more", "done"}
        | {"change", "add", "letter", "reply", "details", "change_answer", "that_is_all"}
        | {"for_other", "join_group", "have_code", "set_secret", "paper", "readers", "keep"}
        | {"close_case", "yes_close", "reopen"}
    ),
}

_LABELS: Mapping[str, Risk] = {
    "consent": Risk.CONSENT,
    "yes_no": Risk.CONSENT,
    "duty": Risk.DANGER,
    **dict.fromkeys(
        (
            *("category", "group", "complainant", "partner", "status", "of", "detail", "choice"),
            *("step", "answer", "money", "papers"),
        ),
        Risk.COMPLAINT,
    ),
}


def texts(words: Words, folder: Traversable) -> list[Text]:
    """Give every text once, the worst risk first, else in the order of the files.

    Raises BadContent when a word list of `folder` cannot be read.
    """
    found = [
        *_content(words.content),
        *(Text(f"commands.{k}", w.km, w.en, Risk.REST) for k, w in words.commands.items()),
        *(Text(f"profile.{k}", w.km, w.en, Risk.DANGER) for k, w in words.profile.items()),
        *_lexicon(folder),
    ]
    return sorted(found, key=lambda text: text.risk)


def _content(content: Content) -> Iterator[Text]:
    for kind, card in content.safety.words.items():
        yield Text(f"safety.{kind}", card.km, card.en, Risk.DANGER)
    for name, contact in content.contacts.items():
        risk = Risk.DANGER if contact.emergency else Risk.LAW_AND_MONEY
        shown = {language: _contact(contact, language) for language in Language}
        yield Text(f"contacts.{name}", shown[Language.KM], shown[Language.EN], risk)
    for code, words in content.consents.items():
        shown = {language: words.shown(language) for language in Language}
        yield Text(f"consent.{code}", shown[Language.KM], shown[Language.EN], Risk.CONSENT)
    for topic, entries in content.faq.items():
        for entry in entries:
            shown = {language: _answer(entry, language) for language in Language}
            key = f"faq.{topic}.{entry.country}"
            yield Text(key, shown[Language.KM], shown[Language.EN], Risk.LAW_AND_MONEY)
    for key, say in content.says.items():
        yield Text(f"says.{key}", say.km, say.en, _risk_of_say(key))
    for key, button in content.buttons.items():
        risk = next((r for r, keys in _BUTTONS.items() if key in keys), Risk.REST)
        km, en = button.title(Language.KM), button.title(Language.EN)
        yield Text(f"buttons.{key}", km, en, risk)
    for table, labels in content.labels.items():
        for code, label in labels.items():
            shown = {language: _label(label, language) for language in Language}
            risk = _LABELS.get(table, Risk.REST)
            key = f"labels.{table}.{code}"
            yield Text(key, shown[Language.KM], shown[Language.EN], risk)


def _risk_of_say(key: str) -> Risk:
    return next((r for r, begins in _SAYS.items() if key.startswith(begins)), Risk.REST)


def _answer(entry: FaqEntry, language: Language) -> str:
    words = entry.words(language)
    steps = [f"{number}. {step}" for number, step in enumerate(words.steps, 1)]
    return "\n".join(
        [words.answer, *steps, f"🐣 {words.simple}", f"📌 {entry.source.text(language)}"]
    )


def _contact(contact: ContactWords, language: Language) -> str:
    said = (
        contact.name(language),
        contact.hours(language),
        contact.languages(language),
        contact.cost(language),
    )
    return "\n".join(piece for piece in said if piece)


def _label(label: Label, language: Language) -> str:
    title, name = label.title(language), label.name(language)
    return title if name == label.text(language) else f"{title}\n{name}"


def _lexicon(folder: Traversable) -> Iterator[Text]:
    """The words that are listened for: a wrong one misses a cry, or takes a question for a yes."""
    for file in ("words", "quiet"):
        groups = read(folder, f"danger/{file}.yml", dict[str, object]).get("groups")
        for name, group in (groups if isinstance(groups, dict) else {}).items():
            km = [", ".join(map(str, group[key])) for key in ("km", "ro") if group.get(key)]
            if km:
                en = ", ".join(map(str, group.get("en", ())))
                yield Text(f"danger.{file}.{name}", "\n".join(km), en, Risk.DANGER)
    yes = read(folder, "yes.yml", dict[str, list[str]])
    for name, listed in yes.items():
        yield Text(f"yes.{name}", ", ".join(listed), "words that count as a yes", Risk.CONSENT)

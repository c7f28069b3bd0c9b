"""When something was not understood, or cannot be used here."""

from sqlmodel import Session

from bot.actions.journey import ADDITION_FORM, CLAIM_FORM
from bot.actions.old_buttons import NO_ANSWER
from bot.actions.protocol import SAYABLE, Answer, Asked, Say, choice, slot
from bot.actions.unfinished import has_draft
from bot.actions.why import why
from bot.content import content
from bot.sure import WHY
from referrals.site import Site

GUESSES = 2

OF_INTENT: dict[str, str] = {
    "complaint": "complain",
    "faq": "ask",
    "case_status": "status",
    "human": "person",
    "danger": "danger",
    "menu": "menu",
    "cancel": "cancel",
    "back": "back",
    "privacy": "privacy",
    "hide": "hide",
    "case_add": "add",
}
"""Intents that can be offered as a guess, with their button."""

OF_KIND = frozenset(
    {"sticker", "button", "kept", "no_case", "too_large", "unreadable", "empty", "written"}
)
"""Kinds of what could not be used (bot/turn.py) that have words of their own: `unknown_<kind>`."""

PRESSED = NO_ANSWER | {"inform"}
"""Intents that the rules bring to `not_understood_here` from a button alone: where a sentence could
have them, a form takes it for an answer.
"""


def missed(asked: Asked) -> Answer:
    """Say that it was not understood; from the second time on offer a person and the way out."""
    before = asked.slot("misses") or "0"
    count = int(before) + 1 if before.isdecimal() else 1
    key = "not_understood_here" if count == 1 else "not_understood_twice"
    return Answer((Say(key),), (slot("misses", str(count)),))


def not_understood_here(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Within a form: the question comes again after this. An old button is known by its name."""
    if asked.intent not in PRESSED:
        return missed(asked)
    elsewhere = asked.loop in {ADDITION_FORM, CLAIM_FORM} and has_draft(session, asked)
    return Answer((Say("button_of_draft" if elsewhere else "button_elsewhere"),))


def unknown(session: Session, site: Site, asked: Asked) -> Answer:
    """Say that what was sent (a sticker, an old button) has no use here, or where it was kept; to
    "why", the reason.
    """
    kind = asked.entities.get("kind")
    if kind == WHY:
        return why(session, site, asked)
    key = f"unknown_{kind}" if kind in OF_KIND else "unknown"
    if asked.loop and kind == "kept":
        key = "unknown_kept_here"
    return Answer((Say(key, buttons=() if asked.loop else None),))


def out_of_scope(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Say what Samleng can help with instead."""
    return Answer((Say("out_of_scope", buttons=() if asked.loop else None),))


def lost(session: Session, site: Site, asked: Asked) -> Answer:
    """Show the menu of pictures; when the message before was not understood either, a person."""
    if asked.again:
        return Answer((Say("give_up"),))
    return ask_rephrase(session, site, asked)


def ask_affirmation(session: Session, site: Site, asked: Asked) -> Answer:
    """Offer the best guesses as buttons. A guess that has no button is left out."""
    guesses = list(
        dict.fromkeys(
            _as_key(guess)
            for guess in (_guess(name) for name, _ in asked.ranking)
            if guess is not None
        )
    )[:GUESSES]
    if not guesses:
        return ask_rephrase(session, site, asked)
    buttons = [_from_key(key) for key in guesses]
    return Answer((Say("guess", {}, (*buttons, "none_of_these")),))


def _guess(name: str) -> SAYABLE | None:
    """Turn an intent of the ranking (`complaint.unpaid_wages`, `faq.x`, `human`) into a button."""
    intent, _, code = name.partition(".")
    known = content()
    if intent == "complaint" and code in known.labels["category"]:
        return choice(f"category.{code}", "complaint", category=code)
    if intent == "faq" and code in known.faq:
        return choice(f"topic.{code}", "faq", topic=code)
    return OF_INTENT.get(intent)


def _as_key(button: SAYABLE) -> str | tuple[str, str]:
    return button if isinstance(button, str) else (button["label"], button["payload"])


def _from_key(key: str | tuple[str, str]) -> SAYABLE:
    return key if isinstance(key, str) else {"label": key[0], "payload": key[1]}


def ask_rephrase(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Ask for other words, with the menu of pictures."""
    return Answer((Say("rephrase"),))


def default_fallback(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Give up guessing: a person can help better. Takes the message back, as Rasa's own does."""
    return Answer((Say("give_up"),), ({"event": "rewind"},))

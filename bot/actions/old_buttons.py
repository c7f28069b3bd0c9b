"""A button of another question than the one that stands: it is never "not understood"."""

from collections.abc import Mapping

from bot.actions.journey import SHARES, YES_NO, Standing, shares
from bot.actions.protocol import Answer, Asked, Say, choice
from bot.buttons import VALUES

NO_ANSWER = frozenset({"done", "more"})
"""Intents that only a button has, and that end or turn what is not open."""

QUESTION_OF: Mapping[str, str] = {"group": "category", **{step: step for step in YES_NO}}
"""The question to which a button's entity belongs. No sentence has these."""

_ORDER = ("category", "store", *SHARES, "contact_me", "lodge")


def pressed_elsewhere(asked: Asked, now: Standing) -> Answer | None:
    """Say that the button belongs to a question that was, or will be, asked; the one that stands
    follows. None for what is no such button.
    """
    if asked.intent in NO_ANSWER:
        return Answer((Say("button_elsewhere"),))
    step = next((QUESTION_OF[name] for name in asked.entities if name in QUESTION_OF), None)
    if asked.intent != "inform" or step is None:
        return None
    if step in SHARES and step not in shares(now):
        return Answer((Say("button_elsewhere"),))
    if step in now.answers and step in VALUES["step"]:
        return Answer((Say("asked_before", {}, (choice(f"step.{step}", "change", step=step),)),))
    later = step not in now.answers and not _is_past(step, now)
    return Answer((Say("asked_later" if later else "button_elsewhere"),))


def _is_past(step: str, now: Standing) -> bool:
    """Say whether a question after this one was answered."""
    after = _ORDER[_ORDER.index(step) + 1 :]
    return any(later in now.answers for later in after)

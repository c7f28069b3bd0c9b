"""What can be said to the dialogue, and what each does: at a question of a form, and outside."""

from pathlib import Path

import yaml

from bot.actions.journey import STEPS
from tests.nlu.conftest import ROOT

INTERRUPTS = {
    "faq": "action_faq",
    "privacy": "action_privacy",
    "language": "action_language",
    "thank": "action_thank",
    "greet": "action_greet",
    "case_status": "action_case_status",
    "letter": "action_letter",
    "out_of_scope": "action_out_of_scope",
    "unknown": "action_unknown",
    "again": "action_again",
    "simpler": "action_simpler",
    "listen": "action_hear",
    "settings": "action_settings",
    "data": "action_data",
    "news": "action_news",
}
"""What is answered within a form, whose question comes again after it. `again` and its like mean
the question itself there: they say nothing more.
"""

LEAVES = {
    "menu": "action_menu",
    "cancel": "action_cancel",
    "goodbye": "action_goodbye",
    "discard": "action_discard",
    "human": "action_human",
    "callback": "action_callback",
    "hide": "action_hide",
    "danger": "action_danger",
    **dict.fromkeys(
        (
            "consent_change",
            "consent",
            "readers",
            "close",
            "reopen",
            "satisfied",
            "received",
            "erase",
            "paper",
            "count",
        ),
        "action_about_my_case",
    ),
}
"""What leaves every form, and its action. But for `discard`, what was answered stays."""

OPENS = {
    "complaint": "complaint_form",
    "resume": "complaint_form",
    "details": "complaint_form",
    "detail": "complaint_form",
    "change": "complaint_form",
    "case_add": "addition_form",
    "claim": "claim_form",
    "join": "claim_form",
    "secret": "claim_form",
}
"""What leads into a form, from anywhere; an addition and a secret only when there is a case."""

ANSWERS = frozenset(
    {"inform", "affirm", "deny", "done", "told", "more", "back", "nlu_fallback", "lost"}
)
"""What may answer a question, or is said not to."""

COMPLAINT = sorted(STEPS)
ELSEWHERE = ["addition", "code", "secret", "new_secret", "group_code"]
EVERYWHERE = [*COMPLAINT, *ELSEWHERE]
FORM_OF = {
    **dict.fromkeys(COMPLAINT, "complaint_form"),
    **dict.fromkeys(ELSEWHERE, "claim_form"),
    "addition": "addition_form",
}


def _intents(root: Path) -> list[str]:
    """Give what the dialogue can hear: no label of the training data (`faq.minimum_wage`)."""
    domain = yaml.safe_load((root / "domain.yml").read_text(encoding="utf-8"))
    return [intent for intent in domain["intents"] if "." not in intent]


INTENTS = _intents(ROOT)
"""Every intent of domain.yml that the dialogue can hear."""

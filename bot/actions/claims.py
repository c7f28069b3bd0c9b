"""A case on another phone, a secret of her own, a group: codes and secrets that are typed.

Neither comes to the dialogue: the turn reads them (bot/claims.py) and says only what came of it.
"""

from sqlmodel import Session

from bot import conversation
from bot.actions.journey import AT, CLAIM_FORM, DETAIL, MENU
from bot.actions.mine import mine, ways_on
from bot.actions.protocol import Action, Answer, Asked, Say, followed_by, slot
from bot.claims import CODE, GROUP_CODE, NEW_SECRET, SECRET, Result
from referrals import assisted, draft
from referrals.code import spoken
from referrals.site import Site

FIRST = {"claim": CODE, "join": GROUP_CODE, "secret": NEW_SECRET}
"""What is asked first, by the intent that opened the form."""

OUTCOME = "claim"
"""The form's one slot: how it ended."""

REQUESTED = "requested_slot"


def begin(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Open the form, unless there is no case that a secret could be set for."""
    if asked.intent == "secret":
        found = mine(session, asked)
        helped = assisted.helper_of(session, asked.conversation) is not None
        if found is None or helped:  # a visitor sets hers at home, not the counsellor
            return Answer((Say("no_case_for_secret"),), (followed_by("action_listen"),))
        conversation.set_about(session, asked.conversation, found.code)
    return Answer(events=(slot(OUTCOME, None), slot("misses", None)))


def validate(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Say what is asked next; a message that is no answer is left to the rules."""
    step = FIRST.get(asked.intent or "") or asked.requested or CODE
    result = asked.entities.get("result")
    if asked.intent != "told" or result is None or asked.entities.get("told") != asked.requested:
        return Answer(events=(slot(REQUESTED, step),))
    heard = Result(result)
    said, following = _after(step, heard)
    says = (Say(said, buttons=()),) if said else ()  # the question comes again after it
    return Answer(says, (slot(OUTCOME, f"{step}.{heard}"), slot(REQUESTED, following)))


def _after(step: str, heard: Result) -> tuple[str | None, str | None]:
    """Give what is said, and what is asked next: None ends the form."""
    if heard is Result.LATER:
        return None, None
    if heard is Result.AGAIN:
        again = {CODE: "code_malformed", NEW_SECRET: "secret_weak", GROUP_CODE: "code_malformed"}
        return again.get(step), step
    if heard is Result.WRONG and step == NEW_SECRET:
        return None, None
    if heard is Result.WRONG:
        return ("claim_wrong", CODE) if step == SECRET else ("group_unknown", step)
    if heard is Result.MUST_SET:
        return None, NEW_SECRET
    return (None, SECRET) if step == CODE else (None, None)


def end(session: Session, site: Site, asked: Asked) -> Answer:
    """Say how it ended."""
    step, _, heard = (asked.slot(OUTCOME) or "").partition(".")
    code = conversation.state(session, asked.conversation).about_case
    cleared = (slot(OUTCOME, None),)
    if heard == Result.LATER:
        return Answer((Say("claim_later"),), cleared)
    if step == GROUP_CODE:
        own = draft.find(session, asked.conversation)
        if own is not None:  # she came from "whose problem is it", which is answered by this
            draft.change(session, site, own, dict.fromkeys((AT, DETAIL, MENU)))
        answers = draft.answers(site, own) if own is not None else {}
        values = {name: answers.get(name, "other") for name in ("category", "country")}
        return Answer((Say("group_joined", values),), cleared)
    if step == NEW_SECRET and heard == Result.WRONG:
        return Answer((Say("no_case_for_secret"),), cleared)
    if step == NEW_SECRET:
        return Answer((Say("secret_set", {}, ("status", *ways_on(session, asked))),), cleared)
    return Answer((Say("claim_done", {"code": spoken(code or "")}),), cleared)


def _ask(key: str) -> Action:
    def ask(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
        first = key == "ask_new_secret" and asked.entities.get("result") == Result.MUST_SET
        return Answer((Say("ask_new_secret_first" if first else key),))

    ask.__doc__ = f"Ask for it: `{key}`."
    return ask


ASKS: dict[str, Action] = {
    f"action_ask_{CLAIM_FORM}_{step}": _ask(f"ask_{step}")
    for step in (CODE, SECRET, NEW_SECRET, GROUP_CODE)
}

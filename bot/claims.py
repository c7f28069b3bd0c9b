"""Reading codes and secrets that are typed. The dialogue hears only what came of them.

A secret is compared and forgotten; it is in no draft, no tracker, no log. The turn's message is
sealed until its turn was played (bot/parcel.py), like every other.
"""

from enum import StrEnum

from sqlmodel import Session

from bot import conversation
from bot.message import Message
from bot.spoken import digits
from referrals import audit, case, draft, group, recovery
from referrals.code import DIGITS, GROUP_DIGITS, WrongCode, read, read_group
from referrals.site import Site
from referrals.taxonomy import Complainant

CODE, SECRET, NEW_SECRET, GROUP_CODE = "code", "secret", "new_secret", "group_code"

TYPED = frozenset({CODE, SECRET, NEW_SECRET, GROUP_CODE})
"""What is read here, by the name of the question."""

LIMIT = 100
"""Characters; whatever is longer is no code and no secret, but something she wants to tell."""


class Result(StrEnum):
    """What came of a typed code or secret. AGAIN: it is not one, or too easy to guess."""

    DONE = "done"
    AGAIN = "again"
    WRONG = "wrong"
    LATER = "later"
    MUST_SET = "must_set"


def heard(session: Session, site: Site, message: Message, asked: str, text: str) -> Result:
    """Act on what was typed as the answer to `asked`; the same delivery again changes nothing."""
    before = conversation.came_of(session, message.conversation, message.update)
    if before is not None:
        return Result(before)
    result = _heard(session, site, message, asked, text)
    conversation.note_typed(session, message.conversation, message.update, result)
    return result


def _heard(session: Session, site: Site, message: Message, asked: str, text: str) -> Result:
    match asked:
        case "code":
            return _code(session, message, text)
        case "secret":
            return _secret(session, site, message, text)
        case "new_secret":
            return _new_secret(session, site, message, text)
    return _group(session, site, message, text)


def _code(session: Session, message: Message, text: str) -> Result:
    try:
        code = read(digits(text, length=DIGITS))
    except WrongCode:
        return Result.AGAIN
    conversation.set_about(session, message.conversation, code)
    return Result.DONE


def _secret(session: Session, site: Site, message: Message, text: str) -> Result:
    code = conversation.state(session, message.conversation).about_case or ""
    claimed = recovery.claim(session, site, message.conversation, message.channel.value, code, text)
    if isinstance(claimed, recovery.Refused):
        return Result.LATER if claimed.kind == "later" else Result.WRONG
    return Result.MUST_SET if claimed.must_set_secret else Result.DONE


def _new_secret(session: Session, site: Site, message: Message, text: str) -> Result:
    code = conversation.state(session, message.conversation).about_case
    hers = case.owned(session, message.conversation)
    found = next((each for each in hers if each.code == code), hers[0] if hers else None)
    if found is None:
        return Result.WRONG
    try:
        recovery.set_secret(session, site, found.id, text)
    except recovery.TooWeak:
        return Result.AGAIN
    audit.add(session, site.clock(), audit.Act.SECRET_SET, case_id=found.id)
    return Result.DONE


def _group(session: Session, site: Site, message: Message, text: str) -> Result:
    """Join a group: its topic and country become the draft's, and nothing else is learnt."""
    if recovery.may_try(session, message.conversation, site.clock()) is not None:
        return Result.LATER
    try:
        code = read_group(digits(text, length=GROUP_DIGITS))
    except WrongCode:
        return Result.AGAIN
    found = group.by_code(session, code)
    if found is None:
        recovery.note_wrong(session, message.conversation, site.clock())
        return Result.WRONG
    own = draft.open_(session, site, message.conversation, message.channel)
    draft.change(
        session,
        site,
        own,
        {
            "complainant": Complainant.GROUP,
            "category": found.category,
            "country": found.country,
            "group_code": found.code,
        },
    )
    return Result.DONE

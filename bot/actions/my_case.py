"""What she can do with a case that was sent: see who read it, change a consent, close, erase."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from sqlmodel import Session

from bot.actions import wording
from bot.actions.journey import SHARES
from bot.actions.mine import about, mine, ways_on
from bot.actions.protocol import SAYABLE, Answer, Asked, Say, choice
from bot.actions.unfinished import has_draft
from bot.content import content
from bot.message import Language
from bot.when import local_date
from referrals import aftercare, consent, statistic
from referrals.case import Case
from referrals.code import spoken
from referrals.site import Site
from referrals.taxonomy import ConsentCode, Status

CHANGEABLE = (
    ConsentCode.SHARE_MRC,
    ConsentCode.SHARE_PDOLVT,
    ConsentCode.SHARE_LEGAL_AID,
    ConsentCode.CONTACT_ME,
)
"""Consents she may give or take back at any time. Without `store` there is no case: she erases."""

NOTED_READS = 8
"""Readings that are listed at once, the newest first."""

OnCase = Callable[[Session, Site, Asked, Case], Answer]


def about_my_case(session: Session, site: Site, asked: Asked) -> Answer:
    """Do what a button under a case says. A rule pauses the form."""
    found = mine(session, asked)
    act = _ACTS.get(asked.intent or "")
    if asked.intent == "erase" and (found is None or "case" not in asked.entities):
        return _what_to_erase(session, asked, found)
    if found is None and "case" in asked.entities:
        gone = asked.intent == "erase"  # a repeat: it was deleted
        return Answer((Say("erase_nothing" if gone else "unknown_button"),))
    if found is None or act is None:
        key = "consent_change_none" if has_draft(session, asked) else "no_case"
        return Answer((Say(key),))
    return act(session, site, asked, found)


# ---- consent


def _consents(session: Session, site: Site, asked: Asked, found: Case) -> Answer:  # noqa: ARG001
    """Show what she agreed to, each with its state, to be changed one by one."""
    return Answer((_list_of_consents(session, asked, found),))


def _list_of_consents(session: Session, asked: Asked, found: Case) -> Say:
    buttons: list[SAYABLE] = []
    for code in CHANGEABLE:
        made = choice(f"consent.{code}", "consent", consent=code, case=found.code)
        given = consent.latest(session, found.id, code)
        buttons.append({**made, "ticked": "yes"} if given else made)
    return Say("consents", {"code": spoken(found.code)}, (*buttons, *ways_on(session, asked)))


def _consent(session: Session, site: Site, asked: Asked, found: Case) -> Answer:
    """Ask for one consent again in its own words, or write the new answer down."""
    code = asked.entities.get("consent", "")
    if code not in CHANGEABLE:
        return _consents(session, site, asked, found)
    answered, read = asked.entities.get("answer"), wording.read(asked, _words(code))
    if answered not in {"yes", "no"} or read is None:
        shown = wording.entity(asked, _words(code))
        yes, no = (
            choice(f"yes_no.{v}", "consent", consent=code, case=found.code, answer=v, **shown)
            for v in ("yes", "no")
        )
        question = Say("ask_consent", {"consent": code}, (yes, no, *ways_on(session, asked)))
        last = code in SHARES and aftercare.only_reader(session, found, ConsentCode(code))
        return Answer((Say("consent_last"), question) if last else (question,))
    granted = answered == "yes"
    _change(session, site, found, ConsentCode(code), granted, read)
    said = Say(_changed(ConsentCode(code), granted), {"consents": code}, ())
    if not aftercare.readable_by_anybody(session, found):
        nobody = Say("nobody_left", {}, _after_all(session, asked, found))
        return Answer((nobody,) if granted else (said, nobody))
    return Answer((said, _list_of_consents(session, asked, found)))


def _words(code: str) -> wording.Words:
    return partial(content().consent_words, code)


def _change(
    session: Session,
    site: Site,
    found: Case,
    code: ConsentCode,
    granted: bool,
    read: tuple[Language, int, str],
) -> None:
    """Write a new answer down with the words of its question, and do what follows from it."""
    language, version, words = read
    given = consent.Asked(code, granted, version, language, words, site.clock())
    aftercare.change_consent(session, site, found, given)


def _changed(code: ConsentCode, granted: bool) -> str:
    if code is ConsentCode.CONTACT_ME:
        return "consent_contact_on" if granted else "consent_contact_off"
    return "consent_given" if granted else "consent_withdrawn"


def _after_all(session: Session, asked: Asked, found: Case) -> tuple[SAYABLE, ...]:
    return (
        "complain",
        about("erase", "erase", found),
        *ways_on(session, asked),
    )


# ---- who read it


def _readers(session: Session, site: Site, asked: Asked, found: Case) -> Answer:  # noqa: ARG001
    """Say which offices opened it, and when; people's names stay within the office."""
    reads = aftercare.reads(session, found)[:NOTED_READS]
    if not reads:
        return Answer((Say("case_no_readers", {}, ways_on(session, asked)),))
    listed = json.dumps(
        [
            [r.organisation_km, r.organisation_en, local_date(r.at).isoformat()]
            + ["copied"] * r.copied
            for r in reads
        ]
    )
    buttons = (about("my_consents", "consent_change", found), *ways_on(session, asked))
    return Answer((Say("case_readers", {"readers": listed}, buttons),))


# ---- the end of a case


def _close(session: Session, site: Site, asked: Asked, found: Case) -> Answer:
    """Close it herself, after one clear yes; then ask how it was."""
    code = {"code": spoken(found.code)}
    agreed = asked.entities.get("sure") == "yes"
    if found.status == Status.CLOSED and not (agreed and found.satisfied is None):
        return Answer((Say("case_closed", code, (about("reopen", "reopen", found), "menu")),))
    if asked.entities.get("sure") != "yes":
        sure = about("yes_close", "close", found, sure="yes")
        return Answer((Say("close_sure", code, (sure, *ways_on(session, asked))),))
    aftercare.close(session, site, found)
    return Answer((Say("case_closed", code, ()), satisfied_question(found.code)))


def satisfied_question(code: str) -> Say:
    """Ask whether the help was good."""
    answers = [
        choice(f"answer.{v}", "satisfied", case=code, answer=v) for v in ("yes", "partly", "no")
    ]
    return Say("ask_satisfied", {}, (*answers, "menu"))


def _satisfied(session: Session, site: Site, asked: Asked, found: Case) -> Answer:  # noqa: ARG001
    """Keep whether she is satisfied, then ask about her money."""
    said = asked.entities.get("answer")
    if said is None:
        return Answer((satisfied_question(found.code),))
    aftercare.say_satisfied(session, found, said)
    answers = [
        choice(f"money.{v}", "received", case=found.code, money=v) for v in ("all", "part", "none")
    ]
    return Answer((Say("ask_money", {}, (*answers, "menu")),))


def _received(session: Session, site: Site, asked: Asked, found: Case) -> Answer:  # noqa: ARG001
    """Keep whether she got her money; who is not content can say what was missing."""
    said = asked.entities.get("money")
    if said is not None:
        aftercare.say_money(session, found, said)
    unhappy = found.satisfied in {"partly", "no"} or said in {"part", "none"}
    if unhappy:
        say_why = about("add", "case_add", found)
        again = (say_why, about("reopen", "reopen", found), *ways_on(session, asked))
        return Answer((Say("thanks_unhappy", {}, again),))
    return Answer((Say("thanks_outcome", {}, ways_on(session, asked)),))


def _reopen(session: Session, site: Site, asked: Asked, found: Case) -> Answer:  # noqa: ARG001
    """Open it again, while that is possible."""
    try:
        aftercare.reopen(session, site, found)
    except aftercare.TooLate:
        return Answer((Say("case_not_reopened"),))
    return Answer((Say("case_reopened", {"code": spoken(found.code)}),))


def _what_to_erase(session: Session, asked: Asked, found: Case | None) -> Answer:
    """Ask what is to be deleted: what was not sent, or what was."""
    sent = (about("erase", "erase", found),) if found is not None else ()
    unsent = ("discard",) if has_draft(session, asked) else ()
    if not sent and not unsent:
        return Answer((Say("erase_nothing"),))
    return Answer((Say("erase", {}, (*unsent, *sent, *ways_on(session, asked))),))


def _erase(session: Session, site: Site, asked: Asked, found: Case) -> Answer:
    """Delete it for good, after one clear yes to this very case."""
    code = {"code": spoken(found.code)}
    if asked.entities.get("sure") != "yes":
        sure = about("yes_erase", "erase", found, sure="yes")
        return Answer((Say("erase_sure", code, (sure, "keep", *ways_on(session, asked))),))
    aftercare.erase(session, site, found)
    return Answer((Say("erased", code),))


# ---- paper, and counting


def _paper(session: Session, site: Site, asked: Asked, found: Case) -> Answer:
    """Give the signed receipt's address, when this installation has one that can be reached."""
    values = {"code": spoken(found.code), "case": found.code}
    key = "paper" if site.public_url else "paper_none"
    return Answer((Say(key, values, ways_on(session, asked)),))


def _count(session: Session, site: Site, asked: Asked, found: Case) -> Answer:
    """Ask whether the case may be counted, then, kindly, about papers; either may be left out."""
    code = ConsentCode.STATISTICS
    papers, answered = asked.entities.get("papers"), asked.entities.get("answer")
    if papers is not None:
        counted = found.counted or statistic.count(session, site, found, papers)
        return Answer((Say("counted" if counted else "count_no", {}, ways_on(session, asked)),))
    read = wording.read(asked, _words(code))
    if answered is None or read is None:
        shown = wording.entity(asked, _words(code))
        yes, no = (
            choice(f"yes_no.{v}", "count", case=found.code, answer=v, **shown)
            for v in ("yes", "no")
        )
        return Answer((Say("ask_consent", {"consent": code}, (yes, no, *ways_on(session, asked))),))
    _change(session, site, found, code, answered == "yes", read)
    if answered != "yes":
        return Answer((Say("count_no", {}, ways_on(session, asked)),))
    choices = [
        choice(f"papers.{v}", "count", case=found.code, papers=v)
        for v in ("valid", "expired", "none", "unsaid")
    ]
    return Answer((Say("ask_papers", {}, tuple(choices)),))


_ACTS: Mapping[str, OnCase] = MappingProxyType(
    {
        "consent_change": _consents,
        "consent": _consent,
        "readers": _readers,
        "close": _close,
        "satisfied": _satisfied,
        "received": _received,
        "reopen": _reopen,
        "erase": _erase,
        "paper": _paper,
        "count": _count,
    }
)
"""What each button under a case does, by intent."""

"""Judging answers to the complaint form: each is checked against the codes and kept at once."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from bot.actions.complaint import fits, heard, wanted
from bot.actions.complaint_ask import page
from bot.actions.fallback import missed
from bot.actions.journey import (
    ANSWERED,
    AT,
    AT_ANY_STEP,
    CHANGE,
    CONSENTS,
    CORRECTED,
    DETAIL,
    DETAILS,
    MENU,
    OFFERED,
    SHARES,
    STEPS,
    YES_NO,
    Standing,
    accepts,
    chosen,
    complete,
    detail_of,
    next_step,
    shares,
    standing,
)
from bot.actions.old_buttons import pressed_elsewhere
from bot.actions.protocol import NOT_UNDERSTOOD, Answer, Asked, Say, choice, slot
from bot.buttons import VALUES
from bot.content import content
from bot.sure import SURELY
from referrals import case, draft
from referrals.geography import UNSAID
from referrals.intake import CHOICES, MINOR, SEVERAL, Detail
from referrals.site import Site
from referrals.taxonomy import Complainant, ConsentCode

STEERING = frozenset({"details", "detail", "change"})
"""Buttons that lead to a menu, a detail, or an answer to be changed."""

ANSWERING = STEERING | {"inform", "complaint", "affirm", "deny", "done", "told", "more"}
"""Intents that answer a question; the rules answer every other one and come back."""

UNSURE = NOT_UNDERSTOOD | {"out_of_scope"}
"""Intents of a sentence whose places count all the same."""

REQUESTED = "requested_slot"
KEPT = "unknown_kept_here"
SENT = "send"
"""The value of ANSWERED when the summary got its clear yes."""


def validate(session: Session, site: Site, asked: Asked) -> Answer:
    """Judge what a message says, keep it in the draft, and say which question comes next.

    For a message that is no answer only the question is named: Rasa then lets its rules answer it
    and asks again. An answer that fits no question is a miss: it is said so, and the question
    comes again.
    """
    if meant(asked, "lodge") and case.lodged_by(session, asked.delivery) is not None:
        return _sent()  # a repeat: the draft is a case already
    own = draft.find(session, asked.conversation)
    now = standing(session, site, own)
    if own is None or asked.requested not in STEPS or not _answers(asked):
        return Answer(events=(slot(REQUESTED, next_step(now)),))
    draft.as_before(session, site, own, asked.delivery, "validate")
    now = standing(session, site, own)
    if _lodges(asked) and not (asked.intent == "affirm" and OFFERED in now.answers):
        return _sent()
    answer = _Judge(session, site, asked, own, now).heard()
    events = {event["name"]: event for event in (*answer.events, slot(ANSWERED, asked.requested))}
    step = next_step(standing(session, site, own))
    # The question that was asked says itself that it has what was told; another one does not.
    kept = (Say(KEPT),) if asked.intent == "told" and step != asked.requested else ()
    return Answer((*answer.says, *kept), (*events.values(), slot(REQUESTED, step)))


def _sent() -> Answer:
    return Answer(events=(slot(ANSWERED, SENT), slot(REQUESTED, None)))


def _answers(asked: Asked) -> bool:
    return asked.intent in ANSWERING or (asked.intent in UNSURE and _places(asked) != {})


def _places(asked: Asked) -> dict[str, str]:
    return {s: v for s, v in asked.entities.items() if s in CORRECTED and fits(s, v)}


def _lodges(asked: Asked) -> bool:
    return asked.requested == "lodge" and meant(asked, "lodge")


def meant(asked: Asked, step: str) -> bool:
    """Say whether a yes is beyond doubt: its button was pressed, or a plain yes was typed.

    The model takes "wait" and "why" for a yes now and then, and it cannot be asked how sure it is.
    """
    pressed = asked.intent == "inform" and asked.entities.get(step) == "yes"
    return pressed or (asked.intent == "affirm" and asked.entities.get(SURELY) == "yes")


class _Judge:
    """One message, judged against the question that was asked."""

    def __init__(
        self, session: Session, site: Site, asked: Asked, own: draft.Draft, now: Standing
    ) -> None:
        self.session, self.site, self.asked, self.own, self.now = session, site, asked, own, now
        self.step = str(asked.requested)

    def heard(self) -> Answer:
        """Hear the message; what it answers is in the draft afterwards."""
        asked = self.asked
        offered = self.now.answers.get(OFFERED)
        if offered is not None:
            self._keep({OFFERED: None})
            if asked.intent == "affirm":
                return Answer(tuple(self._take("category", offered)), _UNDERSTOOD.events)
            if asked.intent == "deny" and not _places(asked):
                return _UNDERSTOOD
        if asked.intent in STEERING:
            if asked.entities.get("step") in set(SHARES) - set(shares(self.now)):
                return _UNDERSTOOD  # an old button: whoever must not see it is not asked for
            self._keep(wanted(asked.intent, asked.entities))
            return _UNDERSTOOD
        match asked.intent:
            case "told":
                return self._told()
            case "done":
                return self._done()
            case "more" if self.step == "province":
                return Answer(events=(slot("page", str(page(asked) + 1)),))
            case "deny" if self.step in {DETAIL, DETAILS, CHANGE}:
                return self._done()
            case "deny" if self.step == "lodge" and not _places(asked):
                return _UNDERSTOOD
        group = asked.entities.get("group")
        if self.step == "complainant" and group is not None and "category" not in self.now.answers:
            self._keep({AT: None})  # she thought better of telling for whom
            self.step = "category"
        if self.step == "category" and group in VALUES["group"] and asked.intent == "inform":
            return Answer(events=(slot("group", group), slot("misses", None)))
        if asked.intent == "inform" and "choice" in asked.entities:
            return self._chosen(asked.entities["choice"])
        return self._judged(self._proposed())

    # ---- told, and done with telling

    def _told(self) -> Answer:
        """Hear that something was sealed for the question that was asked."""
        field = self.asked.entities.get("told")
        if field != self.step or field not in {"story", DETAIL}:
            return missed(self.asked)
        return _UNDERSTOOD

    def _done(self) -> Answer:
        """End a detail, a menu, or adding to the story; otherwise the question says what it
        lacks.
        """
        if self.step == DETAIL:
            self._keep({DETAIL: None})
        elif self.step in {DETAILS, CHANGE}:
            self._keep({MENU: None})
        elif self.step == "story":
            self._keep({AT: None})
        else:
            return self._elsewhere()
        return _UNDERSTOOD

    # ---- choices of a detail

    def _chosen(self, code: str) -> Answer:
        """Take a choice, of whatever detail it is: an old button still means what it says."""
        detail = detail_of(code)
        if detail is None:
            return missed(self.asked)
        young = detail is Detail.AGE and code in MINOR
        says = (Say("minor"),) if young else ()
        if detail in SEVERAL:
            held = set(chosen(self.now, detail)) ^ {code}
            kept = ",".join(each for each in CHOICES[detail] if each in held)
            self._keep({detail: kept or None, DETAIL: detail})
            if code == "labour_office" in held:
                self._keep({"share_pdolvt": None})
            if code == "home_offices" in held and self.now.answers.get("province") == UNSAID:
                self._keep({AT: "province"})
                return Answer((Say("home_needed"),), _UNDERSTOOD.events)
            return _UNDERSTOOD
        self._keep({detail: code, DETAIL: None})
        return Answer(says, _UNDERSTOOD.events)

    # ---- codes

    def _proposed(self) -> dict[str, str]:
        """Collect what a message answers: the question asked, or one that may come at any step.

        A sentence that sounds like another category does not change the one chosen; a button does.
        """
        asked, answers = self.asked, self.now.answers
        told = self.step == "story" and "story" in self.now.told
        step = "store" if told else self.step
        if asked.intent in UNSURE:
            return _places(asked)
        said = dict(asked.entities)
        if asked.intent == "complaint":
            said = {s: v for s, v in said.items() if s == self.step or s not in answers}
        found = {s: v for s, v in said.items() if s in {step, *AT_ANY_STEP, *CORRECTED}}
        found = {s: v for s, v in found.items() if s not in CORRECTED or fits(s, v) or s == step}
        if asked.intent in {"affirm", "deny"} and step in YES_NO and not _places(asked):
            found[step] = "yes" if asked.intent == "affirm" else "no"
        return found

    def _judged(self, proposed: Mapping[str, str]) -> Answer:
        if not proposed:
            return self._another_problem() or self._elsewhere()
        says: list[Say] = []
        events: list[Mapping[str, Any]] = [slot("misses", None)]
        put_right: dict[str, str] = {}
        # A country that is put right takes the place in it away, so it comes before that place.
        for step, value in sorted(proposed.items(), key=lambda said: said[0] != "country"):
            if step == "lodge" or (step not in CORRECTED and not accepts(step, value)):
                says.append(Say("not_in_list" if step != "lodge" else "press_to_agree"))
            elif step in YES_NO and value == "yes" and not meant(self.asked, step):
                says.append(Say("press_to_agree"))
            elif step in CORRECTED and not fits(step, value):
                says.append(Say("not_in_list"))
            else:
                if step in CORRECTED and self._corrects(step, value):
                    put_right[step] = value
                says += self._take(step, value)
                events += [slot("group", None), slot("page", None)]
        if put_right:
            says += [Say("corrected", heard(put_right)[-1].values)]
        if "category" not in proposed:  # the rest of a complaint was taken; its problem is offered
            says += (self._another_problem() or Answer()).says
        return Answer(tuple(s for n, s in enumerate(says) if s not in says[:n]), tuple(events))

    def _corrects(self, step: str, value: str) -> bool:
        """Say whether something other than the question asked is put right or filled in."""
        return step != self.step and self.now.answers.get(step) != value

    def _take(self, step: str, value: str) -> list[Say]:
        """Put one good answer into the draft, with what follows from it."""
        kept: dict[str, str | None] = {step: value}
        if self.now.answers.get(AT) == step or (self.step == "story" and step == "store"):
            kept[AT] = None
        if step == "country" and self.now.answers.get("country") not in (None, value):
            kept["destination_province"] = None
        self._keep(kept)
        if step in CONSENTS:
            self._record(step, value)
        if step == "category":
            says = heard({"category": value})
            return says if self.asked.intent == "complaint" else says[:-1]
        if step == "complainant" and value != Complainant.GROUP:
            self._keep({"group_code": None})
        if step == "complainant" and value != Complainant.SELF:
            group = value == Complainant.GROUP
            return [Say("complainant_group" if group else "complainant_other")]
        return []

    def _another_problem(self) -> Answer | None:
        """Ask whether a sentence about another problem is meant to change the one chosen."""
        category = self.asked.entities.get("category", "")
        chosen_before = self.now.answers.get("category")
        if self.asked.intent != "complaint" or not accepts("category", category):
            return None if self.asked.intent != "complaint" else _UNDERSTOOD
        if category == chosen_before:
            return _UNDERSTOOD
        self._keep({OFFERED: category})
        change = choice(f"category.{category}", "inform", category=category)
        said = Say("offer_change", {"category": category}, (change, "go_on"))
        return Answer((said,), _UNDERSTOOD.events)

    def _elsewhere(self) -> Answer:
        """Hear a button of another question; the one that sends leads to the summary first."""
        if meant(self.asked, "lodge") and self.asked.intent == "inform" and complete(self.now):
            self._keep({AT: None, DETAIL: None, MENU: None})
            return Answer((Say("check_first"),), _UNDERSTOOD.events)
        return pressed_elsewhere(self.asked, self.now) or missed(self.asked)

    def _record(self, code: str, value: str) -> None:
        """Write the answer down with the very words that were shown."""
        version, words = content().consent_words(code, self.asked.language)
        draft.record_consent(
            self.session,
            self.site,
            self.own,
            ConsentCode(code),
            granted=value == "yes",
            version=version,
            language=self.asked.language,
            words=words,
        )

    def _keep(self, answers: Mapping[str, str | None]) -> None:
        draft.change(self.session, self.site, self.own, answers)


_UNDERSTOOD = Answer(events=(slot("misses", None),))

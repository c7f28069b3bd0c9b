"""Somebody who walks through the dialogue, by the rules of stories/ and the actions alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from sqlmodel import select

from bot import claims, conversation
from bot.actions import Answer, Say
from bot.actions.complaint_ask import ASKS
from bot.actions.journey import ADDITION_FORM, CLAIM_FORM, FORM, STEPS
from bot.buttons import parse
from bot.content import content
from bot.content.render import render
from bot.message import ChannelName, Language, Message
from bot.when import local_date
from referrals import case, draft, thread
from referrals.case import TOLD_FIELDS, CaseField, CaseFile
from referrals.site import Site
from tests.bot.actions.talk import Talk, payloads_of

ROOT = Path(__file__).parents[3]
PRIVATE = {"story": "រឿង", "name": "ឈ្មោះ", "letter": "សារ", "handover": "1", "link": "x"}
FORMS = (FORM, CLAIM_FORM, ADDITION_FORM)
TOLD_STEPS = frozenset({"story", "detail", "addition"})


# ---- the rules of stories/, as Rasa's RulePolicy follows them


@dataclass(frozen=True)
class Rule:
    """What follows an intent, in a form or (None) in none."""

    within: str | None
    steps: tuple[Mapping[str, Any], ...]


def _rules() -> dict[tuple[str | None, str], Rule]:
    found = {}
    for file in sorted((ROOT / "stories").glob("*.yml")):
        for rule in (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("rules", ()):
            within = next((c["active_loop"] for c in rule.get("condition", ())), None)
            first, *rest = rule["steps"]
            for each in first.get("or", [first]):
                if "intent" in each:
                    found[within, each["intent"]] = Rule(within, tuple(rest))
    return found


RULES = _rules()
RASAS_OWN = {"action_two_stage_fallback": "action_default_ask_affirmation"}
"""Rasa's own action, and what it has the app say first."""
DOMAIN = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
INTENTS = [i for i in DOMAIN["intents"] if "." not in i]


@dataclass
class Walker:
    """Somebody who walks: a conversation with the rules, and what must hold after each step."""

    talk: Talk
    says: list[Say] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    """Every button that was ever shown."""

    @property
    def site(self) -> Site:
        return self.talk.site

    # ---- one message

    def hears(self, intent: str, said: Mapping[str, str], update: str) -> list[Say]:
        """Play one message as Rasa does; gives all that is said."""
        talk = self.talk
        self.says = []
        self.message = (intent, said, update)
        if talk.loop is not None and self._taken_by_the_form():
            return self.says
        rule = RULES.get((talk.loop, intent)) or RULES.get((None, intent))
        assert rule is not None, f"no rule for {intent} in {talk.loop}"
        asked = False
        for step in rule.steps:
            if "active_loop" in step:
                continue
            action = RASAS_OWN.get(step["action"], step["action"])
            asked = action in FORMS
            if asked:
                self._asks(action)
            elif action == "action_deactivate_loop":
                talk.loop, talk.slots["requested_slot"] = None, None
            else:
                answer = self._runs(action)
                if any(event["event"] == "followup" for event in answer.events):
                    return self.says
        if talk.loop is not None and not asked:
            self._asks(talk.loop)  # what interrupted a form without leaving it comes back to it
        return self.says

    def _runs(self, action: str) -> Answer:
        intent, said, update = self.message
        answer = self.talk(action, intent, said, update=update)
        self.says += answer.says
        return answer

    def _taken_by_the_form(self) -> bool:
        """Let the form judge the message; what it does not take is the rules'."""
        slots = dict(self.talk.slots)
        form = str(self.talk.loop)
        answer = self._runs(f"validate_{form}")
        names = {event["name"] for event in answer.events if event["event"] == "slot"}
        one = DOMAIN["forms"][form]["required_slots"][0]
        if one not in names:
            self.talk.slots = slots
            return False
        self._goes_on(form)
        return True

    def _asks(self, form: str) -> None:
        """Let a form that was begun, or interrupted, ask."""
        self.talk.loop = form
        if form == ADDITION_FORM:
            self.talk.slots["requested_slot"] = "addition"
        else:
            self._runs(f"validate_{form}")
        self._goes_on(form)

    def _goes_on(self, form: str) -> None:
        talk = self.talk
        ended = {
            FORM: talk.at is None,
            CLAIM_FORM: talk.at is None,
            ADDITION_FORM: talk.slots.get("addition") == "done",
        }[form]
        if ended:
            talk.loop, talk.slots["requested_slot"] = None, None
            after = {
                FORM: "action_lodge",
                CLAIM_FORM: "action_end_claim",
                ADDITION_FORM: "action_take_addition",
            }
            self._runs(after[form])
            return
        assert form != FORM or f"action_ask_{FORM}_{talk.at}" in ASKS, talk.at
        self._runs(f"action_ask_{form}_{talk.at}")

    # ---- what she does

    def types(self, text: str, update: str) -> list[Say]:
        """Type something that is told, or a code or secret, as the turn hears it."""
        asked = self.talk.at if self.talk.loop else None
        if asked in claims.TYPED:
            message = Message(
                channel=ChannelName.TELEGRAM,
                conversation=self.talk.conversation,
                update=update,
                address="1",
                received=self.site.clock(),
                text=text,
            )
            with self.site.store.writing() as session:
                result = claims.heard(session, self.site, message, asked, text)
            return self.hears("told", {"told": asked, "result": result.value}, update)
        self.keeps(asked or "story", text, update)
        if asked in TOLD_STEPS:
            return self.hears("told", {"told": asked}, update)
        return self.hears("unknown", {"kind": "kept"}, update)

    def keeps(self, asked: str, text: str, update: str) -> None:
        """Seal what is told, as bot/keep.py does."""
        with self.site.store.writing() as session:
            if asked == "addition":
                about = conversation.state(session, self.talk.conversation).about_case
                found = thread.addressed(session, self.site, self.talk.conversation, about)
                if found is not None:
                    thread.add(session, self.site, found, update, text=text)
                return
            own = draft.open_(session, self.site, self.talk.conversation, self.talk.channel)
            if asked == "detail":
                asked = draft.answers(self.site, own).get("detail", "story")
            elif asked not in TOLD_STEPS:
                asked = "story"
            draft.tell(session, self.site, own, asked, update, text=text)

    # ---- what must hold

    def holds(self, intent: str) -> None:
        """Check what was said, and where she stands."""
        known, today = content(), local_date(self.site.clock())
        assert self.says, f"silence after {intent}"
        for say in self.says:
            for payload in payloads_of(say):
                parse(payload)
                self.seen.append(payload)
            for language in Language:
                replies = render(say.as_json(), language, known, PRIVATE, today)
                assert all(reply.text for reply in replies)
                assert all(len(reply.buttons) <= 13 for reply in replies)
        if self.talk.loop == FORM:
            assert self.talk.at in STEPS
            assert payloads_of(self.says[-1]), f"{self.says[-1].key} leads nowhere"

    def told(self) -> set[str]:
        """Give the updates of all that was told and is kept: in the draft, or in a case."""
        with self.site.store.reading() as session:
            own = draft.find(session, self.talk.conversation)
            parts = draft.parts(session, own) if own else []
            return {part.update for part in parts if part.field in TOLD_FIELDS}

    def lodged(self) -> dict[str, int]:
        """Give how much each of her cases holds of what was told."""
        with self.site.store.reading() as session:
            return {
                each.code: len(
                    [
                        *session.exec(
                            select(CaseField.id).where(
                                CaseField.case_id == each.id, CaseField.name != "choices"
                            )
                        ),
                        *session.exec(select(CaseFile.id).where(CaseFile.case_id == each.id)),
                    ]
                )
                for each in case.owned(session, self.talk.conversation)
            }

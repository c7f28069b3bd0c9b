"""Rules that hold on every way through the dialogue, by random walks over the rules of stories/."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from bot import claims, conversation
from bot.actions import Answer, Say
from bot.actions.complaint_ask import ASKS
from bot.actions.journey import ADDITION_FORM, CLAIM_FORM, FORM, SHARES, STEPS
from bot.buttons import ENTITIES, VALUES, parse
from bot.content import content
from bot.content.render import render
from bot.message import ChannelName, Language, Message
from bot.when import local_date
from referrals import case, draft, thread
from referrals.case import TOLD_FIELDS, CaseField, CaseFile
from referrals.code import new_code, new_group_code
from referrals.site import Site
from referrals.taxonomy import CONSENT_FOR, ConsentCode
from tests.bot.actions.conftest import installed, opens_all
from tests.bot.actions.talk import Talk, payloads_of

ROOT = Path(__file__).parents[3]
PRIVATE = {"story": "រឿង", "name": "ឈ្មោះ", "letter": "សារ", "handover": "1", "link": "x"}
FORMS = (FORM, CLAIM_FORM, ADDITION_FORM)
TOLD_STEPS = frozenset({"story", "detail", "addition"})
WALKS = settings(
    max_examples=int(os.environ.get("WALKS", "40")),
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # a walk is slow to make shorter
    suppress_health_check=list(HealthCheck),
)


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
            action = step["action"]
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


# ---- ways to walk


def entities_of(intent: str) -> st.SearchStrategy[dict[str, str]]:
    """Give entities that the grammar of buttons allows, and codes of cases that are not hers."""
    values = {
        name: st.just("482913057") if name == "case" else st.sampled_from(sorted(VALUES[name]))
        for name in sorted(ENTITIES.get(intent, ()))
    }
    return st.fixed_dictionaries({}, optional=values)


UNDERSTOOD = st.fixed_dictionaries(
    {},
    optional={
        "category": st.sampled_from(sorted(VALUES["category"]) + ["murder"]),
        "country": st.sampled_from(sorted(VALUES["country"]) + ["XX"]),
        "province": st.sampled_from(sorted(VALUES["province"]) + ["KH-26"]),
        "sector": st.sampled_from(["fishing", "space"]),
        "destination_province": st.sampled_from(["TH-21", "XX-1"]),
        "topic": st.sampled_from(sorted(VALUES["topic"]) + ["murder"]),
        "surely": st.just("yes"),
        "kind": st.sampled_from(["sticker", "button", "kept", "written", "empty", "other"]),
        "danger": st.sampled_from(["violence", "child", "yes", "other"]),
        "told": st.sampled_from(["story", "detail", "addition", "code"]),
    },
)
"""What the model, or the turn, may hear in any sentence."""

LIKELY = st.sampled_from(
    ["complaint", "inform", "affirm", "deny", "back", "done", "more", "nlu_fallback", "resume"]
)


@dataclass(frozen=True)
class Step:
    """One thing that she does. `which` chooses among the buttons that stand there: their codes are
    drawn by lot, and a walk must be the same each time it is tried.
    """

    kind: str
    intent: str = ""
    said: Mapping[str, str] = field(default_factory=dict)
    which: int = 0

    def done_by(self, walker: Walker) -> "Step":
        """Give what it means where she stands now; where no button stands, she asks for the menu."""
        shown = payloads_of(walker.says[-1]) if self.kind == "shown" else walker.seen
        if self.kind not in {"shown", "seen"}:
            return self
        if not shown:
            return Step("press", "menu")
        pressed = parse(shown[self.which % len(shown)])
        return Step("press", pressed.intent, dict(pressed.entities))


PRESSED = st.sampled_from(sorted(ENTITIES)).flatmap(
    lambda intent: st.builds(Step, st.just("press"), st.just(intent), entities_of(intent))
)
STANDING_THERE = st.builds(Step, st.just("shown"), which=st.integers(0, 100))
A_STEP = st.one_of(
    *[STANDING_THERE] * 6,
    st.builds(Step, st.just("seen"), which=st.integers(0, 1000)),
    *[st.builds(Step, st.just("tell"), which=st.integers(0, 9))] * 2,
    PRESSED,
    st.builds(Step, st.just("say"), LIKELY, UNDERSTOOD),
    st.builds(Step, st.just("say"), st.sampled_from(INTENTS), UNDERSTOOD),
)
"""What she does next: mostly a button that stands there, and now and then anything."""

A_WALK = st.lists(A_STEP, min_size=3, max_size=25)


def typed(which: int) -> str:
    """Give something that is typed: mostly a part of her story, now and then a code or secret."""
    codes = {0: new_code(), 1: new_group_code(), 2: "1234", 3: "មាន់ពណ៌ក្រហម"}
    return codes.get(which, "រឿងរបស់ខ្ញុំ")


@pytest.fixture(scope="module", name="town")
def _town(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """One installation for all walks; each walk is another conversation."""
    site = installed(tmp_path_factory.mktemp("walks"))
    opens_all(site)
    return site


def begins(site: Site, *, far: bool) -> Walker:
    """Begin a walk: at the very beginning, or (far) at the summary."""
    talk = Talk(site, conversation=uuid4().hex * 2)
    with site.store.writing() as session:
        conversation.begin(session, talk.conversation, site.clock())
    walker = Walker(talk)
    if far:
        talk.gets_to("lodge")
        walker.says = list(talk.asks().says)
    else:
        walker.hears("greet", {}, "begin")
    walker.holds("greet")
    return walker


def does(walker: Walker, step: Step, update: str) -> list[Say]:
    """Do one step."""
    if step.kind == "tell":
        return walker.types(typed(step.which), update)
    return walker.hears(step.intent, step.said, update)


@WALKS
@given(A_WALK, st.booleans())
def test_no_way_through_the_dialogue_ends_in_a_trap_or_loses_a_word(
    town: Site, walk: list[Step], far: bool
) -> None:
    walker = begins(town, far=far)
    for number, drawn in enumerate(walk):
        step = drawn.done_by(walker)
        before, sent = walker.told(), walker.lodged()
        choices = _summary(walker)
        update = f"walk-{number:03}"
        does(walker, step, update)
        walker.holds(step.intent or "told")
        _nothing_is_lost(walker, step, before, sent)
        _lodges_only_what_was_agreed_to(walker, step, sent, choices)


@dataclass(frozen=True)
class Agreed:
    """What the draft said when she was asked whether to send it."""

    at: str | None
    answers: Mapping[str, str]
    said: str


def _summary(walker: Walker) -> Agreed:
    at = walker.talk.at if walker.talk.loop == FORM else None
    shares = "".join(s.values.get("shares", "") for s in walker.says if s.key == "summary")
    return Agreed(at, walker.talk.answers(), shares)


def _nothing_is_lost(
    walker: Walker, step: Step, before: set[str], sent: Mapping[str, int]
) -> None:
    """What was told stays in the draft until it is sent, whole, or thrown away by its button."""
    new = {code: held for code, held in walker.lodged().items() if code not in sent}
    new_parts = max(new.values(), default=0)
    if before <= walker.told():
        return
    if step.intent == "discard":
        assert not walker.told()
        return
    assert len(new) == 1
    assert new_parts == len(before)


def _lodges_only_what_was_agreed_to(
    walker: Walker, step: Step, sent: Mapping[str, int], asked: Agreed
) -> None:
    """A case comes of one clear yes to the summary, or of asking for a call."""
    new = walker.lodged().keys() - sent.keys()
    if not new or step.intent == "callback":
        return
    pressed = step.intent == "inform" and step.said.get("lodge") == "yes"
    typed = step.intent == "affirm" and step.said.get("surely") == "yes"
    if step.kind == "tell":  # a code brought a case from another phone
        assert walker.says[-1].key == "claim_done"
        return
    assert asked.at == "lodge"
    assert pressed or typed
    answers = asked.answers
    assert {"category", "country", "province", "contact_me"} <= answers.keys()
    assert answers["store"] == "yes"
    agreed = {share for share in SHARES if answers.get(share) == "yes"}
    assert agreed
    with walker.site.store.reading() as session:
        found = case.by_code(session, next(iter(new)))
        routed = {CONSENT_FOR[r.partner_type] for r in case.receipt(session, found).routes}
    assert routed
    assert routed <= {ConsentCode(share) for share in agreed}
    if asked.said:
        assert routed <= {ConsentCode(f"share_{kind}") for kind in asked.said.split(",")}


ONCE_ONLY = frozenset({"erase", "greet"})
"""What cannot say the same twice: the second time the case is gone."""


@WALKS
@given(A_WALK, st.booleans())
def test_a_repeat_of_any_delivery_leaves_draft_and_answer_the_same(
    town: Site, walk: list[Step], far: bool
) -> None:
    walker = begins(town, far=far)
    talk = walker.talk
    for number, drawn in enumerate(walk):
        step = drawn.done_by(walker)
        if step.kind == "tell" and talk.at in claims.TYPED:
            continue  # a wrong code counts each time that it is looked at
        slots, loop = dict(talk.slots), talk.loop
        update = f"walk-{number:03}"
        first = does(walker, step, update)
        walker.holds(step.intent)
        held = (talk.answers(), walker.told(), talk.consents(), walker.lodged())
        after = (dict(talk.slots), talk.loop)
        talk.slots, talk.loop = slots, loop
        again = does(walker, step, update)
        assert (talk.answers(), walker.told(), talk.consents(), walker.lodged()) == held
        assert (dict(talk.slots), talk.loop) == after
        if step.intent not in ONCE_ONLY:
            assert [say.as_json() for say in again] == [say.as_json() for say in first]


def test_every_intent_of_the_domain_has_its_rule_outside_a_form() -> None:
    """So that a walk meets no intent for which Rasa would have to guess."""
    alone = {intent for within, intent in RULES if within is None}
    assert set(ENTITIES) <= alone | {"done", "inform", "more", "affirm", "deny", "back"}

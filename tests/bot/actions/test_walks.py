"""Rules that hold on every way through the dialogue: random walks over all that can be said."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot import claims, conversation
from bot.actions import Say
from bot.actions.journey import FORM, SHARES
from bot.buttons import ENTITIES, VALUES, parse
from referrals import case
from referrals.code import new_code, new_group_code
from referrals.site import Site
from referrals.taxonomy import CONSENT_FOR, ConsentCode
from tests.bot.actions.conftest import installed, opens_all
from tests.bot.actions.talk import Talk, payloads_of
from tests.bot.actions.walker import INTENTS, RULES, Walker

pytestmark = pytest.mark.slow

WALKS = settings(
    max_examples=40,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # a walk is slow to make shorter
    suppress_health_check=list(HealthCheck),
)


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
        "category": st.sampled_from([*sorted(VALUES["category"]), "murder"]),
        "country": st.sampled_from([*sorted(VALUES["country"]), "XX"]),
        "province": st.sampled_from([*sorted(VALUES["province"]), "KH-26"]),
        "sector": st.sampled_from(["fishing", "space"]),
        "destination_province": st.sampled_from(["TH-21", "XX-1"]),
        "topic": st.sampled_from([*sorted(VALUES["topic"]), "murder"]),
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
        """Give what it means where she stands now; where no button stands, she asks for the
        menu.
        """
        shown = payloads_of(walker.says[-1]) if self.kind in {"on", "shown"} else walker.seen
        if self.kind == "on":
            return self._on(walker, shown)
        if self.kind not in {"shown", "seen"}:
            return self
        return _pressed(shown[self.which % len(shown)]) if shown else Step("press", "menu")

    @staticmethod
    def _on(walker: Walker, shown: list[str]) -> "Step":
        if walker.talk.loop is None:
            return Step("press", "resume")
        if walker.talk.at in {"details", "detail", "change"}:
            return Step("press", "done")
        if walker.talk.at == "story" and "story" not in walker.talk.told():
            return Step("tell", which=9)
        return _pressed(shown[0]) if shown else Step("press", "menu")


def _pressed(payload: str) -> Step:
    pressed = parse(payload)
    return Step("press", pressed.intent, dict(pressed.entities))


PRESSED = st.sampled_from(sorted(ENTITIES)).flatmap(
    lambda intent: st.builds(Step, st.just("press"), st.just(intent), entities_of(intent))
)
STANDING_THERE = st.builds(Step, st.just("shown"), which=st.integers(0, 100))
A_STEP = st.one_of(
    *[st.just(Step("on"))] * 4,
    *[STANDING_THERE] * 4,
    st.builds(Step, st.just("seen"), which=st.integers(0, 1000)),
    *[st.builds(Step, st.just("tell"), which=st.integers(0, 9))] * 2,
    PRESSED,
    st.builds(Step, st.just("say"), LIKELY, UNDERSTOOD),
    st.builds(Step, st.just("say"), st.sampled_from(INTENTS), UNDERSTOOD),
)
"""What she does next: mostly a button that stands there, and now and then anything."""

A_WALK = st.lists(A_STEP, min_size=10, max_size=30)

BEGINNING, SUMMARY, SENT = "beginning", "summary", "sent"
WHERE = st.sampled_from([BEGINNING, SUMMARY, SENT])


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


def begins(site: Site, where: str) -> Walker:
    """Begin a walk: at the very beginning, at the summary, or with a case that was sent."""
    talk = Talk(site, conversation=uuid4().hex * 2)
    with site.store.writing() as session:
        conversation.begin(session, talk.conversation, site.clock())
    walker = Walker(talk)
    if where != BEGINNING:
        talk.gets_to("lodge")
        walker.says = list(talk.asks().says)
    if where == SENT:
        walker.says = list(talk.sends().says)
    if where == BEGINNING:
        walker.hears("greet", {}, "begin")
    walker.holds("greet")
    return walker


def does(walker: Walker, step: Step, update: str) -> list[Say]:
    """Do one step."""
    if step.kind == "tell":
        return walker.types(typed(step.which), update)
    return walker.hears(step.intent, step.said, update)


@WALKS
@given(A_WALK, WHERE)
def test_no_way_through_the_dialogue_ends_in_a_trap_or_loses_a_word(
    town: Site, walk: list[Step], where: str
) -> None:
    walker = begins(town, where)
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


def _nothing_is_lost(walker: Walker, step: Step, before: set[str], sent: Mapping[str, int]) -> None:
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


ONCE_ONLY = frozenset({"erase", "discard"})
"""What cannot say the same twice: the second time it is gone."""


@WALKS
@given(A_WALK, WHERE)
def test_a_repeat_of_any_delivery_leaves_draft_and_answer_the_same(
    town: Site, walk: list[Step], where: str
) -> None:
    walker = begins(town, where)
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
        assert (talk.answers(), walker.told(), talk.consents(), walker.lodged()) == held, step
        assert (dict(talk.slots), talk.loop) == after, step
        if step.intent not in ONCE_ONLY:
            assert [say.as_json() for say in again] == [say.as_json() for say in first], step


def test_every_intent_of_the_domain_has_its_rule_outside_a_form() -> None:
    """So that a walk meets no intent for which Rasa would have to guess."""
    alone = {intent for within, intent in RULES if within is None}
    assert set(ENTITIES) <= alone | {"done", "inform", "more", "affirm", "deny", "back"}

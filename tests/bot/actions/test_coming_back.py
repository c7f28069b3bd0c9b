"""Back, answers changed, stopping and going on: nobody is trapped and nothing is lost."""

import pytest

from bot.actions.journey import (
    ANSWERS_TO_CHANGE,
    AT_ANY_STEP,
    CONSENTS,
    CORRECTED,
    Standing,
    next_step,
)
from referrals import draft
from referrals.intake import Detail
from tests.bot.actions.talk import (
    Clock,
    Talk,
    keys,
    payloads,
)

ANSWERS = {*AT_ANY_STEP, *CORRECTED, *CONSENTS, *Detail, "group_code"}
"""What the draft holds of answers; beside them it holds what steers the asking."""


def said(talk: Talk) -> dict[str, str]:
    """Give what the draft holds of answers alone."""
    return {name: value for name, value in talk.answers().items() if name in ANSWERS}


# ---- back


@pytest.mark.usefixtures("offices")
def test_back_undoes_one_answer_after_the_other(talk: Talk) -> None:
    talk.gets_to("lodge")
    seen = []
    for _ in range(6):
        assert keys(talk.goes_back()) == ["gone_back"]
        seen.append(talk.at)
    assert seen == ["contact_me", "share_mrc", "story", "province", "country", "category"]
    assert said(talk) == {}
    assert talk.told() == ["story"]
    assert keys(talk.goes_back()) == ["cannot_go_back"]


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("step", ["country", "province", "story", "share_mrc", "contact_me"])
def test_a_repeated_back_undoes_one_answer(talk: Talk, step: str) -> None:
    talk.gets_to(step)
    before = dict(talk.slots)
    first = talk("action_back", "back", update="same")
    after = said(talk)
    talk.slots = before
    assert talk("action_back", "back", update="same") == first
    assert said(talk) == after


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize(
    "went",
    [
        ("details", {}),
        ("details", {"of": "who"}),
        ("detail", {"detail": "employer"}),
        ("change", {}),
        ("change", {"step": "country"}),
        ("change", {"step": "story"}),
        ("change", {"step": "category"}),
        ("change", {"step": "complainant"}),
    ],
)
def test_back_comes_back_from_where_she_went_and_undoes_nothing(
    talk: Talk, went: tuple[str, dict[str, str]]
) -> None:
    talk.gets_to("lodge")
    before = said(talk)
    intent, entities = went
    talk.hears(intent, **entities)
    assert talk.at != "lodge"
    slots = dict(talk.slots)
    first = talk("action_back", "back", update="same")
    assert keys(first) == []
    talk.slots = slots
    assert talk("action_back", "back", update="same") == first  # a repeat
    talk.hears("back")
    assert said(talk) == before
    for _ in range(2):  # from a detail to its page, from a page to the pages, from there out
        if talk.at != "lodge":
            talk.goes_back()
    assert talk.at == "lodge"
    assert said(talk) == before


@pytest.mark.usefixtures("offices")
def test_back_at_the_first_question_says_so(talk: Talk) -> None:
    talk.opens()
    assert keys(talk.goes_back()) == ["cannot_go_back"]


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("step", ["country", "lodge"])
def test_back_while_nothing_is_asked_undoes_nothing_and_shows_the_way_on(
    talk: Talk, step: str
) -> None:
    assert keys(talk("action_back", "back")) == ["menu"]
    talk.gets_to(step)
    before = said(talk)
    talk.slots, talk.loop = {}, None
    assert keys(talk("action_back", "back")) == ["menu_paused"]
    assert said(talk) == before


# ---- answers changed


@pytest.mark.usefixtures("offices")
def test_the_menu_of_changes_offers_what_was_answered(talk: Talk) -> None:
    talk.gets_to("lodge")
    talk.hears("change")
    assert payloads(talk.asks()) == [
        f"change:step={step}"
        for step in ANSWERS_TO_CHANGE
        if step not in {"complainant", "share_pdolvt", "share_legal_aid"}
    ]
    talk.hears("done")
    assert talk.at == "lodge"


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize(
    ("step", "value"),
    [
        ("category", "dismissal"),
        ("country", "MY"),
        ("province", "KH-1"),
        ("contact_me", "no"),
        ("complainant", "family"),
        ("share_legal_aid", "yes"),
        ("share_legal_aid", "no"),
    ],
)
def test_an_answer_changed_from_the_summary_leads_back_to_it(
    talk: Talk, step: str, value: str
) -> None:
    talk.gets_to("lodge")
    before = said(talk)
    talk.hears("change", step=step)
    assert talk.at == step
    talk.answers_with(**{step: value})
    assert talk.at == "lodge"
    assert said(talk) == {**before, step: value}


@pytest.mark.usefixtures("offices")
def test_the_story_is_added_to_from_the_summary(talk: Talk) -> None:
    talk.gets_to("lodge")
    talk.hears("change", step="story")
    talk.tells_the_story()
    assert keys(talk.asks("told")) == ["story_more"]
    talk.hears("done")
    assert talk.at == "lodge"
    assert talk.told() == ["story", "story"]


@pytest.mark.usefixtures("offices")
def test_no_to_the_only_reader_asks_for_another(talk: Talk) -> None:
    talk.gets_to("lodge")
    talk.hears("change", step="share_mrc")
    talk.answers_with(share_mrc="no")
    assert talk.at == "share_legal_aid"


@pytest.mark.usefixtures("offices")
def test_a_further_helper_is_offered_under_the_summary_and_asked_for_in_its_words(
    talk: Talk,
) -> None:
    talk.gets_to("lodge")
    assert payloads(talk.asks()) == ["change:step=share_legal_aid", "change:step=share_pdolvt"]
    talk.hears("change", step="share_legal_aid")
    asked = talk.asks()
    assert (keys(asked), asked.says[0].values) == (["ask_consent"], {"consent": "share_legal_aid"})
    talk.answers_with(share_legal_aid="yes")
    assert payloads(talk.asks()) == ["change:step=share_pdolvt"]


# ---- stopping, coming back


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize(
    "step", ["category", "country", "province", "story", "share_mrc", "contact_me", "lodge"]
)
def test_days_later_she_stands_where_she_stopped(talk: Talk, clock: Clock, step: str) -> None:
    talk.gets_to(step)
    before = said(talk)
    assert keys(talk("action_cancel", "cancel")) == ["cancelled"]
    clock.pass_(days=6)
    talk.slots, talk.loop = {}, None
    answer = talk.opens("resume")
    assert keys(answer) == (["begun"] if step == "category" else ["resumed"])
    assert (talk.at, said(talk)) == (step, before)


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize(
    ("intent", "entities", "step"),
    [
        ("detail", {"detail": "dates"}, "detail"),
        ("details", {"of": "safe"}, "details"),
        ("change", {}, "change"),
        ("change", {"step": "province"}, "province"),
    ],
)
def test_days_later_she_stands_in_the_menu_where_she_was(
    talk: Talk, intent: str, entities: dict[str, str], step: str
) -> None:
    talk.gets_to("lodge")
    talk.hears(intent, **entities)
    asked = talk.asks()
    talk.slots, talk.loop = {}, None
    talk.opens("resume")
    assert talk.at == step
    assert talk.asks() == asked


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize(
    ("intent", "entities", "step"),
    [
        ("details", {}, "details"),
        ("detail", {"detail": "wants"}, "detail"),
        ("change", {"step": "country"}, "country"),
    ],
)
def test_a_button_of_the_journey_leads_into_it_from_outside(
    talk: Talk, intent: str, entities: dict[str, str], step: str
) -> None:
    talk.gets_to("lodge")
    talk.slots, talk.loop = {}, None
    talk.opens(intent, **entities)
    assert talk.at == step


def test_cancel_keeps_the_draft_and_discard_destroys_it(talk: Talk) -> None:
    talk.opens(category="dismissal")
    talk.tells()
    assert keys(talk("action_cancel", "cancel")) == ["cancelled"]
    assert talk.told() == ["story"]
    assert keys(talk("action_discard", "discard")) == ["discarded"]
    assert not talk.query(draft.find, talk.conversation)
    assert not [name for name in ("answer", "group", "page") if talk.slots.get(name)]
    assert keys(talk("action_discard", "discard")) == ["nothing_to_discard"]
    assert keys(talk("action_cancel", "cancel")) == ["nothing_to_cancel"]


def test_a_repeat_of_discard_says_the_same(talk: Talk) -> None:
    talk.gets_to("country")
    before = dict(talk.slots)
    first = talk("action_discard", "discard", update="same")
    talk.slots = before
    assert talk("action_discard", "discard", update="same") == first


def test_where_she_went_comes_before_the_least_and_the_detail_before_its_menu() -> None:
    answers = {"menu": "who"}
    assert next_step(Standing(answers, frozenset())) == "details"
    answers |= {"detail": "name"}
    assert next_step(Standing(answers, frozenset())) == "detail"
    answers |= {"at": "country"}
    assert next_step(Standing(answers, frozenset())) == "country"
    assert next_step(Standing({"menu": "change"}, frozenset())) == "change"
    assert next_step(Standing({}, frozenset())) == "category"

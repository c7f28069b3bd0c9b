"""Whoever asks why is told why, and asked again."""

import pytest

from bot.actions import Answer
from bot.actions.journey import STEPS
from bot.content import content
from referrals.intake import Detail
from tests.bot.actions.talk import Talk, all_payloads, keys
from tests.bot.actions.test_old_buttons import comes_to

CLAIMS = ("code", "secret", "new_secret", "group_code")


def asks_why(talk: Talk) -> Answer:
    return talk("action_unknown", "unknown", {"kind": "why"})


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("step", sorted(STEPS))
def test_every_question_has_its_reason(talk: Talk, step: str) -> None:
    comes_to(talk, step)
    (said,) = asks_why(talk).says
    assert said.key in content().says
    assert said.key.startswith("why_")
    assert said.key != "why_nothing"
    assert talk.at == step


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("detail", Detail)
def test_every_detail_has_a_reason_of_its_own(talk: Talk, detail: Detail) -> None:
    talk.gets_to("lodge")
    talk.hears("detail", detail=detail)
    (key,) = keys(asks_why(talk))
    assert key == f"why_detail_{detail}"
    assert key in content().says


def test_no_two_questions_have_the_same_reason() -> None:
    reasons = [say.km for key, say in content().says.items() if key.startswith("why_")]
    assert len(reasons) == len(set(reasons))


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("step", ["share_mrc", "contact_me"])
def test_at_a_consent_the_reason_is_the_one_that_stands_in_its_words(talk: Talk, step: str) -> None:
    comes_to(talk, step)
    assert keys(asks_why(talk)) == ["why_consent"]
    again = talk.asks("unknown").says[0]
    assert (again.key, again.values["consent"]) == ("ask_consent", step)
    words = content().consents[step]
    assert words.why_km.strip() in content().consent_words(step, talk.language)[1]


def test_under_her_story_the_reason_is_that_of_keeping_it(talk: Talk) -> None:
    talk.gets_to("story")
    assert keys(asks_why(talk)) == ["why_story"]
    talk.tells_the_story()
    assert keys(asks_why(talk)) == ["why_consent"]
    assert keys(talk.asks("unknown")) == ["story_kept_ask", "ask_consent"]


@pytest.mark.parametrize("asked", ["addition", *CLAIMS])
def test_beside_the_complaint_too(talk: Talk, asked: str) -> None:
    talk.loop = "addition_form" if asked == "addition" else "claim_form"
    talk.slots["requested_slot"] = asked
    assert keys(asks_why(talk)) == [f"why_{asked}"]
    assert f"why_{asked}" in content().says


def test_where_nothing_is_asked_there_is_an_ordinary_way_on(talk: Talk) -> None:
    answer = asks_why(talk)
    assert keys(answer) == ["why_nothing"]
    assert {"faq", "complaint", "menu"} <= set(all_payloads(answer))
    talk.tells()
    assert "resume" in all_payloads(asks_why(talk))

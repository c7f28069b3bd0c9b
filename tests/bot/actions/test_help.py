"""Danger first: the card, a call that somebody gets, and a chat that is hidden."""

from collections.abc import Iterator

import pytest
from sqlmodel import select

from bot import news, on_duty
from bot.content import content
from referrals import alarm, case, consent, draft
from referrals.duty import Alarm
from referrals.lodging import LODGINGS
from referrals.taxonomy import ConsentCode, Status
from tests.bot.actions.talk import (
    HER,
    OFFERED,
    OFFERED_IN_DANGER,
    Clock,
    Talk,
    all_payloads,
    keys,
    names,
    payloads,
)

# ---- danger and people


def test_danger_shows_the_card_of_the_country_before_anything_else(talk: Talk) -> None:
    talk.opens(country="MY")
    answer = talk("action_danger", "danger", {"danger": "violence"})
    assert keys(answer) == ["safety_card", "danger_next", "callback_offer", "callback_offer_paused"]
    assert answer.says[0].values == {"country": "MY", "kind": "violence"}
    assert "callback:danger=yes;in=km1" in payloads(answer)
    assert "resume" in names(answer)


def test_danger_without_a_kind_or_of_none_that_is_known_shows_the_general_card(talk: Talk) -> None:
    for entities in ({}, {"danger": "yes"}, {"danger": "dragons"}):
        assert "kind" not in talk("action_danger", "danger", entities).says[0].values


@pytest.mark.parametrize(("kind", "minor"), [("child", "yes"), ("violence", None)])
def test_danger_to_a_child_makes_what_she_is_telling_a_childs(
    talk: Talk, kind: str, minor: str | None
) -> None:
    talk.gets_to("story")
    talk("action_danger", "danger", {"danger": kind})
    assert talk.answers().get("minor") == minor
    assert talk.query(draft.find, HER)


def alarms(talk: Talk) -> list[Alarm]:
    found: list[Alarm] = talk.query(lambda s: s.exec(select(Alarm)).all())
    return found


@pytest.mark.usefixtures("on_duty")
def test_danger_after_she_lodged_calls_somebody_without_being_asked(
    talk: Talk, clock: Clock
) -> None:
    code = talk.lodges()
    assert not alarms(talk)
    first = talk("action_danger", "danger", update="same")
    assert keys(first) == ["safety_card", "danger_called", "danger_next"]
    assert talk("action_danger", "danger", update="same") == first
    (raised,) = alarms(talk)
    assert raised.case_id == talk.case(code).id
    assert talk.case(code).danger
    clock.pass_(minutes=1)
    talk("action_danger", "danger")
    assert len(alarms(talk)) == 1


@pytest.mark.usefixtures("on_duty")
def test_a_call_for_help_in_the_midst_of_telling_leads_back_to_it(talk: Talk) -> None:
    talk.lodges()
    talk.opens()
    answer = talk("action_danger", "danger")
    assert keys(answer)[-2:] == ["danger_called", "danger_next"]
    assert "resume" in all_payloads(answer)


@pytest.mark.usefixtures("on_duty")
def test_a_case_that_cannot_wait_says_that_somebody_was_called(talk: Talk) -> None:
    talk.gets_to("lodge", category="violence_harassment")
    assert "danger_called" in keys(talk.sends())
    assert keys(talk("action_callback", "callback", OFFERED_IN_DANGER)) == [
        "danger_called",
        "callback_done",
    ]


@pytest.mark.usefixtures("on_duty")
def test_who_agreed_to_no_contact_is_not_told_that_somebody_was_called(talk: Talk) -> None:
    talk.gets_to("lodge", category="violence_harassment", contact_me="no")
    assert "danger_called" not in keys(talk.sends())
    assert len(alarms(talk)) == 1


@pytest.mark.usefixtures("offices")
def test_who_is_not_to_be_contacted_is_asked_first_even_in_danger(talk: Talk) -> None:
    talk.lodges(contact_me="no")
    answer = talk("action_danger", "danger")
    assert keys(answer)[-1] == "callback_offer"
    assert not alarms(talk)


@pytest.fixture
def rung(talk: Talk) -> Iterator[list[tuple[str, bool]]]:
    """The alarms whose calls were begun, and whether others could see them by then."""
    seen: list[tuple[str, bool]] = []
    on_duty.rings_by(lambda i: seen.append((i, talk.query(alarm.all_under_way) == [i])))
    yield seen
    on_duty.rings_by(None)


@pytest.mark.usefixtures("offices")
def test_the_calls_begin_once_the_alarm_is_written_down_and_not_before(
    talk: Talk, rung: list[tuple[str, bool]]
) -> None:
    talk("action_callback", "callback", OFFERED)
    assert rung == []
    talk("action_callback", "callback", OFFERED_IN_DANGER)
    (raised,) = alarms(talk)
    assert rung == [(raised.id, True)]


@pytest.mark.usefixtures("offices")
def test_where_nobody_is_on_duty_danger_still_offers_a_call(talk: Talk) -> None:
    talk.lodges()
    assert "callback_offer" in keys(talk("action_danger", "danger"))
    assert len(alarms(talk)) == 1


@pytest.mark.usefixtures("offices")
def test_where_nobody_is_on_duty_it_is_not_said_that_somebody_was_called(talk: Talk) -> None:
    assert "danger_called" not in keys(talk("action_callback", "callback", OFFERED_IN_DANGER))
    assert len(alarms(talk)) == 1


def test_a_person_is_offered_in_the_words_that_are_recorded(talk: Talk) -> None:
    assert keys(talk("action_human", "human")) == ["human", "callback_offer"]


@pytest.mark.usefixtures("offices")
def test_asking_for_a_call_twice_by_a_repeat_makes_one_case(talk: Talk) -> None:
    first = talk("action_callback", "callback", OFFERED_IN_DANGER, update="same")
    assert keys(first) == ["callback_done"]
    assert talk("action_callback", "callback", OFFERED_IN_DANGER, update="same") == first
    assert len(talk.cases()) == 1


@pytest.mark.usefixtures("offices")
def test_pressing_for_a_call_again_gives_the_same_case_and_makes_it_urgent(talk: Talk) -> None:
    first = talk("action_callback", "callback", OFFERED)
    assert not alarms(talk)
    assert talk("action_callback", "callback", OFFERED_IN_DANGER).says[-1] == first.says[-1]
    assert len(talk.cases()) == len(alarms(talk)) == 1


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize(("said", "minor"), [({"choice": "under_15"}, True), ({}, False)])
def test_a_child_that_asks_for_a_call_is_known_to_be_one(
    talk: Talk, said: dict[str, str], minor: bool
) -> None:
    talk.gets_to("country")
    if said:
        talk.answers_with(**said)
    talk("action_callback", "callback", OFFERED)
    assert talk.case(talk.cases()[0].code).minor is minor
    assert len(alarms(talk)) == minor


@pytest.mark.usefixtures("offices")
def test_a_call_after_enough_today_is_answered_with_numbers(talk: Talk) -> None:
    for _ in range(LODGINGS):
        talk("action_callback", "callback", OFFERED)
        with talk.site.store.writing() as session:
            for each in case.for_conversation(session, HER):
                case.by_code(session, each.code).status = Status.CLOSED
    talk.opens(country="MY")
    answer = talk("action_callback", "callback", OFFERED)
    assert keys(answer) == ["enough_today"]
    assert answer.says[0].values["country"] == "MY"
    assert len(talk.cases()) == LODGINGS


@pytest.mark.usefixtures("offices")
def test_a_call_records_the_offer_as_it_was_shown(talk: Talk) -> None:
    talk("action_callback", "callback", OFFERED)
    rows = talk.query(lambda s: consent.history(s, case.owned(s, HER)[0].id))
    assert {row.code for row in rows} == {
        ConsentCode.STORE,
        ConsentCode.SHARE_MRC,
        ConsentCode.CONTACT_ME,
    }
    assert {row.words for row in rows} == {content().says["callback_offer"].km}


@pytest.mark.usefixtures("offices")
def test_a_call_leaves_what_she_is_telling_as_it_is(talk: Talk) -> None:
    talk.gets_to("share_mrc")
    before = (talk.answers(), talk.told(), talk.consents())
    assert keys(talk("action_callback", "callback", OFFERED)) == ["callback_done_paused"]
    assert (talk.answers(), talk.told(), talk.consents()) == before


def test_when_nobody_can_receive_a_call_numbers_are_given(talk: Talk) -> None:
    assert keys(talk("action_callback", "callback", OFFERED)) == ["lodge_unable"]


@pytest.mark.parametrize("channel", ["telegram", "messenger", "web", "smoke"])
def test_hiding_ends_with_an_innocent_line_without_buttons(talk: Talk, channel: str) -> None:
    talk.channel = channel
    answer = talk("action_hide", "hide")
    assert keys(answer)[-1] == "hide_last"
    assert keys(answer)[0].startswith("hide_how_")


def test_who_hides_the_chat_gets_no_more_news_that_gives_it_away(talk: Talk) -> None:
    talk("action_news", "news", {"country": "TH"})
    assert talk.query(news.subscriptions, HER)
    talk("action_hide", "hide")
    assert not talk.query(news.subscriptions, HER)

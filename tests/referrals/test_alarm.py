"""Who is called when somebody is in danger, in which order, and who may answer."""

import threading
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from referrals import alarm, case, consent, desk, duty
from referrals.alarm import OnCall, chain
from referrals.case import Case
from referrals.consent import Asked
from referrals.duty import Alarm, AlarmCall
from referrals.taxonomy import ConsentCode, Status
from tests.house import Town
from tests.on_call import DANGER, alarms_of, answers, calls, links, raises, works_at

CONVERSATION = "c" * 64


def takes_back(town: Town, code: str, what: ConsentCode) -> None:
    with town.site.store.writing() as session:
        found = case.by_code(session, code)
        consent.record(session, found.id, Asked(what, False, 1, "km", "ពាក្យ", town.clock()))


def cries(town: Town, conversation: str = CONVERSATION) -> str | None:
    with town.site.store.writing() as session:
        raised = alarm.cry(session, town.site, conversation)
        return raised.id if raised else None


def changes(town: Town, code: str, **columns: object) -> None:
    with town.site.store.writing() as session:
        found = case.by_code(session, code)
        for name, value in columns.items():
            setattr(found, name, value)
        session.add(found)


def shown(town: Town, office: str) -> list[alarm.OpenAlarm]:
    with town.site.store.reading() as session:
        organisation = town.people[office].organisation_id
        assert organisation
        return alarm.open_alarms(session, organisation)


# ---- what raises one


@pytest.mark.parametrize(
    ("category", "columns", "wanted"),
    [
        ("unpaid_wages", {}, False),
        ("unpaid_wages", {"danger": True}, True),
        ("unpaid_wages", {"minor": True}, True),
        ("violence_harassment", {}, True),
        ("missing_person", {}, True),
        ("missing_person", {"status": Status.CLOSED}, False),
    ],
)
def test_danger_a_child_and_the_red_categories_raise_an_alarm(
    town: Town, category: str, columns: dict[str, object], wanted: bool
) -> None:
    code = town.lodges("រឿង", category=category)
    changes(town, code, **columns)
    assert (raises(town, code) is not None) is wanted


def test_a_case_has_one_alarm_at_a_time(town: Town) -> None:
    code = town.lodges("រឿង", category=DANGER)
    assert raises(town, code) == raises(town, code)
    assert len(alarms_of(town)) == 1


def test_two_who_raise_at_once_raise_one(town: Town) -> None:
    code = town.lodges("រឿង", category=DANGER)
    both = [threading.Thread(target=raises, args=(town, code)) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(30)
    assert len(alarms_of(town)) == 1


def test_after_an_answer_the_same_danger_is_quiet_for_a_while_and_no_longer(town: Town) -> None:
    code = town.lodges("រឿង", category=DANGER)
    first = raises(town, code)
    assert first
    assert answers(town, first, "mrc")
    town.clock.pass_(minutes=14)
    assert raises(town, code) is None
    town.clock.pass_(minutes=2)
    assert raises(town, code) not in (None, first)


def test_a_case_that_nobody_may_read_calls_nobody(town: Town) -> None:
    code = town.lodges("រឿង", category=DANGER, shares=[ConsentCode.SHARE_MRC])
    takes_back(town, code, ConsentCode.SHARE_MRC)
    assert raises(town, code) is None


def test_words_of_danger_again_raise_the_alarm_of_her_open_case(town: Town) -> None:
    code = town.lodges("រឿង", category="unpaid_wages")
    raised = cries(town)
    assert raised
    with town.site.store.reading() as session:
        found = case.by_code(session, code)
        assert found.danger
        assert session.get_one(Alarm, raised).case_id == found.id
    assert cries(town) == raised
    assert cries(town, "d" * 64) is None


def test_who_does_not_want_to_be_contacted_or_whose_case_is_closed_calls_nobody_by_words(
    town: Town,
) -> None:
    town.lodges("រឿង", contact_me=False)
    assert cries(town) is None
    code = town.lodges("រឿង", update="u-2", conversation="d" * 64)
    changes(town, code, status=Status.CLOSED)
    assert cries(town, "d" * 64) is None


# ---- the chain


def test_the_leading_office_is_called_first_in_its_order_then_the_next_office(town: Town) -> None:
    works_at(town, "mrc", "dara")
    for user, name in enumerate(("lawyer", "dara", "mrc", "mrc-kampot")):
        links(town, name, str(user))
    code = town.lodges("រឿង", category=DANGER)
    with town.site.store.reading() as session:
        offices = [
            r.organisation_name_en
            for r in case.receipt(session, case.by_code(session, code)).routes
        ]
    by_office = {"mrc": ["dara", "mrc"], "lawyer": ["lawyer"], "pdolvt": []}
    raised = raises(town, code)
    assert raised
    wanted = [name for office in offices for name in by_office[office]]
    assert sorted(wanted) == ["dara", "lawyer", "mrc"]
    assert [calls(town, raised) for _ in wanted] == wanted
    assert calls(town, raised) is None


def test_who_is_off_duty_is_not_called(town: Town) -> None:
    links(town, "mrc", "1")
    chief = town.people["mrc"]
    with town.site.store.writing() as session:
        duty.set_on_duty(session, chief, chief.member_id, on=False)
    raised = raises(town, town.lodges("រឿង", category=DANGER, shares=[ConsentCode.SHARE_MRC]))
    assert raised
    assert calls(town, raised) is None


def test_an_office_that_lost_its_key_is_not_called_even_in_the_middle(town: Town) -> None:
    works_at(town, "mrc", "dara")
    for user, name in enumerate(("mrc", "dara", "lawyer")):
        links(town, name, str(user))
    code = town.lodges("រឿង", category=DANGER)
    raised = raises(town, code)
    assert raised
    takes_back(town, code, ConsentCode.SHARE_MRC)
    assert calls(town, raised) == "lawyer"
    assert calls(town, raised) is None


def test_an_office_that_ended_its_referral_is_called_last(town: Town) -> None:
    for user, name in enumerate(("mrc", "lawyer")):
        links(town, name, str(user))
    code = town.lodges("រឿង", category=DANGER)
    raised = raises(town, code)
    assert raised
    with town.site.store.writing() as session:
        found = case.by_code(session, code)
        first = session.exec(
            select(case.Referral).where(case.Referral.case_id == found.id).order_by("place")
        ).first()
        assert first
        first.ended_at = town.clock()
        session.add(first)
        ended = "mrc" if first.organisation_id == town.people["mrc"].organisation_id else "lawyer"
    called = [calls(town, raised), calls(town, raised)]
    assert called[1] == ended
    assert set(called) == {"mrc", "lawyer"}


PHONES = st.lists(
    st.builds(OnCall, st.text("abcdef", min_size=1), st.sampled_from("xyz"), st.integers(0, 3)),
    unique_by=lambda phone: phone.member_id,
)


@given(offices=st.lists(st.sampled_from("xyz"), unique=True), phones=PHONES)
def test_the_chain_names_everybody_of_these_offices_once_office_by_office(
    offices: list[str], phones: list[OnCall]
) -> None:
    found = chain(offices, phones)
    known = {phone.member_id: phone for phone in phones}
    assert sorted(found) == sorted(m for m, p in known.items() if p.organisation_id in offices)
    ranks = [(offices.index(known[m].organisation_id), known[m].place) for m in found]
    assert ranks == sorted(ranks)


def test_nobody_is_waited_for_who_was_not_reached(town: Town) -> None:
    links(town, "mrc", "1")
    raised = raises(town, town.lodges("រឿង", category=DANGER))
    assert raised
    five = timedelta(minutes=5)
    member = town.people["mrc"].member_id
    with town.site.store.writing() as session:
        found = session.get_one(Alarm, raised)
        alarm.called(session, town.site, found, member)
        assert alarm.time_left(session, found, town.clock(), five) == timedelta()
        alarm.reached(session, raised, member)
        assert alarm.time_left(session, found, town.clock(), five) == five
        town.clock.pass_(minutes=6)
        assert alarm.time_left(session, found, town.clock(), five) == timedelta()


# ---- answering


def test_the_first_who_answers_counts_and_may_answer_again(town: Town) -> None:
    raised = raises(town, town.lodges("រឿង", category=DANGER))
    assert raised
    assert answers(town, raised, "lawyer")
    assert not answers(town, raised, "mrc")
    assert answers(town, raised, "lawyer")
    (kept,) = alarms_of(town)
    assert kept.answered_by == town.people["lawyer"].member_id
    with town.site.store.writing() as session:
        assert alarm.under_way(session, raised) is None
        assert alarm.all_under_way(session) == []


def test_who_cannot_read_the_case_cannot_answer(town: Town) -> None:
    raised = raises(town, town.lodges("រឿង", category=DANGER, shares=[ConsentCode.SHARE_MRC]))
    assert raised
    for name in ("lawyer", "mrc-kampot"):
        with pytest.raises(alarm.NotYours):
            answers(town, raised, name)
    assert alarms_of(town)[0].answered_by is None


def test_a_late_answer_counts_after_the_chain_was_given_up(town: Town) -> None:
    code = town.lodges("រឿង", category=DANGER)
    raised = raises(town, code)
    assert raised
    with town.site.store.writing() as session:
        found = session.get_one(Alarm, raised)
        assert alarm.give_up(session, town.site, found)
        assert not alarm.give_up(session, town.site, found)
    assert [each.given_up_at for each in shown(town, "mrc")] == [town.clock()]
    assert answers(town, raised, "mrc")
    assert shown(town, "mrc") == []


def test_what_is_answered_is_not_given_up(town: Town) -> None:
    raised = raises(town, town.lodges("រឿង", category=DANGER))
    assert raised
    assert answers(town, raised, "mrc")
    with town.site.store.writing() as session:
        assert not alarm.give_up(session, town.site, session.get_one(Alarm, raised))


def test_taking_the_case_at_the_desk_answers_its_alarms(town: Town) -> None:
    code = town.lodges("រឿង", category=DANGER)
    assert raises(town, code)
    desk.take(town.site, town.people["mrc"], code)
    (kept,) = alarms_of(town)
    assert kept.answered_by == town.people["mrc"].member_id


# ---- the desk


def test_the_desk_names_who_was_called_of_its_own_office_alone(town: Town) -> None:
    for user, name in enumerate(("mrc", "lawyer")):
        links(town, name, str(user))
    raised = raises(town, town.lodges("រឿង", category=DANGER))
    assert raised
    assert {calls(town, raised), calls(town, raised)} == {"mrc", "lawyer"}
    for office, other in (("mrc", "lawyer"), ("lawyer", "mrc")):
        (one,) = shown(town, office)
        named = {call.name or call.organisation_en: call.name is None for call in one.calls}
        assert named == {office: False, other: True}


def test_an_office_sees_alarms_of_cases_it_can_read_and_closing_ends_them(town: Town) -> None:
    code = town.lodges("រឿង", category=DANGER, shares=[ConsentCode.SHARE_MRC])
    assert raises(town, code)
    assert len(shown(town, "mrc")) == 1
    assert shown(town, "lawyer") == shown(town, "mrc-kampot") == []
    changes(town, code, status=Status.CLOSED)
    assert shown(town, "mrc") == []
    with town.site.store.reading() as session:
        assert alarm.all_under_way(session) == []


def test_a_case_that_goes_takes_its_alarms_along(town: Town) -> None:
    links(town, "mrc", "1")
    code = town.lodges("រឿង", category=DANGER)
    raised = raises(town, code)
    assert raised
    calls(town, raised)
    with town.site.store.writing() as session:
        session.delete(session.exec(select(Case).where(Case.code == code)).one())
    assert alarms_of(town) == []
    with town.site.store.reading() as session:
        assert session.exec(select(AlarmCall)).all() == []

"""What is unusual: each rule at its edge, in Cambodian days and nights."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from referrals import audit, case, desk, searching, unusual
from referrals.audit import Act
from referrals.case import Case
from referrals.duty import Alarm
from referrals.unusual import Deed, Finding, Known, Rule
from tests.house import Town
from tests.on_call import works_at

NOON = datetime(2026, 11, 18, 5, 0, tzinfo=UTC)  # twelve o'clock in Phnom Penh
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
TODAY = NOON.date()


def opened(
    cases: int, at: datetime = NOON, every: float = 1, act: Act = Act.OPENED_CASE
) -> list[Deed]:
    """So many different cases, one after the other, so many minutes apart."""
    return [Deed(at + timedelta(minutes=every * n), act, "her", f"case-{n}") for n in range(cases)]


def found(
    deeds: Sequence[Deed],
    handlers: dict[str, str] | None = None,
    alarms: dict[str, list[datetime]] | None = None,
) -> list[Finding]:
    return unusual.find(deeds, NOW, Known(handlers or {}, alarms or {}))


def rules(deeds: Sequence[Deed], **known: object) -> set[Rule]:
    return {each.rule for each in found(deeds, **known)}  # type: ignore[arg-type]


def test_more_than_twenty_cases_within_an_hour_are_unusual() -> None:
    assert rules(opened(20)) == set()
    assert found(opened(21)) == [Finding(Rule.MANY_CASES_AN_HOUR, "her", TODAY, 21)]
    assert rules(opened(21, every=3.1)) == set()  # spread over 62 minutes
    assert rules(opened(40, every=3.1)) == set()


def test_the_same_case_again_is_one_case() -> None:
    again = [Deed(NOON + timedelta(minutes=n), Act.OPENED_CASE, "her", "one") for n in range(30)]
    assert rules(again) == set()


def test_an_hour_may_begin_at_any_minute() -> None:
    before = opened(15, NOON - timedelta(minutes=50))
    after = [Deed(d.at + timedelta(minutes=51), d.act, "her", f"b{d.case_id}") for d in before]
    (only,) = found([*after, *before])
    assert (only.rule, only.count) == (Rule.MANY_CASES_AN_HOUR, 25)


def test_more_than_three_times_her_own_median_day_is_unusual() -> None:
    days = [d for n in range(1, 6) for d in opened(2, NOON - timedelta(days=n), 60)]
    assert rules([*days, *opened(6, every=90)]) == set()
    (only,) = found([*days, *opened(7, every=60)])
    assert only == Finding(Rule.MANY_CASES_A_DAY, "her", TODAY, 7, usual=2)
    assert rules([*days[:8], *opened(7, every=60)]) == set(), "four days are no habit yet"


def test_few_cases_are_few_whatever_the_days_before_were() -> None:
    days = [d for n in range(1, 6) for d in opened(1, NOON - timedelta(days=n), 60)]
    assert rules([*days, *opened(5, every=60)]) == set()
    assert rules([*days, *opened(6, every=60)]) == {Rule.MANY_CASES_A_DAY}


@pytest.mark.parametrize(
    ("utc", "night"),
    [("14:59", False), ("15:00", True), ("21:59", True), ("22:00", False), ("05:00", False)],
)
def test_night_is_from_22_to_5_in_phnom_penh(utc: str, night: bool) -> None:
    at = datetime.fromisoformat(f"2026-11-18T{utc}:00+00:00")
    assert rules(opened(1, at)) == ({Rule.AT_NIGHT} if night else set())
    assert rules(opened(1, at, act=Act.TOOK)) == set()


def test_one_night_is_one_night_on_both_sides_of_midnight() -> None:
    late = datetime(2026, 11, 18, 16, 50, tzinfo=UTC)  # 23:50
    (only,) = found(opened(3, late, every=30))
    assert (only.day, only.count) == (date(2026, 11, 18), 3)


def test_who_was_called_to_a_case_opens_it_at_night_as_she_should() -> None:
    late = datetime(2026, 11, 18, 18, 0, tzinfo=UTC)
    deeds = opened(2, late)
    alarms = {"case-0": [late - timedelta(minutes=5)]}
    (only,) = found(deeds, alarms=alarms)
    assert only.count == 1
    assert rules(deeds[:1], alarms=alarms) == set()
    old = {"case-0": [late - timedelta(hours=13)]}
    assert rules(deeds[:1], alarms=old) == {Rule.AT_NIGHT}
    assert rules(deeds[:1], alarms={"case-0": [late + timedelta(minutes=1)]}) == {Rule.AT_NIGHT}


@pytest.mark.parametrize(
    ("act", "rule", "least"),
    [
        (Act.REFUSED, Rule.REFUSED, 3),
        (Act.SEARCHED, Rule.MANY_SEARCHES, 31),
        (Act.EXPORTED, Rule.MANY_EXPORTS, 3),
        (Act.SIGN_IN_FAILED, Rule.FAILED_SIGN_INS, 5),
        (Act.FACTOR_FAILED, Rule.FAILED_SIGN_INS, 5),
    ],
)
def test_so_many_in_a_day_are_unusual_and_one_fewer_are_not(
    act: Act, rule: Rule, least: int
) -> None:
    assert rules(opened(least - 1, act=act)) == set()
    assert found(opened(least, act=act)) == [Finding(rule, "her", TODAY, least)]
    over_midnight = opened(least, datetime(2026, 11, 18, 16, 59, 30, tzinfo=UTC), 1, act)
    assert rule not in rules(over_midnight), "two days"


def test_a_colleagues_case_opened_again_and_again_for_nothing_is_unusual() -> None:
    times = [Deed(NOON + timedelta(hours=n), Act.OPENED_CASE, "her", "c") for n in range(5)]
    assert found(times, {"c": "him"}) == [Finding(Rule.OPENED_IDLY, "her", TODAY, 5, case_id="c")]
    assert rules(times[1:], handlers={"c": "him"}) == set()
    assert rules(times, handlers={"c": "her"}) == set()
    assert rules(times) == set(), "nobody has it"


@pytest.mark.parametrize("act", [Act.WROTE, Act.TOOK, Act.CHANGED_STATUS, Act.ASSIGNED])
def test_who_does_something_in_it_did_not_only_look(act: Act) -> None:
    times = [Deed(NOON + timedelta(hours=n), Act.OPENED_CASE, "her", "c") for n in range(5)]
    acted = Deed(NOON, act, "her", "c")
    assert rules([*times, acted], handlers={"c": "him"}) == set()
    elsewhere = Deed(NOON, act, "her", "another")
    assert rules([*times, elsewhere], handlers={"c": "him"}) == {Rule.OPENED_IDLY}


def test_nobody_answers_for_another() -> None:
    deeds = opened(30)
    shared = [Deed(d.at, d.act, "her" if n % 2 else "him", d.case_id) for n, d in enumerate(deeds)]
    assert rules(shared) == set()


def test_today_and_the_six_days_before_are_told_and_no_more() -> None:
    assert rules(opened(21, NOW - timedelta(days=6))) == {Rule.MANY_CASES_AN_HOUR}
    assert rules(opened(21, NOW - timedelta(days=7))) == set()


def test_the_newest_day_comes_first_then_the_gravest() -> None:
    deeds = [*opened(3, act=Act.REFUSED), *opened(3, act=Act.EXPORTED)]
    deeds += opened(3, NOON - timedelta(days=1), act=Act.EXPORTED)
    assert [(f.day.day, f.rule) for f in found(deeds)] == [
        (18, Rule.MANY_EXPORTS),
        (18, Rule.REFUSED),
        (17, Rule.MANY_EXPORTS),
    ]


# ---- from the audit, on both databases


def of(town: Town, name: str) -> list[Deed]:
    with town.site.store.reading() as session:
        return unusual.deeds(session, town.people[name].organisation_id or "", town.clock())


def test_an_office_sees_its_own_deeds_and_a_failed_sign_in_of_its_people(town: Town) -> None:
    code = town.lodges("រឿង")
    for name in ("mrc", "pdolvt"):
        desk.open_case(town.site, town.people[name], code)
        audit.record(town.site, Act.SIGN_IN_FAILED, member_id=town.people[name].member_id)
    audit.record(town.site, Act.SIGN_IN_FAILED)
    audit.record(town.site, Act.CLOSED, case_id="c" * 32)
    for name in ("mrc", "pdolvt"):
        mine = of(town, name)
        assert {deed.member_id for deed in mine} == {town.people[name].member_id}
        assert [deed.act for deed in mine][-2:] == ["opened_case", "sign_in_failed"]


def test_making_cases_ready_to_be_found_is_no_search(town: Town) -> None:
    who = town.people["mrc"]
    for subject in ("phone 2", None, f"{searching._INDEXED} 50"):
        audit.record(
            town.site,
            Act.SEARCHED,
            member_id=who.member_id,
            organisation_id=who.organisation_id,
            subject=subject,
        )
    assert [deed.act for deed in of(town, "mrc")].count("searched") == 2


def test_what_is_known_of_a_case_comes_from_the_case(town: Town) -> None:
    works_at(town, "mrc", "worker")
    code = town.lodges("រឿង", category="violence_harassment")
    chief, worker = town.people["mrc"], town.people["worker"]
    desk.take(town.site, worker, code)
    for _ in range(unusual.OPENED_IDLY):
        desk.open_case(town.site, chief, code)
    with town.site.store.writing() as session:
        session.add(Alarm(case_id=case.by_code(session, code).id, raised_at=town.clock()))
    with town.site.store.reading() as session:
        deeds = unusual.deeds(session, chief.organisation_id or "", town.clock())
        known = unusual.known(session, deeds, town.clock())
        case_id = session.exec(select(Case.id)).one()
    assert known == Known({case_id: worker.member_id}, {case_id: [town.clock()]})
    (only,) = unusual.find(deeds, town.clock(), known)
    assert (only.rule, only.member_id, only.case_id) == (
        Rule.OPENED_IDLY,
        chief.member_id,
        case_id,
    )

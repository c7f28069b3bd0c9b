"""How long a case is kept: warned first, kept longer on request, never lost by itself."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from referrals import aftercare, audit, case, consent, directory, erasure, readers, retention
from referrals.retention import KeepReason, NotKeptLonger, Warned
from referrals.settings import KeepClosed, Outcome
from referrals.taxonomy import Confidentiality, ConsentCode, Role, Status
from tests.house import SHARES, Town

KEEP = KeepClosed(satisfied=24, unsatisfied=36, withdrawn=12, unsaid=24)
WARNED_AFTER = timedelta(days=365 - 30)


def closed(town: Town, update: str = "u-1") -> str:
    """Lodge a case and have its migrant close it; gives its code."""
    code = town.lodges("រឿង", conversation=update[-1] * 64, update=update)
    with town.site.store.writing() as session:
        aftercare.close(session, town.site, case.by_code(session, code))
    return code


def row(town: Town, code: str) -> case.Case:
    with town.site.store.reading() as session:
        return case.by_code(session, code)


def warns(town: Town) -> list[bool]:
    with town.site.store.writing() as session:
        due = retention.to_warn(session, town.clock(), KEEP)
        return [retention.warn(session, town.site, each, KEEP) for each in due]


def erases(town: Town) -> list[bool]:
    with town.site.store.writing() as session:
        due = retention.to_erase(session, town.clock(), KEEP)
        return [retention.erase(session, town.site, each, KEEP) for each in due]


def seen_by(town: Town, name: str) -> tuple[Warned, ...]:
    with town.site.store.reading() as session:
        found = retention.warned(session, town.people[name], KEEP)
        assert retention.warned_count(session, town.people[name]) == len(found)
        return found


def acts(town: Town, case_id: str) -> list[tuple[str, str | None]]:
    with town.site.store.reading() as session:
        return [(r.act, r.subject) for r in reversed(audit.of_case(session, case_id))]


def test_months_are_those_of_the_calendar() -> None:
    last = datetime(2027, 1, 31, 9, 30, tzinfo=UTC)
    assert retention.months_after(last, 1) == last.replace(month=2, day=28)
    assert retention.months_after(last, 13) == last.replace(year=2028, month=2, day=29)
    assert retention.months_after(last, 24) == last.replace(year=2029)
    assert retention.months_after(last.replace(month=12), 1) == last.replace(year=2028)


@pytest.mark.parametrize(
    ("satisfied", "by", "outcome"),
    [
        ("yes", "office", Outcome.SATISFIED),
        ("partly", "office", Outcome.UNSATISFIED),
        ("no", "migrant", Outcome.UNSATISFIED),
        (None, "migrant", Outcome.WITHDRAWN),
        (None, "office", Outcome.UNSAID),
        (None, None, Outcome.UNSAID),
    ],
)
def test_how_it_ended_is_her_own_answer_first(
    town: Town, satisfied: str | None, by: str | None, outcome: Outcome
) -> None:
    held = row(town, town.lodges("រឿង"))
    held.satisfied, held.closed_by = satisfied, by
    assert retention.outcome_of(held) is outcome


def test_the_office_is_warned_thirty_days_before_and_then_it_is_erased(town: Town) -> None:
    code = closed(town)
    found = row(town, code)
    town.clock.now += WARNED_AFTER - timedelta(minutes=1)
    assert (warns(town), erases(town), seen_by(town, "mrc")) == ([], [], ())
    town.clock.pass_(minutes=1)
    assert warns(town) == [True]
    assert warns(town) == [], "once"
    (line,) = seen_by(town, "mrc")
    assert (line.code, line.outcome) == (code, Outcome.WITHDRAWN)
    assert line.erased_from == town.clock() + retention.WARNING
    assert seen_by(town, "mrc-kampot") == (), "an office without the case sees nothing"
    town.clock.pass_(days=29, hours=23)
    assert erases(town) == []
    town.clock.pass_(hours=1)
    assert erases(town) == [True]
    assert seen_by(town, "mrc") == ()
    assert acts(town, found.id)[-2:] == [("erasure_warned", None), ("erased", "time")]


def test_nothing_is_erased_without_a_warning_that_stood_for_thirty_days(town: Town) -> None:
    code = closed(town)
    town.clock.pass_(days=5000)
    assert erases(town) == []
    assert warns(town) == [True]
    assert seen_by(town, "mrc")[0].erased_from == town.clock() + retention.WARNING
    town.clock.pass_(days=29)
    assert erases(town) == []
    town.clock.pass_(days=1)
    assert erases(town) == [True]
    with town.site.store.reading() as session:
        (certificate, *_) = erasure.of_office(
            session, str(town.people["mrc"].organisation_id), limit=1
        )
        assert certificate.case_mark == erasure.mark_of(town.site, code)


def test_a_case_that_nobody_closed_is_never_erased_by_itself(town: Town) -> None:
    working, asked = town.lodges("រឿង"), town.lodges("រឿង", conversation="d" * 64, update="u-2")
    old = town.lodges("រឿង", conversation="e" * 64, update="u-3")
    with town.site.store.writing() as session:
        called = case.by_code(session, asked)
        called.callback = True
        before_days_were_kept = case.by_code(session, old)
        before_days_were_kept.status = Status.CLOSED
        session.add_all([called, before_days_were_kept])
    town.clock.pass_(days=9999)
    assert (warns(town), erases(town)) == ([], [])
    for code in (working, asked, old):
        assert retention.kept_until(row(town, code), KEEP) is None


def test_opened_again_and_closed_again_it_is_warned_of_anew(town: Town) -> None:
    code = closed(town)
    with town.site.store.writing() as session:
        found = case.by_code(session, code)
        found.warned_at = town.clock()
        session.add(found)
    town.clock.pass_(days=20)
    with town.site.store.writing() as session:
        aftercare.reopen(session, town.site, case.by_code(session, code))
    town.clock.pass_(days=5000)
    assert (warns(town), erases(town), seen_by(town, "mrc")) == ([], [], ())
    with town.site.store.writing() as session:
        aftercare.close(session, town.site, case.by_code(session, code))
    assert (seen_by(town, "mrc"), erases(town)) == ((), [])
    town.clock.now += WARNED_AFTER
    assert (erases(town), warns(town)) == ([], [True])


def keeps(
    town: Town, code: str, months: int, by: str = "mrc", reason: KeepReason = KeepReason.COURT
) -> datetime:
    with town.site.store.writing() as session:
        return retention.keep_longer(
            session, town.site, town.people[by], code, months, reason, KEEP
        )


def test_a_supervisor_keeps_it_longer_with_a_reason_and_the_audit_says_so(town: Town) -> None:
    code = closed(town)
    town.clock.now += WARNED_AFTER
    warns(town)
    due = seen_by(town, "mrc")[0].erased_from
    until = keeps(town, code, 6)
    assert until == retention.months_after(due, 6)
    assert seen_by(town, "mrc") == ()
    assert acts(town, row(town, code).id)[-1] == ("kept_longer", "court:6")
    town.clock.now = until - timedelta(days=31)
    assert (warns(town), erases(town)) == ([], [])
    town.clock.pass_(days=1)
    assert warns(town) == [True]
    town.clock.now = until
    assert erases(town) == [True]


@pytest.mark.parametrize("months", [0, -1, 13, 1200])
def test_it_is_kept_at_most_twelve_months_longer_at_a_time(town: Town, months: int) -> None:
    code = closed(town)
    town.clock.now += WARNED_AFTER
    warns(town)
    with pytest.raises(NotKeptLonger):
        keeps(town, code, months)
    keeps(town, code, 12)
    with pytest.raises(NotKeptLonger):
        keeps(town, code, 12)


def test_only_a_supervisor_of_an_office_that_holds_it_keeps_it_longer(town: Town) -> None:
    code = closed(town)
    with pytest.raises(NotKeptLonger):
        keeps(town, code, 6)
    town.clock.now += WARNED_AFTER
    warns(town)
    with pytest.raises(NotKeptLonger):
        keeps(town, code, 6, by="mrc-kampot")
    town.people["worker"] = replace(town.people["mrc"], role=Role.CASE_WORKER)
    with pytest.raises(PermissionError):
        keeps(town, code, 6, by="worker")
    with town.site.store.reading() as session:
        assert retention.warned_count(session, town.people["worker"]) == 0


def test_a_restricted_case_shows_to_whoever_may_open_it(town: Town) -> None:
    mrc = town.people["mrc"]
    town.people["deputy"] = town.comes("deputy@example.org", mrc.organisation_id, "deputy")
    code = closed(town)
    with town.site.store.writing() as session:
        found = case.by_code(session, code)
        found.confidentiality = Confidentiality.RESTRICTED
        session.add(found)
        readers.name(
            session, found, session.get_one(directory.Member, mrc.member_id), mrc, town.clock()
        )
    town.clock.now += WARNED_AFTER
    warns(town)
    assert [line.code for line in seen_by(town, "mrc")] == [code]
    assert seen_by(town, "deputy") == ()
    with pytest.raises(NotKeptLonger):
        keeps(town, code, 6, by="deputy")


def withdraws(town: Town, code: str, *codes: ConsentCode) -> None:
    with town.site.store.writing() as session:
        for each in codes:
            asked = consent.Asked(each, False, 1, "km", "ពាក្យ", town.clock())
            aftercare.change_consent(session, town.site, case.by_code(session, code), asked)


def test_what_nobody_can_read_any_more_goes_after_thirty_days(town: Town) -> None:
    code = town.lodges("រឿង")
    town.clock.pass_(days=90)
    withdraws(town, code, *SHARES[1:])
    town.clock.pass_(days=90)
    assert erases(town) == [], "one office still reads it"
    withdraws(town, code, SHARES[0])
    town.clock.pass_(days=29)
    assert erases(town) == []
    found = row(town, code)
    town.clock.pass_(days=1)
    assert erases(town) == [True]
    assert acts(town, found.id)[-1] == ("erased", "nobody_can_read")
    with town.site.store.reading() as session:
        (certificate,) = erasure.of_code(
            session, town.site, str(town.people["mrc"].organisation_id), code
        )
    assert (certificate.reason, certificate.closed_at) == ("nobody_can_read", None)

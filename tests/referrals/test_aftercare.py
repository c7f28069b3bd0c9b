"""What she may do with her own case: who read it, what she agreed to, its end, and its erasure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from referrals import aftercare, audit, case, consent, desk, draft, lodging, notice
from referrals.aftercare import MONEY, REOPENING, SATISFIED, Read
from referrals.case import Case, Referral, Wrap
from referrals.consent import StandingConsent
from referrals.directory import Organisation
from referrals.taxonomy import CONSENT_FOR, ConsentCode, PartnerType, Status
from tests.house import Town, told_draft

CONVERSATION = "c" * 64
SERIOUS = "documents_withheld"
"""A topic that goes to all three kinds of office."""


def asked(town: Town, code: ConsentCode, *, granted: bool, version: int = 1) -> consent.Asked:
    return consent.Asked(code, granted, version, "km", "ពាក្យ", town.clock())


def answers(town: Town, code: str, what: ConsentCode, *, granted: bool, version: int = 1) -> bool:
    """Change one consent of a case; says whether the answer was new."""
    with town.site.store.writing() as session:
        found = case.by_code(session, code)
        given_ = asked(town, what, granted=granted, version=version)
        return aftercare.change_consent(session, town.site, found, given_)


def row(town: Town, code: str) -> Case:
    with town.site.store.reading() as session:
        return case.by_code(session, code)


def states(session: Session, case_id: str) -> dict[str, tuple[str, bool]]:
    """Give state, and whether it has an end, of each referral by kind of office."""
    found = session.exec(
        select(Organisation.partner_type, Referral)
        .join(Organisation, col(Organisation.id) == Referral.organisation_id)
        .where(Referral.case_id == case_id)
    )
    return {kind: (referral.state, referral.ended_at is not None) for kind, referral in found}


def referrals(town: Town, code: str) -> dict[str, tuple[str, bool]]:
    with town.site.store.reading() as session:
        return states(session, case.by_code(session, code).id)


def closes(town: Town, code: str) -> None:
    with town.site.store.writing() as session:
        aftercare.close(session, town.site, case.by_code(session, code))


def reopens(town: Town, code: str) -> None:
    with town.site.store.writing() as session:
        aftercare.reopen(session, town.site, case.by_code(session, code))


def acts(town: Town, case_id: str) -> list[tuple[str, str | None]]:
    with town.site.store.reading() as session:
        return [(r.act, r.subject) for r in reversed(audit.of_case(session, case_id))]


# ---- consent


def test_a_consent_taken_back_shuts_that_office_out_and_no_other(town: Town) -> None:
    code = town.lodges("រឿង", category=SERIOUS)
    assert answers(town, code, ConsentCode.SHARE_LEGAL_AID, granted=False)
    with pytest.raises(desk.NotYours):
        desk.open_case(town.site, town.people["lawyer"], code)
    assert desk.open_case(town.site, town.people["mrc"], code).row.code == code
    assert referrals(town, code) == {
        "mrc": ("offered", False),
        "pdolvt": ("offered", False),
        "legal_aid": ("withdrawn", True),
    }
    assert ("consent_changed", "share_legal_aid:no") in acts(town, row(town, code).id)


def test_the_same_answer_twice_is_one_answer(town: Town) -> None:
    code = town.lodges("រឿង")
    assert answers(town, code, ConsentCode.SHARE_MRC, granted=False)
    town.clock.pass_(hours=1)
    before = acts(town, row(town, code).id)
    with town.site.store.reading() as session:
        history = len(consent.history(session, row(town, code).id))
    assert not answers(town, code, ConsentCode.SHARE_MRC, granted=False)
    with town.site.store.reading() as session:
        assert len(consent.history(session, row(town, code).id)) == history
    assert acts(town, row(town, code).id) == before
    assert answers(town, code, ConsentCode.SHARE_MRC, granted=False, version=2)
    assert referrals(town, code)["mrc"] == ("withdrawn", True)


def test_a_case_that_the_office_had_taken_waits_to_be_taken_again(town: Town) -> None:
    code = town.lodges("រឿង")
    desk.take(town.site, town.people["mrc"], code)
    answers(town, code, ConsentCode.SHARE_PDOLVT, granted=False)
    assert row(town, code).handler_id == town.people["mrc"].member_id
    answers(town, code, ConsentCode.SHARE_MRC, granted=False)
    assert (row(town, code).handler_id, row(town, code).status) == (None, Status.LODGED)


def test_a_yes_given_later_brings_no_key_by_itself(town: Town) -> None:
    code = town.lodges("រឿង", category=SERIOUS)
    answers(town, code, ConsentCode.SHARE_LEGAL_AID, granted=False)
    assert answers(town, code, ConsentCode.SHARE_LEGAL_AID, granted=True)
    with town.site.store.reading() as session:
        assert session.get(StandingConsent, (row(town, code).id, "legal_aid")) is not None
    with pytest.raises(desk.NotYours):
        desk.open_case(town.site, town.people["lawyer"], code)


def test_when_the_last_office_is_shut_out_nobody_can_read_it(town: Town) -> None:
    code = town.lodges("រឿង")
    for what, left in ((ConsentCode.SHARE_MRC, True), (ConsentCode.SHARE_PDOLVT, False)):
        answers(town, code, what, granted=False)
        with town.site.store.reading() as session:
            assert aftercare.readable_by_anybody(session, case.by_code(session, code)) is left


def test_who_no_longer_wants_to_be_written_to_is_not(town: Town) -> None:
    code = town.lodges("រឿង")
    other = town.lodges("រឿង", update="u-2", category="dismissal")
    desk.write(town.site, town.people["mrc"], code, "មួយ")
    kept = desk.write(town.site, town.people["mrc"], other, "ពីរ")
    answers(town, code, ConsentCode.CONTACT_ME, granted=False)
    with town.site.store.reading() as session:
        assert [letter.id for letter in notice.unannounced(session)] == [kept]
        (told,) = [c for c in case.for_conversation(session, CONVERSATION) if c.code == code]
        first = notice.waiting_letter(session, town.site, CONVERSATION)
    assert told.letters == 1
    assert first is not None
    assert first.text == "មួយ", "she can still ask for what was written before"
    with pytest.raises(desk.NotAllowed):
        desk.write(town.site, town.people["mrc"], code, "បី")
    assert referrals(town, code)["mrc"] == ("offered", False)


def test_what_may_not_be_kept_must_be_erased(town: Town) -> None:
    code = town.lodges("រឿង")
    with pytest.raises(aftercare.NotErased):
        answers(town, code, ConsentCode.STORE, granted=False)
    assert acts(town, row(town, code).id) == []


CHANGED = (
    ConsentCode.SHARE_MRC,
    ConsentCode.SHARE_PDOLVT,
    ConsentCode.SHARE_LEGAL_AID,
    ConsentCode.SHARE_AUTHORITY,
    ConsentCode.CONTACT_ME,
    ConsentCode.STATISTICS,
)
STEPS = st.one_of(
    st.tuples(st.sampled_from(CHANGED), st.booleans()),
    st.tuples(st.sampled_from(["close", "reopen", "take"]), st.just(value=True)),
)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(STEPS, min_size=1, max_size=8))
def test_whatever_she_answers_no_consent_no_key_and_the_referrals_follow(
    town: Town, steps: list[tuple[Any, bool]]
) -> None:
    town.clock.pass_(days=2)
    code = town.lodges("រឿង", update=town.clock().isoformat(), category=SERIOUS)
    case_id = row(town, code).id
    refused: set[ConsentCode] = set()
    for step, granted in steps:
        town.clock.pass_(minutes=1)
        if step == "close":
            closes(town, code)
        elif step == "reopen":
            reopens(town, code)
        elif step == "take":
            takes_if_open(town, code)
        else:
            answers(town, code, step, granted=granted)
            refused |= {step} - ({step} if granted else set())
        with town.site.store.reading() as session:
            obeys(session, case_id, refused)


def takes_if_open(town: Town, code: str) -> None:
    who = town.people["mrc"]
    try:
        if row(town, code).status != Status.CLOSED:
            desk.take(town.site, who, code)
    except desk.NotYours:
        assert referrals(town, code)["mrc"][0] == "withdrawn"


def obeys(session: Session, case_id: str, refused: set[ConsentCode]) -> None:
    """Check standing consents, keys, referrals and handler against all answers so far."""
    found = session.get_one(Case, case_id)
    agreed = {kind.value for kind, c in CONSENT_FOR.items() if consent.latest(session, case_id, c)}
    stands = select(StandingConsent.partner_type).where(StandingConsent.case_id == case_id)
    assert set(session.exec(stands)) == agreed
    wraps = set(session.exec(select(Wrap.partner_type).where(Wrap.case_id == case_id)))
    assert wraps <= agreed
    assert wraps == {
        k for k in ("mrc", "pdolvt", "legal_aid") if CONSENT_FOR[PartnerType(k)] not in refused
    }
    for kind, (state, ended) in states(session, case_id).items():
        if kind not in wraps:
            assert (state, ended) == ("withdrawn", True)
        elif found.status == Status.CLOSED:
            assert (state, ended) == ("closed", True)
        else:
            taken = kind == "mrc" and found.handler_id is not None
            assert (state, ended) == ("accepted" if taken else "offered", False)
    assert found.handler_id is None or "mrc" in wraps
    assert aftercare.readable_by_anybody(session, found) is bool(wraps)


# ---- who read it


def test_she_sees_which_office_read_it_and_when_and_no_persons_name(town: Town) -> None:
    code = town.lodges("រឿង")
    with town.site.store.reading() as session:
        assert aftercare.reads(session, case.by_code(session, code)) == ()
    town.clock.now = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
    for office in ("mrc", "mrc", "pdolvt", "mrc"):
        town.clock.pass_(hours=1)
        desk.open_case(town.site, town.people[office], code)
    town.clock.now = datetime(2026, 11, 21, 17, 30, tzinfo=UTC)  # past midnight in Cambodia
    desk.open_case(town.site, town.people["mrc"], code)
    town.clock.pass_(minutes=5)
    with pytest.raises(desk.NotYours):
        desk.open_case(town.site, town.people["lawyer"], code)
    desk.take(town.site, town.people["mrc"], code)
    with town.site.store.reading() as session:
        read = aftercare.reads(session, case.by_code(session, code))

    def at(hour: int, minute: int = 0) -> datetime:
        return datetime(2026, 11, 21, hour, minute, tzinfo=UTC)

    mrc, pdolvt = Read("mrc ខ្មែរ", "mrc", at(17, 30)), Read("pdolvt ខ្មែរ", "pdolvt", at(5))
    assert read == (mrc, replace(mrc, at=at(6)), pdolvt, replace(mrc, at=at(4)))


def test_a_file_that_was_opened_is_a_read_too(town: Town) -> None:
    with town.site.store.writing() as session:
        begun = told_draft(session, town.site, "រឿង")
        file = draft.seal_file(town.site, iter([b"voice"]), "audio/ogg")
        draft.tell(session, town.site, begun, "story", "told-3", file=file, kind="voice")
        code = lodging.lodge(session, town.site, begun, "u", language="km").code
    with town.site.store.reading() as session:
        (file_id,) = session.exec(select(case.CaseFile.id))
    desk.open_file(town.site, town.people["mrc"], code, file_id)
    with town.site.store.reading() as session:
        (read,) = aftercare.reads(session, case.by_code(session, code))
    assert (read.organisation_en, read.at) == ("mrc", town.clock())


def test_a_copy_for_a_lawyer_or_a_court_is_told_apart_from_reading(town: Town) -> None:
    code = town.lodges("រឿង")
    desk.open_case(town.site, town.people["mrc"], code)
    desk.open_to_export(town.site, town.people["mrc"], code, "0" * 16)
    desk.open_case(town.site, town.people["mrc"], code)
    with town.site.store.reading() as session:
        read = aftercare.reads(session, case.by_code(session, code))
    assert [each.copied for each in read] == [False, True, False]


# ---- closing


def test_she_closes_her_case_and_the_open_referrals_end(town: Town) -> None:
    code = town.lodges("រឿង", category=SERIOUS)
    desk.take(town.site, town.people["mrc"], code)
    answers(town, code, ConsentCode.SHARE_LEGAL_AID, granted=False)
    closes(town, code)
    closed_at = town.clock()
    town.clock.pass_(hours=1)
    closes(town, code)
    found = row(town, code)
    assert (found.status, found.closed_by, found.closed_at) == ("closed", "migrant", closed_at)
    assert referrals(town, code) == {
        "mrc": ("closed", True),
        "pdolvt": ("closed", True),
        "legal_aid": ("withdrawn", True),
    }
    assert [act for act, _ in acts(town, found.id)].count("closed") == 1


def test_a_case_that_the_office_closed_stays_the_offices_closing(town: Town) -> None:
    code = town.lodges("រឿង")
    desk.set_status(town.site, town.people["mrc"], code, Status.CLOSED)
    before = row(town, code).closed_by
    closes(town, code)
    assert row(town, code).closed_by == before != "migrant"


def test_she_opens_it_again_within_thirty_days(town: Town) -> None:
    code = town.lodges("រឿង", category=SERIOUS)
    desk.take(town.site, town.people["mrc"], code)
    closes(town, code)
    with town.site.store.writing() as session:
        aftercare.say_satisfied(session, case.by_code(session, code), "no")
    answers(town, code, ConsentCode.SHARE_LEGAL_AID, granted=False)
    town.clock.pass_(days=REOPENING.days)
    assert aftercare.may_reopen(row(town, code), town.clock())
    reopens(town, code)
    reopens(town, code)
    found = row(town, code)
    assert (found.status, found.closed_at, found.closed_by) == ("taken", None, None)
    assert found.satisfied is None
    assert referrals(town, code) == {
        "mrc": ("accepted", False),
        "pdolvt": ("offered", False),
        "legal_aid": ("withdrawn", True),
    }
    assert not aftercare.may_reopen(found, town.clock())


def test_after_thirty_days_it_stays_closed(town: Town) -> None:
    code = town.lodges("រឿង")
    closes(town, code)
    town.clock.now += REOPENING + timedelta(seconds=1)
    with pytest.raises(aftercare.TooLate):
        reopens(town, code)
    assert row(town, code).status == Status.CLOSED


def test_her_own_words_on_the_end_are_codes_and_the_last_holds(town: Town) -> None:
    code = town.lodges("រឿង")
    with town.site.store.writing() as session:
        found = case.by_code(session, code)
        for satisfied in SATISFIED:
            aftercare.say_satisfied(session, found, satisfied)
        for money in MONEY:
            aftercare.say_money(session, found, money)
        for wrong in ("", "YES", "maybe", "all "):
            with pytest.raises(ValueError, match="satisfied"):
                aftercare.say_satisfied(session, found, wrong)
            with pytest.raises(ValueError, match="money"):
                aftercare.say_money(session, found, wrong)
    assert (row(town, code).satisfied, row(town, code).money) == ("no", "none")

"""What the complaint journey brings to the desk: details, pictures, consents late or taken back."""

import hashlib
import threading
from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from referrals import aftercare, audit, case, consent, desk, group
from referrals.case import Case, Referral, Wrap
from referrals.consent import Asked, StandingConsent
from referrals.directory import SignedIn
from referrals.intake import MINOR
from referrals.preview import preview
from referrals.routing import Reason
from referrals.taxonomy import Category, ConsentCode, Country, PartnerType, Status, Urgency
from tests.house import Town
from tests.told import CHOSEN, PHOTO, TOLD, answers, lodges_much

MRC_ONLY = (ConsentCode.SHARE_MRC,)


def lodged(town: Town, code: str) -> Case:
    with town.site.store.reading() as session:
        return case.by_code(session, code)


def acts(town: Town, code: str) -> list[str]:
    with town.site.store.reading() as session:
        return [row.act for row in audit.of_case(session, case.by_code(session, code).id)]


def test_all_that_was_told_and_chosen_is_read_at_the_desk(town: Town) -> None:
    opened = desk.open_case(town.site, town.people["mrc"], lodges_much(town))
    told = dict(opened.fields)
    assert {name: told[name] for name in TOLD} == TOLD
    assert told["name"] == "ស្រីគំរូ"
    assert {name: ",".join(codes) for name, codes in opened.choices.items()} == CHOSEN
    assert "choices" not in told


def test_a_file_has_the_hash_and_the_time_of_its_arrival(town: Town) -> None:
    code = lodges_much(town)
    town.clock.pass_(days=1)
    opened = desk.open_case(town.site, town.people["mrc"], code)
    (photo,) = [file for file in opened.files if file.name == "passport"]
    assert photo.sha256 == hashlib.sha256(PHOTO).hexdigest()
    assert photo.at == opened.lodged_at


def test_the_original_keeps_the_place_and_the_preview_has_none(town: Town) -> None:
    code = lodges_much(town)
    mrc = town.people["mrc"]
    (photo,) = [f for f in desk.open_case(town.site, mrc, code).files if f.name == "passport"]
    row, chunks = desk.open_file(town.site, mrc, code, photo.id)
    original = b"".join(chunks)
    assert original == PHOTO
    assert row.sha256 == hashlib.sha256(original).hexdigest()
    assert b"Exif" in original
    assert b"Exif" not in preview([original], row.media_type)


def test_choices_nobody_can_read_are_shown_as_they_are(town: Town) -> None:
    newer = {"wants": "money,a_thing_of_tomorrow", "safe_time": "never_heard_of"}
    opened = desk.open_case(town.site, town.people["mrc"], lodges_much(town, chosen=newer))
    assert opened.choices["wants"] == ("money", "a_thing_of_tomorrow")
    assert opened.choices["safe_time"] == ("never_heard_of",)


# --- Agreed later -----------------------------------------------------------------------------


def test_who_was_agreed_to_later_reads_the_case_after_the_next_opening(town: Town) -> None:
    code = lodges_much(town, shares=MRC_ONLY)
    lawyer, mrc = town.people["lawyer"], town.people["mrc"]
    answers(town, code, ConsentCode.SHARE_LEGAL_AID, granted=True)
    with pytest.raises(desk.NotYours):
        desk.open_case(town.site, lawyer, code)
    opened = desk.open_case(town.site, mrc, code)
    assert [office.name_en for office in opened.offices] == ["mrc", "lawyer"]
    assert Reason.NATIONAL in opened.offices[1].reasons
    assert dict(desk.open_case(town.site, lawyer, code).fields)["employer"] == TOLD["employer"]
    assert acts(town, code).count(audit.Act.SHARED) == 1


def test_opening_again_wraps_the_key_once(town: Town) -> None:
    code = lodges_much(town, shares=MRC_ONLY)
    answers(town, code, ConsentCode.SHARE_LEGAL_AID, granted=True)
    for _ in range(3):
        desk.open_case(town.site, town.people["mrc"], code)
    desk.open_case(town.site, town.people["lawyer"], code)
    with town.site.store.reading() as session:
        held = session.exec(select(Wrap).where(Wrap.case_id == lodged(town, code).id)).all()
    assert sorted(wrap.partner_type for wrap in held) == ["legal_aid", "mrc"]
    assert acts(town, code).count(audit.Act.SHARED) == 1


def test_two_who_open_at_the_same_moment_wrap_it_once_and_both_read(town: Town) -> None:
    shares = (ConsentCode.SHARE_MRC, ConsentCode.SHARE_PDOLVT)
    code = lodges_much(town, shares=shares)
    answers(town, code, ConsentCode.SHARE_LEGAL_AID, granted=True)
    read: list[str] = []

    def opens(name: str) -> None:
        read.append(desk.open_case(town.site, town.people[name], code).row.code)

    both = [threading.Thread(target=opens, args=(name,)) for name in ("mrc", "pdolvt")]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(30)
    assert read == [code, code]
    assert acts(town, code).count(audit.Act.SHARED) == 1


def test_without_consent_the_database_refuses_the_key(town: Town) -> None:
    code = lodges_much(town, shares=MRC_ONLY)
    desk.open_case(town.site, town.people["mrc"], code)
    with pytest.raises(desk.NotYours):
        desk.open_case(town.site, town.people["lawyer"], code)
    wrapped = Wrap(
        case_id=lodged(town, code).id,
        organisation_id=town.people["lawyer"].organisation_id or "",
        partner_type=PartnerType.LEGAL_AID,
        wrapped=b"any",
    )
    with pytest.raises(IntegrityError), town.site.store.writing() as session:
        session.add(wrapped)


def test_what_was_agreed_to_at_lodging_stays_where_routing_sent_it(town: Town) -> None:
    code = town.lodges("រឿង")  # wages: a lawyer may read, and routing asks none
    opened = desk.open_case(town.site, town.people["mrc"], code)
    assert [office.name_en for office in opened.offices] == ["mrc", "pdolvt"]
    assert audit.Act.SHARED not in acts(town, code)


def test_when_nobody_of_that_kind_can_receive_the_case_is_opened_all_the_same(town: Town) -> None:
    code = lodges_much(town, shares=MRC_ONLY)
    answers(town, code, ConsentCode.SHARE_AUTHORITY, granted=True)
    opened = desk.open_case(town.site, town.people["mrc"], code)
    assert [office.name_en for office in opened.offices] == ["mrc"]


@pytest.mark.parametrize(
    ("unseen", "asked"),
    [
        ("labour_office", ConsentCode.SHARE_PDOLVT),
        ("home_offices", ConsentCode.SHARE_PDOLVT),
    ],
)
def test_who_must_not_see_it_gets_no_key_later_either(
    town: Town, unseen: str, asked: ConsentCode
) -> None:
    code = lodges_much(town, chosen={"not_see": unseen}, shares=(ConsentCode.SHARE_LEGAL_AID,))
    answers(town, code, asked, granted=True)
    opened = desk.open_case(town.site, town.people["lawyer"], code)
    assert [office.name_en for office in opened.offices] == ["lawyer"]
    with pytest.raises(desk.NotYours):
        desk.open_case(town.site, town.people["pdolvt"], code)


def test_who_lost_a_case_and_is_agreed_to_again_has_it_again(town: Town) -> None:
    code = lodges_much(town, category="documents_withheld")
    lawyer, mrc = town.people["lawyer"], town.people["mrc"]
    town.clock.pass_(minutes=1)
    withdraws(town, code, ConsentCode.SHARE_LEGAL_AID)
    with pytest.raises(desk.NotYours):
        desk.open_case(town.site, lawyer, code)
    answers(town, code, ConsentCode.SHARE_LEGAL_AID, granted=True)
    desk.open_case(town.site, mrc, code)
    assert desk.open_case(town.site, lawyer, code).row.code == code
    with town.site.store.reading() as session:
        assert desk.withdrawn(session, lawyer, town.clock()) == []
        referral = session.get(Referral, (lodged(town, code).id, lawyer.organisation_id))
    assert referral is not None
    assert (referral.state, referral.ended_at) == ("offered", None)


def test_a_consent_taken_back_as_she_opens_leaves_the_case_open_and_no_key(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = lodges_much(town, shares=MRC_ONLY)
    answers(town, code, ConsentCode.SHARE_LEGAL_AID, granted=True)
    real = desk.lodging.refer

    def refer(session, *rest) -> None:  # type: ignore[no-untyped-def]
        case_id = rest[1].id
        session.delete(session.get_one(StandingConsent, (case_id, PartnerType.LEGAL_AID.value)))
        session.flush()
        real(session, *rest)

    monkeypatch.setattr(desk.lodging, "refer", refer)
    opened = desk.open_case(town.site, town.people["mrc"], code)
    assert [office.name_en for office in opened.offices] == ["mrc"]
    assert audit.Act.SHARED not in acts(town, code)


# --- Taken back, closed, ended ------------------------------------------------------------------


def withdraws(town: Town, code: str, asked: ConsentCode) -> None:
    with town.site.store.writing() as session:
        said = Asked(asked, False, 1, "km", "ពាក្យ", town.clock())
        aftercare.change_consent(session, town.site, case.by_code(session, code), said)


def test_an_office_learns_which_case_was_withdrawn_and_when_and_no_more(town: Town) -> None:
    code = lodges_much(town)
    town.clock.pass_(days=2)
    withdraws(town, code, ConsentCode.SHARE_PDOLVT)
    pdolvt, mrc = town.people["pdolvt"], town.people["mrc"]
    with town.site.store.reading() as session:
        assert desk.withdrawn(session, pdolvt, town.clock()) == [
            desk.WithdrawnRow(code, town.clock())
        ]
        assert desk.withdrawn(session, mrc, town.clock()) == []
        assert desk.list_cases(session, pdolvt, town.clock()) == []
    with pytest.raises(desk.NotYours):
        desk.open_case(town.site, pdolvt, code)
    opened = desk.open_case(town.site, mrc, code)
    assert [office.withdrawn for office in opened.offices] == [False, True]
    assert [row.code for row in opened.consents if row.withdrawn] == [ConsentCode.SHARE_PDOLVT]
    town.clock.pass_(days=91)
    with town.site.store.reading() as session:
        assert desk.withdrawn(session, pdolvt, town.clock()) == []


def test_an_erased_case_leaves_nothing_at_the_desk(town: Town) -> None:
    code = lodges_much(town)
    withdraws(town, code, ConsentCode.SHARE_PDOLVT)
    with town.site.store.writing() as session:
        aftercare.erase(session, town.site, case.by_code(session, code))
    for name in ("mrc", "pdolvt"):
        with town.site.store.reading() as session:
            assert desk.withdrawn(session, town.people[name], town.clock()) == []
            assert desk.list_cases(session, town.people[name], town.clock()) == []
        with pytest.raises(desk.NotYours):
            desk.open_case(town.site, town.people[name], code)


def test_a_no_that_was_never_a_yes_is_not_called_withdrawn(town: Town) -> None:
    code = lodges_much(town, shares=MRC_ONLY)
    opened = desk.open_case(town.site, town.people["mrc"], code)
    assert not any(row.withdrawn for row in opened.consents)
    assert [row.granted for row in opened.consents if row.code == ConsentCode.SHARE_PDOLVT] == [
        False
    ]


def test_closing_says_when_and_who_and_opening_again_forgets_it(town: Town) -> None:
    code, mrc = lodges_much(town), town.people["mrc"]
    desk.set_status(town.site, mrc, code, Status.CLOSED)
    closed_at = town.clock()
    town.clock.pass_(days=1)
    desk.set_status(town.site, mrc, code, Status.CLOSED)
    ending = desk.open_case(town.site, mrc, code).ending
    assert (ending.closed_at, ending.closed_by) == (closed_at, "office")
    desk.set_status(town.site, mrc, code, Status.WORKING)
    ending = desk.open_case(town.site, mrc, code).ending
    assert (ending.closed_at, ending.closed_by) == (None, None)


def test_who_closed_it_first_stays_and_her_answers_are_shown(town: Town) -> None:
    code, mrc = lodges_much(town), town.people["mrc"]
    desk.set_status(town.site, mrc, code, Status.CLOSED)
    closed_at = town.clock()
    town.clock.pass_(hours=1)
    with town.site.store.writing() as session:
        hers = case.by_code(session, code)
        aftercare.close(session, town.site, hers)
        aftercare.say_satisfied(session, hers, "partly")
        aftercare.say_money(session, hers, "part")
    desk.set_status(town.site, mrc, code, Status.CLOSED)
    assert desk.open_case(town.site, mrc, code).ending == desk.EndingRow(
        closed_at, "office", "partly", "part"
    )


def test_an_office_that_opens_a_closed_case_again_has_its_referral_again(town: Town) -> None:
    code, mrc = lodges_much(town), town.people["mrc"]

    def referral() -> tuple[str, datetime | None]:
        with town.site.store.reading() as session:
            held = session.get_one(Referral, (lodged(town, code).id, mrc.organisation_id))
        return held.state, held.ended_at

    desk.set_status(town.site, mrc, code, Status.CLOSED)
    assert referral() == ("closed", town.clock())
    desk.set_status(town.site, mrc, code, Status.WORKING)
    assert referral() == ("accepted", None)


# --- Children, groups, helpers ------------------------------------------------------------------


@pytest.mark.parametrize("age", sorted(MINOR))
def test_a_child_is_for_now(town: Town, age: str) -> None:
    lodges_much(town, chosen={"age": age})
    with town.site.store.reading() as session:
        (row,) = desk.list_cases(session, town.people["mrc"], town.clock())
    assert (row.minor, row.urgency) == (True, Urgency.NOW)


def test_a_group_shows_only_the_cases_that_the_office_can_open(town: Town) -> None:
    mine = lodges_much(town, conversation="1" * 64)
    theirs = lodges_much(town, conversation="2" * 64, shares=(ConsentCode.SHARE_LEGAL_AID,))
    ours = lodges_much(town, conversation="3" * 64)
    with town.site.store.writing() as session:
        begun = group.begin(session, town.site, Category.UNPAID_WAGES, Country.TH)
        for code in (mine, theirs, ours):
            case.by_code(session, code).group_id = begun.id
    shown = desk.open_case(town.site, town.people["mrc"], mine).group
    assert shown == desk.GroupRow(begun.code, (ours,))
    alone = desk.open_case(town.site, town.people["lawyer"], theirs).group
    assert alone == desk.GroupRow(begun.code, ())


def test_who_helped_to_lodge_it_is_named(town: Town) -> None:
    code, mrc = lodges_much(town), town.people["mrc"]
    assert desk.open_case(town.site, mrc, code).assisted_by is None
    with town.site.store.writing() as session:
        case.by_code(session, code).assisted_by = mrc.member_id
    assert desk.open_case(town.site, mrc, code).assisted_by == "mrc"


def test_consent_given_again_without_having_been_taken_back_changes_nothing(town: Town) -> None:
    code = lodges_much(town, shares=MRC_ONLY)
    answers(town, code, ConsentCode.SHARE_MRC, granted=True)
    opened = desk.open_case(town.site, town.people["mrc"], code)
    assert [office.name_en for office in opened.offices] == ["mrc"]
    with town.site.store.reading() as session:
        assert consent.latest(session, lodged(town, code).id, ConsentCode.SHARE_MRC)
    assert audit.Act.SHARED not in acts(town, code)


@pytest.mark.parametrize(
    "act",
    [
        lambda town, who, code: desk.set_status(town.site, who, code, Status.WORKING),
        lambda town, who, code: desk.set_status(town.site, who, code, Status.CLOSED),
        lambda town, who, code: desk.write(town.site, who, code, "សួស្តី"),
        lambda town, who, code: desk.take(town.site, who, code),
    ],
)
def test_what_she_closed_herself_no_office_goes_on_with(
    town: Town, act: Callable[[Town, SignedIn, str], object]
) -> None:
    code = town.lodges("រឿង")
    with town.site.store.writing() as session:
        aftercare.close(session, town.site, case.by_code(session, code))
    with pytest.raises(desk.NotAllowed):
        act(town, town.people["mrc"], code)
    with town.site.store.writing() as session:
        found = case.by_code(session, code)
        assert (found.status, found.closed_by) == (Status.CLOSED, "migrant")
        aftercare.reopen(session, town.site, found)
    act(town, town.people["mrc"], code)

"""Promise 4: a partner can open a case only if a consent for that kind of partner exists."""

from contextlib import nullcontext

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, delete, select

from referrals import case, consent, desk
from referrals.case import Wrap
from referrals.consent import StandingConsent
from referrals.taxonomy import CONSENT_FOR, ConsentCode, PartnerType
from tests.house import Town


def wraps_for_the_lawyer(town: Town, code: str, kind: PartnerType) -> None:
    """Write a key for the lawyer straight into the database, under a kind of partner."""
    with town.site.store.writing() as session:
        session.add(
            Wrap(
                case_id=case.by_code(session, code).id,
                organisation_id=town.people["lawyer"].organisation_id or "",
                partner_type=kind,
                wrapped=b"a key",
            )
        )


def stands(
    town: Town, case_id: str, kind: str, consent_id: int, code: str, *, granted: bool
) -> None:
    """Write a standing consent straight into the database."""
    with town.site.store.writing() as session:
        session.add(
            StandingConsent(
                case_id=case_id,
                partner_type=kind,
                consent_id=consent_id,
                code=code,
                granted=granted,
            )
        )


def test_the_database_itself_refuses_a_key_without_a_consent(town: Town) -> None:
    code = town.lodges("រឿង", shares=[ConsentCode.SHARE_MRC])
    with pytest.raises(IntegrityError):
        wraps_for_the_lawyer(town, code, PartnerType.LEGAL_AID)


def test_the_database_refuses_a_key_under_another_kinds_consent(town: Town) -> None:
    """The lawyer cannot be passed off as a resource centre, for which there is a consent."""
    code = town.lodges("រឿង", shares=[ConsentCode.SHARE_MRC])
    with pytest.raises(IntegrityError):
        wraps_for_the_lawyer(town, code, PartnerType.MRC)


def consents(town: Town, code: str) -> tuple[str, dict[str, int]]:
    """Give a case's id, and its answers by what was asked."""
    with town.site.store.reading() as session:
        row = case.by_code(session, code)
        return row.id, {r.code: r.id or 0 for r in consent.history(session, row.id)}


@pytest.mark.parametrize("granted", [True, False])
def test_the_database_lets_no_refusal_stand_as_a_consent(town: Town, granted: bool) -> None:
    case_id, asked = consents(town, town.lodges("រឿង", shares=[ConsentCode.SHARE_MRC]))
    with pytest.raises(IntegrityError):
        stands(
            town,
            case_id,
            PartnerType.LEGAL_AID,
            asked["share_legal_aid"],
            "share_legal_aid",
            granted=granted,
        )


def test_the_database_lets_no_other_cases_consent_stand(town: Town) -> None:
    case_id, _ = consents(town, town.lodges("១", shares=[ConsentCode.SHARE_MRC]))
    _, theirs = consents(town, town.lodges("២", conversation="d" * 64, update="u-2"))
    with pytest.raises(IntegrityError):
        stands(
            town,
            case_id,
            PartnerType.LEGAL_AID,
            theirs["share_legal_aid"],
            "share_legal_aid",
            granted=True,
        )


@pytest.mark.parametrize("code", ["share_mrc", "share_legal_aid", "store"])
def test_the_database_lets_no_other_kinds_consent_stand(town: Town, code: str) -> None:
    case_id, asked = consents(town, town.lodges("រឿង", shares=[ConsentCode.SHARE_MRC]))
    with pytest.raises(IntegrityError):
        stands(
            town,
            case_id,
            PartnerType.LEGAL_AID,
            asked["share_mrc" if code != "store" else "store"],
            code,
            granted=True,
        )


def test_the_database_lets_nobody_turn_a_yes_that_stands_into_a_no(town: Town) -> None:
    _, asked = consents(town, town.lodges("រឿង"))
    with pytest.raises(IntegrityError), town.site.store.writing() as session:
        session.get_one(consent.Consent, asked["share_mrc"]).granted = False


def test_the_rule_in_the_database_is_the_one_of_the_taxonomy(town: Town) -> None:
    """The migration has it in writing: a kind that is added must be added there too."""
    case_id, _ = consents(town, town.lodges("រឿង", shares=[ConsentCode.SHARE_MRC]))
    for kind in PartnerType:
        for code in ConsentCode:
            with town.site.store.writing() as session:
                consent.record(
                    session, case_id, consent.Asked(code, True, 1, "km", "ពាក្យ", town.clock())
                )
                given = consent.history(session, case_id)[-1]
                session.exec(
                    delete(StandingConsent).where(col(StandingConsent.partner_type) == kind)
                )
            fits = CONSENT_FOR.get(kind) is code
            with nullcontext() if fits else pytest.raises(IntegrityError):  # noqa: SIM117
                with town.site.store.writing() as session:
                    session.add(
                        StandingConsent(
                            case_id=case_id,
                            partner_type=kind,
                            consent_id=given.id or 0,
                            code=code,
                            granted=True,
                        )
                    )


def test_a_second_yes_takes_no_key_away(town: Town) -> None:
    code = town.lodges("រឿង")
    with town.site.store.writing() as session:
        again = consent.Asked(ConsentCode.SHARE_MRC, True, 2, "km", "ពាក្យ", town.clock())
        consent.record(session, case.by_code(session, code).id, again)
    assert desk.open_case(town.site, town.people["mrc"], code).row.code == code


def test_withdrawn_consent_closes_the_partners_door(town: Town) -> None:
    code = town.lodges("រឿង")
    assert desk.open_case(town.site, town.people["pdolvt"], code).row.code == code
    with town.site.store.writing() as session:
        row = case.by_code(session, code)
        no = consent.Asked(ConsentCode.SHARE_PDOLVT, False, 1, "km", "ពាក្យ", town.clock())
        consent.record(session, row.id, no)
    with pytest.raises(desk.NotYours):
        desk.open_case(town.site, town.people["pdolvt"], code)
    assert desk.open_case(town.site, town.people["mrc"], code).row.code == code


def test_deleting_the_consent_row_deletes_the_key(town: Town) -> None:
    code = town.lodges("រឿង")
    with town.site.store.writing() as session:
        session.connection().execute(
            text("DELETE FROM standing_consent WHERE partner_type = 'mrc'")
        )
    with town.site.store.reading() as session:
        row = case.by_code(session, code)
        left = session.exec(select(Wrap.partner_type).where(Wrap.case_id == row.id)).all()
        standing = session.exec(select(StandingConsent.partner_type)).all()
    assert "mrc" not in left
    assert set(left) <= set(standing)


def test_no_kind_of_partner_gets_a_key_that_was_not_asked_for(town: Town) -> None:
    """Whatever is agreed to, the wraps are of those kinds and no other."""
    for number, agreed in enumerate(
        ([ConsentCode.SHARE_MRC], [ConsentCode.SHARE_PDOLVT], [ConsentCode.SHARE_LEGAL_AID])
    ):
        code = town.lodges(
            "រឿង",
            shares=agreed,
            conversation=str(number) * 64,
            update=f"u{number}",
            category="documents_withheld",
        )
        with town.site.store.reading() as session:
            row = case.by_code(session, code)
            kinds = session.exec(select(Wrap.partner_type).where(Wrap.case_id == row.id)).all()
        assert {CONSENT_FOR[PartnerType(k)] for k in kinds} == set(agreed)

"""Promise 4: a partner can open a case only if a consent for that kind of partner exists."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from referrals import case, consent, desk
from referrals.case import Wrap
from referrals.consent import StandingConsent
from referrals.taxonomy import CONSENT_FOR, ConsentCode, PartnerType
from tests.house import Town


def test_the_database_itself_refuses_a_key_without_a_consent(town: Town) -> None:
    code = town.lodges("រឿង", shares=[ConsentCode.SHARE_MRC])
    lawyer = town.people["lawyer"]
    with pytest.raises(IntegrityError), town.site.store.writing() as session:
        session.add(
            Wrap(
                case_id=case.by_code(session, code).id,
                organisation_id=lawyer.organisation_id or "",
                partner_type=PartnerType.LEGAL_AID,
                wrapped=b"a key",
            )
        )


def test_the_database_refuses_a_key_under_another_kinds_consent(town: Town) -> None:
    """The lawyer cannot be passed off as a resource centre, for which there is a consent."""
    code = town.lodges("រឿង", shares=[ConsentCode.SHARE_MRC])
    lawyer = town.people["lawyer"]
    with pytest.raises(IntegrityError), town.site.store.writing() as session:
        session.add(
            Wrap(
                case_id=case.by_code(session, code).id,
                organisation_id=lawyer.organisation_id or "",
                partner_type=PartnerType.MRC,
                wrapped=b"a key",
            )
        )


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

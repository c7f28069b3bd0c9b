"""What was taken back after a backup was made stays taken back when it is brought back."""

import json
from pathlib import Path

import pytest
from sqlmodel import select

from referrals import aftercare, audit, backup, case, consent, desk, keyring, membership
from referrals.audit import AuditRow
from referrals.case import Case, Referral, Wrap
from referrals.directory import Member, OrganisationKey, SignedIn
from referrals.taxonomy import ConsentCode, Role
from tests.house import Town
from tests.referrals.brought_back import House, lodges

WORDS = "តើឱ្យមន្ទីរការងារមើលបានទេ?"


def answers(town: Town, code: str, which: ConsentCode, *, granted: bool) -> None:
    town.clock.pass_(minutes=1)
    asked = consent.Asked(which, granted, 1, "km", WORDS, town.clock())
    with town.site.store.writing() as session:
        aftercare.change_consent(session, town.site, case.by_code(session, code), asked)


def offices(town: Town, code: str) -> set[str]:
    with town.site.store.reading() as session:
        held = select(Wrap.partner_type).join(Case, Case.id == Wrap.case_id)  # type: ignore[arg-type]
        return set(session.exec(held.where(Case.code == code)))


def colleague(town: Town) -> SignedIn:
    chief = town.people["mrc"]
    came = town.comes("second@example.org", chief.organisation_id, "second", Role.SUPERVISOR)
    keyring.admit(town.site, chief, came.member_id)
    return came


def goes(town: Town, by: SignedIn, member_id: str) -> None:
    with town.site.store.writing() as session:
        membership.let_go(session, by, session.get_one(Member, member_id), town.clock())


def written(house: House) -> Path:
    backup.write_erased(house.town.site, house.backups)
    return house.backups / backup.ERASED


def test_a_consent_that_was_taken_back_since_gives_no_key(house: House) -> None:
    code, untouched = lodges(house.town, "a"), lodges(house.town, "b")
    folder = house.copies()
    answers(house.town, code, ConsentCode.SHARE_PDOLVT, granted=False)
    written(house)
    assert house.brings_back(folder).again.consents == 1
    again = house.opened()
    try:
        assert offices(again, code) == {"mrc"}
        assert offices(again, untouched) == {"mrc", "pdolvt"}
        with again.site.store.reading() as session:
            held = case.by_code(session, code)
            last = [c for c in consent.history(session, held.id) if c.code == "share_pdolvt"][-1]
            assert (last.granted, last.words, last.language) == (False, WORDS, "km")
            office = again.people["pdolvt"].organisation_id
            ended = session.get_one(Referral, (held.id, office))
            assert ended.state == "withdrawn"
            changed = select(AuditRow).where(AuditRow.act == audit.Act.CONSENT_CHANGED)
            assert session.exec(changed).one().case_id == held.id
        with pytest.raises(desk.NotYours):
            desk.open_case(again.site, again.people["pdolvt"], code)
    finally:
        again.site.store.engine.dispose()


def test_what_was_taken_back_before_the_backup_and_given_again_stands(house: House) -> None:
    code = lodges(house.town, "a")
    answers(house.town, code, ConsentCode.CONTACT_ME, granted=False)
    answers(house.town, code, ConsentCode.CONTACT_ME, granted=True)
    folder = house.copies()
    written(house)
    assert house.brings_back(folder).again.consents == 0
    again = house.opened()
    try:
        with again.site.store.reading() as session:
            held = case.by_code(session, code)
            assert consent.latest(session, held.id, ConsentCode.CONTACT_ME)
    finally:
        again.site.store.engine.dispose()


def test_a_member_who_left_since_is_none_when_a_colleague_holds_the_key(house: House) -> None:
    second, code = colleague(house.town), lodges(house.town, "a")
    desk.take(house.town.site, second, code)
    folder = house.copies()
    goes(house.town, house.town.people["mrc"], second.member_id)
    written(house)
    again_ = house.brings_back(folder).again
    assert (again_.left, again_.staying) == (1, 0)
    again = house.opened()
    try:
        with pytest.raises(desk.NotYours):
            desk.open_case(again.site, second, code)
        assert desk.open_case(again.site, again.people["mrc"], code).row.handler is None
        with again.site.store.reading() as session:
            gone = session.get_one(Member, second.member_id)
            assert gone.left_at is not None
            assert gone.sealed_private_key is None
    finally:
        again.site.store.engine.dispose()


def test_the_only_one_who_holds_the_key_of_that_time_stays_or_nobody_could_open_anything(
    house: House,
) -> None:
    """Her colleague came after the backup was made, and is not in it."""
    code = lodges(house.town, "a")
    folder = house.copies()
    second = colleague(house.town)
    goes(house.town, second, house.town.people["mrc"].member_id)
    written(house)
    again_ = house.brings_back(folder).again
    assert (again_.left, again_.staying) == (0, 1)
    again = house.opened()
    try:
        assert desk.open_case(again.site, again.people["mrc"], code).row.code == code
        with again.site.store.reading() as session:
            assert session.exec(
                select(OrganisationKey).where(
                    OrganisationKey.member_id == again.people["mrc"].member_id
                )
            ).one()
    finally:
        again.site.store.engine.dispose()


def test_a_line_that_somebody_made_up_or_changed_takes_nothing_back(house: House) -> None:
    code = lodges(house.town, "a")
    folder = house.copies()
    answers(house.town, code, ConsentCode.SHARE_PDOLVT, granted=False)
    listed = written(house)
    (line,) = [each for each in listed.read_text().splitlines() if each]
    listed.write_text(json.dumps({**json.loads(line), "code": "share_mrc"}) + "\n")
    came = house.brings_back(folder)
    assert (came.again.consents, came.strange) == (0, 1)
    again = house.opened()
    try:
        assert offices(again, code) == {"mrc", "pdolvt"}
    finally:
        again.site.store.engine.dispose()


def test_the_list_names_no_case_and_grows_by_what_is_new(house: House) -> None:
    code = lodges(house.town, "a")
    house.copies()
    answers(house.town, code, ConsentCode.SHARE_PDOLVT, granted=False)
    listed = written(house).read_text()
    assert code not in listed
    with house.town.site.store.reading() as session:
        assert case.by_code(session, code).id not in listed
    assert backup.write_erased(house.town.site, house.backups) == 0

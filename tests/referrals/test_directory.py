"""Who may be invited, by whom, and who gets an organisation's key."""

import threading
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from referrals import directory, keyring, keys
from referrals.directory import (
    LINK_LIFETIME,
    Member,
    Organisation,
    OrganisationKey,
    SupervisorFirst,
    UsedLink,
)
from referrals.taxonomy import PartnerType, Role
from tests.house import PASSWORD, Town

EMAIL = "colleague@example.org"


def invites(town: Town, role: Role, office: str | None, email: str = EMAIL) -> str:
    with town.site.store.writing() as session:
        return directory.invite(session, email, role, office, town.clock())


def office(town: Town, name: str) -> str:
    found = town.people[name].organisation_id
    assert found is not None
    return found


def empty_office(town: Town) -> str:
    with town.site.store.writing() as session:
        return directory.add_organisation(session, PartnerType.MRC, "ថ្មី", "New").id


def member(session: Session, email: str = EMAIL) -> Member:
    return session.exec(select(Member).where(Member.email == email)).one()


def joins(town: Town, secret: str) -> None:
    with town.site.store.writing() as session:
        invited = directory.invited(session, secret, town.clock())
        keyring.accept(session, invited, "ឈ្មោះ", PASSWORD, town.clock())


# ---- an invitation that waits


def test_nobody_takes_away_a_person_whom_another_office_invited(town: Town) -> None:
    secret = invites(town, Role.SUPERVISOR, office(town, "mrc"))
    with pytest.raises(UsedLink):
        invites(town, Role.CASE_WORKER, office(town, "pdolvt"))
    with town.site.store.reading() as session:
        invited = directory.invited(session, secret, town.clock())
    assert (invited.organisation_id, invited.role) == (office(town, "mrc"), Role.SUPERVISOR)


def test_nobody_makes_a_colleague_of_an_administrator_who_is_invited(town: Town) -> None:
    secret = invites(town, Role.ADMINISTRATOR, None)
    town.clock.now += LINK_LIFETIME + timedelta(days=1)
    with pytest.raises(UsedLink):
        invites(town, Role.CASE_WORKER, office(town, "mrc"))
    again = invites(town, Role.ADMINISTRATOR, None)
    with town.site.store.reading() as session:
        assert directory.invited(session, again, town.clock()).organisation_id is None
        with pytest.raises(UsedLink):
            directory.invited(session, secret, town.clock())


def test_nobody_makes_an_administrator_of_a_colleague_who_is_invited(town: Town) -> None:
    invites(town, Role.CASE_WORKER, office(town, "mrc"))
    with pytest.raises(UsedLink):
        invites(town, Role.ADMINISTRATOR, None)


def test_the_same_office_can_send_the_link_again_and_correct_the_role(town: Town) -> None:
    old = invites(town, Role.SUPERVISOR, office(town, "mrc"))
    new = invites(town, Role.CASE_WORKER, office(town, "mrc"))
    with town.site.store.reading() as session:
        assert directory.invited(session, new, town.clock()).role == Role.CASE_WORKER
        with pytest.raises(UsedLink):
            directory.invited(session, old, town.clock())


def test_a_person_who_never_came_can_be_invited_elsewhere_later(town: Town) -> None:
    invites(town, Role.CASE_WORKER, office(town, "mrc"))
    town.clock.now += LINK_LIFETIME + timedelta(seconds=1)
    secret = invites(town, Role.CASE_WORKER, office(town, "pdolvt"))
    with town.site.store.reading() as session:
        invited = directory.invited(session, secret, town.clock())
    assert invited.organisation_id == office(town, "pdolvt")


def test_who_has_an_account_is_not_invited_again(town: Town) -> None:
    with pytest.raises(UsedLink):
        invites(town, Role.SUPERVISOR, office(town, "mrc"), "mrc@example.org")


def test_an_editor_belongs_to_no_office_and_can_hold_no_key(town: Town) -> None:
    with pytest.raises(ValueError, match="no organisation"):
        invites(town, Role.EDITOR, office(town, "mrc"))
    joins(town, invites(town, Role.EDITOR, None))
    with town.site.store.reading() as session:
        editor = member(session)
        assert (editor.role, editor.organisation_id) == (Role.EDITOR, None)
        held = select(OrganisationKey).where(OrganisationKey.member_id == editor.id)
        assert session.exec(held).all() == []
        assert [each.role for each in directory.members(session, None)] == [Role.EDITOR]
        assert directory.administrators(session) == []


def test_an_administrators_invitation_becomes_no_editors(town: Town) -> None:
    secret = invites(town, Role.ADMINISTRATOR, None)
    with pytest.raises(UsedLink):
        invites(town, Role.EDITOR, None)
    joins(town, secret)
    with town.site.store.reading() as session:
        assert [each.role for each in directory.administrators(session)] == [Role.ADMINISTRATOR]


def test_an_editor_does_not_stand_in_for_the_first_administrator(town: Town) -> None:
    joins(town, invites(town, Role.EDITOR, None))
    with town.site.store.reading() as session:
        assert not any(each.public_key for each in directory.administrators(session))


# ---- the first of an office


def test_the_first_of_an_office_is_a_supervisor(town: Town) -> None:
    new = empty_office(town)
    with pytest.raises(SupervisorFirst, match="the first must be a supervisor"):
        invites(town, Role.CASE_WORKER, new)
    secret = invites(town, Role.SUPERVISOR, new)
    with pytest.raises(SupervisorFirst):
        invites(town, Role.CASE_WORKER, new)
    joins(town, secret)
    assert invites(town, Role.CASE_WORKER, new, "second@example.org")


def test_an_office_that_is_not_there_gets_nobody(town: Town) -> None:
    with pytest.raises(ValueError, match="no such organisation"):
        invites(town, Role.SUPERVISOR, "0" * 32)


def test_of_two_who_come_first_at_once_one_gets_the_key_and_admits_the_other(town: Town) -> None:
    new = empty_office(town)
    first = invites(town, Role.SUPERVISOR, new, "a@example.org")
    other = threading.Thread(
        target=joins, args=(town, invites(town, Role.SUPERVISOR, new, "b@example.org"))
    )
    with town.site.store.writing() as session:
        invited = directory.invited(session, first, town.clock())
        keyring.accept(session, invited, "ឈ្មោះ", PASSWORD, town.clock())
        other.start()
        other.join(1.5)  # long enough to come as far as it can
        assert other.is_alive()
    other.join(30)
    with town.site.store.reading() as session:
        (held,) = session.exec(
            select(OrganisationKey).where(OrganisationKey.organisation_id == new)
        )
        first_member = member(session, "a@example.org")
        assert held.member_id == first_member.id
        opened = keyring.unlock(first_member, PASSWORD).open_(
            held.wrapped, keys.organisation_key_purpose(new, first_member.id)
        )
        public = session.get_one(Organisation, new).public_key
        assert keys.PrivateKey(opened).public == public
        assert [m.email for m in directory.waiting_members(session, new)] == ["b@example.org"]


def test_one_link_sent_twice_at_once_makes_one_account(town: Town) -> None:
    new = empty_office(town)
    secret = invites(town, Role.SUPERVISOR, new)
    refused: list[BaseException] = []

    def again() -> None:
        try:
            joins(town, secret)
        except UsedLink as error:
            refused.append(error)

    other = threading.Thread(target=again)
    with town.site.store.writing() as session:
        invited = directory.invited(session, secret, town.clock())
        keyring.accept(session, invited, "ឈ្មោះ", PASSWORD, town.clock())
        other.start()
        other.join(1.5)
    other.join(30)
    assert len(refused) == 1
    with town.site.store.reading() as session:
        keyring.unlock(member(session), PASSWORD)

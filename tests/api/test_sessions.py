"""Signing in: the key lies sealed in the session, under what only the cookie holds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from api import sessions
from api.sessions import ABSOLUTE, IDLE, SignInFailed, StaffSession
from referrals import audit, desk
from tests.house import PASSWORD, Town, build_town


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    built = build_town(tmp_path)
    yield built
    built.site.store.engine.dispose()


def sign_in(town: Town) -> str:
    return sessions.sign_in(town.site, "MRC@example.org ", PASSWORD)


def test_a_signed_in_counsellor_opens_a_case_with_the_key_from_her_session(town: Town) -> None:
    code = town.lodges("រឿង")
    who = sessions.current(town.site, sign_in(town))
    assert who is not None
    assert desk.open_case(town.site, who, code).fields == (("story", "រឿង"),)


@pytest.mark.parametrize(
    ("email", "password"),
    [("mrc@example.org", "wrong"), ("nobody@example.org", PASSWORD), ("mrc@example.org", "")],
)
def test_a_wrong_pair_is_refused_the_same_way_and_leaves_a_trace(
    town: Town, email: str, password: str
) -> None:
    with pytest.raises(SignInFailed) as refused:
        sessions.sign_in(town.site, email, password)
    assert str(refused.value) == "e-mail and password do not belong together"
    with town.site.store.reading() as session:
        acts = session.exec(select(audit.AuditRow.act)).all()
    assert acts.count("sign_in_failed") == 1


def test_an_invited_person_without_a_password_yet_cannot_sign_in(town: Town) -> None:
    from referrals import directory
    from referrals.taxonomy import Role

    with town.site.store.writing() as session:
        organisation = town.people["mrc"].organisation_id
        directory.invite(session, "x@example.org", Role.CASE_WORKER, organisation, town.clock())
    with pytest.raises(SignInFailed):
        sessions.sign_in(town.site, "x@example.org", "")


def test_the_database_alone_opens_no_session(town: Town) -> None:
    cookie = sign_in(town)
    with town.site.store.reading() as session:
        row = session.exec(select(StaffSession)).one()
    assert cookie not in row.id
    assert town.people["mrc"].key.raw not in row.sealed_key
    for guess in (row.id, "", "A" * 44, cookie[:-4] + "AAA=", "ខ្មែរ"):
        assert sessions.current(town.site, guess) is None


def test_a_session_ends_when_idle_and_in_any_case_after_a_working_day(town: Town) -> None:
    cookie = sign_in(town)
    town.clock.now += IDLE
    assert sessions.current(town.site, cookie)
    town.clock.now += IDLE * 1.01
    assert sessions.current(town.site, cookie) is None

    cookie, begun = sign_in(town), town.clock.now
    while town.clock.now - begun < ABSOLUTE:
        town.clock.now += IDLE
        last = sessions.current(town.site, cookie)
    town.clock.now += IDLE
    assert last is not None
    assert sessions.current(town.site, cookie) is None


def test_signing_out_destroys_the_sealed_key(town: Town) -> None:
    cookie = sign_in(town)
    sessions.sign_out(town.site, cookie)
    assert sessions.current(town.site, cookie) is None
    with town.site.store.reading() as session:
        assert session.exec(select(StaffSession)).all() == []

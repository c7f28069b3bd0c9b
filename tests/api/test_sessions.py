"""Signing in: the key lies sealed in the session, under what only the cookie holds."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from api import sessions
from api.sessions import ABSOLUTE, HALF, IDLE, SignInFailed
from api.staff_session import StaffSession
from referrals import audit, desk, keyring, keys
from referrals.directory import Member
from tests.api.pages.at_door import new_phone
from tests.house import PASSWORD, Town, build_town

HER = "mrc@example.org"


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


def test_signing_out_leaves_a_trace(town: Town) -> None:
    sessions.sign_out(town.site, sign_in(town))
    with town.site.store.reading() as session:
        acts = session.exec(select(audit.AuditRow.act)).all()
    assert acts[-2:] == ["signed_in", "signed_out"]


# ---- the second factor


def half_in(town: Town) -> str:
    new_phone(town.site, HER)
    return sessions.sign_in(town.site, HER, PASSWORD, factor_needed=True)


def whole(town: Town, cookie: str) -> str:
    with town.site.store.writing() as session:
        return sessions.renew(session, town.site, cookie, whole=True)


def test_the_password_alone_is_half_a_session_and_no_sign_in(town: Town) -> None:
    cookie = half_in(town)
    assert sessions.current(town.site, cookie, factor_needed=True) is None
    half = sessions.half(town.site, cookie)
    assert half is not None
    assert (half.whole, half.has_factor, half.factor_shown) == (False, True, False)
    with town.site.store.reading() as session:
        assert "signed_in" not in session.exec(select(audit.AuditRow.act)).all()


def test_the_demo_needs_no_second_factor_but_asks_who_has_one(town: Town) -> None:
    before = sign_in(town)
    assert sessions.current(town.site, before, factor_needed=False)
    assert sessions.current(town.site, before, factor_needed=True) is None
    new_phone(town.site, HER)
    assert sessions.current(town.site, before, factor_needed=False) is None
    assert sessions.current(town.site, sign_in(town), factor_needed=False) is None


def test_with_the_second_factor_everything_of_the_session_is_new(town: Town) -> None:
    """Session fixation: who knew the cookie, the row or the token before knows nothing."""
    before = half_in(town)
    old = sessions.half(town.site, before)
    after = whole(town, before)
    who = sessions.current(town.site, after, factor_needed=True)
    assert old is not None
    assert who is not None
    assert after != before
    assert (who.session, who.csrf) != (old.session, old.csrf)
    assert who.csrf != old.csrf
    assert sessions.current(town.site, before) is None
    assert sessions.half(town.site, before) is None
    assert who.key.raw == town.people["mrc"].key.raw
    with pytest.raises(sessions.NobodySignedIn):
        whole(town, before)


def test_a_second_factor_is_waited_for_a_short_while_only(town: Town) -> None:
    cookie = half_in(town)
    town.clock.now += HALF
    assert sessions.half(town.site, cookie)
    town.clock.now += HALF * 0.1
    assert sessions.half(town.site, cookie) is None


def test_who_sets_up_her_first_factor_has_time_to_install_a_program(town: Town) -> None:
    cookie = sessions.sign_in(town.site, HER, PASSWORD, factor_needed=True)
    town.clock.now += HALF * 4
    assert sessions.half(town.site, cookie)


def test_who_left_is_nobody_at_once(town: Town) -> None:
    cookie, halfway = whole(town, half_in(town)), half_in(town)
    with town.site.store.writing() as session:
        member = session.get_one(Member, town.people["mrc"].member_id)
        member.left_at = town.clock()
        session.add(member)
    assert sessions.current(town.site, cookie) is None
    assert sessions.half(town.site, halfway) is None
    with pytest.raises(SignInFailed):
        sign_in(town)
    with town.site.store.reading() as session:
        assert session.exec(select(StaffSession)).all() == []


def test_own_sessions_are_listed_and_ended_and_nobody_elses(town: Town) -> None:
    first, second, third = (whole(town, half_in(town)) for _ in range(3))
    others = sessions.sign_in(town.site, "lawyer@example.org", PASSWORD)
    who = sessions.current(town.site, first)
    lawyer = sessions.current(town.site, others)
    gone = sessions.current(town.site, second)
    assert who is not None
    assert lawyer is not None
    assert gone is not None
    with town.site.store.writing() as session:
        hers = sessions.of_member(session, who.member_id, town.clock())
        assert len(hers) == 3
        assert sessions.end(session, town.site, who, lawyer.session) == 0
        assert sessions.end(session, town.site, who, gone.session) == 1
    assert sessions.current(town.site, second) is None
    with town.site.store.writing() as session:
        assert sessions.end(session, town.site, who) == 1
    assert sessions.current(town.site, third) is None
    assert sessions.current(town.site, first)
    assert sessions.current(town.site, others)


def test_an_unknown_account_takes_as_long_as_a_wrong_password(town: Town) -> None:
    def takes(email: str) -> float:
        begun = time.perf_counter()
        with pytest.raises(SignInFailed):
            sessions.sign_in(town.site, email, "wrong")
        return time.perf_counter() - begun

    pairs = [(takes(HER), takes("nobody@example.org")) for _ in range(4)]
    known, unknown = min(a for a, _ in pairs), min(b for _, b in pairs)
    assert known / 2 < unknown < known * 2


def test_a_name_that_no_database_can_hold_is_only_wrong(town: Town) -> None:
    with pytest.raises(SignInFailed):
        sessions.sign_in(town.site, "mrc@\0example.org.", PASSWORD)


def test_a_sign_in_that_was_under_way_does_not_outlive_a_change_of_password(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlock = keyring.unlock

    def meanwhile(member: Member, password: str) -> keys.PrivateKey:
        private = unlock(member, password)
        with town.site.store.writing() as session:
            hers = session.get_one(Member, member.id)
            keyring.lock(hers, private, "quite another password")
            session.add(hers)
        return private

    monkeypatch.setattr(keyring, "unlock", meanwhile)
    with pytest.raises(sessions.SignInFailed):
        sessions.sign_in(town.site, "mrc@example.org", PASSWORD)
    with town.site.store.reading() as session:
        assert not session.exec(select(StaffSession)).all()

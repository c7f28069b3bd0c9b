"""The second factor: a code works once, in its half minute; a recovery code works once."""

from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from api import factors, sessions, tries
from api.factors import (
    CODE_COUNT,
    STEP,
    LastFactor,
    Passkey,
    RecoveryCode,
    Shown,
    Totp,
    WrongCode,
)
from api.staff_session import StaffSession
from referrals import audit
from referrals.directory import Member, SignedIn
from referrals.taxonomy import Role
from tests.house import PASSWORD, Town, build_town

SECRET = pyotp.random_base32()
KHMER = str.maketrans("0123456789", "០១២៣៤៥៦៧៨៩")


@pytest.fixture
def town(database_url: str, tmp_path: Path) -> Iterator[Town]:
    built = build_town(tmp_path, database_url)
    with built.site.store.writing() as session:
        member = session.get_one(Member, built.people["mrc"].member_id)
        factors.set_totp(session, built.site, member, SECRET, code(built))
    built.clock.pass_(seconds=2 * STEP)
    yield built
    built.site.store.engine.dispose()


def code(town: Town, steps: int = 0) -> str:
    return pyotp.TOTP(SECRET).at(town.clock(), counter_offset=steps)


def shows(town: Town, typed: str, name: str = "mrc") -> Shown | None:
    with town.site.store.writing() as session:
        member = session.get_one(Member, town.people[name].member_id)
        return factors.shows_code(session, town.site, member, typed)


def codes(town: Town, name: str = "mrc") -> tuple[str, ...]:
    with town.site.store.writing() as session:
        member = session.get_one(Member, town.people[name].member_id)
        return factors.new_codes(session, town.site, member)


def passkey(town: Town, name: str, credential: bytes) -> None:
    with town.site.store.writing() as session:
        session.add(
            Passkey(
                credential=credential,
                member_id=town.people[name].member_id,
                public_key=b"k",
                sign_count=0,
                name="k",
                made_at=town.clock(),
            )
        )


def test_the_codes_are_those_of_rfc_6238() -> None:
    """Its appendix B (SHA-1), the last six of its eight digits."""
    secret = pyotp.TOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    known = {59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"}
    assert {at: secret.at(at) for at in known} == known


def test_a_code_works_once(town: Town) -> None:
    assert shows(town, code(town)) is Shown.TOTP
    assert shows(town, code(town)) is None


def test_a_secret_that_no_server_key_opens_lets_a_recovery_code_in_and_breaks_nothing(
    town: Town,
) -> None:
    """The database came from a backup that is older than the oldest server key."""
    (spare, *_) = codes(town)
    with town.site.store.writing() as session:
        row = session.get_one(Totp, town.people["mrc"].member_id)
        row.sealed_secret = b"\1" + bytes(60)
        session.add(row)
    assert shows(town, code(town)) is None
    assert shows(town, spare) is Shown.RECOVERY_CODE


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_clock_may_be_half_a_minute_off(town: Town, steps: int) -> None:
    assert shows(town, code(town, steps)) is Shown.TOTP


@pytest.mark.parametrize("steps", [-3, -2, 2, 3])
def test_a_code_of_another_time_is_refused(town: Town, steps: int) -> None:
    assert shows(town, code(town, steps)) is None


def test_a_code_of_a_step_before_the_last_one_used_is_refused(town: Town) -> None:
    assert shows(town, code(town, 1)) is Shown.TOTP
    assert shows(town, code(town, 0)) is None
    assert shows(town, code(town, -1)) is None
    town.clock.pass_(seconds=2 * STEP)
    assert shows(town, code(town)) is Shown.TOTP


def test_the_code_that_confirmed_the_program_opens_nothing(town: Town) -> None:
    with town.site.store.writing() as session:
        member = session.get_one(Member, town.people["lawyer"].member_id)
        factors.set_totp(session, town.site, member, SECRET, code(town))
    assert shows(town, code(town), "lawyer") is None


def test_a_code_may_be_typed_with_khmer_digits_and_spaces(town: Town) -> None:
    now = code(town)
    assert shows(town, f" {now[:3]} {now[3:]} ".translate(KHMER)) is Shown.TOTP


@given(st.text(max_size=12))
def test_no_text_breaks_the_question(town_once: Town, typed: str) -> None:
    if typed != code(town_once):
        assert shows(town_once, typed) is None


@pytest.fixture(scope="module")
def town_once(tmp_path_factory: pytest.TempPathFactory) -> Town:
    built = build_town(tmp_path_factory.mktemp("town"))
    with built.site.store.writing() as session:
        member = session.get_one(Member, built.people["mrc"].member_id)
        factors.set_totp(session, built.site, member, SECRET, code(built))
    built.clock.pass_(seconds=2 * STEP)
    return built


def test_a_program_is_set_up_only_with_a_code_of_it(town: Town) -> None:
    with town.site.store.writing() as session:
        member = session.get_one(Member, town.people["lawyer"].member_id)
        for typed in ("", "000000", code(town, 5)):
            with pytest.raises(WrongCode):
                factors.set_totp(session, town.site, member, SECRET, typed)
        assert not factors.has_any(session, member.id)


def test_the_secret_is_sealed_and_bound_to_its_member(town: Town) -> None:
    with town.site.store.writing() as session:
        held = session.exec(select(Totp)).one()
        assert SECRET.encode() not in held.sealed_secret
        thief = town.people["lawyer"].member_id
        session.add(
            Totp(member_id=thief, sealed_secret=held.sealed_secret, confirmed_at=town.clock())
        )
    assert shows(town, code(town), "lawyer") is None
    assert shows(town, code(town)) is Shown.TOTP


def test_each_recovery_code_works_once(town: Town) -> None:
    made = codes(town)
    assert len(set(made)) == CODE_COUNT
    for each in made:
        assert shows(town, each) is Shown.RECOVERY_CODE
        assert shows(town, each) is None
    with town.site.store.reading() as session:
        assert factors.codes_left(session, town.people["mrc"].member_id) == 0


def test_a_recovery_code_is_read_as_it_was_written_down(town: Town) -> None:
    first, second, *_ = codes(town)
    assert shows(town, f" {first.lower().replace('-', ' ')}") is Shown.RECOVERY_CODE
    unclear = second.replace("0", "o").replace("1", "l")
    assert shows(town, unclear) is Shown.RECOVERY_CODE


def test_new_recovery_codes_void_the_old_ones_and_are_nobody_elses(town: Town) -> None:
    old, new = codes(town), codes(town)
    assert shows(town, old[0]) is None
    assert shows(town, new[0], "lawyer") is None
    assert shows(town, new[0]) is Shown.RECOVERY_CODE


def test_recovery_codes_are_kept_as_hmacs(town: Town) -> None:
    made = codes(town)
    with town.site.store.reading() as session:
        kept = {row.digest for row in session.exec(select(RecoveryCode))}
    assert len(kept) == CODE_COUNT
    assert not kept & {each.replace("-", "") for each in made}


def test_the_last_factor_cannot_be_taken_away(town: Town) -> None:
    def remove() -> None:
        with town.site.store.writing() as session:
            member = session.get_one(Member, town.people["mrc"].member_id)
            factors.remove_totp(session, town.site, member, may_be_last=False)

    with pytest.raises(LastFactor):
        remove()
    assert shows(town, code(town)) is Shown.TOTP
    passkey(town, "mrc", b"1")
    remove()
    with town.site.store.reading() as session:
        assert not factors.has_totp(session, town.people["mrc"].member_id)


def test_nobody_takes_anothers_passkey_away(town: Town) -> None:
    passkey(town, "lawyer", b"hers")
    passkey(town, "lawyer", b"hers too")
    with town.site.store.writing() as session:
        member = session.get_one(Member, town.people["mrc"].member_id)
        factors.remove_passkey(session, town.site, member, b"hers", may_be_last=False)
        assert len(factors.passkeys_of(session, town.people["lawyer"].member_id)) == 2


# ---- reset


def resets(town: Town, by: SignedIn | None, name: str = "mrc") -> None:
    with town.site.store.writing() as session:
        member = session.get_one(Member, town.people[name].member_id)
        factors.reset(session, town.site, by, member)


def colleague(town: Town, role: Role) -> SignedIn:
    office = None if role is Role.ADMINISTRATOR else town.people["mrc"].organisation_id
    return town.comes(f"{role}@example.org", office, role, role)


def test_a_reset_leaves_nothing_but_the_password(town: Town) -> None:
    hers = town.people["mrc"].member_id
    codes(town)
    passkey(town, "mrc", b"1")
    sessions.sign_in(town.site, "mrc@example.org", PASSWORD)
    with town.site.store.writing() as session:
        tries.know(session, town.site, hers, tries.new_device())
    by = colleague(town, Role.SUPERVISOR)
    resets(town, by)
    with town.site.store.reading() as session:
        for table in (Totp, Passkey, RecoveryCode, StaffSession, tries.KnownDevice):
            assert session.exec(select(table)).all() == []
        last = session.exec(select(audit.AuditRow).order_by(audit.AuditRow.id.desc())).first()
    assert last is not None
    assert (last.act, last.member_id, last.subject) == ("factor_removed", by.member_id, hers)
    cookie = sessions.sign_in(town.site, "mrc@example.org", PASSWORD, factor_needed=True)
    assert sessions.current(town.site, cookie, factor_needed=True) is None


@pytest.mark.parametrize("role", [Role.CASE_WORKER, Role.ADMINISTRATOR])
def test_only_a_supervisor_resets_in_an_office(town: Town, role: Role) -> None:
    with pytest.raises(PermissionError):
        resets(town, colleague(town, role))


@pytest.mark.parametrize("name", ["lawyer", "mrc"])
def test_neither_a_supervisor_elsewhere_nor_she_herself_resets(town: Town, name: str) -> None:
    with pytest.raises(PermissionError):
        resets(town, town.people[name])
    assert shows(town, code(town)) is Shown.TOTP


def test_who_has_no_office_is_reset_by_an_administrator(town: Town) -> None:
    editor = town.comes("editor@example.org", None, "editor", Role.EDITOR)
    town.people["editor"] = editor
    with pytest.raises(PermissionError):
        resets(town, town.people["mrc"], "editor")
    resets(town, colleague(town, Role.ADMINISTRATOR), "editor")
    resets(town, None)

"""An office's key passes from one to another: admitted, left, a password changed, all gone."""

from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from referrals import audit, case, desk, directory, keyring, keys, recoverykey, rotation
from referrals.case import Wrap
from referrals.directory import Member, Organisation, OrganisationGeneration, SignedIn
from referrals.recoverykey import WrongRecoveryKey
from referrals.sealing import CannotOpen
from referrals.taxonomy import Role
from tests.house import PASSWORD, Town
from tests.on_call import works_at

STORY = "ថៅកែមិនបើកប្រាក់ខែ"


def reads(town: Town, name: str, code: str) -> bool:
    try:
        return desk.open_case(town.site, town.people[name], code).fields[0] == ("story", STORY)
    except desk.NotYours:
        return False


def leaves(town: Town, name: str, sent_by: str = "mrc") -> None:
    with town.site.store.writing() as session:
        gone = session.get_one(Member, town.people[name].member_id)
        keyring.leave(session, town.people[sent_by], gone, town.clock())


def follows(town: Town, name: str = "mrc", limit: int = 50) -> int:
    with town.site.store.writing() as session:
        return rotation.rewrap(session, town.people[name], limit)


def office(town: Town) -> str:
    own = town.people["mrc"].organisation_id
    assert own is not None
    return own


def lodges(town: Town, number: int) -> str:
    return town.lodges(STORY, update=f"u-{number}", conversation=f"{number:064}")


# ---- somebody leaves


def test_who_left_opens_nothing_and_who_stays_opens_all(town: Town) -> None:
    works_at(town, "mrc", "helper")
    before = lodges(town, 1)
    leaves(town, "helper")
    after = lodges(town, 2)
    for code in (before, after):
        assert reads(town, "mrc", code)
        assert not reads(town, "helper", code)


def test_what_comes_after_she_cannot_open_with_all_that_she_knew(town: Town) -> None:
    """She kept her own key and the office's, and has a copy of the database."""
    helper = works_at(town, "mrc", "helper")
    with town.site.store.reading() as session:
        known = keyring.organisation_key(session, helper)
    assert known is not None
    leaves(town, "helper")
    lodges(town, 2)
    with town.site.store.reading() as session:
        (wrap,) = session.exec(select(Wrap).where(Wrap.organisation_id == office(town)))
        present = session.get_one(OrganisationGeneration, (office(town), 2))
        purpose = keys.case_key_purpose(wrap.case_id, office(town))
        for key in (known, helper.key):
            with pytest.raises(CannotOpen):
                key.open_(wrap.wrapped, purpose)
            with pytest.raises(CannotOpen):
                key.open_(present.previous or b"", keys.generation_purpose(office(town), 2))
        assert session.get_one(Member, helper.member_id).sealed_private_key is None


def test_the_cases_follow_little_by_little_and_then_the_old_key_is_destroyed(town: Town) -> None:
    works_at(town, "mrc", "helper")
    codes = [lodges(town, number) for number in range(5)]
    leaves(town, "helper")
    with town.site.store.reading() as session:
        assert rotation.progress(session, office(town)) == rotation.Progress(5, 5)
    assert follows(town, limit=3) == 2
    assert all(reads(town, "mrc", code) for code in codes)
    assert follows(town, limit=3) == 0
    assert all(reads(town, "mrc", code) for code in codes)
    with town.site.store.reading() as session:
        rows = session.exec(
            select(OrganisationGeneration).where(
                OrganisationGeneration.organisation_id == office(town)
            )
        ).all()
        assert [row.previous for row in rows] == [None, None]
        assert {
            wrap.generation
            for wrap in session.exec(select(Wrap))
            if wrap.organisation_id == office(town)
        } == {2}


def test_a_case_whose_key_does_not_open_holds_up_no_other_and_keeps_the_older_key(
    town: Town,
) -> None:
    works_at(town, "mrc", "helper")
    codes = [lodges(town, number) for number in (1, 2)]
    with town.site.store.writing() as session:
        wrap = session.get_one(Wrap, (case.by_code(session, codes[0]).id, office(town)))
        wrapped, wrap.wrapped = wrap.wrapped, b"a key"
        session.add(wrap)
    leaves(town, "helper")
    assert follows(town) == 1
    assert reads(town, "mrc", codes[1])
    with town.site.store.writing() as session:
        wrap = session.get_one(Wrap, (case.by_code(session, codes[0]).id, office(town)))
        wrap.wrapped = wrapped
        session.add(wrap)
    assert follows(town) == 0
    assert reads(town, "mrc", codes[0])


def test_two_leave_before_the_cases_followed(town: Town) -> None:
    for name in ("first", "second"):
        works_at(town, "mrc", name)
    early = lodges(town, 1)
    leaves(town, "first")
    middle = lodges(town, 2)
    leaves(town, "second")
    late = lodges(town, 3)
    assert all(reads(town, "mrc", code) for code in (early, middle, late))
    assert follows(town) == 0
    assert all(reads(town, "mrc", code) for code in (early, middle, late))
    assert not any(reads(town, "second", code) for code in (early, middle, late))


def test_the_last_supervisor_cannot_leave_while_case_workers_stay(town: Town) -> None:
    works_at(town, "mrc", "helper")
    code = lodges(town, 1)
    with pytest.raises(keyring.LastSupervisor):
        leaves(town, "mrc")
    assert reads(town, "mrc", code)
    works_at(town, "mrc", "second", Role.SUPERVISOR)
    leaves(town, "mrc")
    assert reads(town, "second", code)
    assert not reads(town, "mrc", code)


def test_who_never_held_the_key_leaves_and_it_stays_as_it_is(town: Town) -> None:
    newcomer(town)
    leaves(town, "new")
    with town.site.store.reading() as session:
        assert session.get_one(Organisation, office(town)).generation == 1
        assert session.get_one(Member, town.people["new"].member_id).left_at is not None
        assert directory.waiting_members(session, office(town)) == []
    with pytest.raises(PermissionError):
        leaves(town, "new")


def test_the_last_who_holds_the_key_cannot_leave(town: Town) -> None:
    town.comes("waits@example.org", office(town), "waits", Role.CASE_WORKER)
    with pytest.raises(keyring.LastHolder):
        leaves(town, "mrc")


@pytest.mark.parametrize("sent_by", ["pdolvt", "helper"])
def test_only_a_supervisor_of_the_same_office_ends_a_membership(town: Town, sent_by: str) -> None:
    works_at(town, "mrc", "helper")
    with pytest.raises(PermissionError):
        leaves(town, "mrc", sent_by)


def test_who_left_can_be_neither_admitted_nor_signed_in(town: Town) -> None:
    helper = works_at(town, "mrc", "helper")
    leaves(town, "helper")
    with pytest.raises(PermissionError):
        keyring.admit(town.site, town.people["mrc"], helper.member_id)
    with town.site.store.reading() as session, pytest.raises(CannotOpen):
        keyring.unlock(session.get_one(Member, helper.member_id), PASSWORD)


# ---- a password


def test_a_new_password_opens_the_same_cases_and_the_old_one_nothing(town: Town) -> None:
    chief, code = town.people["mrc"], lodges(town, 1)
    with town.site.store.writing() as session:
        member = session.get_one(Member, chief.member_id)
        wraps = [wrap.wrapped for wrap in session.exec(select(Wrap))]
        keyring.lock(member, keyring.unlock(member, PASSWORD), "another long password")
        session.add(member)
    with town.site.store.reading() as session:
        member = session.get_one(Member, chief.member_id)
        assert keyring.unlock(member, "another long password") == chief.key
        with pytest.raises(CannotOpen):
            keyring.unlock(member, PASSWORD)
        assert [wrap.wrapped for wrap in session.exec(select(Wrap))] == wraps
    assert reads(town, "mrc", code)


def relocks(town: Town, member: Member, password: str = PASSWORD) -> bool:
    with town.site.store.writing() as session:
        key = town.people["mrc"].key
        return keyring.relock_if_cheap(session, member, key, password)


def mrcs(town: Town) -> Member:
    with town.site.store.reading() as session:
        return session.get_one(Member, town.people["mrc"].member_id)


def test_a_sign_in_at_an_older_cost_locks_the_key_at_the_present_one(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = mrcs(town)
    monkeypatch.setattr(keys, "_chosen", keys.cost_of(before.salt or b""))
    assert not relocks(town, before)
    dearer = keys.Cost(keys.BASE.passes + 2, 2 * keys.BASE.kib, keys.BASE.lanes)
    monkeypatch.setattr(keys, "_chosen", dearer)
    assert relocks(town, before)
    after = mrcs(town)
    assert keys.cost_of(after.salt or b"") == dearer
    assert keyring.unlock(after, PASSWORD) == town.people["mrc"].key
    assert not relocks(town, after)


def test_a_password_that_was_changed_meanwhile_is_not_locked_back(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = mrcs(town)
    with town.site.store.writing() as session:
        member = session.get_one(Member, seen.id)
        keyring.lock(member, town.people["mrc"].key, "another long password")
        session.add(member)
    dearer = keys.Cost(keys.BASE.passes + 2, 2 * keys.BASE.kib, keys.BASE.lanes)
    monkeypatch.setattr(keys, "_chosen", dearer)
    assert not relocks(town, seen)
    assert keyring.unlock(mrcs(town), "another long password") == town.people["mrc"].key


# ---- the recovery key


def recovery(town: Town) -> str:
    shown = recoverykey.new_recovery_key()
    with town.site.store.writing() as session:
        recoverykey.set_recovery_key(session, town.people["mrc"], shown, town.clock())
    return shown


def newcomer(town: Town) -> SignedIn:
    town.people["new"] = town.comes("new@example.org", office(town), "new")
    return town.people["new"]


def recovers(town: Town, who: SignedIn, typed: str) -> None:
    with town.site.store.writing() as session:
        recoverykey.recover(session, session.get_one(Member, who.member_id), typed, town.clock())


HANDS: list[Callable[[str], str]] = [
    lambda key: key,
    lambda key: key.lower(),
    lambda key: key.replace("-", " "),
    lambda key: key.replace("-", "").replace("O", "0").replace("I", "1"),
    lambda key: f"  {key}\n",
]


@pytest.mark.parametrize("hand", range(len(HANDS)))
def test_the_recovery_key_lets_a_newcomer_in_when_nobody_is_left(town: Town, hand: int) -> None:
    shown, code = recovery(town), lodges(town, 1)
    who = newcomer(town)
    assert not reads(town, "new", code)
    recovers(town, who, HANDS[hand](shown))
    assert reads(town, "new", code)


def test_it_holds_for_what_comes_after_somebody_left(town: Town) -> None:
    shown = recovery(town)
    works_at(town, "mrc", "helper")
    early = lodges(town, 1)
    leaves(town, "helper")
    late = lodges(town, 2)
    recovers(town, newcomer(town), shown)
    assert reads(town, "new", early)
    assert reads(town, "new", late)


def test_a_new_recovery_key_ends_the_one_before(town: Town) -> None:
    first, second = recovery(town), recovery(town)
    who = newcomer(town)
    with pytest.raises(WrongRecoveryKey):
        recovers(town, who, first)
    recovers(town, who, second)


@given(place=st.integers(0, 43), sign=st.sampled_from("ABCXYZ234567"))
def test_a_slip_in_the_recovery_key_is_noticed(place: int, sign: str) -> None:
    shown = recoverykey.new_recovery_key()
    typed = shown[:place] + sign + shown[place + 1 :]
    if typed != shown and shown[place] != "-":
        with pytest.raises(WrongRecoveryKey):
            recoverykey.read_recovery_key(typed)


def test_another_offices_recovery_key_and_none_at_all_open_nothing(town: Town) -> None:
    who = newcomer(town)
    with pytest.raises(WrongRecoveryKey):
        recovers(town, who, recoverykey.new_recovery_key())
    recovery(town)
    for typed in (recoverykey.new_recovery_key(), "", "ABCD", "ក" * 36):
        with pytest.raises(WrongRecoveryKey):
            recovers(town, who, typed)
    with town.site.store.reading() as session:
        assert not keyring.holds(session, office(town), who.member_id)


def test_only_a_supervisor_who_is_here_gets_the_key_back(town: Town) -> None:
    shown = recovery(town)
    worker = town.comes("worker@example.org", office(town), "worker", Role.CASE_WORKER)
    gone = newcomer(town)
    leaves(town, "new")
    for who in (worker, gone):
        with pytest.raises(PermissionError):
            recovers(town, who, shown)


def test_nothing_of_a_recovery_key_is_kept(town: Town) -> None:
    shown = recovery(town)
    secret = recoverykey.read_recovery_key(shown)
    with town.site.store.reading() as session:
        rows = [*session.exec(select(Organisation)), *session.exec(select(OrganisationGeneration))]
        kept = repr([row.model_dump() for row in rows]).encode()
    assert secret not in kept
    assert shown.encode() not in kept


# ---- each leaves a trace


def test_each_leaves_a_trace(town: Town) -> None:
    works_at(town, "mrc", "helper")
    shown = recovery(town)
    leaves(town, "helper")
    recovers(town, newcomer(town), shown)
    with town.site.store.reading() as session:
        acts = [row.act for row in session.exec(select(audit.AuditRow).order_by("id"))]
    for act in ("admitted", "recovery_set", "left", "recovered"):
        assert act in acts


# ---- whatever happens


STEPS = st.lists(st.sampled_from(["lodge", "come", "leave", "follow"]), min_size=3, max_size=10)


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(STEPS)
def test_whatever_happens_those_who_are_there_open_all_and_nobody_else_any(
    town: Town, steps: list[str]
) -> None:
    mark = len(town.people)
    codes: list[str] = []
    here: list[str] = []
    gone: list[str] = []
    for number, step in enumerate(steps):
        town.clock.pass_(days=2)
        name = f"worker-{mark}-{number}-{town.clock():%j%H%f}"
        if step == "lodge":
            her = sha256(name.encode()).hexdigest()
            codes.append(town.lodges(STORY, update=name, conversation=her))
        elif step == "come":
            works_at(town, "mrc", name)
            here.append(name)
        elif step == "leave" and here:
            leaves(town, here[0])
            gone.append(here.pop(0))
        elif step == "follow":
            follows(town, limit=2)
    for code in codes[-2:]:
        assert all(reads(town, name, code) for name in ["mrc", *here])
        assert not any(reads(town, name, code) for name in gone)


def test_the_directory_knows_who_waits(town: Town) -> None:
    who = newcomer(town)
    with town.site.store.reading() as session:
        assert [m.id for m in directory.waiting_members(session, office(town))] == [who.member_id]

"""Who works on a case: roles, colleagues, and the named readers of a restricted one."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlmodel import col, select

from referrals import audit, case, desk, draft, handling, keyring, lodging, membership, readers
from referrals.audit import AuditRow
from referrals.case import Case
from referrals.directory import Member, SignedIn
from referrals.intake import Detail
from referrals.taxonomy import Role, Status
from tests.house import Town, told_draft

Act = Callable[[Town, SignedIn, str], object]


def joins(town: Town, name: str, role: Role) -> SignedIn:
    supervisor = town.people["mrc"]
    came = town.comes(f"{name}@example.org", supervisor.organisation_id, name, role)
    keyring.admit(town.site, supervisor, came.member_id)
    return came


@pytest.fixture
def worker(town: Town) -> SignedIn:
    return joins(town, "worker", Role.CASE_WORKER)


@pytest.fixture
def triage(town: Town) -> SignedIn:
    return joins(town, "triage", Role.TRIAGE)


def restricted(town: Town) -> str:
    """Lodge a case that somebody must not see, which restricts it."""
    with town.site.store.writing() as session:
        begun = told_draft(session, town.site, "រឿង")
        draft.answer(session, town.site, begun, Detail.NOT_SEE, "somebody")
        return lodging.lodge(session, town.site, begun, "u-1", language="km").code


def sees(town: Town, who: SignedIn, code: str) -> bool:
    with town.site.store.reading() as session:
        listed = [row.code for row in desk.list_cases(session, who, town.clock())]
    try:
        desk.open_case(town.site, who, code)
    except desk.NotYours:
        assert code not in listed
        return False
    assert code in listed
    return True


def acts(town: Town, act: audit.Act) -> list[tuple[str | None, str | None]]:
    with town.site.store.reading() as session:
        rows = session.exec(
            select(AuditRow).where(AuditRow.act == act).order_by(col(AuditRow.id))
        ).all()
    return [(row.member_id, row.subject) for row in rows]


# ---- roles


def test_triage_reads_and_assigns_and_does_not_handle(town: Town, triage: SignedIn) -> None:
    code = town.lodges("រឿង")
    assert sees(town, triage, code)
    refused: list[Act] = [
        lambda t, w, c: desk.take(t.site, w, c),
        lambda t, w, c: desk.set_status(t.site, w, c, Status.WORKING),
        lambda t, w, c: desk.write(t.site, w, c, "សួស្តី"),
        lambda t, w, c: desk.open_to_export(t.site, w, c, "f" * 16),
    ]
    for act in refused:
        with pytest.raises(desk.NotYours):
            act(town, triage, code)
    assert len(acts(town, audit.Act.REFUSED)) == len(refused)
    assert acts(town, audit.Act.TOOK) == []
    assert acts(town, audit.Act.EXPORTED) == []


@pytest.mark.parametrize("role", [Role.EDITOR, Role.ANALYST, Role.ADMINISTRATOR])
def test_who_reads_no_case_reads_none_even_with_a_key_in_hand(town: Town, role: Role) -> None:
    """The role is asked at the desk too, not only at the door."""
    code, holder = town.lodges("រឿង"), town.people["mrc"]
    assert not sees(town, replace(holder, role=role), code)


# ---- a colleague


def test_a_case_is_given_to_a_colleague_who_becomes_its_handler(
    town: Town, triage: SignedIn, worker: SignedIn
) -> None:
    code = town.lodges("រឿង")
    handling.assign(town.site, triage, code, worker.member_id)
    with town.site.store.reading() as session:
        (row,) = desk.list_cases(session, worker, town.clock())
        (told,) = case.for_conversation(session, "c" * 64)
    assert (row.mine, row.status, told.status) == (True, Status.TAKEN, Status.TAKEN)
    assert acts(town, audit.Act.ASSIGNED) == [(triage.member_id, worker.member_id)]


def test_a_case_is_given_to_nobody_who_could_not_work_on_it(town: Town, triage: SignedIn) -> None:
    code, mrc = town.lodges("រឿង"), town.people["mrc"]
    not_admitted = town.comes("new@example.org", mrc.organisation_id, "new", Role.CASE_WORKER)
    for other in (triage, not_admitted, town.people["pdolvt"]):
        with pytest.raises(desk.NotAllowed):
            handling.assign(town.site, mrc, code, other.member_id)
    with pytest.raises(desk.NotAllowed):
        handling.assign(town.site, mrc, code, "nobody")


def test_a_closed_case_is_given_to_nobody(town: Town, worker: SignedIn) -> None:
    code, mrc = town.lodges("រឿង"), town.people["mrc"]
    desk.set_status(town.site, mrc, code, Status.CLOSED)
    with pytest.raises(desk.NotAllowed):
        handling.assign(town.site, mrc, code, worker.member_id)


def test_a_case_worker_gives_no_case_away(town: Town, worker: SignedIn) -> None:
    code = town.lodges("រឿង")
    with pytest.raises(desk.NotYours):
        handling.assign(town.site, worker, code, worker.member_id)


# ---- a restricted case


def test_a_restricted_case_is_for_supervisors_until_somebody_is_named(
    town: Town, worker: SignedIn, triage: SignedIn
) -> None:
    code = restricted(town)
    assert [sees(town, who, code) for who in (town.people["mrc"], worker, triage)] == [
        True,
        False,
        False,
    ]


def test_who_is_named_may_open_it_and_no_supervisor_while_one_is_named(
    town: Town, worker: SignedIn
) -> None:
    code, mrc = restricted(town), town.people["mrc"]
    other = joins(town, "other", Role.SUPERVISOR)
    assert sees(town, other, code)
    handling.name_reader(town.site, mrc, code, worker.member_id)
    assert [sees(town, who, code) for who in (mrc, worker, other)] == [True, True, False]
    handling.remove_reader(town.site, mrc, code, mrc.member_id)
    assert [sees(town, who, code) for who in (mrc, worker, other)] == [True, True, True]
    assert acts(town, audit.Act.READER_NAMED) == [(mrc.member_id, worker.member_id)]


def test_one_offices_names_are_nothing_to_another(town: Town, worker: SignedIn) -> None:
    code = restricted(town)
    handling.name_reader(town.site, town.people["mrc"], code, worker.member_id)
    assert sees(town, town.people["pdolvt"], code)
    with pytest.raises(desk.NotAllowed):
        handling.name_reader(town.site, town.people["pdolvt"], code, town.people["mrc"].member_id)


def test_when_the_last_name_is_gone_the_supervisors_may_open_it_again(
    town: Town, worker: SignedIn
) -> None:
    code, mrc = restricted(town), town.people["mrc"]
    handling.name_reader(town.site, mrc, code, worker.member_id)
    handling.remove_reader(town.site, mrc, code, worker.member_id)
    other = joins(town, "other", Role.SUPERVISOR)
    assert not sees(town, other, code)
    handling.remove_reader(town.site, mrc, code, mrc.member_id)
    assert sees(town, other, code)
    assert not sees(town, worker, code)


def test_only_a_supervisor_names(town: Town, worker: SignedIn) -> None:
    code = restricted(town)
    handling.name_reader(town.site, town.people["mrc"], code, worker.member_id)
    with pytest.raises(desk.NotYours):
        handling.name_reader(town.site, worker, code, worker.member_id)


def test_a_restricted_case_is_given_only_to_who_may_open_it(
    town: Town, worker: SignedIn, triage: SignedIn
) -> None:
    code, mrc = restricted(town), town.people["mrc"]
    handling.name_reader(town.site, mrc, code, triage.member_id)
    with pytest.raises(desk.NotAllowed):
        handling.assign(town.site, triage, code, worker.member_id)
    handling.assign(town.site, mrc, code, worker.member_id)
    assert sees(town, worker, code)


def test_the_name_of_who_works_on_it_stays(town: Town, worker: SignedIn) -> None:
    code, mrc = restricted(town), town.people["mrc"]
    handling.name_reader(town.site, mrc, code, worker.member_id)
    handling.assign(town.site, mrc, code, worker.member_id)
    with pytest.raises(desk.NotAllowed):
        handling.remove_reader(town.site, mrc, code, worker.member_id)


def test_an_open_case_has_no_names(town: Town, worker: SignedIn) -> None:
    code, mrc = town.lodges("រឿង", name="សុខា"), town.people["mrc"]
    with pytest.raises(desk.NotAllowed):
        handling.name_reader(town.site, mrc, code, worker.member_id)
    with town.site.store.reading() as session:
        held = session.exec(select(Case).where(Case.code == code)).one()
        assert readers.named(session, held.id, mrc.organisation_id or "") == []


def test_a_file_of_a_restricted_case_is_refused_like_the_case(town: Town, worker: SignedIn) -> None:
    code = restricted(town)
    with pytest.raises(desk.NotYours):
        desk.open_file(town.site, worker, code, "0" * 32)
    assert acts(town, audit.Act.REFUSED) == [(worker.member_id, code)]


def test_when_the_supervisor_who_named_has_left_another_may_name(
    town: Town, worker: SignedIn
) -> None:
    code, mrc = restricted(town), town.people["mrc"]
    other = joins(town, "other", Role.SUPERVISOR)
    handling.name_reader(town.site, mrc, code, worker.member_id)
    assert not sees(town, other, code)
    with town.site.store.writing() as session:
        gone = session.get_one(Member, mrc.member_id)
        membership.let_go(session, other, gone, town.clock())
    with town.site.store.reading() as session:
        held = session.exec(select(Case).where(Case.code == code)).one()
        assert {worker.member_id, other.member_id} <= readers.openers(session, held)
    assert sees(town, other, code)
    handling.name_reader(town.site, other, code, other.member_id)
    assert sees(town, worker, code)

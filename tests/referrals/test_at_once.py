"""The migrant, a member who leaves, and the desk, at the same moment, on both databases."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, select

from referrals import aftercare, case, consent, desk, draft, keyring, recoverykey, searching
from referrals.case import Referral, Wrap
from referrals.directory import Member, OrganisationKey
from referrals.taxonomy import ConsentCode, Role, Status
from tests.house import Town, told_draft
from tests.referrals.test_keyring import newcomer


def beside(act: Callable[[], Any]) -> tuple[threading.Thread, list[BaseException]]:
    """Begin an act in another thread; what it raises is noted."""
    raised: list[BaseException] = []

    def acts() -> None:
        try:
            act()
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=acts)
    thread.start()
    return thread, raised


def takes_back(session: Session, town: Town, code: str, what: ConsentCode) -> None:
    no = consent.Asked(what, False, 1, "km", "ពាក្យ", town.clock())
    aftercare.change_consent(session, town.site, case.by_code(session, code), no)


@pytest.mark.parametrize(
    "act",
    [
        lambda town, code: desk.take(town.site, town.people["pdolvt"], code),
        lambda town, code: desk.set_status(
            town.site, town.people["pdolvt"], code, desk.Status.WORKING
        ),
        lambda town, code: desk.write(town.site, town.people["pdolvt"], code, "សួស្តី"),
    ],
)
def test_who_acts_while_she_takes_the_case_back_from_her_office_does_nothing(
    town: Town, act: Callable[[Town, str], object]
) -> None:
    code = town.lodges("រឿង")
    with town.site.store.writing() as session:
        takes_back(session, town, code, ConsentCode.SHARE_PDOLVT)
        thread, raised = beside(lambda: act(town, code))
        thread.join(1)
    thread.join(30)
    assert [type(each) for each in raised] == [desk.NotYours]
    with town.site.store.reading() as session:
        found = case.by_code(session, code)
        referral = session.get_one(Referral, (found.id, town.people["pdolvt"].organisation_id))
        assert (found.handler_id, found.status) == (None, Status.LODGED)
        assert referral.state == "withdrawn"


def test_a_case_is_opened_the_first_time_while_she_takes_a_consent_back(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes second waits; neither is broken off."""
    code = town.lodges("រឿង")
    indexed, may_go = threading.Event(), threading.Event()
    index = searching.index

    def slowly(*given: Any) -> bool:
        made: bool = index(*given)
        indexed.set()
        may_go.wait(1)
        return made

    monkeypatch.setattr(searching, "index", slowly)
    opening, refused = beside(lambda: desk.open_case(town.site, town.people["mrc"], code))
    assert indexed.wait(10)

    def answers() -> None:
        with town.site.store.writing() as session:
            takes_back(session, town, code, ConsentCode.SHARE_MRC)

    answering, failed = beside(answers)
    opening.join(30)
    answering.join(30)
    assert (refused, failed) == ([], [])
    with town.site.store.reading() as session:
        wraps = session.exec(select(Wrap.partner_type)).all()
    assert "mrc" not in wraps


def test_who_leaves_while_she_types_the_recovery_key_gets_nothing(town: Town) -> None:
    mrc = town.people["mrc"]
    recovery = recoverykey.new_recovery_key()
    with town.site.store.writing() as session:
        recoverykey.set_recovery_key(session, mrc, recovery, town.clock())
    who = newcomer(town)
    assert who.role is Role.SUPERVISOR

    def recovers() -> None:
        with town.site.store.writing() as session:
            row = session.get_one(Member, who.member_id)
            recoverykey.recover(session, row, recovery, town.clock())

    with town.site.store.writing() as session:
        gone = session.get_one(Member, who.member_id)
        keyring.leave(session, mrc, gone, town.clock())
        thread, raised = beside(recovers)
        thread.join(1)
    thread.join(30)
    assert [type(each) for each in raised] == [PermissionError]
    with town.site.store.reading() as session:
        assert session.get(OrganisationKey, (mrc.organisation_id, who.member_id)) is None


def test_who_goes_on_telling_as_her_draft_ends_loses_nothing(town: Town) -> None:
    site = town.site
    with site.store.writing() as session:
        told_draft(session, site, "ពាក្យដំបូង")
    town.clock.pass_(days=8)

    def sweeps() -> None:
        with site.store.writing() as session:
            for each in draft.expired(session, town.clock()):
                draft.discard(session, site, each)

    with site.store.writing() as session:
        own = draft.find(session, "c" * 64)
        assert own is not None
        draft.tell(session, site, own, "story", "told-9", text="ពាក្យបន្ទាប់")
        thread, raised = beside(sweeps)
        thread.join(1)
    thread.join(30)
    assert raised == []
    with site.store.reading() as session:
        kept = draft.find(session, "c" * 64)
        assert kept is not None
        assert len(draft.told(session, site, kept, "story")) == 2

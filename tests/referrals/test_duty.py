"""Whose phone is called: one-time codes, and the order of an office."""

import pytest
from sqlmodel import select

from referrals import duty
from referrals.duty import DutyLink, DutyPhone
from referrals.taxonomy import Role
from tests.house import Town
from tests.on_call import links, works_at


def code_for(town: Town, name: str) -> str:
    with town.site.store.writing() as session:
        return duty.link_code(session, town.site, town.people[name].member_id)


def sends(town: Town, code: str, user: str = "700") -> str | None:
    """Send a code from the chat of a Telegram user; gives the member who is linked."""
    with town.site.store.writing() as session:
        her = town.site.server_key.pseudonym("telegram", user)
        return duty.link(session, town.site, code, "telegram", her, user, town.clock())


def order(town: Town, name: str = "mrc") -> list[str]:
    with town.site.store.reading() as session:
        office = town.people[name].organisation_id
        assert office
        return [each.name for each in duty.roster(session, office)]


def test_a_code_links_one_phone_once(town: Town) -> None:
    code = code_for(town, "mrc")
    assert len(code) == 8
    assert code.isdecimal()
    assert sends(town, code) == town.people["mrc"].member_id
    assert sends(town, code, "701") is None
    assert order(town) == ["mrc"]


def test_neither_the_code_nor_the_chat_can_be_read_in_the_database(town: Town) -> None:
    code = code_for(town, "mrc")
    with town.site.store.reading() as session:
        kept = session.exec(select(DutyLink)).one()
    assert code.encode() not in kept.digest
    sends(town, code, "70012345")
    with town.site.store.reading() as session:
        phone = session.exec(select(DutyPhone)).one()
    assert b"70012345" not in phone.sealed_address
    assert "70012345" not in phone.conversation


def test_a_code_holds_fifteen_minutes(town: Town) -> None:
    code = code_for(town, "mrc")
    town.clock.pass_(minutes=15, seconds=1)
    assert sends(town, code) is None
    code = code_for(town, "mrc")
    town.clock.pass_(minutes=14)
    assert sends(town, code) is not None


def test_a_new_code_ends_the_one_before(town: Town) -> None:
    first, second = code_for(town, "mrc"), code_for(town, "mrc")
    assert sends(town, first) is None
    assert sends(town, second) is not None


def test_whoever_guesses_is_not_even_heard_any_more(town: Town) -> None:
    code = code_for(town, "mrc")
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    for _ in range(12):
        assert sends(town, wrong) is None
    assert sends(town, code) is None, "the limit holds for the right code too"
    assert sends(town, code, "another chat") is not None


def test_who_reads_no_case_gets_no_code(town: Town) -> None:
    town.people["editor"] = town.comes("e@example.org", None, "editor", Role.EDITOR)
    office = town.people["mrc"].organisation_id
    town.people["waiting"] = town.comes("w@example.org", office, "waiting", Role.CASE_WORKER)
    for name in ("editor", "waiting"):
        with pytest.raises(duty.CannotBeCalled):
            code_for(town, name)


def test_a_member_has_one_phone_and_a_phone_one_member(town: Town) -> None:
    works_at(town, "mrc", "dara")
    links(town, "mrc", "700")
    links(town, "dara", "701")
    links(town, "mrc", "702")
    assert order(town) == ["mrc", "dara"], "another phone keeps the place"
    links(town, "dara", "702")
    assert order(town) == ["dara"]


def test_the_supervisor_orders_and_switches_and_a_worker_only_herself(town: Town) -> None:
    chief, worker = town.people["mrc"], works_at(town, "mrc", "dara")
    links(town, "mrc", "700")
    links(town, "dara", "701")
    with town.site.store.writing() as session:
        duty.move(session, chief, worker.member_id, earlier=True)
        duty.move(session, chief, worker.member_id, earlier=True)
    assert order(town) == ["dara", "mrc"]
    with town.site.store.writing() as session:
        duty.set_on_duty(session, worker, worker.member_id, on=False)
        duty.set_on_duty(session, chief, worker.member_id, on=True)
        with pytest.raises(PermissionError):
            duty.set_on_duty(session, worker, chief.member_id, on=False)
        with pytest.raises(PermissionError):
            duty.unlink(session, worker, chief.member_id)
        with pytest.raises(PermissionError):
            duty.move(session, worker, worker.member_id, earlier=False)
        duty.unlink(session, chief, worker.member_id)
    assert order(town) == ["mrc"]


def test_no_office_changes_the_duty_of_another(town: Town) -> None:
    links(town, "pdolvt", "700")
    with town.site.store.writing() as session:
        for act in (duty.unlink, lambda *a: duty.set_on_duty(*a, on=False)):
            with pytest.raises(PermissionError):
                act(session, town.people["mrc"], town.people["pdolvt"].member_id)
        with pytest.raises(PermissionError):
            duty.move(session, town.people["mrc"], town.people["pdolvt"].member_id, earlier=True)


def test_to_unlink_ends_a_code_that_waits(town: Town) -> None:
    links(town, "mrc", "700")
    code = code_for(town, "mrc")
    with town.site.store.writing() as session:
        duty.unlink(session, town.people["mrc"], town.people["mrc"].member_id)
    assert sends(town, code) is None
    assert order(town) == []

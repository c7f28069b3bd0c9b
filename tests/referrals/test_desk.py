"""What a member does with a case, and what the migrant hears of it."""

import pytest

from referrals import case, desk, keyring, notice, thread
from referrals.taxonomy import Role, Status, Urgency
from tests.house import Town

CONVERSATION = "c" * 64


def test_taking_a_case_tells_the_migrant_where_it_stands(town: Town) -> None:
    code = town.lodges("រឿង")
    desk.take(town.site, town.people["mrc"], code)
    with town.site.store.reading() as session:
        (told,) = case.for_conversation(session, CONVERSATION)
    assert told.status is Status.TAKEN
    with town.site.store.reading() as session:
        (row,) = desk.list_cases(session, town.people["mrc"], town.clock())
    assert (row.handler, row.mine) == ("mrc", True)


def test_a_letter_waits_sealed_and_is_forgotten_once_shown(town: Town) -> None:
    code = town.lodges("រឿង")
    letter_id = desk.write(town.site, town.people["mrc"], code, "សូមមកការិយាល័យ")
    with town.site.store.reading() as session:
        waiting = notice.waiting_letter(session, town.site, CONVERSATION)
        assert waiting is not None
        assert waiting.text == "សូមមកការិយាល័យ"
    with town.site.store.writing() as session:
        notice.mark_read(session, letter_id, town.clock())
    with town.site.store.reading() as session:
        assert notice.waiting_letter(session, town.site, CONVERSATION) is None
        kept = session.get(notice.Letter, letter_id)
        assert kept is not None
        assert kept.sealed_text is None
    assert desk.open_case(town.site, town.people["pdolvt"], code).thread[0].text == "សូមមកការិយាល័យ"


def test_nobody_writes_to_somebody_who_did_not_agree(town: Town) -> None:
    code = town.lodges("រឿង", contact_me=False)
    with pytest.raises(desk.NotAllowed):
        desk.write(town.site, town.people["mrc"], code, "សួស្តី")


@pytest.mark.parametrize("text", ["", "   ", "ក" * 601])
def test_an_empty_or_long_letter_is_refused(town: Town, text: str) -> None:
    code = town.lodges("រឿង")
    with pytest.raises(desk.NotAllowed):
        desk.write(town.site, town.people["mrc"], code, text)


def test_what_the_migrant_adds_later_is_read_at_the_desk_and_not_by_the_server(town: Town) -> None:
    code = town.lodges("រឿង")
    with town.site.store.writing() as session:
        target = thread.newest_open_case(session, CONVERSATION)
        assert target is not None
        assert thread.add(session, town.site, target, "u-9", text="ខ្ញុំមានបង្កាន់ដៃ")
        assert not thread.add(session, town.site, target, "u-9", text="ខ្ញុំមានបង្កាន់ដៃ")
    with town.site.store.reading() as session:
        (row,) = desk.list_cases(session, town.people["mrc"], town.clock())
    assert row.unread == 1
    opened = desk.open_case(town.site, town.people["mrc"], code)
    assert [(t.author, t.text) for t in opened.thread] == [(None, "ខ្ញុំមានបង្កាន់ដៃ")]
    assert opened.row.unread == 0


def test_a_closed_case_takes_no_addition(town: Town) -> None:
    code = town.lodges("រឿង")
    desk.set_status(town.site, town.people["mrc"], code, Status.CLOSED)
    with town.site.store.reading() as session:
        assert thread.newest_open_case(session, CONVERSATION) is None


def test_no_case_becomes_new_again(town: Town) -> None:
    code = town.lodges("រឿង")
    with pytest.raises(desk.NotAllowed):
        desk.set_status(town.site, town.people["mrc"], code, Status.LODGED)


def test_urgent_and_old_cases_stand_first(town: Town) -> None:
    first = town.lodges("១", conversation="1" * 64, update="1")
    town.clock.pass_(hours=2)
    town.lodges("២", conversation="2" * 64, update="2")
    urgent = town.lodges("៣", conversation="3" * 64, update="3", category="violence_harassment")
    with town.site.store.reading() as session:
        rows = desk.list_cases(session, town.people["mrc"], town.clock())
    assert [rows[0].code, rows[1].code] == [urgent, first]
    assert rows[0].urgency is Urgency.NOW


def test_an_administrator_reads_no_case(town: Town) -> None:
    code = town.lodges("រឿង")
    chief = town.comes("chief@example.org", None, "chief", Role.ADMINISTRATOR)
    with town.site.store.reading() as session:
        assert desk.list_cases(session, chief, town.clock()) == []
    with pytest.raises(desk.NotYours):
        desk.open_case(town.site, chief, code)


def test_a_new_colleague_reads_nothing_until_a_supervisor_admits_her(town: Town) -> None:
    code = town.lodges("រឿង")
    chief = town.people["mrc"]
    colleague = town.comes("new@example.org", chief.organisation_id, "new", Role.CASE_WORKER)
    with pytest.raises(desk.NotYours):
        desk.open_case(town.site, colleague, code)
    with pytest.raises(PermissionError):
        keyring.admit(town.site, town.people["pdolvt"], colleague.member_id)
    keyring.admit(town.site, chief, colleague.member_id)
    assert desk.open_case(town.site, colleague, code).fields == (("story", "រឿង"),)

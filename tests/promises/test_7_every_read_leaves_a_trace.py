"""Promise 7: every read leaves a trace."""

import pytest
from sqlmodel import select

from referrals import audit, case, desk
from tests.house import Town


def acts(town: Town, code: str) -> list[str]:
    with town.site.store.reading() as session:
        return [row.act for row in audit.of_case(session, case.by_code(session, code).id)]


def test_opening_a_case_is_written_down_with_who(town: Town) -> None:
    code = town.lodges("រឿង")
    opened = desk.open_case(town.site, town.people["mrc"], code)
    assert [r.name for r in opened.readers] == ["mrc"]
    assert acts(town, code) == ["opened_case"]


def test_the_trace_survives_a_read_that_fails_afterwards(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = town.lodges("រឿង")

    def breaks(*_: object) -> None:
        raise RuntimeError("after the trace")

    monkeypatch.setattr(desk.reading, "opened", breaks)
    with pytest.raises(RuntimeError):
        desk.open_case(town.site, town.people["mrc"], code)
    assert acts(town, code) == ["opened_case"]


def test_a_refused_read_is_written_down_too(town: Town) -> None:
    code = town.lodges("រឿង")
    with pytest.raises(desk.NotYours):
        desk.open_case(town.site, town.people["mrc-kampot"], code)
    with town.site.store.reading() as session:
        (row,) = audit.of_case(session, case.by_code(session, code).id)
    assert (row.act, row.member_id) == ("refused", town.people["mrc-kampot"].member_id)


def test_a_try_at_a_case_that_is_not_there_is_written_down_too(town: Town) -> None:
    with pytest.raises(desk.NotYours):
        desk.open_case(town.site, town.people["mrc"], "no such case")
    with town.site.store.reading() as session:
        (row,) = session.exec(select(audit.AuditRow).where(audit.AuditRow.act == "refused"))
    assert (row.case_id, row.subject) == (None, "no such c")


def test_an_account_made_by_link_is_written_down(town: Town) -> None:
    who = town.people["mrc"]
    with town.site.store.reading() as session:
        (row,) = session.exec(
            select(audit.AuditRow).where(
                audit.AuditRow.act == "joined", audit.AuditRow.member_id == who.member_id
            )
        )
    assert (row.organisation_id, row.subject) == (who.organisation_id, "supervisor")


def test_every_act_on_a_case_is_written_down(town: Town) -> None:
    code = town.lodges("រឿង")
    who = town.people["mrc"]
    desk.take(town.site, who, code)
    desk.write(town.site, who, code, "សួស្តី")
    desk.set_status(town.site, who, code, desk.Status.WORKING)
    assert acts(town, code) == ["changed_status", "wrote", "took"]

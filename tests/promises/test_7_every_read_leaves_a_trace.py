"""Promise 7: every read leaves a trace that nobody can change quietly."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import col, select

from api import beside, pages, policy
from api.parts import Parts
from api.settings import Settings
from bot.content import content
from bot.turn import Turns
from referrals import audit, case, chain, desk, keys, package_key
from referrals.audit import Act, AuditRow
from referrals.installation import Mode
from referrals.permission import Permission
from referrals.taxonomy import Role
from tests.house import Town, build_town
from tests.on_call import DANGER, raises


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


@pytest.mark.parametrize(("typed", "kept"), [("123456789", "123456789"), ("សុខា 012", "?")])
def test_a_try_at_a_case_that_is_not_there_is_written_down_too(
    town: Town, typed: str, kept: str
) -> None:
    """But no words that somebody put in the place of a code: nobody could take them out again."""
    with pytest.raises(desk.NotYours):
        desk.open_case(town.site, town.people["mrc"], typed)
    with town.site.store.reading() as session:
        (row,) = session.exec(select(audit.AuditRow).where(audit.AuditRow.act == "refused"))
    assert (row.case_id, row.subject) == (None, kept)


def test_who_comes_to_a_page_that_is_not_for_her_role_leaves_a_trace(
    town: Town, desk_of: Callable[[str], TestClient]
) -> None:
    town.people["triage"] = replace(town.people["mrc"], role=Role.TRIAGE)
    assert desk_of("triage").get("/reading").status_code == 403
    with town.site.store.reading() as session:
        (row,) = session.exec(select(audit.AuditRow).where(audit.AuditRow.act == "refused"))
    assert (row.member_id, row.subject) == (town.people["mrc"].member_id, "see_reading")


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


# ---- every route of the desk

SHOWS_CASES = frozenset(
    {
        Permission.LIST_CASES,
        Permission.OPEN_CASES,
        Permission.SEARCH_CASES,
        Permission.HANDLE_CASES,
        Permission.WRITE_LETTERS,
        Permission.ASSIGN_CASES,
        Permission.NAME_READERS,
        Permission.EXPORT_CASES,
        Permission.KEEP_CASES,
        Permission.HELP_VISITORS,
        Permission.BE_ON_DUTY,
        Permission.SEE_READING,
        Permission.SEE_COUNTS,
    }
)
"""Whose routes show, use or lead to what was told, or to numbers made of it."""

ASKS = "asks only; what it leads to is written down"
DUTY = "DUTY_CHANGED: tests/api/pages/test_duty.py"
VISIT = "a visit: what is told is the visitor's own chat, and the case says who helped"
OPEN = "codes, topics and days; no trace yet (docs/security.md says so)"


@dataclass(frozen=True)
class Asked:
    """A request as its page sends it, and the act that it leaves."""

    act: Act
    form: Mapping[str, str] = field(default_factory=dict)


ROUTES: Mapping[tuple[str, str], Asked | str] = {
    ("GET", "/cases"): Asked(Act.LISTED),
    ("GET", "/cases/{code}"): Asked(Act.OPENED_CASE),
    ("GET", "/cases/{code}/files/{file_id}"): Asked(Act.OPENED_FILE),
    ("GET", "/cases/{code}/files/{file_id}/preview"): Asked(Act.OPENED_FILE),
    ("POST", "/cases/{code}/take"): Asked(Act.TOOK),
    ("POST", "/cases/{code}/status"): Asked(Act.CHANGED_STATUS, {"status": "working"}),
    ("POST", "/cases/{code}/letters"): Asked(Act.WROTE, {"text": "សួស្តី"}),
    ("POST", "/cases/{code}/assign"): Asked(Act.ASSIGNED, {"member": "{me}"}),
    ("POST", "/cases/{code}/readers"): Asked(Act.READER_NAMED, {"member": "{me}"}),
    ("POST", "/cases/{code}/readers/remove"): Asked(Act.READER_REMOVED, {"member": "{me}"}),
    ("GET", "/cases/{code}/export"): ASKS,
    ("POST", "/cases/{code}/export"): ASKS,
    ("POST", "/cases/{code}/export/package"): Asked(
        Act.EXPORTED,
        {
            "key": package_key.public_text(keys.PrivateKey.new().public),
            "receiver": "court",
            "reason": "lawyer",
            "compared": "yes",
            "agreed": "yes",
        },
    ),
    ("GET", "/search"): ASKS,
    ("POST", "/search"): Asked(Act.SEARCHED, {"kind": "phone", "term": "+85512345678"}),
    ("GET", "/reading"): Asked(Act.READING_SHOWN),
    ("GET", "/counts"): Asked(Act.COUNTS_SHOWN),
    ("GET", "/counts/samleng.csv"): Asked(Act.COUNTS_SHOWN),
    ("POST", "/duty/alarms/{alarm_id}/take"): Asked(Act.TOOK),
    ("GET", "/duty"): Asked(Act.LISTED),
    ("POST", "/duty/link"): Asked(Act.DUTY_CHANGED),
    ("POST", "/duty/{member_id}/unlink"): DUTY,
    ("POST", "/duty/{member_id}/switch"): DUTY,
    ("POST", "/duty/{member_id}/move"): DUTY,
    ("GET", "/retention"): OPEN,
    ("POST", "/retention/check"): OPEN,
    ("POST", "/retention/{code}/keep"): "KEPT_LONGER: tests/referrals/test_retention.py",
    ("GET", "/assist"): ASKS,
    ("GET", "/assist/chat"): ASKS,
    ("POST", "/assist/visits"): VISIT,
    ("POST", "/assist/messages"): VISIT,
    ("POST", "/assist/files"): VISIT,
    ("POST", "/assist/end"): VISIT,
}
"""Each route of the desk that has to do with cases: the act that it leaves, or why it needs
none.
"""


def routes() -> Iterator[tuple[str, str]]:
    for router in pages.routers:
        for route in policy.each_route(router.routes):
            if not isinstance(route, APIRoute):
                continue
            permissions = {
                each.permission
                for each in policy.policies_of(route)
                if isinstance(each, policy.Allowed)
            }
            if permissions & SHOWS_CASES or route.path.startswith("/cases"):
                yield from ((method, route.path) for method in route.methods)


def test_a_new_route_says_here_what_trace_it_leaves() -> None:
    assert set(routes()) == set(ROUTES)


@pytest.fixture
def desk_of(town: Town, tmp_path: Path) -> Callable[[str], TestClient]:
    """A browser at a member's desk, who showed her second factor just now."""

    def sits(name: str) -> TestClient:
        app = FastAPI()
        for router in pages.routers:
            app.include_router(router)
        nobody = cast(Turns, None)  # no turn is played here
        app.state.parts = Parts(
            Settings(data_dir=tmp_path / "data"),
            town.site,
            content(),
            Mode.REAL,
            nobody,
            "unused",
            lambda _: None,
        )
        who = replace(town.people[name], stepped_up_at=town.clock())
        app.dependency_overrides[policy.signed_in] = lambda: who
        return TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)

    return sits


@pytest.mark.parametrize("route", [r for r, asked in ROUTES.items() if isinstance(asked, Asked)])
def test_each_leaves_its_act_with_who_and_which_case(
    town: Town, desk_of: Callable[[str], TestClient], route: tuple[str, str]
) -> None:
    asked = ROUTES[route]
    assert isinstance(asked, Asked)
    code, who = town.lodges("រឿង", category=DANGER), town.people["mrc"]
    alarm_id = raises(town, code)
    method, path = route
    with town.site.store.reading() as session:
        case_id = case.by_code(session, code).id
        before = len(session.exec(select(AuditRow)).all())
    path = path.format(code=code, file_id="0" * 32, alarm_id=alarm_id)
    form = {name: value.format(me=who.member_id) for name, value in asked.form.items()}
    desk_of("mrc").request(method, path, data={"csrf": "token", **form} if method == "POST" else {})
    with town.site.store.reading() as session:
        left = session.exec(select(AuditRow).order_by(col(AuditRow.id))).all()[before:]
    mine = [row for row in left if row.act == asked.act]
    assert mine, [row.act for row in left]
    assert {row.member_id for row in mine} == {who.member_id}
    assert {row.organisation_id for row in mine} == {who.organisation_id}
    of_a_case = "{" in route[1]
    assert {row.case_id for row in mine} == {case_id if of_a_case else None}


@pytest.mark.parametrize("route", [r for r in ROUTES if "{code}" in r[1] and r[0] == "GET"])
def test_who_may_not_is_refused_and_that_is_written_down(
    town: Town, desk_of: Callable[[str], TestClient], route: tuple[str, str]
) -> None:
    code, stranger = town.lodges("រឿង"), town.people["mrc-kampot"]
    answer = desk_of("mrc-kampot").get(route[1].format(code=code, file_id="0" * 32))
    assert answer.status_code == 404
    with town.site.store.reading() as session:
        (row,) = audit.of_case(session, case.by_code(session, code).id)
    assert (row.act, row.member_id) == ("refused", stranger.member_id)


# ---- nobody changes it quietly


@pytest.mark.parametrize("act", ["UPDATE audit SET act = 'took'", "DELETE FROM audit"])
def test_the_database_refuses_to_change_a_trace(town: Town, act: str) -> None:
    code = town.lodges("រឿង")
    desk.open_case(town.site, town.people["mrc"], code)
    with pytest.raises(DBAPIError, match="only added to"), town.site.store.writing() as session:
        session.execute(text(act))
    assert acts(town, code) == ["opened_case"]


def test_nor_does_sqlite_let_a_row_be_replaced(tmp_path: Path) -> None:
    town = build_town(tmp_path)
    code = town.lodges("រឿង")
    desk.open_case(town.site, town.people["mrc"], code)
    replaces = (
        "INSERT OR REPLACE INTO audit (id, at, act, case_id) "
        "SELECT id, at, 'took', case_id FROM audit WHERE act = 'opened_case'"
    )
    with pytest.raises(DBAPIError, match="only added to"), town.site.store.writing() as session:
        session.execute(text(replaces))
    assert acts(town, code) == ["opened_case"]


def test_erasing_the_case_leaves_its_trace(town: Town) -> None:
    code = town.lodges("រឿង")
    desk.open_case(town.site, town.people["mrc"], code)
    with town.site.store.writing() as session:
        held = case.by_code(session, code)
        case_id = held.id
        session.delete(held)
    with town.site.store.reading() as session:
        assert [row.act for row in audit.of_case(session, case_id)] == ["opened_case"]


def test_a_broken_chain_is_named(town: Town) -> None:
    desk.open_case(town.site, town.people["mrc"], town.lodges("រឿង"))
    chain.link_all(town.site)
    sqlite = town.site.store.engine.dialect.name == "sqlite"
    guard = "audit_refuses_update" if sqlite else "audit_refuses ON audit"
    with town.site.store.writing() as session:
        session.execute(text(f"DROP TRIGGER {guard}"))
        session.execute(text("UPDATE audit SET member_id = 'x' WHERE act = 'opened_case'"))
        number = session.exec(
            select(chain.AuditLink.number)
            .join(AuditRow, col(AuditRow.id) == chain.AuditLink.audit_id)
            .where(AuditRow.act == Act.OPENED_CASE)
        ).one()
        problem = chain.check(session, town.site).problem
    assert problem is not None
    assert re.match(rf"link {number}: row \d+ of the audit", problem)


def test_the_chain_grows_while_the_program_runs_and_goes_on_after_an_error(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    heads, times = tmp_path / chain.HEADS_FILE, iter([True])
    link_all = chain.link_all

    def breaks_once(*given: object, **more: bool) -> int:
        if next(times, False):
            raise OperationalError("SELECT a secret", None, Exception("a secret"))
        return link_all(town.site, **more)

    monkeypatch.setattr(chain, "link_all", breaks_once)

    async def runs() -> None:
        task = asyncio.create_task(beside.link_audit(town.site, heads, every=0.01))
        while not heads.exists():
            await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(asyncio.wait_for(runs(), 30))
    with town.site.store.reading() as session:
        found = chain.check(session, town.site)
        rows = session.exec(select(AuditRow)).all()
    assert (found.links, found.problem) == (len(rows), None)
    assert [r.getMessage() for r in caplog.records if r.name == "api.beside"] == [
        "the audit could not be linked: OperationalError"
    ]

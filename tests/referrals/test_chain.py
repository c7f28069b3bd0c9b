"""The audit cannot be changed quietly: not by a statement, and not by whoever gets around that."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from referrals import audit, chain
from referrals.chain import BATCH, AuditHead, AuditLink, BadHead, Found
from referrals.serverkey import load_or_make
from tests.house import Town


def acts(town: Town, how_many: int) -> None:
    with town.site.store.writing() as session:
        for number in range(how_many):
            audit.add(
                session, town.clock(), audit.Act.OPENED_CASE, case_id=f"{number:032}", subject="x"
            )


def linked(town: Town) -> int:
    return chain.link(town.site)


def check(town: Town) -> Found:
    with town.site.store.reading() as session:
        return chain.check(session, town.site)


def all_linked(town: Town) -> int:
    total = 0
    while more := linked(town):
        total += more
    return total


def without_guard(town: Town, statement: str) -> None:
    """Do what only the owner of the database can: take the guard away first."""
    sqlite = town.site.store.engine.dialect.name == "sqlite"
    tables = ("audit", "audit_link", "audit_head")
    with town.site.store.writing() as session:
        for table in tables:
            if sqlite:
                for act in ("update", "delete"):
                    session.execute(text(f"DROP TRIGGER {table}_refuses_{act}"))
            else:
                session.execute(text(f"DROP TRIGGER {table}_refuses ON {table}"))
        session.execute(text(statement))


def test_every_act_is_linked_once_and_the_chain_holds(town: Town) -> None:
    before = all_linked(town)
    acts(town, 3)
    assert linked(town) == 3
    assert linked(town) == 0
    assert check(town) == Found(before + 3, check(town).signed, None)


def test_more_than_one_batch(town: Town) -> None:
    before = all_linked(town)
    acts(town, BATCH + 2)
    assert (linked(town), linked(town), linked(town)) == (BATCH, 2, 0)
    assert check(town).links == before + BATCH + 2
    assert check(town).problem is None


def test_an_empty_audit_is_whole(town: Town) -> None:
    with town.site.store.reading() as session:
        assert chain.check(session, town.site).problem is None


@pytest.mark.parametrize("table", ["audit", "audit_link", "audit_head"])
@pytest.mark.parametrize("act", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
def test_the_database_refuses_to_change_what_is_written(town: Town, table: str, act: str) -> None:
    acts(town, 1)
    linked(town)
    column = {"audit": "act", "audit_link": "audit_id", "audit_head": "number"}[table]
    with pytest.raises(DBAPIError, match="only added to"), town.site.store.writing() as session:
        session.execute(text(act.format(table, column, column)))


BROKEN: dict[str, tuple[str, str]] = {
    "an act changed": ("UPDATE audit SET act = 'took' WHERE id = {row}", "row {row}"),
    "a reader changed": ("UPDATE audit SET member_id = 'nobody' WHERE id = {row}", "row {row}"),
    "a time changed": ("UPDATE audit SET at = '2020-01-01 00:00:00' WHERE id = {row}", "row {row}"),
    "a link left out": ("DELETE FROM audit_link WHERE number = {link}", "link {link} is missing"),
    "a digest changed": (
        "UPDATE audit_link SET digest = (SELECT digest FROM audit_link WHERE number = 1) "
        "WHERE number = {link}",
        "link {link}",
    ),
    "the end cut off": ("DELETE FROM audit_link WHERE number >= {link}", "cut off after link"),
    "a signature changed": (
        "UPDATE audit_head SET signature = (SELECT digest FROM audit_link WHERE number = 1)",
        "signature",
    ),
}


@pytest.mark.parametrize("how", BROKEN)
def test_the_first_broken_link_is_named(town: Town, how: str) -> None:
    acts(town, 6)
    all_linked(town)
    with town.site.store.writing() as session:
        chain.sign(session, town.site)
        number = chain.check(session, town.site).links - 2
        row = session.get_one(AuditLink, number).audit_id
    statement, said = BROKEN[how]
    without_guard(town, statement.format(row=row, link=number))
    problem = check(town).problem
    assert problem is not None
    assert said.format(row=row, link=number) in problem


def test_who_makes_the_chain_anew_has_no_signature_for_it(town: Town) -> None:
    acts(town, 4)
    all_linked(town)
    with town.site.store.writing() as session:
        chain.sign(session, town.site)
    without_guard(town, "UPDATE audit SET subject = 'y' WHERE id = (SELECT MAX(id) FROM audit)")
    with town.site.store.writing() as session:
        session.execute(text("DELETE FROM audit_link"))
    all_linked(town)
    problem = check(town).problem
    assert problem is not None
    assert "signature" in problem


def test_a_head_is_signed_every_hour_in_which_something_happened(town: Town) -> None:
    def heads() -> int:
        with town.site.store.reading() as session:
            return len(session.exec(chain.select(AuditHead)).all())

    all_linked(town)
    before = heads()
    acts(town, 1)
    linked(town)
    assert heads() == before
    town.clock.pass_(hours=1)
    linked(town)
    assert heads() == before + 1
    town.clock.pass_(hours=5)
    linked(town)
    assert heads() == before + 1


def test_rows_that_nothing_links_are_noticed(town: Town) -> None:
    all_linked(town)
    acts(town, 2)
    assert check(town).problem is None
    town.clock.pass_(minutes=chain.UNLINKED / timedelta(minutes=1) + 1)
    assert check(town).problem == "2 rows of the audit wait for their link"


def test_an_act_that_was_rolled_back_was_never_linked(town: Town) -> None:
    before = all_linked(town)

    def breaks() -> None:
        with town.site.store.writing() as session:
            audit.add(session, town.clock(), audit.Act.TOOK)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        breaks()
    assert linked(town) == 0
    assert check(town) == Found(before, check(town).signed)


def test_many_link_at_once_and_write_at_once(town: Town) -> None:
    def often(act: Callable[[], object]) -> threading.Thread:
        return threading.Thread(target=lambda: [act() for _ in range(15)])

    workers = [often(lambda: acts(town, 1)), often(lambda: acts(town, 2))]
    workers += [often(lambda: linked(town)) for _ in range(3)]
    for each in workers:
        each.start()
    for each in workers:
        each.join(60)
    all_linked(town)
    found = check(town)
    assert found.problem is None
    assert found.links >= 45


# ---- rows that come late


def test_a_row_that_was_committed_late_is_linked(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL: a number is drawn before the commit, so a smaller one can appear later."""
    all_linked(town)
    with town.site.store.writing() as session:
        session.add(audit.AuditRow(id=2_000, at=town.clock(), act=audit.Act.TOOK))
    assert linked(town) == 1
    with town.site.store.writing() as session:
        session.add(audit.AuditRow(id=1_990, at=town.clock(), act=audit.Act.WROTE))
    assert linked(town) == 1
    monkeypatch.setattr(chain, "LATE", 5)
    with town.site.store.writing() as session:
        session.add(audit.AuditRow(id=1_000, at=town.clock(), act=audit.Act.WROTE))
    assert linked(town) == 0
    assert chain.link_all(town.site, everything=True) == 1
    assert check(town).problem is None


# ---- heads that are kept elsewhere


def kept(town: Town) -> str:
    chain.link_all(town.site)
    with town.site.store.writing() as session:
        head = chain.sign(session, town.site)
        assert head is not None
        return chain.written(town.site, head)


def compared(town: Town, line: str) -> str | None:
    (head,) = chain.read_heads(line)
    with town.site.store.reading() as session:
        return chain.check_kept(session, town.site, head)


def test_a_head_that_was_kept_is_in_the_chain_however_long_it_grew(town: Town) -> None:
    acts(town, 3)
    line = kept(town)
    acts(town, 3)
    chain.link_all(town.site)
    assert compared(town, line) is None


def test_a_head_that_was_kept_catches_who_rewrote_everything_and_signed_it_anew(
    town: Town,
) -> None:
    acts(town, 3)
    line = kept(town)
    without_guard(town, "UPDATE audit SET subject = 'y' WHERE id = (SELECT MAX(id) FROM audit)")
    with town.site.store.writing() as session:
        session.execute(text("DELETE FROM audit_link"))
        session.execute(text("DELETE FROM audit_head"))
    chain.link_all(town.site)
    assert check(town).problem is None  # the chain alone cannot tell
    said = compared(town, line)
    assert said is not None
    assert "rewritten" in said


def test_a_head_that_was_kept_catches_who_cut_the_end_off(town: Town) -> None:
    acts(town, 3)
    line = kept(town)
    without_guard(town, "DELETE FROM audit_link WHERE number > 2")
    with town.site.store.writing() as session:
        session.execute(text("DELETE FROM audit_head"))
    assert "has fewer" in (compared(town, line) or "")


def test_a_head_signed_by_another_key_is_told_apart(town: Town, tmp_path: Path) -> None:
    acts(town, 1)
    line = kept(town)
    other = Town(replace(town.site, server_key=load_or_make(tmp_path / "another.key")), town.clock)
    assert "another" in (compared(other, line) or "")


@pytest.mark.parametrize(
    "slip",
    [
        lambda line: line.replace("samleng-audit-head-1", "samleng-audit-head-2"),
        lambda line: line[:-9],
        lambda line: line.rsplit(" ", 1)[0],
        lambda line: " ".join(["samleng-audit-head-1", "7", *line.split()[2:]]),
        lambda line: "something else",
    ],
)
def test_a_kept_line_with_a_slip_in_it_is_named(town: Town, slip: Callable[[str], str]) -> None:
    acts(town, 1)
    line = kept(town)
    assert chain.read_heads(f"# a note\n\n{line}\n")
    with pytest.raises(BadHead, match="line 3"):
        chain.read_heads(f"# a note\n\n{slip(line)}\n")


def test_heads_are_written_into_a_file_once_also_after_a_crash_in_a_line(
    town: Town, tmp_path: Path
) -> None:
    file = tmp_path / chain.HEADS_FILE
    acts(town, 1)
    first = kept(town)
    assert (chain.keep_heads(town.site, file), chain.keep_heads(town.site, file)) == (1, 0)
    assert file.read_text().splitlines() == [first]
    assert file.stat().st_mode & 0o777 == 0o600
    with file.open("a") as half:
        half.write("samleng-audit-head-1 9")
    acts(town, 1)
    second = kept(town)
    assert chain.keep_heads(town.site, file) == 1
    assert file.read_text().splitlines() == [first, "samleng-audit-head-1 9", second]

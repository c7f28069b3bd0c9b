"""The database: what is deleted does not stay in its log, and a moment has a zone."""

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import StatementError

from referrals import draft
from referrals.contact import Contact
from referrals.store import after_commit
from tests.house import Town, empty_site, told_draft


def test_the_log_keeps_no_page_of_what_was_deleted(tmp_path: Path) -> None:
    site = empty_site(tmp_path)
    with site.store.writing() as session:
        begun = told_draft(session, site, "រឿង")
        sealed = draft.parts(session, begun)[0].sealed_text
        draft.discard(session, site, begun)
    assert sealed is not None
    with site.store.writing() as session:
        begun = told_draft(session, site, "រឿង")
        sealed = draft.parts(session, begun)[0].sealed_text
    with site.store.writing() as session:
        found = draft.find(session, begun.conversation)
        assert found is not None
        draft.discard(session, site, found)
    log = tmp_path / "data" / "samleng.sqlite-wal"
    assert sealed is not None
    assert sealed in log.read_bytes()
    site.store.forget_log()
    assert log.stat().st_size == 0
    assert sealed not in (tmp_path / "data" / "samleng.sqlite").read_bytes()
    site.store.engine.dispose()


def test_forgetting_the_log_is_harmless_on_any_database(town: Town) -> None:
    town.site.store.forget_log()
    assert town.lodges("រឿង")


def test_a_moment_without_a_zone_is_refused(town: Town) -> None:
    naive = datetime(2026, 11, 21)
    with pytest.raises(StatementError), town.site.store.writing() as session:
        session.add(Contact(conversation="c", channel="web", sealed_address=b"", last_heard=naive))


def test_what_waits_for_the_commit_is_not_done_without_one(town: Town) -> None:
    done: list[str] = []

    class Broken(Exception):
        pass

    def breaks() -> None:
        with town.site.store.writing() as session:
            after_commit(session, lambda: done.append("lost"))
            raise Broken

    with pytest.raises(Broken):
        breaks()
    with town.site.store.writing() as session:
        after_commit(session, lambda: done.append("kept"))
        assert done == []
    assert done == ["kept"]

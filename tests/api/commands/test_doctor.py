"""`samleng doctor`: each thing that can be wrong is named, with what to do; and nothing told is."""

import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import delete, select
from typer.testing import CliRunner

from api.commands import app
from api.commands.examine import State, Told, examine
from api.factors import Totp
from api.settings import Settings
from referrals import audit, case, chain, desk, files, recoverykey
from referrals.audit import Act
from referrals.case import CaseFile
from referrals.directory import Member, OrganisationKey
from referrals.installation import Mode, settle
from tests.house import Clock, Town, build_town, empty_site

HIDES_THE_READER = "UPDATE audit SET member_id = NULL WHERE id = {row}"
CANARY = "ពាក្យដែលមិនត្រូវឱ្យឃើញ"


@pytest.fixture
def town(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """A town on SQLite and on PostgreSQL, today: its people came by the machine's own clock."""
    built = build_town(tmp_path, database_url)
    built.clock.now = datetime.now(UTC)
    yield built
    built.site.store.engine.dispose()


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return Settings(data_dir=tmp_path / "data", database_url=database_url)


def told(town: Town, settings: Settings, kept: Path | None = None) -> list[Told]:
    return list(examine(settings, town.clock, kept))


def wrong(town: Town, settings: Settings, kept: Path | None = None) -> dict[str, str]:
    lines = told(town, settings, kept)
    return {each.what: each.said for each in lines if each.state is State.WRONG}


def becomes_real(town: Town) -> None:
    with town.site.store.writing() as session:
        settle(session, Mode.REAL, town.clock())


def lives(town: Town) -> str:
    """A day at the desk, linked; gives the case's code."""
    code = town.lodges(CANARY, name=CANARY)
    desk.open_case(town.site, town.people["mrc"], code)
    desk.write(town.site, town.people["mrc"], code, CANARY)
    chain.link_all(town.site)
    return code


def without_guard(town: Town, *statements: str) -> None:
    """Do what only the owner of the database can."""
    sqlite = town.site.store.engine.dialect.name == "sqlite"
    drops = [f"DROP TRIGGER audit_refuses_{act}" for act in ("update", "delete")]
    drops += [f"DROP TRIGGER audit_{t}_refuses_delete" for t in ("link", "head")]
    if not sqlite:
        tables = ("audit", "audit_link", "audit_head")
        drops = [f"DROP TRIGGER {table}_refuses ON {table}" for table in tables]
    with town.site.store.writing() as session:
        for statement in (*drops, *statements):
            session.execute(text(statement))


# ---- well


def test_a_house_in_order_is_ok_and_no_word_of_a_migrant_is_told(
    town: Town, settings: Settings
) -> None:
    code = lives(town)
    chain.keep_heads(town.site, settings.data_dir / chain.HEADS_FILE)
    lines = told(town, settings)
    assert [each for each in lines if each.state is State.WRONG] == []
    checked = {each.what for each in lines if each.state is State.OK}
    assert checked >= {"data folder", "server key", "database", "clock", "disk", "files"}
    assert checked >= {"audit", "audit chain", "audit heads"}
    for each in lines:
        assert CANARY not in each.said
        assert code not in each.said


def test_nothing_is_changed_by_looking(town: Town, settings: Settings) -> None:
    lives(town)
    with town.site.store.reading() as session:
        before = session.exec(select(audit.AuditRow)).all()
    told(town, settings)
    with town.site.store.reading() as session:
        assert session.exec(select(audit.AuditRow)).all() == before


# ---- the machine


def test_a_folder_that_others_can_look_into(town: Town, settings: Settings) -> None:
    settings.data_dir.chmod(0o755)
    assert "chmod 700" in wrong(town, settings)["data folder"]


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    (line,) = examine(Settings(data_dir=nowhere), Clock())
    assert (line.state, line.what) == (State.WRONG, "data folder")
    assert not nowhere.exists()


def test_a_server_key_that_is_gone_or_open_to_others(town: Town, settings: Settings) -> None:
    key = settings.data_dir / "server.key"
    key.chmod(0o644)
    assert "chmod 600" in wrong(town, settings)["server key"]
    key.unlink()
    assert "put it back" in wrong(town, settings)["server key"]
    assert not key.exists()


def test_a_server_key_beside_what_it_opens_is_noted(
    town: Town, settings: Settings, tmp_path: Path
) -> None:
    def noted(given: Settings) -> bool:
        return any(
            each.state is State.NOTE and "SAMLENG_SERVER_KEY_FILE" in each.said
            for each in told(town, given)
        )

    assert noted(settings)
    elsewhere = (settings.data_dir / "server.key").rename(tmp_path / "server.key")
    assert not noted(settings.model_copy(update={"server_key_file": elsewhere}))


def test_a_clock_that_is_behind_the_newest_act(town: Town, settings: Settings) -> None:
    town.clock.pass_(hours=3)
    lives(town)
    town.clock.pass_(hours=-3)
    assert "180 minutes behind" in wrong(town, settings)["clock"]


def test_a_disk_that_is_nearly_full(
    town: Town, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.commands.examine.FREE_SPACE", 10**18)
    assert "make room" in wrong(town, settings)["disk"]


# ---- the database


def test_a_database_of_an_older_version(
    town: Town, settings: Settings, tmp_path: Path, database_url: str
) -> None:
    with town.site.store.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0003'"))
    assert "run samleng start once" in wrong(town, settings)["database"]


def test_a_database_that_is_gone_is_not_made(tmp_path: Path) -> None:
    site = empty_site(tmp_path)
    site.store.engine.dispose()
    database = tmp_path / "data" / "samleng.sqlite"
    database.unlink()
    lines = list(examine(Settings(data_dir=tmp_path / "data"), Clock()))
    assert "restore a backup" in lines[-1].said
    assert not database.exists()


def test_a_damaged_database(tmp_path: Path) -> None:
    town = build_town(tmp_path)
    lives(town)
    town.site.store.forget_log()
    town.site.store.engine.dispose()
    database = tmp_path / "data" / "samleng.sqlite"
    raw = bytearray(database.read_bytes())
    for page in range(20, len(raw) // 4096, 3):
        raw[page * 4096 : page * 4096 + 64] = os.urandom(64)
    database.write_bytes(raw)
    lines = list(examine(Settings(data_dir=tmp_path / "data"), town.clock))
    assert [each.what for each in lines if each.state is State.WRONG]


def test_a_row_whose_other_row_is_gone(tmp_path: Path) -> None:
    town = build_town(tmp_path)
    lives(town)
    with sqlite3.connect(tmp_path / "data" / "samleng.sqlite") as raw:
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute("DELETE FROM organisation")
    said = wrong(town, Settings(data_dir=tmp_path / "data"))
    assert "name others that are not there" in said["samleng.sqlite"]


# ---- the audit


def test_the_first_broken_link_is_named(town: Town, settings: Settings) -> None:
    lives(town)
    with town.site.store.reading() as session:
        link = session.exec(select(chain.AuditLink).offset(2).limit(1)).one()
    without_guard(town, HIDES_THE_READER.format(row=link.audit_id))
    said = wrong(town, settings)
    assert said["audit chain"].startswith(f"link {link.number}: row {link.audit_id} of the audit")
    assert "the guard is gone" in said["audit"]


def test_acts_that_nothing_links_are_told(town: Town, settings: Settings) -> None:
    lives(town)
    desk.open_case(town.site, town.people["mrc"], town.lodges("រឿង", update="u-2"))
    assert wrong(town, settings) == {}
    town.clock.pass_(minutes=6)
    assert "is it running?" in wrong(town, settings)["audit chain"]


def test_heads_in_a_file_tell_of_an_audit_that_was_written_anew(
    town: Town, settings: Settings, tmp_path: Path
) -> None:
    lives(town)
    elsewhere = tmp_path / "on paper.txt"
    chain.keep_heads(town.site, elsewhere)
    assert wrong(town, settings, elsewhere) == {}
    without_guard(
        town,
        "UPDATE audit SET subject = 'y' WHERE id = (SELECT MIN(id) FROM audit)",
        "DELETE FROM audit_link",
        "DELETE FROM audit_head",
    )
    chain.link_all(town.site)
    assert "audit chain" not in wrong(town, settings)
    assert "rewritten" in wrong(town, settings, elsewhere)["head kept elsewhere"]


@pytest.mark.parametrize("content", ["", "# nothing\n", "samleng-audit-head-1 1 2 3 4 5\n", None])
def test_a_file_without_a_head_is_no_comfort(
    town: Town, settings: Settings, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "heads"
    if content is not None:
        file.write_text(content)
    assert "head kept elsewhere" in wrong(town, settings, file)


# ---- what is kept


def test_a_row_without_its_file_and_a_file_without_a_row(town: Town, settings: Settings) -> None:
    code = lives(town)
    with town.site.store.writing() as session:
        named = files.new_file_id()
        held = case.by_code(session, code)
        session.add(
            CaseFile(
                id=named,
                case_id=held.id,
                update="u",
                number=1,
                name="story",
                kind="voice",
                media_type="audio/ogg",
                size=1,
                at=town.clock(),
                sealed_key=b"-",
            )
        )
    assert named in wrong(town, settings)["files"]
    town.site.files.seal(named, bytes(32), [b"-"])
    assert "files" not in wrong(town, settings)
    stray = files.new_file_id()
    town.site.files.seal(stray, bytes(32), [b"-"])
    lying = next(settings.data_dir.glob(f"files/*/{stray}*"))
    young, old = (town.clock() - timedelta(days=days) for days in (2, 4))
    os.utime(lying, (young.timestamp(), young.timestamp()))
    assert "files" not in wrong(town, settings)
    os.utime(lying, (old.timestamp(), old.timestamp()))
    assert "belong to nobody" in wrong(town, settings)["files"]


def test_an_office_whose_key_nobody_holds(town: Town, settings: Settings) -> None:
    office = town.people["mrc"].organisation_id
    with town.site.store.writing() as session:
        session.exec(delete(OrganisationKey).where(OrganisationKey.organisation_id == office))
    assert "nobody holds the key of mrc" in wrong(town, settings)["organisations"]


def test_an_office_without_a_recovery_key_is_wrong_in_a_real_installation(
    town: Town, settings: Settings
) -> None:
    assert "organisations" not in wrong(town, settings)
    becomes_real(town)
    assert "4 have no recovery key" in wrong(town, settings)["organisations"]
    for who in town.people.values():
        with town.site.store.writing() as session:
            typed = recoverykey.new_recovery_key()
            recoverykey.set_recovery_key(session, who, typed, town.clock())
    assert "organisations" not in wrong(town, settings)


def test_who_has_no_second_factor_in_a_real_installation(town: Town, settings: Settings) -> None:
    assert "second factor" not in wrong(town, settings)
    becomes_real(town)
    assert wrong(town, settings)["second factor"].startswith("4 have none yet (lawyer@example.org")
    with town.site.store.writing() as session:
        for who in town.people.values():
            session.add(
                Totp(member_id=who.member_id, sealed_secret=b"-", confirmed_at=town.clock())
            )
        for email in ("left@example.org", "invited@example.org"):
            left = town.clock() if email.startswith("left") else None
            session.add(Member(email=email, role="editor", left_at=left))
    assert "second factor" not in wrong(town, settings)


def test_a_backup_that_is_too_old(town: Town, settings: Settings) -> None:
    becomes_real(town)
    assert "none was ever made" in wrong(town, settings)["backup"]
    audit.record(town.site, Act.BACKED_UP)
    assert "backup" not in wrong(town, settings)
    town.clock.pass_(days=8)
    assert "8 days old" in wrong(town, settings)["backup"]


# ---- the command


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    monkeypatch.setenv("SAMLENG_DATA_DIR", str(tmp_path / "data"))
    clock = Clock(datetime.now(UTC))
    return Town(empty_site(tmp_path, clock=clock), clock)


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["doctor", *words])
    return result.exit_code, result.output


def test_the_command_ends_with_0_when_all_is_well_and_1_when_not(
    at_home: Town, tmp_path: Path
) -> None:
    status, said = run()
    assert (status, said.splitlines()[0]) == (0, "ok     settings: all can be read")
    (tmp_path / "data").chmod(0o750)
    status, said = run()
    assert status == 1
    assert "wrong  data folder: others can look into it" in said
    assert said.splitlines()[-1] == "samleng: one thing is wrong"


def test_a_head_is_printed_as_one_line_and_checked_later(at_home: Town, tmp_path: Path) -> None:
    assert run("--head")[0] == 1
    audit.record(at_home.site, Act.INVITED)
    status, said = run("--head")
    assert status == 0
    kept = tmp_path / "kept"
    kept.write_text(said)
    audit.record(at_home.site, Act.INVITED)
    for option in ("--since", "--check-head"):
        status, said = run(option, str(kept))
        assert status == 0
        assert "head kept elsewhere: 1 in kept, all in the chain" in said


def test_without_an_installation_none_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMLENG_DATA_DIR", str(tmp_path / "nothing"))
    assert run("--head")[0] == run()[0] == 1
    assert not (tmp_path / "nothing").exists()


def test_it_works_while_somebody_writes(at_home: Town) -> None:
    with at_home.site.store.writing() as session:
        audit.add(session, at_home.clock(), Act.INVITED)
        session.flush()
        assert run()[0] == 0


def test_a_wrong_setting_is_said(at_home: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMLENG_PORT", "many")
    status, said = run()
    assert status == 1
    assert "SAMLENG_PORT" in said

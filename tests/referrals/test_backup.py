"""A backup holds all that is told and not the key; brought back, what was erased stays erased."""

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from api.staff_session import StaffSession
from referrals import (
    audit,
    backup,
    case,
    desk,
    directory,
    draft,
    erasure,
    keyring,
    restore,
)
from referrals.audit import AuditRow
from referrals.backup import BackupProblem
from referrals.chain import check, link
from referrals.erasure import Certificate, Reason
from referrals.restore import RESTORING
from referrals.settings import StoreSettings
from referrals.site import Site, open_site
from tests.house import PASSWORD, Clock, Town, build_town, told_draft
from tests.referrals.brought_back import CANARY, DAYS, VOICE, House, lodges


def erases(town: Town, code: str) -> None:
    with town.site.store.writing() as session:
        erasure.erase(session, town.site, case.by_code(session, code).id, Reason.HER_WISH)


def codes(site: Site) -> set[str]:
    with site.store.reading() as session:
        return set(session.exec(select(case.Case.code)))


def test_brought_back_a_case_opens_by_its_members_password_and_an_erased_one_does_not(
    house: House,
) -> None:
    kept, erased = lodges(house.town, "a"), lodges(house.town, "b")
    with house.town.site.store.writing() as session:
        begun = told_draft(session, house.town.site, "ព្រាង", conversation="d" * 64)
        file = draft.seal_file(house.town.site, iter([VOICE]), "audio/ogg")
        draft.tell(session, house.town.site, begun, "story", "told-3", file=file, kind="voice")
    folder = house.copies()
    later = lodges(house.town, "c")
    house.town.clock.pass_(hours=1)
    erases(house.town, erased)
    backup.write_erased(house.town.site, house.backups)

    came = house.brings_back(folder)
    assert (came.files, came.erased, came.strange, came.drafts, came.missing) == (3, 1, 0, 0, 0)
    again = house.opened()
    try:
        assert codes(again.site) == {kept}
        assert later not in codes(again.site), "what came after the backup is lost"
        with again.site.store.reading() as session:
            member = session.get_one(directory.Member, again.people["mrc"].member_id)
        again.people["mrc"] = replace(again.people["mrc"], key=keyring.unlock(member, PASSWORD))
        opened = desk.open_case(again.site, again.people["mrc"], kept)
        (voice,) = opened.files
        _, pieces = desk.open_file(again.site, again.people["mrc"], kept, voice.id)
        assert b"".join(pieces) == VOICE
        with pytest.raises(desk.NotYours):
            desk.open_case(again.site, again.people["mrc"], erased)
        assert len(list(again.site.files.ids())) == 2, "the erased case's file went, too"
        with again.site.store.reading() as session:
            office = str(again.people["mrc"].organisation_id)
            assert erasure.of_code(session, again.site, office, erased)
            assert draft.find(session, "d" * 64) is not None
            acts = [(row.act, row.subject) for row in session.exec(select(AuditRow))]
        assert ("restored", folder.name) in acts
        assert ("erased", "restored") in acts
        while link(again.site):
            pass
        with again.site.store.reading() as session:
            assert check(session, again.site).problem is None, "the audit's chain goes on"
    finally:
        again.site.store.engine.dispose()
    assert not (house.empty.data_dir / RESTORING).exists()


def test_a_code_that_was_drawn_again_after_an_erasure_is_not_erased(house: House) -> None:
    code = lodges(house.town, "a")
    erases(house.town, code)
    house.town.clock.pass_(days=1)
    other = lodges(house.town, "b")
    with house.town.site.store.writing() as session:
        drawn = case.by_code(session, other)
        drawn.code = code
        session.add(drawn)
    assert house.brings_back(house.copies()).erased == 0


def test_no_key_and_no_word_is_in_a_backup_and_nobody_else_may_look(house: House) -> None:
    lodges(house.town, "a")
    folder = house.copies()
    key = json.loads((house.empty.data_dir / "server.key").read_text())
    secrets = [CANARY.encode(), VOICE[:64], *(k.encode() for k in (key["root"], *key["keys"]))]
    for path in house.backups.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
        assert path.is_dir() or not any(each in path.read_bytes() for each in secrets), path
    kind = house.town.site.store.engine.dialect.name
    assert {each.name for each in folder.iterdir()} == {
        "manifest.json",
        "files",
        backup.NAMES[kind],
    }
    with house.town.site.store.reading() as session:
        rows = session.exec(select(AuditRow).where(AuditRow.act == audit.Act.BACKED_UP)).all()
    assert [row.subject for row in rows] == [folder.name]


def test_nobody_is_signed_in_after_it_came_back(house: House) -> None:
    mrc, now = house.town.people["mrc"], house.town.clock()
    with house.town.site.store.writing() as session:
        session.add(
            StaffSession(
                id="5e" * 32,
                member_id=mrc.member_id,
                sealed_key=b"sealed",
                csrf="c",
                begun=now,
                seen=now,
            )
        )
    folder = house.copies()
    assert not any(b"5e" * 32 in each.read_bytes() for each in folder.rglob("*") if each.is_file())
    house.brings_back(folder)
    again = house.opened()
    for site, rows in ((house.town.site, 1), (again.site, 0)):
        with site.store.reading() as session:
            assert len(session.exec(select(StaffSession)).all()) == rows
    again.site.store.engine.dispose()


def test_before_a_newer_version_is_started_the_older_database_can_be_copied(house: House) -> None:
    code = lodges(house.town, "a")
    with house.town.site.store.writing() as session:
        session.connection().execute(text("DROP TABLE erasure_certificate"))
    house.copies()
    assert codes(house.town.site) == {code}


def test_old_backups_go_and_the_newest_stays(house: House) -> None:
    first = house.copies()
    house.town.clock.pass_(days=20)
    second_ = house.copies()
    (house.backups / "somebody's own folder").mkdir()
    house.town.clock.pass_(days=10)
    third = house.copies()
    kept = {each.name for each in house.backups.iterdir() if each.is_dir()}
    assert kept == {"somebody's own folder", second_.name, third.name}
    assert not first.exists()
    house.town.clock.pass_(days=365)
    assert backup.delete_old(house.backups, house.town.clock(), DAYS) == (second_.name,)
    assert third.exists(), "however old, the last one is not deleted"


@pytest.mark.parametrize("spoil", ["cut", "changed", "missing", "manifest", "unsigned", "key"])
def test_a_backup_that_is_not_as_it_was_made_is_refused_and_nothing_is_begun(
    house: House, spoil: str
) -> None:
    lodges(house.town, "a")
    folder = house.copies()
    (file,) = folder.glob("files/*/*.sealed")
    manifest = folder / "manifest.json"
    held = file.read_bytes()
    if spoil == "cut":
        file.write_bytes(held[:-1])
    elif spoil == "changed":
        file.write_bytes(held[:-1] + bytes([held[-1] ^ 1]))
    elif spoil == "missing":
        file.unlink()
    elif spoil == "manifest":
        manifest.write_text(manifest.read_text()[:-40])
    elif spoil == "unsigned":
        told = json.loads(manifest.read_text())
        told["files"].popitem()
        manifest.write_text(json.dumps(told))
    else:
        (house.empty.data_dir / "server.key").unlink()
        open_site(StoreSettings(data_dir=house.empty.data_dir.parent / "other"))
        other = house.empty.data_dir.parent / "other" / "server.key"
        shutil.copy2(other, house.empty.data_dir)
    with pytest.raises(BackupProblem):
        house.brings_back(folder)
    assert [each.name for each in house.empty.data_dir.iterdir()] == ["server.key"]


def test_it_comes_back_only_into_an_empty_house_with_its_key_and_the_list_of_the_erased(
    house: House, tmp_path: Path
) -> None:
    folder = house.copies()
    lost = house.backups / "erased.txt"
    lost.rename(tmp_path / "elsewhere.txt")
    with pytest.raises(BackupProblem, match=r"erased\.txt"):
        house.brings_back(folder)
    with pytest.raises(BackupProblem, match="no backup"):
        house.brings_back(tmp_path, erased=tmp_path / "elsewhere.txt")
    stranger = house.empty.data_dir / "samleng.sqlite"
    stranger.write_text("mine")
    with pytest.raises(BackupProblem, match="not empty"):
        house.brings_back(folder, erased=tmp_path / "elsewhere.txt")
    assert stranger.read_text() == "mine"
    stranger.unlink()
    key = house.empty.data_dir / "server.key"
    key.rename(tmp_path / "kept.key")
    with pytest.raises(BackupProblem, match="server key"):
        house.brings_back(folder, erased=tmp_path / "elsewhere.txt")
    assert not key.exists(), "no new one is made in its place"
    (tmp_path / "kept.key").rename(key)
    house.brings_back(folder, erased=tmp_path / "elsewhere.txt")
    with pytest.raises(BackupProblem, match="not empty"):
        house.brings_back(folder, erased=tmp_path / "elsewhere.txt")


def test_killed_while_it_is_brought_back_the_same_command_begins_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, erased = lodges(house.town, "a"), lodges(house.town, "b")
    folder = house.copies()
    erases(house.town, erased)
    other = house.copies()

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    for where in ("_put_right", "_settle"):
        with monkeypatch.context() as broken:
            broken.setattr(restore, where, dies)
            with pytest.raises(KeyboardInterrupt):
                house.brings_back(folder)
        assert (house.empty.data_dir / RESTORING).exists()
        assert not (house.empty.data_dir / "samleng.sqlite").exists()
        with pytest.raises(BackupProblem, match="not empty"):
            house.brings_back(other)
    house.brings_back(folder)
    again = house.opened()
    assert codes(again.site) == {kept}
    again.site.store.engine.dispose()


def test_a_file_that_goes_while_it_is_copied_is_not_missing_and_a_lost_one_is(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = house.town.site
    with site.store.writing() as session:
        begun = told_draft(session, site, "ព្រាង", conversation="d" * 64)
        file = draft.seal_file(site, iter([VOICE]), "audio/ogg")
        draft.tell(session, site, begun, "story", "told-3", file=file, kind="voice")
    copy = backup._copy_files

    def thrown_away_first(*given: object) -> list[str]:
        with site.store.writing() as session:
            held = draft.find(session, "d" * 64)
            assert held is not None
            draft.discard(session, site, held)
        return copy(*given)  # type: ignore[arg-type]

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(backup, "_copy_files", thrown_away_first)
        made = backup.make(site, house.backups, DAYS)
    assert made.missing == 0
    came = house.brings_back(made.folder)
    assert came.drafts == 1, "whoever threw it away does not find it again"

    code = lodges(house.town, "a")
    with site.store.reading() as session:
        found = case.by_code(session, code)
        (file_id,) = session.exec(
            select(case.CaseFile.id).where(case.CaseFile.case_id == found.id)
        ).all()
    site.files.remove(file_id)
    house.town.clock.pass_(seconds=1)
    assert backup.make(site, house.backups, DAYS).missing == 1


def test_the_list_of_the_erased_grows_by_what_is_new_and_survives_a_cut_off_line(
    house: House,
) -> None:
    site = house.town.site
    listed = house.backups / "erased.txt"
    house.copies()
    assert listed.read_text() == ""
    erases(house.town, lodges(house.town, "a"))
    house.copies()
    first = listed.read_text()
    assert backup.write_erased(site, house.backups) == 0
    listed.write_text(first[:-30])
    erases(house.town, lodges(house.town, "b"))
    house.copies()
    with site.store.reading() as session:
        made = {each.id for each in session.exec(select(Certificate))}
    found, strange = erasure.read_lines(site.server_key, listed.read_text().splitlines())
    assert {each.id for each in found} == made
    assert strange == 1


def test_a_backup_is_refused_within_the_data_folder_and_beside_another(house: House) -> None:
    with pytest.raises(BackupProblem, match="data folder"):
        backup.make(house.town.site, house.town.site.files.root.parent / "backups", DAYS)
    house.backups.mkdir()
    with backup._alone_in(house.backups), pytest.raises(BackupProblem, match="another backup"):
        house.copies()


COPIES = """
import sys
from pathlib import Path
from referrals import backup
from referrals.settings import StoreSettings
from referrals.site import open_site

site = open_site(StoreSettings(data_dir=Path(sys.argv[1])))
copy = backup._copy_files
def slowly(*given):
    print("copying", flush=True)
    sys.stdin.read()
    return copy(*given)
backup._copy_files = slowly
backup.make(site, Path(sys.argv[2]), 30)
"""


def test_killed_in_the_middle_a_backup_is_none_and_the_next_one_clears_it_away(
    tmp_path: Path,
) -> None:
    town = build_town(tmp_path)
    clock = Clock()
    code, backups = lodges(town, "a"), tmp_path / "backups"
    # The database lies in the data folder, where a program of its own finds it.
    command = [sys.executable, "-c", COPIES, str(tmp_path / "data"), str(backups)]
    killed = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert killed.stdout
    assert killed.stdout.readline() == b"copying\n"
    killed.send_signal(signal.SIGKILL)
    killed.wait(20)
    time.sleep(0.1)
    (part,) = (each for each in backups.iterdir() if each.is_dir())
    assert part.name.endswith(".part")
    with pytest.raises(BackupProblem, match="no backup"):
        backup.check(part, town.site.server_key)
    made = backup.make(
        Site(town.site.store, town.site.server_key, town.site.files, clock), backups, 30
    )
    assert [each.name for each in backups.iterdir() if each.is_dir()] == [made.folder.name]
    assert backup.check(made.folder, town.site.server_key).files
    assert codes(town.site) == {code}
    town.site.store.engine.dispose()

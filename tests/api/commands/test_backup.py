"""`samleng backup` and `samleng restore`, as an operator types them."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner, Result

from api.commands import app
from referrals import case, contact, desk, serverkey
from referrals.restore import RESTORING
from referrals.settings import StoreSettings
from referrals.site import open_site
from tests.house import Town, build_town

ROOT = Path(__file__).parents[3]


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    built = build_town(tmp_path / "old")
    built.site.store.engine.dispose()
    monkeypatch.setenv("SAMLENG_DATA_DIR", str(tmp_path / "old" / "data"))
    return built


def run(*words: str, **settings: str) -> Result:
    return CliRunner().invoke(app, words, env=settings)


def new_house(tmp_path: Path) -> Path:
    """Make a folder with the server key alone."""
    new = tmp_path / "new"
    new.mkdir(mode=0o700)
    shutil.copy2(tmp_path / "old" / "data" / "server.key", new)
    return new


def test_there_and_back_again(town: Town, tmp_path: Path) -> None:
    code = town.lodges("រឿង")
    made = run("backup", str(tmp_path / "backups"))
    assert made.exit_code == 0, made.output
    folder = Path(made.stdout.strip())
    assert folder.parent == tmp_path / "backups"
    assert "THE SERVER KEY IS NOT IN IT" in made.stderr
    new = new_house(tmp_path)
    back = run("restore", str(folder), SAMLENG_DATA_DIR=str(new))
    assert back.exit_code == 0, back.output
    assert "Erased again: 0 cases" in back.stdout
    site = open_site(StoreSettings(data_dir=new))
    assert desk.open_case(site, town.people["mrc"], code).row.code == code
    site.store.engine.dispose()


def test_what_opens_with_no_server_key_any_more_is_said(town: Town, tmp_path: Path) -> None:
    """The backup is older than `keys drop-server`."""
    with town.site.store.writing() as session:
        contact.heard_from(session, town.site, "c" * 64, "telegram", "123", town.clock())
    folder = run("backup", str(tmp_path / "backups")).stdout.strip()
    new = new_house(tmp_path)
    serverkey.turn(new / "server.key", town.clock())
    serverkey.drop(new / "server.key")
    back = run("restore", folder, SAMLENG_DATA_DIR=str(new))
    assert back.exit_code == 0, back.output
    assert "contact.sealed_address: 1 open with no server key that is here" in back.stdout


def test_the_folder_may_be_a_setting_and_old_backups_are_named_when_they_go(
    town: Town, tmp_path: Path
) -> None:
    backups = tmp_path / "backups"
    old = backups / "2020-01-01T000000Z"
    old.mkdir(parents=True)
    made = run("backup", SAMLENG_BACKUP_DIR=str(backups), SAMLENG_KEEP_BACKUPS_DAYS="9")
    assert made.exit_code == 0, made.output
    assert "older than 9 days: 2020-01-01T000000Z" in made.stderr
    assert not old.exists()


@pytest.mark.parametrize("missing", ["folder", "installation", "backup", "key"])
def test_what_is_missing_is_said_in_one_line(town: Town, tmp_path: Path, missing: str) -> None:
    if missing == "folder":
        done = run("backup")
    elif missing == "installation":
        done = run("backup", str(tmp_path / "b"), SAMLENG_DATA_DIR=str(tmp_path / "nothing"))
    elif missing == "backup":
        done = run("restore", str(tmp_path), SAMLENG_DATA_DIR=str(new_house(tmp_path)))
    else:
        done = run("restore", str(tmp_path), SAMLENG_DATA_DIR=str(tmp_path / "nothing"))
    assert done.exit_code == 1
    assert done.stderr.startswith("samleng: ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "nothing" / "server.key").exists()


def test_killed_at_any_moment_a_restore_begins_again_and_ends_well(
    town: Town, tmp_path: Path
) -> None:
    codes = {town.lodges("រឿង", conversation=f"{n}" * 64, update=f"u-{n}") for n in range(3)}
    folder = run("backup", str(tmp_path / "backups")).stdout.strip()
    new = new_house(tmp_path)
    command = [sys.executable, "-m", "api.commands", "restore", folder]
    environment = {**os.environ, "SAMLENG_DATA_DIR": str(new)}
    part = new / "samleng.sqlite.part"
    for seen in (new / RESTORING, part):
        killed = subprocess.Popen(command, env=environment, cwd=ROOT)
        deadline = time.monotonic() + 60
        while not seen.exists() and killed.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        killed.send_signal(signal.SIGKILL)
        assert killed.wait(20) == -signal.SIGKILL, "it died in the middle"
        assert not (new / "samleng.sqlite").exists()
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert sorted(each.name for each in new.iterdir()) == ["samleng.sqlite", "server.key"]
    site = open_site(StoreSettings(data_dir=new))
    with site.store.reading() as session:
        assert set(session.exec(select(case.Case.code))) == codes
    site.store.engine.dispose()

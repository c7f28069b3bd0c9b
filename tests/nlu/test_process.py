"""Rasa is alive exactly as long as it should be, and never on anything but the sealed store."""

import base64
import contextlib
import dataclasses
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.rasa import Heard, RasaDidNotStart, RasaProcess, RasaSettings, RasaUnavailable, State
from tests.nlu.conftest import ROOT, Loop

pytestmark = [pytest.mark.rasa, pytest.mark.slow, pytest.mark.timeout(600)]


def _fails(settings: RasaSettings, loop: Loop) -> RasaDidNotStart:
    process = RasaProcess(settings)
    with pytest.raises(RasaDidNotStart) as raised:
        loop.run(process.start())
    assert process.pid is None
    assert process.state is State.FAILED
    return raised.value


def _root(tmp_path: Path) -> Path:
    """Copy what Rasa's process needs of the tree, to be spoiled."""
    root = tmp_path / "root"
    shutil.copytree(ROOT / "nlu", root / "nlu", ignore=shutil.ignore_patterns("data"))
    for name in ("endpoints.yml", "credentials.yml"):
        shutil.copy(ROOT / name, root / name)
    (root / "build").mkdir()
    (root / "build/rasa").symlink_to(ROOT / "build/rasa")
    return root


def test_another_key_stops_the_start_and_says_so(
    settings: RasaSettings, loop: Loop, rasa: RasaProcess, tmp_path: Path
) -> None:
    loop.run(rasa.client.turn(Heard("ab" * 32, "first", "web", "greet")))
    shutil.copy(settings.home / "tracker.db", tmp_path / "tracker.db")
    other = dataclasses.replace(settings, home=tmp_path, tracker_key=b"o" * 32)
    failure = _fails(other, loop)
    assert "another key" in str(failure)
    assert failure.final


@pytest.mark.parametrize(
    ("spoiled", "by", "word"),
    [
        ("nlu.tracker_store.SealedTrackerStore", "nlu.tracker_store.Nowhere", "sealed one"),
        ("path: ${SAMLENG_TRACKER_PATH}", "path: ''", "SAMLENG_TRACKER_PATH"),
        ("action_endpoint:", "no_endpoint:", "action server"),
    ],
)
def test_rasa_never_serves_from_memory_or_without_the_app(
    settings: RasaSettings, loop: Loop, tmp_path: Path, spoiled: str, by: str, word: str
) -> None:
    root = _root(tmp_path)
    endpoints = root / "endpoints.yml"
    endpoints.write_text(endpoints.read_text().replace(spoiled, by))
    failure = _fails(dataclasses.replace(settings, root=root, home=tmp_path / "home"), loop)
    assert word in str(failure)
    assert failure.final


def test_no_model_is_said_at_once(settings: RasaSettings, loop: Loop, tmp_path: Path) -> None:
    missing = dataclasses.replace(settings, home=tmp_path, model=tmp_path / "none.tar.gz")
    assert "no model" in str(_fails(missing, loop))


def test_a_store_that_cannot_save_stops_the_server_and_it_comes_back(
    settings: RasaSettings, loop: Loop, tmp_path: Path
) -> None:
    process = RasaProcess(dataclasses.replace(settings, home=tmp_path))
    heard = Heard("cd" * 32, "only", "web", "greet")
    try:
        loop.run(process.start())
        with contextlib.closing(sqlite3.connect(tmp_path / "tracker.db")) as rows:
            rows.execute("DROP TABLE tracker")
        with pytest.raises(RasaUnavailable):
            loop.run(process.client.turn(heard))
        _until(lambda: process.restarts == 1 and process.state is State.READY, 90)
        said = loop.run(process.client.turn(heard)).says
        assert [say["say"] for say in said] == ["greet"]
    finally:
        pid = process.pid
        loop.run(process.stop())
    assert pid is not None
    assert not _alive(pid)
    assert process.state is State.STOPPED


def test_rasa_ends_when_its_parent_is_killed(settings: RasaSettings, tmp_path: Path) -> None:
    script = f"""
import asyncio
from pathlib import Path
from bot.rasa import RasaProcess, RasaSettings
async def main():
    process = RasaProcess(RasaSettings(
        Path({str(ROOT)!r}), Path({str(tmp_path)!r}), Path({str(settings.model)!r}),
        {settings.actions_url!r}, "a" * 32, b"k" * 32))
    await process.start()
    print(process.pid, flush=True)
    await asyncio.sleep(100)
asyncio.run(main())
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert _alive(pid)
        parent.send_signal(signal.SIGKILL)
    _until(lambda: not _alive(pid), 10)


def test_the_key_is_given_in_base64(settings: RasaSettings) -> None:
    environment = RasaProcess(settings)._environment(1)
    assert base64.b64decode(environment["SAMLENG_TRACKER_KEY"]) == settings.tracker_key
    assert repr(settings.tracker_key) not in repr(settings)


def _until(condition: object, seconds: float) -> None:
    assert callable(condition)
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.1)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()

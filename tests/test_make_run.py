"""`make run` from a clean checkout, as a new user does it, and every way it can end."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.test_architecture import tracked

ROOT = Path(__file__).resolve().parent.parent

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

FIRST = 800.0
"""Seconds for the first start: environments, training, Rasa."""

LATER = 300.0
"""Seconds for a later start on a busy machine; nearly all of it is Rasa loading TensorFlow."""

END = 30.0
"""Seconds in which every process has ended."""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A clean checkout: what git holds or would hold, and nothing that was built."""
    place = tmp_path_factory.mktemp("checkout")
    for path in tracked():
        copy = place / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    yield place
    shutil.rmtree(place, ignore_errors=True)


@dataclass
class Run:
    """One `make` under way."""

    make: subprocess.Popen[bytes]
    log: Path
    port: int

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for(self, what: Callable[[], Any], seconds: float) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := what()):
            assert self.make.poll() is None, f"make ended:\n{self.output()[-4000:]}"
            assert time.monotonic() < deadline, f"it takes too long:\n{self.output()[-4000:]}"
            time.sleep(0.1)
        return found

    def healthy(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/health", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def say(self, text: str) -> list[dict[str, Any]]:
        answer = httpx.post(
            f"http://127.0.0.1:{self.port}/chat/messages",
            json={"conversation": "make-run-0123456789", "text": text},
            timeout=60,
        )
        replies: list[dict[str, Any]] = answer.raise_for_status().json()["replies"]
        return replies

    def everyone(self) -> set[tuple[int, str]]:
        """Give make and all it started, directly or not: process id and time of start."""
        children: dict[int, list[int]] = {}
        for pid in (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()):
            if facts := stat(pid):
                children.setdefault(int(facts[1]), []).append(pid)
        family, new = set(), [self.make.pid]
        while new:
            pid = new.pop()
            if facts := stat(pid):
                family.add((pid, facts[19]))
            new += children.get(pid, [])
        return family


def stat(pid: int) -> list[str]:
    """Give the facts of a living process: state, parent, ... 19 = start time (proc(5))."""
    try:
        facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [] if facts[0] == "Z" else facts


def left(family: set[tuple[int, str]]) -> set[tuple[int, str]]:
    return {(pid, began) for pid, began in family if (facts := stat(pid)) and facts[19] == began}


def assert_all_gone(family: set[tuple[int, str]]) -> None:
    deadline = time.monotonic() + END
    while remaining := left(family):
        names = [
            Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")[:120]
            for pid, _ in remaining
        ]
        assert time.monotonic() < deadline, f"still there: {names}"
        time.sleep(0.1)


@pytest.fixture
def make(
    checkout: Path, free_port: Callable[[], int], tmp_path: Path
) -> Iterator[Callable[..., Run]]:
    """Start `make <goal>` in the checkout; whatever it started is ended afterwards."""
    runs: list[Run] = []

    def start(goal: str = "run", **settings: str) -> Run:
        port = int(settings.setdefault("SAMLENG_PORT", str(free_port())))
        log = tmp_path / f"make-{len(runs)}.log"
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
        environment = inherited | {"SAMLENG_DATA_DIR": str(tmp_path / "data")} | settings
        with log.open("wb") as out:
            # A group of its own, as a terminal gives to each command: Ctrl-C reaches all of it.
            process = subprocess.Popen(
                ["make", goal],
                cwd=checkout,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        runs.append(Run(process, log, port))
        return runs[-1]

    yield start
    for run in runs:
        if run.make.poll() is None:
            family = run.everyone()
            run.make.kill()
            run.make.wait()
            time.sleep(3)
            for pid, _ in left(family):
                os.kill(pid, signal.SIGKILL)


def test_a_taken_port_is_said_before_anything_is_built(
    make: Callable[..., Run], checkout: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = make(SAMLENG_PORT=str(port))
        assert run.make.wait(30) != 0
    said = run.output()
    assert f"Port {port} is taken." in said
    assert "SAMLENG_PORT=" in said
    assert "Traceback" not in said
    assert not (checkout / "build" / "app").exists()


def test_broken_training_data_are_one_clear_line_and_the_repair_is_enough(
    make: Callable[..., Run], checkout: Path
) -> None:
    rules = checkout / "stories" / "faq.yml"
    sound = rules.read_text()
    rules.write_text(sound + "\n  - rule: : broken: [\n")
    try:
        run = make()
        assert run.make.wait(FIRST) != 0
    finally:
        rules.write_text(sound)
    said = run.output()
    assert "The training of the model failed." in said
    assert "build/log/training.log" in said
    assert "Traceback" not in said
    assert not (checkout / "build/model/samleng.tar.gz").exists()


def test_ctrl_c_in_the_middle_of_a_training_ends_it_and_the_next_run_goes_on(
    make: Callable[..., Run], checkout: Path
) -> None:
    run = make()
    family = during_training(run)
    os.killpg(run.make.pid, signal.SIGINT)
    assert run.make.wait(END) != 0
    assert_all_gone(family)
    assert "Stopped." in run.output()
    assert "Traceback" not in run.output()
    assert not (checkout / "build/model/samleng.tar.gz").exists()


def test_killing_make_in_the_middle_of_a_training_ends_it(make: Callable[..., Run]) -> None:
    run = make()
    family = during_training(run)
    run.make.kill()
    run.make.wait()
    assert_all_gone(family)


def test_a_clean_checkout_greets_in_khmer_and_ctrl_c_ends_everything(
    make: Callable[..., Run],
) -> None:
    run = make()
    run.wait_for(run.healthy, FIRST)
    said = "\n".join(reply["text"] for reply in run.say("សួស្ដី"))
    assert any("\u1780" <= letter <= "\u17ff" for letter in said), said
    family = run.everyone()
    assert len(family) >= 3, "make, samleng and Rasa"
    os.killpg(run.make.pid, signal.SIGINT)
    run.make.wait(END)
    assert_all_gone(family)
    assert "Traceback" not in run.output()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_second_run_builds_nothing_and_a_killed_make_leaves_nobody(
    make: Callable[..., Run], number: signal.Signals, checkout: Path
) -> None:
    before = make("build")  # nothing to do, unless this test runs alone
    before.make.wait(FIRST)
    began = time.monotonic()
    run = make()
    run.wait_for(lambda: run.output().count("up to date") == 3, 30)
    took = time.monotonic() - began
    assert took < 3, f"{took:.1f} s before the start"
    run.wait_for(run.healthy, LATER)
    family = run.everyone()
    os.kill(run.make.pid, number)
    run.make.wait(END)
    assert_all_gone(family)


def during_training(run: Run) -> set[tuple[int, str]]:
    """Wait until `rasa train` runs, and give all processes."""

    def rasa_trains() -> bool:
        return any("rasa\0train" in command(pid) for pid, _ in run.everyone())

    run.wait_for(rasa_trains, FIRST)
    time.sleep(3)  # well into it
    return run.everyone()


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""

"""Named steps with progress, and commands that never outlive the one who started them."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

    Command = list["str | Path"]

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
LOGS = BUILD / "log"

GRACE = 10.0
"""Seconds a command gets to end by itself after it was asked to."""

_PARENT = os.getppid()


class Failed(Exception):
    """A step that cannot go on; its text is the one line that a person reads."""


class Stopped(BaseException):
    """Somebody asked the build to stop; `code` is the exit code to leave with."""

    def __init__(self, code: int) -> None:
        """Remember the exit code (128 + the number of the signal)."""
        super().__init__(code)
        self.code = code


class Progress:
    """Counts the steps and says where we are: `[1/4] App environment (Python 3.12) ...`."""

    def __init__(self, total: int) -> None:
        """Expect `total` steps."""
        self.total = total
        self.done = 0

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Open the next step; on the way out it says "ready" with the seconds it took."""
        self.done += 1
        step = Step(f"[{self.done}/{self.total}] {name}")
        yield step
        step.close()


class Step:
    """One named step on the terminal; in a log each thing said is a line of its own."""

    def __init__(self, title: str) -> None:
        """Say the title."""
        self.title = title
        self.began = time.monotonic()
        self.result = ""
        self.live = sys.stdout.isatty()
        self._said = 0.0
        self._width = 0
        self._write(f"{title} ...")

    def tick(self, what: str = "") -> None:
        """Show that work goes on: each second on a terminal, every 15 seconds in a log."""
        elapsed = time.monotonic() - self.began
        if elapsed - self._said < (1 if self.live else 15):
            return
        self._said = elapsed
        self._write(f"{self.title} ... {what + ', ' if what else ''}{elapsed:.0f} s")

    def up_to_date(self) -> None:
        """Say at the end that nothing had to be done."""
        self.result = "up to date"

    def close(self) -> None:
        """Say how the step ended."""
        result = self.result or f"ready in {time.monotonic() - self.began:.0f} s"
        self._write(f"{self.title} ... {result}", last=True)

    def _write(self, line: str, *, last: bool = False) -> None:
        if self.live:
            print("\r" + line.ljust(self._width), end="\n" if last else "", flush=True)
            self._width = len(line)
        else:
            print(line, flush=True)


def heed_signals() -> None:
    """Turn SIGTERM and SIGHUP into `Stopped`, so that children are ended on the way out."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise Stopped(128 + number)

    signal.signal(signal.SIGTERM, stop)
    # A shell starts what runs in its background with SIGINT ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, stop)


def run(
    command: Command,
    *,
    timeout: float,
    step: Step | None = None,
    log: str | None = None,
    env: Mapping[str, str] | None = None,
    keep_open: Sequence[int] = (),
) -> int:
    """Run a command from the root of the project and return its exit code.

    With `log` its output goes to build/log/<log>.log, else to ours. The command and all it started
    end when it takes more than `timeout` seconds (124 is returned, as timeout(1) does), when we are
    interrupted, and when whoever started us (make) died. It inherits the descriptors `keep_open`.
    """
    out = None
    if log:
        LOGS.mkdir(parents=True, exist_ok=True)
        out = log_path(log).open("wb")
    sys.stdout.flush()
    try:
        # A session of its own: one signal then reaches the command with all its children.
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT if out else None,
            start_new_session=True,
            pass_fds=tuple(keep_open),
        )
        return _watch(process, timeout, step, log_path(log) if log else None)
    except FileNotFoundError:
        return 127
    finally:
        if out:
            out.close()


def log_path(log: str) -> Path:
    """Give the file that holds the output of a logged command."""
    return LOGS / f"{log}.log"


def require(code: int, message: str, log: str) -> None:
    """Raise `Failed(message)`, with the place of the log, unless the exit code is 0."""
    if code == 0:
        return
    path = log_path(log)
    if os.environ.get("CI"):  # the log file of a CI machine is read by nobody afterwards
        print(path.read_text(errors="replace")[-6000:], flush=True)
    why = " It took too long." if code == 124 else ""
    raise Failed(f"{message}{why} The reason is at the end of {path.relative_to(ROOT)}")


def orphaned() -> bool:
    """Tell whether whoever started us is gone."""
    return os.getppid() != _PARENT


def end_with_parent() -> None:
    """Ask the kernel to end us (SIGTERM) when our parent dies; it holds beyond exec.

    Only Linux can. It closes the gap until a program that watches its parent itself looks.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    if orphaned():
        raise Stopped(129)


def _watch(
    process: subprocess.Popen[bytes], timeout: float, step: Step | None, log: Path | None
) -> int:
    deadline = time.monotonic() + timeout
    try:
        while True:
            try:
                return process.wait(0.2)
            except subprocess.TimeoutExpired:
                pass
            if orphaned():
                raise Stopped(129)
            if time.monotonic() > deadline:
                return 124
            if step:
                step.tick(_progress(log) if log else "")
    finally:
        _end(process)


def _progress(log: Path) -> str:
    """Give what a command says last of how far it is: a line such as `Classifier, 12 s: ...`."""
    with log.open("rb") as output:
        output.seek(max(0, log.stat().st_size - 500))
        lines = output.read().decode(errors="replace").splitlines()
    said = re.match(r"\w+, \d+ s: (.{1,60})", lines[-1]) if lines else None
    return said.group(1).strip() if said else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command and every process of its group, kindly first: as Ctrl-C does.

    Python programs clean up after SIGINT (they end children of other groups); SIGTERM ends them
    where they stand.
    """
    if process.poll() is None:
        _signal_group(process, signal.SIGINT)
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            pass
    # The group may live on without its leader.
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        pass

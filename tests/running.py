"""The whole program, started as an operator starts it: `samleng start` in a process of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[1]
READY_WITHIN = 120.0


class Running:
    """A running Samleng. Everything it printed is in `output`; its data lies in `data`."""

    def __init__(self, folder: Path, port: int, **settings: str) -> None:
        self.data = folder / "data"
        self.address = f"http://127.0.0.1:{port}"
        self._log = folder / "output.log"
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("SAMLENG_")},
            "SAMLENG_DATA_DIR": str(self.data),
            "SAMLENG_PORT": str(port),
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def output(self) -> str:
        """What it printed so far, over all its starts."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def start(self) -> Self:
        """Start and wait until turns can be played."""
        said_before = self.output.count("Ready.") if self._log.exists() else 0
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "api.commands", "start", "--watch-parent"],
                env=self._environment,
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + READY_WITHIN
        while self.output.count("Ready.") == said_before:
            assert self._process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.1)
        return self

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it; gives its exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(how)
        return self._process.wait(30)

    def command(self, *words: str, **more: str) -> str:
        """Run `samleng ...` beside it; gives what it printed."""
        environment: Mapping[str, str] = {**self._environment, **more}
        done = subprocess.run(
            [sys.executable, "-m", "api.commands", *words],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def setup_path(self) -> str:
        """Give the one-time link of the first administrator, as it was printed."""
        found = re.search(r"/setup/\S+", self.output)
        assert found, self.output
        return found.group()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        if error is not None:
            print(self.output)

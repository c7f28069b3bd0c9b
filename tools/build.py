"""Builds, starts and checks Samleng: `python3 -m tools.build start` is what `make run` does."""

from __future__ import annotations

import argparse
import errno
import os
import socket
import sys
from typing import TYPE_CHECKING

from tools import environments, model, pythons, settings, stamps, suite, system
from tools.steps import ROOT, Failed, Progress, Stopped, end_with_parent, heed_signals, run

if TYPE_CHECKING:
    from typing import Callable

    from tools.steps import Step

DEFAULT_PORT = 8000


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks and return the exit code; a failure is one line."""
    parser = argparse.ArgumentParser(prog="tools.build", description=__doc__)
    parser.add_argument("what", choices=sorted(_COMMANDS))
    chosen = parser.parse_args(arguments)
    heed_signals()
    try:
        return _COMMANDS[chosen.what]()
    except Failed as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    except Stopped as stop:
        print("\nStopped. The next make goes on from here.", file=sys.stderr)
        return stop.code
    except KeyboardInterrupt:
        print("\nStopped. The next make goes on from here.", file=sys.stderr)
        return 130


def start() -> int:
    """Build what is missing, then become `samleng start`."""
    port = chosen_port()
    require_free(port)
    progress = Progress(4)
    _build(progress, ["app", "rasa", "model"])
    # From here on this process *is* Samleng, and says step 4 itself: Ctrl-C reaches it directly.
    end_with_parent()
    samleng = environments.environment("app") / "bin" / "samleng"
    os.environ["SAMLENG_PORT"] = str(port)
    os.chdir(ROOT)
    os.execv(samleng, [str(samleng), "start", "--watch-parent"])


def chosen_port() -> int:
    """Give SAMLENG_PORT of the environment or of .env, or 8000."""
    text = settings.setting("SAMLENG_PORT")
    if not text:
        return DEFAULT_PORT
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise Failed(f"SAMLENG_PORT is {text!r}; it must be a number from 1 to 65535.")
    return int(text)


def require_free(port: int) -> None:
    """Raise `Failed` when Samleng could not listen on this port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            why = "is taken" if error.errno == errno.EADDRINUSE else "cannot be used"
            raise Failed(
                f"Port {port} {why}. Stop what uses it, or choose another: "
                f"SAMLENG_PORT={_other(port)} make run"
            ) from None


def _other(port: int) -> int:
    return port + 1 if port < 65535 else DEFAULT_PORT


def _build(progress: Progress, what: list[str]) -> None:
    """Build these things in order; a Python that is missing is said before anything slow."""
    for name, version in (("app", pythons.app_version()), ("rasa", pythons.RASA_PYTHON)):
        if (name in what or (name == "app" and "dev" in what)) and not environments.built(name):
            pythons.find(version)
    with stamps.locked() as lock:
        for name in what:
            title, build = _PARTS[name]
            with progress.step(title()) as step:
                build(step, lock)


def _part(*names: str) -> int:
    _build(Progress(len(names)), list(names))
    return 0


def _system() -> int:
    with Progress(1).step("What the system must give") as step:
        system.provide(step)
    return 0


def _test() -> int:
    progress = Progress(suite.STEPS)
    with progress.step("Browser, Khmer letters, PostgreSQL") as step:
        system.provide(step)
    _build(progress, ["dev", "rasa", "model"])
    return suite.run_all(progress)


def _lint() -> int:
    progress = Progress(1 + suite.LINT_STEPS)
    _build(progress, ["dev"])
    return suite.run_lint(progress)


def _content() -> int:
    """Run bot.content, which checks all words and writes docs/answers.md and docs/review.md."""
    _build(Progress(1), ["app"])
    return run([environments.python("app"), "-m", "bot.content"], timeout=600)


def _bench() -> int:
    """Run tests/bench, which prints its figures and writes build/bench.json."""
    if not (ROOT / "tests" / "bench").is_dir():
        raise Failed("There is no benchmark yet: tests/bench is missing.")
    _build(Progress(3), ["dev", "rasa", "model"])
    return run([environments.python("app"), "-m", "tests.bench"], timeout=3600)


def _evaluate() -> int:
    """Run tests/understanding, which prints its figures and writes docs/understanding.md."""
    _build(Progress(3), ["dev", "rasa", "model"])
    return run([environments.python("app"), "-m", "tests.understanding"], timeout=3600)


def _lock() -> int:
    with Progress(1).step("Pinned requirements") as step:
        environments.pin(step)
    return 0


_PARTS: dict[str, tuple[Callable[[], str], Callable[[Step, int], None]]] = {
    "app": (lambda: f"App environment (Python {pythons.app_version()})", environments.build_app),
    "dev": (
        lambda: f"App environment with the developer's tools (Python {pythons.app_version()})",
        environments.build_dev,
    ),
    "rasa": (lambda: f"Rasa environment (Python {pythons.RASA_PYTHON})", environments.build_rasa),
    "model": (lambda: "Training of the model", model.build),
}

_COMMANDS = {
    "start": start,
    "app": lambda: _part("app"),
    "rasa": lambda: _part("rasa"),
    "dev": lambda: _part("dev"),
    "model": lambda: _part("app", "rasa", "model"),
    "all": lambda: _part("app", "rasa", "model"),
    "system": _system,
    "test": _test,
    "lint": _lint,
    "content": _content,
    "bench": _bench,
    "evaluate": _evaluate,
    "lock": _lock,
}

if __name__ == "__main__":
    sys.exit(main())

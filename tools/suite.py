"""All checks, in the order of `make test`: lint, tests, tests on the other Pythons, stories."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tools import environments, model, pythons, stamps
from tools.steps import BUILD, ROOT, Failed, log_path, run

if TYPE_CHECKING:
    from tools.steps import Command, Progress

LINT_STEPS = 3
STEPS = 4 + LINT_STEPS + 1 + 2 * 2 + 2

_CHECKED = ("bot", "referrals", "api", "tools")
_CORE = ("tests/referrals", "tests/bot")
_EXAMPLES = model.MODEL.parent / "nlu"
"""The training data as bot/training.py normalised them."""

_NEVER_TYPED = (
    "again",
    "callback",
    "change",
    "claim",
    "close",
    "consent",
    "count",
    "data",
    "detail",
    "details",
    "discard",
    "done",
    "join",
    "letter",
    "listen",
    "lost",
    "more",
    "news",
    "paper",
    "readers",
    "received",
    "reopen",
    "resume",
    "satisfied",
    "secret",
    "settings",
    "simpler",
    "told",
    "unknown",
)
"""Intents that only a button or the turn itself makes, so that no example teaches them."""

_FOR_RASA = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYTHONPATH": str(ROOT),
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
}


def run_all(progress: Progress) -> int:
    """Run every check and return 0 when all passed; the names of those that failed come last."""
    failed = _lint(progress)
    if not _shown(progress, "Tests", [*_pytest("app"), "--all-of-it", "tests"], 4200):
        failed.append("tests")
    for version in pythons.APP_PYTHONS:
        if version != pythons.app_version():
            failed += _core_on(progress, version)
    failed += _stories(progress)
    if failed:
        raise Failed(f"Failed: {', '.join(failed)}.")
    print("\nAll checks passed.", flush=True)
    return 0


def run_lint(progress: Progress) -> int:
    """Run the checks that need nothing running."""
    failed = _lint(progress)
    if failed:
        raise Failed(f"Failed: {', '.join(failed)}.")
    return 0


def _lint(progress: Progress) -> list[str]:
    python = environments.python("app")
    checks: dict[str, Command] = {
        "ruff check": [python, "-m", "ruff", "check", "."],
        "ruff format": [python, "-m", "ruff", "format", "--check", "."],
        "mypy": [python, "-m", "mypy", "--strict", *_CHECKED],
    }
    return [name for name, command in checks.items() if not _shown(progress, name, command, 600)]


def _core_on(progress: Progress, version: str) -> list[str]:
    """Run the tests of the core on another Python that the app supports."""
    name = f"py{version.replace('.', '')}"
    with stamps.locked() as lock, progress.step(f"Environment of Python {version}") as step:
        environments.build_dev(step, lock, name, version)
    # On one database: it is the language that differs.
    command = [*_pytest(name), "--no-skips", "-m", "not rasa and not browser and not slow"]
    command += ["-k", "not postgresql", *_CORE]
    title = f"Core tests on Python {version}"
    return [] if _shown(progress, title, command, 1200) else [title.lower()]


def _stories(progress: Progress) -> list[str]:
    """Check the training data and play the story tests, in Rasa's environment."""
    rasa = environments.environment("rasa") / "bin" / "rasa"
    validate: Command = [rasa, "data", "validate", "--config", "config.yml"]
    validate += ["--domain", "domain.yml", "--data", _EXAMPLES, *sorted(ROOT.glob("stories/*.yml"))]
    play: Command = [rasa, "test", "core", "--stories", "stories/tests", "--model", model.MODEL]
    play += ["--out", BUILD / "story-tests", "--no-plot", "--fail-on-prediction-errors"]
    failed = []
    with progress.step("rasa data validate") as step:
        code = run(validate, timeout=600, step=step, log="validate", env=_FOR_RASA)
        # The return code lies: it is 0 for unused intents and for conflicts of stories.
        complaints = validation_complaints(_read("validate"))
        step.result = "failed" if code or complaints else ""
    if code or complaints:
        print("\n".join(complaints) or _read("validate")[-4000:], flush=True)
        failed.append("rasa data validate")
    with progress.step("Story tests") as step:
        code = run(play, timeout=1200, step=step, log="stories", env=_FOR_RASA)
        correct = re.findall(r"Correct:\s+(\d+) / (\d+)", _read("stories"))
        passed = code == 0 and bool(correct) and all(ok == of != "0" for ok, of in correct)
        step.result = f"{correct[-1][0]} of {correct[-1][1]} steps correct" if correct else "failed"
    if not passed:
        wrong = BUILD / "story-tests" / "failed_test_stories.yml"
        print(wrong.read_text() if wrong.exists() else _read("stories")[-4000:], flush=True)
        failed.append("story tests")
    return failed


def validation_complaints(output: str) -> list[str]:
    """Give the lines in which `rasa data validate` says that something is wrong."""
    wrong = re.compile(
        r"\b(ERROR|WARNING|CRITICAL|UserWarning|Error:|Traceback)\b|completed with errors"
    )
    known = re.compile(
        r"FutureWarning|DeprecationWarning|SAWarning|MovedIn20"
        # A label of a topic (faq.minimum_wage) never reaches the dialogue: bot/understand.py makes
        # an intent and an entity of it.
        r"|The intent '\w+\.\w+' is not used in any story or rule"
        rf"|The intent '(?:{'|'.join(_NEVER_TYPED)})' is listed in the domain file, but is not"
    )
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in output.splitlines()]
    return [line for line in lines if wrong.search(line) and not known.search(line)]


def _read(log: str) -> str:
    return log_path(log).read_text(errors="replace")


def _pytest(name: str) -> Command:
    """Give the command of a run of tests, shared among two processes, each file whole.

    Half of the time a test waits for Rasa, PostgreSQL or Chromium; each process has its own.
    """
    shared = ["-n", "2", "--dist", "loadfile"]
    return [environments.python(name), "-m", "pytest", "-q", "--durations=20", *shared]


def _shown(progress: Progress, title: str, command: Command, timeout: float) -> bool:
    """Run a command whose output is for reading."""
    progress.done += 1
    print(f"\n[{progress.done}/{progress.total}] {title}", flush=True)
    code = run(command, timeout=timeout)
    if code == 124:
        print(f"{title}: ended after {timeout:.0f} s, which is too long.", flush=True)
    return code == 0

"""Trains the model: normalises the Khmer examples, then runs `rasa train` in Rasa's environment.

`python -m bot.training` does it for this checkout. Whether it is needed (did an input change?) is
for the caller to know; INPUTS lists what goes in.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from bot.text import training_data

ROOT = Path(__file__).resolve().parent.parent
MODEL = Path("build/model/samleng.tar.gz")
"""The model, relative to the root."""

INPUTS = (
    "config.yml",
    "domain.yml",
    "nlu/data/*.yml",
    "nlu/tokenizer.py",
    "stories/*.yml",
    "bot/text.py",
    "bot/training.py",
    "requirements/rasa.txt",
)
"""Globs, relative to the root, of every file the model depends on."""

TIMEOUT = 1200.0
"""Seconds; training takes under one minute on two idle cores."""


class TrainingFailed(Exception):
    """Rasa could not train. The text says what to look at; training data hold no migrant's word."""


def rasa_python(root: Path) -> Path:
    """Give Rasa's own interpreter (Python 3.10). Raises TrainingFailed when it was not built."""
    python = root / "build/rasa/bin/python"
    if not python.exists():
        raise TrainingFailed("Rasa's environment is missing: run `make run`, which builds it")
    return python


def quiet_environment(home: Path) -> dict[str, str]:
    """Give the few variables Rasa and TensorFlow need, and no secret of the app."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {
        "PATH": os.defpath,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
        "MPLCONFIGDIR": str(home),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
        "LOG_LEVEL": "WARNING",
        "LOG_LEVEL_LIBRARIES": "ERROR",
        "RASA_TELEMETRY_ENABLED": "false",
        # Its cache would not notice a changed component of ours.
        "RASA_MAX_CACHE_SIZE": "0",
    }


def train(root: Path, data_out: Path, model_out: Path, timeout: float = TIMEOUT) -> None:
    """Train from the files of `root`: normalised data into `data_out`, the model as `model_out`.

    `model_out` is replaced in one step, and only by a whole model. Raises TrainingFailed.
    """
    python = rasa_python(root)
    try:
        training_data(root / "nlu/data", data_out)
    except (ValueError, KeyError, OSError) as error:
        raise TrainingFailed(f"the training data cannot be read: {error}") from error
    model_out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=model_out.parent, prefix="training-") as scratch:
        command = [
            *(str(python), "-m", "rasa", "train", "--quiet"),
            *("--config", str(root / "config.yml"), "--domain", str(root / "domain.yml")),
            *("--data", str(data_out), *map(str, sorted((root / "stories").glob("*.yml")))),
            *("--out", scratch, "--fixed-model-name", "samleng"),
        ]
        environment = {
            **quiet_environment(Path(scratch) / "home"),
            "PYTHONPATH": str(root),
            "PYTHONWARNINGS": "default",
        }
        returned, log = _run(command, environment, Path(scratch), timeout)
        made = Path(scratch) / "samleng.tar.gz"
        if returned != 0 or not made.is_file():
            raise TrainingFailed(f"`rasa train` failed:\n{_end_of(log)}")
        made.replace(model_out)


def _run(
    command: list[str], environment: dict[str, str], cwd: Path, timeout: float
) -> tuple[int, str]:
    """Run to the end in a process group of its own, so that nothing of it stays behind."""
    with subprocess.Popen(  # noqa: S603 - our own interpreter, our own arguments
        command,
        env=environment,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            log, _ = process.communicate(timeout=timeout)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise TrainingFailed(f"`rasa train` took over {timeout:.0f} seconds") from None
            raise
    return process.returncode, log


_COLOUR = re.compile(r"\x1b\[\d+m")
_EXPECTED = (
    # Labels of the training data are turned into intent and topic before the dialogue sees them.
    "is not used in any story or rule",
    # Control intents come from buttons.
    "is not found in the NLU training data",
)


def _end_of(log: str, lines: int = 20) -> str:
    said = [_COLOUR.sub("", line).strip() for line in log.splitlines()]
    said = [line for line in said if line and not any(known in line for known in _EXPECTED)]
    return "\n".join(said[-lines:])


def main() -> int:
    """Train this checkout's model."""
    parser = argparse.ArgumentParser(prog="python -m bot.training", description=__doc__)
    parser.add_argument("--model", type=Path, default=ROOT / MODEL, help="where to write the model")
    model: Path = parser.parse_args().model
    try:
        train(ROOT, model.parent / "nlu", model)
    except TrainingFailed as failure:
        print(f"samleng: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

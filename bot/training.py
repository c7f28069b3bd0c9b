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
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from bot.text import training_data

ROOT = Path(__file__).resolve().parent.parent
MODEL = Path("build/model/samleng.tar.gz")
"""The model, relative to the root."""

INPUTS = (
    "config.yml",
    "domain.yml",
    "nlu/data/*.yml",
    "nlu/labse.yml",
    "nlu/concepts.yml",
    "nlu/choice.py",
    "nlu/classifier.py",
    "nlu/concepts.py",
    "nlu/features.py",
    "nlu/sound.py",
    "nlu/tagger.py",
    "nlu/tokenizer.py",
    "stories/*.yml",
    "bot/content/emoji.yml",
    "bot/pictures.py",
    "bot/text.py",
    "bot/training.py",
    "requirements/app.txt",  # what normalises
    "requirements/rasa.txt",
)
"""Globs, relative to the root, of every file the model depends on."""

LANGUAGE_MODEL = "SAMLENG_LANGUAGE_MODEL"
"""The setting that puts LaBSE before the classifier (nlu/labse.yml): the name of its weights, such
as `rasa/LaBSE`, which are fetched once, or a folder that holds them. Empty: the small reader.
"""

FETCHED = Path("build/language-model")
"""Where fetched weights are kept, relative to the root: 1.9 GB for LaBSE."""

TIMEOUT = 1200.0
"""Seconds; training takes one to two minutes on two idle cores, with a language model more."""

TIMEOUT_WITH_LANGUAGE_MODEL = 4 * 3600.0
"""Seconds: the weights may have to be fetched, and every example goes through them."""


_HINT = "are these weights there? A name needs the internet, once; a folder must hold them."


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


def pipeline(root: Path, language_model: str) -> dict[str, Any]:
    """Give the pipeline that runs LaBSE first, with these weights (see LANGUAGE_MODEL)."""
    config: dict[str, Any] = yaml.safe_load((root / "nlu/labse.yml").read_text(encoding="utf-8"))
    for part in config["pipeline"]:
        if part["name"] == "LanguageModelFeaturizer":
            part["model_weights"] = language_model
            part["cache_dir"] = str(root / FETCHED)
    return config


def train(
    root: Path,
    data_out: Path,
    model_out: Path,
    timeout: float | None = None,
    language_model: str = "",
) -> None:
    """Train from the files of `root`: normalised data into `data_out`, the model as `model_out`.

    `model_out` is replaced in one step, and only by a whole model. `timeout` is in seconds, by
    default one of the two above. Raises TrainingFailed.
    """
    python = rasa_python(root)
    try:
        training_data(root / "nlu/data", data_out)
    except (ValueError, KeyError, OSError) as error:
        raise TrainingFailed(f"the training data cannot be read: {error}") from error
    model_out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=model_out.parent, prefix="training-") as scratch:
        config = root / "config.yml"
        if language_model:
            config = Path(scratch) / "config.yml"
            config.write_text(yaml.safe_dump(pipeline(root, language_model)), encoding="utf-8")
        command = [
            *(str(python), "-m", "rasa", "train", "--quiet"),
            *("--config", str(config), "--domain", str(root / "domain.yml")),
            *("--data", str(data_out), *map(str, sorted((root / "stories").glob("*.yml")))),
            *("--out", scratch, "--fixed-model-name", "samleng"),
        ]
        environment = {
            **quiet_environment(Path(scratch) / "home"),
            "PYTHONPATH": str(root),
            "PYTHONWARNINGS": "default",
        }
        usual = TIMEOUT_WITH_LANGUAGE_MODEL if language_model else TIMEOUT
        returned, log = _run(command, environment, Path(scratch), timeout or usual)
        made = Path(scratch) / "samleng.tar.gz"
        if returned != 0 or not made.is_file():
            hint = f"\n{LANGUAGE_MODEL}={language_model}: {_HINT}" if language_model else ""
            raise TrainingFailed(f"`rasa train` failed:\n{_end_of(log)}{hint}")
        made.replace(model_out)


def _run(
    command: list[str], environment: dict[str, str], cwd: Path, timeout: float
) -> tuple[int, str]:
    """Run to the end in a process group of its own, so that nothing of it stays behind.

    What our components say of their progress is said on, line by line.
    """
    late = threading.Event()
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

        def end() -> None:
            late.set()
            os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(timeout, end)
        timer.start()
        try:
            log = "".join(_said_on(process.stdout or ()))
            process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        finally:
            timer.cancel()
    if late.is_set():
        raise TrainingFailed(f"`rasa train` took over {timeout:.0f} seconds")
    return process.returncode, log


_PROGRESS = re.compile(r"\w+, \d+ s: ")
"""How a line of nlu/classifier.py and nlu/tagger.py begins that says how far training is."""


def _said_on(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if _PROGRESS.match(line):
            print(line.rstrip(), flush=True)
        yield line


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
        language_model = os.environ.get(LANGUAGE_MODEL, "")
        train(ROOT, model.parent / "nlu", model, language_model=language_model)
    except TrainingFailed as failure:
        print(f"samleng: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

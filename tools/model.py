"""The trained model: made again only when what it learns from changed."""

from __future__ import annotations

import ast

from tools import environments, settings, stamps
from tools.steps import BUILD, ROOT, Failed, Step, require, run

MODEL = BUILD / "model" / "samleng.tar.gz"

TRAINING_LIMIT = 1500.0
"""Seconds; training takes one to two minutes on two cores."""

WITH_LANGUAGE_MODEL_LIMIT = 4 * 3600.0 + 300
"""Seconds, when SAMLENG_LANGUAGE_MODEL is set: LaBSE may have to be fetched (1.9 GB)."""

LANGUAGE_MODEL = "SAMLENG_LANGUAGE_MODEL"

_TRAINING = ROOT / "bot" / "training.py"


def build(step: Step, lock: int) -> None:
    """Train the model unless it was trained from what is there now."""
    wanted = inputs()
    language_model = settings.setting(LANGUAGE_MODEL)
    if stamps.read("model") == wanted and MODEL.exists():
        step.up_to_date()
        return
    stamps.clear("model")
    MODEL.unlink(missing_ok=True)
    code = run(
        [environments.python("app"), "-m", "bot.training"],
        timeout=WITH_LANGUAGE_MODEL_LIMIT if language_model else TRAINING_LIMIT,
        step=step,
        log="training",
        env={
            "RASA_TELEMETRY_ENABLED": "false",
            "PYTHONUNBUFFERED": "1",
            LANGUAGE_MODEL: language_model,
        },
        keep_open=[lock],
    )
    require(code, "The training of the model failed.", "training")
    if not MODEL.exists():
        raise Failed("The training left no model. Its output is in build/log/training.log")
    stamps.write("model", wanted)


def inputs() -> stamps.Inputs:
    """Give the digest of all that the model depends on: INPUTS of bot/training.py."""
    globs = _declared(_TRAINING.read_text())
    files = [file for pattern in globs for file in ROOT.glob(pattern) if file.is_file()]
    return {
        "files": stamps.digest(set(files)),
        "globs": " ".join(globs),
        "language model": settings.setting(LANGUAGE_MODEL),
    }


def _declared(source: str) -> list[str]:
    """Read INPUTS without an import: what bot/training.py needs is not in our Python."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "INPUTS":
            return [str(pattern) for pattern in ast.literal_eval(node.value)]
    raise Failed("bot/training.py does not say INPUTS: what the model depends on.")

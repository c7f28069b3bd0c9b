"""Finds the Pythons and uv that the environments are built with."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tools.steps import BUILD, ROOT, Failed, Step, require, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.steps import Command

RASA_PYTHON = "3.10"
"""Rasa Open Source 3.6 runs on nothing newer."""

APP_PYTHONS = ("3.12", "3.11", "3.13")
"""Pythons the app runs on; we build with the first unless SAMLENG_PYTHON names another."""

OLDEST_UV = (0, 5)


def app_version() -> str:
    """Give the Python version of the app: SAMLENG_PYTHON (3.11, 3.12 or 3.13), or 3.12."""
    wanted = os.environ.get("SAMLENG_PYTHON", "").strip() or APP_PYTHONS[0]
    if wanted not in APP_PYTHONS:
        raise Failed(
            f"SAMLENG_PYTHON is {wanted!r}; Samleng runs on {', '.join(sorted(APP_PYTHONS))}."
        )
    return wanted


def find(version: str) -> Path:
    """Give the path of a working Python of this minor version, or raise `Failed`."""
    for candidate in _candidates(version):
        found = _answers(candidate, version)
        if found:
            return found
    raise Failed(
        f"Python {version} was not found. Install it (for example: pyenv install {version}) "
        "and run make again."
    )


def find_uv(step: Step | None = None) -> Path:
    """Give uv: the one in PATH, or the one we install, by its hash, into build/tools."""
    found = shutil.which("uv")
    if found and _uv_version(Path(found)) >= OLDEST_UV:
        return Path(found)
    own = BUILD / "tools" / "bin" / "uv"
    if own.exists() and _uv_version(own) >= OLDEST_UV:
        return own
    base = find(app_version())
    shutil.rmtree(BUILD / "tools", ignore_errors=True)
    code = run([base, "-m", "venv", BUILD / "tools"], timeout=120, step=step, log="tools")
    require(code, f"{base} could not make a virtual environment.", "tools")
    pip: Command = [BUILD / "tools" / "bin" / "python", "-m", "pip", "install", "--no-input"]
    pip += ["--require-hashes", "--no-deps", "-r", ROOT / "requirements" / "uv.txt"]
    code = run(pip, timeout=600, step=step, log="tools")
    require(code, "uv could not be installed (is the network there?).", "tools")
    return own


def _candidates(version: str) -> Iterator[Path]:
    name = f"python{version}"
    in_path = shutil.which(name)
    if in_path:
        yield Path(in_path)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/{name}"), key=_patch, reverse=True)
    yield from sorted(Path.home().glob(f".local/share/uv/python/cpython-{version}.*/bin/{name}"))
    for folder in ("/usr/local/bin", "/opt/homebrew/bin", "/usr/bin"):
        yield Path(folder) / name


def _patch(path: Path) -> int:
    """Give the patch number of a pyenv version: 12 for .../3.12.12/bin/python3.12."""
    digits = path.parent.parent.name.split(".")[-1]
    return int(digits) if digits.isdigit() else -1  # -1: a release candidate


def _answers(candidate: Path, version: str) -> Path | None:
    """Ask a Python who it is: pyenv leaves shims in PATH that start nothing."""
    ask = "import sys, ssl, sqlite3, venv; print('%d.%d' % sys.version_info[:2], sys.executable)"
    said = _output([str(candidate), "-c", ask]).strip().partition(" ")
    return Path(said[2]) if said[0] == version and said[2] else None


def _uv_version(uv: Path) -> tuple[int, ...]:
    words = _output([str(uv), "--version"]).split()
    parts = words[1].split(".")[:2] if len(words) > 1 else []
    return tuple(int(part) for part in parts if part.isdigit())


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""

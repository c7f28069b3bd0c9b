"""The project's own Python environments under build/, each pinned by hashes."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tools import pythons, stamps
from tools.steps import BUILD, ROOT, Failed, Step, require, run

if TYPE_CHECKING:
    from tools.steps import Command

REQUIREMENTS = ROOT / "requirements"

INSTALL_LIMIT = 1800.0
"""Seconds for one environment on a slow line (Rasa's is about 700 MB to fetch)."""

_SCRIPT = """#!{python}
import sys

from {module} import {function}

if __name__ == "__main__":
    sys.exit({function}())
"""


def environment(name: str) -> Path:
    """Give the folder of an environment: app, rasa, py311 or py313."""
    return BUILD / name


def python(name: str) -> Path:
    """Give the Python of an environment."""
    return environment(name) / "bin" / "python"


def build_app(step: Step, lock: int) -> None:
    """Build what runs the app. An environment that also holds the developer's tools will do."""
    version = pythons.app_version()
    have = stamps.read("app") or {}
    with_tools = _inputs(version, ["app", "dev"], project=True)
    if python("app").exists() and have == with_tools:
        step.up_to_date()
        return
    _build("app", version, ["app", "dev"] if "dev" in have else ["app"], step, lock, project=True)


def build_dev(step: Step, lock: int, name: str = "app", version: str | None = None) -> None:
    """Build what runs the app and checks it."""
    _build(name, version or pythons.app_version(), ["app", "dev"], step, lock, project=True)


def build_rasa(step: Step, lock: int) -> None:
    """Build Rasa's own environment."""
    _build("rasa", pythons.RASA_PYTHON, ["rasa"], step, lock, project=False)


def built(name: str) -> bool:
    """Tell whether an environment was built to the end once (it may be out of date)."""
    return python(name).exists() and stamps.read(name) is not None


def _build(
    name: str, version: str, requirements: list[str], step: Step, lock: int, *, project: bool
) -> None:
    wanted = _inputs(version, requirements, project=project)
    have = stamps.read(name)
    if have == wanted and python(name).exists():
        step.up_to_date()
        return
    folder = environment(name)
    failed = f"The environment build/{name} could not be built."
    uv = pythons.find_uv(step)
    quiet = _uv_settings()
    reusable = (
        have is not None
        and python(name).exists()
        and (have.get("python"), have.get("place")) == (version, str(ROOT))
    )
    if not reusable:
        base = pythons.find(version)
        stamps.clear(name)
        shutil.rmtree(folder, ignore_errors=True)
        command: Command = [uv, "venv", "--python", base, folder]
        require(run(command, timeout=120, step=step, log=name, env=quiet), failed, name)
    stamps.clear(name)
    install: Command = [uv, "pip", "sync", "--require-hashes", "--python", python(name)]
    install += ["--build-constraints", REQUIREMENTS / "build.txt"]
    # The last file is the whole: dev.txt repeats app.txt.
    install += [REQUIREMENTS / f"{requirements[-1]}.txt"]
    code = run(install, timeout=INSTALL_LIMIT, step=step, log=name, env=quiet, keep_open=[lock])
    require(code, f"{failed} Is the network there?", name)
    if project:
        _add_project(folder)
    stamps.write(name, wanted)


def _add_project(folder: Path) -> None:
    """Put the project and its commands into an environment, as they stand in the work tree."""
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "samleng.pth").write_text(f"{ROOT}\n")
    for command, module, function in _commands():
        script = folder / "bin" / command
        script.write_text(
            _SCRIPT.format(python=folder / "bin" / "python", module=module, function=function)
        )
        script.chmod(0o755)


def _commands() -> list[tuple[str, str, str]]:
    """Give the commands of pyproject.toml: name, module, function."""
    # By hand, for Python 3.9 has no TOML reader.
    text = (ROOT / "pyproject.toml").read_text()
    section = re.search(r"^\[project\.scripts\]\n((?:[^\[\n].*\n|\n)*)", text, re.MULTILINE)
    lines = section.group(1) if section else ""
    return re.findall(r'^([\w-]+) = "([\w.]+):(\w+)"$', lines, re.MULTILINE)


def _uv_settings() -> dict[str, str]:
    """Give uv's settings: never a download of a Python, never the settings of another project."""
    settings = {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_CONFIG": "1", "UV_NO_PROGRESS": "1"}
    settings["UV_HTTP_TIMEOUT"] = os.environ.get("UV_HTTP_TIMEOUT", "300")
    if Path("/etc/ssl/certs/ca-certificates.crt").exists():
        # Trust whom the machine trusts: an office's proxy may have an authority of its own.
        settings |= {"UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true"}
    return settings


def _inputs(version: str, requirements: list[str], *, project: bool) -> stamps.Inputs:
    """Give all that an environment depends on; its place counts, for its scripts name it."""
    inputs = {"python": version, "place": str(ROOT)}
    inputs |= {name: stamps.digest([REQUIREMENTS / f"{name}.txt"]) for name in requirements}
    if project:
        commands = repr(_commands()).encode()
        inputs["commands"] = hashlib.sha256(commands).hexdigest()
    for name in requirements:
        if not (REQUIREMENTS / f"{name}.txt").exists():
            raise Failed(f"requirements/{name}.txt is missing; run make lock.")
    return inputs


def pin(step: Step) -> None:
    """Write requirements/*.txt anew: every platform, every hash, no address of an index."""
    uv = pythons.find_uv(step)
    # With the oldest Python that each must serve; dev.in leans on app.txt, so app comes first.
    for name, oldest in (
        ("app", "3.11"),
        ("dev", "3.11"),
        ("rasa", "3.10"),
        ("build", "3.10"),
        ("uv", "3.9"),
    ):
        command: Command = [uv, "pip", "compile", "--quiet", "--universal", "--no-header"]
        command += ["--generate-hashes", "--no-emit-index-url", "--python-version", oldest]
        base = pythons.RASA_PYTHON if name in ("rasa", "build") else pythons.app_version()
        command += ["--python", pythons.find(base)]
        command += [f"requirements/{name}.in", "--output-file", f"requirements/{name}.txt"]
        code = run(command, timeout=900, step=step, log="pin", env=_uv_settings())
        require(code, f"requirements/{name}.in could not be resolved.", "pin")

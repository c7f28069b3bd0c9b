"""What the operating system must give to the tests: a browser, Khmer letters, PostgreSQL."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tools.steps import Failed, Step, require, run

if TYPE_CHECKING:
    from tools.steps import Command

_FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")


def chromium() -> Path | None:
    """Give the path of the browser."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return Path(found)
    return None


def postgresql() -> Path | None:
    """Give the folder of PostgreSQL's programs, the newest version's."""
    newest = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0,
    )
    if newest:
        return newest[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def khmer_fonts() -> Path | None:
    """Give one font file with Khmer letters."""
    for folder in _FONT_FOLDERS:
        for path in Path(folder).expanduser().rglob("*hmer*.[ot]t[fc]"):
            return path
    return None


def picture_font() -> Path | None:
    """Give a font with the pictures that stand on the buttons."""
    for folder in _FONT_FOLDERS:
        for path in Path(folder).expanduser().rglob("NotoColorEmoji.ttf"):
            return path
    return None


def missing() -> list[str]:
    """Give the Debian packages that would bring what is not there."""
    packages = [] if chromium() else ["chromium"]
    packages += [] if khmer_fonts() else ["fonts-khmeros", "fonts-noto-core"]
    packages += [] if picture_font() else ["fonts-noto-color-emoji"]
    packages += [] if postgresql() else ["postgresql"]
    return packages


def provide(step: Step) -> None:
    """Install what is missing where we may (root, apt); else name it in one line."""
    packages = missing()
    if not packages:
        step.up_to_date()
        return
    names = " ".join(packages)
    apt = shutil.which("apt-get")
    if not apt or os.geteuid() != 0:
        raise Failed(
            f"The tests need what is not on this machine. Install it: apt-get install {names}"
        )
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    patient: Command = [apt, "-q", "-y", "-o", "DPkg::Lock::Timeout=300"]
    run([*patient, "update"], timeout=600, step=step, log="system", env=quiet)
    install: Command = [*patient, "install", "--no-install-recommends", *packages]
    code = run(install, timeout=1800, step=step, log="system", env=quiet)
    require(code, f"apt-get could not install {names}.", "system")
    if missing():
        raise Failed(f"Still missing after apt-get: {' '.join(missing())}")

"""What people agreed to, word for word: a consent whose words change is a new version.

versions.yml keeps the sha256 of the exact words of every version that was ever shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources.abc import Traversable
from pathlib import Path

import yaml

from bot.content import Content, read
from bot.message import Language

FILE = "versions.yml"

HEAD = """\
# The exact words of every version of a consent: sha256 of Khmer, an empty line, English. Written by
# `python -m bot.content --write`. A line is never changed: somebody agreed to those words.
"""


@dataclass(frozen=True, slots=True)
class Version:
    """The version that the files hold, and the sha256 of its words (hex)."""

    version: int
    sha: str


def versioned(content: Content) -> dict[str, Version]:
    """Give every text that people agree to: the consents, and each say that has a version."""
    found = {
        f"consent.{code}": Version(
            words.version, _sha(words.shown(Language.KM), words.shown(Language.EN))
        )
        for code, words in content.consents.items()
    }
    for key, say in content.says.items():
        if "version" in say.model_fields_set:
            found[f"says.{key}"] = Version(say.version, _sha(say.km, say.en))
    return found


def read_versions(folder: Traversable) -> dict[str, dict[int, str]]:
    """Give the sha256 of every version that was written down. Raises BadContent."""
    return read(folder, FILE, dict[str, dict[int, str]])


def write_versions(folder: Path, content: Content) -> list[str]:
    """Write down new versions, and name them; what stands there is never changed.

    Raises BadContent when the file cannot be read.
    """
    known: Mapping[str, Mapping[int, str]] = read_versions(folder)
    made: dict[str, dict[int, str]] = {key: dict(shown) for key, shown in known.items()}
    new = []
    for key, now in versioned(content).items():
        shown = made.setdefault(key, {})
        if now.version > max(shown, default=0):
            shown[now.version] = now.sha
            new.append(f"{key}, version {now.version}")
    if new:
        text = HEAD + yaml.safe_dump(made, sort_keys=True)
        (folder / FILE).write_text(text, encoding="utf-8")
    return new


def _sha(km: str, en: str) -> str:
    return sha256(f"{km}\n\n{en}".encode()).hexdigest()

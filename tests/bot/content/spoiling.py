"""Spoiling a copied content file at one place."""

from pathlib import Path
from typing import Any

import yaml


class _Plain(yaml.SafeLoader):
    """YAML in which dates are dates, and yes, no, on are words."""


_Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":bool")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

GONE = object()


def spoil(folder: Path, name: str, path: str, value: Any) -> None:
    """Put a value into a copied file; the path's steps are parted by spaces. GONE takes it out."""
    file = folder / name
    whole = yaml.load(file.read_text(encoding="utf-8"), _Plain)  # noqa: S506 it is a SafeLoader
    *above, last = (int(step) if step.isdecimal() else step for step in path.split())
    place = whole
    for step in above:
        place = place[step]
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    file.write_text(yaml.safe_dump(whole, allow_unicode=True, sort_keys=False), encoding="utf-8")

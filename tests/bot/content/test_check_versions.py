"""What was agreed to stays as it was: a changed consent is a new version beside the old."""

from datetime import date
from pathlib import Path

import yaml

from bot.content import load
from bot.content.check import check
from bot.content.versions import write_versions
from tests.bot.content.spoiling import spoil

TODAY = date(2026, 11, 21)


def test_a_new_version_is_written_down_beside_the_old(folder: Path) -> None:
    before = yaml.safe_load((folder / "versions.yml").read_text())["consent.store"]
    newest = max(before)
    spoil(folder, "consent.yml", "store en", "May we keep this?")
    spoil(folder, "consent.yml", "store version", newest + 1)
    assert write_versions(folder, load(folder)) == [f"consent.store, version {newest + 1}"]
    after = yaml.safe_load((folder / "versions.yml").read_text())["consent.store"]
    assert set(after) == {*before, newest + 1}
    assert {version: after[version] for version in before} == before
    assert check(folder, TODAY) == []


def test_what_was_agreed_to_is_never_written_anew(folder: Path) -> None:
    before = (folder / "versions.yml").read_text()
    spoil(folder, "consent.yml", "store en", "May we?")
    assert write_versions(folder, load(folder)) == []
    assert (folder / "versions.yml").read_text() == before

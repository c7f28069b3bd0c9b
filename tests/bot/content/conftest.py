"""A copy of all words, for tests that spoil them."""

import shutil
from pathlib import Path

import pytest

import bot.content
from bot.content.versions import write_versions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The content files of this package, where they may be changed."""
    here = Path(bot.content.__file__).parent
    return shutil.copytree(
        here, tmp_path / "content", ignore=shutil.ignore_patterns("*.py", "__pycache__")
    )


@pytest.fixture
def versioned(folder: Path) -> Path:
    """A copy in which every version of today is written down."""
    write_versions(folder, bot.content.load(folder))
    return folder

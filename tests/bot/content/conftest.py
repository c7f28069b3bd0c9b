"""A copy of all words, for tests that spoil them."""

import shutil
from pathlib import Path

import pytest

import bot.content
from bot.content.versions import write_versions


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content files of this package, with every version of today written down."""
    here = Path(bot.content.__file__).parent
    copy = shutil.copytree(
        here,
        tmp_path_factory.mktemp("pristine") / "content",
        ignore=shutil.ignore_patterns("*.py", "__pycache__"),
    )
    write_versions(copy, bot.content.load(copy))
    return copy


@pytest.fixture
def folder(pristine: Path, tmp_path: Path) -> Path:
    """A copy of them that may be changed."""
    return shutil.copytree(pristine, tmp_path / "content")

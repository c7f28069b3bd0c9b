from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house import Town, build_town


@pytest.fixture
def town(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """A town on SQLite and on PostgreSQL."""
    built = build_town(tmp_path, database_url)
    yield built
    built.site.store.engine.dispose()

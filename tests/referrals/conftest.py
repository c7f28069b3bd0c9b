import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from referrals.settings import StoreSettings
from tests.house import Town, build_town
from tests.referrals.brought_back import House, second


@pytest.fixture
def town(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """A town on SQLite and on PostgreSQL."""
    built = build_town(tmp_path, database_url)
    yield built
    built.site.store.engine.dispose()


@pytest.fixture
def house(tmp_path: Path, database_url: str, request: pytest.FixtureRequest) -> Iterator[House]:
    town = build_town(tmp_path / "old", database_url)
    new = tmp_path / "new" / "data"
    url = None if database_url.startswith("sqlite") else second(request, database_url)
    new.mkdir(parents=True, mode=0o700)
    shutil.copy2(tmp_path / "old" / "data" / "server.key", new)
    yield House(town, tmp_path / "backups", StoreSettings(data_dir=new, database_url=url))
    town.site.store.engine.dispose()

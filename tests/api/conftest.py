from collections.abc import Iterator

import pytest

from api import limits


@pytest.fixture(autouse=True)
def nobody_called_before() -> Iterator[None]:
    """What one test counted is nothing to the next."""
    limits._storage.reset()
    yield
    limits._storage.reset()

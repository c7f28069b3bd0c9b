"""The two stand-ins, and a webhook for one of them."""

from collections.abc import Iterator

import pytest

from tests.standins.messenger import MessengerStandin
from tests.standins.receiver import Receiver
from tests.standins.telegram import TelegramStandin


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def telegram() -> Iterator[TelegramStandin]:
    with TelegramStandin() as server:
        yield server


@pytest.fixture
def messenger() -> Iterator[MessengerStandin]:
    with MessengerStandin() as server:
        yield server


@pytest.fixture
def hook(messenger: MessengerStandin) -> Iterator[Receiver]:
    with Receiver() as receiver:
        messenger.subscribe(receiver.url)
        yield receiver

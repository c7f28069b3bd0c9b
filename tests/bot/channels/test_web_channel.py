"""A page cannot be pushed to, and empties itself."""

import pytest

from bot.channels.web import WebChannel
from bot.message import Channel, Reply, Sound, Undeliverable

pytestmark = pytest.mark.anyio


async def test_nothing_is_pushed_to_a_page() -> None:
    page: Channel = WebChannel()
    with pytest.raises(Undeliverable):
        await page.send("page", Reply("?"), silent=True)
    with pytest.raises(Undeliverable):
        await page.send_voice("page", Sound("s1", "audio/ogg", b"OggS"))


async def test_nothing_of_a_page_is_cleared_from_here() -> None:
    assert await WebChannel().clear("page", ["1"]) is False

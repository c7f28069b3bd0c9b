"""Fetching an attachment: streamed, capped, and silent about where it came from."""

from collections.abc import AsyncIterator

import httpx

from bot.message import FILE_LIMIT, ChannelError, TooLarge, TryLater, Undeliverable

_CHUNK = 64 * 1024


async def download(client: httpx.AsyncClient, url: str) -> AsyncIterator[bytes]:
    """Yield the bytes behind `url`, at most FILE_LIMIT.

    Raises TooLarge, Undeliverable (gone or refused) or TryLater. The errors do not hold the URL,
    nor the exception that does: it may contain a token.
    """
    failure: ChannelError
    try:
        # "identity": a compressed answer could unpack to far more than the cap.
        async with client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as response:
            _refuse(response)
            got = 0
            async for chunk in response.aiter_raw(_CHUNK):
                got += len(chunk)
                if got > FILE_LIMIT:
                    raise TooLarge("the file is over the limit")
                yield chunk
        return
    except httpx.InvalidURL:
        failure = Undeliverable("the file's address is not valid")
    except httpx.HTTPError as error:
        failure = TryLater(f"the download broke: {type(error).__name__}")
    raise failure


def _refuse(response: httpx.Response) -> None:
    status = response.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= 500:
        raise TryLater(f"the file's host answered {status}")
    if status != httpx.codes.OK:
        raise Undeliverable(f"the file's host answered {status}")
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > FILE_LIMIT:
        raise TooLarge("the file is over the limit")

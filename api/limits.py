"""How often one visitor, or one address, may call. Counted in memory, per process; sign-ins are
counted in the database (tries.py).

A call over the limit is not counted, and what was counted is forgotten after two of its spans.
Whoever calls chooses the keys, so none is kept until its address was found to be within its own
limit, and none is kept as it came.
"""

import ipaddress
from hashlib import sha256

from fastapi import Request
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

_storage = MemoryStorage()
_calls = SlidingWindowCounterRateLimiter(_storage)

PER_ADDRESS: dict[str, RateLimitItem] = {
    "chat": RateLimitItemPerMinute(240),
    "files": RateLimitItemPerMinute(60),
    "notices": RateLimitItemPerMinute(900),
    "verify": RateLimitItemPerMinute(30, 15),
}
"""By what is called: for everybody behind one address (a dormitory may share one)."""

PER_KEY: dict[str, RateLimitItem] = {
    "chat": RateLimitItemPerMinute(40),
    "files": RateLimitItemPerMinute(20),
    "notices": RateLimitItemPerMinute(30),
    "verify": RateLimitItemPerMinute(10, 15),
}
"""By what is called: for one conversation, or one receipt's code. A right code is counted like a
wrong one: what answers differently must not be asked faster.
"""


def too_many(request: Request, what: str, key: str) -> bool:
    """Count one call and say whether it is one too many."""
    address, key = address_of(request), _short(key)
    if not _calls.hit(PER_ADDRESS[what], what, address):
        return True
    return not _calls.hit(PER_KEY[what], what, address, key)


def address_of(request: Request) -> str:
    """Give the caller's address; of IPv6 the half that names a network, since one caller has the
    whole other half.
    """
    host = request.client.host if request.client else "?"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return host if address.version == 4 else str(ipaddress.ip_network((int(address), 64), False))


def _short(key: str) -> str:
    return sha256(key.encode(errors="replace")).hexdigest()

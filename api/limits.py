"""How often one visitor, or one address, may call. Counted in memory, per process."""

from fastapi import Request
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

_limiter = MovingWindowRateLimiter(MemoryStorage())

PER_KEY: dict[str, RateLimitItem] = {
    "chat": RateLimitItemPerMinute(40),
    "files": RateLimitItemPerMinute(20),
    "sign-in": RateLimitItemPerMinute(10, 15),
}
"""By what is called: for one conversation, or one account from one address."""

PER_ADDRESS: dict[str, RateLimitItem] = {
    "chat": RateLimitItemPerMinute(240),
    "files": RateLimitItemPerMinute(60),
    "sign-in": RateLimitItemPerMinute(50, 15),
}
"""By what is called: for everybody behind one address (a dormitory may share one)."""


def too_many(request: Request, what: str, key: str) -> bool:
    """Count one call and say whether it is one too many."""
    address = request.client.host if request.client else "?"
    within_key = _limiter.hit(PER_KEY[what], what, address, key)
    return not (_limiter.hit(PER_ADDRESS[what], what, address) and within_key)

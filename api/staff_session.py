"""The row of one signed-in browser. What is done with it: sessions.py."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from referrals.sealing import SealedField
from referrals.store import UtcDateTime

SESSION_KEY = SealedField("session", "sealed_key", "session")


class StaffSession(SQLModel, table=True):
    """One signed-in browser. `id` is derived from the cookie's secret, which is not kept.

    `device` is what the browser calls itself, in a word or two. Until `factor_at` the second factor
    is still missing, and nothing but asking for it is open; `stepped_up_at`: it was shown (again).
    `challenge` is what a passkey must sign now, once.
    """

    __tablename__ = "session"

    id: str = Field(primary_key=True, max_length=64)
    member_id: str = Field(foreign_key="member.id", index=True, max_length=32)
    sealed_key: bytes
    csrf: str = Field(max_length=64)
    begun: datetime = Field(sa_type=UtcDateTime)
    seen: datetime = Field(sa_type=UtcDateTime, index=True)
    device: str = Field(default="", max_length=60)
    factor_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    stepped_up_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    challenge: bytes | None = None

"""Wrong sign-ins, counted by account and by address, so that strangers cannot lock staff out."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from referrals.store import UtcDateTime


class SignInTry(SQLModel, table=True):
    """One wrong sign-in. Account and address are HMACs under the server key."""

    __tablename__ = "sign_in_try"

    id: int | None = Field(default=None, primary_key=True)
    account: str = Field(index=True, max_length=64)
    address: str = Field(index=True, max_length=64)
    at: datetime = Field(sa_type=UtcDateTime, index=True)


class KnownDevice(SQLModel, table=True):
    """A browser in which a member signed in before: it holds a token, we its HMAC."""

    __tablename__ = "known_device"

    token: str = Field(primary_key=True, max_length=64)
    member_id: str = Field(foreign_key="member.id", index=True, max_length=32)
    seen: datetime = Field(sa_type=UtcDateTime)

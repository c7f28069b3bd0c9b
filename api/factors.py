"""The second thing a member signs in with: a code from a phone (TOTP, RFC 6238), a passkey
(WebAuthn), or a recovery code.
"""

from datetime import datetime

from sqlmodel import Field, SQLModel

from referrals.sealing import SealedField
from referrals.store import UtcDateTime

TOTP_SECRET = SealedField("totp", "sealed_secret", "server")


class Totp(SQLModel, table=True):
    """A member's authenticator. `last_step` is the last 30 seconds whose code was used."""

    __tablename__ = "totp"

    member_id: str = Field(primary_key=True, foreign_key="member.id", max_length=32)
    sealed_secret: bytes
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_step: int = 0


class Passkey(SQLModel, table=True):
    """A WebAuthn credential of a member."""

    __tablename__ = "passkey"

    credential: bytes = Field(primary_key=True)
    member_id: str = Field(foreign_key="member.id", index=True, max_length=32)
    public_key: bytes
    sign_count: int
    name: str = Field(max_length=60)
    made_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RecoveryCode(SQLModel, table=True):
    """One of a member's codes for the day the phone is lost; used once. HMAC under the server
    key.
    """

    __tablename__ = "recovery_code"

    member_id: str = Field(primary_key=True, foreign_key="member.id", max_length=32)
    digest: str = Field(primary_key=True, max_length=64)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

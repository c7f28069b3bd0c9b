"""How long a case is kept once it ended, and what remains to show that it was destroyed."""

from datetime import datetime
from uuid import uuid4

from sqlmodel import Field, SQLModel

from referrals.store import UtcDateTime


class Certificate(SQLModel, table=True):
    """That a case was destroyed. Names it by an HMAC that only its code leads to; signed."""

    __tablename__ = "erasure_certificate"

    id: str = Field(default_factory=lambda: uuid4().hex, primary_key=True, max_length=32)
    case_mark: str = Field(index=True, max_length=64)
    organisation_id: str | None = Field(default=None, index=True, max_length=32)
    reason: str = Field(max_length=16)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    erased_at: datetime = Field(sa_type=UtcDateTime)
    fields: int
    files: int
    signature: bytes

"""The audit as a chain: each row's hash holds the one before, and heads are signed.

Rows are linked after their transaction was committed, in the order in which they are found: so an
act may be written in the caller's transaction, and no lock is held across two.
"""

from datetime import datetime

from sqlmodel import Field, SQLModel

from referrals.store import UtcDateTime


class AuditLink(SQLModel, table=True):
    """One link: `digest` is SHA-256 over the digest before and the row of the audit."""

    __tablename__ = "audit_link"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    audit_id: int = Field(foreign_key="audit.id", unique=True)
    digest: bytes


class AuditHead(SQLModel, table=True):
    """A signed statement: at this time the chain was so long, and this was its last digest."""

    __tablename__ = "audit_head"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    digest: bytes
    at: datetime = Field(sa_type=UtcDateTime)
    signature: bytes

"""Who may open a restricted case: the members who are named, and nobody else of their office."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from referrals.store import UtcDateTime


class CaseReader(SQLModel, table=True):
    """One member who may open one restricted case."""

    __tablename__ = "case_reader"

    case_id: str = Field(primary_key=True, foreign_key="case.id", max_length=32, ondelete="CASCADE")
    member_id: str = Field(primary_key=True, foreign_key="member.id", max_length=32)
    named_by: str = Field(foreign_key="member.id", max_length=32)
    at: datetime = Field(sa_type=UtcDateTime)

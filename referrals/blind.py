"""Searching without reading: tokens by which an office finds its cases by phone, name or agency.

A token is an HMAC under a key of the office alone, so that one office's tokens say nothing of
another's, and nobody without the office's key can try names.
"""

from sqlmodel import Field, SQLModel


class SearchToken(SQLModel, table=True):
    """One word to find one case by, for one office."""

    __tablename__ = "search_token"

    organisation_id: str = Field(primary_key=True, foreign_key="organisation.id", max_length=32)
    token: bytes = Field(primary_key=True)
    case_id: str = Field(
        primary_key=True, foreign_key="case.id", max_length=32, index=True, ondelete="CASCADE"
    )
    kind: str = Field(max_length=16)


class Indexed(SQLModel, table=True):
    """How much of a case an office's tokens cover: additions after `entries` are not in yet."""

    __tablename__ = "search_indexed"

    organisation_id: str = Field(primary_key=True, foreign_key="organisation.id", max_length=32)
    case_id: str = Field(primary_key=True, foreign_key="case.id", max_length=32, ondelete="CASCADE")
    generation: int

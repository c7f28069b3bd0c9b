"""What this installation is: a demo with invented cases, or the real thing. Decided once, at its
first start.
"""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, Session, SQLModel

from referrals.store import UtcDateTime


class Mode(StrEnum):
    """What the data folder holds."""

    DEMO = "demo"
    REAL = "real"


class WrongMode(Exception):
    """The data folder holds the other kind of installation. Says what to do."""


class Installation(SQLModel, table=True):
    """The one row that says so."""

    __tablename__ = "installation"

    id: int = Field(default=1, primary_key=True)
    mode: str = Field(max_length=8)
    begun: datetime = Field(sa_type=UtcDateTime)


def settle(session: Session, mode: Mode, now: datetime) -> bool:
    """Begin this installation as `mode`; True when it is new. Raises WrongMode when it is the
    other.
    """
    held = session.get(Installation, 1)
    if held is None:
        session.add(Installation(mode=mode, begun=now))
        session.flush()
        return True
    if held.mode != mode:
        raise WrongMode(
            f"this data folder holds a {held.mode} installation: "
            "set SAMLENG_DATA_DIR to another folder"
        )
    return False

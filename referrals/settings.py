"""Settings of what is kept: where, under which key, for how long."""

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

FEWEST_MONTHS, MOST_MONTHS = 2, 240
"""How short and how long a closed case can be kept. For a month she can open it again."""


class Outcome(StrEnum):
    """How a closed case ended, as far as anybody said."""

    SATISFIED = "satisfied"
    UNSATISFIED = "unsatisfied"
    WITHDRAWN = "withdrawn"
    UNSAID = "unsaid"


@dataclass(frozen=True, slots=True)
class KeepClosed:
    """For how many months a case is kept after it was closed, by its outcome.

    Two years is our working rule: no law of Cambodia that we know sets a time for complaints that
    an office without authority keeps.
    """

    satisfied: int = 24
    unsatisfied: int = 24
    withdrawn: int = 24
    unsaid: int = 24

    def months(self, outcome: Outcome) -> int:
        """Give the months for one outcome."""
        found: int = getattr(self, outcome.value)
        return found


def read_keep_closed(written: object) -> object:
    """Read "24", "satisfied=24,withdrawn=12", or both ("36,withdrawn=12": all others 36).

    Raises ValueError for an unknown outcome, the same twice, or months out of bounds.
    """
    if not isinstance(written, str):
        return written
    kept, named = KeepClosed(), dict[str, int]()
    for part in filter(None, (each.strip() for each in written.split(","))):
        outcome, _, months = part.rpartition("=")
        outcome, months = outcome.strip(), months.strip()
        if outcome in named or (outcome and outcome not in set(Outcome)):
            raise ValueError(f"each once, and only of {', '.join(Outcome)}")
        if not (months.isascii() and months.isdigit()):
            raise ValueError("months are a whole number")
        if not FEWEST_MONTHS <= int(months) <= MOST_MONTHS:
            raise ValueError(f"months are {FEWEST_MONTHS} to {MOST_MONTHS}")
        named[outcome] = int(months)
    if "" in named:
        kept = KeepClosed(*([named.pop("")] * len(Outcome)))
    return replace(kept, **named)


class StoreSettings(BaseSettings):
    """Read from the environment or `.env`; an unknown name is ignored, a wrong value refused."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", populate_by_name=True)

    data_dir: Path = Field(default=Path("data"), validation_alias="SAMLENG_DATA_DIR")
    database_url: str | None = Field(default=None, validation_alias="SAMLENG_DATABASE_URL")
    server_key_file: Path | None = Field(default=None, validation_alias="SAMLENG_SERVER_KEY_FILE")
    keep_closed: Annotated[KeepClosed, NoDecode, BeforeValidator(read_keep_closed)] = Field(
        default=KeepClosed(), validation_alias="SAMLENG_KEEP_CLOSED"
    )
    """Months that a closed case is kept: "24", or "satisfied=24,unsatisfied=36,withdrawn=12"."""
    backup_dir: Path | None = Field(default=None, validation_alias="SAMLENG_BACKUP_DIR")
    """Where backups go when `samleng backup` is given no folder. Set, what was erased is also
    written down there every ten minutes.
    """
    keep_backups_days: int = Field(
        default=30, ge=1, le=3650, validation_alias="SAMLENG_KEEP_BACKUPS_DAYS"
    )
    """Days after which a backup is deleted; so an erased case is gone from all of them, too."""
    public_url: str | None = Field(
        default=None, pattern=r"^https://[^/]+/?$", validation_alias="SAMLENG_PUBLIC_URL"
    )
    """Address under which the world reaches this server. Without it Telegram is polled, and a
    receipt has no address at which to check it.
    """

    @property
    def resolved_database_url(self) -> str:
        """SQLAlchemy URL; SQLite in the data folder when none is set."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'samleng.sqlite').resolve()}"

    @property
    def resolved_server_key_file(self) -> Path:
        """Where the server key lies; in the data folder when no place is set."""
        return self.server_key_file or self.data_dir / "server.key"

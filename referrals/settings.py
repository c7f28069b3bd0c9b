"""Settings of what is kept: where, under which key."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class StoreSettings(BaseSettings):
    """Read from the environment or `.env`; an unknown name is ignored, a wrong value refused."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", populate_by_name=True)

    data_dir: Path = Field(default=Path("data"), validation_alias="SAMLENG_DATA_DIR")
    database_url: str | None = Field(default=None, validation_alias="SAMLENG_DATABASE_URL")
    server_key_file: Path | None = Field(default=None, validation_alias="SAMLENG_SERVER_KEY_FILE")
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

"""Bringing the database to the shape this program expects, with Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from referrals.store import Store

MIGRATIONS = Path(__file__).parent / "migrations"


def alembic_config(store: Store) -> Config:
    """Give Alembic what it needs to work on this store."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = store.engine
    return config


def migrate(store: Store) -> None:
    """Apply the migrations that are missing; none when the database is up to date."""
    command.upgrade(alembic_config(store), "head")

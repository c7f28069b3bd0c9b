"""The migrations make what the models say, on both databases."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel

from api.database import migrate
from api.migrations import tables
from referrals.store import Store


def test_the_migrations_make_the_tables_of_the_models(database_url: str) -> None:
    assert len(tables.TABLES) >= 11
    store = Store(database_url)
    migrate(store)
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
    store.engine.dispose()


def test_migrating_again_changes_nothing(database_url: str) -> None:
    store = Store(database_url)
    migrate(store)
    migrate(store)
    store.engine.dispose()

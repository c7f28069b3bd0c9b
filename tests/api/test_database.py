"""The migrations make what the models say, on both databases."""

from datetime import UTC, datetime

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlmodel import Session, SQLModel

from api.database import alembic_config, migrate
from api.migrations import tables
from bot import trace
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


def test_a_conversation_of_the_first_version_is_kept(database_url: str) -> None:
    store = Store(database_url)
    command.upgrade(alembic_config(store), "0001")
    with store.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO conversation (conversation, language, begun) "
                "VALUES ('c', 'en', '2026-11-21 08:00:00')"
            )
        )
    migrate(store)
    with store.engine.connect() as connection:
        kept = connection.execute(text("SELECT language, low_data, country FROM conversation"))
        assert [(row[0], bool(row[1]), row[2]) for row in kept] == [("en", False, None)]
    with Session(store.engine) as session:
        # Nobody knows by which number what the first version said could be deleted.
        assert trace.marks(session, "c") == [trace.UNKNOWN]
        trace.sweep(session, datetime.now(UTC) + trace.DELETABLE_FOR)
        assert trace.marks(session, "c") == []
    store.engine.dispose()


def test_a_case_of_an_earlier_version_keeps_all_that_hangs_on_it_there_and_back(
    database_url: str,
) -> None:
    """SQLite alters a table by building it anew, and what referred to the old one would go."""
    store = Store(database_url)
    command.upgrade(alembic_config(store), "0002")
    with store.engine.begin() as connection:
        connection.execute(
            text(
                'INSERT INTO "case" (id, code, conversation, lodged_by, channel, language, '
                "complainant, category, country, confidentiality, danger, callback, status, "
                "public_key, sealed_private_key, lodged_at) VALUES ('i', '482913057', 'c', 'u', "
                "'web', 'km', 'self', 'other', 'TH', 'standard', false, false, 'lodged', "
                "'k', 's', '2026-11-21 08:00:00')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO case_field (id, case_id, name, at, sealed) "
                "VALUES ('f', 'i', 'story', '2026-11-21 08:00:00', 's')"
            )
        )
    migrate(store)
    with store.engine.connect() as connection:
        assert connection.execute(text("SELECT case_id FROM case_field")).scalar_one() == "i"
        minor = connection.execute(text('SELECT minor, counted FROM "case"')).one()
        assert [bool(each) for each in minor] == [False, False]
    command.downgrade(alembic_config(store), "0002")
    with store.engine.connect() as connection:
        assert connection.execute(text("SELECT case_id FROM case_field")).scalar_one() == "i"
    store.engine.dispose()

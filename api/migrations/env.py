"""How Alembic finds the tables and the database."""

from alembic import context
from sqlmodel import SQLModel

from api.migrations.tables import TABLES

engine = context.config.attributes["engine"]

with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata if TABLES else None,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()

"""How Alembic finds the tables and the database."""

from alembic import context
from sqlmodel import SQLModel

import referrals.audit
import referrals.case
import referrals.contact
import referrals.directory
import referrals.draft
import referrals.installation
import referrals.notice
import referrals.thread  # noqa: F401 - each import declares its tables

engine = context.config.attributes["engine"]

with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()

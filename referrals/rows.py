"""Rows without objects: inserting many by one statement for a table, reading a few columns.

It is several times faster than one object for each row. Columns that a row leaves out get the
model's default; the database checks what it always checks.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Executable, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

Row = Mapping[str, Any]


def table(model: type[SQLModel]) -> Table:
    """Give the table of a model, to be asked for columns rather than for objects."""
    found: Table = model.__table__  # type: ignore[attr-defined]
    return found


def insert(session: Session, model: type[SQLModel], rows: Sequence[Row]) -> None:
    """Insert rows, all with the same columns; none is fine. Raises
    sqlalchemy.exc.IntegrityError.
    """
    if rows:
        session.connection().execute(_insert(model), rows)


def insert_if_free(session: Session, model: type[SQLModel], unique: str, row: Row) -> bool:
    """Insert one row unless another has its value in the column `unique`; says whether it did.

    The transaction goes on either way, which it does not after a broken constraint in PostgreSQL.
    """
    connection = session.connection()
    statement = _insert_if_free(model, unique, connection.dialect.name)
    return connection.execute(statement, row).first() is not None


def dialect_insert(model: type[SQLModel], dialect: str) -> sqlite.Insert | postgresql.Insert:
    """Begin an INSERT that can say ON CONFLICT, in the words of this database."""
    into = table(model)
    return postgresql.insert(into) if dialect == "postgresql" else sqlite.insert(into)


# Writing a statement takes longer than running it, so each is written once.


@cache
def _insert(model: type[SQLModel]) -> Executable:
    return table(model).insert()


@cache
def _insert_if_free(model: type[SQLModel], unique: str, dialect: str) -> Executable:
    insert = dialect_insert(model, dialect).on_conflict_do_nothing(index_elements=[unique])
    return insert.returning(table(model).c[unique])

"""Inserting rows that may be there already, in the words of each database."""

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.base import Executable


def new(table: Table, dialect: str) -> sqlite.Insert:
    """Begin an INSERT that can say what happens on a conflict.

    PostgreSQL's says it with the methods of SQLite's, so one type stands for both.
    """
    if dialect == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - a store in a file never needs it

    return postgresql.insert(table)  # type: ignore[return-value] # see above


def if_missing(table: Table, dialect: str) -> Executable:
    """Insert rows whose key is not there yet; those that are stay as they are."""
    return new(table, dialect).on_conflict_do_nothing()


def in_place(table: Table, dialect: str) -> Executable:
    """Insert rows in place of those of the same key."""
    statement = new(table, dialect)
    keys = list(table.primary_key.columns.keys())
    values = {name: statement.excluded[name] for name in table.columns.keys() if name not in keys}  # noqa: SIM118 - a collection of columns, not a dict
    return statement.on_conflict_do_update(index_elements=keys, set_=values)

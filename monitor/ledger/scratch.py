"""Scratch tables: intermediate sets that live no longer than the transaction that makes them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

import sqlalchemy as sa

metadata = sa.MetaData()


def table(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
    """The definition of a scratch table."""
    return sa.Table(name, metadata, *columns, prefixes=["TEMPORARY"])


def like(kept: sa.Table, name: str) -> sa.Table:
    """The definition of a scratch table with the columns and the key of one that is kept."""
    columns = [
        sa.Column(column.name, column.type, primary_key=column.primary_key, autoincrement=False)
        for column in kept.columns
    ]
    return table(name, *columns)


@contextmanager
def made(connection: sa.Connection, *tables: sa.Table) -> Iterator[None]:
    """The tables, empty, for as long as the block lasts.

    On an error they go with the transaction, which both stores roll back with its tables.
    """
    for each in tables:
        for text in _definition(each, connection.dialect):
            connection.exec_driver_sql(text)
    yield
    for each in reversed(tables):
        connection.exec_driver_sql(f"DROP TABLE {each.name}")


@lru_cache(maxsize=128)
def _definition(each: sa.Table, dialect: sa.Dialect) -> Sequence[str]:
    indexes = sorted(each.indexes, key=lambda index: str(index.name))
    created = str(sa.schema.CreateTable(each).compile(dialect=dialect))
    indexed = (str(sa.schema.CreateIndex(index).compile(dialect=dialect)) for index in indexes)
    return [created, *indexed]

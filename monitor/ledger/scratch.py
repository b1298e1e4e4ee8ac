"""Scratch tables: intermediate sets that live no longer than the transaction that makes them."""

from collections.abc import Iterator
from contextlib import contextmanager

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
        each.create(connection, checkfirst=False)
    yield
    for each in reversed(tables):
        each.drop(connection, checkfirst=False)

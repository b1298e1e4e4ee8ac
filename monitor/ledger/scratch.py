"""Scratch tables: intermediate sets that live no longer than the transaction that makes them."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

metadata = sa.MetaData()


def table(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
    """The definition of a scratch table."""
    return sa.Table(name, metadata, *columns, prefixes=["TEMPORARY"])


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

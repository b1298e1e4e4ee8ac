"""What planners are told since they can't know it in time; but for `apart` only PostgreSQL's is."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa


def without_jit(connection: sa.Connection) -> None:
    """Plan the rest of the transaction without compiling: it costs more than such queries do."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL jit = off")


def alone(connection: sa.Connection) -> None:
    """Run the rest of the transaction in one process: starting others costs tens of milliseconds,
    and each is handed the whole statement."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL max_parallel_workers_per_gather = 0")


@contextmanager
def by_index(connection: sa.Connection) -> Iterator[None]:
    """Read no table whole within the block, as if that cost more than anything else.

    For rows that a partial index holds and no statistics count: PostgreSQL takes those that a
    comparison of two columns tells for a third of the table.
    """
    if connection.dialect.name != "postgresql":
        yield
        return
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    yield
    connection.exec_driver_sql("SET LOCAL enable_seqscan = on")


def apart(query: sa.Select[Any], name: str) -> sa.Subquery:
    """A query to select from that neither store merges into what reads it.

    Merged, each of its expressions is planned and evaluated as often as it is read: through a few
    levels the planning costs more than the rows.
    """
    return query.offset(sa.literal_column("0")).subquery(name)


def is_most(connection: sa.Connection, size: int, table: sa.Table) -> bool:
    """Whether `size` rows are more than half of those that `table` is known to have.

    Never on SQLite, which looks rows up by number at next to no cost.
    """
    if connection.dialect.name != "postgresql":
        return False
    query = sa.text("SELECT reltuples FROM pg_class WHERE oid = CAST(:name AS regclass)")
    known = connection.execute(query, {"name": table.name}).scalar_one()
    return bool(size * 2 > known)


def gather(connection: sa.Connection, tables: Collection[sa.Table], grown_by: int = 0) -> None:
    """Gather the statistics of those of `tables` that have none, or of all after a bulk load.

    Autovacuum looks once a minute; until then what was just loaded is planned for as if its tables
    were empty, which costs minutes. A bulk load is one of more than a tenth of the rows that the
    first table is known to have, and of more than 1,000.
    """
    if connection.dialect.name != "postgresql":
        return
    names = [table.name for table in tables]
    query = sa.text("SELECT relname, reltuples FROM pg_class WHERE relname = ANY(:names)")
    known = {row.relname: row.reltuples for row in connection.execute(query, {"names": names})}
    is_bulk = grown_by > max(1000, known[names[0]] / 10)
    for name in names:
        if is_bulk or known[name] <= 0:
            connection.exec_driver_sql(f"ANALYZE {name}")


def look_over(connection: sa.Connection, *tables: sa.Table) -> None:
    """Gather the statistics of scratch tables and queues that were just filled: nothing else does
    in time."""
    if connection.dialect.name == "postgresql":
        for table in tables:
            connection.exec_driver_sql(f"ANALYZE {table.name}")

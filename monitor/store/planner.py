"""PostgreSQL's planner, told what it can't know in time; SQLite needs nothing of this."""

from collections.abc import Collection

import sqlalchemy as sa


def without_jit(connection: sa.Connection) -> None:
    """Plan the rest of the transaction without compiling: it costs more than such queries do."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL jit = off")


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

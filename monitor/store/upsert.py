"""INSERT … ON CONFLICT, which both stores have and SQLAlchemy names by dialect."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def insert_into(connection: sa.Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT into `table` that takes ON CONFLICT on the connection's store."""
    return insert_on(connection.dialect.name, table)


def insert_on(store: str, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """The same for the store of a dialect's name: a statement that is kept knows no connection."""
    if store == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)

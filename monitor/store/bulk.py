"""Bulk writing: a frame's rows into a table, in the way in which the store takes many at once.

PostgreSQL gets them by COPY, SQLite as bare tuples: binding each value through SQLAlchemy's types
costs more than writing it. A frame's columns are the table's, of the types that the store's own
text forms are read as; JSON documents are given as their canonical text.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import polars as pl
import psycopg
import sqlalchemy as sa
from polars import selectors
from sqlalchemy.dialects import postgresql

from monitor.store.upsert import insert_into

_INSTANT = "%Y-%m-%d %H:%M:%S%.6f"


def append(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> None:
    """Add the rows; in the caller's transaction.

    Raises sqlalchemy's DBAPIError where the store refuses one.
    """
    if frame.is_empty():
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table.name, frame)
    else:
        _execute_many(connection, sa.insert(table), frame)


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    frame: pl.DataFrame,
    key: Sequence[str],
    renewed: Sequence[str],
) -> None:
    """Add the rows; where one of that key is there already, its `renewed` columns are replaced.

    No two rows of the frame have the same key. In the caller's transaction; raises as `append`.
    """
    if frame.is_empty():
        return
    insert = insert_into(connection, table)
    renewal = {name: insert.excluded[name] for name in sorted(renewed)}
    if connection.dialect.name == "sqlite":
        statement = insert.on_conflict_do_update(index_elements=key, set_=renewal)
        _execute_many(connection, statement, frame)
        return
    with _staged(connection, table, frame) as staged:
        rows = sa.select(*staged.columns)
        filled = insert.from_select(frame.columns, rows)
        connection.execute(filled.on_conflict_do_update(index_elements=key, set_=renewal))


def one_of(
    connection: sa.Connection, column: sa.ColumnElement[Any], values: Sequence[Any]
) -> sa.ColumnElement[bool]:
    """Whether `column` is one of the values, however many: they are one parameter."""
    if connection.dialect.name == "postgresql":
        array = postgresql.ARRAY(column.type)
        return column == sa.any_(sa.bindparam(None, list(values), type_=array))
    listed = sa.bindparam(None, list(values), type_=sa.JSON())
    return column.in_(sa.select(sa.func.json_each(listed).table_valued("value").c.value))


@contextmanager
def _staged(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> Iterator[sa.Table]:
    """The rows in a temporary table, which is neither logged nor constrained."""
    columns = [sa.Column(name, table.c[name].type) for name in frame.columns]
    staged = sa.Table(f"landing_{table.name}", sa.MetaData(), *columns, prefixes=["TEMPORARY"])
    staged.create(connection, checkfirst=False)
    _copy(connection, staged.name, frame)
    yield staged
    staged.drop(connection, checkfirst=False)


def _copy(connection: sa.Connection, name: str, frame: pl.DataFrame) -> None:
    quote = connection.dialect.identifier_preparer.quote
    columns = ", ".join(quote(column) for column in frame.columns)
    statement = f"COPY {quote(name)} ({columns}) FROM STDIN (FORMAT csv)"
    written = frame.with_columns(selectors.datetime().dt.strftime(f"{_INSTANT}+00"))
    # quoted empty text is text, nothing between two commas is NULL
    cells = written.write_csv(include_header=False, quote_style="non_numeric")
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(cells)
    except psycopg.Error as error:
        raise sa.exc.DBAPIError.instance(
            statement, None, error, psycopg.Error, dialect=connection.dialect
        ) from error


def _execute_many(connection: sa.Connection, statement: sa.Insert, frame: pl.DataFrame) -> None:
    compiled = statement.compile(dialect=connection.dialect, column_keys=frame.columns)
    written = frame.select(compiled.positiontup).with_columns(
        selectors.datetime().dt.strftime(_INSTANT),
        selectors.date().dt.strftime("%Y-%m-%d"),
        selectors.decimal().cast(pl.Float64),
    )
    connection.exec_driver_sql(str(compiled), written.rows())

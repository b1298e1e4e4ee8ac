"""Bulk writing: a frame's rows into a table, in the way in which the store takes many at once.

PostgreSQL gets them by COPY, SQLite as bare tuples: binding each value through SQLAlchemy's types
costs more than writing it. A frame's columns are the table's, of the types that the store's own
text forms are read as; JSON documents are given as their canonical text.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import polars as pl
import psycopg
import sqlalchemy as sa
from polars import selectors
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import UserDefinedType

_INSTANT = "%Y-%m-%d %H:%M:%S%.6f"
_ESCAPED = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
"""What COPY's text form writes in another way."""
_QUOTED = {"\\": "\\\\", '"': '\\"'}
"""What an array's text form writes in another way, within quotes."""
_PIECE = 1 << 16
_TUPLES = 2_000
"""Rows that are tuples at a time: those take many times the room that they take in a frame."""


class _Array(UserDefinedType[str]):
    """An array in its text form; as the type of a parameter it lets the server see the values."""

    cache_ok = True
    render_bind_cast = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        """The type's name."""
        return self.name


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows for a table in the form in which a kind of store takes them, which is made without it.

    `cells` are all of them in PostgreSQL's text form, `columns` those of them that hold anything;
    SQLite takes the `frame` itself.
    """

    table: sa.Table
    columns: tuple[str, ...]
    cells: bytes | None = None
    frame: pl.DataFrame | None = None


def rows(dialect: str, table: sa.Table, frame: pl.DataFrame) -> Rows:
    """The frame's rows as a store of that dialect takes them."""
    filled = frame.select(
        name
        for name in frame.columns
        if frame[name].null_count() < frame.height or table.c[name].server_default is not None
    )
    if dialect == "postgresql":
        return Rows(table, tuple(filled.columns), cells=_text_form(filled))
    return Rows(table, tuple(filled.columns), frame=filled)


def add(connection: sa.Connection, rows: Rows) -> None:
    """Add the rows; in the caller's transaction.

    Raises sqlalchemy's DBAPIError where the store refuses one.
    """
    if rows.cells:
        _copy(connection, rows.table.name, rows.columns, rows.cells)
    elif rows.frame is not None and not rows.frame.is_empty():
        _execute_many(connection, sa.insert(rows.table), rows.frame, rows.columns)


def append(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> None:
    """Add the frame's rows; in the caller's transaction. Raises as `add`."""
    if not frame.is_empty():
        add(connection, rows(connection.dialect.name, table, frame))


def update(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> None:
    """Set the columns of the rows whose `id` the frame has; in the caller's transaction.

    Raises as `append`.
    """
    if frame.is_empty():
        return
    names = [name for name in frame.columns if name != "id"]
    if connection.dialect.name == "sqlite":
        by_id = table.c.id == sa.bindparam("id_", type_=table.c.id.type)
        statement = sa.update(table).where(by_id)
        _execute_many(connection, statement, frame.rename({"id": "id_"}), names)
        return
    with _staged(connection, table, frame) as staged:
        connection.execute(
            sa.update(table)
            .where(table.c.id == staged.c.id)
            .values({name: staged.c[name] for name in names})
        )


def numbers(connection: sa.Connection, table: sa.Table, count: int) -> pl.Series:
    """So many ids that no row of the table has or will be given; in the caller's transaction."""
    drawn = numbers_ahead(connection, table, count)
    if drawn is not None:
        return drawn
    last = connection.scalar(sa.select(sa.func.max(table.c.id))) or 0
    return pl.Series("id", range(last + 1, last + count + 1), pl.Int64)


def numbers_ahead(connection: sa.Connection, table: sa.Table, count: int) -> pl.Series | None:
    """As `numbers`, whenever the rows are written; None where only who writes them can tell."""
    if connection.dialect.name == "sqlite":
        return None
    name = sa.func.pg_get_serial_sequence(table.name, "id")
    # looked up once, as a query of its own: not for each number
    sequence = sa.select(sa.cast(name, postgresql.REGCLASS)).scalar_subquery()
    drawn = sa.select(sa.func.nextval(sequence).label("id"))
    drawn = drawn.select_from(sa.func.generate_series(1, count))
    together = sa.select(sa.func.array_agg(drawn.subquery().c.id))
    return pl.Series("id", connection.scalar(together), pl.Int64)


def one_of(
    connection: sa.Connection, column: sa.ColumnElement[Any], values: pl.Series | Sequence[Any]
) -> sa.ColumnElement[bool]:
    """Whether `column` is one of the values (numbers or texts), however many: they are one
    parameter.
    """
    if connection.dialect.name == "postgresql":
        name = connection.dialect.type_compiler_instance.process(postgresql.ARRAY(column.type))
        listed = sa.bindparam(None, _array(pl.Series(values)), type_=_Array(name))
        return column.in_(sa.select(sa.func.unnest(listed)))
    listed = sa.bindparam(None, list(values), type_=sa.JSON())
    return column.in_(sa.select(sa.func.json_each(listed).table_valued("value").c.value))


def listed(
    connection: sa.Connection, frame: pl.DataFrame
) -> tuple[sa.FromClause, Mapping[str, object]]:
    """The frame's rows, numbers and texts without nulls, as a table `listed` to join with, and the
    parameters to execute what reads it with.

    However many rows they are, they are one parameter, or one for each column. A statement refers
    to itself in circles: values that it held would stay until Python next looks for such.
    """
    if connection.dialect.name == "postgresql":
        given = [
            sa.bindparam(f"listed_{column.name}", type_=_Array(f"{kind}[]"))
            for column in frame.iter_columns()
            for kind in ["text" if column.dtype == pl.String else "bigint"]
        ]
        table = sa.func.unnest(*given).table_valued(*frame.columns).render_derived(name="listed")
        return table, {f"listed_{column.name}": _array(column) for column in frame.iter_columns()}
    rows = sa.bindparam("listed_rows", type_=sa.JSON())
    value = sa.func.json_each(rows).table_valued("value").c.value
    columns = [
        sa.func.json_extract(value, f"$[{at}]").label(name) for at, name in enumerate(frame.columns)
    ]
    return sa.select(*columns).subquery("listed"), {"listed_rows": frame.rows()}


def gathered(connection: sa.Connection, number: sa.ColumnElement[int]) -> sa.FunctionElement[Any]:
    """The numbers of all rows as one list, or nothing: to fetch a row for each costs more than to
    find it.
    """
    if connection.dialect.name == "postgresql":
        return sa.func.array_agg(number, type_=postgresql.ARRAY(sa.BigInteger()))
    return sa.func.json_group_array(number, type_=sa.JSON())


def _array(values: pl.Series) -> str:
    """PostgreSQL's own way to write an array: the driver would write each value by itself."""
    texts = values.cast(pl.String)
    if values.dtype == pl.String:
        quoted = texts.str.replace_many(_QUOTED)
        texts = pl.select(pl.format('"{}"', quoted)).to_series()
    return f"{{{texts.str.join(',').item()}}}"


@contextmanager
def _staged(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> Iterator[sa.Table]:
    """The rows in a temporary table, which is neither logged nor constrained."""
    columns = [sa.Column(name, table.c[name].type) for name in frame.columns]
    staged = sa.Table(f"landing_{table.name}", sa.MetaData(), *columns, prefixes=["TEMPORARY"])
    staged.create(connection, checkfirst=False)
    _copy(connection, staged.name, frame.columns, _text_form(frame))
    yield staged
    staged.drop(connection, checkfirst=False)


def _copy(connection: sa.Connection, name: str, columns: Sequence[str], cells: bytes) -> None:
    quote = connection.dialect.identifier_preparer.quote
    statement = f"COPY {quote(name)} ({', '.join(map(quote, columns))}) FROM STDIN"
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(cells)
    except psycopg.Error as error:
        raise sa.exc.DBAPIError.instance(
            statement, None, error, psycopg.Error, dialect=connection.dialect
        ) from error


def _text_form(frame: pl.DataFrame) -> bytes:
    """The rows as COPY's text form, which the server takes apart in less time than its CSV form.

    To look for what is to be escaped in each cell costs more than to count it in the whole.
    """
    frame = frame.with_columns(selectors.datetime().dt.strftime(f"{_INSTANT}+00"))
    cells = _separated(frame)
    height, nulls = frame.height, sum(column.null_count() for column in frame.iter_columns())
    plain = {"\t": (frame.width - 1) * height, "\n": height, "\\": nulls}
    if b"\r" not in cells and all(_count(cells, each) == many for each, many in plain.items()):
        return cells
    return _separated(frame.with_columns(selectors.string().str.replace_many(_ESCAPED)))


def _count(cells: bytes, character: str) -> int:
    """How often a character stands there; by pieces that the processor keeps at hand."""
    codes = np.frombuffer(cells, np.uint8)
    starts = range(0, codes.size, _PIECE)
    return sum(int(np.count_nonzero(codes[at : at + _PIECE] == ord(character))) for at in starts)


def _separated(frame: pl.DataFrame) -> bytes:
    written = io.BytesIO()
    frame.write_csv(
        written, include_header=False, separator="\t", quote_style="never", null_value="\\N"
    )
    return written.getvalue()


def _execute_many(
    connection: sa.Connection,
    statement: sa.Insert | sa.Update,
    frame: pl.DataFrame,
    names: Sequence[str],
) -> None:
    compiled = statement.compile(dialect=connection.dialect, column_keys=names)
    written = frame.select(compiled.positiontup).with_columns(
        selectors.datetime().dt.strftime(_INSTANT),
        selectors.date().dt.strftime("%Y-%m-%d"),
        selectors.decimal().cast(pl.Float64),
    )
    for some in written.iter_slices(_TUPLES):
        connection.exec_driver_sql(str(compiled), some.rows())

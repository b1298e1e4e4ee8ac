"""A table or query, streamed in the order of its cursor.

The cursor is the greatest value that landed; what a transaction committed late, after what had
landed, is found by beginning before it. Rows without a value there are read each time. Rows that
landed stay where a stream breaks off, and the next pull goes on from there.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import polars as pl
import sqlalchemy as sa
import stamina

from monitor.config import SqlSource
from monitor.errors import SourceError, SourceUnavailableError
from monitor.sources.batch import Batch, Part, Reading, Remark, Start
from monitor.sources.columns import Dialect
from monitor.sources.sql import cursor
from monitor.sources.sql.database import Column, Database, opened
from monitor.sources.sql.refusals import NoAnswerError
from monitor.sources.sql.rows import Cells, Delivered, Way, wholes


def read(source: SqlSource, dialect: Dialect, start: Start) -> Reading:
    """The rows from the cursor on.

    What fails before the first rows is tried again where that can help. Raises
    SourceUnavailableError where the database can't be reached or doesn't answer in time, and
    SourceError where it refuses.
    """
    with ExitStack() as closing:
        for attempt in stamina.retry_context(on=_may_pass, attempts=source.attempts, timeout=None):
            with attempt:
                stream = closing.enter_context(_streamed(source, start))
        yield from map(Remark, stream.remarks)
        yield from stream.batches(dialect)


def _may_pass(error: Exception) -> bool:
    """Whether it is worth asking again at once."""
    return isinstance(error, SourceUnavailableError) and not isinstance(error, NoAnswerError)


@dataclass(frozen=True, slots=True)
class _Stream:
    """Rows on their way, `size` at a time: the first are there, others come as they are wanted."""

    place: str
    size: int
    column: str | None
    headers: Sequence[str]
    way: Way
    first: Delivered
    others: Iterator[Delivered]
    progress: cursor.Progress
    remarks: tuple[str, ...]

    def batches(self, dialect: Dialect) -> Iterator[Batch]:
        """The rows, and with them how far the cursor has come."""
        layout = dialect.layout(self.headers, self.place)
        number = 1
        for rows in chain([self.first] if self.first else [], self.others):
            self.progress.advance(self.way.values(rows))
            numbers = pl.Series("number", range(number, number + len(rows)), pl.Int64)
            frame = self.way.frame(rows)
            # a reading begins anywhere: a row's number says nothing of the row
            part = Part(self.place, self.place, layout, frame, numbers, is_placed=False)
            yield Batch((part,), self._cursors(at_end=len(rows) < self.size))
            number += len(rows)

    def _cursors(self, *, at_end: bool) -> Mapping[str, str]:
        value = self.progress.ended() if at_end else self.progress.reached()
        if self.column is None or value is None:
            return {}
        return {self.column: cursor.written(value)}


@contextmanager
def _streamed(source: SqlSource, start: Start) -> Iterator[_Stream]:
    place = source.table or "query"
    rows = _rows(source)
    with opened(source) as database:
        columns = database.columns(rows)
        headers = [told.name for told in columns]
        column = None if source.cursor is None else _column(headers, source.cursor, place)
        way = _way(database, rows, columns, column)
        statement = way.select(rows)
        progress = cursor.Progress(None, None, start.now)
        remarks: tuple[str, ...] = ()
        if column is not None:
            rules = cursor.Rules(
                column,
                source.overlap,
                source.overlap_rows,
                start.now,
                start.since,
                start.everything,
            )
            greatest = _greatest(database, rows, column)
            begin = cursor.beginning(greatest, cursor.read(start.cursors.get(column)), rules)
            progress = cursor.Progress(greatest, begin.known, start.now)
            statement = _from(database, rows, column, begin, statement)
            remarks = begin.remarks
        elif start.since is not None:
            remarks = (f"{place} has no cursor that names a day: everything was read",)
        others = database.stream(statement, source.batch_rows)
        first = next(others, ())
        yield _Stream(
            place,
            source.batch_rows,
            column,
            headers,
            way,
            first,
            others,
            progress,
            remarks,
        )


def _rows(source: SqlSource) -> sa.FromClause:
    if source.table is not None:
        schema, _, name = source.table.rpartition(".")
        return sa.table(name, schema=schema or None)
    query = (source.query or "").strip().rstrip(";")
    # colons are the query's own: nothing is bound into it; a comment ends before the bracket does
    return sa.text(query.replace(":", r"\:") + "\n").columns().subquery("delivered")


def _way(
    database: Database, rows: sa.FromClause, columns: Sequence[Column], cursor_column: str | None
) -> Way:
    """The fastest way in which the database hands out such rows."""
    headers = [column.name for column in columns]
    if database.writes_rows:
        way = wholes(headers, [column.type for column in columns], cursor_column)
        if way is not None and database.takes(way.select(rows).limit(0)):
            return way
    return Cells(headers, cursor_column, database.plain)


def _column(headers: Sequence[str], cursor_column: str, place: str) -> str:
    """The cursor's column as the database spells it."""
    for header in headers:
        if header.lower() == cursor_column.lower():
            return header
    raise SourceError(
        f"{place}: expected the cursor column {cursor_column}, found {', '.join(headers[:40])}"
    )


def _greatest(database: Database, rows: sa.FromClause, name: str) -> Any:
    column: sa.ColumnClause[Any] = sa.column(name)
    query = sa.select(column).select_from(rows).where(column.is_not(None))
    return database.value(query.order_by(column.desc()).limit(1))


def _from(
    database: Database,
    rows: sa.FromClause,
    name: str,
    begin: cursor.Beginning,
    everything: sa.Select[Any],
) -> sa.Select[Any]:
    """The rows from where the reading begins, and those without a value."""
    column: sa.ColumnClause[Any] = sa.column(name)
    statement = everything.order_by(column)
    lower = begin.lower
    if lower is not None and begin.rows_back:
        before = sa.select(column).select_from(rows).where(column <= sa.literal(lower))
        before = before.order_by(column.desc())
        lower = database.value(before.offset(begin.rows_back).limit(1))
    if lower is None:
        return statement
    return statement.where(sa.or_(column >= sa.literal(lower), column.is_(None)))

"""Rows on their way from a database: how they are asked for, and what comes of them.

PostgreSQL can write each row as one text, which becomes columns at once: to make a Python value of
each cell and a text of each value takes more than twice the processor time. That is done where what
the server writes of every column is what its values are written as (`cells`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl
import sqlalchemy as sa

from monitor.errors import SourceError
from monitor.sources.batch import frame_of, unrepeated

Delivered = Sequence[Sequence[Any]]

_TEXTS = dict.fromkeys((19, 20, 21, 23, 25, 1042, 1043, 1082, 1700, 2950), "text")
"""PostgreSQL's numbers of name, bigint, smallint, integer, text, char, varchar, date, numeric and
uuid (pg_type.dat): what it writes of them is their text."""
_WRITTEN = _TEXTS | {16: "boolean", 1114: "moment", 1184: "moment"}
"""Those of which that can be made out of what it writes: boolean, timestamp, timestamptz too."""
_BOOLEANS = {"t": "true", "f": "false"}
_MOMENT = (
    r"^(?P<moment>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.(?P<fraction>\d{1,6}))?"
    r"(?:(?P<hours>[+-]\d\d)(?P<minutes>:\d\d)?(?P<seconds>:\d\d)?)?$"
)


class Way(Protocol):
    """A way to have rows handed out."""

    def select(self, rows: sa.FromClause) -> sa.Select[Any]:
        """The statement for all of `rows`."""

    def frame(self, delivered: Delivered) -> pl.DataFrame:
        """Their cells as text, null where there is nothing."""

    def values(self, delivered: Delivered) -> list[Any]:
        """The values of the cursor's column."""


@dataclass(frozen=True, slots=True)
class Cells:
    """A value for each cell; `plain` makes one of the cursor's column what the database means."""

    headers: Sequence[str]
    cursor: str | None
    plain: Callable[[Any], Any]

    def select(self, rows: sa.FromClause) -> sa.Select[Any]:
        """All their columns."""
        return sa.select(sa.text("*")).select_from(rows)

    def frame(self, delivered: Delivered) -> pl.DataFrame:
        """Each value as its text."""
        return frame_of(self.headers, delivered)

    def values(self, delivered: Delivered) -> list[Any]:
        """The plain values."""
        if self.cursor is None:
            return []
        at = self.headers.index(self.cursor)
        return [self.plain(row[at]) for row in delivered]


@dataclass(frozen=True, slots=True)
class Wholes:
    """A text for each row, as PostgreSQL writes a row, after the cursor's value."""

    headers: Sequence[str]
    kinds: Sequence[str]
    cursor: str | None

    def select(self, rows: sa.FromClause) -> sa.Select[Any]:
        """The cursor's column, and the row."""
        named = rows.alias("delivered")
        whole = sa.text("CAST((delivered.*) AS text)")
        values: list[sa.ColumnClause[Any]] = [sa.column(self.cursor)] if self.cursor else []
        return sa.select(*values, whole).select_from(named)

    def frame(self, delivered: Delivered) -> pl.DataFrame:
        """The rows taken apart: their cells are quoted as those of a CSV file, and a backslash is
        doubled besides.

        Raises SourceError where they come apart as another number of rows.
        """
        text = "\n".join([row[-1][1:-1] for row in delivered])
        names = [str(number) for number in range(len(self.headers))]
        frame = pl.read_csv(f"{','.join(names)}\n{text}".encode(), infer_schema=False)
        if frame.height != len(delivered):
            raise SourceError(
                f"expected {len(delivered)} rows, found what reads as {frame.height}: make a query "
                "that casts its columns to text"
            )
        if '""' in text:
            frame = frame.with_columns(pl.all().replace("", None))
        if "\\" in text:
            frame = frame.with_columns(pl.all().str.replace_all("\\\\", "\\", literal=True))
        frame = frame.with_columns(
            _cell(pl.col(name), kind).alias(name)
            for name, kind in zip(names, self.kinds, strict=True)
        )
        return frame.rename(dict(zip(names, unrepeated(self.headers), strict=True)))

    def values(self, delivered: Delivered) -> list[Any]:
        """What stands before each row."""
        return [row[0] for row in delivered] if self.cursor else []


def wholes(headers: Sequence[str], types: Sequence[object], cursor: str | None) -> Wholes | None:
    """The rows as texts, by PostgreSQL's numbers of the columns' types; None where a column's text
    may be another one, or is all that a row has: nothing at all can't be told from no row.
    """
    kinds = [_WRITTEN.get(number) if isinstance(number, int) else None for number in types]
    known = [kind for kind in kinds if kind is not None]
    return Wholes(headers, known, cursor) if len(known) == len(headers) > 1 else None


def _cell(written: pl.Expr, kind: str) -> pl.Expr:
    """A cell's text, out of what the server writes."""
    match kind:
        case "boolean":
            return written.replace(_BOOLEANS)
        case "moment":
            return pl.coalesce(_moment(written), written)
        case _:
            return written


def _moment(written: pl.Expr) -> pl.Expr:
    """As Python writes it, which keeps the zeros of a fraction and an offset's minutes; null of
    what Python has no value for."""
    parts = written.str.extract_groups(_MOMENT).struct
    fraction, hours = parts.field("fraction"), parts.field("hours")
    offset = pl.concat_str(
        hours, parts.field("minutes").fill_null(":00"), parts.field("seconds").fill_null("")
    )
    return pl.concat_str(
        parts.field("moment"),
        pl.concat_str(pl.lit("."), fraction.str.pad_end(6, "0")).fill_null(""),
        offset.fill_null(""),
    )

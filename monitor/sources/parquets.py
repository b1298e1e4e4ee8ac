"""Parquet files: text columns, so many rows at a time."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from monitor.errors import SourceError
from monitor.sources.batch import Part
from monitor.sources.cells import texts
from monitor.sources.columns import Dialect
from monitor.sources.passed import Passed

_ROWS = 20_000
_PLAIN = (pl.String, pl.Categorical, pl.Enum, pl.Boolean, pl.Decimal, pl.Date)
_EXACT = 1e15
"""Whole numbers up to here are written without an exponent or a fraction."""


def parts(dialect: Dialect, path: Path, place: str, passed: Passed) -> Iterator[Part]:
    """The rows; fields of a structure become columns named with a dot.

    Raises SourceError where the file is no whole Parquet file, or its columns aren't the feed's.
    """
    try:
        scan = pl.scan_parquet(path, glob=False)
        height = scan.select(pl.len()).collect().item()
        for first in range(0, max(height, 1), _ROWS):
            frame = _as_text(scan.slice(first, _ROWS).collect())
            layout = dialect.layout(frame.columns, place)
            numbers = pl.int_range(first + 1, first + 1 + frame.height, eager=True)
            passed.share = (first + frame.height) / max(height, 1)
            yield Part(place, place, layout, frame, numbers.alias("number"))
    except pl.exceptions.PolarsError:
        raise SourceError(
            f"{place}: expected a whole Parquet file, found one that was cut off or is damaged"
        ) from None


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    columns: dict[str, pl.Series] = {}
    for column in frame.iter_columns():
        columns |= {text.name: text for text in _texts(column)}
    return pl.DataFrame(columns)


def _texts(column: pl.Series) -> Iterator[pl.Series]:
    """The column as text, as a CSV file would hold it; a structure is a column for each field."""
    kind = column.dtype
    if isinstance(kind, pl.Struct):
        for part in kind.fields:
            yield from _texts(column.struct.field(part.name).alias(f"{column.name}.{part.name}"))
    elif kind in _PLAIN or kind.is_integer():
        yield column.cast(pl.String)
    elif kind.is_float():
        is_whole = (column == column.round()) & (column.abs() < _EXACT)
        whole = column.cast(pl.Int64, strict=False).cast(pl.String)
        yield whole.zip_with(is_whole, column.cast(pl.String))
    elif isinstance(kind, pl.Datetime):
        offset = "%:z" if kind.time_zone else ""
        yield column.dt.strftime(f"%Y-%m-%d %H:%M:%S%.f{offset}")
    else:
        yield texts(column.to_list()).alias(column.name)

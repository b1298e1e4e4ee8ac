"""Delivered rows as they came: their cells by the column that each is of, and a hash of each row.

The hash is of all that is read of a row, and of what it is read with, this program's own files
among it: a row that has the hash of one that landed says what that one said. Where the program is
another one, rows are read once more than they had to be. It ends with the reading: which settings
and program a row was read with, so that what is read anew replaces what it was read as before.
"""

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from importlib.resources import files

import polars as pl

from monitor.config import SourceSettings
from monitor.sources import normalise
from monitor.sources.batch import Batch, Part
from monitor.sources.columns import Dialect, Layout
from monitor.standard.headers import ENVELOPE
from monitor.store.types import canonical

_ALWAYS = (*ENVELOPE, "status", "status_at")
_DECIDING = ("monitor.sources", "monitor.standard")
"""The packages that decide what a row says."""
READ_WITH = {"feed", "status", "dialect", "columns", "units", "values", "department"}
"""The settings that do."""
_READING = 8
"""The digits of a reading."""


def rows(dialect: Dialect, batch: Batch) -> pl.DataFrame:
    """The batch's cells as `text:` columns; beside them place, number and delivery of each row,
    `row`, its position in the batch, and its delivery_hash.
    """
    columns = [named(column) for column in (*(f.column for f in dialect.fields), *_ALWAYS)]
    parts = [_part(dialect, part, list(dict.fromkeys(columns))) for part in batch.parts]
    return pl.concat(parts).with_row_index("row")


def reading(source: SourceSettings) -> str:
    """With what a source's rows are read now."""
    told = canonical([_program(), source.model_dump(mode="json", include=READ_WITH)])
    return hashlib.sha256(told.encode()).hexdigest()[:_READING]


def reading_of(delivery_hash: pl.Expr) -> pl.Expr:
    """With what the row of the hash was read."""
    return delivery_hash.str.tail(_READING)


def named(column: str) -> str:
    """The name under which the cells of a column stand."""
    return f"text:{column}"


def text(column: str) -> pl.Expr:
    """The cells of a column."""
    return pl.col(named(column))


def _part(dialect: Dialect, part: Part, columns: list[str]) -> pl.DataFrame:
    found = {cell.meta.output_name(): cell for cell in _cells(part.layout)}
    unknown = sorted(part.layout.unknown)
    frame = part.frame.select(
        *(found.get(name, pl.lit(None, pl.String).alias(name)) for name in columns),
        *(pl.col(header).alias(f"unknown:{header}") for header in unknown),
    )
    return frame.select(
        *columns,
        place=pl.lit(part.place),
        number=part.numbers,
        delivery=pl.lit(part.delivery),
        delivery_hash=_hashed(frame, unknown, reading(dialect.source)),
    )


def _cells(layout: Layout) -> Iterable[pl.Expr]:
    """The delivered cells by their column, and the constants of columns that aren't delivered."""
    for column, header in layout.columns.items():
        unit = layout.units.get(column)
        cell = pl.col(header) if unit is None else normalise.with_unit(pl.col(header), unit)
        yield cell.alias(named(column))
    for column, value in layout.constants.items():
        yield pl.lit(value).alias(named(column))


@cache
def _program() -> str:
    digest = hashlib.sha256(version("polars").encode())
    for package in _DECIDING:
        for file in sorted(files(package).iterdir(), key=lambda file: file.name):
            if file.is_file():
                digest.update(file.read_bytes())
    return digest.hexdigest()


def _hashed(frame: pl.DataFrame, unknown: list[str], reading: str) -> pl.Series:
    """128 bits of each row: that two that differ have the same is not to be feared.

    Seeded with what else decides what a row says: the headers that no field is known for, and the
    reading, which stands at the end.
    """
    digest = hashlib.sha256(canonical([reading, unknown]).encode()).digest()
    halves = [
        frame.hash_rows(int.from_bytes(seed, "big")).cast(pl.String)
        for seed in (digest[:8], digest[8:16])
    ]
    return pl.select(pl.concat_str(*halves, pl.lit(reading), separator=".")).to_series()

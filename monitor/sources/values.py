"""The values of a batch's cells, column by column; a cell that repeats is read once.

What was read is kept for the batches after: most columns hold the same few codes, names and days in
each of them.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from monitor import standard
from monitor.sources import normalise
from monitor.sources.delivered import text

_MANY = 100
"""Rows of a batch from which on it pays to look which cells repeat."""
_OFTEN = 4
"""Rows for each distinct cell from which on they do."""
_MOST = 5_000
"""Cells of a column that are kept."""


class Values:
    """Reads the cells of a pull's batches; for one thread."""

    def __init__(self) -> None:
        self._kept: dict[str, pl.DataFrame] = {}

    def of(
        self,
        rows: pl.DataFrame,
        fields: Sequence[standard.Field],
        beside: Sequence[str],
        others: Mapping[str, pl.Expr],
    ) -> pl.DataFrame:
        """`rows` with the values of the fields, and with `others`, which are made from the cells of
        `beside`; all these cells are trimmed.
        """
        few = {item: found for item in fields if (found := self._found(item, rows)) is not None}
        many = [item for item in fields if item not in few]
        cells = [text(name) for name in (*(item.column for item in many), *beside)]
        return (
            rows.with_columns(column for found in few.values() for column in found.get_columns())
            .with_columns(normalise.trimmed(cell) for cell in cells)
            .with_columns(*map(_value, many), **others)
        )

    def _found(self, item: standard.Field, rows: pl.DataFrame) -> pl.DataFrame | None:
        """The trimmed cells of the field's column and their values; None where they hardly
        repeat."""
        cells = rows.select(text(item.column).alias("cell"))
        kept = self._kept.pop(item.column, None)
        if kept is not None:
            found = _joined(cells, kept)
            unread = found[f"text:{item.column}"].is_null() & cells["cell"].is_not_null()
            if not unread.any():
                self._kept[item.column] = kept
                return found
            cells_left = cells.filter(unread).unique()
            if kept.height + cells_left.height <= min(_MOST, cells.height // _OFTEN):
                return self._keep(item, cells, pl.concat([kept, _read(item, cells_left)]))
        if cells.height < _MANY or cells["cell"].n_unique() * _OFTEN > cells.height:
            return None
        return self._keep(item, cells, _read(item, cells.unique()))

    def _keep(self, item: standard.Field, cells: pl.DataFrame, read: pl.DataFrame) -> pl.DataFrame:
        if read.height <= _MOST:
            self._kept[item.column] = read
        return _joined(cells, read)


def _read(item: standard.Field, cells: pl.DataFrame) -> pl.DataFrame:
    """Beside each cell what it is when trimmed, and its value."""
    return cells.with_columns(
        normalise.trimmed(pl.col("cell")).alias(f"text:{item.column}")
    ).with_columns(_value(item))


def _value(item: standard.Field) -> pl.Expr:
    return normalise.value(item, text(item.column)).alias(item.column)


def _joined(cells: pl.DataFrame, read: pl.DataFrame) -> pl.DataFrame:
    found = cells.join(read, on="cell", how="left", nulls_equal=True, maintain_order="left")
    return found.drop("cell")

"""The values of a batch's cells, column by column; a cell that repeats is read once.

What was read is kept for the batches after: most columns hold the same few codes, names and days in
each of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from monitor import standard
from monitor.sources import normalise
from monitor.sources.delivered import named, text

_MANY = 100
"""Rows of a batch from which on it pays to look which cells repeat."""
_OFTEN = 4
"""Rows for each distinct cell from which on they do."""
_MOST = 5_000
"""Cells of a column that are kept."""


class Values:
    """Reads the cells of a pull's batches; for one thread."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

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
            rows.with_columns(column for found in few.values() for column in found)
            .with_columns(normalise.trimmed(cell) for cell in cells)
            .with_columns(*map(_value, many), **others)
        )

    def _found(self, item: standard.Field, rows: pl.DataFrame) -> Sequence[pl.Series] | None:
        """The trimmed cells of the field's column and their values; None where they hardly
        repeat."""
        cells = rows[named(item.column)]
        kept = self._kept.pop(item.column, None)
        if kept is not None:
            places = kept.places(cells)
            if places.null_count() == cells.null_count():
                self._kept[item.column] = kept
                return kept.at(places)
            unread = cells.filter(places.is_null()).drop_nulls().unique()
            if len(kept.cells) + len(unread) <= min(_MOST, len(cells) // _OFTEN):
                return self._keep(item, cells, kept.and_those(_Kept.of(item, unread)))
        if len(cells) < _MANY or cells.n_unique() * _OFTEN > len(cells):
            return None
        return self._keep(item, cells, _Kept.of(item, cells.drop_nulls().unique()))

    def _keep(self, item: standard.Field, cells: pl.Series, read: "_Kept") -> Sequence[pl.Series]:
        if len(read.cells) <= _MOST:
            self._kept[item.column] = read
        return read.at(read.places(cells))


@dataclass(frozen=True, slots=True)
class _Kept:
    """Different cells of a column, and what they are, at the same places: trimmed, and as values.

    They are looked up as the categories of a type: to join with them costs four times as much.
    """

    cells: pl.Series
    read: tuple[pl.Series, ...]
    type: pl.Enum

    @classmethod
    def of(cls, item: standard.Field, cells: pl.Series) -> "_Kept":
        """The cells of the field's column, read."""
        trimmed = normalise.trimmed(pl.col(cells.name)).alias(named(item.column))
        read = cells.to_frame().select(trimmed).with_columns(_value(item))
        return cls(cells, tuple(read.get_columns()), pl.Enum(cells))

    def and_those(self, others: "_Kept") -> "_Kept":
        """These cells and the others."""
        cells = pl.concat([self.cells, others.cells])
        read = (pl.concat(columns) for columns in zip(self.read, others.read, strict=True))
        return _Kept(cells, tuple(read), pl.Enum(cells))

    def places(self, cells: pl.Series) -> pl.Series:
        """Where each of these cells stands; null where it doesn't."""
        return cells.cast(self.type, strict=False).to_physical()

    def at(self, places: pl.Series) -> tuple[pl.Series, ...]:
        """What the cells at these places are."""
        return tuple(column[places] for column in self.read)


def _value(item: standard.Field) -> pl.Expr:
    return normalise.value(item, text(item.column)).alias(item.column)

"""Grids: rows of cells that no header names yet, as CSV files and sheets hold them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import polars as pl

from monitor.sources.cells import texts


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that stand one below the other: text columns named by their position, "0", "1" …

    A cell without text is null; rows without any are left out. `numbers` are the rows' numbers as
    a person counts them.
    """

    frame: pl.DataFrame
    numbers: pl.Series

    def below(self, number: int) -> "Block":
        """The rows after the one of that number."""
        later = self.numbers > number
        return Block(self.frame.filter(later), self.numbers.filter(later))


Blocks = Iterator[Block]


def block_of(frame: pl.DataFrame, numbers: pl.Series) -> Block:
    """The block that text columns make."""
    frame = frame.with_columns(pl.when(pl.all() != "").then(pl.all()))
    blank = _blank(frame)
    if blank.is_empty():
        return Block(frame, numbers)
    kept = ~pl.int_range(frame.height, eager=True).is_in(blank.implode())
    return Block(frame.filter(kept), numbers.filter(kept))


def block_of_rows(rows: Sequence[Sequence[object]], numbers: Sequence[int]) -> Block:
    """The block that rows of any length make; their cells become text."""
    columns = [texts(cells) for cells in zip_longest(*rows)] or [texts([None] * len(rows))]
    frame = pl.DataFrame({str(n): column for n, column in enumerate(columns)})
    return block_of(frame, pl.Series("number", numbers, pl.Int64))


def _blank(frame: pl.DataFrame) -> pl.Series:
    """The positions of the rows that hold nothing but blanks.

    Column by column, and only the rows that were blank so far: usually that ends with the first.
    """
    found = pl.int_range(frame.height, eager=True)
    for column in frame.iter_columns():
        cells = column.gather(found)
        found = found.filter(cells.is_null() | (cells.str.strip_chars() == ""))
        if found.is_empty():
            break
    return found

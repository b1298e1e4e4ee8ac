"""What of a delivery is in the store as it was delivered: such rows need not be read again."""

from collections import deque
from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from monitor.store import Store, bulk


@dataclass(frozen=True, slots=True)
class Sight:
    """`is_same` says of each row whether it is in the store as it was delivered; `there` are the
    record_ids of the others that may be in the store."""

    is_same: pl.Series
    there: pl.Series


@dataclass(frozen=True, slots=True)
class Look:
    """Of each row, whether the store has its record, and whether as it was delivered."""

    is_there: pl.Series
    is_same: pl.Series


AHEAD = 2
"""Batches that may still have to land when the next is looked up."""


class Known:
    """Looks a pull's batches up before they are read.

    So many as AHEAD says, before the one that is looked up, may land meanwhile, none earlier: what
    the store says of their records doesn't count. Nobody else changes records of the source, whose
    lease the pull has.
    """

    def __init__(self, store: Store, table: sa.Table, source: str) -> None:
        self._store = store
        self._table = table
        self._source = source
        self._in_hand: deque[pl.Series] = deque(maxlen=AHEAD)

    def sight(self, rows: pl.DataFrame, look: Look) -> Sight:
        """The batches' rows one after the other; they have record_id, null where it isn't known
        yet, and delivery_hash."""
        record_ids = rows["record_id"]
        waiting = pl.concat([pl.Series(dtype=pl.String), *self._in_hand])
        in_hand = _one_of(record_ids, waiting)
        # all rows of a record are read where one is: their order counts
        others = record_ids.filter(~look.is_same | in_hand).drop_nulls().unique()
        is_same = look.is_same
        if is_same.any():
            is_same = is_same & ~_one_of(record_ids, others)
        self._in_hand.append(others)
        return Sight(is_same, record_ids.filter((look.is_there | in_hand) & ~is_same).unique())

    def look(self, batch: pl.DataFrame) -> Look:
        """What the store says of the rows; in any thread."""
        rows = batch.select("record_id", "delivery_hash")
        stored = self._table.c
        told = rows.with_row_index("position").drop_nulls("record_id")
        with self._store.reading() as connection:
            listed, values = bulk.listed(connection, told)
            # a sub-query of its own for each row: PostgreSQL, asked to join, would read the whole
            # table with each batch
            is_same = (
                sa.select(sa.case((stored.delivery_hash == listed.c.delivery_hash, 1), else_=0))
                .where(stored.source == self._source, stored.record_id == listed.c.record_id)
                .scalar_subquery()
            )
            query = sa.select(bulk.gathered(connection, listed.c.position * 2 + is_same))
            answer = connection.scalar(query, values)
        found = pl.Series(answer or (), dtype=pl.Int64).drop_nulls()
        there = found // 2
        same = there.filter(found % 2 == 1)
        return Look(_at(there, rows.height), _at(same, rows.height))


def _at(positions: pl.Series, height: int) -> pl.Series:
    """True at these positions of so many."""
    nowhere = pl.repeat(value=False, n=height, dtype=pl.Boolean, eager=True)
    return nowhere.scatter(positions, values=True)


def _one_of(texts: pl.Series, some: pl.Series) -> pl.Series:
    return texts.is_in(some.implode()).fill_null(value=False)

"""What of a delivery is in the store as it was delivered: such rows need not be read again."""

from collections.abc import Sequence
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


class Known:
    """Looks a pull's batches up, one after the other, before they are read.

    The batch before may still be landing meanwhile, none earlier (`lookahead`): what the store says
    of that batch's records doesn't count. Nobody else changes records of the source, whose lease
    the pull has.
    """

    def __init__(self, store: Store, table: sa.Table, source: str) -> None:
        self._store = store
        self._table = table
        self._source = source
        self._in_hand = pl.Series(dtype=pl.String)

    def sight(self, rows: pl.DataFrame) -> Sight:
        """`rows` have record_id, null where it isn't known yet, and delivery_hash."""
        record_ids = rows["record_id"]
        there, same = self._found(rows.select("record_id", "delivery_hash"))
        is_there, is_same = _at(there, rows.height), _at(same, rows.height)
        in_hand = _one_of(record_ids, self._in_hand)
        # all rows of a record are read where one is: their order counts
        others = record_ids.filter(~is_same | in_hand).drop_nulls().unique()
        if is_same.any():
            is_same &= ~_one_of(record_ids, others)
        self._in_hand = others
        return Sight(is_same, record_ids.filter((is_there | in_hand) & ~is_same).unique())

    def _found(self, rows: pl.DataFrame) -> tuple[Sequence[int], Sequence[int]]:
        """The positions of the rows whose records are there, and of those that are as delivered."""
        stored = self._table
        told = rows.with_row_index("position").drop_nulls("record_id")
        with self._store.reading() as connection:
            listed = bulk.listed(connection, told)
            positions = bulk.gathered(connection, listed.c.position)
            is_same = stored.c.delivery_hash == listed.c.delivery_hash
            query = sa.select(positions, positions.filter(is_same)).join_from(
                listed,
                stored,
                (stored.c.source == self._source) & (stored.c.record_id == listed.c.record_id),
            )
            there, same = connection.execute(query).one()
        return there or (), same or ()


def _at(positions: Sequence[int], height: int) -> pl.Series:
    """True at these positions of so many."""
    nowhere = pl.repeat(value=False, n=height, dtype=pl.Boolean, eager=True)
    return nowhere.scatter(pl.Series(positions, dtype=pl.UInt32), values=True)


def _one_of(texts: pl.Series, some: pl.Series) -> pl.Series:
    return texts.is_in(some.implode()).fill_null(value=False)

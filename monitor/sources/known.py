"""What of a delivery is in the store as it was delivered: such rows need not be read again."""

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
        is_there, is_same = self._found(rows.select("record_id", "delivery_hash"))
        in_hand = _one_of(record_ids, self._in_hand)
        # all rows of a record are read where one is: their order counts
        others = record_ids.filter(~is_same | in_hand).drop_nulls().unique()
        if is_same.any():
            is_same &= ~_one_of(record_ids, others)
        self._in_hand = others
        return Sight(is_same, record_ids.filter((is_there | in_hand) & ~is_same).unique())

    def _found(self, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
        """Whether each row's record is there, and whether it is there as delivered."""
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
        return _at(found // 2, rows.height), _at((found // 2).filter(found % 2 == 1), rows.height)


def _at(positions: pl.Series, height: int) -> pl.Series:
    """True at these positions of so many."""
    nowhere = pl.repeat(value=False, n=height, dtype=pl.Boolean, eager=True)
    return nowhere.scatter(positions, values=True)


def _one_of(texts: pl.Series, some: pl.Series) -> pl.Series:
    return texts.is_in(some.implode()).fill_null(value=False)

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
        wanted = rows["record_id"].drop_nulls().unique()
        stored = self._stored(wanted)
        in_hand = wanted.filter(wanted.is_in(self._in_hand.implode()))
        rows = rows.select("record_id", "delivery_hash")
        if stored.is_empty():
            is_same = pl.repeat(value=False, n=rows.height, dtype=pl.Boolean, eager=True)
        else:
            is_same = (
                rows.join(stored, on="record_id", how="left", maintain_order="left")
                .select(pl.col("delivery_hash") == pl.col("stored_hash"))
                .to_series()
                .fill_null(value=False)
            )
        # all rows of a record are read where one is: their order counts
        others = rows.filter(~is_same)["record_id"].drop_nulls()
        others = pl.concat([others, in_hand]).unique()
        if not others.is_empty() and is_same.any():
            is_same &= ~rows["record_id"].is_in(others.implode()).fill_null(value=False)
        self._in_hand = others
        known = pl.concat([stored["record_id"], in_hand]).unique()
        return Sight(is_same, known.filter(known.is_in(others.implode())))

    def _stored(self, record_ids: pl.Series) -> pl.DataFrame:
        table = self._table
        with self._store.reading() as connection:
            query = sa.select(table.c.record_id, table.c.delivery_hash).where(
                table.c.source == self._source,
                bulk.one_of(connection, table.c.record_id, record_ids),
            )
            found = [tuple(row) for row in connection.execute(query)]
        schema = {"record_id": pl.String(), "stored_hash": pl.String()}
        return pl.DataFrame(found, schema=schema, orient="row")

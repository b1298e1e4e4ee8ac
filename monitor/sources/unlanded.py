"""Rows that can't land, for they lack what their table must have: kept apart until they come right.

Such a row is known like any other, by its source and record_id. It is forgotten when its record
lands, when the file that it stood in was read to its end without it, and when all that its source
has was read without it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from monitor.sources.batch import Batch
from monitor.store import bulk
from monitor.store.tables import unlanded
from monitor.store.upsert import insert_into


@dataclass(frozen=True, slots=True)
class Keyless:
    """A row that can't land: where it stands, and the columns that it lacks."""

    record_id: str
    place: str
    number: int
    lacking: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.place} row {self.number}"


@dataclass(frozen=True, slots=True)
class Unlanded:
    """A row that is kept apart; `cells` are the delivered ones by their header."""

    source: str
    row: Keyless
    cells: Mapping[str, str]
    first_seen_at: datetime
    last_seen_at: datetime


class Apart:
    """The rows of one source that one pull keeps apart; each method in the caller's transaction."""

    def __init__(self, source: str, run: int, now: datetime) -> None:
        self._source = source
        self._run = run
        self._now = now

    def take(
        self,
        connection: sa.Connection,
        batch: Batch,
        record_ids: pl.Series,
        keyless: Sequence[Keyless],
    ) -> None:
        """Keep the rows of the batch that can't land, and forget those whose record did.

        `record_ids` are those of all its rows.
        """
        last = {row.record_id: row for row in keyless}
        self._forget(connection, record_ids.filter(~record_ids.is_in([*last])))
        if not last:
            return
        insert = insert_into(connection, unlanded)
        told = ("delivery", "place", "number", "lacking", "raw", "run", "last_seen_at")
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["source", "record_id"],
                set_={name: insert.excluded[name] for name in told},
            ),
            [
                {
                    "source": self._source,
                    "record_id": row.record_id,
                    "delivery": delivery,
                    "place": row.place,
                    "number": row.number,
                    "lacking": "、".join(row.lacking),
                    "raw": cells,
                    "run": self._run,
                    "first_seen_at": self._now,
                    "last_seen_at": self._now,
                }
                for row, delivery, cells in _delivered(batch, last.values())
            ],
        )

    def read_whole(
        self, connection: sa.Connection, deliveries: Collection[str] | None = None
    ) -> None:
        """Forget what this pull didn't see of these deliveries, or of all that the source has."""
        gone = sa.delete(unlanded).where(
            unlanded.c.source == self._source, unlanded.c.run != self._run
        )
        if deliveries is not None:
            gone = gone.where(bulk.one_of(connection, unlanded.c.delivery, [*deliveries]))
        connection.execute(gone)

    def _forget(self, connection: sa.Connection, record_ids: pl.Series) -> None:
        mine = unlanded.c.source == self._source
        there = pl.Series(
            list(connection.scalars(sa.select(unlanded.c.record_id).where(mine))), dtype=pl.String
        )
        landed = there.filter(there.is_in(record_ids.implode()))
        if not landed.is_empty():
            of_those = bulk.one_of(connection, unlanded.c.record_id, landed)
            connection.execute(sa.delete(unlanded).where(mine, of_those))


def _delivered(
    batch: Batch, rows: Collection[Keyless]
) -> Iterator[tuple[Keyless, str, Mapping[str, str]]]:
    """Each row with its delivery and its cells, without those that are kept of no row."""
    at = {(row.place, row.number): row for row in rows}
    for part in batch.parts:
        mine = part.numbers.is_in([number for place, number in at if place == part.place])
        kept = part.frame.drop(part.layout.unneeded).filter(mine)
        for number, cells in zip(
            part.numbers.filter(mine), kept.iter_rows(named=True), strict=True
        ):
            filled = {header: cell for header, cell in cells.items() if cell is not None}
            yield at[part.place, number], part.delivery, filled


def counts(connection: sa.Connection) -> Mapping[str, int]:
    """How many rows are kept apart, by source."""
    query = sa.select(unlanded.c.source, sa.func.count().label("rows")).group_by(unlanded.c.source)
    return {row.source: row.rows for row in connection.execute(query)}


def read(connection: sa.Connection, sources: Collection[str]) -> Sequence[Unlanded]:
    """The rows of these sources that are kept apart, by place."""
    columns = unlanded.c
    query = (
        sa.select(unlanded)
        .where(columns.source.in_(sources))
        .order_by(columns.source, columns.place, columns.number, columns.record_id)
    )
    return [
        Unlanded(
            row.source,
            Keyless(row.record_id, row.place, row.number, tuple(row.lacking.split("、"))),
            row.raw,
            row.first_seen_at,
            row.last_seen_at,
        )
        for row in connection.execute(query)
    ]

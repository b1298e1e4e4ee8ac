"""The statuses that a record was seen in, kept for good.

Each distinct (status, status_at, submitted_at) of a record is kept with the instant at which it was
first seen, also those of versions that arrived together with a newer one, or after it.
"""

from datetime import datetime

import polars as pl
import sqlalchemy as sa

from monitor.store import bulk
from monitor.store.tables import behavior_status

_WHAT = ("status", "status_at", "submitted_at")


def keep(
    connection: sa.Connection,
    delivered: pl.DataFrame,
    changes: pl.DataFrame,
    numbers: pl.DataFrame,
    now: datetime,
) -> None:
    """Add what was delivered and not seen before.

    `delivered` are all rows in the order of their versions, `changes` those that were written (both
    with the stored values as `_old`), `numbers` the ids by record_id.
    """
    moved = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_old")) for name in _WHAT)
    moved |= pl.col("id").is_null()
    arrivals = changes.filter(moved)["arrival"]
    others = pl.col("content_hash").ne_missing(pl.col("content_hash_old"))
    seen = (
        delivered.filter(others & moved)
        .with_columns(is_move=pl.col("arrival").is_in(arrivals.implode()))
        .select("record_id", "is_move", "arrival", *_WHAT)
        .join(numbers, on="record_id", maintain_order="left")
    )
    if seen.is_empty():
        return
    known = _known(connection, seen["id"].unique().to_list())
    unknown = seen.join(known, on=["id", *_WHAT], how="left", nulls_equal=True).filter(
        pl.col("is_known").is_null() | pl.col("is_move")
    )
    fresh = unknown.unique(["id", *_WHAT], keep="last", maintain_order=True)
    rows = fresh.select(*_WHAT, behavior_id="id", seen_at=pl.lit(now, pl.Datetime("us", "UTC")))
    bulk.append(connection, behavior_status, rows)


def _known(connection: sa.Connection, numbers: list[int]) -> pl.DataFrame:
    table = behavior_status
    what = [table.c[name] for name in _WHAT]
    of_records = bulk.one_of(connection, table.c.behavior_id, numbers)
    query = sa.select(table.c.behavior_id, *what, sa.true()).where(of_records).distinct()
    rows = [tuple(row) for row in connection.execute(query)]
    schema = {
        "id": pl.Int64(),
        "status": pl.String(),
        "status_at": pl.Datetime("us", "UTC"),
        "submitted_at": pl.Datetime("us", "UTC"),
        "is_known": pl.Boolean(),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")

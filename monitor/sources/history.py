"""The statuses that a record was seen in, kept for good.

Each distinct (status, status_at, submitted_at) of a record is kept with the instant at which it was
first seen, also those of versions that arrived together with a newer one, or after it.
"""

from datetime import datetime

import polars as pl
import sqlalchemy as sa

from monitor.store import bulk
from monitor.store.tables import behavior_status

WHAT = ("status", "status_at", "submitted_at")
"""What is kept of a record's being seen."""


def keep(connection: sa.Connection, rows: pl.DataFrame, held: pl.Series, now: datetime) -> None:
    """Add what was delivered and not seen before, or came to hold again.

    `rows` are all delivered versions in their order, with their record's id, is_new, and what is
    stored of it as `_old`; `held` are the arrivals of those that hold from now on.
    """
    moved = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_old")) for name in WHAT)
    seen = rows.select(
        "id",
        "is_new",
        *WHAT,
        is_move=(pl.col("is_new") | moved) & pl.col("arrival").is_in(held.implode()),
    )
    there = seen.filter(~pl.col("is_new"))["id"].unique()
    if not there.is_empty():
        known = _known(connection, there)
        seen = seen.join(
            known, on=["id", *WHAT], how="left", nulls_equal=True, maintain_order="left"
        ).filter(pl.col("is_known").is_null() | pl.col("is_move"))
    fresh = seen.unique(["id", *WHAT], keep="last", maintain_order=True)
    added = fresh.select(*WHAT, behavior_id="id", seen_at=pl.lit(now, pl.Datetime("us", "UTC")))
    bulk.append(connection, behavior_status, added)


def _known(connection: sa.Connection, numbers: pl.Series) -> pl.DataFrame:
    table = behavior_status
    what = [table.c[name] for name in WHAT]
    of_records = bulk.one_of(connection, table.c.behavior_id, numbers)
    query = sa.select(table.c.behavior_id, *what, sa.true()).where(of_records).distinct()
    rows = [tuple(row) for row in connection.execute(query).all()]
    schema = {
        "id": pl.Int64(),
        "status": pl.String(),
        "status_at": pl.Datetime("us", "UTC"),
        "submitted_at": pl.Datetime("us", "UTC"),
        "is_known": pl.Boolean(),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")

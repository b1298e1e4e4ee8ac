"""The statuses that a record was seen in, kept for good.

Each distinct (status, status_at, submitted_at) of a record is kept with the instant at which it was
first seen, also those of versions that arrived together with a newer one, or after it.
"""

from datetime import datetime

import polars as pl
import sqlalchemy as sa

from monitor.sources import versions
from monitor.store import bulk
from monitor.store.tables import behavior_status

WHAT = ("status", "status_at", "submitted_at")
"""What is kept of a record's being seen."""
_TOLD = ("arrival", "record_id", "is_deleted", "content_hash", *versions.PARTS, *WHAT)


def first(rows: pl.DataFrame, states: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """What is kept of the records of `states`, which are new, with an id: all that `rows` say."""
    numbers = states.select("record_id", "id")
    delivered = rows.select(*_TOLD)
    if states.height < rows.height:  # else there is no order among a record's versions
        delivered = versions.in_order(delivered)
    seen = delivered.join(numbers, on="record_id", maintain_order="left")
    return _distinct(seen, now)


def keep(
    connection: sa.Connection, rows: pl.DataFrame, states: pl.DataFrame, now: datetime
) -> None:
    """Add what was delivered of the records of `states`, which are there, and not seen before, or
    came to hold again.

    `rows` are all delivered versions, beside each what is stored of its record as `_old`.
    """
    held = pl.concat(
        [
            states.filter("is_written")["said"],
            states.filter("is_deleted", "is_turned")["gone"],
        ]
    )
    moved = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_old")) for name in WHAT)
    seen = (
        versions.in_order(rows.select(*_TOLD, *(f"{name}_old" for name in WHAT)))
        .join(states.select("record_id", "id"), on="record_id", maintain_order="left")
        .select("id", *WHAT, is_move=moved & pl.col("arrival").is_in(held.implode()))
    )
    known = _known(connection, states["id"])
    fresh = seen.join(
        known, on=["id", *WHAT], how="left", nulls_equal=True, maintain_order="left"
    ).filter(pl.col("is_known").is_null() | pl.col("is_move"))
    bulk.append(connection, behavior_status, _distinct(fresh, now))


def _distinct(seen: pl.DataFrame, now: datetime) -> pl.DataFrame:
    fresh = seen.unique(["id", *WHAT], keep="last", maintain_order=True)
    return fresh.select(*WHAT, behavior_id="id", seen_at=pl.lit(now, pl.Datetime("us", "UTC")))


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

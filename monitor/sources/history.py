"""The statuses that a record was seen in, kept for good.

Each distinct (status, status_at, submitted_at) of a record is kept with the instant at which it was
first seen, also those of versions that arrived together with a newer one, or after it. The first
stays where the record's own row has it, as long as no other comes (`monitor.store.statuses`).
"""

from datetime import datetime

import polars as pl
import sqlalchemy as sa

from monitor.sources import versions
from monitor.store import bulk, statuses
from monitor.store.tables import behavior_status

WHAT = ("status", "status_at", "submitted_at")
"""What is kept of a record's being seen."""
_TOLD = ("arrival", "record_id", "is_deleted", "content_hash", *versions.PARTS, *WHAT)


def first(rows: pl.DataFrame, states: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """What is kept of the records of `states`, which are new: all that `rows` say, but for those
    of which they say no more than their own row, of `records`, does."""
    delivered = rows.select(*_TOLD)
    if states.height < rows.height:  # else there is no order among a record's versions
        delivered = versions.in_order(delivered)
    own = records.select("record_id", "id", "first_seen_at", **_named("_old"))
    seen = delivered.join(own, on="record_id", maintain_order="left")
    others = seen.filter(_is_other())
    if not others.is_empty():
        others = seen.join(others, on="id", how="semi", maintain_order="left")
    return _distinct(others, pl.col("first_seen_at"))


def keep(
    connection: sa.Connection, rows: pl.DataFrame, states: pl.DataFrame, now: datetime
) -> None:
    """Add what was delivered of the records of `states`, which are there, and not seen before, or
    came to hold again. To be called before their own rows change.

    `rows` are all delivered versions, beside each what is stored of its record as `_old`.
    """
    held = pl.concat(
        [
            states.filter("is_written")["said"],
            states.filter("is_deleted", "is_turned")["gone"],
        ]
    )
    seen = (
        versions.in_order(rows.select(*_TOLD, *(f"{name}_old" for name in WHAT)))
        .join(states.select("record_id", "id"), on="record_id", maintain_order="left")
        .with_columns(is_move=_is_other() & pl.col("arrival").is_in(held.implode()))
    )
    known = _known(connection, states["id"])
    only = seen.select("id", **_named("", of="_old")).unique("id")
    only = only.join(known, on="id", how="anti")
    fresh = seen.join(
        pl.concat([known, only]).with_columns(is_known=True),
        on=["id", *WHAT],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    ).filter(pl.col("is_known").is_null() | pl.col("is_move"))
    statuses.set_down(connection, only.join(fresh, on="id", how="semi")["id"])
    seen_at = pl.lit(now, pl.Datetime("us", "UTC"))
    bulk.append(connection, behavior_status, _distinct(fresh, seen_at))


def _named(suffix: str, of: str = "") -> dict[str, pl.Expr]:
    return {f"{name}{suffix}": pl.col(f"{name}{of}") for name in WHAT}


def _is_other() -> pl.Expr:
    """Whether a version says something else than its record's own row."""
    return pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_old")) for name in WHAT)


def _distinct(seen: pl.DataFrame, seen_at: pl.Expr) -> pl.DataFrame:
    fresh = seen.unique(["id", *WHAT], keep="last", maintain_order=True)
    return fresh.select(*WHAT, behavior_id="id", seen_at=seen_at)


def _known(connection: sa.Connection, numbers: pl.Series) -> pl.DataFrame:
    """What was seen of those of the records that were seen in several statuses."""
    table = behavior_status
    what = [table.c[name] for name in WHAT]
    of_records = bulk.one_of(connection, table.c.behavior_id, numbers)
    query = sa.select(table.c.behavior_id, *what).where(of_records).distinct()
    rows = [tuple(row) for row in connection.execute(query).all()]
    schema = {
        "id": pl.Int64(),
        "status": pl.String(),
        "status_at": pl.Datetime("us", "UTC"),
        "submitted_at": pl.Datetime("us", "UTC"),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")

"""Additions: what records that weren't there before add to the store.

A record is a row of its feed's table. A behaviour has more beside it: its item codes, a place in
the queue of those that wait for judgement, and the statuses that it was seen in, where its own row
doesn't say it all.
"""

from datetime import datetime

import polars as pl
import sqlalchemy as sa

from monitor.config import SourceSettings
from monitor.sources import history
from monitor.sources.decision import STATE
from monitor.sources.normalise import parts
from monitor.store import tables
from monitor.workdays import local_day

_INSTANT = pl.Datetime("us", "UTC")


def records(
    table: sa.Table,
    source: SourceSettings,
    rows: pl.DataFrame,
    states: pl.DataFrame,
    now: datetime,
) -> pl.DataFrame:
    """The rows of the table itself: the records of `states`, which are new, as `rows` tell of
    them."""
    state, said = state_columns(table), said_columns(table, rows)
    new = _said(table, rows, states, rows.select(*said, said="arrival"))
    seen = {"first_seen_on": pl.lit(local_day(now))} if "first_seen_on" in table.c else {}
    given = ("id",) if table is tables.behavior else ()
    return new.select(
        *given,
        "record_id",
        *said,
        *state,
        source=pl.lit(source.name),
        first_seen_at=pl.lit(now, _INSTANT),
        **seen,
    )


def beside(
    rows: pl.DataFrame, states: pl.DataFrame, records: pl.DataFrame
) -> dict[sa.Table, pl.DataFrame]:
    """The rows of other tables that new behaviours add, whose own rows are `records`.

    Nobody knew them under any key before: their places in the queue have none.
    """
    return {
        tables.behavior_item: items(rows, states),
        tables.to_judge: states.select(behavior_id="id"),
        tables.behavior_status: history.first(rows, states, records),
    }


def items(rows: pl.DataFrame, states: pl.DataFrame) -> pl.DataFrame:
    """The item codes of the records of `states` that say something now, a row each."""
    codes = rows.select("arrival", item_code=parts(pl.col("supervise_item_code")))
    return (
        states.select(behavior_id="id", arrival="said")
        .join(codes, on="arrival", how="left", maintain_order="left")
        .drop_nulls("item_code")
        .select(
            "behavior_id",
            "item_code",
            position=pl.int_ranges(1, pl.col("item_code").list.len() + 1),
        )
        .explode("item_code", "position")
    )


def state_columns(table: sa.Table) -> list[str]:
    """The table's columns that say where a record stands."""
    return [name for name in STATE if name in table.c]


def said_columns(table: sa.Table, rows: pl.DataFrame) -> list[str]:
    """The table's columns that say what a record says."""
    others = {*STATE, "id", "source", "record_id"}
    return [c.name for c in table.columns if c.name in rows.columns and c.name not in others]


def needed_columns(table: sa.Table, frame: pl.DataFrame) -> list[str]:
    """The columns of `frame` that a row of the table must have."""
    return [c.name for c in table.columns if not c.nullable and c.name in frame.columns]


def _said(
    table: sa.Table, rows: pl.DataFrame, states: pl.DataFrame, contents: pl.DataFrame
) -> pl.DataFrame:
    """What the new records say.

    Of a record that is gone before it said anything, only what the table must have is filled in:
    as far as the deletion tells it, else as nothing.
    """
    found = states.join(contents, on="said", how="left", maintain_order="left")
    bare = pl.col("said").is_null()
    if not found.select(bare.any()).item():
        return found
    needed = [name for name in needed_columns(table, contents) if name != "content_hash"]
    deletions = rows.select(
        pl.col("arrival").alias("gone"), *(pl.col(n).alias(f"{n}_told") for n in needed)
    )
    return found.join(deletions, on="gone", how="left", maintain_order="left").with_columns(
        pl.col("content_hash").fill_null(""),
        *(
            pl.when(bare).then(pl.col(f"{n}_told").fill_null("")).otherwise(n).alias(n)
            for n in needed
        ),
    )

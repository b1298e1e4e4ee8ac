"""The decision about a batch: where each of its records stands from now on, given what is stored of
them (`versions`). It asks and writes nothing.
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from monitor.sources import versions
from monitor.sources.delivered import reading_of
from monitor.sources.statuses import SUBMITTED
from monitor.sources.unlanded import Keyless
from monitor.words import Status

_INSTANT = pl.Datetime("us", "UTC")
STORED = {
    "content_hash": pl.String(),
    "delivery_hash": pl.String(),
    "deleted_at": _INSTANT,
    **{name: pl.String() for name in ("batch", "withdrawn_batch")},
    **dict.fromkeys(("cd_time", "withdrawn_cd_time"), _INSTANT),
    **{name: pl.Int64() for name in ("sequence", "withdrawn_sequence")},
    "status": pl.String(),
    "status_at": _INSTANT,
    "submitted_at": _INSTANT,
    "first_submitted_seen_at": _INSTANT,
}
"""What the decision needs of the records that are there already."""

SCHEMA = {
    "record_id": pl.String(),
    "id": pl.Int64(),
    **{f"{name}_old": dtype for name, dtype in STORED.items()},
}
"""What is stored, in columns with `_old`."""

STATE = (
    "delivery_hash",
    *versions.PARTS,
    *versions.WITHDRAWN,
    "deleted_at",
    "status",
    "status_at",
    "first_submitted_seen_at",
)
"""Columns that say where a record stands; the others say what it says."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of a batch: its rows that can land, each with its arrival and what is
    stored of its record; where each record stands then; and the rows that can't land."""

    rows: pl.DataFrame
    states: pl.DataFrame
    keyless: tuple[Keyless, ...]


def decide(
    frame: pl.DataFrame, keyless: tuple[Keyless, ...], stored: pl.DataFrame, now: datetime
) -> Decision:
    """What becomes of the rows of `frame`, of whose records `stored` is there, as SCHEMA has it."""
    rows = frame.with_columns(arrival=pl.int_range(pl.len())).join(
        stored, on="record_id", how="left", maintain_order="left"
    )
    read = rows.with_columns(
        reading=reading_of(pl.col("delivery_hash")),
        reading_old=reading_of(pl.col("delivery_hash_old")),
    )
    return Decision(rows, _states(rows, versions.decided(read), now), keyless)


def _states(rows: pl.DataFrame, decided: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Where each record stands from now on: `decided`, with the columns of STATE.

    is_submitted says that a record which is there was seen submitted for the first time, is_respelt
    that one says the same in other cells.
    """
    told = (*versions.PARTS, "status", "status_at", "delivery_hash")
    for name in ("said", "gone"):
        version = rows.select(
            pl.col("arrival").alias(name), *(pl.col(c).alias(f"{c}_{name}") for c in told)
        )
        decided = decided.join(version, on=name, how="left", maintain_order="left")
    submitted = pl.col("status").is_in([str(status) for status in SUBMITTED])
    sent = rows.filter(submitted).select("record_id", was_sent=True).unique()
    decided = decided.join(sent, on="record_id", how="left", maintain_order="left")
    instant = pl.lit(now, _INSTANT)
    says, goes = pl.col("said").is_not_null(), pl.col("gone").is_not_null()
    first = pl.col("was_sent") & pl.col("first_submitted_seen_at_old").is_null()

    def said(name: str) -> pl.Expr:
        return pl.when(says).then(f"{name}_said").otherwise(f"{name}_old")

    def gone(name: str) -> pl.Expr:
        version = pl.when(goes).then(f"{name}_gone").otherwise(f"withdrawn_{name}_old")
        return pl.when("is_deleted").then(version)

    gone_again = pl.col("deleted_at_old").is_not_null() & (
        pl.col("gone_order") == pl.col("gone_old")
    )
    gone_since = (
        pl.when(goes & gone_again)
        .then(pl.max_horizontal("status_at_gone", "status_at_old"))
        .when(goes)
        .then(pl.coalesce("status_at_gone", instant))
    )
    hash_, hash_old = pl.col("delivery_hash_said"), pl.col("delivery_hash_old")
    return decided.with_columns(
        *(said(part).alias(part) for part in versions.PARTS),
        *(gone(part).alias(f"withdrawn_{part}") for part in versions.PARTS),
        deleted_at=pl.when("is_deleted").then(pl.coalesce("deleted_at_old", instant)),
        status=pl.when("is_deleted").then(pl.lit(str(Status.DELETED))).otherwise(said("status")),
        status_at=pl.when("is_deleted")
        .then(gone_since.otherwise("status_at_old"))
        .otherwise(said("status_at")),
        first_submitted_seen_at=pl.when(first)
        .then(instant)
        .otherwise("first_submitted_seen_at_old"),
        is_submitted=first.fill_null(False) & ~pl.col("is_new"),
        delivery_hash=pl.when(~pl.col("is_deleted")).then(said("delivery_hash")),
        is_respelt=says
        & ~pl.any_horizontal("is_changed", "is_deleted")
        & hash_.ne_missing(hash_old),
    )

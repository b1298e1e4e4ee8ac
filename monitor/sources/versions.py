"""Which of two versions of a record is the newer one.

Versions are ordered by (batch, cd_time, delivered sequence), absent parts first; then a deletion is
newer than what it deletes, then the content's hash decides, so that the outcome doesn't depend on
the order of arrival. A source that delivers none of these parts has no versions: there, what
arrives later is newer.
"""

from datetime import UTC, datetime
from functools import reduce

import polars as pl

_NEVER = datetime(1, 1, 1, tzinfo=UTC)
KEY = ("_batch", "_cd_time", "_sequence", "_deleted", "_tie")


def with_key(frame: pl.DataFrame, suffix: str = "") -> pl.DataFrame:
    """`frame` with the columns of the order's key, each with `suffix`.

    Reads batch, cd_time, sequence, is_deleted and content_hash.
    """
    batch = pl.col(f"batch{suffix}")
    versioned = pl.any_horizontal(
        pl.col(f"{name}{suffix}").is_not_null() for name in ("batch", "cd_time", "sequence")
    )
    padded = pl.when(batch.str.contains(r"^\d+$")).then(batch.str.zfill(24)).otherwise(batch)
    return frame.with_columns(
        padded.fill_null("").alias(f"_batch{suffix}"),
        pl.col(f"cd_time{suffix}").fill_null(_NEVER).alias(f"_cd_time{suffix}"),
        pl.col(f"sequence{suffix}").fill_null(-1).alias(f"_sequence{suffix}"),
        (pl.col(f"is_deleted{suffix}") & versioned).alias(f"_deleted{suffix}"),
        pl.when(versioned)
        .then(pl.col(f"content_hash{suffix}"))
        .otherwise(pl.lit(""))
        .alias(f"_tie{suffix}"),
    )


def is_newer(suffix: str) -> pl.Expr:
    """Whether the row's version is newer than the one whose key has `suffix`.

    Equal keys are newer too where the content differs: those have no versions.
    """
    differs = pl.col("content_hash") != pl.col(f"content_hash{suffix}")

    def compared(later: pl.Expr, name: str) -> pl.Expr:
        this, other = pl.col(name), pl.col(f"{name}{suffix}")
        return (this > other) | ((this == other) & later)

    return reduce(compared, reversed(KEY), differs)

"""Which of the versions of a record holds.

Versions are ordered by (batch, cd_time, delivered sequence), absent parts first. What a record says
is what its greatest version says, of equal ones that with the greater content hash; it is gone
where its greatest deletion isn't less than that. So the same rows make the same record in whatever
order they arrive, and however they are put into batches: a deletion is kept although nothing that
it deletes has come, and what comes later and is older is kept below it. The hash decides among rows
that were read alike: what is read anew, with other settings or by another program, replaces the
equal version that was read before.

A source that delivers none of these parts has no versions: there, what arrives later is newer.
"""

from collections.abc import Sequence

import polars as pl
from polars import selectors

PARTS = ("batch", "cd_time", "sequence")
WITHDRAWN = tuple(f"withdrawn_{part}" for part in PARTS)
"""The parts of the deletion's version, where a record is gone."""

_BEFORE = -1
"""The arrival of what is stored."""


def decided(rows: pl.DataFrame) -> pl.DataFrame:
    """What becomes of each record: a row each, in the order in which the records arrive.

    `rows` are delivered versions with arrival (0, 1 …), record_id, says (whether it says anything
    beyond that the record is gone), is_deleted, content_hash, reading (with what it was read),
    status_at and PARTS; beside each what is stored of its record: id, and content_hash, reading,
    deleted_at, PARTS and WITHDRAWN with `_old`.

    The result has record_id and all that is stored, and `said` and `gone`: the arrivals of the
    versions that hold from now on, null where what is stored holds. is_new, is_deleted and
    is_turned (deleted now and not before, or the reverse) say what happens; is_written that the
    record says something else now, is_changed that one of these holds, and is_renewed that only the
    version is another one.
    """
    told = ("arrival", "says", "is_deleted", "content_hash", "reading", "status_at", *PARTS)
    keyed = rows.select("record_id", "id", *told, selectors.ends_with("_old")).with_columns(
        order=_order(rows, PARTS),
        said_old=_order(rows, [f"{part}_old" for part in PARTS]),
        gone_old=_order(rows, [f"{part}_old" for part in WITHDRAWN]),
    )
    are_several = keyed["record_id"].n_unique() < keyed.height
    stored = [name for name in keyed.columns if name.endswith("_old")]
    said, said_old = pl.col("said_order"), pl.col("said_old")
    gone, gone_old = pl.col("gone_order"), pl.col("gone_old")
    hash_, hash_old = pl.col("said_hash"), pl.col("content_hash_old").fill_null("")
    was_deleted = pl.col("deleted_at_old").is_not_null()
    is_reread = (pl.col("said_reading") != pl.col("reading_old")).fill_null(value=False)
    is_later = (said > said_old) | (
        (said == said_old) & ((said == "") | is_reread | (hash_ >= hash_old))
    )
    known = keyed.select("record_id", "id", *stored)
    if are_several:
        known = known.unique("record_id", keep="first", maintain_order=True)
    for which, name in (("says", "said"), ("is_deleted", "gone")):
        greatest = _greatest(keyed, which, name, are_several=are_several)
        known = known.join(greatest, on="record_id", how="left", maintain_order="left")
    return (
        known.with_columns(
            is_new=pl.col("id").is_null(),
            said=pl.when((hash_old == "") | is_later).then("said"),
            gone=pl.when(~was_deleted | (gone >= gone_old)).then("gone"),
        )
        .with_columns(is_deleted=_is_gone())
        .with_columns(is_turned=pl.col("is_deleted") != was_deleted)
        .with_columns(
            is_written=pl.col("said").is_not_null()
            & ((hash_ != hash_old) | (pl.col("is_turned") & ~pl.col("is_deleted"))),
        )
        .with_columns(is_changed=pl.any_horizontal("is_new", "is_turned", "is_written"))
        .with_columns(
            is_renewed=~pl.col("is_changed")
            & (
                (pl.col("said").is_not_null() & (said != said_old)).fill_null(False)
                | (pl.col("gone").is_not_null() & (gone != gone_old)).fill_null(False)
                & pl.col("is_deleted")
            )
        )
    )


def in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """The versions in their order, deletions after what they delete; unversioned ones as they
    arrive."""
    versioned = pl.col("_order") != ""
    return (
        rows.with_columns(_order=_order(rows, PARTS))
        .sort(
            "_order",
            versioned & pl.col("is_deleted"),
            pl.when(versioned).then("content_hash"),
            "arrival",
        )
        .drop("_order")
    )


def _greatest(rows: pl.DataFrame, which: str, name: str, *, are_several: bool) -> pl.DataFrame:
    """The greatest of each record's versions for which `which` is true; unversioned, the last.

    Of equal deletions that is the one that says the latest instant. Where no record has several
    there is nothing to compare.
    """
    tie = pl.col("content_hash" if which == "says" else "status_at")
    versions = rows.filter(which)
    if are_several:
        versions = (
            versions.with_columns(tie=pl.when(pl.col("order") != "").then(tie))
            .sort("order", "tie", "arrival", nulls_last=False)
            .unique("record_id", keep="last")
        )
    return versions.select(
        "record_id",
        pl.col("arrival").alias(name),
        pl.col("order").alias(f"{name}_order"),
        pl.col("content_hash").alias(f"{name}_hash"),
        pl.col("reading").alias(f"{name}_reading"),
    )


def _is_gone() -> pl.Expr:
    """Whether the deletion that holds isn't less than the version that does."""
    was_deleted = pl.col("deleted_at_old").is_not_null()
    is_told = pl.col("gone").is_not_null()
    says_now = pl.col("said").is_not_null()
    says = says_now | (pl.col("content_hash_old").fill_null("") != "")
    gone = pl.when(is_told).then("gone_order").otherwise("gone_old")
    said = pl.when(says_now).then("said_order").otherwise("said_old")
    gone_at, said_at = pl.col("gone").fill_null(_BEFORE), pl.col("said").fill_null(_BEFORE)
    is_last = (gone_at >= said_at) & (is_told | says_now | was_deleted)
    is_later = (gone > said) | ((gone == said) & ((gone != "") | is_last))
    return (is_told | was_deleted) & (~says | is_later)


def _order(rows: pl.DataFrame, parts: Sequence[str]) -> pl.Expr:
    """A version as text that sorts as versions do; empty where no part is there."""
    if all(rows[part].null_count() == rows.height for part in parts):
        return pl.lit("")
    batch, cd_time, sequence = (pl.col(part) for part in parts)
    padded = pl.when(batch.str.contains(r"^\d+$")).then(batch.str.zfill(24)).otherwise(batch)
    written = [padded, _sortable(cd_time.dt.epoch("us")), _sortable(sequence)]
    is_there = pl.any_horizontal(pl.col(part).is_not_null() for part in parts)
    joined = pl.concat_str([part.fill_null("") for part in written], separator="\x1f")
    return pl.when(is_there).then(joined).otherwise(pl.lit(""))


def _sortable(number: pl.Expr) -> pl.Expr:
    return (number.cast(pl.Int128) + 2**63).cast(pl.String).str.zfill(20)

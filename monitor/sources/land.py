"""Landing: records into their table, by upsert on (source, record_id).

Which rows are new or newer is told by comparing with what is there; an unchanged row costs no
write. Everything here runs in the caller's transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from monitor.config import BEHAVIOR_FEEDS, SourceSettings
from monitor.sources import history, versions
from monitor.sources.normalise import parts
from monitor.sources.records import Records
from monitor.sources.statuses import SUBMITTED
from monitor.store import bulk, queue, tables
from monitor.words import Feed, Status
from monitor.workdays import local_day

_INSTANT = pl.Datetime("us", "UTC")
_STORED = {
    "record_id": pl.String(),
    "id": pl.Int64(),
    "content_hash": pl.String(),
    "is_deleted": pl.Boolean(),
    "batch": pl.String(),
    "cd_time": _INSTANT,
    "sequence": pl.Int64(),
    "status": pl.String(),
    "status_at": _INSTANT,
    "submitted_at": _INSTANT,
    "first_submitted_seen_at": _INSTANT,
}
_VERSION = ("batch", "cd_time", "sequence")
_KEY = ("source", "record_id")
_ONCE = frozenset({*_KEY, "first_seen_at", "first_seen_on"})
"""Columns that a record keeps from when it first landed."""


@dataclass(frozen=True, slots=True)
class Landed:
    """What became of a batch: rows read, written as new or changed, left as they were, and rows
    of it with a malformed cell.

    `keyless` says where the rows stand that can't land: entries of a directory without their key.
    """

    read: int = 0
    landed: int = 0
    unchanged: int = 0
    malformed: int = 0
    keyless: tuple[str, ...] = ()

    def __add__(self, other: "Landed") -> "Landed":
        return Landed(
            self.read + other.read,
            self.landed + other.landed,
            self.unchanged + other.unchanged,
            self.malformed + other.malformed,
            self.keyless + other.keyless,
        )


def land(
    connection: sa.Connection, source: SourceSettings, records: Records, now: datetime
) -> Landed:
    """Bring the table up to the records; queues changed behaviours for judgement."""
    queue.enter(connection)
    table = table_of(source.feed)
    frame, keyless = _with_keys(table, records.frame)
    stored = _stored(connection, table, source, frame["record_id"].unique().to_list())
    compared = versions.with_key(frame.join(stored, on="record_id", how="left", suffix="_old"))
    compared = versions.with_key(compared, "_old").with_row_index("arrival")
    ordered = compared.sort([*versions.KEY, "arrival"])
    newest = ordered.unique("record_id", keep="last", maintain_order=True)
    is_new = pl.col("id").is_null()
    same = (pl.col("content_hash") == pl.col("content_hash_old")).fill_null(False)
    changes = newest.filter(is_new | (~same & versions.is_newer("_old")))
    renewed = newest.filter(~is_new & same & _later_version())
    if source.feed in BEHAVIOR_FEEDS:
        _land_behaviors(connection, source, ordered, changes, now)
    else:
        _upsert(connection, table, source, changes.filter(is_new | ~pl.col("is_deleted")), now)
        _withdraw(connection, table, changes.filter(~is_new & pl.col("is_deleted")), now)
    if "batch" in table.c:
        _renew(connection, table, renewed)
    return Landed(
        read=records.frame.height,
        landed=changes.height,
        unchanged=frame.height - changes.height,
        malformed=records.frame.height - records.frame["malformed"].null_count(),
        keyless=keyless,
    )


def table_of(feed: Feed) -> sa.Table:
    """The table that the feed's rows land in."""
    return tables.behavior if feed in BEHAVIOR_FEEDS else tables.metadata.tables[feed.value]


def _with_keys(table: sa.Table, frame: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The rows that can land, and where those stand that lack what the table must have."""
    needed = [c.name for c in table.columns if not c.nullable and c.name in frame.columns]
    complete = pl.all_horizontal(pl.col(name).is_not_null() for name in needed)
    where = pl.format("{} row {}", "place", "number")
    return frame.filter(complete), tuple(frame.filter(~complete).select(where).to_series())


def _stored(
    connection: sa.Connection, table: sa.Table, source: SourceSettings, record_ids: Sequence[str]
) -> pl.DataFrame:
    """What the comparison needs of the records that are there already."""
    columns = [
        table.c.deleted_at.is_not(None).label(name)
        if name == "is_deleted"
        else (table.c[name] if name in table.c else sa.null().label(name))
        for name in _STORED
    ]
    query = sa.select(*columns).where(
        table.c.source == source.name,
        bulk.one_of(connection, table.c.record_id, record_ids),
    )
    rows = [tuple(row) for row in connection.execute(query)]
    return pl.DataFrame(rows, schema=_STORED, orient="row")


def _later_version() -> pl.Expr:
    """Whether the content is the same, but said again by a later version."""
    differs = [pl.col(name).ne_missing(pl.col(f"{name}_old")) for name in _VERSION]
    delivered = pl.any_horizontal(pl.col(name).is_not_null() for name in _VERSION)
    return delivered & pl.any_horizontal(differs) & versions.is_newer("_old")


def _land_behaviors(
    connection: sa.Connection,
    source: SourceSettings,
    ordered: pl.DataFrame,
    changes: pl.DataFrame,
    now: datetime,
) -> None:
    table = tables.behavior
    known = ~pl.col("id").is_null()
    withdrawn = changes.filter(known & pl.col("is_deleted"))
    submitted = pl.col("status").is_in([str(status) for status in SUBMITTED])
    written = changes.filter(~(known & pl.col("is_deleted"))).with_columns(
        first_submitted_seen_at=pl.coalesce(
            "first_submitted_seen_at", pl.when(submitted).then(pl.lit(now, _INSTANT))
        )
    )
    # before the change: with the keys under which other records know the record
    _queue(connection, changes.filter(known)["id"].to_list())
    _upsert(connection, table, source, written, now)
    _withdraw(connection, table, withdrawn, now)
    numbers = _numbers(connection, source, changes["record_id"].to_list())
    _queue(connection, numbers["id"].to_list())
    _items(connection, written.drop("id").join(numbers, on="record_id"))
    known_numbers = ordered.filter(known).select("record_id", "id").unique()
    history.keep(connection, ordered, changes, pl.concat([numbers, known_numbers]).unique(), now)


def _numbers(
    connection: sa.Connection, source: SourceSettings, record_ids: Sequence[str]
) -> pl.DataFrame:
    """The ids of the records."""
    columns = tables.behavior.c
    query = sa.select(columns.record_id, columns.id).where(
        columns.source == source.name, bulk.one_of(connection, columns.record_id, record_ids)
    )
    rows = [tuple(row) for row in connection.execute(query)]
    schema = {name: _STORED[name] for name in ("record_id", "id")}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _upsert(
    connection: sa.Connection,
    table: sa.Table,
    source: SourceSettings,
    frame: pl.DataFrame,
    now: datetime,
) -> None:
    instant = pl.lit(now, _INSTANT)
    seen = {"first_seen_on": pl.lit(local_day(now))} if "first_seen_on" in table.c else {}
    written = frame.select(
        *(c.name for c in table.columns if c.name in frame.columns and c.name != "id"),
        source=pl.lit(source.name),
        first_seen_at=instant,
        deleted_at=pl.when("is_deleted").then(instant),
        **seen,
    )
    renewed = [name for name in written.columns if name not in _ONCE]
    bulk.upsert(connection, table, written, key=_KEY, renewed=renewed)


def _withdraw(
    connection: sa.Connection, table: sa.Table, frame: pl.DataFrame, now: datetime
) -> None:
    """Leave tombstones: the record keeps what it said, and says that it is gone."""
    if frame.is_empty():
        return
    values: dict[str, Any] = {"content_hash": sa.bindparam("_hash"), "deleted_at": now}
    if table is tables.behavior:
        values |= {"status": str(Status.DELETED), "status_at": sa.bindparam("_at")}
        values |= {name: sa.bindparam(f"_{name}") for name in _VERSION}
    statement = sa.update(table).where(table.c.id == sa.bindparam("_id")).values(values)
    connection.execute(
        statement,
        [
            {"_id": row["id"], "_hash": row["content_hash"]}
            | (
                {"_at": row["status_at"] or now} | {f"_{name}": row[name] for name in _VERSION}
                if table is tables.behavior
                else {}
            )
            for row in frame.iter_rows(named=True)
        ],
    )


def _renew(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> None:
    """Note the later version of records that say the same again: an older one must not win."""
    if frame.is_empty():
        return
    statement = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("_id"))
        .values({name: sa.bindparam(f"_{name}") for name in _VERSION})
    )
    connection.execute(
        statement,
        [
            {"_id": row["id"]} | {f"_{name}": row[name] for name in _VERSION}
            for row in frame.iter_rows(named=True)
        ],
    )


def _queue(connection: sa.Connection, numbers: Sequence[int]) -> None:
    queue.add(connection, bulk.one_of(connection, tables.behavior.c.id, numbers))


def _items(connection: sa.Connection, written: pl.DataFrame) -> None:
    """The item codes of the written records, a row each."""
    table = tables.behavior_item
    of_written = bulk.one_of(connection, table.c.behavior_id, written["id"].to_list())
    connection.execute(sa.delete(table).where(of_written))
    rows = (
        written.select(behavior_id="id", item_code=parts(pl.col("supervise_item_code")))
        .drop_nulls()
        .explode("item_code")
        .with_columns(position=pl.int_range(1, pl.len() + 1).over("behavior_id"))
    )
    bulk.append(connection, table, rows)

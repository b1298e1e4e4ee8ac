"""Landing: records into their table, one row for each (source, record_id).

What becomes of each record is decided by comparing with what is there (`decision`); an unchanged
row costs no write. Everything here runs in the caller's transaction.
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from monitor.config import BEHAVIOR_FEEDS, SourceSettings
from monitor.sources import history, versions
from monitor.sources.decision import SCHEMA, STATE, STORED, Decision, decide
from monitor.sources.identity import HASH
from monitor.sources.normalise import parts
from monitor.sources.records import Records
from monitor.sources.unlanded import Keyless
from monitor.store import bulk, queue, tables
from monitor.words import Feed
from monitor.workdays import local_day

_INSTANT = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True)
class Landed:
    """What became of a batch: rows read, written as new or changed, left as they were, and rows
    of it with a malformed cell.

    `keyless` are the rows that can't land, entries of a directory without their key, but for those
    whose record a later row of the batch tells of.
    """

    read: int = 0
    landed: int = 0
    unchanged: int = 0
    malformed: int = 0
    keyless: tuple[Keyless, ...] = ()

    def __add__(self, other: "Landed") -> "Landed":
        return Landed(
            self.read + other.read,
            self.landed + other.landed,
            self.unchanged + other.unchanged,
            self.malformed + other.malformed,
            self.keyless + other.keyless,
        )


def foreseen(source: SourceSettings, records: Records, now: datetime) -> Decision | None:
    """The decision about records of which none is there, for which nothing is to be asked; None
    where some may be there."""
    if records.frame.is_empty() or records.there is None or not records.there.is_empty():
        return None
    frame, keyless = _with_keys(table_of(source.feed), records.frame)
    if not _looked_up(frame, records.there).is_empty():
        return None
    return decide(frame, keyless, pl.DataFrame(schema=SCHEMA), now)


def land(
    connection: sa.Connection,
    source: SourceSettings,
    records: Records,
    now: datetime,
    decision: Decision | None = None,
) -> Landed:
    """Bring the table up to the records, as it was `foreseen` or else decided here; queues changed
    behaviours for judgement."""
    table = table_of(source.feed)
    if records.frame.is_empty():
        return passed_over(records)
    if table is tables.behavior or table in queue.MATCHED_TABLES:
        queue.enter(connection)
    if decision is None:
        frame, keyless = _with_keys(table, records.frame)
        stored = _stored(connection, table, source, _looked_up(frame, records.there))
        decision = decide(frame, keyless, stored, now)
    rows, states = decision.rows, decision.states
    if table is tables.behavior:
        states = _land_behaviors(connection, source, rows, states, now)
    elif table in queue.MATCHED_TABLES:
        _land_asking(connection, table, source, rows, states, now)
    else:
        _write(connection, table, source, rows, states, now)
    landed = states.filter("is_changed").height
    return passed_over(records) + Landed(
        read=records.frame.height,
        landed=landed,
        unchanged=rows.height - landed,
        malformed=records.frame.height - records.frame["malformed"].null_count(),
        keyless=decision.keyless,
    )


def passed_over(records: Records) -> Landed:
    """What became of the rows that are in the store as they were delivered: nothing."""
    return Landed(read=records.same.len(), unchanged=records.same.len())


def table_of(feed: Feed) -> sa.Table:
    """The table that the feed's rows land in."""
    return tables.behavior if feed in BEHAVIOR_FEEDS else tables.metadata.tables[feed.value]


def _with_keys(table: sa.Table, frame: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Keyless, ...]]:
    """The rows that can land, and those that lack what the table must have.

    A deletion lacks nothing: it only names its record then.
    """
    needed = _needed(table, frame)
    has_all = pl.all_horizontal(pl.col(n).is_not_null() for n in needed)
    frame = frame.with_columns(says=pl.col("says") & (has_all | ~pl.col("is_deleted")))
    frame = frame.with_columns(can_land=has_all | ~pl.col("says"))
    complete = frame.filter("can_land").drop("can_land")
    if complete.height == frame.height:
        return complete, ()
    comes_right = pl.col("can_land").last().over("record_id")
    lacking = pl.concat_str(
        [pl.when(pl.col(n).is_null()).then(pl.lit(n)) for n in needed],
        separator="、",
        ignore_nulls=True,
    )
    rows = frame.filter(~pl.col("can_land") & ~comes_right).select(
        "record_id", "place", "number", lacking.str.split("、")
    )
    return complete, tuple(
        Keyless(record_id, place, number, tuple(columns))
        for record_id, place, number, columns in rows.iter_rows()
    )


def _needed(table: sa.Table, frame: pl.DataFrame) -> list[str]:
    return [c.name for c in table.columns if not c.nullable and c.name in frame.columns]


def _looked_up(frame: pl.DataFrame, there: pl.Series | None) -> pl.Series:
    """The record_ids that may be there; nobody looked for those that were made from a hash."""
    if there is None:
        return frame["record_id"].unique()
    unseen = frame.filter(pl.col("record_id_from") == HASH)["record_id"]
    return pl.concat([there, unseen]).unique()


def _stored(
    connection: sa.Connection, table: sa.Table, source: SourceSettings, record_ids: pl.Series
) -> pl.DataFrame:
    """What is there of the records, in columns with `_old`."""
    if record_ids.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    columns = [table.c[name] if name in table.c else sa.null().label(name) for name in STORED]
    query = sa.select(table.c.record_id, table.c.id, *columns).where(
        table.c.source == source.name,
        bulk.one_of(connection, table.c.record_id, record_ids),
    )
    rows = [tuple(row) for row in connection.execute(query).all()]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _land_behaviors(
    connection: sa.Connection,
    source: SourceSettings,
    rows: pl.DataFrame,
    states: pl.DataFrame,
    now: datetime,
) -> pl.DataFrame:
    """Write the records with what stands beside them; gives `states` with the new ones' ids."""
    changed = states.filter(~pl.col("is_new") & (pl.col("is_changed") | pl.col("is_submitted")))
    # before the change: with the keys under which other records know the record
    queue.add(connection, bulk.one_of(connection, tables.behavior.c.id, changed["id"]))
    states = _numbered(connection, states)
    _write(connection, tables.behavior, source, rows, states, now)
    items = rows.select("arrival", "supervise_item_code")
    said = states.filter("is_written").select("id", "is_new", arrival="said")
    _items(connection, said.join(items, on="arrival", maintain_order="left"))
    keys = rows.select("arrival", *(c.name for c in tables.to_judge.columns if c.name in rows))
    new = states.filter("is_new").select(behavior_id="id", arrival="said")
    asked = new.join(keys, on="arrival", how="left", maintain_order="left")
    bulk.append(connection, tables.to_judge, asked.drop("arrival"))
    held = pl.concat(
        [
            states.filter("is_written")["said"],
            states.filter("is_deleted", pl.col("is_new") | pl.col("is_turned"))["gone"],
        ]
    )
    numbers = states.select("record_id", "id", "is_new")
    statuses = rows.select(
        "arrival",
        "record_id",
        "is_deleted",
        "content_hash",
        *versions.PARTS,
        *(f"{name}{old}" for name in history.WHAT for old in ("", "_old")),
    )
    known_by = versions.in_order(statuses).join(
        numbers, on="record_id", how="left", maintain_order="left"
    )
    history.keep(connection, known_by, held, now)
    return states


def _land_asking(
    connection: sa.Connection,
    table: sa.Table,
    source: SourceSettings,
    rows: pl.DataFrame,
    states: pl.DataFrame,
    now: datetime,
) -> None:
    """Write rows that ask for records, and queue them: as they were, and the new ones."""
    changed = states.filter("is_changed")["record_id"].to_list()
    which = sa.and_(
        table.c.source == source.name, bulk.one_of(connection, table.c.record_id, changed)
    )
    queue.note(connection, table, which)
    _write(connection, table, source, rows, states, now)
    queue.note(connection, table, which)


def _numbered(connection: sa.Connection, states: pl.DataFrame) -> pl.DataFrame:
    """`states` with ids of their own for the new records."""
    new = states.filter("is_new")
    if new.is_empty():
        return states
    numbers = bulk.numbers(connection, tables.behavior, new.height)
    given = new.select("record_id").with_columns(_number=numbers)
    return (
        states.join(given, on="record_id", how="left", maintain_order="left")
        .with_columns(id=pl.coalesce("id", "_number"))
        .drop("_number")
    )


def _write(
    connection: sa.Connection,
    table: sa.Table,
    source: SourceSettings,
    rows: pl.DataFrame,
    states: pl.DataFrame,
    now: datetime,
) -> None:
    """Add the new records, and bring the others up to what they say and where they stand."""
    state = [name for name in STATE if name in table.c]
    said = [c.name for c in table.columns if c.name in rows.columns and c.name not in state]
    said = [name for name in said if name not in ("id", "source", "record_id")]
    contents = rows.select(*said, said="arrival")
    new = _said(table, rows, states.filter("is_new"), contents)
    seen = {"first_seen_on": pl.lit(local_day(now))} if "first_seen_on" in table.c else {}
    given = ("id",) if table is tables.behavior else ()
    bulk.append(
        connection,
        table,
        new.select(
            *given,
            "record_id",
            *said,
            *state,
            source=pl.lit(source.name),
            first_seen_at=pl.lit(now, _INSTANT),
            **seen,
        ),
    )
    there = states.filter(~pl.col("is_new"))
    written = there.filter("is_written").join(contents, on="said", maintain_order="left")
    bulk.update(connection, table, written.select("id", *said, *state))
    touched = there.filter(
        ~pl.col("is_written"),
        pl.any_horizontal("is_turned", "is_renewed", "is_submitted", "is_respelt"),
    )
    bulk.update(connection, table, touched.select("id", *state))


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
    needed = [name for name in _needed(table, contents) if name != "content_hash"]
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


def _items(connection: sa.Connection, said: pl.DataFrame) -> None:
    """The item codes of the written records, a row each."""
    table = tables.behavior_item
    there = said.filter(~pl.col("is_new"))["id"]
    if not there.is_empty():
        of_those = bulk.one_of(connection, table.c.behavior_id, there)
        connection.execute(sa.delete(table).where(of_those))
    rows = (
        said.select(behavior_id="id", item_code=parts(pl.col("supervise_item_code")))
        .drop_nulls()
        .explode("item_code")
        .with_columns(position=pl.int_range(1, pl.len() + 1).over("behavior_id"))
    )
    bulk.append(connection, table, rows)

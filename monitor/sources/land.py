"""Landing: records into their table, one row for each (source, record_id).

What becomes of each record is decided by comparing with what is there (`decision`); an unchanged
row costs no write. Everything here runs in the caller's transaction.
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from monitor.config import BEHAVIOR_FEEDS, SourceSettings
from monitor.sources import additions, history
from monitor.sources.decision import SCHEMA, STORED, Decision, decide
from monitor.sources.identity import HASH
from monitor.sources.records import Records
from monitor.sources.unlanded import Keyless
from monitor.store import Store, bulk, queue, tables
from monitor.words import Feed


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


@dataclass(frozen=True, slots=True)
class Made:
    """All that a batch adds of which nothing is there, in the store's own form, and what has become
    of it then."""

    added: tuple[bulk.Rows, ...]
    landed: Landed


def foreseen(
    store: Store, source: SourceSettings, records: Records, now: datetime
) -> Made | Decision | None:
    """What becomes of records of which none is there, for which nothing is to be asked, made
    beforehand where the store lets it be; None where some may be there."""
    if records.frame.is_empty() or records.there is None or not records.there.is_empty():
        return None
    table = table_of(source.feed)
    frame, keyless = _with_keys(table, records.frame)
    if not _looked_up(frame, records.there).is_empty():
        return None
    decision = decide(frame, keyless, pl.DataFrame(schema=SCHEMA), now)
    if table is not tables.behavior:
        return decision
    with store.reading() as connection:
        numbers = bulk.numbers_ahead(connection, table, decision.states.height)
    if numbers is None:
        return decision
    states = decision.states.with_columns(id=numbers)
    added = _additions(source, decision.rows, states, now)
    rows = tuple(bulk.rows(store.engine.name, *each) for each in added.items())
    return Made(rows, _landed(records, decision))


def land(
    connection: sa.Connection,
    source: SourceSettings,
    records: Records,
    now: datetime,
    expected: Made | Decision | None = None,
) -> Landed:
    """Bring the table up to the records, as it was `foreseen` or else decided here; queues changed
    behaviours for judgement."""
    table = table_of(source.feed)
    if records.frame.is_empty():
        return passed_over(records)
    if table is tables.behavior or table in queue.MATCHED_TABLES:
        queue.enter(connection)
    if isinstance(expected, Made):
        for rows in expected.added:
            bulk.add(connection, rows)
        return expected.landed
    decision = expected or _decided(connection, source, records, now)
    if table is tables.behavior:
        _land_behaviors(connection, source, decision, now)
    elif table in queue.MATCHED_TABLES:
        _land_asking(connection, table, source, decision, now)
    else:
        _write(connection, table, source, decision, now)
    return _landed(records, decision)


def _landed(records: Records, decision: Decision) -> Landed:
    landed = decision.states.filter("is_changed").height
    return passed_over(records) + Landed(
        read=records.frame.height,
        landed=landed,
        unchanged=decision.rows.height - landed,
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
    needed = additions.needed_columns(table, frame)
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


def _decided(
    connection: sa.Connection, source: SourceSettings, records: Records, now: datetime
) -> Decision:
    """What is to become of the records, given what the store says of them."""
    table = table_of(source.feed)
    frame, keyless = _with_keys(table, records.frame)
    stored = _stored(connection, table, source, _looked_up(frame, records.there))
    return decide(frame, keyless, stored, now)


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
    connection: sa.Connection, source: SourceSettings, decision: Decision, now: datetime
) -> None:
    """Write the records with what stands beside them."""
    rows, states = decision.rows, decision.states
    there = states.filter(~pl.col("is_new"))
    if not there.is_empty():
        changed = there.filter(pl.col("is_changed") | pl.col("is_submitted"))
        # before the change: with the keys under which other records know the record
        queue.add(connection, bulk.one_of(connection, tables.behavior.c.id, changed["id"]))
        history.keep(connection, rows, there, now)
        _bring_up(connection, tables.behavior, rows, there)
        _exchange_items(connection, rows, there.filter("is_written"))
    new = states.filter("is_new")
    if not new.is_empty():
        numbered = new.with_columns(id=bulk.numbers(connection, tables.behavior, new.height))
        for table, added in _additions(source, rows, numbered, now).items():
            bulk.append(connection, table, added)


def _additions(
    source: SourceSettings, rows: pl.DataFrame, states: pl.DataFrame, now: datetime
) -> dict[sa.Table, pl.DataFrame]:
    """What new behaviours, which have their ids, add to each table."""
    records = additions.records(tables.behavior, source, rows, states, now)
    return {tables.behavior: records} | additions.beside(rows, states, records)


def _land_asking(
    connection: sa.Connection,
    table: sa.Table,
    source: SourceSettings,
    decision: Decision,
    now: datetime,
) -> None:
    """Write rows that ask for records, and queue them: as they were, and the new ones."""
    changed = decision.states.filter("is_changed")["record_id"].to_list()
    which = sa.and_(
        table.c.source == source.name, bulk.one_of(connection, table.c.record_id, changed)
    )
    queue.note(connection, table, which)
    _write(connection, table, source, decision, now)
    queue.note(connection, table, which)


def _write(
    connection: sa.Connection,
    table: sa.Table,
    source: SourceSettings,
    decision: Decision,
    now: datetime,
) -> None:
    """Add the new records, and bring the others up to what they say and where they stand."""
    rows, states = decision.rows, decision.states
    new = states.filter("is_new")
    bulk.append(connection, table, additions.records(table, source, rows, new, now))
    _bring_up(connection, table, rows, states.filter(~pl.col("is_new")))


def _bring_up(
    connection: sa.Connection, table: sa.Table, rows: pl.DataFrame, there: pl.DataFrame
) -> None:
    """Bring records that are there up to what they say and where they stand."""
    state, said = additions.state_columns(table), additions.said_columns(table, rows)
    contents = rows.select(*said, said="arrival")
    written = there.filter("is_written").join(contents, on="said", maintain_order="left")
    bulk.update(connection, table, written.select("id", *said, *state))
    touched = there.filter(
        ~pl.col("is_written"),
        pl.any_horizontal("is_turned", "is_renewed", "is_submitted", "is_respelt"),
    )
    bulk.update(connection, table, touched.select("id", *state))


def _exchange_items(connection: sa.Connection, rows: pl.DataFrame, written: pl.DataFrame) -> None:
    """The item codes of records that were there, for those that they had."""
    if written.is_empty():
        return
    table = tables.behavior_item
    of_those = bulk.one_of(connection, table.c.behavior_id, written["id"])
    connection.execute(sa.delete(table).where(of_those))
    bulk.append(connection, table, additions.items(rows, written))

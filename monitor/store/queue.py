"""The queues: what changed and waits to be judged, matched and counted.

`to_judge` names the records that wait for judgement, by number.

A record is queued in the transaction that changes it, and leaves in the one that judges it. What is
new is thus told by commits: a number that grows would pass over rows of whoever drew it early and
committed late.

PostgreSQL lets the two sides meet in one order only. Who changes records says so first (`enter`)
and waits while somebody judges; who judges (`hold`) waits for those who entered before. Without it
a record that changes while it is judged could leave the queue unseen, and each side could wait for
rows of the other. SQLite has one writer anyway.

`to_match` names expected rows, `to_draw` plans, in the same way; `to_count` the records that were
judged since statements were made. The statements empty `to_match` and `to_count`.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from monitor.store.tables import (
    asked,
    behavior,
    drawn_object,
    expected,
    plan,
    to_count,
    to_draw,
    to_judge,
    to_match,
)
from monitor.store.upsert import insert_on


def enter(connection: sa.Connection) -> None:
    """Begin to change what is judged: to be called before the transaction's first write."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE to_judge IN ROW EXCLUSIVE MODE")


def hold(connection: sa.Connection) -> None:
    """Keep records and queue as they are, for others, until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE to_judge IN SHARE ROW EXCLUSIVE MODE")


def add(connection: sa.Connection, which: sa.ColumnElement[bool]) -> int:
    """Queue the records for which `which` is true, with the keys that they have now.

    Called before a record changes, it keeps the keys under which others knew the record; what is
    queued already stays as it is. Gives how many were queued.
    """
    return connection.execute(
        adding(connection.dialect.name, which), execution_options={"preserve_rowcount": True}
    ).rowcount


def adding(store: str, which: sa.ColumnElement[bool]) -> sa.Insert:
    """The statement by which `add` queues, for who writes it once and keeps it."""
    columns = [behavior.c.id, behavior.c.action_code, behavior.c.check_action_code]
    insert = insert_on(store, to_judge).from_select(
        [column.name for column in to_judge.columns], sa.select(*columns).where(which)
    )
    return insert.on_conflict_do_nothing()


MATCHED_TABLES = (expected, plan, drawn_object)
"""The tables whose rows ask for records."""


def note(connection: sa.Connection, table: sa.Table, which: sa.ColumnElement[bool]) -> None:
    """Say that rows of one of MATCHED_TABLES change.

    To be called before they do, so that what they were is known, and after it, for the new ones.
    """
    connection.execute(noting(connection.dialect.name, table, which))


def noting(store: str, table: sa.Table, which: sa.ColumnElement[bool]) -> sa.Insert:
    """The statement by which `note` queues, for who writes it once and keeps it."""
    queue = to_match if table is expected else to_draw
    names = [column.name for column in queue.columns]
    told: Mapping[str, sa.ColumnElement[Any]] = (
        {"expected_id": table.c.id, "department": asked(table)} if table is expected else {}
    )
    columns = [told[name] if name in told else table.c[name] for name in names]
    rows = sa.select(*columns).where(which).distinct()
    return insert_on(store, queue).from_select(names, rows).on_conflict_do_nothing()


def count_judged(connection: sa.Connection) -> None:
    """Queue what is about to be judged for counting."""
    rows = sa.select(to_judge.c.behavior_id).where(sa.true())
    insert = insert_on(connection.dialect.name, to_count).from_select(["behavior_id"], rows)
    connection.execute(insert.on_conflict_do_nothing())

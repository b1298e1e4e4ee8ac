"""The queue `to_judge`: the records that wait for judgement, by number.

A record is queued in the transaction that changes it, and leaves in the one that judges it. What is
new is thus told by commits: a number that grows would pass over rows of whoever drew it early and
committed late.

PostgreSQL lets the two sides meet in one order only. Who changes records says so first (`enter`)
and waits while somebody judges; who judges (`hold`) waits for those who entered before. Without it
a record that changes while it is judged could leave the queue unseen, and each side could wait for
rows of the other. SQLite has one writer anyway.
"""

import sqlalchemy as sa

from monitor.store.tables import behavior, to_judge
from monitor.store.upsert import insert_into


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
    columns = [behavior.c.id, behavior.c.action_code, behavior.c.check_action_code]
    insert = insert_into(connection, to_judge).from_select(
        [column.name for column in to_judge.columns], sa.select(*columns).where(which)
    )
    return connection.execute(
        insert.on_conflict_do_nothing(), execution_options={"preserve_rowcount": True}
    ).rowcount

"""Leases: who may do what only one may do at a time.

A lease is taken by compare-and-set in one statement, so two that ask at once never both get it. It
runs out by itself: whoever died with it holds nobody up for longer than it lasted.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from monitor.store.tables import lease
from monitor.store.upsert import insert_into


def take(connection: sa.Connection, name: str, owner: str, now: datetime, lasts: timedelta) -> bool:
    """Take or renew the lease `name` until `now` + `lasts`; whether `owner` holds it afterwards.

    Runs in the caller's transaction: the lease is held once that is committed. `now` is the time of
    processes, not a clock that stands still for a trial.
    """
    insert = insert_into(connection, lease).values(name=name, owner=owner, until=now + lasts)
    statement = insert.on_conflict_do_update(
        index_elements=[lease.c.name],
        set_={"owner": insert.excluded.owner, "until": insert.excluded.until},
        where=sa.or_(lease.c.owner == owner, lease.c.until <= now),
    ).returning(lease.c.owner)
    holds: str | None = connection.scalar(statement)
    return holds == owner


def give_back(connection: sa.Connection, name: str, owner: str) -> None:
    """Let go of the lease `name`, where `owner` holds it."""
    connection.execute(sa.delete(lease).where(lease.c.name == name, lease.c.owner == owner))


def holder(connection: sa.Connection, name: str, now: datetime) -> str | None:
    """Who holds the lease `name` at `now`; None where nobody does."""
    return connection.scalar(
        sa.select(lease.c.owner).where(lease.c.name == name, lease.c.until > now)
    )

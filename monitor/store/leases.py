"""Leases: who may do what only one may do at a time.

A lease is taken by compare-and-set in one statement, so two that ask at once never both get it. It
runs out by itself: whoever died with it holds nobody up for longer than it lasted, and on the same
machine nobody at all.
"""

import os
import platform
import secrets
from datetime import datetime, timedelta
from pathlib import Path

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


def renew(
    connection: sa.Connection, name: str, owner: str, now: datetime, lasts: timedelta
) -> bool:
    """Renew the lease `name` until `now` + `lasts`; whether it was `owner`'s all the time.

    One that ran out is renewed where nobody took it since; one that was taken and given back isn't.
    """
    statement = (
        sa.update(lease)
        .where(lease.c.name == name, lease.c.owner == owner)
        .values(until=now + lasts)
    )
    return connection.execute(statement).rowcount == 1


def give_back(connection: sa.Connection, name: str, owner: str) -> None:
    """Let go of the lease `name`, where `owner` holds it."""
    connection.execute(sa.delete(lease).where(lease.c.name == name, lease.c.owner == owner))


def holder(connection: sa.Connection, name: str, now: datetime) -> str | None:
    """Who holds the lease `name` at `now`; None where nobody does."""
    return connection.scalar(
        sa.select(lease.c.owner).where(lease.c.name == name, lease.c.until > now)
    )


def this_process() -> str:
    """This process, told from any other that ever was: machine, number, and when it began.

    The machine is the host with its space of process numbers: containers may share a name.
    """
    return f"{_machine()}:{os.getpid()}:{_began(os.getpid())}"


def owner() -> str:
    """A name for one holder of leases within this process."""
    return f"{this_process()}#{secrets.token_hex(4)}"


def free_of_the_dead(connection: sa.Connection, name: str, now: datetime) -> None:
    """Take the lease `name` from a process of this machine that died with it."""
    found = holder(connection, name, now)
    if found is not None and _is_dead(found.partition("#")[0]):
        give_back(connection, name, found)


def give_back_all(connection: sa.Connection) -> None:
    """Let go of every lease that this process holds: it is about to end."""
    mine = lease.c.owner.startswith(f"{this_process()}#", autoescape=True)
    connection.execute(sa.delete(lease).where(mine))


def _is_dead(process: str) -> bool:
    """Whether a process ended; False for those of other machines, of which nothing is known."""
    machine, _, rest = process.partition(":")
    number, _, began = rest.partition(":")
    if machine != _machine() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False  # alive, and another user's
    return _began(int(number)) != began  # its number is another's by now


def _machine() -> str:
    try:
        space = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        space = ""
    return f"{platform.node()}/{''.join(filter(str.isdigit, space))}"


def _began(number: int) -> str:
    """When the process began, in ticks since the machine did; blank where nobody says."""
    try:
        told = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return told.rpartition(")")[2].split()[19]  # field 22 of proc(5), counted behind the name

"""Tallies (汇总): what is not cleared, by department, statement month, kind, reason and state."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from monitor.ledger.counts import Remaining
from monitor.store import bulk
from monitor.store.tables import tally
from monitor.words import TimeState


@dataclass(frozen=True, slots=True, order=True)
class Tally:
    """One row of the table: units under one reason in a statement month; pending ones included."""

    department: str
    month: str
    kind: str
    reason: str
    state: str
    count: int


def write(connection: sa.Connection, rows: Iterable[Tally], instead_of: Iterable[Tally]) -> None:
    """Make the table hold `rows` instead of others; rows that are there already aren't touched."""
    wanted = {row for row in rows if row.count}
    there = set(instead_of)
    key = [column.name for column in tally.primary_key]
    gone = [{f"old_{name}": getattr(row, name) for name in key} for row in sorted(there - wanted)]
    if gone:
        connection.execute(
            sa.delete(tally).where(*(tally.c[name] == sa.bindparam(f"old_{name}") for name in key)),
            gone,
        )
    if new := sorted(wanted - there):
        names = [*key, "count"]
        connection.execute(
            sa.insert(tally), [{name: getattr(row, name) for name in names} for row in new]
        )


def drop_before(connection: sa.Connection, month: str) -> None:
    """Drop the rows of earlier statement months."""
    connection.execute(sa.delete(tally).where(tally.c.month < month))


def read(
    connection: sa.Connection,
    month: str | None = None,
    departments: Collection[str] | None = None,
) -> list[Tally]:
    """The rows of the table, of one month or of some departments where given, in their order."""
    query = sa.select(tally).order_by(*tally.primary_key)
    if month is not None:
        query = query.where(tally.c.month == month)
    if departments is not None:
        query = query.where(bulk.one_of(connection, tally.c.department, sorted(departments)))
    return [Tally(**row._mapping) for row in connection.execute(query)]


def state_of(remaining: Remaining, month: str, statement_month: str) -> TimeState:
    """The time state (时限状态) of units of `month` in a statement month."""
    if month < statement_month:
        return TimeState.CARRIED
    return TimeState.OVERDUE if remaining.overdue else TimeState.IN_LIMIT

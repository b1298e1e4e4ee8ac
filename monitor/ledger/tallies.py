"""Tallies (汇总): units counted by department, month, kind and reason, and the table of that."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from monitor.ledger.figures import RATIOS, Name
from monitor.ledger.obligations import IS_OBLIGATION, IS_RECORD, expected_owner, unit
from monitor.store.tables import expected, tally
from monitor.words import TimeState
from monitor.workdays import day_end

Place = tuple[str, str]
"""Department and belonging month."""


@dataclass(frozen=True, slots=True)
class Remaining:
    """Units of one kind that are not cleared for one reason."""

    kind: str
    reason: str
    charged: bool
    overdue: bool
    count: int
    oldest_due_on: date


@dataclass(frozen=True, slots=True)
class Units:
    """All units of one kind."""

    kind: str
    obligations: int
    cleared: int
    shares: Mapping[Name, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Counts:
    """What the scratch table `unit` holds, counted."""

    remaining: Mapping[Place, Sequence[Remaining]]
    units: Mapping[Place, Sequence[Units]]
    cleared_later: Mapping[str, Sequence[tuple[str, str, int]]]
    """By department, cleared units that were carried: month, last month carried into, count."""
    expected: frozenset[tuple[str, str]]
    """Departments and kinds that some expected row is about."""

    @property
    def departments(self) -> frozenset[str]:
        """The departments that have units."""
        return frozenset(department for department, _month in self.units)


@dataclass(frozen=True, slots=True, order=True)
class Tally:
    """One row of the table: units under one reason in a statement month; pending ones included."""

    department: str
    month: str
    kind: str
    reason: str
    state: str
    count: int


def count(connection: sa.Connection, closes: Mapping[str, date]) -> Counts:
    """Count the units; `closes` are the months' close days, oldest first."""
    remaining: dict[Place, list[Remaining]] = defaultdict(list)
    for department, month, *rest in connection.execute(_remaining()):
        remaining[department, month].append(Remaining(*rest))
    units: dict[Place, list[Units]] = defaultdict(list)
    for department, month, kind, obligations, cleared, *sums in connection.execute(_units()):
        names = [*RATIOS, Name.COMPLETENESS]
        shares = {
            name: (int(sums[2 * n] or 0), int(sums[2 * n + 1] or 0)) for n, name in enumerate(names)
        }
        units[department, month].append(Units(kind, obligations, cleared, shares))
    later: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for department, *carried in connection.execute(_cleared_later(closes)):
        month, last, number = carried
        later[department].append((month, last, number))
    return Counts(remaining, units, later, _expected(connection))


def write(connection: sa.Connection, rows: Iterable[Tally]) -> None:
    """Make the table hold `rows`; rows that are there already are not touched."""
    wanted = {row for row in rows if row.count}
    there = set(read(connection))
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


def read(
    connection: sa.Connection, month: str | None = None, department: str | None = None
) -> list[Tally]:
    """The rows of the table, of one month or department where given, in their order."""
    query = sa.select(tally).order_by(*tally.primary_key)
    if month is not None:
        query = query.where(tally.c.month == month)
    if department is not None:
        query = query.where(tally.c.department == department)
    return [Tally(**row._mapping) for row in connection.execute(query)]


def state_of(remaining: Remaining, month: str, statement_month: str) -> TimeState:
    """The time state (时限状态) of units of `month` in a statement month."""
    if month < statement_month:
        return TimeState.CARRIED
    return TimeState.OVERDUE if remaining.overdue else TimeState.IN_LIMIT


def _number(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


def _remaining() -> sa.Select[Any]:
    u = unit.c
    columns = (u.department, u.month, u.kind, u.reason, u.charged, u.reason_due_passed)
    return (
        sa.select(*columns, sa.func.count(), sa.func.min(u.reason_due_on))
        .where(u.reason.is_not(None))
        .group_by(*columns)
        .order_by(*columns)
    )


def _units() -> sa.Select[Any]:
    u = unit.c
    submitted = sa.and_(IS_RECORD, u.submitted)
    sums: list[sa.ColumnElement[int]] = []
    for ratio in RATIOS.values():
        sums += [_number(sa.and_(ratio.of, ratio.reached)), _number(ratio.of)]
    sums += [sa.func.sum(sa.case((submitted, cells), else_=0)) for cells in (u.filled, u.mandatory)]
    columns = (u.department, u.month, u.kind)
    return (
        sa.select(
            *columns,
            _number(IS_OBLIGATION),
            _number(sa.and_(IS_OBLIGATION, u.reason.is_(None))),
            *sums,
        )
        .group_by(*columns)
        .order_by(*columns)
    )


def _cleared_later(closes: Mapping[str, date]) -> sa.Select[Any]:
    """Units cleared after their month's close, by the last month they were carried into."""
    u = unit.c
    last: sa.ColumnElement[str] = sa.case(
        *((u.cleared_at < day_end(day), month) for month, day in closes.items()),
        else_=max(closes, default=""),
    )
    return (
        sa.select(u.department, u.month, last.label("last"), sa.func.count())
        .where(IS_OBLIGATION, u.reason.is_(None), last > u.month)
        .group_by(u.department, u.month, last)
    )


def _expected(connection: sa.Connection) -> frozenset[tuple[str, str]]:
    query = (
        sa.select(expected_owner(), expected.c.kind)
        .where(expected.c.deleted_at.is_(None))
        .distinct()
    )
    return frozenset((department, kind) for department, kind in connection.execute(query))

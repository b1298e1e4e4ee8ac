"""Zero reports (零报送): who said that there was nothing, and whom the records contradict."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from monitor.store import bulk
from monitor.store.tables import statement, zero_report
from monitor.workdays import Month

_FILED_AT = sa.func.coalesce(zero_report.c.filed_at, zero_report.c.first_seen_at)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A zero report for a month in which the department has obligations after all."""

    department: str
    month: Month
    filed_at: datetime
    obligations: int


def filed(
    connection: sa.Connection,
    before: datetime | None = None,
    departments: Collection[str] | None = None,
) -> frozenset[tuple[str, str]]:
    """Departments and months with a zero report, filed before an instant where one is given.

    Of all departments, or of some.
    """
    query = sa.select(zero_report.c.department, zero_report.c.month).where(
        zero_report.c.deleted_at.is_(None)
    )
    if before is not None:
        query = query.where(before > _FILED_AT)
    if departments is not None:
        query = query.where(bulk.one_of(connection, zero_report.c.department, sorted(departments)))
    return frozenset((department, month) for department, month in connection.execute(query))


def reported(connection: sa.Connection, month: Month, at: datetime | None = None) -> frozenset[str]:
    """The departments with a zero report for a month; as it was known at an earlier instant."""
    z = zero_report.c
    query = sa.select(z.department).where(z.month == str(month), holds(at))
    return frozenset(connection.scalars(query))


def holds(at: datetime | None = None) -> sa.ColumnElement[bool]:
    """Whether a zero report is there, or was known at an earlier instant."""
    z = zero_report.c
    if at is None:
        return z.deleted_at.is_(None)
    return sa.and_(z.first_seen_at <= at, sa.or_(z.deleted_at.is_(None), z.deleted_at > at))


def standing(connection: sa.Connection, months: Collection[str]) -> dict[tuple[str, str], bool]:
    """Departments and months of `months` with a zero report: whether records contradict it."""
    s, z = statement.c, zero_report.c
    place = sa.and_(s.department == z.department, s.month == z.month)
    query = (
        sa.select(z.department, z.month, sa.func.max(s.obligations))
        .join(statement, place)
        .where(z.deleted_at.is_(None), z.month.in_(months))
        .group_by(z.department, z.month)
        .order_by(z.department, z.month)
    )
    return {(row[0], row[1]): row[2] > 0 for row in connection.execute(query)}


def contradicted(connection: sa.Connection) -> list[Contradiction]:
    """The zero reports that the latest statements contradict, by month and department."""
    s = statement
    query = (
        sa.select(s.c.department, s.c.month, sa.func.min(_FILED_AT), s.c.obligations)
        .join(
            zero_report,
            sa.and_(zero_report.c.department == s.c.department, zero_report.c.month == s.c.month),
        )
        .where(zero_report.c.deleted_at.is_(None), s.c.obligations > 0)
        .group_by(s.c.department, s.c.month, s.c.obligations)
        .order_by(s.c.month, s.c.department)
    )
    return [
        Contradiction(department, Month.parse(month), filed_at, obligations)
        for department, month, filed_at, obligations in connection.execute(query)
    ]

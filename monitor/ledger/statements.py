"""Statements (统计表): where each department stands in each month; made after a check, read back.

Board, messages and metrics read what is written here; nobody else works the figures out.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor.config import Settings
from monitor.ledger import freshness, looks, tallies
from monitor.ledger.figures import Figures
from monitor.store.tables import statement
from monitor.words import DISTRICT, MonthState, Reason
from monitor.workdays import Month, local_day

LONGEST = 36
"""Months that have statements; what belongs to earlier ones is carried into the first of these."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A row of the table `statement` with its backlog by reason (charged units only).

    `overdue` and `carried` are parts of `backlog`, which counts carried units as carried whatever
    their due. `figures` holds what could be measured.
    """

    department: str
    month: Month
    as_of: datetime
    close_at: datetime
    provisional_calendar: bool
    in_scope: bool
    obligations: int
    backlog: int
    backlog_of_month: int
    pending: int
    overdue: int
    carried: int
    oldest_due_at: datetime | None
    silent: bool
    expected_measured: bool
    not_measured: tuple[str, ...]
    zero: bool
    zero_of_month: bool
    sealed_state: MonthState | None
    current_state: MonthState
    figures: Figures
    moved_out: Mapping[str, int]
    reasons: Mapping[str, int]


def read(
    connection: sa.Connection, month: Month | None = None, department: str | None = None
) -> list[Statement]:
    """The statements, of one month or department where given, by month and department."""
    query = sa.select(statement).order_by(statement.c.month, statement.c.department)
    if month is not None:
        query = query.where(statement.c.month == str(month))
    if department is not None:
        query = query.where(statement.c.department == department)
    rows = connection.execute(query).all()
    reasons: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    district: dict[str, dict[str, int]] = defaultdict(dict)
    of = None if department in (None, DISTRICT) else (department,)
    for each in tallies.read(connection, str(month) if month else None, of):
        for counts in (reasons[each.department, each.month], district[each.month]):
            counts[each.reason] = counts.get(each.reason, 0) + each.count
    if (as_of := made_at(connection)) is None:
        return []
    return [
        _statement(row, as_of, reasons.get((row.department, row.month)) or _of_all(row, district))
        for row in rows
    ]


def made_at(connection: sa.Connection) -> datetime | None:
    """As of when the statements hold; None where none was made."""
    last = looks.last(connection)
    return None if last is None else last.as_of


def earliest(settings: Settings, now: datetime) -> Month:
    """The first month that statements are made of, if anything belongs to it."""
    current = Month.of(local_day(now))
    start = settings.month_zero.start
    longest = current.shift(1 - LONGEST)
    return longest if start is None else min(max(longest, Month.parse(start)), current)


def month_in_hand(settings: Settings, now: datetime) -> Month:
    """The month that closes next."""
    return freshness.last_closed(now, settings).shift(1)


def _of_all(row: Any, district: Mapping[str, dict[str, int]]) -> dict[str, int]:
    return district.get(row.month, {}) if row.department == DISTRICT else {}


def _statement(row: Any, as_of: datetime, counts: Mapping[str, int]) -> Statement:
    """A row as a statement; pending records that wait for the office are no reason."""
    charged = {reason.value: counts.get(reason, 0) for reason in Reason}
    charged[Reason.PENDING] -= row.pending
    own = ("late", "changed_at")
    values = {name: value for name, value in row._mapping.items() if name not in own}
    values |= {
        "as_of": as_of,
        "month": Month.parse(row.month),
        "not_measured": tuple(row.not_measured),
        "sealed_state": MonthState(row.sealed_state) if row.sealed_state else None,
        "current_state": MonthState(row.current_state),
        "reasons": {reason: count for reason, count in charged.items() if count},
    }
    return Statement(**values)

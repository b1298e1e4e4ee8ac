"""Statements (统计表): where each department stands in each month; made after a check, read back.

Board, messages and metrics read what is written here; nobody else works the figures out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor.config import Settings
from monitor.ledger import freshness, looks, past
from monitor.ledger.figures import Figures
from monitor.words import MonthState, Reason
from monitor.workdays import Month, local_day

LONGEST = 36
"""Months that have statements; what belongs to earlier ones is carried into the first of these."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A row of the table `statement`; `reasons` counts charged units only.

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
    moved_out_late: Mapping[str, int]
    reasons: Mapping[str, int]


def read(
    connection: sa.Connection,
    month: Month | None = None,
    department: str | None = None,
    at: datetime | None = None,
) -> list[Statement]:
    """The statements, of one month or department where given, by month and department.

    As they stand, or stood at an instant; none where it is earlier than the first look.
    """
    found = looks.at(connection, at)
    if found is None:
        return []
    number, as_of = found
    rows = past.read(connection, number, str(month) if month else None, department)
    return [of_row(place, row, as_of) for place, row in rows.items()]


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


def of_row(place: tuple[str, str], row: Mapping[str, Any], as_of: datetime) -> Statement:
    """A row of the table `statement`, as it is or was, with as of when it held."""
    department, month = place
    values = {name: value for name, value in row.items() if name != "late"}
    return Statement(
        **values
        | {
            "department": department,
            "month": Month.parse(month),
            "as_of": as_of,
            "not_measured": tuple(row["not_measured"]),
            "sealed_state": MonthState(row["sealed_state"]) if row["sealed_state"] else None,
            "current_state": MonthState(row["current_state"]),
            "reasons": {r.value: row["reasons"][r] for r in Reason if r in row["reasons"]},
        }
    )

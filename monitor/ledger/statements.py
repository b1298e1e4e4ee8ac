"""Statements (统计表): where each department stands in each month; made after a check, read back.

Board, messages and metrics read what is written here; nobody else works the figures out.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor import directory
from monitor.config import Settings
from monitor.ledger import (
    backlog,
    calendar,
    coverage,
    freshness,
    revisions,
    scratch,
    seals,
    states,
    tallies,
    zero_reports,
)
from monitor.ledger.account import Account, Known, accounts
from monitor.ledger.figures import Figures
from monitor.ledger.obligations import View, fill, unit
from monitor.store import planner
from monitor.store.tables import backlog as backlog_table
from monitor.store.tables import behavior_status, calendar_day, finding, statement
from monitor.store.upsert import insert_into
from monitor.words import DISTRICT, MonthState, Reason
from monitor.workdays import Month, close_day, local_day, months_between

LONGEST = 36
"""Months that have statements; what belongs to earlier ones is carried into the first of these."""

_KEY = ("department", "month")
_OWN_COLUMNS = frozenset({*_KEY, "as_of", "sealed_state", "current_state", "late", "not_measured"})


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


def make(connection: sa.Connection, settings: Settings, now: datetime) -> list[Statement]:
    """Bring backlog, tallies and statements up to `now`, and seal the months that can be.

    Runs in the caller's transaction: all of it or nothing. Run again with nothing changed it
    writes `as_of` and no more.
    """
    calendar.fill(connection, settings)
    planner.without_jit(connection)
    planner.gather(connection, (calendar_day, finding, behavior_status, backlog_table))
    with scratch.made(connection, unit):
        fill(connection, settings, View(now))
        backlog.record(connection, now, str(freshness.last_closed(now, settings)))
        months = _months(connection, settings, now)
        current = accounts(_known(connection, settings, now, months), settings, months)
        frozen = {
            month: _seal(connection, settings, now, month)
            for month in seals.due(connection, settings, now, months)
        }
    tallies.write(connection, (each for account in current for each in account.tallies))
    _write(connection, now, current, frozen)
    return read(connection)


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
    for each in tallies.read(connection, str(month) if month else None):
        for counts in (reasons[each.department, each.month], district[each.month]):
            counts[each.reason] = counts.get(each.reason, 0) + each.count
    return [
        _statement(row, reasons.get((row.department, row.month)) or _of_all(row, district))
        for row in rows
    ]


def made_at(connection: sa.Connection) -> datetime | None:
    """As of when the last statements were made; None where none was."""
    as_of: datetime | None = connection.scalar(sa.select(sa.func.max(statement.c.as_of)))
    return as_of


def month_in_hand(settings: Settings, now: datetime) -> Month:
    """The month that closes next."""
    return freshness.last_closed(now, settings).shift(1)


def earliest(settings: Settings, now: datetime) -> Month:
    """The first month that statements are made of, if anything belongs to it."""
    current = Month.of(local_day(now))
    start = settings.month_zero.start
    longest = current.shift(1 - LONGEST)
    return longest if start is None else min(max(longest, Month.parse(start)), current)


def _of_all(row: Any, district: Mapping[str, dict[str, int]]) -> dict[str, int]:
    return district.get(row.month, {}) if row.department == DISTRICT else {}


def _statement(row: Any, counts: Mapping[str, int]) -> Statement:
    """A row as a statement; pending records that wait for the office are no reason."""
    charged = {reason.value: counts.get(reason, 0) for reason in Reason}
    charged[Reason.PENDING] -= row.pending
    values = {name: value for name, value in row._mapping.items() if name != "late"}
    values |= {
        "month": Month.parse(row.month),
        "not_measured": tuple(row.not_measured),
        "sealed_state": MonthState(row.sealed_state) if row.sealed_state else None,
        "current_state": MonthState(row.current_state),
        "reasons": {reason: count for reason, count in charged.items() if count},
    }
    return Statement(**values)


def _months(connection: sa.Connection, settings: Settings, now: datetime) -> list[Month]:
    """From the first month that has or had units, or the setting, to the current one.

    The month that closes next has a statement whether anything happened in it or not.
    """
    current, in_hand = Month.of(local_day(now)), month_in_hand(settings, now)
    begun = [
        Month.parse(text)
        for column in (unit.c.month, statement.c.month)
        if (text := connection.scalar(sa.select(sa.func.min(column))))
    ]
    first = max(min([in_hand, current, *begun]), earliest(settings, now))
    return list(months_between(first, current))


def _known(
    connection: sa.Connection, settings: Settings, now: datetime, months: Sequence[Month]
) -> Known:
    closes = {
        str(month): close_day(month, settings.month_zero.close, settings.days)
        for month in (months[0].shift(-1), *months)
    }
    return Known(
        directory=directory.whole(connection),
        closes={month: freshness.close_at(month, settings) for month in months},
        provisional=frozenset(m for m in months if not _is_published(m, settings)),
        counts=tallies.count(connection, closes),
        coverage=coverage.read(connection, months),
        freshness=freshness.read(connection, settings, now),
        zero_reports=zero_reports.filed(connection),
        moved_out=backlog.moved_out(connection),
        sealed=_sealed(connection),
    )


def _sealed(connection: sa.Connection) -> frozenset[tuple[str, str]]:
    is_kept = sa.or_(
        statement.c.sealed_state.is_not(None),
        statement.c.month.in_(revisions.waiting(connection)),
    )
    query = sa.select(statement.c.department, statement.c.month).where(
        is_kept, statement.c.department != DISTRICT
    )
    return frozenset((department, month) for department, month in connection.execute(query))


def _is_published(month: Month, settings: Settings) -> bool:
    """Whether the calendar of all days that the month depends on is published."""
    last = close_day(month, settings.month_zero.close, settings.days)
    return settings.days.is_published(month.first) and settings.days.is_published(last)


def _seal(
    connection: sa.Connection, settings: Settings, now: datetime, month: Month
) -> Mapping[str, MonthState]:
    """Seal `month` as it stood at its close; gives the departments' states."""
    closing = freshness.close_at(month, settings)
    fill(connection, settings, View(closing, as_of_close=True))
    known = replace(
        _known(connection, settings, now, [month]),
        zero_reports=zero_reports.filed(connection, closing),
    )
    rows = accounts(known, settings, [month])
    seals.make(connection, settings, now, month, rows)
    return {row.department: states.judged(row.position) for row in rows}


def _write(
    connection: sa.Connection,
    now: datetime,
    current: Sequence[Account],
    frozen: Mapping[Month, Mapping[str, MonthState]],
) -> None:
    before = {(row.department, row.month): row for row in connection.execute(sa.select(statement))}
    sealed_months = revisions.sealed_months(connection)
    rows: list[dict[str, Any]] = []
    for account in current:
        key = (account.department, str(account.month))
        old = before.get(key)
        sealed = frozen.get(account.month, {}).get(account.department)
        if account.month not in frozen and old is not None and old.sealed_state is not None:
            sealed = MonthState(old.sealed_state)
        is_sealed = str(account.month) in sealed_months
        was_late = old is not None and bool(old.late)
        late = states.is_late(account.position, is_sealed, sealed, was_late)
        state = states.current(account.position, is_sealed, late)
        rows.append(_row(account, now, sealed, state, late))
    written = {(row["department"], row["month"]) for row in rows}
    gone = [
        {"old_department": department, "old_month": month}
        for (department, month), row in before.items()
        if (department, month) not in written and row.sealed_state is None
    ]
    if gone:
        connection.execute(
            sa.delete(statement).where(
                statement.c.department == sa.bindparam("old_department"),
                statement.c.month == sa.bindparam("old_month"),
            ),
            gone,
        )
    insert = insert_into(connection, statement)
    told = [column.name for column in statement.columns if column.name not in _KEY]
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=list(statement.primary_key),
            set_={name: insert.excluded[name] for name in told},
        ),
        rows,
    )


def _row(
    account: Account, now: datetime, sealed: MonthState | None, state: MonthState, late: bool
) -> dict[str, Any]:
    values: dict[str, Any] = {
        column.name: getattr(account, column.name)
        for column in statement.columns
        if column.name not in _OWN_COLUMNS
    }
    return values | {
        "department": account.department,
        "month": str(account.month),
        "as_of": now,
        "sealed_state": sealed,
        "current_state": state.value,
        "late": late,
        "not_measured": list(account.not_measured),
    }

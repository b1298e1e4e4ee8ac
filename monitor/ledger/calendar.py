"""The table calendar_day: what follows from a day, so that SQL can look due days up.

It holds every day that something in the store depends on, as the settings have it now. `*_due` are
plain counts of working days; that no due is later than the close is applied where dues are used.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from monitor.config import Settings
from monitor.ledger.days import LocalDay
from monitor.ledger.obligations import among
from monitor.store.tables import behavior, calendar_day, expected
from monitor.words import Kind
from monitor.workdays import Calendar, Month, close_day

_EARLIEST, _LATEST = date(1950, 1, 1), date(2150, 12, 31)
"""Days beyond have no row: what depends on them is due on the day itself."""

_REACH = timedelta(days=400)
"""How far the working days are counted past the last day: longer than any limit's span."""


_LATE_CLOSE = 6
"""So many months after its own a month closes at the latest."""


def fill(connection: sa.Connection, settings: Settings, *, whole: bool) -> None:
    """Bring calendar_day up to the days that the units in `among` depend on.

    With `whole` to all days that occur in the store, and to the settings: rows that differ are
    written anew. Limits longer than the span counted ahead (about 250 working days) are counted
    one by one.
    """
    known = {row.day: row for row in connection.execute(sa.select(calendar_day))}
    occurring = set(connection.scalars(_occurring(whole=whole)))
    days = occurring | set(known) if whole else occurring - set(known)
    if not days:
        return
    rows = _rows(sorted(days), settings)
    changed = [
        row for row in rows if (old := known.get(row["day"])) is None or old._asdict() != row
    ]
    if not changed:
        return
    connection.execute(
        sa.delete(calendar_day).where(calendar_day.c.day == sa.bindparam("gone")),
        [{"gone": row["day"]} for row in changed],
    )
    connection.execute(sa.insert(calendar_day), changed)


@cache
def _occurring(*, whole: bool) -> sa.Select[date]:
    """The days that the ledger looks up: of acts, submissions, decisions and expected acts."""
    b, e, number = behavior.c, expected.c, among.c.number
    records = sa.true() if whole else b.id.in_(sa.select(number).where(number > 0))
    rows = sa.true() if whole else e.id.in_(sa.select(-number).where(number < 0))
    days = sa.union(
        *(
            sa.select(day).where(records)
            for day in (
                b.occurred_on,
                b.submitted_on,
                b.first_seen_on,
                LocalDay(b.status_at),
                LocalDay(b.first_submitted_seen_at),
            )
        ),
        *(sa.select(day).where(rows) for day in (e.due_basis_on, LocalDay(e.first_seen_at))),
    ).subquery()
    return sa.select(days.c[0]).where(days.c[0].between(_EARLIEST, _LATEST))


def _rows(days: list[date], settings: Settings) -> list[dict[str, Any]]:
    rule, calendar = settings.month_zero, settings.days
    ahead = _WorkingDays(calendar, days)
    limits = {f"{kind}_due": rule.entry_limit_workdays.of(kind) for kind in Kind}
    limits |= {"return_due": rule.return_fix_workdays, "audit_due": rule.audit_limit_workdays}
    months = sorted({Month.of(day).shift(-n) for day in days for n in range(_LATE_CLOSE + 1)})
    closes = {month: close_day(month, rule.close, calendar) for month in months}
    return [
        {
            "day": day,
            "month": str(Month.of(day)),
            **{name: ahead.add(day, limit) for name, limit in limits.items()},
            "close_on": closes[Month.of(day)],
            "open_month": str(_open_month(day, closes)),
            "published": calendar.is_published(day)
            and calendar.is_published(closes[Month.of(day)]),
        }
        for day in days
    ]


def _open_month(day: date, closes: Mapping[Month, date]) -> Month:
    """The first month that is not closed before `day`: what is cleared then was carried into it."""
    month = Month.of(day)
    return next(
        month.shift(-n) for n in range(_LATE_CLOSE, -1, -1) if closes[month.shift(-n)] >= day
    )


class _WorkingDays:
    """The working days around some days, listed once so that counting is a look-up."""

    def __init__(self, calendar: Calendar, days: Iterable[date]) -> None:
        self._calendar = calendar
        spans = _spans(sorted(days))
        self._working = [
            day
            for first, last in spans
            for day in (first + timedelta(days=n) for n in range((last - first).days + 1))
            if calendar.is_working(day)
        ]
        self._spans = spans

    def add(self, day: date, count: int) -> date:
        """As Calendar.add."""
        place = bisect_right(self._working, day) + count - 1
        if place < len(self._working):
            found = self._working[place]
            if found - day < _REACH:
                return found
        return self._calendar.add(day, count)


def _spans(days: list[date]) -> list[tuple[date, date]]:
    """The stretches that cover each day and what follows it, merged where they meet."""
    spans: list[tuple[date, date]] = []
    for day in days:
        if spans and day <= spans[-1][1]:
            spans[-1] = (spans[-1][0], day + _REACH)
        else:
            spans.append((day, day + _REACH))
    return spans

"""Day counts (日期推算): how a due day comes about, day by day, and whether the close cut it short.

What SQL does at once for all units from the table calendar_day, told here for one of them.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from monitor.config import Settings
from monitor.words import DayKind, Kind, Reason, Word
from monitor.workdays import Calendar, Month, close_day


class Basis(Word):
    """The day that a limit is counted from."""

    ACT = "act", "行为发生"
    RETURN = "return", "退回"
    SUBMISSION = "submission", "报送"


@dataclass(frozen=True, slots=True)
class CountedDay:
    """A day after the one counted from; `number` says which working day it is, if it is one.

    `holiday` is the name of the public holiday.
    """

    day: date
    kind: DayKind
    holiday: str | None
    number: int | None


@dataclass(frozen=True, slots=True)
class DayCount:
    """From which day and how far was counted: `limit` working days, up to `reaches`.

    `close_on` is the close day of the act's month; with `strict_month` nothing is due later, and
    what would be is `cut_short`.
    """

    basis: Basis
    counted_from: date
    limit: int
    reaches: date
    close_on: date
    due_on: date
    cut_short: bool
    days: tuple[CountedDay, ...]


def counted(
    settings: Settings,
    kind: Kind,
    reason: Reason | None,
    act_on: date,
    returned_on: date | None,
    submitted_on: date | None,
) -> DayCount:
    """How the due day of a unit under `reason` is counted; of a cleared one, that of its entry.

    A record that was returned or waits on a day that nobody knows counts from the act, as others.
    """
    rule = settings.month_zero
    if reason is Reason.RETURNED and returned_on is not None:
        basis, start, limit = Basis.RETURN, returned_on, rule.return_fix_workdays
    elif reason is Reason.PENDING and submitted_on is not None:
        basis, start, limit = Basis.SUBMISSION, submitted_on, rule.audit_limit_workdays
    else:
        basis, start, limit = Basis.ACT, act_on, rule.entry_limit_workdays.of(kind)
    reaches = settings.days.add(start, limit)
    close_on = close_day(Month.of(act_on), rule.close, settings.days)
    due_on = min(reaches, close_on) if rule.strict_month else reaches
    return DayCount(
        basis=basis,
        counted_from=start,
        limit=limit,
        reaches=reaches,
        close_on=close_on,
        due_on=due_on,
        cut_short=due_on < reaches,
        days=_days(settings.days, start, due_on),
    )


def _days(calendar: Calendar, start: date, end: date) -> tuple[CountedDay, ...]:
    """The days after `start` up to `end`, none where `end` isn't later."""
    found, number = [], 0
    for n in range(1, (end - start).days + 1):
        day = start + timedelta(days=n)
        kind = calendar.kind(day)
        number += kind.is_working
        holiday = calendar.holiday(day) if kind is DayKind.HOLIDAY else None
        found.append(CountedDay(day, kind, holiday, number if kind.is_working else None))
    return tuple(found)

"""Working days of China and the deadlines counted in them.

The calendar is the `holidays` library's (public holidays and make-up working days) with an
operator's overrides on top. Days are dates in the office's zone; the instants that follow from
them are UTC.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays
from holidays.countries.china import ChinaStaticHolidays

from monitor.words import DayKind

ZONE = ZoneInfo("Asia/Shanghai")
PUBLISHED_YEARS = frozenset(ChinaStaticHolidays.special_public_holidays)
"""Years whose official schedule the library holds; for others it predicts the statutory days."""


@cache
def _china() -> holidays.HolidayBase:
    """The library's calendar: it costs milliseconds to make and is the same for all."""
    return holidays.country_holidays("CN", language="zh_CN")


@dataclass(frozen=True)
class Calendar:
    """Which days are working days.

    `overrides` says True (working) or False (free) for single days and wins over the library.
    """

    overrides: Mapping[date, bool] = field(default_factory=dict)

    def is_working(self, day: date) -> bool:
        """Whether `day` is a working day."""
        if day in self.overrides:
            return self.overrides[day]
        return _china().is_working_day(day)

    def kind(self, day: date) -> DayKind:
        """Why `day` is a working day, or why it isn't one."""
        if day in self.overrides:
            return DayKind.OFFICE_WORKING if self.overrides[day] else DayKind.OFFICE_FREE
        is_weekend = _china().is_weekend(day)
        if _china().is_working_day(day):
            return DayKind.MAKE_UP if is_weekend else DayKind.WEEKDAY
        return DayKind.HOLIDAY if day in _china() else DayKind.WEEKEND

    def holiday(self, day: date) -> str | None:
        """The name of the public holiday that `day` is, in Chinese; None where it is none."""
        name: str | None = _china().get(day)
        return name

    def is_published(self, day: date) -> bool:
        """Whether the official schedule of the day's year is known."""
        return day.year in PUBLISHED_YEARS or any(d.year == day.year for d in self.overrides)

    def add(self, day: date, working_days: int) -> date:
        """The day `working_days` working days after `day`; day 1 is the next working day.

        A negative count goes backwards; 0 gives `day` itself.
        """
        step = timedelta(days=1 if working_days > 0 else -1)
        left = abs(working_days)
        while left:
            day += step
            left -= self.is_working(day)
        return day

    def between(self, first: date, last: date) -> int:
        """Working days after `first` up to and including `last`; negative if `last` is earlier."""
        if last < first:
            return -self.between(last, first)
        days = (last - first).days
        return sum(self.is_working(first + timedelta(days=n)) for n in range(1, days + 1))


@dataclass(frozen=True, order=True, slots=True)
class Month:
    """A calendar month; written 2022-01."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> "Month":
        """The month written as YYYY-MM; raises ValueError for anything else."""
        day = date.fromisoformat(f"{text}-01")
        return cls(day.year, day.month)

    @classmethod
    def of(cls, day: date) -> "Month":
        """The month that `day` lies in."""
        return cls(day.year, day.month)

    @property
    def first(self) -> date:
        """The month's first day."""
        return date(self.year, self.number, 1)

    @property
    def last(self) -> date:
        """The month's last day."""
        return self.shift(1).first - timedelta(days=1)

    def shift(self, months: int) -> "Month":
        """The month `months` after this one (before, where negative)."""
        index = self.year * 12 + self.number - 1 + months
        return Month(index // 12, index % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"


def close_day(month: Month, rule: str, calendar: Calendar) -> date:
    """The day at whose end (24:00) the statement of `month` freezes.

    `rule` is `workday:N` (Nth working day after the month), `last_day`, or `day:N` (the Nth of the
    next month).
    """
    name, _, number = rule.partition(":")
    if name == "workday":
        return calendar.add(month.last, int(number))
    if name == "last_day":
        return month.last
    return month.shift(1).first + timedelta(days=int(number) - 1)


def day_end(day: date) -> datetime:
    """The instant (UTC) of 24:00 of `day` in the office's zone."""
    return datetime.combine(day + timedelta(days=1), time(), ZONE).astimezone(UTC)


def local_day(instant: datetime) -> date:
    """The day of `instant` in the office's zone."""
    return instant.astimezone(ZONE).date()


def months_between(first: Month, last: Month) -> Iterable[Month]:
    """The months from `first` to `last`, both included."""
    while first <= last:
        yield first
        first = first.shift(1)

"""The days on which the made-up district works, reckoned apart from the product's own calendar.

Instants are naive and in China's time, as departments write them.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

import holidays

CHINA = timezone(timedelta(hours=8))
ENTRY_LIMIT = {"check": 5, "punish": 7, "force": 5, "other": 5}
RETURN_LIMIT = 3
AUDIT_LIMIT = 3
CLOSE_AFTER = 5
LINK_LIMIT = timedelta(days=90)


def month_of(day: date) -> str:
    """The month of `day`, written 2022-01."""
    return f"{day:%Y-%m}"


@dataclass(frozen=True, slots=True)
class Days:
    """The working days around the demonstration's months, and the instant it is seen at.

    `acts` are the working days on which something can have happened: from the first month's first
    to the last before `now`.
    """

    now: datetime
    first: date
    acts: tuple[date, ...]
    working: tuple[date, ...]

    @classmethod
    def until(cls, now: datetime, months: int) -> "Days":
        """The `months` months that end with the last working day before `now` (aware)."""
        local = now.astimezone(CHINA).replace(tzinfo=None, microsecond=0)
        china = holidays.country_holidays("CN")
        last = local.date() - timedelta(days=1)
        while not china.is_working_day(last):
            last -= timedelta(days=1)
        index = last.year * 12 + last.month - months
        first = date(index // 12, index % 12 + 1, 1)
        span = (local.date() - first).days + 100
        days = [first - timedelta(days=20) + timedelta(days=n) for n in range(span + 20)]
        working = tuple(day for day in days if china.is_working_day(day))
        acts = tuple(day for day in working if first <= day <= last)
        return cls(local, first, acts, working)

    @property
    def months(self) -> tuple[str, ...]:
        """The months in which something can have happened."""
        return tuple(dict.fromkeys(map(month_of, self.acts)))

    def add(self, day: date, count: int) -> date:
        """The working day `count` working days after `day`; day 1 is the next working day."""
        return self.working[bisect_right(self.working, day) + count - 1] if count else day

    def close(self, month: str) -> date:
        """The day at whose end the statement of `month` freezes."""
        first = date.fromisoformat(f"{month}-01")
        following = (first + timedelta(days=31)).replace(day=1)
        return self.working[bisect_left(self.working, following) + CLOSE_AFTER - 1]

    def due(self, month: str, day: date, limit: int) -> date:
        """`limit` working days after `day`, but no later than the close of `month`."""
        return min(self.add(day, limit), self.close(month))


def next_of(days: Sequence[date], day: date) -> date:
    """The first of the sorted `days` that isn't before `day`, or else the last of them."""
    return days[min(bisect_left(days, day), len(days) - 1)]

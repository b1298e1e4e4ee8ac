"""The month-zero rule once more, slow and obvious: what the ledger is compared with.

Everything is worked out anew from plain rows, unit by unit; nothing is taken from the ledger. Days
are counted one by one, by the word of the `holidays` library on which are working days.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

ZONE = ZoneInfo("Asia/Shanghai")
CHINA = holidays.country_holidays("CN")
UNKNOWN, DISTRICT = "unknown", "district"


@dataclass
class Seen:
    """A status that a record was seen in."""

    status: str
    status_at: datetime | None
    submitted_at: datetime | None
    seen_at: datetime

    @property
    def held_from(self) -> datetime:
        return self.status_at or self.seen_at


@dataclass
class Record:
    """A record as it was last delivered; `seen` are all the statuses it was ever seen in."""

    key: int
    kind: str
    code: str
    on: date | None
    institution: str | None
    list_code: str | None
    item: str | None
    check_code: str | None
    check_result: str | None
    case_source: str | None
    first_seen_at: datetime
    status: str
    status_at: datetime | None
    submitted_at: datetime | None
    submitted_seen_at: datetime | None
    fails: frozenset[str]
    withdrawn: bool
    seen: list[Seen] = field(default_factory=list)

    @property
    def live(self) -> bool:
        return not self.withdrawn and self.status != "deleted"


@dataclass
class Expected:
    key: int
    kind: str
    department: str | None
    code: str
    on: date | None
    first_seen_at: datetime
    item: str | None = None


@dataclass
class Exemption:
    scope: str
    department: str | None
    item: str | None
    code: str | None
    begins_on: date | None
    ends_on: date | None

    def covers(self, owner: str, item: str | None, code: str | None, day: date) -> bool:
        if self.begins_on is not None and day < self.begins_on:
            return False
        if self.ends_on is not None and day > self.ends_on:
            return False
        if self.scope == "department":
            return self.department == owner
        if self.department not in (None, owner):
            return False
        return self.item == item is not None if self.scope == "item" else self.code == code


@dataclass
class Item:
    code: str
    owner: str
    state: str
    to: date | None
    since: date | None = None

    def in_use_on(self, day: date) -> bool:
        if self.since is not None and day < self.since:
            return False
        return day <= self.to if self.to is not None else self.state == "01"

    def holds_on(self, day: date) -> bool:
        """Whether the entry is of the day, whatever its state."""
        begun = self.since is None or self.since <= day
        return begun and (self.to is None or day <= self.to)


@dataclass
class ZeroReport:
    department: str
    month: str
    filed_at: datetime


@dataclass
class World:
    """What the store holds at one moment, withdrawn expected rows and exemptions left out."""

    departments: dict[str, date | None]  # code: last day in scope
    successors: dict[str, tuple[str, ...]]  # of those that have a last day
    charge_pending: str
    strict: bool
    pulls: tuple[datetime, ...]  # of all records, whole
    items: list[Item]
    records: list[Record]
    expected: list[Expected]
    exemptions: list[Exemption]
    zero_reports: list[ZeroReport]


def day_of(instant: datetime) -> date:
    return instant.astimezone(ZONE).date()


def end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), ZONE).astimezone(UTC)


def month_of(day: date) -> str:
    return f"{day:%Y-%m}"


def last_day(month: str) -> date:
    first = date.fromisoformat(f"{month}-01")
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


@cache
def working_days_after(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= CHINA.is_working_day(day)
    return day


@cache
def close_on(month: str) -> date:
    return working_days_after(last_day(month), 5)


def months_up_to(month: str, first: str) -> list[str]:
    """The months from `first` to `month`."""
    months = []
    while first <= month:
        months.append(first)
        first = month_of(last_day(first) + timedelta(days=1))
    return months

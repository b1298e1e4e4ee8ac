"""Freshness (数据时效): which cells of the ledger aren't measured, as a source wasn't read."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from monitor.config import Settings
from monitor.store import bulk
from monitor.store.tables import fed, run
from monitor.words import Feed, Kind
from monitor.workdays import ZONE, Month, close_day, day_end, local_day

_BEHAVIOR_FEEDS = frozenset(kind.value for kind in Kind)
_CHECK_EXPECTED = f"{Feed.EXPECTED}:{Kind.CHECK}"

_DECIDING = frozenset(
    {*_BEHAVIOR_FEEDS, Feed.EXPECTED, Feed.PLAN, Feed.DRAWN_OBJECT, Feed.ZERO_REPORT}
)
"""Feeds whose absence leaves a state undecided; directory and catalogue keep what they said."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A source that was not read in time, and the cells it feeds.

    `department` is None where all departments may be fed by it.
    """

    source: str
    last_read: datetime | None
    cells: frozenset[tuple[str | None, str]]


@dataclass(frozen=True, slots=True)
class Freshness:
    """How recent what the store holds is."""

    unread: tuple[Unread, ...]

    def cells(self, department: str, close_at: datetime) -> frozenset[str]:
        """The cells of a department that are not measured for the month that closes then.

        A month whose close came before the last reading is known whole.
        """
        return frozenset(
            cell
            for source in self.unread
            if source.last_read is None or source.last_read < close_at
            for owner, cell in source.cells
            if owner in (None, department)
        )

    def told(self) -> list[Any]:
        """The same, written so that it can be compared with what it was at another look."""
        return [
            [
                source.source,
                None if source.last_read is None else source.last_read.isoformat(),
                sorted([owner or "", cell] for owner, cell in source.cells),
            ]
            for source in sorted(self.unread, key=attrgetter("source"))
        ]


def read(connection: sa.Connection, settings: Settings, now: datetime) -> Freshness:
    """The sources that were not read within `fresh_within` before `now`."""
    last_read = _last_read(connection, run.c.finished_at)
    within = settings.month_zero.fresh_within
    stale = {
        source.name: source
        for source in settings.source
        if source.feed in _DECIDING
        and ((at := last_read.get(source.name)) is None or now - at > within)
    }
    if not stale:
        return Freshness(())
    delivered = _fed(connection, stale)
    return Freshness(
        tuple(
            Unread(
                name,
                last_read.get(name),
                _cells(source.feed, source.department, delivered.get(name, frozenset())),
            )
            for name, source in stale.items()
        )
    )


def last_begun(connection: sa.Connection) -> Mapping[str, datetime | None]:
    """When the last whole reading of each source began: what was there then was read."""
    return _last_read(connection, run.c.started_at)


def seal_deadline(month: Month, settings: Settings) -> datetime:
    """When the seal of `month` is made at the latest (`seal_grace` of the next working day)."""
    return grace_end(close_day(month, settings.month_zero.close, settings.days), settings)


def grace_end(day: date, settings: Settings) -> datetime:
    """Until when sources are waited for from `day` on: `seal_grace` of the next working day."""
    return datetime.combine(settings.days.add(day, 1), settings.month_zero.seal_grace, ZONE)


def close_at(month: Month, settings: Settings) -> datetime:
    """The instant at which the statement of `month` freezes (清零时点)."""
    return day_end(close_day(month, settings.month_zero.close, settings.days))


def last_closed(now: datetime, settings: Settings) -> Month:
    """The latest month that is closed at `now`."""
    month = Month.of(local_day(now))
    while close_at(month, settings) > now:
        month = month.shift(-1)
    return month


def _last_read(
    connection: sa.Connection, when: sa.Column[datetime]
) -> Mapping[str, datetime | None]:
    query = (
        sa.select(run.c.source, sa.func.max(when))
        .where(run.c.job == "pull", run.c.outcome == "ok", run.c.source.is_not(None))
        .group_by(run.c.source)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _fed(
    connection: sa.Connection, sources: Iterable[str]
) -> Mapping[str, frozenset[tuple[str | None, str]]]:
    """What each of `sources` has delivered so far: department and cell."""
    query = sa.select(fed).where(bulk.one_of(connection, fed.c.source, list(sources)))
    cells: dict[str, set[tuple[str | None, str]]] = defaultdict(set)
    for source, department, cell in connection.execute(query):
        cells[source].add((department or None, cell))
    return {source: frozenset(of_source) for source, of_source in cells.items()}


def _cells(
    feed: Feed, department: str | None, delivered: frozenset[tuple[str | None, str]]
) -> frozenset[tuple[str | None, str]]:
    if feed in _BEHAVIOR_FEEDS or feed in (Feed.EXPECTED, Feed.DRAWN_OBJECT):
        if delivered:
            return delivered
        names = {Feed.DRAWN_OBJECT: _CHECK_EXPECTED}
        return frozenset({(department, names.get(feed, feed.value))})
    if feed is Feed.PLAN:
        return frozenset({(department, _CHECK_EXPECTED)})
    return frozenset({(department, feed.value)})

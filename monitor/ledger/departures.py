"""Departures (移出): units that leave their month without having been cleared, by cause.

Those of the backlog leave with its events (`backlog`); here are those that were cleared and go all
the same, so that no figure is improved in silence: events without a reason before and after.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa

from monitor.ledger.backlog import Moment, event, is_dated_out, move_cause
from monitor.ledger.causes import MOVED_OUT, Cause
from monitor.ledger.obligations import among, is_obligation, seen
from monitor.store import bulk
from monitor.store.tables import backlog_event, unit
from monitor.store.types import Instant

_EVENT = [column.name for column in backlog_event.columns if column.name != "id"]


@dataclass(frozen=True, slots=True)
class Departed:
    """How many units left a month, by cause: in all, and those of them after its close."""

    moved_out: Mapping[str, int] = field(default_factory=dict)
    after_close: Mapping[str, int] = field(default_factory=dict)


def record(connection: sa.Connection, now: Moment, lines: Collection[tuple[str, str]]) -> None:
    """Note the cleared units of the table `unit` that `seen` has no more in their place.

    Of the units in `among`; to be called before `unit` is brought to what `seen` says.
    """
    connection.execute(_noting_gone(frozenset(lines)), now.told())


def read(
    connection: sa.Connection,
    closes: Mapping[str, datetime],
    departments: Collection[str] | None = None,
    since: str = "",
) -> Mapping[tuple[str, str], Departed]:
    """The departures of each department and month, of all departments or some, from `since` on."""
    e = backlog_event.c
    closing = [
        sa.and_(e.month == month, e.at >= sa.literal(at, Instant())) for month, at in closes.items()
    ]
    after = sa.case((sa.or_(sa.false(), *closing), 1), else_=0)
    columns = (e.department, e.month, e.cause)
    query = (
        sa.select(*columns, sa.func.count(), sa.func.sum(after))
        .where(e.to_reason.is_(None), e.cause.in_(MOVED_OUT), e.month >= since)
        .group_by(*columns)
        .order_by(*columns)
    )
    if departments is not None:
        query = query.where(bulk.one_of(connection, e.department, sorted(departments)))
    counts: dict[tuple[str, str], list[tuple[str, int, int]]] = defaultdict(list)
    for department, month, cause, count, late in connection.execute(query):
        counts[department, month].append((cause, count, late))
    return {
        place: Departed(
            {cause: count for cause, count, _late in of_place},
            {cause: late for cause, _count, late in of_place if late},
        )
        for place, of_place in counts.items()
    }


@lru_cache(maxsize=16)
def _noting_gone(lines: frozenset[tuple[str, str]]) -> sa.Insert:
    """A unit goes on as its record's or, without that, as its expected row's."""
    u, by_record, by_expected = unit.c, seen.alias("by_record"), seen.alias("by_expected")
    is_record = by_record.c.number.is_not(None)

    def then(name: str) -> sa.ColumnElement[object]:
        return sa.case((is_record, by_record.c[name]), else_=by_expected.c[name])

    is_there = then("number").is_not(None)
    stays = sa.and_(
        is_there,
        sa.not_(then("duplicate")),
        sa.not_(then("exempt")),
        then("department") == u.department,
        then("month") == u.month,
    )
    cause = sa.case(
        (sa.and_(sa.not_(is_there), is_dated_out(unit)), Cause.DATE_CHANGED.value),
        (sa.not_(is_there), Cause.DELETED.value),
        (then("exempt"), Cause.EXEMPTED.value),
        (then("duplicate"), Cause.DUPLICATE.value),
        else_=move_cause(u.department, then("department"), lines),
    )
    gone = (
        event(unit, sa.null(), sa.null(), cause)
        .select_from(
            unit.outerjoin(by_record, by_record.c.number == u.behavior_id).outerjoin(
                by_expected, by_expected.c.expected_id == u.expected_id
            )
        )
        .where(
            u.number.in_(sa.select(among.c.number)),
            is_obligation(unit),
            u.reason.is_(None),
            sa.not_(stays),
        )
    )
    return sa.insert(backlog_event).from_select(_EVENT, gone)

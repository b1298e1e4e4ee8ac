"""The history of a unit (经历): when it was first seen, each change of its reason, and by what.

Events name units by record and expected row. Those that share either are one unit's: it keeps its
history when an expected row gets its record.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor.config import Settings
from monitor.ledger.backlog import Cause
from monitor.store import bulk
from monitor.store.tables import backlog_event, behavior, exemption, expected
from monitor.words import Kind
from monitor.workdays import local_day

FORMAT = 1
_OWN_RECORD = frozenset(
    {Cause.ENTERED, Cause.SUBMITTED, Cause.RETURNED, Cause.FIXED, Cause.ACCEPTED, Cause.DELETED}
)
_OWN_ROW = frozenset({Cause.WITHDRAWN})
"""Causes that lie in the unit's own record, or expected row."""
_MOVES = frozenset({Cause.DATE_CHANGED, Cause.TRANSFERRED, Cause.SUCCEEDED})
"""Causes by which a unit goes on in another month or department: no stay in the backlog begins."""


@dataclass(frozen=True, slots=True, order=True)
class Named:
    """A row of a feed, as its source names it."""

    feed: str
    source: str
    record_id: str


@dataclass(frozen=True, slots=True)
class Change:
    """One event; `working_days` are those since the unit last came into the backlog.

    `by` is the record or entry that made it so, where there is one.
    """

    at: datetime
    working_days: int
    department: str
    month: str
    from_reason: str | None
    to_reason: str | None
    cause: Cause
    by: Named | None


@dataclass(frozen=True, slots=True)
class History:
    """What became of one unit.

    `rows` are the record and the expected rows that it is known from; `reason` is None where it is
    not in the backlog. `working_days` is how long it stands there by now, or stood there last.
    """

    kind: str
    action_code: str | None
    rows: tuple[Named, ...]
    first_seen_at: datetime
    reason: str | None
    working_days: int
    changes: tuple[Change, ...]

    def to_json(self) -> dict[str, Any]:
        """The machine form, of versioned shape."""
        told = asdict(self)
        told["first_seen_at"] = self.first_seen_at.isoformat()
        told["changes"] = [
            asdict(each) | {"at": each.at.isoformat(), "cause": each.cause.value}
            for each in self.changes
        ]
        return told


_Key = tuple[str, int]
"""A row: its table's name and its number."""
_TABLES = {table.name: table for table in (behavior, expected, exemption)}


def read(connection: sa.Connection, settings: Settings, code: str, now: datetime) -> list[History]:
    """The histories of the units that have `code`, first seen first, as of `now`.

    It is an action code, or the identity that one of the sources gave to a row.
    """
    asked = _asked(connection, [source.name for source in settings.source], code)
    events = _events(connection, asked)
    linked = [_keys(event.behavior_id, event.expected_id) for event in events]
    linked += [
        _keys(row.behavior_id, row.id) for key, row in asked.items() if key[0] == expected.name
    ]
    causes = {by for event in events if (by := _by(event)) is not None}
    rows = _rows(connection, {*asked, *causes}.union(*linked))
    found = [
        _history(settings, now, sorted(group & rows.keys()), rows, events)
        for group in _groups([{key} for key in asked] + linked)
    ]
    return sorted(found, key=lambda each: (each.first_seen_at, each.rows))


def _asked(connection: sa.Connection, sources: Sequence[str], code: str) -> Mapping[_Key, Any]:
    """The records and expected rows that have the code, and what they are matched with."""
    found: dict[_Key, Any] = {}
    for table in (behavior, expected):
        of_kind = table.c.kind.in_(list(Kind))
        for which in (
            sa.and_(of_kind, table.c.action_code == code),
            sa.and_(bulk.one_of(connection, table.c.source, sources), table.c.record_id == code),
        ):
            found |= _where(connection, table, which)
    numbers = [number for name, number in found if name == behavior.name]
    matched = [row.behavior_id for (name, _), row in found.items() if name == expected.name]
    found |= _where(connection, expected, expected.c.behavior_id.in_(numbers))
    return found | _where(connection, behavior, behavior.c.id.in_([n for n in matched if n]))


def _rows(connection: sa.Connection, keys: Collection[_Key]) -> Mapping[_Key, Any]:
    found: dict[_Key, Any] = {}
    for name, table in _TABLES.items():
        numbers = [number for of, number in keys if of == name]
        found |= _where(connection, table, table.c.id.in_(numbers))
    return found


def _where(
    connection: sa.Connection, table: sa.Table, which: sa.ColumnElement[bool]
) -> dict[_Key, Any]:
    names = ("id", "source", "record_id", "action_code", "kind", "first_seen_at", "behavior_id")
    columns = [table.c[name] for name in names if name in table.c]
    query = sa.select(*columns).where(which)
    return {(table.name, row.id): row for row in connection.execute(query)}


def _events(connection: sa.Connection, asked: Collection[_Key]) -> Sequence[Any]:
    """The events of the rows, in the order in which they happened."""
    e = backlog_event.c
    columns = {behavior.name: e.behavior_id, expected.name: e.expected_id}
    of_them = [
        column.in_([number for name, number in asked if name == of])
        for of, column in columns.items()
    ]
    is_in_backlog = sa.or_(e.from_reason.is_not(None), e.to_reason.is_not(None))
    query = sa.select(backlog_event).where(sa.or_(*of_them), is_in_backlog).order_by(e.id)
    return connection.execute(query).all()


def _keys(behavior_id: int | None, expected_id: int | None) -> set[_Key]:
    told = ((behavior.name, behavior_id), (expected.name, expected_id))
    return {(name, number) for name, number in told if number is not None}


def _by(event: Any) -> _Key | None:
    """What made an event so: another record or an exemption, else the unit's own record or row."""
    own_row = event.cause in _OWN_ROW
    own_record = event.cause in _OWN_RECORD
    for name, number in (
        (behavior.name, event.by_behavior_id),
        (exemption.name, event.by_exemption_id),
        (behavior.name, event.behavior_id if own_record else None),
        (expected.name, event.expected_id if own_row else None),
    ):
        if number is not None:
            return name, number
    return None


def _groups(linked: Iterable[set[_Key]]) -> list[set[_Key]]:
    """Sets that share a member made one."""
    groups: list[set[_Key]] = []
    for keys in linked:
        touching = [group for group in groups if group & keys]
        groups = [group for group in groups if not group & keys]
        groups.append(keys.union(*touching))
    return groups


def _history(
    settings: Settings,
    now: datetime,
    keys: Sequence[_Key],
    rows: Mapping[_Key, Any],
    events: Iterable[Any],
) -> History:
    mine = [each for each in events if _keys(each.behavior_id, each.expected_id) & {*keys}]
    came, changes, days = None, [], 0
    for event in mine:
        cause, by = Cause(event.cause), _by(event)
        if came is None or (event.from_reason is None and cause not in _MOVES):
            came = event.at
        days = settings.days.between(local_day(came), local_day(event.at))
        changes.append(
            Change(
                at=event.at,
                working_days=days,
                department=event.department,
                month=event.month,
                from_reason=event.from_reason,
                to_reason=event.to_reason,
                cause=cause,
                by=None if by is None else _named(by[0], rows[by]),
            )
        )
    stands = bool(changes) and changes[-1].to_reason is not None
    if came is not None and stands:
        days = settings.days.between(local_day(came), local_day(now))
    own = [rows[key] for key in keys]
    return History(
        kind=own[0].kind,
        action_code=next((row.action_code for row in own if row.action_code), None),
        rows=tuple(_named(key[0], rows[key]) for key in keys),
        first_seen_at=min(row.first_seen_at for row in own),
        reason=changes[-1].to_reason if stands else None,
        working_days=days,
        changes=tuple(changes),
    )


def _named(table: str, row: Any) -> Named:
    feed = row.kind if table == behavior.name else table
    return Named(feed, row.source, row.record_id)

"""The past (历史): every change of a statement is kept, so that each can be read as it stood.

A change holds what it replaced. Undone from the statements as they are now, the latest first,
changes lead back to any look; a look at which nothing changed costs nothing but its own row.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor.store.tables import statement, statement_change
from monitor.store.types import Instant

_NOT_KEPT = frozenset({"department", "month", "changed_at"})
_VALUES = [column for column in statement.columns if column.name not in _NOT_KEPT]
Place = tuple[str, str]
"""Department and statement month."""
Row = dict[str, Any]
"""A statement's columns by name, but for those that tell when it was written."""


def keep(
    connection: sa.Connection,
    look: int,
    changes: Sequence[tuple[Place, Mapping[str, Any] | None, Mapping[str, Any] | None]],
) -> None:
    """Keep what a look changed: places, with each statement as it was and is; None: there is none.

    Both are columns by name, of any beside those of the table.
    """
    rows = [
        {"department": department, "month": month, "look": look, "before": _replaced(old, new)}
        for (department, month), old, new in changes
    ]
    if rows:
        connection.execute(sa.insert(statement_change), rows)


def read(
    connection: sa.Connection, look: int, month: str | None = None, department: str | None = None
) -> dict[Place, Row]:
    """The statements as a look left them, of one month or department where given, in order."""
    rows = dict(_now(connection, month, department))
    for _number, place, before in _changes(connection, look, month, department):
        _undo(rows, place, before)
    return dict(sorted(rows.items(), key=lambda each: each[0][::-1]))


def walk(
    connection: sa.Connection, department: str, looks: Sequence[int]
) -> Iterator[tuple[int, dict[Place, Row]]]:
    """A department's statements as each of `looks` left them, the latest look first.

    What is given changes with the next step.
    """
    if not looks:
        return
    rows = dict(_now(connection, None, department))
    changes = _changes(connection, min(looks), None, department)
    change = next(changes, None)
    for look in sorted(looks, reverse=True):
        while change is not None and change[0] > look:
            _undo(rows, change[1], change[2])
            change = next(changes, None)
        yield look, rows


def _now(
    connection: sa.Connection, month: str | None, department: str | None
) -> Iterator[tuple[Place, Row]]:
    s = statement.c
    query = sa.select(statement).where(*_of(s, month, department))
    for row in connection.execute(query):
        values = {column.name: row._mapping[column.name] for column in _VALUES}
        yield (row.department, row.month), values


def _changes(
    connection: sa.Connection, look: int, month: str | None, department: str | None
) -> Iterator[tuple[int, Place, Any]]:
    """What changed since a look, the latest first."""
    c = statement_change.c
    query = (
        sa.select(c.look, c.department, c.month, c.before)
        .where(c.look > look, *_of(c, month, department))
        .order_by(c.look.desc())
    )
    for number, owner, of_month, before in connection.execute(query):
        yield number, (owner, of_month), before


def _of(
    columns: sa.ColumnCollection[str, sa.ColumnElement[Any]],
    month: str | None,
    department: str | None,
) -> list[sa.ColumnElement[bool]]:
    told = (("month", month), ("department", department))
    return [columns[name] == value for name, value in told if value is not None]


def _replaced(
    old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    """What of `old` isn't in `new`; of documents the members that differ, null where none was."""
    if old is None:
        return None
    if new is None:
        return {column.name: _told(old[column.name]) for column in _VALUES}
    before: dict[str, Any] = {}
    for column in _VALUES:
        was, now = old[column.name], new[column.name]
        if was == now:
            continue
        if isinstance(was, Mapping) and isinstance(now, Mapping):
            names = {name for name in {*was, *now} if was.get(name) != now.get(name)}
            before[column.name] = {name: was.get(name) for name in names}
        else:
            before[column.name] = _told(was)
    return before


def _undo(rows: dict[Place, Row], place: Place, before: Mapping[str, Any] | None) -> None:
    """Take one change back."""
    if before is None:
        del rows[place]
        return
    row = rows.setdefault(place, {})
    for column in _VALUES:
        if column.name not in before:
            continue
        was, now = before[column.name], row.get(column.name)
        if isinstance(was, dict) and isinstance(now, dict):
            merged = now | was
            row[column.name] = {name: each for name, each in merged.items() if each is not None}
        elif isinstance(column.type, Instant) and was is not None:
            row[column.name] = datetime.fromisoformat(was)
        else:
            row[column.name] = was


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value

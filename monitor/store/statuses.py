"""The statuses that records were seen in.

The table `behavior_status` has those of a record that was seen in several. Of any other it has
none: that record's own row has the only one, and was first seen with it. Most records are such, and
a row for each would cost more to write than the record's number to look for.
"""

import polars as pl
import sqlalchemy as sa

from monitor.store import bulk
from monitor.store.tables import behavior, behavior_status

_NAMES = ("behavior_id", "status", "status_at", "submitted_at", "seen_at")


def is_only(record: sa.FromClause = behavior) -> sa.ColumnElement[bool]:
    """Whether the status of the record's own row is the only one that it was seen in."""
    other = behavior_status.alias("other")
    return sa.not_(sa.exists().where(other.c.behavior_id == record.c.id))


def of_records(which: sa.ColumnElement[bool]) -> sa.Select[*tuple[object, ...]]:
    """The statuses of the records for which `which` is true of `behavior`, as they were seen: the
    record's number, status, status_at, submitted_at and seen_at."""
    b, s = behavior, behavior_status
    only = sa.select(*_own(), sa.literal(0).label("position")).where(which, is_only())
    several = (
        sa.select(*(s.c[name] for name in _NAMES), s.c.id.label("position"))
        .join(b, b.c.id == s.c.behavior_id)
        .where(which)
    )
    each = sa.union_all(only, several).subquery("seen")
    columns = [each.c[name] for name in _NAMES]
    return sa.select(*columns).order_by(each.c.behavior_id, each.c.position)


def set_down(connection: sa.Connection, numbers: pl.Series) -> None:
    """Write down the only status of each of these records, as another one comes."""
    if numbers.is_empty():
        return
    which = bulk.one_of(connection, behavior.c.id, numbers)
    own = sa.select(*_own()).where(which, is_only()).order_by(behavior.c.id)
    connection.execute(sa.insert(behavior_status).from_select(_NAMES, own))


def _own() -> tuple[sa.ColumnElement[object], ...]:
    """What a record's own row says of its status, by the columns of `behavior_status`."""
    b = behavior.c
    own = (b.id, b.status, b.status_at, b.submitted_at, b.first_seen_at)
    return tuple(column.label(name) for name, column in zip(_NAMES, own, strict=True))

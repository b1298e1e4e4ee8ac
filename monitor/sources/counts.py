"""Counts of what a source delivered in all its pulls; neither a restart nor the pruning of old
runs takes anything from them.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa

from monitor.store import bulk
from monitor.store.tables import source_count
from monitor.store.upsert import insert_into

REMEMBERED = timedelta(days=90)
"""How long a source need not deliver an unknown column or department for it to be news again."""

ROWS = ("read", "landed", "unchanged", "malformed")
"""The names under which rows are counted; the malformed ones landed or were unchanged, too."""

_COLUMNS_SHOWN, _DEPARTMENTS_SHOWN = 20, 5
_Number = sa.ColumnElement[int]
_NEVER = datetime.min.replace(tzinfo=UTC)


class What(StrEnum):
    """What is counted; each is counted under names of its own."""

    PULLS = "pulls"  # that ended, by outcome
    ROWS = "rows"  # as they are named in ROWS
    MALFORMED = "malformed"  # cells, by column
    COLUMN = "column"  # cells below a header that no field is known for, by header
    DEPARTMENT = "department"  # rows of one that the directory doesn't hold, by code or name


@dataclass(frozen=True, slots=True)
class Count:
    """How often, and when first and last."""

    count: int
    first_at: datetime
    last_at: datetime


Counts = Mapping[What, Mapping[str, int]]


def add(connection: sa.Connection, source: str, counts: Counts, now: datetime) -> None:
    """Add `counts` to those of the source, in the caller's transaction."""
    _write(connection, source, counts, now, lambda stored, found: stored + found)


def put(connection: sa.Connection, source: str, counts: Counts, now: datetime) -> None:
    """Put `counts` in the place of the source's, of what they count; in the caller's transaction.

    They are those of a pull that read all that the source has: else each pull would count the same
    rows once more.
    """
    columns = source_count.c
    for what, named in counts.items():
        mine = sa.and_(columns.source == source, columns.what == what)
        there = bulk.one_of(connection, columns.name, [*named])
        connection.execute(sa.delete(source_count).where(mine, ~there))
    _write(connection, source, counts, now, lambda _, found: found)


def _write(
    connection: sa.Connection,
    source: str,
    counts: Counts,
    now: datetime,
    becomes: Callable[[_Number, _Number], _Number],
) -> None:
    rows = [
        {
            "source": source,
            "what": what,
            "name": name,
            "count": count,
            "first_at": now,
            "last_at": now,
        }
        for what, named in counts.items()
        for name, count in named.items()
        if count
    ]
    if not rows:
        return
    insert = insert_into(connection, source_count)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["source", "what", "name"],
            set_={
                "count": becomes(source_count.c.count, insert.excluded.count),
                "last_at": insert.excluded.last_at,
            },
        ),
        rows,
    )


def unheard_of(
    connection: sa.Connection,
    source: str,
    found: Counts,
    known: Mapping[What, Collection[str]],
    now: datetime,
) -> Counts:
    """What of `found` is not remembered of the source, so that it is told once.

    What is `known` by now, and what was not seen for REMEMBERED, is forgotten.
    """
    columns = source_count.c
    mine = sa.and_(columns.source == source, columns.what.in_([*found]))
    query = sa.select(columns.what, columns.name, columns.last_at).where(mine)
    heard = {(What(what), name): last_at for what, name, last_at in connection.execute(query)}
    for (what, name), last_at in heard.items():
        if name in known[what] or last_at < now - REMEMBERED:
            connection.execute(
                sa.delete(source_count).where(mine, columns.what == what, columns.name == name)
            )
    return {
        what: {
            name: count
            for name, count in named.items()
            if heard.get((what, name), _NEVER) < now - REMEMBERED
        }
        for what, named in found.items()
    }


def read(connection: sa.Connection) -> Mapping[str, Mapping[What, Mapping[str, Count]]]:
    """All counts by source; names in their order."""
    columns = source_count.c
    query = sa.select(source_count).order_by(columns.source, columns.what, columns.name)
    found: dict[str, dict[What, dict[str, Count]]] = {}
    for source, what, name, *count in connection.execute(query):
        found.setdefault(source, {}).setdefault(What(what), {})[name] = Count(*count)
    return found


def unknown_lines(unknown: Counts) -> list[str]:
    """A sentence each for the columns and the departments that nobody knows, with how many rows."""
    found = []
    if columns := unknown.get(What.COLUMN):
        found.append(
            f"columns that no field is known for, kept in raw: {_listed(columns, _COLUMNS_SHOWN)}"
        )
    if departments := unknown.get(What.DEPARTMENT):
        listed = _listed(departments, _DEPARTMENTS_SHOWN)
        found.append(f"departments that the directory doesn't hold: {listed}")
    return found


def _listed(counts: Mapping[str, int], shown: int) -> str:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    names = [(" ".join(name.split()) or "no code", count) for name, count in ordered[:shown]]
    listed = ", ".join(f"{name} ({count})" for name, count in names)
    more = len(ordered) - shown
    return f"{listed} and {more} more" if more > 0 else listed

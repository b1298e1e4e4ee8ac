"""Entries (条目): zero reports, exemptions and the catalogue, compared with what they were.

Statements count by them. What they were when the last ones were made is kept in `counted_by`, so a
change is found whoever made it: a source, a person, another instance.
"""

from collections.abc import Collection, Iterator, Sequence
from functools import cache, reduce
from typing import Any

import sqlalchemy as sa

from monitor.ledger import scratch, units
from monitor.store.tables import (
    behavior,
    behavior_item,
    counted_by,
    exemption,
    expected,
    implement_list,
    item,
    unit,
    zero_report,
)
from monitor.words import Feed, Kind

_NAMES = ("feed", "department", "code", "content")
entry = scratch.table("ledger_counted_entry", *(sa.Column(name, sa.Text) for name in _NAMES))
changed = scratch.table("ledger_changed_entry", *(sa.Column(name, sa.Text) for name in _NAMES))
"""Entries that were not there before, or are no more."""


def compare(connection: sa.Connection) -> None:
    """Fill `entry` and `changed`, which must be there."""
    for insert in _comparing():
        connection.execute(insert)


@cache
def _comparing() -> Sequence[sa.Insert]:
    now, before = (sa.select(*(table.c[n] for n in _NAMES)) for table in (entry, counted_by))
    differences = (sa.except_(now, before), sa.except_(before, now))
    return [
        sa.insert(entry).from_select(_NAMES, _entries()),
        *(sa.insert(changed).from_select(_NAMES, each) for each in differences),
    ]


def note(connection: sa.Connection) -> None:
    """Remember the entries as they are now; only what changed is written."""
    gone = sa.exists().where(*(changed.c[n] == counted_by.c[n] for n in _NAMES))
    connection.execute(sa.delete(counted_by).where(gone))
    new = sa.intersect(*(sa.select(*(table.c[n] for n in _NAMES)) for table in (changed, entry)))
    connection.execute(sa.insert(counted_by).from_select(_NAMES, new))


def list_concerned(connection: sa.Connection, ended: Collection[str]) -> None:
    """Put the units that a changed exemption or item may concern into the scratch table `among`.

    An item's days decide whether anything can be expected under it. Units of a department that has
    `ended` may stand under another one.
    """
    changed_items = sa.select(changed.c.code).where(changed.c.feed == Feed.ITEM.value)
    if connection.scalar(sa.select(changed_items.exists())):
        of_item = expected.c.item_code.in_(changed_items)
        units.add(connection, sa.select(-expected.c.id).where(of_item))
    of = {scope: _exempting(scope) for scope in ("department", "item", "unit")}
    of_department = sa.union(
        *(
            sa.select(changed.c.department).where(of[scope], changed.c.department != "")
            for scope in ("department", "item")
        )
    )
    units.add(connection, sa.select(unit.c.number).where(unit.c.department.in_(of_department)))
    for code in {*connection.scalars(of_department)} & {*ended}:
        units.list_of(connection, code)
    everywhere = sa.select(changed.c.code).where(of["item"], changed.c.department == "")
    if connection.scalar(sa.select(everywhere.exists())):
        i, e = behavior_item.c, expected.c
        of_record = sa.select(i.behavior_id).where(i.item_code.in_(everywhere))
        units.add(connection, of_record)
        units.add(connection, sa.select(-e.id).where(e.item_code.in_(everywhere)))
    codes = sa.select(changed.c.code).where(of["unit"])
    for table, number in ((behavior, behavior.c.id), (expected, -expected.c.id)):
        is_unit = sa.and_(table.c.kind.in_(list(Kind)), table.c.action_code.in_(codes))
        units.add(connection, sa.select(number).where(is_unit))


def concerned(connection: sa.Connection) -> Iterator[tuple[str, str]]:
    """The departments whose statements a changed entry concerns, with the first month; "": all."""
    is_report = changed.c.feed == Feed.ZERO_REPORT.value
    months = sa.case((is_report, changed.c.code), else_="")
    query = sa.select(changed.c.department, months).where(changed.c.department != "").distinct()
    yield from ((department, month) for department, month in connection.execute(query))
    everywhere = sa.select(changed.c.code).where(_exempting("item"), changed.c.department == "")
    owners = sa.select(item.c.department).where(item.c.item_code.in_(everywhere)).distinct()
    yield from ((owner, "") for owner in connection.scalars(owners) if owner is not None)


def _exempting(scope: str) -> sa.ColumnElement[bool]:
    of_scope = changed.c.content.startswith(f"{scope}|")
    return sa.and_(changed.c.feed == Feed.EXEMPTION.value, of_scope)


def _entries() -> sa.CompoundSelect[Any]:
    """What statements take from each entry that holds."""
    x, z, i, p = exemption.c, zero_report.c, item.c, implement_list.c
    return sa.union(
        _entry(Feed.ZERO_REPORT, zero_report, z.month, ()),
        _entry(
            Feed.EXEMPTION,
            exemption,
            sa.case({"item": x.item_code, "unit": x.action_code}, value=x.scope, else_=""),
            (x.scope, x.begins_on, x.ends_on),
        ),
        _entry(
            Feed.ITEM,
            item,
            i.item_code,
            (i.id, i.main_code, i.item_state, i.in_use_from, i.in_use_to, i.claimed),
        ),
        _entry(Feed.IMPLEMENT_LIST, implement_list, p.implement_list_code, (p.id, p.published)),
    )


def _entry(
    feed: Feed,
    table: sa.Table,
    code: sa.ColumnElement[Any],
    told: tuple[sa.ColumnElement[Any], ...],
) -> sa.Select[*tuple[Any, ...]]:
    cells = [sa.func.coalesce(sa.cast(column, sa.Text), "") for column in told]
    empty: sa.ColumnElement[str] = sa.literal("")
    return sa.select(
        sa.literal(feed.value).label("feed"),
        sa.func.coalesce(table.c.department, "").label("department"),
        sa.func.coalesce(code, "").label("code"),
        reduce(lambda text, cell: text.concat(cell).concat("|"), cells, empty).label("content"),
    ).where(table.c.deleted_at.is_(None))

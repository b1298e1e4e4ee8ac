"""Coverage (覆盖): the items in use that were acted on this year, and how the catalogue stands."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from monitor.ledger import scratch
from monitor.ledger.figures import Name
from monitor.store import bulk
from monitor.store.tables import exemption, implement_list, item, item_act
from monitor.workdays import Month

_month = scratch.table(
    "ledger_month",
    sa.Column("month", sa.Text, primary_key=True),
    sa.Column("year", sa.Text),
    sa.Column("first", sa.Date),
    sa.Column("last", sa.Date),
)

Shares = Mapping[Name, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Coverage:
    """By department and month: items in use, and the figures of the catalogue."""

    in_use: Mapping[tuple[str, str], int]
    shares: Mapping[tuple[str, str], Shares]
    catalogue: Mapping[str, Shares]

    def uncovered(self, department: str, month: str) -> int:
        """Items in use without a valid record this year (事项零行为)."""
        covered, items = self.shares.get((department, month), {}).get(Name.COVERAGE_SUB, (0, 0))
        return items - covered


KEPT = sa.select(item_act.c.department, item_act.c.month, item_act.c.item_code)
"""The items acted on, as the units kept have it."""


def taken_over(
    acts: sa.Select[Any], predecessors: Mapping[str, Sequence[tuple[str, str]]]
) -> sa.Select[Any]:
    """The acts, and for who follows a department that ended also those of that in the same year.

    An item stays covered when it passes to another department. `predecessors` are by department
    those that it follows, each with the first month of that.
    """
    lines = [
        (heir, code, since) for heir, followed in predecessors.items() for code, since in followed
    ]
    if not lines:
        return acts
    names = ("heir", "code", "since")
    line = sa.values(*(sa.column(name, sa.Text) for name in names), name="line").data(lines).cte()
    acted = acts.subquery("acted")
    month = sa.case((acted.c.month < line.c.since, line.c.since), else_=acted.c.month)
    taken = sa.select(line.c.heir, month, acted.c.item_code).select_from(
        acted.join(
            line,
            sa.and_(
                line.c.code == acted.c.department,
                sa.func.substr(line.c.since, 1, 4) == sa.func.substr(acted.c.month, 1, 4),
            ),
        )
    )
    return sa.select(acts.union_all(taken).subquery("acts_and_taken"))


def read(
    connection: sa.Connection,
    months: Sequence[Month],
    acts: sa.Select[Any] = KEPT,
    departments: Collection[str] | None = None,
) -> Coverage:
    """The coverage of each department, or of some, at the end of `months`.

    `acts` are the departments, months and items of valid records.
    """
    with scratch.made(connection, _month):
        connection.execute(
            sa.insert(_month),
            [
                {"month": str(m), "year": str(m)[:4], "first": m.first, "last": m.last}
                for m in months
            ],
        )
        owned = _owned(connection, item.c.department, departments)
        in_use = {
            (row.department, row.month): row.items
            for row in connection.execute(_used_in_month().where(owned))
        }
        acted = acts.subquery("acts")
        years = sa.func.substr(acted.c.month, 1, 4).in_({str(month)[:4] for month in months})
        mine = _owned(connection, acted.c.department, departments)
        of_year = _of_year(acted, sa.and_(years, mine))
        shares = {
            (row.department, row.month): {
                Name.COVERAGE_MAIN: (row.main_covered, row.main_items),
                Name.COVERAGE_SUB: (row.sub_covered, row.sub_items),
            }
            for row in connection.execute(_covered(of_year).where(owned))
        }
    return Coverage(in_use, shares, _catalogue(connection, departments))


def uncovered(
    connection: sa.Connection,
    department: str,
    month: Month,
    limit: int,
    acts: sa.Select[Any] = KEPT,
) -> list[str]:
    """The codes of up to `limit` items in use that no valid record of the year covers."""
    with scratch.made(connection, _month):
        connection.execute(
            sa.insert(_month),
            {"month": str(month), "year": str(month)[:4], "first": month.first, "last": month.last},
        )
        acted = acts.subquery("acts")
        of_year = _of_year(acted, acted.c.department == department)
        query = (
            sa.select(item.c.item_code)
            .distinct()
            .select_from(_items_with_acts(of_year))
            .where(item.c.department == department, _IN_USE_AT_END, of_year.c.first_month.is_(None))
            .order_by(item.c.item_code)
            .limit(limit)
        )
        return list(connection.scalars(query))


def _owned(
    connection: sa.Connection, column: sa.ColumnElement[str], departments: Collection[str] | None
) -> sa.ColumnElement[bool]:
    if departments is None:
        return sa.true()
    return bulk.one_of(connection, column, sorted(departments))


def _not_exempt(day: sa.Column[object]) -> sa.ColumnElement[bool]:
    x = exemption
    of_department = sa.and_(x.c.scope == "department", x.c.department == item.c.department)
    of_item = sa.and_(
        x.c.scope == "item",
        x.c.item_code == item.c.item_code,
        sa.or_(x.c.department.is_(None), x.c.department == item.c.department),
    )
    return sa.not_(
        sa.exists().where(
            x.c.deleted_at.is_(None),
            sa.or_(of_department, of_item),
            sa.or_(x.c.begins_on.is_(None), x.c.begins_on <= day),
            sa.or_(x.c.ends_on.is_(None), x.c.ends_on >= day),
        )
    )


def _begun_and_not_ended(
    begins_by: sa.Column[object], ends_after: sa.Column[object]
) -> sa.ColumnElement[bool]:
    return sa.and_(
        item.c.deleted_at.is_(None),
        sa.or_(item.c.in_use_from.is_(None), item.c.in_use_from <= begins_by),
        sa.case(
            (item.c.in_use_to.is_not(None), item.c.in_use_to >= ends_after),
            else_=sa.func.coalesce(item.c.item_state, "") == "01",
        ),
        _not_exempt(begins_by),
    )


_IN_USE_AT_END = _begun_and_not_ended(_month.c.last, _month.c.last)
_IN_USE_ONCE = _begun_and_not_ended(_month.c.last, _month.c.first)


def _used_in_month() -> sa.Select[Any]:
    """Items in use on any day of the month: a department with some must report or say zero."""
    return (
        sa.select(
            item.c.department,
            _month.c.month,
            sa.func.count(item.c.item_code.distinct()).label("items"),
        )
        .select_from(item.join(_month, sa.true()))
        .where(item.c.department.is_not(None), _IN_USE_ONCE)
        .group_by(item.c.department, _month.c.month)
    )


def _of_year(acted: sa.Subquery, which: sa.ColumnElement[bool]) -> sa.Subquery:
    """The first month of each year in which a department had a valid record of an item."""
    year = sa.func.substr(acted.c.month, 1, 4)
    return (
        sa.select(
            acted.c.department,
            acted.c.item_code,
            year.label("year"),
            sa.func.min(acted.c.month).label("first_month"),
        )
        .where(which)
        .group_by(acted.c.department, acted.c.item_code, year)
        .subquery("acted")
    )


def _items_with_acts(acted: sa.Subquery) -> sa.Join:
    return item.join(_month, sa.true()).outerjoin(
        acted,
        sa.and_(
            acted.c.department == item.c.department,
            acted.c.item_code == item.c.item_code,
            acted.c.year == _month.c.year,
            acted.c.first_month <= _month.c.month,
        ),
    )


def _covered(acted: sa.Subquery) -> sa.Select[Any]:
    has_act = acted.c.first_month.is_not(None)
    main, sub = item.c.main_code, item.c.item_code
    count = sa.func.count
    return (
        sa.select(
            item.c.department,
            _month.c.month,
            count(main.distinct()).label("main_items"),
            count(sa.case((has_act, main)).distinct()).label("main_covered"),
            count(sub.distinct()).label("sub_items"),
            count(sa.case((has_act, sub)).distinct()).label("sub_covered"),
        )
        .select_from(_items_with_acts(acted))
        .where(item.c.department.is_not(None), _IN_USE_AT_END)
        .group_by(item.c.department, _month.c.month)
    )


def _catalogue(
    connection: sa.Connection, departments: Collection[str] | None
) -> Mapping[str, Shares]:
    """Items claimed and lists published, by department, as the catalogue is now."""
    shares: dict[str, dict[Name, tuple[int, int]]] = defaultdict(dict)
    sources = (
        (Name.CLAIM, item, item.c.claimed),
        (Name.IMPLEMENT, implement_list, implement_list.c.published),
    )
    for name, table, done in sources:
        query = (
            sa.select(
                table.c.department,
                sa.func.sum(sa.case((done, 1), else_=0)).label("done"),
                sa.func.count().label("all"),
            )
            .where(table.c.deleted_at.is_(None), table.c.department.is_not(None), done.is_not(None))
            .where(_owned(connection, table.c.department, departments))
            .group_by(table.c.department)
        )
        for department, numerator, denominator in connection.execute(query):
            shares[department][name] = (numerator, denominator)
    return shares

"""Exemptions (免报、核销): which units need not be there, as SQL.

An exemption is about a department, an item or one unit, from its first day to its last. A record
with several items is exempt where each of them is: the others must still be reported.
"""

from collections.abc import Callable, Collection
from datetime import date

import sqlalchemy as sa

from monitor.store.tables import behavior_item, exemption

_x = exemption


def covers_record(
    record: sa.FromClause, owner: sa.ColumnElement[str], day: sa.ColumnElement[date]
) -> sa.ColumnElement[bool]:
    """Whether an exemption covers a record of `owner` that counts from `day`."""
    one = behavior_item.alias("one_of_its_items")
    # Few records have an exempt item; only of these the others are looked at.
    has_one = record.c.id.in_(
        sa.select(behavior_item.c.behavior_id)
        .join(_x, _x.c.item_code == behavior_item.c.item_code)
        .where(_x.c.scope == "item", _x.c.deleted_at.is_(None))
    )
    of_item = sa.exists().where(_covers_item(one.c.item_code, owner, day)).correlate_except(_x)
    other = (
        sa.exists().where(one.c.behavior_id == record.c.id, sa.not_(of_item)).correlate_except(one)
    )
    return sa.or_(
        _covers_owner_or_unit(record, owner, day),
        sa.and_(has_one, sa.not_(other)),
    )


def covers_expected(
    expected: sa.FromClause, owner: sa.ColumnElement[str], day: sa.ColumnElement[date]
) -> sa.ColumnElement[bool]:
    """Whether an exemption covers an expected row of `owner` that counts from `day`."""
    return sa.or_(
        _covers_owner_or_unit(expected, owner, day),
        sa.exists().where(_covers_item(expected.c.item_code, owner, day)),
    )


def first_covering(
    owner: sa.ColumnElement[str],
    day: sa.ColumnElement[date],
    action_code: sa.ColumnElement[str],
    has_item: Callable[[sa.ColumnElement[str]], sa.ColumnElement[bool]],
) -> sa.ScalarSelect[int]:
    """The lowest number of the exemptions that cover a unit, or a part of one with several items.

    `has_item` says whether the unit has an item of a code.
    """
    of_scope = (
        sa.and_(_x.c.scope == "department", _x.c.department == owner),
        sa.and_(_x.c.scope == "unit", _x.c.action_code == action_code, _is_about(owner)),
        sa.and_(_x.c.scope == "item", has_item(_x.c.item_code), _is_about(owner)),
    )
    covering = sa.select(sa.func.min(_x.c.id)).where(sa.or_(*of_scope), _holds_on(day))
    return covering.correlate_except(_x).scalar_subquery()


def numbers(
    connection: sa.Connection,
    owner: str,
    action_code: str | None,
    item_codes: Collection[str],
    day: date,
) -> tuple[int, ...]:
    """The exemptions about a unit of `owner` that counts from `day`, by department, code or item.

    That of one of several items alone doesn't exempt the unit.
    """
    whose = sa.literal(owner)
    about = sa.or_(
        sa.and_(_x.c.scope == "department", _x.c.department == owner),
        sa.and_(_x.c.scope == "unit", _x.c.action_code == action_code, _is_about(whose)),
        sa.and_(_x.c.scope == "item", _x.c.item_code.in_(item_codes), _is_about(whose)),
    )
    query = sa.select(_x.c.id).where(about, _holds_on(sa.literal(day))).order_by(_x.c.id)
    return tuple(connection.scalars(query))


def _covers_owner_or_unit(
    row: sa.FromClause, owner: sa.ColumnElement[str], day: sa.ColumnElement[date]
) -> sa.Exists:
    of_unit = sa.and_(_x.c.scope == "unit", _x.c.action_code == row.c.action_code, _is_about(owner))
    return sa.exists().where(
        sa.or_(sa.and_(_x.c.scope == "department", _x.c.department == owner), of_unit),
        _holds_on(day),
    )


def _covers_item(
    item_code: sa.ColumnElement[str], owner: sa.ColumnElement[str], day: sa.ColumnElement[date]
) -> sa.ColumnElement[bool]:
    return sa.and_(
        _x.c.scope == "item", _x.c.item_code == item_code, _is_about(owner), _holds_on(day)
    )


def _is_about(owner: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return sa.or_(_x.c.department.is_(None), _x.c.department == owner)


def _holds_on(day: sa.ColumnElement[date]) -> sa.ColumnElement[bool]:
    return sa.and_(
        _x.c.deleted_at.is_(None),
        sa.or_(_x.c.begins_on.is_(None), _x.c.begins_on <= day),
        sa.or_(_x.c.ends_on.is_(None), _x.c.ends_on >= day),
    )

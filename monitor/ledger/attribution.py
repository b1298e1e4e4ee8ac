"""Attribution (归属): which department a record belongs to."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from monitor.config import Settings
from monitor.ledger.days import within
from monitor.ledger.obligations import basis_on, is_live
from monitor.store.tables import behavior, behavior_item, department, item, to_judge
from monitor.words import UNKNOWN_DEPARTMENT, Kind

CODE_LENGTH = 18
"""An implementation list's code begins with the credit code of its department."""

Sources = tuple[tuple[str, str], ...]
"""Names of sources with the department of each."""


def write(connection: sa.Connection, settings: Settings) -> None:
    """Set `department` of the queued records, where it differs.

    Checks go first: the acts that follow from them may inherit theirs.
    """
    for update in _updates(settings.month_zero.attribute_to, sources(settings)):
        connection.execute(update)


@lru_cache(maxsize=16)
def _updates(attribute_to: str, named: Sources) -> Sequence[sa.Update]:
    updates = []
    for of_kind in (is_check(behavior), behavior.c.kind != Kind.CHECK):
        new = _departments(attribute_to, named).where(of_kind).subquery("new")
        changes = behavior.c.department.is_distinct_from(new.c.value)
        update = sa.update(behavior).values(department=new.c.value)
        # said again of what is written, else SQLite goes through all of it
        is_queued = behavior.c.id.in_(sa.select(to_judge.c.behavior_id))
        updates.append(update.where(is_queued, behavior.c.id == new.c.id, changes))
    return updates


def is_check(record: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether it is a check, for records of the queue.

    Told by what it isn't, which no index is for: SQLite would look up all checks else, before it
    looks at the queue.
    """
    return record.c.kind.not_in([kind for kind in Kind if kind is not Kind.CHECK])


def sources(settings: Settings) -> Sources:
    """The sources that the settings name a department for, each with that."""
    return tuple((each.name, each.department) for each in settings.source if each.department)


def of_source(named: Sources, source: sa.ColumnElement[str]) -> sa.ColumnElement[Any]:
    """The department that the settings name for a row's source, NULL where they name none."""
    return sa.case(dict(named), value=source) if named else sa.null()


def owners() -> sa.Subquery:
    """The item codes of the catalogue, each with the known departments that own it, and when.

    A code that has one owner in all its entries is that one's whatever the day; one that passed on
    is by its entries' days.
    """
    known, holder = _known("owning"), sa.func.min(item.c.department)
    distinct = sa.func.count(item.c.department.distinct())
    by_code = (
        sa.select(item.c.item_code).where(item.c.deleted_at.is_(None)).group_by(item.c.item_code)
    )
    sole = by_code.add_columns(holder.label("department")).having(distinct == 1).subquery("sole")
    ever = sa.cast(sa.null(), sa.Date)
    of_one = sa.select(
        sole.c.item_code,
        sole.c.department,
        ever.label("in_use_from"),
        ever.label("in_use_to"),
        sa.false().label("passed_on"),
    ).join(known, known.c.code == sole.c.department)
    by_day = (
        sa.select(
            item.c.item_code,
            item.c.department,
            item.c.in_use_from,
            item.c.in_use_to,
            sa.true(),
        )
        .join(known, known.c.code == item.c.department)
        .where(item.c.deleted_at.is_(None), item.c.item_code.in_(by_code.having(distinct > 1)))
    )
    return sa.union_all(of_one, by_day).subquery("owners")


def owns(
    owner: sa.FromClause, item_code: sa.ColumnElement[Any], day: sa.ColumnElement[date]
) -> sa.ColumnElement[bool]:
    """Whether a row of `owners` says whose an item is on a day; several that do tell nothing."""
    other = item.alias("also_owning")
    known = sa.select(department.c.code).where(department.c.deleted_at.is_(None))
    is_shared = (
        sa.exists()
        .where(
            other.c.item_code == owner.c.item_code,
            other.c.department != owner.c.department,
            other.c.department.in_(known),
            other.c.deleted_at.is_(None),
            within(day, other.c.in_use_from, other.c.in_use_to),
        )
        .correlate_except(other)
    )
    holds = within(day, owner.c.in_use_from, owner.c.in_use_to)
    told = sa.or_(sa.not_(owner.c.passed_on), sa.and_(holds, sa.not_(is_shared)))
    return sa.and_(owner.c.item_code == item_code, told)


def named() -> sa.Subquery:
    """The departments by what else they are called and nobody else is: names and local codes."""
    names = sa.union_all(
        *(
            sa.select(column.label("name"), department.c.code).where(
                department.c.deleted_at.is_(None), column.is_not(None)
            )
            for column in (
                department.c.name,
                department.c.short_name,
                department.c.local_code,
            )
        )
    ).subquery("called")
    return (
        sa.select(names.c.name, sa.func.min(names.c.code).label("code"))
        .group_by(names.c.name)
        .having(sa.func.count(names.c.code.distinct()) == 1)
        .subquery("named")
    )


def _known(name: str) -> sa.Subquery:
    return (
        sa.select(department.c.code)
        .where(department.c.deleted_at.is_(None))
        .distinct()
        .subquery(name)
    )


def _local(name: str) -> sa.Subquery:
    """The departments by their local code (部门编码), which exchange columns carry."""
    return (
        sa.select(department.c.local_code, sa.func.min(department.c.code).label("code"))
        .where(department.c.deleted_at.is_(None), department.c.local_code.is_not(None))
        .group_by(department.c.local_code)
        .subquery(name)
    )


def _departments(attribute_to: str, named: Sources) -> sa.Select[Any]:
    """The department of each queued record: the first that the directory knows."""
    b = behavior
    queue = sa.select(to_judge.c.behavior_id).scalar_subquery()
    check = behavior.alias("its_check")
    asked = sa.select(b.c.check_action_code).where(b.c.id.in_(queue))
    of_check = (
        sa.select(check.c.action_code, sa.func.min(check.c.department).label("department"))
        .where(
            check.c.kind == Kind.CHECK,
            check.c.action_code.in_(asked),
            check.c.department != UNKNOWN_DEPARTMENT,
            is_live(check),
        )
        .group_by(check.c.action_code)
        .subquery("of_check")
    )
    owner, act = owners(), behavior.alias("its_act")
    of_items = (
        sa.select(behavior_item.c.behavior_id, sa.func.min(owner.c.department).label("department"))
        .join(act, act.c.id == behavior_item.c.behavior_id)
        .join(owner, owns(owner, behavior_item.c.item_code, basis_on(act, sa.null())))
        .where(behavior_item.c.behavior_id.in_(queue))
        .group_by(behavior_item.c.behavior_id)
        .having(sa.func.count(owner.c.department.distinct()) == 1)
        .subquery("of_items")
    )
    institution, listed, delivered, configured = map(
        _known, ("institution", "listed", "delivered", "configured")
    )
    local = _local("local")
    code: sa.ColumnElement[Any] = b.c.implement_institution_code
    if attribute_to == "entrusted":
        code = sa.func.coalesce(b.c.entrust_dept_code, code)
    value = sa.func.coalesce(
        institution.c.code,
        listed.c.code,
        of_check.c.department,
        of_items.c.department,
        delivered.c.code,
        local.c.code,
        configured.c.code,
        UNKNOWN_DEPARTMENT,
    )
    return sa.select(b.c.id, value.label("value")).select_from(
        # the queue first: of so many joins PostgreSQL leaves the last ones where they stand
        to_judge.join(b, b.c.id == to_judge.c.behavior_id)
        .outerjoin(institution, institution.c.code == code)
        .outerjoin(listed, listed.c.code == sa.func.substr(b.c.implement_list_code, 1, CODE_LENGTH))
        .outerjoin(of_check, of_check.c.action_code == b.c.check_action_code)
        .outerjoin(of_items, of_items.c.behavior_id == b.c.id)
        .outerjoin(delivered, delivered.c.code == b.c.cd_source)
        .outerjoin(local, local.c.local_code == b.c.cd_source)
        .outerjoin(configured, configured.c.code == of_source(named, b.c.source))
    )

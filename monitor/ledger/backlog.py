"""The backlog (积压): the units not cleared now, and an event for each that came, changed or left.

A unit keeps its history when an expected row gets its record: it is the same unit. Pending records
that wait for the office stand here too, not charged.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sa

from monitor.ledger import exemptions, scratch
from monitor.ledger.causes import CHANGED_BY, CLEARED_BY, Cause
from monitor.ledger.days import DayEnd
from monitor.ledger.obligations import among, is_live, item_has_ended, seen
from monitor.store import planner
from monitor.store.tables import (
    backlog,
    backlog_event,
    behavior,
    behavior_item,
    expected,
    unit,
)
from monitor.store.types import Id, Instant

_standing = scratch.table(
    "ledger_standing",
    sa.Column("previous", Id),  # the backlog row of the same unit
    *(sa.Column(column.name, column.type) for column in backlog.columns if column.name != "id"),
    sa.Index("ix_ledger_standing_previous", "previous"),
)
_looked_at = scratch.table(
    "ledger_looked_at", sa.Column("id", Id, primary_key=True, autoincrement=False)
)
_IS_LOOKED_AT = backlog.c.id.in_(sa.select(_looked_at.c.id))
_CONTENT = [column.name for column in backlog.columns if column.name != "id"]
_AT: sa.BindParameter[datetime] = sa.bindparam("found_at", type_=Instant())
_LOOK: sa.BindParameter[int] = sa.bindparam("found_by", type_=sa.Integer())
"""The moment of events: who writes them tells it."""
_NOTHING = sa.cast(sa.null(), Id)
_NOBODY = sa.cast(sa.null(), sa.Text)
_EVENT = [column.name for column in backlog_event.columns if column.name != "id"]


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is found: by which look, and at which instant."""

    look: int
    at: datetime

    def told(self) -> Mapping[str, Any]:
        """The moment as statements that write events take it."""
        return {_AT.key: self.at, _LOOK.key: self.look}


def record(
    connection: sa.Connection,
    now: Moment,
    closed: str,
    lines: Collection[tuple[str, str]],
) -> None:
    """Bring the backlog to what `seen` says of the units in `among`, an event for every difference.

    `closed` is the latest month that is closed `now`, `lines` the departments that ended, each
    with every one that may have followed it. The table `unit` still holds what the units were.
    Events and rows go in one transaction, so a crash before its end repeats both.
    """
    with scratch.made(connection, _standing, _looked_at):
        connection.execute(_listing_looked_at())
        planner.look_over(connection, _looked_at)
        connection.execute(_listing_standing())
        planner.look_over(connection, _standing)
        for insert in _noting(frozenset(lines)):
            connection.execute(insert, {**now.told(), "closed": closed})
        for statement in _replacing():
            connection.execute(statement)


@lru_cache(maxsize=16)
def _noting(lines: frozenset[tuple[str, str]]) -> Sequence[sa.Insert]:
    """To note events of every sort, for the `lines` that `record` knows."""
    events = (_entered(), _changed(), _handed_over(), *_moved(lines), _left(lines))
    return [sa.insert(backlog_event).from_select(_EVENT, each) for each in events]


@cache
def _listing_looked_at() -> sa.Insert:
    """The rows of the backlog that are of one of the units in `among`."""
    b, number = backlog.c, among.c.number
    by_record = sa.select(b.id).where(b.behavior_id.in_(sa.select(number)))
    by_expected = sa.select(b.id).where(
        b.behavior_id.is_(None), b.expected_id.in_(sa.select(-number).where(number < 0))
    )
    rows = by_record.union(by_expected)
    return sa.insert(_looked_at).from_select(["id"], rows)


@cache
def _listing_standing() -> sa.Insert:
    by_record, by_expected = backlog.alias("by_record"), backlog.alias("by_expected")
    still = seen.alias("still")
    stands = sa.exists().where(still.c.number == by_expected.c.behavior_id)
    free = sa.or_(by_expected.c.behavior_id.is_(None), sa.not_(stands))
    query = (
        sa.select(
            sa.func.coalesce(by_record.c.id, by_expected.c.id),
            seen.c.department,
            seen.c.month,
            seen.c.heirs,
            seen.c.kind,
            seen.c.behavior_id,
            seen.c.expected_id,
            seen.c.reason,
            seen.c.charged,
            DayEnd(seen.c.reason_due_on),
        )
        .select_from(
            seen.outerjoin(by_record, by_record.c.behavior_id == seen.c.behavior_id).outerjoin(
                by_expected, sa.and_(by_expected.c.expected_id == seen.c.expected_id, free)
            )
        )
        .where(seen.c.reason.is_not(None))
    )
    return sa.insert(_standing).from_select(["previous", *_CONTENT], query)


def number_of(row: sa.FromClause) -> sa.ColumnElement[int]:
    """The number of the unit that a row of the backlog, or an event, is of."""
    return sa.func.coalesce(row.c.behavior_id, -row.c.expected_id)


def event(
    row: sa.FromClause,
    from_reason: sa.ColumnElement[Any],
    to_reason: sa.ColumnElement[Any],
    cause: sa.ColumnElement[Any],
    by_behavior: sa.ColumnElement[Any] = _NOTHING,
    by_exemption: sa.ColumnElement[Any] = _NOTHING,
    was_number: sa.ColumnElement[Any] = _NOTHING,
    from_heirs: sa.ColumnElement[Any] = _NOBODY,
) -> sa.Select[Any]:
    """Events of `row`'s units; by which other record or exemption, where there is one.

    Whoever writes them tells the moment (`Moment.told`).
    """
    return sa.select(
        _AT,
        _LOOK,
        row.c.department,
        row.c.month,
        row.c.heirs,
        from_heirs,
        row.c.kind,
        row.c.behavior_id,
        row.c.expected_id,
        was_number,
        from_reason,
        to_reason,
        cause,
        by_behavior,
        by_exemption,
    )


def _entered() -> sa.Select[Any]:
    """Units that were not in the backlog: unknown until now, or cleared, or none that count."""
    n, was = _standing, unit.alias("was")
    known = sa.or_(
        sa.exists().where(unit.c.number == n.c.behavior_id),
        sa.exists().where(unit.c.expected_id == n.c.expected_id),
    )
    its_record_is_there = sa.exists().where(
        unit.c.expected_id == n.c.expected_id,
        behavior.c.id == unit.c.behavior_id,
        is_live(behavior),
    )
    cause = sa.case(
        (was.c.exempt, Cause.EXEMPT_NO_MORE.value),
        (was.c.duplicate, Cause.DUPLICATE_NO_MORE.value),
        (sa.and_(n.c.behavior_id.is_(None), its_record_is_there), Cause.MATCHED.value),
        (known, sa.case(CHANGED_BY, value=n.c.reason)),
        (n.c.month <= sa.bindparam("closed", type_=sa.Text()), Cause.FOUND_LATE.value),
        else_=Cause.FOUND.value,
    )
    entered = event(n, sa.null(), n.c.reason, cause).where(n.c.previous.is_(None))
    return entered.select_from(n.outerjoin(was, was.c.number == number_of(n)))


_CONTINUED = _standing.join(backlog, backlog.c.id == _standing.c.previous)
_HAS_MOVED = sa.or_(
    _standing.c.department != backlog.c.department, _standing.c.month != backlog.c.month
)


def move_cause(
    before: sa.ColumnElement[Any],
    after: sa.ColumnElement[Any],
    lines: Collection[tuple[str, str]],
) -> sa.Case[str]:
    """Why a unit stands in another department or month; `lines` are as in `record`."""
    followed = sa.tuple_(before, after).in_(sorted(lines))
    return sa.case(
        *([(followed, Cause.SUCCEEDED.value)] if lines else []),
        (before != after, Cause.TRANSFERRED.value),
        else_=Cause.DATE_CHANGED.value,
    )


def is_dated_out(row: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether the record or expected row of a unit that is none any more went to another month.

    To one that no units are made of, as those before the first statements.
    """
    return sa.or_(
        *(
            sa.exists()
            .where(table.c.id == key, table.c.deleted_at.is_(None), table.c.month != row.c.month)
            .correlate(row)
            for table, key in ((behavior, row.c.behavior_id), (expected, row.c.expected_id))
        )
    )


def _changed() -> sa.Select[Any]:
    """Units that stand under another reason, or are known from another record than before."""
    n = _standing
    same_reason, was = n.c.reason == backlog.c.reason, number_of(backlog)
    is_another = was != number_of(n)
    cause = sa.case((same_reason, Cause.MATCHED.value), else_=sa.case(CHANGED_BY, value=n.c.reason))
    changed = event(
        n,
        backlog.c.reason,
        n.c.reason,
        cause,
        was_number=sa.case((is_another, was)),
    )
    return changed.select_from(_CONTINUED).where(
        sa.or_(sa.not_(same_reason), is_another), sa.not_(_HAS_MOVED)
    )


def _handed_over() -> sa.Select[Any]:
    """Units that stay in their month, and that others answer for in later ones than before."""
    n, cause = _standing, sa.literal(Cause.SUCCEEDED.value)
    return (
        event(n, n.c.reason, n.c.reason, cause, from_heirs=backlog.c.heirs)
        .select_from(_CONTINUED)
        .where(n.c.heirs.is_distinct_from(backlog.c.heirs), sa.not_(_HAS_MOVED))
    )


def _moved(
    lines: Collection[tuple[str, str]],
) -> tuple[sa.Select[Any], sa.Select[Any]]:
    """A move is two events: out of the old month or department, into the new."""
    n = _standing
    cause = move_cause(backlog.c.department, n.c.department, lines)
    left = event(backlog, backlog.c.reason, sa.null(), cause)
    came = event(n, sa.null(), n.c.reason, cause)
    return (
        left.select_from(_CONTINUED).where(_HAS_MOVED),
        came.select_from(_CONTINUED).where(_HAS_MOVED),
    )


def _left(lines: Collection[tuple[str, str]]) -> sa.Select[Any]:
    """Units of the backlog that stand there no more, with what became of them."""
    by_record, by_expected, record = seen.alias("by_record"), seen.alias("by_expected"), behavior
    is_record = by_record.c.number.is_not(None)

    def then(name: str) -> sa.ColumnElement[Any]:
        """What the unit became: its record's, else its expected row's."""
        return sa.case((is_record, by_record.c[name]), else_=by_expected.c[name])

    gone = then("number").is_(None)
    department = then("department")
    moved = sa.or_(department != backlog.c.department, then("month") != backlog.c.month)
    was_withdrawn = sa.and_(backlog.c.behavior_id.is_(None), expected.c.deleted_at.is_not(None))
    is_twin = sa.and_(backlog.c.behavior_id.is_(None), expected.c.deleted_at.is_(None))
    cause = sa.case(
        (sa.and_(gone, was_withdrawn), Cause.WITHDRAWN.value),
        (sa.and_(gone, is_dated_out(backlog)), Cause.DATE_CHANGED.value),
        (sa.and_(gone, is_twin, item_has_ended()), Cause.ITEM_ENDED.value),
        (sa.and_(gone, is_twin), Cause.DUPLICATE.value),
        (gone, Cause.DELETED.value),
        (then("exempt"), Cause.EXEMPTED.value),
        (then("duplicate"), Cause.DUPLICATE.value),
        (moved, move_cause(backlog.c.department, department, lines)),
        (then("reason").is_not(None), Cause.MATCHED.value),
        else_=sa.case(CLEARED_BY, value=backlog.c.reason),
    )
    by_behavior = sa.case(
        (cause.in_([Cause.MATCHED.value, Cause.ENTERED.value]), by_expected.c.behavior_id),
        (cause == Cause.DUPLICATE.value, record.c.duplicate_of),
    )
    by_exemption = sa.case((cause == Cause.EXEMPTED.value, _exempted_by(by_record, by_expected)))
    continued = sa.exists().where(_standing.c.previous == backlog.c.id)
    return (
        event(backlog, backlog.c.reason, sa.null(), cause, by_behavior, by_exemption)
        .select_from(
            backlog.outerjoin(by_record, by_record.c.number == backlog.c.behavior_id)
            .outerjoin(by_expected, by_expected.c.expected_id == backlog.c.expected_id)
            .outerjoin(expected, expected.c.id == backlog.c.expected_id)
            .outerjoin(record, record.c.id == backlog.c.behavior_id)
        )
        .where(_IS_LOOKED_AT, sa.not_(continued))
    )


def _exempted_by(by_record: sa.FromClause, by_expected: sa.FromClause) -> sa.ScalarSelect[int]:
    """The exemption that took a unit of the backlog out."""
    coalesce = sa.func.coalesce

    def has_item(code: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        of_record = sa.exists().where(
            behavior_item.c.behavior_id == backlog.c.behavior_id, behavior_item.c.item_code == code
        )
        return sa.or_(expected.c.item_code == code, of_record.correlate_except(behavior_item))

    return exemptions.first_covering(
        coalesce(by_record.c.department, by_expected.c.department),
        coalesce(by_record.c.basis_on, by_expected.c.basis_on),
        coalesce(behavior.c.action_code, expected.c.action_code),
        has_item,
    )


@cache
def _replacing() -> Sequence[sa.Delete | sa.Insert]:
    """To replace the rows that differ; those of unchanged units are not touched."""
    n = _standing
    same = sa.exists().where(
        n.c.previous == backlog.c.id,
        *(n.c[name].is_not_distinct_from(backlog.c[name]) for name in _CONTENT),
    )
    there = sa.exists().where(backlog.c.id == n.c.previous)
    # a new one is not looked up, see `units.take_over`
    is_new = sa.or_(n.c.previous.is_(None), sa.not_(there))
    new = sa.select(*(n.c[name] for name in _CONTENT)).where(is_new)
    return (
        sa.delete(backlog).where(_IS_LOOKED_AT, sa.not_(same)),
        sa.insert(backlog).from_select(_CONTENT, new),
    )

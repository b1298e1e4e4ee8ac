"""The bygone backlog (往日积压): the units that stood in the backlog after a look, by its events.

A unit stands there as its last event says, until another event closes that one: it leaves, changes,
or goes on under another number (`was_number`). Nothing is judged again.
"""

import sqlalchemy as sa

from monitor.ledger import succession
from monitor.ledger.backlog import number_of
from monitor.store.tables import backlog_event
from monitor.words import DISTRICT
from monitor.workdays import Month


def standing(connection: sa.Connection, look: int, department: str, month: Month) -> sa.Subquery:
    """The last events of the units that a department's statement for `month` held after a look.

    Beside the event's columns they have `number`. Of the district all units of the months up to
    then. Events before looks were kept count as those of the first.
    """
    e, whose = backlog_event, _whose(connection, department)
    known = sa.and_(e.c.look <= look, whose)
    own, before = number_of(e), sa.func.coalesce(e.c.was_number, number_of(e))
    opened = _last(own, sa.and_(known, e.c.to_reason.is_not(None))).subquery("opened")
    closed = _last(before, sa.and_(known, e.c.from_reason.is_not(None))).subquery("closed")
    stays = sa.or_(closed.c.event.is_(None), closed.c.event <= opened.c.event)
    rows = (
        sa.select(e, opened.c.number)
        .select_from(
            sa.join(opened, e, e.c.id == opened.c.event).outerjoin(
                closed, closed.c.number == opened.c.number
            )
        )
        .where(stays, e.c.month <= str(month))
    )
    if department != DISTRICT:
        paths = succession.paths(connection, e)
        rows = rows.where(succession.owner_in(e, sa.literal(str(month)), paths) == department)
    return rows.subquery("standing")


def _last(number: sa.ColumnElement[int], which: sa.ColumnElement[bool]) -> sa.Select[int, int]:
    """By number the last event."""
    last = sa.func.max(backlog_event.c.id).label("event")
    return sa.select(number.label("number"), last).where(which).group_by(number)


def _whose(connection: sa.Connection, department: str) -> sa.ColumnElement[bool]:
    """The events of a department, and of those whose units it took over."""
    e = backlog_event
    if department == DISTRICT:
        return sa.true()
    taken = [
        path
        for path in succession.paths(connection, e)
        if department in (code for _since, code in succession.parsed(path))
    ]
    if not taken:
        return e.c.department == department
    followed = connection.scalars(sa.select(e.c.department).where(e.c.heirs.in_(taken)).distinct())
    return e.c.department.in_(sorted({department, *followed}))

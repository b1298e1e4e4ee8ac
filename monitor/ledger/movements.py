"""Movements (进出): what came into a department's backlog and what left it, by day and cause.

Events tell them. A unit that passes to another department or month leaves the one and comes to the
other; what a department leaves comes to who follows it. Waiting records (待审) stand in the backlog
here, whoever answers for them. A unit of a month that is still to come counts from its first day.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time

import sqlalchemy as sa

from monitor.ledger import succession
from monitor.ledger.causes import MOVED_OUT, Cause
from monitor.ledger.days import LocalDay, MonthOf
from monitor.store.tables import backlog_event
from monitor.words import DISTRICT
from monitor.workdays import ZONE, Month

_LAST = sa.literal(succession.EVER)


@dataclass(frozen=True, slots=True)
class Movement:
    """How many units came and left, by cause."""

    came: Counter[Cause] = field(default_factory=Counter)
    left: Counter[Cause] = field(default_factory=Counter)

    @property
    def cleared(self) -> int:
        """How many left because what was missing had been done."""
        return self.left.total() - self.moved_out

    @property
    def moved_out(self) -> int:
        """How many left without having been cleared (移出)."""
        return sum(self.left[cause] for cause in MOVED_OUT)


def read(
    connection: sa.Connection, department: str, since: date, until: datetime
) -> Iterator[tuple[date, Movement]]:
    """The movements of a department, or the district, from a day up to an instant, by day."""
    e, begun = backlog_event.c, datetime.combine(since, time(), ZONE)
    day = LocalDay(e.at)
    month = sa.case((e.month > MonthOf(day), e.month))
    came, left = _ways(connection, department)
    query = (
        sa.select(
            day, month, e.cause, *(sa.func.sum(sa.case((way, 1), else_=0)) for way in (came, left))
        )
        .where(
            sa.or_(e.at >= begun, e.month > str(Month.of(since))), e.at <= until, sa.or_(came, left)
        )
        .group_by(day, month, e.cause)
        .order_by(day, month, e.cause)
    )
    for on, begins, cause, entered, gone in connection.execute(query):
        movement = Movement(*(+Counter({Cause(cause): count}) for count in (entered, gone)))
        yield max(on, Month.parse(begins).first) if begins else on, movement


def _ways(
    connection: sa.Connection, department: str
) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    """Whether an event is of a unit that came, and whether it is of one that left."""
    e = backlog_event.c
    stands, stood = e.to_reason.is_not(None), e.from_reason.is_not(None)
    came, left = sa.and_(stands, sa.not_(stood)), sa.and_(stood, sa.not_(stands))
    if department == DISTRICT:
        return came, left
    handed = sa.and_(stands, stood, e.cause == Cause.SUCCEEDED.value)
    paths = succession.paths(connection, backlog_event)
    is_its = succession.owner_in(backlog_event, _LAST, paths) == department
    was_its = succession.owner_before(backlog_event, paths) == department
    return (
        sa.and_(is_its, sa.or_(came, handed)),
        sa.or_(sa.and_(is_its, left), sa.and_(was_its, handed)),
    )

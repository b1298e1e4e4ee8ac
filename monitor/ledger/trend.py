"""The trend (走势): how a department's backlog went, day by day, as statements said it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time

import sqlalchemy as sa

from monitor.ledger import movements, past, statements
from monitor.ledger.movements import Movement
from monitor.ledger.statements import Statement
from monitor.store.tables import look
from monitor.workdays import ZONE, Month, local_day


@dataclass(frozen=True, slots=True)
class Day:
    """What the last look of a day said, and what came and left since that of the day before.

    The figures are those of the newest month's statement, whose backlog is that of all months
    before it, too; a department that answers for nothing any more has none of its own. What came
    and left adds up to the difference of backlog and pending from day to day.
    """

    day: date
    as_of: datetime
    month: Month
    backlog: int = 0
    pending: int = 0
    overdue: int = 0
    carried: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    movement: Movement = field(default_factory=Movement)


def read(
    connection: sa.Connection, department: str, since: date, until: datetime | None = None
) -> list[Day]:
    """The days from `since` on at which there was a look, oldest first; up to `until` if given.

    Those on which the department had no statement and nothing came or left are left out.
    """
    begun = datetime.combine(since, time(), ZONE)
    query = (
        sa.select(look.c.number, look.c.at, look.c.as_of)
        .where(look.c.at >= begun, sa.true() if until is None else look.c.at <= until)
        .order_by(look.c.at, look.c.number)
    )
    made = {local_day(row.at): row for row in connection.execute(query)}
    if not made:
        return []
    said: dict[int, Statement] = {}
    as_of = {row.number: row.as_of for row in made.values()}
    for number, rows in past.walk(connection, department, list(as_of)):
        place = (department, str(Month.of(local_day(as_of[number]))))
        if place in rows:
            said[number] = statements.of_row(place, rows[place], as_of[number])
    moved = {day: Movement() for day in made}
    last = max(row.at for row in made.values())
    for on, movement in movements.read(connection, department, since, last):
        if (day := min((each for each in made if each >= on), default=None)) is not None:
            moved[day].came.update(movement.came)
            moved[day].left.update(movement.left)
    return [
        _day(day, row.as_of, said.get(row.number), moved[day])
        for day, row in made.items()
        if row.number in said or moved[day].came.total() or moved[day].left.total()
    ]


def _day(day: date, as_of: datetime, said: Statement | None, movement: Movement) -> Day:
    if said is None:
        return Day(day, as_of, Month.of(local_day(as_of)), movement=movement)
    return Day(
        day,
        as_of,
        said.month,
        said.backlog,
        said.pending,
        said.overdue,
        said.carried,
        said.reasons,
        movement,
    )

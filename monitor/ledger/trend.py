"""The trend (走势): how a department's backlog went, day by day, as statements said it."""

from dataclasses import dataclass
from datetime import date, datetime, time

import sqlalchemy as sa

from monitor.ledger import past, statements
from monitor.ledger.statements import Statement
from monitor.store.tables import look
from monitor.workdays import ZONE, local_day


@dataclass(frozen=True, slots=True)
class Day:
    """What the last look of a day said.

    The statement is that of the newest month: its backlog is that of all months before it, too.
    """

    day: date
    statement: Statement


def read(
    connection: sa.Connection, department: str, since: date, until: datetime | None = None
) -> list[Day]:
    """The days from `since` on at which there was a look, oldest first; up to `until` if given."""
    begun = datetime.combine(since, time(), ZONE)
    query = (
        sa.select(look.c.number, look.c.at, look.c.as_of)
        .where(look.c.at >= begun, sa.true() if until is None else look.c.at <= until)
        .order_by(look.c.at, look.c.number)
    )
    last = {local_day(row.at): row for row in connection.execute(query)}
    made = {row.number: row for row in last.values()}
    days = []
    for number, rows in past.walk(connection, department, list(made)):
        if rows:
            place = max(rows, key=lambda place: place[1])
            said = statements.of_row(place, rows[place], made[number].as_of)
            days.append(Day(local_day(made[number].at), said))
    return sorted(days, key=lambda each: each.day)

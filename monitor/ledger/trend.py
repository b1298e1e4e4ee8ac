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
        sa.select(look.c.number, look.c.as_of)
        .where(look.c.as_of >= begun, sa.true() if until is None else look.c.as_of <= until)
        .order_by(look.c.as_of, look.c.number)
    )
    last = {local_day(as_of): (number, as_of) for number, as_of in connection.execute(query)}
    instants = dict(last.values())
    days = []
    for number, rows in past.walk(connection, department, list(instants)):
        if rows:
            place = max(rows, key=lambda place: place[1])
            as_of = instants[number]
            said = statements.of_row(place, rows[place], as_of)
            days.append(Day(local_day(as_of), said))
    return sorted(days, key=lambda each: each.day)

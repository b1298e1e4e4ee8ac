"""Revisions (封存版次): which seal of a month holds, and how a month is reopened (重新打开).

A seal is never changed and never deleted. Reopening a month says of its seal that it holds no
longer; the next one is of a revision of its own, and says which seal it follows and why.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from monitor.errors import EntryError
from monitor.ledger import audit, looks, past
from monitor.store import queue
from monitor.store.tables import reopening, seal, statement
from monitor.words import MonthState
from monitor.workdays import Month


@dataclass(frozen=True, slots=True)
class Reopening:
    """A seal that holds no longer, since when and why; who said so is in the audit trail."""

    month: Month
    revision: int
    at: datetime
    reason: str


def holds(at: datetime | None = None) -> sa.ColumnElement[bool]:
    """The condition that a row of `seal` is the one that holds for its month, or held then."""
    is_reopened = sa.exists().where(
        reopening.c.month == seal.c.month, reopening.c.revision == seal.c.revision
    )
    if at is None:
        return sa.not_(is_reopened)
    return sa.and_(seal.c.sealed_at <= at, sa.not_(is_reopened.where(reopening.c.at <= at)))


_SEALED = sa.select(seal.c.month).where(holds())


def sealed_months(connection: sa.Connection) -> frozenset[str]:
    """The months that have a seal which holds."""
    return frozenset(connection.scalars(_SEALED))


def read(connection: sa.Connection) -> Mapping[tuple[str, int], Reopening]:
    """All reopenings, by month and the revision that holds no longer."""
    return {
        (row.month, row.revision): Reopening(
            Month.parse(row.month), row.revision, row.at, row.reason
        )
        for row in connection.execute(sa.select(reopening))
    }


def waiting(connection: sa.Connection) -> Mapping[str, Reopening]:
    """The months that were reopened and are not sealed anew yet, with the last reopening."""
    sealed = sealed_months(connection)
    found = sorted(read(connection).items())
    return {month: each for (month, _), each in found if month not in sealed}


def waiting_places(connection: sa.Connection) -> frozenset[tuple[str, str]]:
    """Departments and months of the seals that hold no longer and are not followed yet."""
    month_and_revision = [(month, each.revision) for month, each in waiting(connection).items()]
    if not month_and_revision:
        return frozenset()
    query = sa.select(seal.c.month, seal.c.document).where(
        sa.tuple_(seal.c.month, seal.c.revision).in_(month_and_revision)
    )
    return frozenset(
        (each["department"], row.month)
        for row in connection.execute(query)
        for each in row.document["statements"]
    )


def reopen(
    connection: sa.Connection, month: Month, now: datetime, by: str, reason: str, earliest: Month
) -> Reopening:
    """Reopen a sealed month: it is open until a check seals it anew.

    `earliest` is the first month that statements are still made of: one before it could not be
    sealed any more. Runs in the caller's transaction, and waits for a check that is at work.

    Raises EntryError for a month that isn't sealed or is too old, and where there is no reason.
    """
    queue.hold(connection)
    audit.refuse_blank("a reason for reopening", reason)
    query = sa.select(seal).where(seal.c.month == str(month), holds())
    found = connection.execute(query).one_or_none()
    if found is None:
        why = "is reopened already" if str(month) in waiting(connection) else "has no seal"
        raise EntryError(f"expected a sealed month, found {month}, which {why}")
    if month < earliest:
        raise EntryError(
            f"expected a month that statements are still made of ({earliest} or later), "
            f"found {month}"
        )
    if now < found.sealed_at:
        raise EntryError(
            f"expected an instant after {month} was sealed ({found.sealed_at.isoformat()}), "
            f"found {now.isoformat()}"
        )
    said = {"month": str(month), "revision": found.revision, "reason": reason}
    connection.execute(sa.insert(reopening).values(at=now, **said))
    _open_statements(connection, month, now)
    audit.note(connection, now, by, "reopen", said | {"hash": found.hash})
    return Reopening(month, found.revision, now, reason)


def _open_statements(connection: sa.Connection, month: Month, now: datetime) -> None:
    """Say of a month's statements that it is open, and keep what they said before."""
    here = statement.c.month == str(month)
    opened = {"sealed_state": None, "current_state": MonthState.OPEN.value, "late": None}
    if (look := looks.follow(connection, now)) is not None:
        rows = [row._asdict() for row in connection.execute(sa.select(statement).where(here))]
        past.keep(
            connection,
            look,
            [((row["department"], row["month"]), row, row | opened) for row in rows],
        )
    connection.execute(sa.update(statement).where(here).values(opened))

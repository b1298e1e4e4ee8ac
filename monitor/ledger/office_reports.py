"""Zero reports that the office files for a department by hand (零报送登记), and all that there are.

They are rows of `zero_report` like those of a feed, of the source `office`, one for a department's
month. Filing again what is filed changes nothing. All calls run in the caller's transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import sqlalchemy as sa

from monitor.errors import EntryError
from monitor.ledger import audit, zero_reports
from monitor.store.tables import statement, zero_report
from monitor.store.types import canonical
from monitor.store.upsert import insert_into
from monitor.words import BY_HAND, DISTRICT, UNKNOWN_DEPARTMENT
from monitor.workdays import Month, local_day

_HOLDS = zero_report.c.deleted_at.is_(None)


@dataclass(frozen=True, slots=True)
class ZeroReport:
    """A zero report that holds, and how many obligations of the month the last check counted.

    `obligations` above 0 contradict it; None where the month has no statement yet.
    """

    department: str
    month: Month
    filed_at: datetime
    filed_by: str | None
    source: str
    obligations: int | None

    @property
    def contradicted(self) -> bool:
        """Whether the department has something in the month after all."""
        return bool(self.obligations)


def file(
    connection: sa.Connection, department: str, month: Month, now: datetime, by: str, note: str
) -> bool:
    """File a zero report; False where the office has filed it already.

    Raises EntryError for a month that has not begun, and for what is no department.
    """
    if department in (DISTRICT, UNKNOWN_DEPARTMENT):
        raise EntryError(f"expected a department that can report, found {department!r}")
    if month > (current := Month.of(local_day(now))):
        raise EntryError(f"expected a month that has begun ({current} or before), found {month}")
    here = _place(department, month)
    if connection.scalar(sa.select(zero_report.c.id).where(*here, _HOLDS)) is not None:
        return False
    said = {"department": department, "month": str(month), "note": note}
    values = {
        "department": department,
        "month": str(month),
        "filed_at": now,
        "filed_by": by,
        "source": BY_HAND,
        "record_id": f"{department}|{month}",
        "content_hash": sha256(canonical(said).encode()).hexdigest(),
        "raw": {"note": note} if note else None,
        "first_seen_at": now,
        "deleted_at": None,
    }
    insert = insert_into(connection, zero_report).values(values)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["source", "record_id"],
            set_={name: insert.excluded[name] for name in values},
        )
    )
    audit.note(connection, now, by, "zero_report.file", said)
    return True


def withdraw(
    connection: sa.Connection, department: str, month: Month, now: datetime, by: str, reason: str
) -> None:
    """Withdraw a zero report of the office's; the row stays, marked as withdrawn.

    Raises EntryError where no reason is given, and where the office filed none: one of a feed is
    withdrawn by its source.
    """
    audit.refuse_blank("a reason for the withdrawal", reason)
    here = _place(department, month)
    gone = connection.execute(
        sa.update(zero_report).where(*here, _HOLDS).values(deleted_at=now)
    ).rowcount
    if not gone:
        feeds = {each.source for each in read(connection, month) if each.department == department}
        found = f"one that {', '.join(sorted(feeds))} delivers" if feeds else "none"
        raise EntryError(
            f"expected a zero report of {department} for {month} that was filed by hand, "
            f"found {found}"
        )
    said = {"department": department, "month": str(month), "reason": reason}
    audit.note(connection, now, by, "zero_report.withdraw", said)


def read(
    connection: sa.Connection, month: Month | None = None, at: datetime | None = None
) -> Sequence[ZeroReport]:
    """The zero reports that hold, whoever filed them, by month, department and source.

    Those that were known at an earlier instant where one is given; `obligations` are today's.
    """
    z, s = zero_report.c, statement.c
    query = (
        sa.select(zero_report, s.obligations)
        .outerjoin(statement, sa.and_(s.department == z.department, s.month == z.month))
        .where(zero_reports.holds(at))
        .order_by(z.month, z.department, z.source)
    )
    if month is not None:
        query = query.where(z.month == str(month))
    return [
        ZeroReport(
            department=row.department,
            month=Month.parse(row.month),
            filed_at=row.filed_at or row.first_seen_at,
            filed_by=row.filed_by,
            source=row.source,
            obligations=row.obligations,
        )
        for row in connection.execute(query)
    ]


def _place(department: str, month: Month) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        zero_report.c.source == BY_HAND,
        zero_report.c.department == department,
        zero_report.c.month == str(month),
    )

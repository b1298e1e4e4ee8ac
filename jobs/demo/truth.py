"""What is wrong in the demonstration, row by row: whatever isn't in here is right."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from jobs.demo.days import AUDIT_LIMIT, ENTRY_LIMIT, LINK_LIMIT, RETURN_LIMIT, Days, month_of
from jobs.demo.district import Department
from jobs.demo.record import Record
from monitor.words import Status


class Outcome(StrEnum):
    """What becomes of what was done to a record."""

    REPAIRED = "repaired"  # read as it was meant: no finding
    MALFORMED = "malformed"  # lands as nothing, named as malformed, and fails a rule
    FINDING = "finding"  # fails a rule
    UNMEASURABLE = "unmeasurable"  # wrong, and nothing in the data says so
    REASON = "reason"  # a backlog unit without anything wrong in it
    DEPARTMENT = "department"  # of a department's month, not of a record


@dataclass(frozen=True, slots=True)
class TruthRow:
    """One thing that is wrong, or was and is repaired.

    `rule` is the id of the failed rule, the backlog reason, or a word for what was done; `reason`
    the backlog reason that follows, empty where none does; `due_on` the last day of that unit's
    limit; `meant` what a cell must be read as although it was written otherwise.
    """

    kind: str
    source: str
    record_id: str
    action_code: str
    department: str
    month: str
    rule: str
    outcome: str
    column: str = ""
    reason: str = ""
    due_on: str = ""
    meant: str = ""


class Truth:
    """Collects the rows while defects are put in."""

    def __init__(self, days: Days) -> None:
        self._days = days
        self.rows: list[TruthRow] = []

    def add(
        self, record: Record, rule: str, outcome: Outcome, column: str = "", meant: str = ""
    ) -> None:
        """Something was done to `record` from which nothing follows."""
        self.rows.append(self._row(record, rule, outcome, column, meant=meant))

    def finding(
        self,
        record: Record,
        rule: str,
        reason: str,
        *,
        column: str = "",
        outcome: Outcome = Outcome.FINDING,
        department: str | None = None,
        basis: date | None = None,
    ) -> None:
        """`record` fails `rule`, and is a backlog unit for `reason` unless that is empty.

        `department` and `basis` (the day that the month and the due day count from) are given where
        they aren't those of the act.
        """
        row = self._row(record, rule, outcome, column, reason, basis)
        self.rows.append(row if department is None else replace(row, department=department))

    def reason(self, record: Record, reason: str) -> None:
        """`record` is a backlog unit for `reason` with nothing wrong in it."""
        self.rows.append(self._row(record, reason, Outcome.REASON, reason=reason))

    def unentered(self, record: Record, source: str, record_id: str, action_code: str) -> None:
        """The act is known from `source` only."""
        month = month_of(record.occurred_on)
        due = self._days.due(month, record.occurred_on, ENTRY_LIMIT[record.kind])
        self.rows.append(
            TruthRow(
                kind=record.kind.value,
                source=source,
                record_id=record_id,
                action_code=action_code,
                department=record.department.code,
                month=month,
                rule="unentered",
                outcome=Outcome.REASON.value,
                reason="unentered",
                due_on=due.isoformat(),
            )
        )

    def silence(
        self,
        departments: Sequence[Department],
        records: Iterable[Record],
        case_months: Iterable[tuple[str, str]],
        reported: Iterable[tuple[str, str]],
    ) -> None:
        """Say of each department's month without an obligation whether it was reported as zero.

        Months are those of the acts; `case_months` and `reported` are (department, month).
        """
        busy = set(case_months)
        moved = {
            (row.source, row.record_id): (row.department, row.month)
            for row in self.rows
            if row.outcome in (Outcome.FINDING, Outcome.MALFORMED)
        }
        for record in records:
            if record.withdrawn or record.late_copy or record.status is Status.DELETED:
                continue
            own = record.department.code, month_of(record.occurred_on)
            busy.add(moved.get((record.source, record.record_id), own))
        filed = set(reported)
        for department in departments:
            for month in sorted({*self._days.months, month_of(self._days.now.date())}):
                cell = department.code, month
                if cell in busy and cell not in filed:
                    continue
                rule = "contradicted" if cell in busy else "zero_report"
                self.rows.append(
                    TruthRow(
                        kind="",
                        source="zero-reports" if cell in filed else "",
                        record_id="",
                        action_code="",
                        department=department.code,
                        month=month,
                        rule=rule if cell in filed else "silent",
                        outcome=Outcome.DEPARTMENT.value,
                    )
                )

    def write(self, path: Path) -> None:
        """Write the rows as CSV, sorted."""
        key = ("source", "record_id", "department", "month", "rule")
        rows = sorted(map(asdict, self.rows), key=lambda row: [row[name] for name in key])
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, [f.name for f in fields(TruthRow)], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    def _row(
        self,
        record: Record,
        rule: str,
        outcome: Outcome,
        column: str = "",
        reason: str = "",
        basis: date | None = None,
        meant: str = "",
    ) -> TruthRow:
        day = basis or record.occurred_on
        return TruthRow(
            kind=record.kind.value,
            source=record.source,
            record_id=record.record_id,
            action_code=record.action_code,
            department=record.department.code,
            month=month_of(day),
            rule=rule,
            outcome=outcome.value,
            column=column,
            reason=reason,
            due_on=self._due(record, reason, day).isoformat() if reason else "",
            meant=meant,
        )

    def _due(self, record: Record, reason: str, day: date) -> date:
        """The last day of the unit's limit, its month and entry limit counted from `day`."""
        month = month_of(day)
        if reason == "returned":
            return self._days.due(month, record.status_at.date(), RETURN_LIMIT)
        if reason == "pending" and record.submitted_at is not None:
            return self._days.due(month, record.submitted_at.date(), AUDIT_LIMIT)
        return self._days.due(month, day, ENTRY_LIMIT[record.kind])


def child_is_overdue(occurred_on: date, now: datetime) -> bool:
    """Whether a check of `occurred_on` should have led to its act by now."""
    return now.date() - occurred_on > LINK_LIMIT + timedelta(days=1)

"""Where behaviours stand: drafts, returned, pending, deleted, withdrawn and copied.

Only untidy departments have what is charged to them. What is chosen here is touched and gets no
defect besides.
"""

from collections.abc import Callable, Sequence
from copy import copy
from datetime import date, datetime, time, timedelta
from random import Random

from jobs.demo.days import AUDIT_LIMIT, Days
from jobs.demo.district import Habit
from jobs.demo.record import EXCHANGED, Record
from jobs.demo.truth import Outcome, Truth
from monitor.words import Kind, Status

_DRAFTS, _RETURNED, _WAITING = 0.012, 0.014, 0.008
_WITHDRAWN, _DELETED, _CORRECTED, _UPDATED = 0.006, 0.002, 0.006, 0.15
_COPIED = 0.002


class Standing:
    """Decides how each behaviour stands, and writes down what that means."""

    def __init__(self, records: list[Record], days: Days, random: Random) -> None:
        self.records = records
        self._days = days
        self._random = random

    def settle(self, truth: Truth) -> None:
        """Change `records` in place and add what follows to `truth`."""
        self._drafts()
        self._returned()
        self._waiting()
        self._deleted(truth)
        self._withdrawn(truth)
        self._copied(truth)
        self._histories(truth)
        for record in self.records:
            if record.status in (Status.DRAFT, Status.RETURNED, Status.PENDING):
                truth.reason(record, record.status.value)

    def _drafts(self) -> None:
        for record in self._some(_DRAFTS, lambda r: charged(r) and r.can_leave):
            saved_at = self._at(self._days.add(record.occurred_on, self._random.randint(0, 2)))
            record.status, record.status_at = Status.DRAFT, saved_at
            record.values["submitted_at"] = None

    def _returned(self) -> None:
        for record in self._some(_RETURNED, lambda r: charged(r) and r.can_leave):
            record.status = Status.RETURNED

    def _waiting(self) -> None:
        """Pending for longer than the office may take."""

        def fits(record: Record) -> bool:
            submitted_at = record.submitted_at
            return (
                charged(record)
                and not record.referred
                and submitted_at is not None
                and self._days.add(submitted_at.date(), AUDIT_LIMIT) < self._days.now.date()
            )

        for record in self._some(_WAITING, fits):
            record.status = Status.PENDING
            record.status_at = record.submitted_at or record.status_at

    def _deleted(self, truth: Truth) -> None:
        """Struck out in the platform, and said so in the status column."""
        files = [r for r in self.records if r.kind not in EXCHANGED]
        for record in self._some(_DELETED, lambda r: accepted(r) and r.can_leave, files):
            record.status = Status.DELETED
            truth.add(record, "status_deleted", Outcome.REPAIRED, column="status")
        orphaned = [
            r
            for r in self.records
            if r.kind is Kind.PUNISH and charged(r) and r.parent and r.parent.referred == 1
        ]
        for record in self._some(_DELETED, lambda r: charged(r.parent or r), orphaned):
            check = record.parent
            if check is not None:
                check.status, check.touched = Status.DELETED, True
                truth.add(check, "status_deleted", Outcome.REPAIRED, column="status")
                truth.finding(record, "punish.check_action_code.linked", "unlinked")

    def _withdrawn(self, truth: Truth) -> None:
        """Taken back by the source with operation d, after it had been inserted."""
        for kind in EXCHANGED:
            exchanged = [r for r in self.records if r.kind is kind]
            for record in self._some(_WITHDRAWN, lambda r: charged(r) and r.can_leave, exchanged):
                record.withdrawn = True
                truth.add(record, "withdrawn", Outcome.REPAIRED, column="cd_operation")

    def _copied(self, truth: Truth) -> None:
        """Delivered again under another record id: only the first is an obligation."""
        for kind in Kind:
            originals = [r for r in self.records if r.kind is kind]
            for record in self._some(_COPIED, lambda r: charged(r) and not r.referred, originals):
                twin = copy(record)
                twin.values, twin.written, twin.first_written = dict(record.values), {}, {}
                twin.record_id, twin.late_copy = f"{record.record_id}B", True
                self.records.append(twin)
                truth.finding(twin, f"{kind}.action_code.duplicate", "")

    def _histories(self, truth: Truth) -> None:
        """Rows of the front-end database that only make sense with the rows before them."""
        for kind in EXCHANGED:
            exchanged = [r for r in self.records if r.kind is kind and not r.late_copy]
            for record in self._some(_CORRECTED, accepted, exchanged):
                record.first_written["administrative_cp_ui_code"] = None
                truth.add(record, "corrected", Outcome.REPAIRED, column="party_id")
            for record in self._some(_CORRECTED, accepted, exchanged):
                record.never_inserted = True
                truth.add(record, "update_without_insert", Outcome.REPAIRED, column="cd_operation")
            for record in exchanged:
                if self._random.random() < _UPDATED and not record.touched:
                    record.first_written["submitted_personnel"] = "示范录入员"

    def _some(
        self, share: float, fits: Callable[[Record], bool], among: Sequence[Record] | None = None
    ) -> list[Record]:
        return some(self.records if among is None else among, share, fits, self._random)

    def _at(self, day: date) -> datetime:
        """Some working hour of `day`, but not later than now."""
        hour = datetime.combine(day, time(self._random.randint(9, 17), self._random.randint(0, 59)))
        return min(hour, self._days.now - timedelta(minutes=5))


def accepted(record: Record) -> bool:
    """Whether the record is accepted and nothing was done to it yet."""
    return record.status is Status.ACCEPTED and not record.touched


def charged(record: Record) -> bool:
    """Whether what happens to the record may be charged to its department."""
    return accepted(record) and record.department.habit is Habit.UNTIDY


def some(
    records: Sequence[Record], share: float, fits: Callable[[Record], bool], random: Random
) -> list[Record]:
    """A `share` of the records that fit, one at least where any does; they are touched by that.

    Whether one fits is asked again right before it is taken: taking one can change others.
    """
    candidates = [record for record in records if fits(record)]
    random.shuffle(candidates)
    wanted = max(1, round(len(candidates) * share))
    chosen: list[Record] = []
    for record in candidates:
        if len(chosen) == wanted:
            break
        if fits(record):
            record.touched = True
            chosen.append(record)
    return chosen

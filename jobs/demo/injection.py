"""Puts the defects into the district's records, each kind of defect in its turn."""

from collections.abc import Sequence
from itertools import cycle
from random import Random

from jobs.demo.days import Days, month_of
from jobs.demo.defect import Defect, defects
from jobs.demo.district import District, Habit
from jobs.demo.mishap import Mishap, mishaps
from jobs.demo.record import EXCHANGED, Record
from jobs.demo.truth import Outcome, Truth
from monitor.words import Kind, Status

_SHARE = 0.06
_STILL_WRONG = 0.25


def inject(
    records: Sequence[Record], district: District, days: Days, truth: Truth, random: Random
) -> None:
    """Go round the defects, a record each time, until each had its turn and 6 % have one.

    Only accepted records get one, and those that are charged with a backlog unit for it only in
    untidy departments.
    """
    recent = days.months[-2:]
    for kind in Kind:
        one_each: list[Defect | Mishap] = [*defects(kind), *mishaps(kind, district, days)]
        random.shuffle(one_each)
        # where records are few, that which nothing can find is there all the same
        one_each.sort(key=lambda defect: defect.outcome is not Outcome.UNMEASURABLE)
        again = [defect for defect in one_each for _ in range(defect.weight - 1)]
        kinds = [*one_each, *again]
        waiting = [
            record
            for record in records
            if record.kind is kind
            and record.status is Status.ACCEPTED
            and not record.late_copy
            # what went wrong long ago has mostly been put right
            and (month_of(record.occurred_on) in recent or random.random() < _STILL_WRONG)
        ]
        random.shuffle(waiting)
        wanted = max(round(len(waiting) * _SHARE), len(kinds))
        misses = 0
        for defect in cycle(kinds):
            if wanted == 0 or misses == len(kinds):
                break
            place = next((n for n, record in enumerate(waiting) if _may(record, defect)), None)
            if place is None:
                misses += 1
                continue
            misses = 0
            record = waiting.pop(place)
            record.touched = True
            defect.apply(record, random, truth)
            wanted -= 1


def _may(record: Record, defect: Defect | Mishap) -> bool:
    """Whether `record` may have `defect`: nothing else done to it, and nobody else hurt by it."""
    if record.touched or record.withdrawn or not defect.fits(record):
        return False
    if defect.outcome is Outcome.REPAIRED:
        # a serial number is what a spreadsheet makes of a date; a database doesn't
        return not (defect.name == "excel_serial" and record.kind in EXCHANGED)
    if record.values["implement_institution_code"] is None:
        return False
    return not defect.reason or record.department.habit is Habit.UNTIDY

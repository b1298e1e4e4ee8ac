"""The cases of the district: penalties that were decided, as the case system knows them."""

from dataclasses import dataclass
from datetime import date
from random import Random

from jobs.demo.record import Record
from jobs.demo.standing import charged, some
from jobs.demo.truth import Truth
from monitor.words import Kind

SOURCE = "cases"
_UNENTERED = 0.1


@dataclass(frozen=True, slots=True)
class Case:
    """A penalty that must be entered; one of action code and document number can be unknown."""

    case_id: str
    department: str
    action_code: str | None
    document_no: str | None
    item_code: str
    party_name: str
    decided_on: date


def hear_cases(records: list[Record], truth: Truth, random: Random) -> list[Case]:
    """A case for each penalty of the departments that feed cases, some of which stay unentered.

    Those are taken out of `records` and added to `truth`, with those that were entered and
    withdrawn.
    """
    known = [
        record
        for record in records
        if record.kind is Kind.PUNISH and record.department.feeds_cases and not record.late_copy
    ]
    unentered = some(known, _UNENTERED, lambda r: charged(r) and r.can_leave, random)
    absent = {record.record_id for record in unentered}
    cases = []
    for number, record in enumerate(known, start=1):
        # what was done to a record can have cost it either key, so its case keeps both
        roll = 0.0 if record.touched else random.random()
        case = Case(
            case_id=f"AJ{number:08d}",
            department=record.department.code,
            action_code=record.action_code if roll < 0.8 else None,
            document_no=str(record.values["document_no"]) if not 0.6 <= roll < 0.8 else None,
            item_code=record.item.code,
            party_name=str(record.values["party_name"]),
            decided_on=record.occurred_on,
        )
        cases.append(case)
        if record.record_id in absent or record.withdrawn:
            truth.unentered(record, SOURCE, case.case_id, case.action_code or "")
    records[:] = [record for record in records if record.record_id not in absent]
    return cases

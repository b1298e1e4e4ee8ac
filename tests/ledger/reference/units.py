"""Units of the reference: who owns each, where it stands, and what it counts for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tests.ledger.reference.world import (
    UNKNOWN,
    Expected,
    Item,
    Record,
    World,
    close_on,
    day_of,
    last_day,
    month_of,
    working_days_after,
)

LIMITS = {"check": 5, "punish": 7, "force": 5, "other": 5}
SUBMITTED = ("pending", "returned", "accepted")
NOT_SUBMITTED = "not_submitted"


@dataclass
class Unit:
    """One obligation, or a row that is none because it is a duplicate or exempt."""

    record: int | None
    expected: int | None
    kind: str
    owners: tuple[tuple[date, str], ...]  # from which day on who answers for it
    month: str
    due_on: date
    due_passed: bool
    counts: bool
    exempt: bool
    status: str | None
    in_time: bool
    valid: bool
    linked: bool
    once_returned: bool
    reason: str | None
    charged: bool
    reason_due_on: date
    overdue: bool
    cleared_at: datetime | None

    @property
    def department(self) -> str:
        """Who answers for it in the statement of its own month."""
        return self.owner_in(self.month)

    def owner_in(self, month: str) -> str:
        """Who answers for it in a month's statement."""
        return [code for since, code in self.owners if since <= last_day(month)][-1]


def followed(world: World, code: str) -> tuple[date, tuple[str, ...]] | None:
    """From which day on others answer for a department, and who; None where it goes on."""
    last, successors = world.departments.get(code), world.successors.get(code, ())
    if last is None or not successors or code in _all_after(world, code):
        return None
    return last + timedelta(days=1), successors


def _all_after(world: World, code: str) -> set[str]:
    """Every department that one of the ways from a department leads to."""
    found: set[str] = set()
    left = list(world.successors.get(code, ()))
    while left:
        each = left.pop()
        if each not in found:
            found.add(each)
            left += world.successors.get(each, ())
    return found


def _taker(world: World, successors: tuple[str, ...], item: str | None, on: date) -> str:
    """The one that owns the item on the day, else the first named."""
    owners = {i.owner for i in world.items if i.code == item and i.holds_on(on)} & {*successors}
    return owners.pop() if len(owners) == 1 and len(successors) > 1 else successors[0]


def _owners(world: World, code: str, item: str | None, today: date) -> tuple[tuple[date, str], ...]:
    owners = [(date.min, code)]
    while (ending := followed(world, owners[-1][1])) is not None and ending[0] <= today:
        on, successors = ending
        owners.append((max(on, owners[-1][0]), _taker(world, successors, item, on)))
    return tuple(owners)


def department_of(world: World, record: Record) -> str:
    """The first that is known: institution, list, the linked check's, the item's owner."""
    for code in (record.institution, (record.list_code or "")[:18]):
        if code in world.departments:
            return code
    if record.kind != "check":
        checks = [
            department_of(world, each)
            for each in world.records
            if each.live and each.kind == "check" and each.code == record.check_code
        ]
        if known := [code for code in checks if code != UNKNOWN]:
            return min(known)
    return _item_owner(world, record.item, basis_of(record, None))


def owner_of(world: World, expected: Expected) -> str:
    if expected.department is None:
        return _item_owner(world, expected.item, expected.on or day_of(expected.first_seen_at))
    return expected.department if expected.department in world.departments else UNKNOWN


def _item_owner(world: World, code: str | None, day: date) -> str:
    """Whose an item is: its only owner's; of one that passed on the owner's on the day."""
    entries = [each for each in world.items if each.code == code]
    owners = {each.owner for each in entries}
    if len(owners) > 1:
        owners = {each.owner for each in entries if each.holds_on(day)}
    return owners.pop() if len(owners) == 1 else UNKNOWN


def is_unproven(world: World, record: Record) -> bool:
    """Whether a pull should have brought the record as submitted, and did not."""
    sent, seen = record.submitted_at, record.submitted_seen_at
    if not sent or not seen:
        return False
    return any(sent + timedelta(hours=26) < pull < seen for pull in world.pulls)


def submission_day(world: World, record: Record) -> date | None:
    if is_unproven(world, record):
        assert record.submitted_seen_at is not None
        return day_of(record.submitted_seen_at)
    instant = record.submitted_at or record.submitted_seen_at
    return day_of(instant) if instant else None


def basis_of(record: Record, expected: Expected | None) -> date:
    """The day of occurrence, unless it is blank or still to come by all that is known."""
    if record.on is not None:
        known = [record.first_seen_at, record.submitted_at, record.status_at]
        if any(each is not None and record.on <= day_of(each) for each in known):
            return record.on
    if expected is not None and expected.on is not None:
        return expected.on
    return day_of(record.submitted_at or record.first_seen_at)


def status_now(record: Record) -> str:
    sent, held = record.submitted_at, record.status_at
    if record.status == "returned" and sent and held and sent > held:
        return "pending"
    return record.status


def status_as_of(world: World, record: Record, instant: datetime) -> str:
    """The status at a past instant, by what was seen and the instants that it names."""
    seen = record.submitted_seen_at if is_unproven(world, record) else record.submitted_at
    sent = {(each.submitted_at, each.submitted_at) for each in record.seen}
    sent -= {(record.submitted_at, record.submitted_at)}
    sent |= {(record.submitted_at, seen)}
    before = [told for told, proven in sent if told and proven and proven < instant]
    if record.status_at is None:
        status, held = status_now(record), None
    else:
        rows = [each for each in record.seen if each.held_from < instant]
        if not rows:
            return "pending" if before else NOT_SUBMITTED
        last = max(enumerate(rows), key=lambda pair: (pair[1].held_from, pair[0]))[1]
        status, held = last.status, last.held_from
    if held and status in ("draft", "returned", "deleted") and before and max(before) > held:
        return "pending"
    if status == "deleted" or (status in ("pending", "accepted") and not before):
        return NOT_SUBMITTED
    return status


def duplicates(world: World) -> set[int]:
    """Of live records with one business key in a department all but the first landed."""
    firsts: dict[tuple[str, str, str], tuple[datetime, int]] = {}
    found = set()
    for each in sorted(world.records, key=lambda each: (each.first_seen_at, each.key)):
        if each.live:
            key = (each.kind, department_of(world, each), each.code)
            if key in firsts:
                found.add(each.key)
            firsts.setdefault(key, (each.first_seen_at, each.key))
    return found


def matches(world: World) -> dict[int, int]:
    """Which record (value) an expected row (key) is matched with: same code, nearest day first."""
    doubled = duplicates(world)
    pairs = [
        (abs((e.on - r.on).days) if e.on and r.on else 10**9, e.key, r.key)
        for e in world.expected
        for r in world.records
        if r.live and r.key not in doubled and (e.kind, e.code) == (r.kind, r.code)
    ]
    found: dict[int, int] = {}
    for _apart, expected, record in sorted(pairs):
        if expected not in found and record not in found.values():
            found[expected] = record
    return found


def units(world: World, at: datetime, as_of_close: bool = False) -> list[Unit]:
    matched = matches(world)
    by_record = {matched[e.key]: e for e in world.expected if e.key in matched}
    doubled = duplicates(world)
    found = [
        _of_record(world, r, by_record.get(r.key), r.key in doubled, at, as_of_close)
        for r in world.records
        if r.live
    ]
    asked: set[tuple[str, str]] = {(e.kind, e.code) for e in world.expected if e.key in matched}
    for e in sorted(world.expected, key=lambda each: each.key):
        if (e.kind, e.code) not in asked:
            asked.add((e.kind, e.code))
            if not _item_has_ended(world.items, e):
                found.append(_of_expected(world, e, at))
    return found


def _item_has_ended(items: list[Item], expected: Expected) -> bool:
    day = expected.on or day_of(expected.first_seen_at)
    entries = [each for each in items if each.code == expected.item]
    return bool(entries) and not any(each.holds_on(day) for each in entries)


def _limit(world: World, due: date, basis: date) -> date:
    return min(due, close_on(month_of(basis))) if world.strict else due


def _exempt(world: World, owner: str, item: str | None, code: str, day: date) -> bool:
    return any(each.covers(owner, item, code, day) for each in world.exemptions)


def _of_record(
    world: World,
    record: Record,
    expected: Expected | None,
    is_duplicate: bool,
    at: datetime,
    as_of_close: bool,
) -> Unit:
    today = day_of(at)
    owner = department_of(world, record)
    basis = basis_of(record, expected)
    status = status_as_of(world, record, at) if as_of_close else status_now(record)
    exempt = _exempt(world, owner, record.item, record.code, basis)
    counts = not exempt and not is_duplicate
    due = _limit(world, working_days_after(basis, LIMITS[record.kind]), basis)
    invalid, unlinked = bool(record.fails - {"08"}), "08" in record.fails
    reason = _reason(record, status, expected is not None, basis, today) if counts else None
    reason_due = due
    if reason == "returned" and record.status_at is not None:
        reason_due = working_days_after(day_of(record.status_at), 3)
    sent_on = submission_day(world, record)
    if reason == "pending" and sent_on is not None:
        reason_due = working_days_after(sent_on, 3)
    reason_due = _limit(world, reason_due, basis)
    submitted = status in SUBMITTED
    charged = reason is not None
    if reason == "pending":
        charged = world.charge_pending == "department" and reason_due < today
    returns = [
        each
        for each in record.seen
        if each.status == "returned" and (not as_of_close or each.held_from < at)
    ]
    return Unit(
        record=record.key,
        expected=expected.key if expected else None,
        kind=record.kind,
        owners=_owners(world, owner, record.item, today),
        month=month_of(basis),
        due_on=due,
        due_passed=due < today,
        counts=counts,
        exempt=exempt,
        status=status,
        in_time=submitted and sent_on is not None and sent_on <= due,
        valid=status == "accepted" and not invalid,
        linked=status == "accepted" and not unlinked,
        once_returned=bool(returns) or status == "returned",
        reason=reason,
        charged=charged,
        reason_due_on=reason_due,
        overdue=reason_due < today,
        cleared_at=record.status_at or record.submitted_at or record.first_seen_at,
    )


def _reason(record: Record, status: str, is_expected: bool, basis: date, today: date) -> str | None:
    if status == NOT_SUBMITTED:
        return "unentered" if is_expected else "draft"
    if status != "accepted":
        return status
    if record.fails - {"08"}:
        return "invalid"
    if "08" not in record.fails:
        return None
    if record.kind == "check":
        return "unlinked" if basis + timedelta(days=90) < today else None
    if record.kind == "punish" and record.case_source != "01":
        return None
    return "unlinked"


def _of_expected(world: World, expected: Expected, at: datetime) -> Unit:
    today = day_of(at)
    owner = owner_of(world, expected)
    basis = expected.on or day_of(expected.first_seen_at)
    due = _limit(world, working_days_after(basis, LIMITS[expected.kind]), basis)
    exempt = _exempt(world, owner, expected.item, expected.code, basis)
    return Unit(
        record=None,
        expected=expected.key,
        kind=expected.kind,
        owners=_owners(world, owner, expected.item, today),
        month=month_of(basis),
        due_on=due,
        due_passed=due < today,
        counts=not exempt,
        exempt=exempt,
        status=None,
        in_time=False,
        valid=False,
        linked=False,
        once_returned=False,
        reason=None if exempt else "unentered",
        charged=not exempt,
        reason_due_on=due,
        overdue=due < today,
        cleared_at=None,
    )

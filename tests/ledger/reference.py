"""The month-zero rule once more, slow and obvious: what the ledger is compared with.

Everything is worked out anew from plain rows, unit by unit; nothing is taken from the ledger. Days
are counted one by one with the calendar's word on which are working days.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from monitor.workdays import Calendar

ZONE = ZoneInfo("Asia/Shanghai")
UNKNOWN, DISTRICT = "unknown", "district"
LIMITS = {"check": 5, "punish": 7, "force": 5, "other": 5}
SUBMITTED = ("pending", "returned", "accepted")
CHILD = {"04": "punish", "05": "force", "06": "other"}
NOT_SUBMITTED = "not_submitted"

Share = tuple[int, int]


@dataclass
class Seen:
    """A status that a record was seen in."""

    status: str
    status_at: datetime | None
    submitted_at: datetime | None
    seen_at: datetime

    @property
    def held_from(self) -> datetime:
        return self.status_at or self.seen_at


@dataclass
class Record:
    """A record as it was last delivered; `seen` are all the statuses it was ever seen in."""

    key: int
    kind: str
    code: str
    on: date | None
    institution: str | None
    list_code: str | None
    item: str | None
    check_code: str | None
    check_result: str | None
    case_source: str | None
    first_seen_at: datetime
    status: str
    status_at: datetime | None
    submitted_at: datetime | None
    submitted_seen_at: datetime | None
    fails: frozenset[str]
    withdrawn: bool
    seen: list[Seen] = field(default_factory=list)

    @property
    def live(self) -> bool:
        return not self.withdrawn and self.status != "deleted"


@dataclass
class Expected:
    key: int
    kind: str
    department: str
    code: str
    on: date | None
    first_seen_at: datetime


@dataclass
class Exemption:
    scope: str
    department: str | None
    item: str | None
    code: str | None
    begins_on: date | None
    ends_on: date | None

    def covers(self, owner: str, item: str | None, code: str | None, day: date) -> bool:
        if self.begins_on is not None and day < self.begins_on:
            return False
        if self.ends_on is not None and day > self.ends_on:
            return False
        if self.scope == "department":
            return self.department == owner
        if self.department not in (None, owner):
            return False
        return self.item == item is not None if self.scope == "item" else self.code == code


@dataclass
class Item:
    code: str
    owner: str
    state: str
    to: date | None

    def in_use_on(self, day: date) -> bool:
        return day <= self.to if self.to is not None else self.state == "01"


@dataclass
class ZeroReport:
    department: str
    month: str
    filed_at: datetime


@dataclass
class World:
    """What the store holds at one moment, withdrawn expected rows and exemptions left out."""

    departments: dict[str, date | None]  # code: last day in scope
    charge_pending: str
    strict: bool
    pulls: tuple[datetime, ...]  # of all records, whole
    items: list[Item]
    records: list[Record]
    expected: list[Expected]
    exemptions: list[Exemption]
    zero_reports: list[ZeroReport]


@dataclass
class Unit:
    """One obligation, or a row that is none because it is a duplicate or exempt."""

    record: int | None
    expected: int | None
    kind: str
    department: str
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


@dataclass
class Standing:
    """What a statement says."""

    in_scope: bool
    obligations: int
    backlog: int
    backlog_of_month: int
    pending: int
    overdue: int
    carried: int
    silent: bool
    zero: bool
    zero_of_month: bool
    figures: dict[str, Share]
    tallies: Counter[tuple[str, str, str]]
    state: str


def day_of(instant: datetime) -> date:
    return instant.astimezone(ZONE).date()


def end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), ZONE).astimezone(UTC)


def month_of(day: date) -> str:
    return f"{day:%Y-%m}"


def last_day(month: str) -> date:
    first = date.fromisoformat(f"{month}-01")
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


@cache
def working_days_after(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= Calendar().is_working(day)
    return day


@cache
def close_on(month: str) -> date:
    return working_days_after(last_day(month), 5)


def months_up_to(month: str, first: str) -> list[str]:
    """The months from `first` to `month`."""
    months = []
    while first <= month:
        months.append(first)
        first = month_of(last_day(first) + timedelta(days=1))
    return months


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
    for item in world.items:
        if item.code == record.item:
            return item.owner
    return UNKNOWN


def owner_of(world: World, expected: Expected) -> str:
    return expected.department if expected.department in world.departments else UNKNOWN


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
    unproven = is_unproven(world, record)
    if unproven:
        sent = {record.submitted_seen_at} | {
            each.submitted_at for each in record.seen if each.submitted_at != record.submitted_at
        }
    else:
        sent = {each.submitted_at for each in record.seen}
    before = [each for each in sent if each is not None and each < instant]
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
            found.append(_of_expected(world, e, at))
    return found


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
        department=owner,
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
    exempt = _exempt(world, owner, None, expected.code, basis)
    return Unit(
        record=None,
        expected=expected.key,
        kind=expected.kind,
        department=owner,
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


def is_silent(world: World, all_units: list[Unit], code: str, month: str, at: datetime) -> bool:
    """Items in use, no obligation in the month, and no zero report filed by then."""
    last = last_day(month)
    days = [last.replace(day=n) for n in range(1, last.day + 1)]
    items = [
        item
        for item in world.items
        if item.owner == code
        and any(item.in_use_on(day) for day in days)
        and not any(
            x.scope != "unit" and x.covers(code, item.code, None, last) for x in world.exemptions
        )
    ]
    spoken = any(u.counts for u in all_units if (u.department, u.month) == (code, month))
    filed = any(
        (z.department, z.month) == (code, month) and z.filed_at < at for z in world.zero_reports
    )
    return bool(items) and not spoken and not filed


def _in_scope(world: World, code: str, month: str) -> bool:
    if code not in world.departments:
        return False
    until = world.departments[code]
    return until is None or last_day(month) <= until


def _share(some: Iterable[Unit], of: Iterable[Unit]) -> Share:
    return len(list(some)), len(list(of))


def standing(
    world: World, all_units: list[Unit], code: str, month: str, at: datetime, is_sealed: bool
) -> Standing | None:
    """A department's statement, None where it has none."""
    in_scope = _in_scope(world, code, month)
    ours = [u for u in all_units if u.department == code and u.month <= month]
    if not in_scope and not ours and not is_sealed:
        return None
    left = [u for u in ours if u.reason is not None]
    charged = [u for u in left if u.charged]
    own = [u for u in ours if u.month == month]
    counted = [u for u in own if u.counts]
    silent = in_scope and is_silent(world, all_units, code, month, at)
    tallies: Counter[tuple[str, str, str]] = Counter()
    for u in left:
        assert u.reason is not None
        tallies[u.kind, u.reason, _time_state(u, month)] += 1
    asked = {(owner_of(world, e), e.kind) for e in world.expected}
    due = [u for u in counted if u.due_passed and (code, u.kind) in asked]
    timed = [u for u in counted if u.due_passed or u.status in SUBMITTED]
    accepted = [u for u in own if u.status == "accepted" and not u.exempt]
    returned = [u for u in own if u.once_returned and not u.exempt]
    before = month_of(date.fromisoformat(f"{month}-01") - timedelta(days=1))
    carried_in = [
        u
        for u in ours
        if u.month < month
        and u.counts
        and u.reason is None
        and u.cleared_at is not None
        and u.cleared_at >= end_of(close_on(before))
    ]
    cleared = [u for u in counted if u.reason is None] + carried_in
    figures = {
        "entry_ratio": _share((u for u in due if u.reason != "unentered"), due),
        "timely_ratio": _share((u for u in timed if u.in_time), timed),
        "valid_ratio": _share((u for u in accepted if u.valid), accepted),
        "linked_ratio": _share((u for u in accepted if u.linked), accepted),
        "return_fix_ratio": _share((u for u in returned if u.status == "accepted"), returned),
        "progress": (len(cleared), len(cleared) + len(left)),
    }
    clear = not charged and not silent
    of_month = [u for u in charged if u.month == month]
    return Standing(
        in_scope=in_scope,
        obligations=len(counted),
        backlog=len(charged),
        backlog_of_month=len(of_month),
        pending=len(left) - len(charged),
        overdue=sum(_time_state(u, month) == "overdue" for u in charged),
        carried=len(charged) - len(of_month),
        silent=silent,
        zero=clear and code != UNKNOWN,
        zero_of_month=not of_month and not silent and code != UNKNOWN,
        figures={name: share for name, share in figures.items() if share[1]},
        tallies=tallies,
        state=_state(clear, len(left) > len(charged)),
    )


def _time_state(unit: Unit, month: str) -> str:
    if unit.month < month:
        return "carried"
    return "overdue" if unit.overdue else "in_limit"


def _state(clear: bool, pending: bool) -> str:
    if not clear:
        return "not_cleared"
    return "awaiting_audit" if pending else "cleared_on_time"


def of_district(parts: list[Standing]) -> Standing:
    """Sums over departments; pending records block the district's zero."""
    tallies: Counter[tuple[str, str, str]] = Counter()
    figures: dict[str, Share] = {}
    for part in parts:
        tallies.update(part.tallies)
        for name, (reached, of) in part.figures.items():
            sums = figures.get(name, (0, 0))
            figures[name] = (sums[0] + reached, sums[1] + of)
    scoped = [part for part in parts if part.in_scope]
    if scoped:
        figures["zero_ratio"] = (sum(part.zero for part in scoped), len(scoped))
    silent = any(part.silent for part in scoped)
    backlog, pending = (sum(getattr(p, name) for p in parts) for name in ("backlog", "pending"))
    of_month = sum(part.backlog_of_month for part in parts)
    clear = not backlog and not silent
    return Standing(
        in_scope=True,
        obligations=sum(part.obligations for part in parts),
        backlog=backlog,
        backlog_of_month=of_month,
        pending=pending,
        overdue=sum(part.overdue for part in parts),
        carried=sum(part.carried for part in parts),
        silent=silent,
        zero=clear and not pending,
        zero_of_month=not of_month and not silent and not pending,
        figures=figures,
        tallies=tallies,
        state=_state(clear, bool(pending)),
    )


def standings(
    world: World, all_units: list[Unit], month: str, at: datetime, sealed: Iterable[str] = ()
) -> dict[str, Standing]:
    """All statements of a month, the district's among them; who has a sealed one keeps it."""
    kept = {*sealed} - {DISTRICT}
    codes = {*world.departments, *(u.department for u in all_units), *kept}
    parts = {
        code: found
        for code in sorted(codes)
        if (found := standing(world, all_units, code, month, at, code in kept)) is not None
    }
    return {**parts, DISTRICT: of_district(list(parts.values()))}


@dataclass
class Ledger:
    """The states over time: sealed once, current again and again."""

    sealed: dict[tuple[str, str], Standing] = field(default_factory=dict)
    sealed_months: set[str] = field(default_factory=set)
    late: set[tuple[str, str]] = field(default_factory=set)

    def tick(
        self, world: World, at: datetime, months: list[str]
    ) -> dict[tuple[str, str], tuple[Standing, str | None, str]]:
        """By department and month: the standing, the sealed state, the current state."""
        now = units(world, at)
        found = {}
        for month in months:
            closing = end_of(close_on(month))
            if closing <= at and month not in self.sealed_months:
                then = units(world, closing, as_of_close=True)
                self.sealed_months.add(month)
                for code, each in standings(world, then, month, closing).items():
                    self.sealed[code, month] = each
            kept = [code for code, sealed in self.sealed if sealed == month]
            for code, each in standings(world, now, month, _ever(at), kept).items():
                found[code, month] = (each, *self._states(code, month, each.state))
        return found

    def _states(self, code: str, month: str, state: str) -> tuple[str | None, str]:
        if month not in self.sealed_months:
            return None, "open"
        key = (code, month)
        sealed = self.sealed[key].state if key in self.sealed else None
        if "not_cleared" in (sealed, state):
            self.late.add(key)
        if state == "cleared_on_time" and key in self.late:
            return sealed, "cleared_late"
        return sealed, state


def _ever(at: datetime) -> datetime:
    """After everything: a zero report that is there counts, whatever its instant."""
    return at + timedelta(days=1000)

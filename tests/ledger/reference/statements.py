"""Statements of the reference: each department's month, the district's, and states over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from tests.ledger.reference.units import SUBMITTED, Unit, followed, owner_of, units
from tests.ledger.reference.world import (
    DISTRICT,
    UNKNOWN,
    World,
    close_on,
    day_of,
    end_of,
    last_day,
    month_of,
)

Share = tuple[int, int]


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
    moved_out: int = 0


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


def _may_follow(world: World, code: str, heir: str, day: date) -> bool:
    """Whether one of the ways from a department has led to another by a day."""
    ending = followed(world, code)
    if ending is None or ending[0] > day:
        return False
    return heir in ending[1] or any(_may_follow(world, each, heir, day) for each in ending[1])


def _share(some: Iterable[Unit], of: Iterable[Unit]) -> Share:
    return len(list(some)), len(list(of))


def standing(
    world: World,
    all_units: list[Unit],
    code: str,
    month: str,
    today: date,
    reported_by: datetime,
    is_sealed: bool,
) -> Standing | None:
    """A department's statement, None where it has none."""
    in_scope = _in_scope(world, code, month)
    ours = [u for u in all_units if u.month <= month and u.owner_in(month) == code]
    carried_in = [u for u in ours if u.month < month and _cleared_in_or_after(u, month)]
    has_some = any(u.department == code or u.reason or u in carried_in for u in ours)
    if not in_scope and not has_some and not is_sealed:
        return None
    left = [u for u in ours if u.reason is not None]
    charged = [u for u in left if u.charged]
    own = [u for u in ours if u.month == month]
    counted = [u for u in own if u.counts]
    silent = in_scope and is_silent(world, all_units, code, month, reported_by)
    tallies: Counter[tuple[str, str, str]] = Counter()
    for u in left:
        assert u.reason is not None
        tallies[u.kind, u.reason, _time_state(u, month)] += 1
    by = min(today, last_day(month))
    asked = {
        e.kind
        for e in world.expected
        if (owner := owner_of(world, e)) == code or _may_follow(world, owner, code, by)
    }
    due = [u for u in counted if u.due_passed and u.kind in asked]
    timed = [u for u in counted if u.due_passed or u.status in SUBMITTED]
    accepted = [u for u in own if u.status == "accepted" and not u.exempt]
    returned = [u for u in own if u.once_returned and not u.exempt]
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


def _cleared_in_or_after(unit: Unit, month: str) -> bool:
    """Whether a unit that is cleared was so only after the close of the month before."""
    before = month_of(date.fromisoformat(f"{month}-01") - timedelta(days=1))
    if not unit.counts or unit.reason is not None or unit.cleared_at is None:
        return False
    return unit.cleared_at >= end_of(close_on(before))


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
    world: World,
    all_units: list[Unit],
    month: str,
    at: datetime,
    reported_by: datetime,
    sealed: Iterable[str] = (),
) -> dict[str, Standing]:
    """All statements of a month, the district's among them; who has a sealed one keeps it.

    Zero reports that were filed before `reported_by` count.
    """
    kept = {*sealed} - {DISTRICT}
    codes = {*world.departments, *(code for u in all_units for _day, code in u.owners), *kept}
    made = {
        code: standing(world, all_units, code, month, day_of(at), reported_by, code in kept)
        for code in sorted(codes)
    }
    parts = {code: found for code, found in made.items() if found is not None}
    return {**parts, DISTRICT: of_district(list(parts.values()))}


@dataclass
class Ledger:
    """The states over time: sealed once, current again and again."""

    sealed: dict[tuple[str, str], Standing] = field(default_factory=dict)
    sealed_months: set[str] = field(default_factory=set)
    late: set[tuple[str, str]] = field(default_factory=set)
    moved_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    before: list[Unit] = field(default_factory=list)

    def tick(
        self, world: World, at: datetime, months: list[str]
    ) -> dict[tuple[str, str], tuple[Standing, str | None, str]]:
        """By department and month: the standing, the sealed state, the current state."""
        now = units(world, at)
        self._count_moved_out(now)
        found = {}
        for month in months:
            closing = end_of(close_on(month))
            if closing <= at and month not in self.sealed_months:
                then = units(world, closing, as_of_close=True)
                self.sealed_months.add(month)
                before = [code for code, sealed in self.sealed if sealed == month]
                for code, each in standings(world, then, month, closing, closing, before).items():
                    self.sealed[code, month] = each
            kept = [code for code, sealed in self.sealed if sealed == month]
            made = standings(world, now, month, at, _ever(at), kept)
            for code in made:
                made[code].moved_out = self.moved_out[code, month]
            made[DISTRICT].moved_out = sum(self.moved_out[code, month] for code in made)
            for code, each in made.items():
                found[code, month] = (each, *self._states(code, month, each.state))
        return found

    def reopen(self) -> str | None:
        """Open the first sealed month again; it is sealed anew by the next tick."""
        if not self.sealed_months:
            return None
        month = min(self.sealed_months)
        self.sealed_months.remove(month)
        self.late = {(code, late) for code, late in self.late if late != month}
        return month

    def _count_moved_out(self, now: list[Unit]) -> None:
        """Obligations that are none in their place any more; one goes on as its record first."""
        for unit in self.before:
            then = _goes_on_as(unit, now)
            place = (unit.department, unit.month)
            stays = then is not None and then.counts and (then.department, then.month) == place
            if unit.counts and not stays:
                self.moved_out[place] += 1
        self.before = now

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


def _goes_on_as(unit: Unit, now: list[Unit]) -> Unit | None:
    """What became of a unit: its record's, else its expected row's."""
    by_record = [u for u in now if u.record is not None and u.record == unit.record]
    by_expected = [u for u in now if u.expected is not None and u.expected == unit.expected]
    return next(iter([*by_record, *by_expected]), None)


def _ever(at: datetime) -> datetime:
    """After everything: a zero report that is there counts, whatever its instant."""
    return at + timedelta(days=1000)

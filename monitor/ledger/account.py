"""Accounts: what each department has in a month, made from counts; nothing here reads the store."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from monitor.config import Settings
from monitor.directory import Directory
from monitor.ledger import figures
from monitor.ledger.counts import Counted, Counts, Remaining
from monitor.ledger.coverage import Coverage
from monitor.ledger.departures import Departed
from monitor.ledger.figures import RATIOS, Figures, Name
from monitor.ledger.freshness import Freshness
from monitor.ledger.states import Position
from monitor.ledger.succession import EVER
from monitor.ledger.tallies import Tally, state_of
from monitor.words import DISTRICT, UNKNOWN_DEPARTMENT, Feed, Kind, TimeState
from monitor.workdays import Month, day_end


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that accounts are made from, beside the settings."""

    directory: Directory
    ended: Mapping[str, str]
    """Departments that others answer for, with the first statement month in which they do."""
    predecessors: Mapping[str, Sequence[tuple[str, str]]]
    """By department, those that it follows, each with the first statement month of that."""
    closes: Mapping[Month, datetime]
    provisional: frozenset[Month]
    counts: Counts
    coverage: Coverage
    freshness: Freshness
    zero_reports: frozenset[tuple[str, str]]
    departed: Mapping[tuple[str, str], Departed]
    sealed: frozenset[tuple[str, str]]
    """Departments and months that have a sealed statement: it is kept up to date for good."""


@dataclass(frozen=True, slots=True)
class Account:
    """One department's month, or the district's; the meaning is that of the table `statement`."""

    department: str
    month: Month
    close_at: datetime
    provisional_calendar: bool
    in_scope: bool
    obligations: int
    backlog: int
    backlog_of_month: int
    pending: int
    overdue: int
    carried: int
    oldest_due_at: datetime | None
    silent: bool
    expected_measured: bool
    not_measured: tuple[str, ...]
    zero: bool
    zero_of_month: bool
    figures: Figures
    moved_out: Mapping[str, int]
    reasons: Mapping[str, int]
    moved_out_late: Mapping[str, int]
    position: Position
    tallies: tuple[Tally, ...] = ()


@dataclass(slots=True)
class _Left:
    """What of a department's months up to one is not cleared."""

    tallies: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    charged: Counter[TimeState] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    pending: int = 0
    oldest_due_on: date | None = None

    def add(self, remaining: Iterable[Remaining], month: str, statement_month: str) -> None:
        for each in remaining:
            state = state_of(each, month, statement_month)
            self.tallies[each.kind, each.reason, state] += each.count
            if not each.charged:
                self.pending += each.count
                continue
            self.charged[state] += each.count
            self.reasons[each.reason] += each.count
            if self.oldest_due_on is None or each.oldest_due_on < self.oldest_due_on:
                self.oldest_due_on = each.oldest_due_on

    def copy(self) -> "_Left":
        return _Left(
            self.tallies.copy(),
            self.charged.copy(),
            self.reasons.copy(),
            self.pending,
            self.oldest_due_on,
        )


def accounts(
    known: Known,
    settings: Settings,
    months: Sequence[Month],
    since: Mapping[str, str] | None = None,
) -> list[Account]:
    """The accounts of all departments in `months` (oldest first).

    With `since` those only of its departments, from the month on that it gives.
    """
    others = {
        *known.counts.months,
        *known.counts.handed,
        *(code for code, _month in known.sealed),
    }
    listed = known.directory.entries
    codes = [*listed, *sorted(others - set(listed))]
    if since is not None:
        codes = [code for code in codes if code in since]
    return [
        account
        for code in codes
        for account in _of_department(
            known, settings, code, months, "" if since is None else since[code]
        )
    ]


def _of_department(
    known: Known, settings: Settings, code: str, months: Sequence[Month], since: str
) -> Iterator[Account]:
    """Accounts of the months in which the department is in scope, or has or had something."""
    own = known.counts.months.get(code, ())
    carried, place = _Left(), 0
    for month in months:
        while place < len(own) and own[place] < str(month):
            before = own[place]
            remaining = known.counts.places[code, before].remaining
            carried.add((each for each in remaining if each.heirs is None), before, str(month))
            place += 1
        if str(month) < since:
            continue
        in_scope = known.directory.in_scope(code, month.last)
        handed = known.counts.handed_in(code, str(month))
        has_own = bool(own) and own[0] <= str(month) < known.ended.get(code, EVER)
        if in_scope or has_own or handed or (code, str(month)) in known.sealed:
            left = carried.copy()
            for each in handed:
                left.add(each.remaining, each.month, str(month))
            if counted := known.counts.places.get((code, str(month))):
                left.add(counted.remaining, str(month), str(month))
            yield _account(known, settings, code, month, in_scope, left)


def _account(
    known: Known, settings: Settings, code: str, month: Month, in_scope: bool, left: _Left
) -> Account:
    place = (code, str(month))
    departed = known.departed.get(place, Departed())
    units = known.counts.places.get(place, Counted()).units
    closing = known.closes[month]
    cells = known.freshness.cells(code, closing)
    unspoken = (
        in_scope
        and known.coverage.in_use.get(place, 0) > 0
        and not any(each.obligations for each in units)
        and place not in known.zero_reports
    )
    if not unspoken:
        cells -= {Feed.ZERO_REPORT}
    silent = unspoken and not cells
    backlog = left.charged.total()
    carried = left.charged[TimeState.CARRIED]
    blocked = is_blocked(settings, backlog, silent, known.coverage.uncovered(*place))
    position = Position(blocked, left.pending > 0, not cells)
    is_department = code != UNKNOWN_DEPARTMENT
    return Account(
        department=code,
        month=month,
        close_at=closing,
        provisional_calendar=month in known.provisional,
        in_scope=in_scope,
        obligations=sum(each.obligations for each in units),
        backlog=backlog,
        backlog_of_month=backlog - carried,
        pending=left.pending,
        overdue=left.charged[TimeState.OVERDUE],
        carried=carried,
        oldest_due_at=day_end(left.oldest_due_on) if left.oldest_due_on else None,
        silent=silent,
        expected_measured=any(_is_expected(known, code, kind, month) for kind in Kind),
        not_measured=tuple(sorted(cells)),
        zero=is_department and position.zero,
        zero_of_month=is_department and backlog == carried and not silent and not cells,
        figures=_figures(known, code, month, cells, left),
        moved_out=departed.moved_out,
        reasons=left.reasons,
        moved_out_late=departed.after_close,
        position=position,
        tallies=tuple(
            Tally(code, str(month), kind, reason, state, count)
            for (kind, reason, state), count in left.tallies.items()
        ),
    )


def is_blocked(settings: Settings, backlog: int, silent: bool, uncovered: int) -> bool:
    """Whether anything counts against a department."""
    misses = settings.month_zero.zero_requires_coverage and uncovered > 0
    return backlog > 0 or silent or misses


def _figures(known: Known, code: str, month: Month, cells: frozenset[str], left: _Left) -> Figures:
    """The figures of a department's month, over the kinds that were read."""
    place = (code, str(month))
    counts = known.counts
    sums: dict[Name, list[int]] = {name: [0, 0] for name in (*RATIOS, Name.COMPLETENESS)}
    for units in counts.places.get(place, Counted()).units:
        if units.kind in cells:
            continue
        for name, (reached, of) in units.shares.items():
            is_counted = name is not Name.ENTRY or (
                _is_expected(known, code, units.kind, month)
                and not cells & {Feed.EXPECTED.value, f"{Feed.EXPECTED}:{units.kind}"}
            )
            if is_counted:
                sums[name][0] += reached
                sums[name][1] += of
    shares = {name: (reached, of) for name, (reached, of) in sums.items()}
    shares |= known.coverage.shares.get(place, {})
    shares |= known.coverage.catalogue.get(code, {})
    if not cells:
        shares[Name.PROGRESS] = _progress(counts, code, month, left)
    return figures.kept(shares)


def _is_expected(known: Known, code: str, kind: str, month: Month) -> bool:
    """Whether expected rows tell what a department must have, or told it of one that it follows."""
    followed = known.predecessors.get(code, ())
    of = (code, *(each for each, since in followed if since <= str(month)))
    return any((each, kind) in known.counts.expected for each in of)


def _progress(counts: Counts, code: str, month: Month, left: _Left) -> tuple[int, int]:
    """Cleared units over units, of the month and of those carried into it."""
    cleared = sum(each.cleared for each in counts.places.get((code, str(month)), Counted()).units)
    for belonging in counts.months.get(code, ()):
        if belonging >= str(month):
            break
        cleared += sum(
            number
            for last, number, heirs in counts.places[code, belonging].cleared_later
            if last >= str(month) and heirs is None
        )
    for each in counts.handed_in(code, str(month)):
        cleared += sum(n for last, n, _heirs in each.cleared_later if last >= str(month))
    return cleared, cleared + left.tallies.total()


def of_district(known: Known, rows: Sequence[Account], month: Month) -> Account:
    """The district's account: sums of its departments' and of what nobody owns."""
    in_scope = [row for row in rows if row.in_scope]
    decided = [row for row in in_scope if row.position.blocked or row.position.measured]
    cells = sorted({cell for row in rows for cell in row.not_measured})
    backlog = sum(row.backlog for row in rows)
    pending = sum(row.pending for row in rows)
    silent = any(row.silent for row in in_scope)
    blocked = backlog > 0 or silent or any(row.position.blocked for row in in_scope)
    position = Position(blocked, pending > 0, not cells)
    oldest = [row.oldest_due_at for row in rows if row.oldest_due_at is not None]
    moved: Counter[str] = Counter()
    moved_late: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for row in rows:
        moved.update(row.moved_out)
        moved_late.update(row.moved_out_late)
        reasons.update(row.reasons)
    shares = figures.district((row.department, row.figures) for row in rows)
    zeros = {
        Name.ZERO: (sum(row.zero for row in decided), len(decided)),
        Name.NOT_MEASURED: (len(in_scope) - len(decided), len(in_scope)),
    }
    return Account(
        department=DISTRICT,
        month=month,
        close_at=known.closes[month],
        provisional_calendar=month in known.provisional,
        in_scope=True,
        obligations=sum(row.obligations for row in rows),
        backlog=backlog,
        backlog_of_month=sum(row.backlog_of_month for row in rows),
        pending=pending,
        overdue=sum(row.overdue for row in rows),
        carried=sum(row.carried for row in rows),
        oldest_due_at=min(oldest, default=None),
        silent=silent,
        expected_measured=any(row.expected_measured for row in rows),
        not_measured=tuple(cells),
        zero=position.zero and not pending,
        zero_of_month=all(row.zero_of_month for row in in_scope)
        and not any(row.backlog_of_month for row in rows)
        and not pending,
        figures=shares | figures.kept(zeros),
        moved_out=moved,
        reasons=reasons,
        moved_out_late=moved_late,
        position=position,
    )

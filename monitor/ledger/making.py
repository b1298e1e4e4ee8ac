"""Making (出表): a look, which brings units, counts and statements up to an instant.

What changed since the look before is made anew and nothing else, so it costs what a pull touched:
units by the queues, counts by the months of those units, statements by their departments. Where
something changed that every unit may depend on (`looks.basis`), where the clock went back, or where
it is asked for, everything is made anew, which comes to the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from monitor import directory
from monitor.config import Settings
from monitor.ledger import (
    backlog,
    calendar,
    counts,
    coverage,
    departures,
    entries,
    feeding,
    freshness,
    handovers,
    looks,
    revisions,
    scratch,
    seals,
    stale,
    statement_rows,
    states,
    succession,
    tallies,
    units,
    zero_reports,
)
from monitor.ledger.account import Known, accounts, of_district
from monitor.ledger.backlog import Moment
from monitor.ledger.counts import place
from monitor.ledger.freshness import Freshness
from monitor.ledger.looks import Look
from monitor.ledger.made_units import fill
from monitor.ledger.obligations import View, among, seen
from monitor.ledger.stale import Stale
from monitor.ledger.statements import earliest, month_in_hand
from monitor.ledger.succession import Succession
from monitor.store import planner
from monitor.store.tables import backlog as backlog_table
from monitor.store.tables import (
    behavior_status,
    calendar_day,
    finding,
    statement,
    to_count,
    to_match,
    unit,
    unit_count,
)
from monitor.words import DISTRICT, MonthState
from monitor.workdays import Month, close_day, local_day, months_between


@dataclass(frozen=True, slots=True)
class Made:
    """How many units, counts of a department's month, and statements came out otherwise."""

    units: int
    counts: int
    statements: int


def make(
    connection: sa.Connection, settings: Settings, now: datetime, *, anew: bool = False
) -> Made:
    """Bring backlog, tallies and statements up to `now`, and seal the months that can be.

    Runs in the caller's transaction: all of it or nothing. Run again with nothing changed it notes
    as of when everything holds, and no more. With `anew` everything is made from the records.
    """
    planner.without_jit(connection)
    planner.gather(connection, (unit, calendar_day, finding, behavior_status, backlog_table))
    before, basis = looks.last(connection), looks.basis(connection, settings)
    whole = anew or before is None or not before.precedes(now, basis)
    following = succession.read(connection)
    handed = handovers.told(handovers.read(connection, following, local_day(now)))
    to_make = Stale(lambda: _everyone(connection))
    with scratch.made(connection, among, place, entries.entry, entries.changed):
        entries.compare(connection)
        if whole or before is None:
            units.list_all(connection)
        else:
            _list_changed(connection, now, following, before.otherwise_handed(handed))
        moment = Moment(1 if before is None else before.number + 1, now)
        changed_units = _bring_up_units(connection, settings, moment, whole, following, to_make)
        changed_counts = _count(connection, whole, to_make)
        for department, month in entries.concerned(connection):
            to_make.add(department, month)
        entries.note(connection)
    months = _months(connection, settings, now)
    due = seals.due(connection, settings, now, months)
    fresh = freshness.read(connection, settings, now)
    look = Look(
        number=moment.look,
        as_of=now,
        basis=basis,
        months=(str(months[0]), str(months[-1])),
        sealed=tuple(sorted({*revisions.sealed_months(connection), *map(str, due)})),
        unread=tuple(fresh.told()),
        handed=handed,
    )
    if whole or before is None:
        to_make.add_all(stale.FROM_THE_FIRST)
    else:
        stale.compare(to_make, before, look, months, settings)
    if due:
        to_make.add_all(str(due[0]))
    for department, heir in following.lines(local_day(now)):
        to_make.add_with(department, heir)
    written = _make_statements(connection, settings, look, months, to_make, due, following, fresh)
    looks.keep(connection, look, now)
    for queue in (to_count, to_match):
        connection.execute(sa.delete(queue))
    return Made(changed_units, changed_counts, written)


def _list_changed(
    connection: sa.Connection, now: datetime, following: Succession, handed: Iterable[str]
) -> None:
    """List the units that may be otherwise: as changed, and those of departments in `handed`."""
    for code in handed:
        units.list_of(connection, code)
    entries.list_concerned(connection, following.ended(local_day(now)))
    units.list_changed(connection, local_day(now))


def _bring_up_units(
    connection: sa.Connection,
    settings: Settings,
    now: Moment,
    whole: bool,
    following: Succession,
    to_make: Stale,
) -> int:
    """Make the units that are listed, with the backlog; gives how many rows that wrote."""
    calendar.fill(connection, settings, whole=whole)
    feeding.note_sources(connection)
    for department in feeding.note_expected(connection, whole=whole):
        to_make.add(department, stale.FROM_THE_FIRST)
    with scratch.made(connection, seen):
        fill(connection, settings, View(now.at), whole=whole)
        closed = freshness.last_closed(now.at, settings)
        lines = following.lines(local_day(now.at))
        backlog.record(connection, now, str(closed), lines)
        departures.record(connection, now, lines)
        return units.take_over(connection)


def _count(connection: sa.Connection, whole: bool, to_make: Stale) -> int:
    """Count the months of changed units again; gives how many counts changed."""
    if whole:
        counts.list_all(connection)
    for department, month in connection.execute(sa.select(place.c.department, place.c.month)):
        to_make.add(department, month)
    return counts.recount(connection)


def _everyone(connection: sa.Connection) -> Iterable[str]:
    """Every department that has statements, or may have."""
    codes = sa.union(*(sa.select(table.c.department) for table in (unit_count, statement)))
    return {*directory.whole(connection).entries, *connection.scalars(codes)} - {DISTRICT}


def _make_statements(
    connection: sa.Connection,
    settings: Settings,
    look: Look,
    months: Sequence[Month],
    to_make: Stale,
    due: Sequence[Month],
    following: Succession,
    fresh: Freshness,
) -> int:
    """Make the stale statements, and the district's of their months; gives how many changed."""
    now = look.as_of
    departments, first = to_make.departments, to_make.first
    concerned = [month for month in months if str(month) >= first] or [months[-1]]
    today = local_day(now)
    ended = {code: str(Month.of(each.on)) for code, each in following.ended(today).items()}
    predecessors = following.predecessors(today)
    known = Known(
        directory=directory.whole(connection),
        ended=ended,
        predecessors=predecessors,
        closes={month: freshness.close_at(month, settings) for month in months},
        provisional=frozenset(m for m in months if not _is_published(m, settings)),
        counts=counts.read(connection, _with_predecessors(departments, predecessors)),
        coverage=coverage.read(
            connection,
            concerned,
            coverage.taken_over(coverage.KEPT, predecessors),
            departments,
        ),
        freshness=fresh,
        zero_reports=zero_reports.filed(connection, departments=departments),
        departed=departures.read(connection, _closes(settings, months), departments, first),
        sealed=statement_rows.sealed(connection, departments),
    )
    current = accounts(known, settings, months, to_make.since)
    frozen = {month: _seal(connection, settings, known, now, month) for month in due}
    tallies.write(
        connection,
        (each for account in current for each in account.tallies),
        (
            each
            for each in tallies.read(connection, departments=departments)
            if to_make.holds(each.department, each.month)
        ),
    )
    rows = statement_rows.Writing(connection, look, revisions.sealed_months(connection), frozen)
    rows.write(current, departments, to_make.holds)
    tallies.drop_before(connection, str(months[0]))
    rows.drop_before(str(months[0]))
    districts = [
        of_district(known, statement_rows.accounts_of(connection, settings, month), month)
        for month in months
        if to_make.is_everything or month in frozen or rows.lacks_district(month)
    ]
    remade = {str(each.month) for each in districts}
    rows.write(districts, [DISTRICT], lambda _code, month: month in remade)
    return rows.changed


def _with_predecessors(
    departments: Sequence[str] | None, predecessors: Mapping[str, Sequence[tuple[str, str]]]
) -> Sequence[str] | None:
    """Departments, and those whose units they may carry; None: all."""
    if departments is None:
        return None
    followed = (code for each in departments for code, _since in predecessors.get(each, ()))
    return sorted({*departments, *followed})


def _closes(settings: Settings, months: Sequence[Month]) -> Mapping[str, datetime]:
    return {str(month): freshness.close_at(month, settings) for month in months}


def _seal(
    connection: sa.Connection, settings: Settings, known: Known, now: datetime, month: Month
) -> Mapping[str, MonthState]:
    """Seal `month` as it stood at its close; gives the departments' states."""
    closing = known.closes[month]
    with scratch.made(connection, seen):
        fill(connection, settings, View(closing, as_of_close=True))
        then = replace(
            known,
            counts=counts.count(connection, seen),
            coverage=coverage.read(
                connection, [month], coverage.taken_over(counts.acts(seen), known.predecessors)
            ),
            zero_reports=zero_reports.filed(connection, closing),
            departed=departures.read(connection, _closes(settings, [month]), None, str(month)),
            sealed=statement_rows.sealed(connection, None),
        )
    rows = accounts(then, settings, [month])
    rows.append(of_district(then, rows, month))
    seals.make(connection, settings, now, month, rows)
    return {row.department: states.judged(row.position) for row in rows}


def _months(connection: sa.Connection, settings: Settings, now: datetime) -> list[Month]:
    """From the first month that has or had units, or the setting, to the current one.

    The month that closes next has a statement whether anything happened in it or not.
    """
    current, in_hand = Month.of(local_day(now)), month_in_hand(settings, now)
    begun = [
        Month.parse(text)
        for column in (unit_count.c.month, statement.c.month)
        if (text := connection.scalar(sa.select(sa.func.min(column))))
    ]
    first = max(min([in_hand, current, *begun]), earliest(settings, now))
    return list(months_between(first, current))


def _is_published(month: Month, settings: Settings) -> bool:
    """Whether the calendar of all days that the month depends on is published."""
    last = close_day(month, settings.month_zero.close, settings.days)
    return settings.days.is_published(month.first) and settings.days.is_published(last)

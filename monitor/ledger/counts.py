"""Counts (计数): units counted by department, belonging month, kind and reason.

The table `unit_count` keeps a document for each department and month, so that a statement is made
from as many rows as there are months, however many units they hold.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa

from monitor.ledger import scratch, succession
from monitor.ledger.days import LocalDay
from monitor.ledger.figures import RATIOS, Name, ratio
from monitor.ledger.obligations import is_obligation, is_record
from monitor.store import bulk, planner
from monitor.store.tables import (
    behavior_item,
    calendar_day,
    expected_kind,
    item_act,
    unit,
    unit_count,
)
from monitor.store.upsert import insert_into, insert_on

Place = tuple[str, str]
"""Department and belonging month."""

place = scratch.table(
    "ledger_place",
    sa.Column("department", sa.Text, primary_key=True),
    sa.Column("month", sa.Text, primary_key=True),
)
"""The departments and months whose units are to be counted again."""


@dataclass(frozen=True, slots=True)
class Remaining:
    """Units of one kind that are not cleared for one reason."""

    kind: str
    reason: str
    charged: bool
    overdue: bool
    count: int
    oldest_due_on: date
    heirs: str | None = None
    """Who answers for them in later statements, where that is another department (`succession`)."""


@dataclass(frozen=True, slots=True)
class Units:
    """All units of one kind."""

    kind: str
    obligations: int
    cleared: int
    shares: Mapping[Name, tuple[int, int]]


@dataclass(slots=True)
class Counted:
    """The units of one department and belonging month."""

    units: list[Units] = field(default_factory=list)
    remaining: list[Remaining] = field(default_factory=list)
    cleared_later: list[tuple[str, int, str | None]] = field(default_factory=list)
    """Cleared units that had been carried: the last month they were carried into, how many, and
    their heirs."""


@dataclass(frozen=True, slots=True)
class Handed:
    """Units of a department that ended, which one answers for from a statement month on, until
    before another; they belong to `month`."""

    month: str
    since: str
    until: str
    remaining: Sequence[Remaining]
    cleared_later: Sequence[tuple[str, int, str | None]]

    def counts_in(self, month: str) -> bool:
        """Whether a statement of a month carries any of the units, or did until they cleared."""
        is_carried = self.month < month and self.since <= month < self.until
        cleared = any(last >= month for last, _number, _heirs in self.cleared_later)
        return is_carried and (bool(self.remaining) or cleared)


@dataclass(frozen=True, slots=True)
class Counts:
    """Units counted, of all departments or of some."""

    places: Mapping[Place, Counted]
    expected: frozenset[tuple[str, str]]
    """Departments and kinds that some expected row is about."""
    months: Mapping[str, Sequence[str]]
    """By department, the months that have units, oldest first."""
    handed: Mapping[str, Sequence[Handed]]
    """By department, what it carries for some months only: of one that ended, itself included."""

    @classmethod
    def of(cls, places: Mapping[Place, Counted], expected: frozenset[tuple[str, str]]) -> "Counts":
        """The counts of the places."""
        months: dict[str, list[str]] = defaultdict(list)
        handed: dict[str, list[Handed]] = defaultdict(list)
        for department, month in sorted(places):
            months[department].append(month)
            for owner, each in _handed((department, month), places[department, month]):
                handed[owner].append(each)
        return cls(places, expected, months, handed)

    def handed_in(self, department: str, month: str) -> Sequence[Handed]:
        """What a department carries into a month's statement beside what is its own for good."""
        return [each for each in self.handed.get(department, ()) if each.counts_in(month)]


def count(connection: sa.Connection, units: sa.Table) -> Counts:
    """Count the units of a table."""
    places = _counted(connection, _counting(units, whole=True))
    return Counts.of(places, _expected(connection, None))


def list_all(connection: sa.Connection) -> None:
    """Put all departments and months that have units, or had, into `place`."""
    places = sa.union(
        *(sa.select(table.c.department, table.c.month) for table in (unit, unit_count, item_act))
    ).subquery("places")
    insert = insert_into(connection, place).from_select(
        ["department", "month"], sa.select(places).where(sa.true())
    )
    connection.execute(insert.on_conflict_do_nothing())


def recount(connection: sa.Connection) -> int:
    """Count the units kept of the departments and months in `place` again.

    Only documents that differ are written; gives their number.
    """
    planner.look_over(connection, place)
    counted = _counted(connection, _counting(unit, whole=False))
    found = {key: _document(each) for key, each in counted.items()}
    differing = [
        (department, month)
        for department, month, document in connection.execute(_kept())
        if found.get((department, month)) != document
    ]
    if differing:
        _write(connection, {key: found.get(key) for key in differing})
    for statement in _noting_acts(connection.dialect.name):
        connection.execute(statement)
    return len(differing)


def read(connection: sa.Connection, departments: Collection[str] | None) -> Counts:
    """The counts kept, of some departments or of all."""
    query = sa.select(unit_count)
    if departments is not None:
        query = query.where(bulk.one_of(connection, unit_count.c.department, sorted(departments)))
    places = {
        (row.department, row.month): _parsed(row.document) for row in connection.execute(query)
    }
    return Counts.of(places, _expected(connection, departments))


def _write(connection: sa.Connection, documents: Mapping[Place, Any]) -> None:
    connection.execute(
        sa.delete(unit_count).where(
            unit_count.c.department == sa.bindparam("of"), unit_count.c.month == sa.bindparam("in")
        ),
        [{"of": department, "in": month} for department, month in documents],
    )
    rows = [
        {"department": department, "month": month, "document": document}
        for (department, month), document in documents.items()
        if document is not None
    ]
    if rows:
        connection.execute(sa.insert(unit_count), rows)


@cache
def _kept() -> sa.Select[str, str, Any]:
    """The documents of the departments and months in `place`."""
    return sa.select(place.c.department, place.c.month, unit_count.c.document).outerjoin(
        unit_count,
        sa.and_(unit_count.c.department == place.c.department, unit_count.c.month == place.c.month),
    )


def _is_in_place(units: sa.FromClause) -> sa.ColumnElement[bool]:
    places = sa.select(place.c.department, place.c.month)
    return sa.tuple_(units.c.department, units.c.month).in_(places)


@cache
def _noting_acts(store: str) -> Sequence[sa.Delete | sa.Insert]:
    """To note the items of which the places have a valid record; rows that hold are left alone."""
    acted = acts(unit).where(_is_in_place(unit)).subquery("acted")
    names = [column.name for column in item_act.columns]
    holds = sa.exists().where(*(acted.c[name] == item_act.c[name] for name in names))
    insert = insert_on(store, item_act).from_select(
        names, sa.select(*(acted.c[name] for name in names)).where(sa.true())
    )
    delete = sa.delete(item_act).where(_is_in_place(item_act), sa.not_(holds))
    return delete, insert.on_conflict_do_nothing()


def acts(units: sa.Table) -> sa.Select[Any]:
    """Departments and months with the items that they have a valid record of."""
    return (
        sa.select(units.c.department, units.c.month, behavior_item.c.item_code)
        .join(behavior_item, behavior_item.c.behavior_id == units.c.behavior_id)
        .where(is_obligation(units), units.c.valid)
        .distinct()
    )


@cache
def _counting(units: sa.Table, *, whole: bool) -> Sequence[sa.Select[Any]]:
    """The questions that `_counted` asks, of a whole table or of what is in `place`."""
    here = sa.true() if whole else _is_in_place(units)
    return [ask(units).where(here) for ask in (_units, _remaining, _cleared_later)]


def _counted(
    connection: sa.Connection, counting: Sequence[sa.Select[Any]]
) -> Mapping[Place, Counted]:
    of_units, of_remaining, of_cleared_later = counting
    places: dict[Place, Counted] = defaultdict(Counted)
    for department, month, kind, obligations, cleared, *sums in connection.execute(of_units):
        names = [*RATIOS, Name.COMPLETENESS]
        shares = {
            name: (int(sums[2 * n] or 0), int(sums[2 * n + 1] or 0)) for n, name in enumerate(names)
        }
        places[department, month].units.append(Units(kind, obligations, cleared, shares))
    for department, month, *rest in connection.execute(of_remaining):
        places[department, month].remaining.append(Remaining(*rest))
    for department, month, *cleared in connection.execute(of_cleared_later):
        places[department, month].cleared_later.append((cleared[0], cleared[1], cleared[2]))
    return places


def _handed(place: Place, counted: Counted) -> Iterator[tuple[str, Handed]]:
    """What of a place has heirs, by who answers for it and when."""
    department, month = place
    for heirs in sorted(
        {each.heirs for each in counted.remaining if each.heirs}
        | {heirs for _last, _number, heirs in counted.cleared_later if heirs}
    ):
        remaining = [each for each in counted.remaining if each.heirs == heirs]
        cleared = [each for each in counted.cleared_later if each[2] == heirs]
        for owner, since, until in succession.spans(department, heirs):
            yield owner, Handed(month, since, until, remaining, cleared)


def _number(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


def _remaining(units: sa.Table) -> sa.Select[Any]:
    u = units.c
    columns = (u.department, u.month, u.kind, u.reason, u.charged, u.reason_due_passed)
    return (
        sa.select(*columns, sa.func.count(), sa.func.min(u.reason_due_on), u.heirs)
        .where(u.reason.is_not(None))
        .group_by(*columns, u.heirs)
        .order_by(*columns, u.heirs.nulls_first())
    )


def _units(units: sa.Table) -> sa.Select[Any]:
    u = units.c
    submitted = sa.and_(is_record(units), u.submitted)
    sums: list[sa.ColumnElement[int]] = []
    for name in RATIOS:
        share = ratio(name, units)
        sums += [_number(sa.and_(share.of, share.reached)), _number(share.of)]
    sums += [sa.func.sum(sa.case((submitted, cells), else_=0)) for cells in (u.filled, u.mandatory)]
    columns = (u.department, u.month, u.kind)
    counts = is_obligation(units)
    return (
        sa.select(*columns, _number(counts), _number(sa.and_(counts, u.reason.is_(None))), *sums)
        .group_by(*columns)
        .order_by(*columns)
    )


def _cleared_later(units: sa.Table) -> sa.Select[Any]:
    """Units cleared after their month's close, by the last month they were carried into."""
    u, last = units.c, calendar_day.c.open_month
    return (
        sa.select(u.department, u.month, last, sa.func.count(), u.heirs)
        .join(calendar_day, calendar_day.c.day == LocalDay(u.cleared_at))
        .where(is_obligation(units), u.reason.is_(None), last > u.month)
        .group_by(u.department, u.month, last, u.heirs)
        .order_by(u.department, u.month, last, u.heirs.nulls_first())
    )


def _expected(
    connection: sa.Connection, departments: Collection[str] | None
) -> frozenset[tuple[str, str]]:
    query = sa.select(expected_kind.c.department, expected_kind.c.kind)
    if departments is not None:
        query = query.where(
            bulk.one_of(connection, expected_kind.c.department, sorted(departments))
        )
    return frozenset((department, kind) for department, kind in connection.execute(query))


def _document(counted: Counted) -> dict[str, Any]:
    return {
        "units": [
            asdict(each) | {"shares": {name.value: [*share] for name, share in each.shares.items()}}
            for each in counted.units
        ],
        "remaining": [
            _without_none(asdict(each)) | {"oldest_due_on": each.oldest_due_on.isoformat()}
            for each in counted.remaining
        ],
        "cleared_later": [
            [last, number, *([heirs] if heirs else [])]
            for last, number, heirs in counted.cleared_later
        ],
    }


def _without_none(cells: Mapping[str, Any]) -> dict[str, Any]:
    return {name: cell for name, cell in cells.items() if cell is not None}


def _parsed(document: Mapping[str, Any]) -> Counted:
    return Counted(
        units=[
            Units(
                each["kind"],
                each["obligations"],
                each["cleared"],
                {Name(name): (share[0], share[1]) for name, share in each["shares"].items()},
            )
            for each in document["units"]
        ],
        remaining=[
            Remaining(**each | {"oldest_due_on": date.fromisoformat(each["oldest_due_on"])})
            for each in document["remaining"]
        ],
        cleared_later=[
            (last, number, heirs[0] if heirs else None)
            for last, number, *heirs in document["cleared_later"]
        ],
    )

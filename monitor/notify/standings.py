"""What the store says of the months that messages are about: standings and what remains of them.

Everything is read in sets: the number of statements is the same for one department and for all.
Party names and identity codes are compared with inside the store and never leave it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor.ledger import succession
from monitor.notify.ladder import Standing, Step
from monitor.store.tables import backlog, behavior, expected, outbox, run, statement
from monitor.words import DISTRICT, Kind, MonthState, Reason
from monitor.workdays import Month

SHOWN_CODES = 5
_REMEMBERED_MONTHS = 12
_PERSONAL = (
    behavior.c.party_name,
    behavior.c.party_id,
    behavior.c.object_name,
    expected.c.party_name,
)
"""Cells that name a person or an enterprise; an action code that holds one of them isn't shown."""

Key = tuple[str, Month]


@dataclass(frozen=True, slots=True)
class Account:
    """One statement: its standing, and the figures that only texts need."""

    standing: Standing
    obligations: int
    pending: int
    carried: int
    expected_measured: bool
    not_measured: tuple[str, ...]
    figures: Mapping[str, Mapping[str, int]]

    @property
    def key(self) -> Key:
        """Department and month."""
        return self.standing.department, self.standing.month


@dataclass(frozen=True, slots=True)
class Unit:
    """One of the oldest units of a backlog; `code` is None where it may not be shown or is blank.

    `withheld` says that there is a code, but one that names a person or an enterprise.
    """

    kind: Kind
    code: str | None
    withheld: bool


@dataclass(frozen=True, slots=True)
class Remaining:
    """What a department has still to do, of a month and all before it."""

    by_reason: Mapping[Reason, int] = field(default_factory=dict)
    oldest_due_at: datetime | None = None
    oldest: tuple[Unit, ...] = ()

    @property
    def count(self) -> int:
        """Units in all."""
        return sum(self.by_reason.values())


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message in the outbox that no sender has taken yet."""

    id: int
    department: str
    month: Month
    step: Step


def waiting(connection: sa.Connection) -> list[Waiting]:
    """The messages about statements that wait to be sent."""
    query = sa.select(outbox.c.id, outbox.c.department, outbox.c.month, outbox.c.step).where(
        outbox.c.state == "waiting", outbox.c.audience != "operator"
    )
    return [
        Waiting(row.id, row.department, Month.parse(row.month), Step(row.step.partition("@")[0]))
        for row in connection.execute(query)
    ]


def accounts(connection: sa.Connection, now: datetime) -> list[Account]:
    """The statements of the latest closed month and of the months after it, district's included."""
    latest_closed = connection.scalar(
        sa.select(sa.func.max(statement.c.month)).where(statement.c.close_at <= now)
    )
    query = sa.select(statement).order_by(statement.c.department, statement.c.month)
    if latest_closed is not None:
        first = Month.parse(latest_closed).shift(-_REMEMBERED_MONTHS)
        query = query.where(statement.c.month >= str(first))
    rows = connection.execute(query).all()
    next_to_close = min((row.month for row in rows if row.close_at > now), default=None)
    found: list[Account] = []
    in_a_row: dict[str, tuple[str, int]] = {}
    for row in rows:
        failed = row.close_at <= now and _failed(row)
        before, count = in_a_row.get(row.department, ("", 0))
        follows = before == str(Month.parse(row.month).shift(-1))
        in_a_row[row.department] = (row.month, (count if follows else 0) + 1 if failed else 0)
        if latest_closed is None or row.month >= latest_closed:
            count = in_a_row[row.department][1]
            found.append(_account(row, row.month == next_to_close, count))
    return found


def _failed(row: Any) -> bool:
    """Whether the month wasn't cleared by its close."""
    state = row.sealed_state or row.current_state
    return state in {MonthState.NOT_CLEARED, MonthState.CLEARED_LATE}


def _account(row: Any, next_to_close: bool, not_cleared_in_a_row: int) -> Account:
    standing = Standing(
        department=row.department,
        month=Month.parse(row.month),
        close_at=row.close_at,
        in_scope=row.in_scope,
        backlog=row.backlog,
        overdue=row.overdue,
        late=row.overdue + row.carried,
        silent=row.silent,
        sealed_state=MonthState(row.sealed_state) if row.sealed_state else None,
        current_state=MonthState(row.current_state),
        measured=not row.not_measured,
        next_to_close=next_to_close,
        not_cleared_in_a_row=not_cleared_in_a_row,
    )
    return Account(
        standing=standing,
        obligations=row.obligations,
        pending=row.pending,
        carried=row.carried,
        expected_measured=row.expected_measured,
        not_measured=tuple(row.not_measured),
        figures=row.figures,
    )


def log(connection: sa.Connection, months: Collection[Month]) -> dict[Key, dict[str, datetime]]:
    """The steps planned before for each department and month, with the instant of planning."""
    query = (
        sa.select(
            outbox.c.department, outbox.c.month, outbox.c.step, sa.func.min(outbox.c.created_at)
        )
        .where(outbox.c.month.in_([str(month) for month in months]))
        .group_by(outbox.c.department, outbox.c.month, outbox.c.step)
    )
    steps: dict[Key, dict[str, datetime]] = {}
    for department, month, step, at in connection.execute(query):
        steps.setdefault((department, Month.parse(month)), {})[step] = at
    return steps


def checked_at(connection: sa.Connection) -> datetime | None:
    """When the last check that ended well began; None where there was none."""
    query = sa.select(sa.func.max(run.c.started_at))
    found: datetime | None = connection.scalar(
        query.where(run.c.job == "check", run.c.outcome == "ok")
    )
    return found


def last_reads(connection: sa.Connection) -> dict[str, datetime]:
    """When each source was last read well."""
    query = (
        sa.select(run.c.source, sa.func.max(run.c.finished_at).label("read_at"))
        .where(run.c.job == "pull", run.c.outcome == "ok", run.c.finished_at.is_not(None))
        .group_by(run.c.source)
    )
    return {row.source: row.read_at for row in connection.execute(query)}


def remaining(connection: sa.Connection, keys: Collection[Key]) -> dict[Key, Remaining]:
    """What is left for each department and month in `keys`; two statements for all of them."""
    wanted = {key for key in keys if key[0] != DISTRICT}
    if not wanted:
        return {}
    counts: dict[Key, dict[Reason, int]] = {}
    oldest_due: dict[Key, datetime] = {}
    units = _units(connection, wanted)
    query = sa.select(
        units.c.department,
        units.c.month,
        units.c.reason,
        sa.func.count().label("units"),
        sa.func.min(units.c.due_at).label("due_at"),
    ).group_by(units.c.department, units.c.month, units.c.reason)
    for row in connection.execute(query):
        key = (row.department, Month.parse(row.month))
        counts.setdefault(key, {})[Reason(row.reason)] = row.units
        oldest_due[key] = min(row.due_at, oldest_due.get(key, row.due_at))
    oldest = _oldest(connection, units)
    return {
        key: Remaining(
            by_reason={reason: counts[key][reason] for reason in Reason if reason in counts[key]},
            oldest_due_at=oldest_due[key],
            oldest=tuple(oldest.get(key, ())),
        )
        for key in wanted & counts.keys()
    }


def _units(connection: sa.Connection, keys: Collection[Key]) -> sa.Subquery:
    """The charged units of the statements: those of the month and of every month before."""
    heirs = succession.paths(connection, backlog)
    lasting = _units_of(backlog.c.department, keys).where(backlog.c.heirs.is_(None))
    if not heirs:
        return lasting.subquery()
    owner = succession.owner_in(backlog, statement.c.month, heirs)
    handed = _units_of(owner, keys).where(backlog.c.heirs.is_not(None))
    return lasting.union_all(handed).subquery()


def _units_of(owner: sa.ColumnElement[str], keys: Collection[Key]) -> sa.Select[Any]:
    """The charged units that an owner answers for in the statements."""
    return (
        sa.select(
            statement.c.department,
            statement.c.month,
            backlog.c.id,
            backlog.c.kind,
            backlog.c.reason,
            backlog.c.due_at,
            backlog.c.behavior_id,
            backlog.c.expected_id,
        )
        .join(
            statement,
            sa.and_(statement.c.department == owner, statement.c.month >= backlog.c.month),
        )
        .where(
            backlog.c.charged,
            statement.c.department.in_({department for department, _ in keys}),
            statement.c.month.in_({str(month) for _, month in keys}),
        )
    )


def _oldest(connection: sa.Connection, units: sa.Subquery) -> dict[Key, list[Unit]]:
    """The units that fell due first, few for each statement."""
    rank = sa.func.row_number().over(
        partition_by=(units.c.department, units.c.month), order_by=(units.c.due_at, units.c.id)
    )
    ranked = sa.select(units, rank.label("rank")).subquery()
    code = sa.func.coalesce(
        *(
            sa.func.nullif(column, "")
            for column in (
                behavior.c.action_code,
                expected.c.action_code,
                behavior.c.document_no,
                expected.c.document_no,
            )
        )
    )
    withheld = sa.or_(
        *(
            sa.and_(cell.is_not(None), cell != "", sa.func.replace(code, cell, "") != code)
            for cell in _PERSONAL
        )
    )
    query = (
        sa.select(
            ranked.c.department,
            ranked.c.month,
            ranked.c.kind,
            sa.case((withheld, None), else_=code).label("code"),
            sa.func.coalesce(withheld, sa.false()).label("withheld"),
        )
        .outerjoin(behavior, behavior.c.id == ranked.c.behavior_id)
        .outerjoin(expected, expected.c.id == ranked.c.expected_id)
        .where(ranked.c.rank <= SHOWN_CODES)
        .order_by(ranked.c.department, ranked.c.month, ranked.c.rank)
    )
    found: dict[Key, list[Unit]] = {}
    for row in connection.execute(query):
        unit = Unit(Kind(row.kind), row.code, bool(row.withheld))
        found.setdefault((row.department, Month.parse(row.month)), []).append(unit)
    return found

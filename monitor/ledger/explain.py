"""Explain (溯源): how each figure of a department's month comes about, down to records and rules.

Nothing is stored for it: the units are read as the statements counted them; those of another
instant are made again for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from monitor.config import Settings
from monitor.ledger import counts, coverage, scratch, statements, units
from monitor.ledger.figures import RATIOS, Name, percent, ratio
from monitor.ledger.obligations import View, among, fill, seen
from monitor.ledger.statements import Statement
from monitor.store import planner
from monitor.store.tables import behavior, expected, finding, rule, unit
from monitor.words import DISTRICT, Reason, Severity
from monitor.workdays import Calendar, Month

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule that a record fails."""

    rule: str
    rule_class: str
    message: str


@dataclass(frozen=True, slots=True)
class Line:
    """One unit: a record, or an expected row that has none; no person and no enterprise in it."""

    kind: str
    source: str
    record_id: str
    action_code: str | None
    month: str
    reason: str | None
    charged: bool
    counted_from: date
    due_on: date
    working_days: int
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class FigureLine:
    """A figure with up to N of the units that it lacks; `items` are item codes instead."""

    name: str
    zh: str
    numerator: int
    denominator: int
    percent: str | None
    lacking: tuple[Line, ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """A reason with how many units stand under it, by kind, and up to N of them, oldest first."""

    reason: str
    zh: str
    count: int
    charged: int
    by_kind: Mapping[str, int]
    units: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A statement, its figures and its backlog, each down to what it rests on."""

    statement: Statement
    figures: tuple[FigureLine, ...]
    reasons: tuple[ReasonLine, ...]

    def to_json(self) -> dict[str, Any]:
        """The machine form, ready for json.dumps; `format` goes up when it changes."""
        document: dict[str, Any] = _plain(asdict(self))
        document["statement"]["month"] = str(self.statement.month)
        return {"format": FORMAT, **document}


def explain(
    connection: sa.Connection,
    settings: Settings,
    department: str,
    month: Month,
    limit: int = 20,
    now: datetime | None = None,
) -> Explanation | None:
    """How the statement of `department` (a code or `district`) for `month` comes about.

    Up to `limit` units are listed for each figure and reason. The units are those of `now`, by
    default of the statement itself. None where there is no such statement.
    """
    found = statements.read(connection, month, department)
    if not found:
        return None
    planner.without_jit(connection)
    if now is None or now == found[0].as_of:
        of = _of(unit, department)
        return _explained(connection, settings, found[0], of, coverage.KEPT, limit)
    with scratch.made(connection, among, seen):
        if department != DISTRICT:
            units.list_of(connection, department)
        fill(connection, settings, View(now), whole=department == DISTRICT)
        of = _of(seen, department)
        return _explained(connection, settings, found[0], of, counts.acts(seen), limit)


def _of(table: sa.Table, department: str) -> sa.Subquery:
    """The units of a department, or of all for the district."""
    mine = sa.true() if department == DISTRICT else table.c.department == department
    return sa.select(table).where(mine).subquery("of")


def _explained(
    connection: sa.Connection,
    settings: Settings,
    statement: Statement,
    of: sa.Subquery,
    acts: sa.Select[Any],
    limit: int,
) -> Explanation:
    reasons = (
        _reason(connection, settings, of, reason, statement.month, limit)
        for reason in Reason
        if reason in statement.reasons or reason is Reason.PENDING
    )
    figures = tuple(
        _figure(connection, settings, of, acts, statement, Name(name), limit)
        for name in statement.figures
        if name in frozenset(Name)
    )
    return Explanation(statement, figures, tuple(line for line in reasons if line.count))


def _figure(
    connection: sa.Connection,
    settings: Settings,
    of: sa.Subquery,
    acts: sa.Select[Any],
    statement: Statement,
    name: Name,
    limit: int,
) -> FigureLine:
    figure = statement.figures[name]
    share = percent(figure["numerator"], figure["denominator"])
    line = FigureLine(
        name.value,
        name.zh,
        figure["numerator"],
        figure["denominator"],
        None if share is None else str(share),
    )
    if name in RATIOS:
        share_of = ratio(name, of)
        lacking = sa.and_(
            share_of.of, sa.not_(share_of.reached), of.c.month == str(statement.month)
        )
        return replace(line, lacking=_lines(connection, settings, of, lacking, limit))
    if name is Name.COVERAGE_SUB and statement.department != DISTRICT:
        codes = coverage.uncovered(connection, statement.department, statement.month, limit, acts)
        return replace(line, items=tuple(codes))
    return line


def _reason(
    connection: sa.Connection,
    settings: Settings,
    of: sa.Subquery,
    reason: Reason,
    month: Month,
    limit: int,
) -> ReasonLine:
    under = sa.and_(of.c.reason == reason.value, of.c.month <= str(month))
    query = (
        sa.select(
            of.c.kind,
            sa.func.count(),
            sa.func.sum(sa.case((of.c.charged, 1), else_=0)),
        )
        .where(under)
        .group_by(of.c.kind)
        .order_by(of.c.kind)
    )
    rows = connection.execute(query).all()
    return ReasonLine(
        reason=reason.value,
        zh=reason.zh,
        count=sum(row[1] for row in rows),
        charged=sum(row[2] for row in rows),
        by_kind={row[0]: row[1] for row in rows},
        units=_lines(connection, settings, of, under, limit),
    )


def _lines(
    connection: sa.Connection,
    settings: Settings,
    of: sa.Subquery,
    condition: sa.ColumnElement[bool],
    limit: int,
) -> tuple[Line, ...]:
    """The oldest `limit` units that fit, with the rules that they fail: two statements."""
    first = (behavior.c.id == of.c.behavior_id, expected.c.id == of.c.expected_id)
    coalesce = sa.func.coalesce
    query = (
        sa.select(
            of,
            coalesce(behavior.c.source, expected.c.source).label("source"),
            coalesce(behavior.c.record_id, expected.c.record_id).label("record_id"),
            coalesce(behavior.c.action_code, expected.c.action_code).label("action_code"),
        )
        .select_from(of.outerjoin(behavior, first[0]).outerjoin(expected, first[1]))
        .where(condition)
        .order_by(of.c.basis_on, of.c.behavior_id.nulls_last(), of.c.expected_id.nulls_last())
        .limit(limit)
    )
    rows = connection.execute(query).all()
    failures = _failures(connection, [row.behavior_id for row in rows if row.behavior_id])
    return tuple(_line(row, settings.days, failures.get(row.behavior_id, ())) for row in rows)


def _line(row: Any, calendar: Calendar, failures: Sequence[Failure]) -> Line:
    due_on = row.reason_due_on or row.due_on
    return Line(
        kind=row.kind,
        source=row.source,
        record_id=row.record_id,
        action_code=row.action_code,
        month=row.month,
        reason=row.reason,
        charged=row.charged,
        counted_from=row.basis_on,
        due_on=due_on,
        working_days=calendar.between(row.basis_on, due_on),
        failures=tuple(failures),
    )


def _failures(connection: sa.Connection, ids: Sequence[int]) -> dict[int, list[Failure]]:
    if not ids:
        return {}
    query = (
        sa.select(finding.c.behavior_id, rule.c.id, rule.c["class"], rule.c.message)
        .join(rule, rule.c.number == finding.c.rule)
        .where(finding.c.behavior_id.in_(ids), rule.c.active, rule.c.severity == Severity.CRITICAL)
        .order_by(finding.c.behavior_id, rule.c.number)
    )
    failures: dict[int, list[Failure]] = {}
    for behavior_id, *what in connection.execute(query):
        failures.setdefault(behavior_id, []).append(Failure(what[0], what[1], what[2]))
    return failures


def _plain(value: Any) -> Any:
    """`value` as JSON knows it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value

"""Explain (溯源): how each figure of a department's month comes about, down to records and rules.

Nothing is stored for it: the units are made again as of the asked instant and read from there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from monitor.config import Settings
from monitor.ledger import coverage, scratch, statements
from monitor.ledger.figures import RATIOS, Name, percent
from monitor.ledger.obligations import View, fill, unit
from monitor.ledger.statements import Statement
from monitor.store import planner
from monitor.store.tables import behavior, expected, finding, rule
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
    statement = found[0]
    whole = department == DISTRICT
    planner.without_jit(connection)
    view = View(now or statement.as_of, department=None if whole else department)
    with scratch.made(connection, unit):
        fill(connection, settings, view)
        reasons = tuple(
            _reason(connection, settings, reason, month, limit)
            for reason in Reason
            if reason in statement.reasons or reason is Reason.PENDING
        )
        figures = tuple(
            _figure(connection, settings, statement, Name(name), limit)
            for name in statement.figures
            if name in frozenset(Name)
        )
    return Explanation(statement, figures, tuple(line for line in reasons if line.count))


def _figure(
    connection: sa.Connection, settings: Settings, statement: Statement, name: Name, limit: int
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
        ratio = RATIOS[name]
        lacking = sa.and_(ratio.of, sa.not_(ratio.reached), unit.c.month == str(statement.month))
        return replace(line, lacking=_lines(connection, settings, lacking, limit))
    if name is Name.COVERAGE_SUB and statement.department != DISTRICT:
        codes = coverage.uncovered(connection, statement.department, statement.month, limit)
        return replace(line, items=tuple(codes))
    return line


def _reason(
    connection: sa.Connection, settings: Settings, reason: Reason, month: Month, limit: int
) -> ReasonLine:
    under = sa.and_(unit.c.reason == reason.value, unit.c.month <= str(month))
    query = (
        sa.select(
            unit.c.kind,
            sa.func.count(),
            sa.func.sum(sa.case((unit.c.charged, 1), else_=0)),
        )
        .where(under)
        .group_by(unit.c.kind)
        .order_by(unit.c.kind)
    )
    rows = connection.execute(query).all()
    return ReasonLine(
        reason=reason.value,
        zh=reason.zh,
        count=sum(row[1] for row in rows),
        charged=sum(row[2] for row in rows),
        by_kind={row[0]: row[1] for row in rows},
        units=_lines(connection, settings, under, limit),
    )


def _lines(
    connection: sa.Connection, settings: Settings, condition: sa.ColumnElement[bool], limit: int
) -> tuple[Line, ...]:
    """The oldest `limit` units that fit, with the rules that they fail: two statements."""
    first = (behavior.c.id == unit.c.behavior_id, expected.c.id == unit.c.expected_id)
    coalesce = sa.func.coalesce
    query = (
        sa.select(
            unit,
            coalesce(behavior.c.source, expected.c.source).label("source"),
            coalesce(behavior.c.record_id, expected.c.record_id).label("record_id"),
            coalesce(behavior.c.action_code, expected.c.action_code).label("action_code"),
        )
        .select_from(unit.outerjoin(behavior, first[0]).outerjoin(expected, first[1]))
        .where(condition)
        .order_by(unit.c.basis_on, unit.c.behavior_id.nulls_last(), unit.c.expected_id.nulls_last())
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

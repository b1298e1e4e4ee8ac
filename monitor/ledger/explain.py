"""Explain (溯源): how each figure of a department's month comes about, down to records and rules.

Nothing is stored for it: the units are read as the statements counted them; those of another
instant are made again for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from monitor.config import Settings
from monitor.ledger import (
    counts,
    coverage,
    inheritance,
    office_reports,
    scratch,
    since_seal,
    statements,
    succession,
    units,
)
from monitor.ledger.days import LocalDay
from monitor.ledger.definitions import DEFINITIONS, Definition
from monitor.ledger.explained_units import Line, lines
from monitor.ledger.figures import RATIOS, Name, Ratio, percent, ratio
from monitor.ledger.inheritance import Inheritance
from monitor.ledger.machine_form import machine_form
from monitor.ledger.made_units import fill
from monitor.ledger.obligations import View, among, is_obligation, is_record, seen
from monitor.ledger.office_reports import ZeroReport
from monitor.ledger.since_seal import SinceSeal
from monitor.ledger.statements import Statement
from monitor.ledger.succession import Succession
from monitor.store import planner
from monitor.store.tables import calendar_day, expected_kind, unit
from monitor.words import DISTRICT, Kind, Reason
from monitor.workdays import Month, local_day

FORMAT = 3
"""Since 2 units say how their due was counted, day by day, and figures what they count; since 3
changes since the seal tell of how many units the reason changed, too."""


@dataclass(frozen=True, slots=True)
class FigureLine:
    """A figure with up to N of the units that it lacks; `items` are item codes instead.

    `reached` are units that its numerator counts, `departments` each one's numerator and
    denominator: they are there where the figure was asked for by name, these of the district's.
    """

    name: str
    zh: str
    definition: Definition
    numerator: int
    denominator: int
    percent: str | None
    lacking: tuple[Line, ...] = ()
    items: tuple[str, ...] = ()
    reached: tuple[Line, ...] = ()
    departments: Mapping[str, tuple[int, int]] | None = None

    @classmethod
    def of(cls, statement: Statement, name: Name) -> "FigureLine":
        """The figure as a statement has it, without what it rests on."""
        figure = statement.figures[name]
        numerator, denominator = figure["numerator"], figure["denominator"]
        share = percent(numerator, denominator)
        shown = None if share is None else str(share)
        return cls(name.value, name.zh, DEFINITIONS[name], numerator, denominator, shown)


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
    """A statement, its figures and its backlog, each down to what it rests on; no person in it."""

    statement: Statement
    figures: tuple[FigureLine, ...]
    reasons: tuple[ReasonLine, ...] | None
    """None where one figure was asked for."""
    zero_reports: tuple[ZeroReport, ...] = ()
    since_seal: SinceSeal | None = None
    inheritance: Inheritance = field(default_factory=Inheritance)
    as_of: datetime | None = None
    """The instant that it is of, where that is an earlier one: then it has what is kept."""

    def to_json(self) -> dict[str, Any]:
        """The machine form, ready for json.dumps; `format` goes up when it changes."""
        return {"format": FORMAT, **machine_form(self)}


def explain(
    connection: sa.Connection,
    settings: Settings,
    department: str,
    month: Month,
    limit: int = 20,
    now: datetime | None = None,
    figure: Name | None = None,
) -> Explanation | None:
    """How the statement of `department` (a code or `district`) for `month` comes about.

    Up to `limit` units are listed for each figure and reason; where one `figure` is asked for, of
    it alone. The units are those of `now`, by default of the statement itself. None where there is
    no such statement.
    """
    found = statements.read(connection, month, department)
    if not found:
        return None
    planner.without_jit(connection)
    following = succession.read(connection)
    today = local_day(now or found[0].as_of)
    predecessors = following.predecessors(today)
    if now is None or now == found[0].as_of:
        of = _of(connection, unit, department, month)
        acts = coverage.taken_over(coverage.KEPT, predecessors)
        asked = _Asked(connection, settings, found[0], of, acts, limit, following, today)
        return asked.explanation(figure)
    with scratch.made(connection, among, seen):
        if department != DISTRICT:
            followed = predecessors.get(department, ())
            for code in (department, *(each for each, _since in followed)):
                units.list_of(connection, code)
        fill(connection, settings, View(now), whole=department == DISTRICT)
        of = _of(connection, seen, department, month)
        acts = coverage.taken_over(counts.acts(seen), predecessors)
        asked = _Asked(connection, settings, found[0], of, acts, limit, following, today)
        return asked.explanation(figure)


def _of(connection: sa.Connection, table: sa.Table, department: str, month: Month) -> sa.Subquery:
    """The units that a department answers for in a month, or all for the district."""
    if department == DISTRICT:
        return sa.select(table).subquery("of")
    paths = succession.paths(connection, table)
    owner = succession.owner_in(table, sa.literal(str(month)), paths)
    mine = sa.and_(table.c.heirs.is_(None), table.c.department == department)
    if paths:
        mine = sa.or_(mine, sa.and_(table.c.heirs.is_not(None), owner == department))
    return sa.select(table).where(mine).subquery("of")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is explained: a statement, the units `of` it, the `acts` that cover items."""

    connection: sa.Connection
    settings: Settings
    statement: Statement
    of: sa.Subquery
    acts: sa.Select[Any]
    limit: int
    following: Succession
    today: date

    def explanation(self, only: Name | None) -> Explanation:
        """All figures and reasons, or one figure."""
        statement = self.statement
        names = measured(statement)
        if only is not None:
            shown = tuple(self._whole(name) for name in names if name is only)
            return Explanation(statement, shown, None)
        reasons = (
            self._reason(reason)
            for reason in Reason
            if reason in statement.reasons or reason is Reason.PENDING
        )
        reports = office_reports.read(self.connection, statement.month)
        return Explanation(
            statement,
            tuple(map(self._figure, names)),
            tuple(line for line in reasons if line.count),
            tuple(
                replace(each, filed_by=None)
                for each in reports
                if each.department == statement.department
            ),
            since_seal.read(self.connection, statement, self._followed(statement)),
            inheritance.read(
                self.connection,
                self.of,
                statement.department,
                str(statement.month),
                self.following,
                self.today,
            ),
        )

    def _followed(self, statement: Statement) -> tuple[str, ...]:
        """The departments whose units the statement may carry."""
        followed = self.following.predecessors(self.today).get(statement.department, ())
        return tuple(code for code, since in followed if since <= str(statement.month))

    def _figure(self, name: Name) -> FigureLine:
        """A figure with what it lacks."""
        statement, line = self.statement, FigureLine.of(self.statement, name)
        # What progress lacks stands below it as the backlog.
        if name is not Name.PROGRESS and (share_of := self._share(name)) is not None:
            return replace(line, lacking=self._lines(_lacks(share_of)))
        if name is Name.COVERAGE_SUB and statement.department != DISTRICT:
            codes = coverage.uncovered(
                self.connection, statement.department, statement.month, self.limit, self.acts
            )
            return replace(line, items=tuple(codes))
        return line

    def _whole(self, name: Name) -> FigureLine:
        """A figure with what it lacks, what it counts, and the departments it is made from."""
        line = self._figure(name)
        if (share_of := self._share(name)) is not None:
            line = replace(
                line,
                lacking=self._lines(_lacks(share_of)),
                reached=self._lines(sa.and_(share_of.of, share_of.reached)),
            )
        if self.statement.department != DISTRICT:
            return line
        return replace(line, departments=shares(self.connection, self.statement.month, name))

    def _share(self, name: Name) -> Ratio | None:
        """Which units a figure counts, and which of them reach it; None where it counts others.

        Kinds that were not read are not counted.
        """
        u, month = self.of.c, str(self.statement.month)
        in_month = sa.and_(u.month == month, u.kind.not_in(self._unread_kinds()))
        if name in RATIOS:
            share = ratio(name, self.of)
            is_asked_for: sa.ColumnElement[bool] = sa.true()
            if name is Name.ENTRY:
                of_followed = self._followed(self.statement)
                is_asked_for = sa.exists().where(
                    sa.or_(
                        expected_kind.c.department == u.department,
                        expected_kind.c.department.in_(of_followed),
                    ),
                    expected_kind.c.kind == u.kind,
                )
            return Ratio(sa.and_(share.of, in_month, is_asked_for), share.reached)
        if name is Name.COMPLETENESS:
            submitted = sa.and_(is_record(self.of), u.submitted, in_month)
            return Ratio(submitted, u.filled >= u.mandatory)
        if name is Name.PROGRESS:
            carried_into = sa.select(calendar_day.c.day).where(calendar_day.c.open_month >= month)
            was_carried = sa.and_(u.month < month, LocalDay(u.cleared_at).in_(carried_into))
            cleared = sa.and_(is_obligation(self.of), u.reason.is_(None))
            counts_here = sa.and_(cleared, sa.or_(u.month == month, was_carried))
            remains = sa.and_(u.reason.is_not(None), u.month <= month)
            return Ratio(sa.or_(counts_here, remains), u.reason.is_(None))
        return None

    def _unread_kinds(self) -> list[str]:
        """The kinds of the department's acts that could not be read; of the district none is."""
        if self.statement.department == DISTRICT:
            return []
        return [kind.value for kind in Kind if kind in self.statement.not_measured]

    def _reason(self, reason: Reason) -> ReasonLine:
        u = self.of.c
        under = sa.and_(u.reason == reason.value, u.month <= str(self.statement.month))
        query = (
            sa.select(
                u.kind,
                sa.func.count(),
                sa.func.sum(sa.case((u.charged, 1), else_=0)),
            )
            .where(under)
            .group_by(u.kind)
            .order_by(u.kind)
        )
        rows = self.connection.execute(query).all()
        return ReasonLine(
            reason=reason.value,
            zh=reason.zh,
            count=sum(row[1] for row in rows),
            charged=sum(row[2] for row in rows),
            by_kind={row[0]: row[1] for row in rows},
            units=self._lines(under),
        )

    def _lines(self, condition: sa.ColumnElement[bool]) -> tuple[Line, ...]:
        return lines(self.connection, self.settings, self.of, condition, self.limit)


def measured(statement: Statement) -> list[Name]:
    """The figures of a statement, in their own order."""
    return [name for name in Name if name in statement.figures]


def shares(
    connection: sa.Connection, month: Month, name: Name, at: datetime | None = None
) -> dict[str, tuple[int, int]]:
    """The departments' own shares of a figure; of one that counts departments, who counts.

    As they are, or were at an instant.
    """
    own = {
        each.department: each
        for each in statements.read(connection, month, at=at)
        if each.department != DISTRICT
    }
    if name in (Name.ZERO, Name.NOT_MEASURED):
        return {code: (int(s.zero), 1) for code, s in own.items() if s.in_scope}
    return {
        code: (figure["numerator"], figure["denominator"])
        for code, s in own.items()
        if (figure := s.figures.get(name)) is not None
    }


def _lacks(share: Ratio) -> sa.ColumnElement[bool]:
    return sa.and_(share.of, sa.not_(share.reached))

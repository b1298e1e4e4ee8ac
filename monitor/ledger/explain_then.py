"""Explain as of an instant (往日溯源): how a statement came about as it stood then.

From what was kept: the statements, the events of the backlog, the statuses that records were seen
in. Figures have their numerators and denominators; what units they lacked and which rules a record
failed then isn't kept. A due is counted from a record's days as they are now.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

import sqlalchemy as sa

from monitor.config import Settings
from monitor.ledger import (
    bygone,
    inheritance,
    looks,
    office_reports,
    since_seal,
    statements,
    succession,
)
from monitor.ledger.backlog import Moment
from monitor.ledger.explain import (
    Explanation,
    FigureLine,
    ReasonLine,
    measured,
    shares,
)
from monitor.ledger.explained_units import Line, lines
from monitor.ledger.figures import Name
from monitor.ledger.obligations import basis_on, expected_basis_on
from monitor.ledger.statements import Statement
from monitor.store import planner
from monitor.store.tables import behavior, expected
from monitor.words import DISTRICT, Reason
from monitor.workdays import Month, local_day


def explain(
    connection: sa.Connection,
    settings: Settings,
    department: str,
    month: Month,
    at: datetime,
    limit: int = 20,
    figure: Name | None = None,
) -> Explanation | None:
    """How the statement of `department` (a code or `district`) for `month` stood at an instant.

    Up to `limit` units are listed for each reason, none where one `figure` is asked for. None where
    there was no such statement.
    """
    look, found = looks.at(connection, at), statements.read(connection, month, department, at)
    if look is None or not found:
        return None
    planner.without_jit(connection)
    return _Then(connection, settings, found[0], Moment(look[0], at), limit).explanation(figure)


@dataclass(frozen=True)
class _Then:
    """A statement as it was at a moment, whose look made it so."""

    connection: sa.Connection
    settings: Settings
    statement: Statement
    moment: Moment
    limit: int

    def explanation(self, only: Name | None) -> Explanation:
        """All figures and reasons, or one figure."""
        statement, at = self.statement, self.moment.at
        if only is not None:
            shown = tuple(self._whole(name) for name in measured(statement) if name is only)
            return Explanation(statement, shown, None, as_of=at)
        following = succession.read(self.connection)
        predecessors = following.predecessors(self._today).get(statement.department, ())
        followed = tuple(code for code, since in predecessors if since <= str(statement.month))
        reports = office_reports.read(self.connection, statement.month, at)
        return Explanation(
            statement,
            tuple(FigureLine.of(statement, name) for name in measured(statement)),
            tuple(self._reason(reason, kinds) for reason, kinds in self._counts().items()),
            tuple(
                replace(each, filed_by=None, obligations=statement.obligations)
                for each in reports
                if each.department == statement.department
            ),
            since_seal.read(self.connection, statement, followed, self.moment),
            inheritance.read(
                self.connection,
                self._units,
                statement.department,
                str(statement.month),
                following,
                self._today,
            ),
            as_of=at,
        )

    @property
    def _today(self) -> date:
        return local_day(self.statement.as_of)

    @cached_property
    def _units(self) -> sa.Subquery:
        """The units that stood then, with what lines and inheritance read of units."""
        month = self.statement.month
        stood = bygone.standing(self.connection, self.moment.look, self.statement.department, month)
        day = sa.case(
            (stood.c.behavior_id.is_not(None), basis_on(behavior, expected.c.due_basis_on)),
            else_=expected_basis_on(),
        )
        nothing = sa.literal(0)
        return (
            sa.select(
                stood.c.number,
                stood.c.behavior_id,
                stood.c.expected_id,
                stood.c.kind,
                stood.c.department,
                stood.c.month,
                stood.c.to_reason.label("reason"),
                (stood.c.to_reason != Reason.PENDING.value).label("charged"),
                day.label("basis_on"),
                nothing.label("filled"),
                nothing.label("mandatory"),
            )
            .select_from(
                stood.outerjoin(behavior, behavior.c.id == stood.c.behavior_id).outerjoin(
                    expected, expected.c.id == stood.c.expected_id
                )
            )
            .subquery("of")
        )

    def _counts(self) -> Mapping[Reason, Mapping[str, int]]:
        """How many units stood under each reason, by kind."""
        u = self._units.c
        query = (
            sa.select(u.reason, u.kind, sa.func.count())
            .group_by(u.reason, u.kind)
            .order_by(u.reason, u.kind)
        )
        found: dict[Reason, dict[str, int]] = {reason: {} for reason in Reason}
        for reason, kind, count in self.connection.execute(query):
            found[Reason(reason)][kind] = count
        return {reason: kinds for reason, kinds in found.items() if kinds}

    def _reason(self, reason: Reason, by_kind: Mapping[str, int]) -> ReasonLine:
        """A reason; how many units of it were charged the statement says."""
        of_reason = self._units.c.reason == reason.value
        return ReasonLine(
            reason=reason.value,
            zh=reason.zh,
            count=sum(by_kind.values()),
            charged=self.statement.reasons.get(reason.value, 0),
            by_kind=by_kind,
            units=tuple(map(self._charged, self._lines(of_reason))),
        )

    def _lines(self, condition: sa.ColumnElement[bool]) -> tuple[Line, ...]:
        then = self.moment.at
        return lines(self.connection, self.settings, self._units, condition, self.limit, then)

    def _charged(self, line: Line) -> Line:
        """A line with whether a pending record was charged by then, by its day."""
        if line.reason != Reason.PENDING or self.settings.month_zero.charge_pending == "office":
            return line
        return replace(line, charged=line.count.due_on < self._today)

    def _whole(self, name: Name) -> FigureLine:
        """A figure, with the departments' shares in the district's."""
        line = FigureLine.of(self.statement, name)
        if self.statement.department != DISTRICT:
            return line
        found = shares(self.connection, self.statement.month, name, self.moment.at)
        return replace(line, departments=found)

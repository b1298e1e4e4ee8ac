"""Since the seal (封存后变化): what was sealed beside what stands now, and why they differ.

The seal looks back at the close; events of the backlog tell what came and went after it. What was
done before the close and read after it is in the seal already, and has its event later: it stands
as `seen_late`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor.ledger import seals, succession, zero_reports
from monitor.ledger.backlog import Moment
from monitor.ledger.figures import Figures
from monitor.ledger.statements import Statement
from monitor.store.tables import backlog_event, unit, zero_report
from monitor.words import DISTRICT, MonthState, Word

COUNTED = ("obligations", "backlog", "pending", "carried")
"""The counts of a statement that a seal holds, too."""


@dataclass(frozen=True, slots=True)
class Change:
    """How many units came into the backlog, left it, or stand in it for another reason.

    For one cause after the close; a unit counts as often as it did so.
    """

    cause: str
    came: int
    left: int
    changed: int = 0


class Turn(Word):
    """Why a department's state is another than at the seal, where no unit is the cause."""

    REPORTED = "reported", "补报零报送"
    FOUND = "obligations_found", "另有应录"
    NOTHING_IN_USE = "nothing_in_use", "已无在用事项"
    REPORT_WITHDRAWN = "report_withdrawn", "零报送撤回"
    NOTHING_LEFT = "obligations_gone", "应录已全部移出"
    IN_USE = "items_in_use", "另有在用事项"
    READ = "read", "数据来源已读取"


@dataclass(frozen=True, slots=True)
class SinceSeal:
    """What was sealed, as `COUNTED` and figures, and what has changed since the close.

    `remained` is what was left at the close, pending units included, `remains` what is left now.
    The changes add up from the one to the other, but for the units `seen_late`: read after the
    close as they had been before it. `turns` are what changed the state beside units.
    """

    sealed_at: datetime
    revision: int
    state: MonthState
    counts: Mapping[str, int]
    figures: Figures
    changes: tuple[Change, ...]
    remained: int
    remains: int
    seen_late: int
    turns: tuple[Turn, ...] = ()


def read(
    connection: sa.Connection,
    statement: Statement,
    followed: Collection[str] = (),
    then: Moment | None = None,
) -> SinceSeal | None:
    """What a sealed statement was and became; None where the month has no seal that holds.

    `followed` are departments that ended, whose units the statement may carry. With `then` as it
    was after an earlier look.
    """
    seal = seals.holding(connection, statement.month, then.at if then else None)
    if seal is None:
        return None
    for sealed in seal.document["statements"]:
        if sealed["department"] == statement.department:
            break
    else:
        return None
    changes = _changes(connection, statement, followed, then)
    remained = sealed["backlog"] + sealed["pending"]
    remains = statement.backlog + statement.pending
    return SinceSeal(
        sealed_at=seal.sealed_at,
        revision=seal.revision,
        state=MonthState(sealed["state"]),
        counts={name: sealed[name] for name in COUNTED},
        figures=sealed["figures"],
        changes=changes,
        remained=remained,
        remains=remains,
        seen_late=remains - remained - sum(each.came - each.left for each in changes),
        turns=_turns(sealed, statement, _reports(connection, statement, then)),
    )


def _turns(
    sealed: Mapping[str, Any], statement: Statement, reports: Collection[bool]
) -> tuple[Turn, ...]:
    """What changed the state beside units; `reports` says of each zero report whether it holds.

    Whether the district is silent follows from its departments, which have turns of their own.
    """
    turns = []
    if statement.department != DISTRICT and sealed["silent"] != statement.silent:
        turns.append(
            _spoken(statement, reports) if sealed["silent"] else _silenced(sealed, reports)
        )
    if sealed["not_measured"] and not statement.not_measured:
        turns.append(Turn.READ)
    return tuple(turns)


def _spoken(statement: Statement, reports: Collection[bool]) -> Turn:
    if statement.obligations:
        return Turn.FOUND
    return Turn.REPORTED if any(reports) else Turn.NOTHING_IN_USE


def _silenced(sealed: Mapping[str, Any], reports: Collection[bool]) -> Turn:
    if sealed["obligations"]:
        return Turn.NOTHING_LEFT
    return Turn.REPORT_WITHDRAWN if reports else Turn.IN_USE


def _reports(
    connection: sa.Connection, statement: Statement, then: Moment | None
) -> Collection[bool]:
    """Of each zero report of the statement's month whether it holds, or held then."""
    z = zero_report.c
    at = then.at if then else None
    query = sa.select(zero_reports.holds(at)).where(
        z.department == statement.department,
        z.month == str(statement.month),
        sa.true() if at is None else z.first_seen_at <= at,
    )
    return connection.scalars(query).all()


def _changes(
    connection: sa.Connection,
    statement: Statement,
    followed: Collection[str],
    then: Moment | None,
) -> tuple[Change, ...]:
    """What came, left and changed after the close, of the month and those before it, by cause."""
    e = backlog_event.c
    came = sa.func.sum(sa.case((e.from_reason.is_(None), 1), else_=0))
    left = sa.func.sum(sa.case((e.to_reason.is_(None), 1), else_=0))
    changed = sa.func.sum(sa.case((e.from_reason != e.to_reason, 1), else_=0))
    query = (
        sa.select(e.cause, came, left, changed)
        .where(
            e.at >= statement.close_at,
            e.month <= str(statement.month),
            e.from_reason.is_distinct_from(e.to_reason),
            sa.true() if then is None else e.look <= then.look,
        )
        .group_by(e.cause)
        .order_by(e.cause)
    )
    if statement.department != DISTRICT:
        query = query.where(_is_of(connection, statement, followed))
    return tuple(Change(*row) for row in connection.execute(query))


def _is_of(
    connection: sa.Connection, statement: Statement, followed: Collection[str]
) -> sa.ColumnElement[bool]:
    """Whether an event is of a unit that the statement's department answers for in its month."""
    e = backlog_event.c
    own = e.department == statement.department
    heirs = succession.paths(connection, unit)
    if not heirs:
        return own
    answers = succession.owner_in(unit, sa.literal(str(statement.month)), heirs)
    unit_of = sa.and_(
        unit.c.number == sa.func.coalesce(e.behavior_id, -e.expected_id),
        unit.c.department == e.department,
    )
    elsewhere = sa.exists().where(unit_of, answers != statement.department)
    taken = sa.exists().where(unit_of, answers == statement.department)
    return sa.or_(sa.and_(own, sa.not_(elsewhere)), sa.and_(e.department.in_(followed), taken))

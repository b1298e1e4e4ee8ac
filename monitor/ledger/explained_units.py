"""Units explained (应录溯源): which record or expected row, what it fails, how it is due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor import standard
from monitor.config import Settings
from monitor.ledger.day_count import DayCount, counted
from monitor.ledger.days import LocalDay
from monitor.ledger.obligations import submission_on
from monitor.store import statuses
from monitor.store.tables import behavior, behavior_status, expected, finding, rule
from monitor.words import Kind, Reason, Severity


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule that a record fails."""

    rule: str
    rule_class: str
    message: str


@dataclass(frozen=True, slots=True)
class Line:
    """One unit: a record, or an expected row that has none; no person and no enterprise in it.

    `blank` are the mandatory cells that hold nothing, by the standard's names.
    """

    kind: str
    source: str
    record_id: str
    action_code: str | None
    month: str
    reason: str | None
    charged: bool
    count: DayCount
    failures: tuple[Failure, ...] = ()
    blank: tuple[str, ...] = ()
    document_no: str | None = None


def lines(
    connection: sa.Connection,
    settings: Settings,
    of: sa.FromClause,
    condition: sa.ColumnElement[bool],
    limit: int,
    then: datetime | None = None,
) -> tuple[Line, ...]:
    """The oldest `limit` units of `of` that fit, with what they fail: two statements.

    Where they are those of an earlier instant `then`, with the status that had been seen; what they
    failed is not known.
    """
    coalesce = sa.func.coalesce
    status_on, sent_on = LocalDay(behavior.c.status_at), submission_on(behavior)
    if then is not None:
        status_on = LocalDay(_last_seen("status_at", then))
        sent_on = coalesce(LocalDay(_last_seen("submitted_at", then)), sent_on)
    query = (
        sa.select(
            of,
            coalesce(behavior.c.source, expected.c.source).label("source"),
            coalesce(behavior.c.record_id, expected.c.record_id).label("record_id"),
            coalesce(behavior.c.action_code, expected.c.action_code).label("action_code"),
            coalesce(behavior.c.document_no, expected.c.document_no).label("document_no"),
            status_on.label("status_on"),
            sent_on.label("submission_on"),
            behavior.c.malformed,
            behavior.c.link_state,
            *(behavior.c[name].is_(None).label(f"no_{name}") for name in _MANDATORY),
        )
        .select_from(
            of.outerjoin(behavior, behavior.c.id == of.c.behavior_id).outerjoin(
                expected, expected.c.id == of.c.expected_id
            )
        )
        .where(condition)
        .order_by(of.c.basis_on, of.c.behavior_id.nulls_last(), of.c.expected_id.nulls_last())
        .limit(limit)
    )
    rows = connection.execute(query).all()
    records = [row.behavior_id for row in rows if row.behavior_id and then is None]
    failures = _failures(connection, records)
    return tuple(_line(row, settings, failures.get(row.behavior_id, ())) for row in rows)


def _last_seen(name: str, then: datetime) -> sa.ColumnElement[Any]:
    """What the last status said that a record had been seen in at an instant."""
    s, b = behavior_status.c, behavior.c
    last = (
        sa.select(s[name])
        .where(s.behavior_id == b.id, s.seen_at <= then)
        .order_by(s.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    own = sa.case((b.first_seen_at <= then, b[name]))
    return sa.case((statuses.is_only(), own), else_=last)


_MANDATORY = sorted(
    {field.column for kind in Kind for field in standard.fields(kind) if field.mandatory}
)


def _line(row: Any, settings: Settings, failures: Sequence[Failure]) -> Line:
    return Line(
        kind=row.kind,
        source=row.source,
        record_id=row.record_id,
        action_code=row.action_code,
        month=row.month,
        reason=row.reason,
        charged=row.charged,
        count=counted(
            settings,
            Kind(row.kind),
            Reason(row.reason) if row.reason else None,
            row.basis_on,
            row.status_on,
            row.submission_on,
        ),
        failures=tuple(failures),
        blank=_blank(row) if row.filled < row.mandatory else (),
        document_no=row.document_no,
    )


def _blank(row: Any) -> tuple[str, ...]:
    """The mandatory cells that hold nothing; one that could not be read does hold something."""
    flags: Mapping[str, Any] = row._mapping
    held = set((row.malformed or "").split("、"))
    if row.kind == Kind.PUNISH and row.link_state == "not_needed":
        held.add("check_action_code")
    return tuple(
        field.name_zh
        for field in standard.fields(row.kind)
        if field.mandatory and field.column not in held and flags[f"no_{field.column}"]
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

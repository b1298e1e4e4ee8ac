"""Reasons (原因): why a unit is not cleared, whom it is charged to and when it is due, as SQL.

The order of the cases is the rule: the first that matches wins, so the reasons of a department add
up to its backlog.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from monitor.config import MonthZeroSettings
from monitor.ledger.days import DaysLater, earlier
from monitor.store.tables import calendar_day, finding, rule
from monitor.words import Kind, Reason, Severity, Status

LINK_CLASS = "08"
INVALID_CLASSES = ("01", "02", "03", "04", "06", "07", "09", "10")
SUBMITTED = (Status.PENDING, Status.RETURNED, Status.ACCEPTED)

NOT_SUBMITTED = "not_submitted"
"""Stands for a status at an earlier instant at which the record had not been submitted."""

Flag = sa.ColumnElement[bool]
Day = sa.ColumnElement[date]


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides about one record, as SQL expressions."""

    kind: sa.ColumnElement[str]
    status: sa.ColumnElement[str]
    case_source: sa.ColumnElement[str]
    is_expected: Flag
    invalid: Flag
    unlinked: Flag
    basis_on: Day


def faults(among: sa.Select[int] | None = None) -> sa.Subquery:
    """The records with a critical finding of an active rule, and of which sort: 1 or 0.

    `invalid` and `unlinked` make backlog; `faulty`, any outside the class of links, makes a record
    no valid one. Of all records, or of those of `among`.
    """
    in_class = rule.c["class"]
    return (
        sa.select(
            finding.c.behavior_id,
            sa.func.max(sa.case((in_class.in_(INVALID_CLASSES), 1), else_=0)).label("invalid"),
            sa.func.max(sa.case((in_class == LINK_CLASS, 1), else_=0)).label("unlinked"),
            sa.func.max(sa.case((in_class != LINK_CLASS, 1), else_=0)).label("faulty"),
        )
        .join(rule, rule.c.number == finding.c.rule)
        .where(
            rule.c.severity == Severity.CRITICAL,
            rule.c.active,
            sa.true() if among is None else finding.c.behavior_id.in_(among),
        )
        .group_by(finding.c.behavior_id)
        .subquery("faults")
    )


def reason(facts: Facts, today: Day, month_zero: MonthZeroSettings) -> sa.Case[str]:
    """The reason of a record, NULL where it is cleared."""
    accepted = facts.status == Status.ACCEPTED
    return sa.case(
        (sa.and_(facts.status == NOT_SUBMITTED, facts.is_expected), Reason.UNENTERED.value),
        (facts.status.in_([Status.DRAFT.value, NOT_SUBMITTED]), Reason.DRAFT.value),
        (facts.status == Status.RETURNED, Reason.RETURNED.value),
        (facts.status == Status.PENDING, Reason.PENDING.value),
        (sa.and_(accepted, facts.invalid), Reason.INVALID.value),
        (
            sa.and_(accepted, facts.unlinked, _link_is_charged(facts, today, month_zero)),
            Reason.UNLINKED.value,
        ),
        else_=sa.null(),
    )


def _link_is_charged(facts: Facts, today: Day, month_zero: MonthZeroSettings) -> Flag:
    """Whether a missing link counts: at once for a child, after the limit for a parent.

    A penalty counts where its case came from a check (案件来源 01); the parent's limit is the span
    in which a penalty must be decided (行政处罚法 第六十条).
    """
    return sa.case(
        (facts.kind == Kind.CHECK, link_due(facts.basis_on, month_zero) < today),
        (facts.kind == Kind.PUNISH, facts.case_source == "01"),
        else_=sa.true(),
    )


def link_due(basis_on: Day, month_zero: MonthZeroSettings) -> Day:
    """The last day for what must follow from a check."""
    limit: sa.ColumnElement[int] = sa.literal_column(str(month_zero.link_limit_days))
    return DaysLater(basis_on, limit)


def charged(
    why: sa.ColumnElement[str], due_on: Day, today: Day, month_zero: MonthZeroSettings
) -> sa.Case[bool]:
    """Whether a reason counts against the department; a pending record may wait for the office."""
    if month_zero.charge_pending == "office":
        pending: Flag = sa.false()
    else:
        pending = due_on < today
    return sa.case(
        (why.is_(None), sa.false()),
        (why == Reason.PENDING, pending),
        else_=sa.true(),
    )


def entry_due(
    kind: sa.ColumnElement[str], day: sa.FromClause, basis_on: Day, month_zero: MonthZeroSettings
) -> sa.ColumnElement[date]:
    """The last day for an entry; `day` is calendar_day's row of the day it counts from."""
    due = sa.case(*((kind == each, day.c[f"{each}_due"]) for each in Kind))
    return sa.func.coalesce(_strict(due, day.c.close_on, month_zero), basis_on)


def reason_due(
    why: sa.ColumnElement[str],
    entry_due_on: Day,
    return_due_on: Day,
    audit_due_on: Day,
    close_on: Day,
    month_zero: MonthZeroSettings,
) -> sa.Case[Any]:
    """The last day for what the reason asks for."""
    due = sa.case(
        (why == Reason.RETURNED, sa.func.coalesce(return_due_on, entry_due_on)),
        (why == Reason.PENDING, sa.func.coalesce(audit_due_on, entry_due_on)),
        else_=entry_due_on,
    )
    return _strict(due, close_on, month_zero)


def _strict(due: sa.Case[Any], close_on: Day, month_zero: MonthZeroSettings) -> sa.Case[Any]:
    """With `strict_month` no due is later than the close of the unit's month."""
    return earlier(due, close_on) if month_zero.strict_month else due


def calendar(name: str) -> sa.FromClause:
    """calendar_day under a name of its own, to be joined several times."""
    return calendar_day.alias(name)

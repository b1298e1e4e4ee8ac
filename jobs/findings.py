"""Findings (问题) one by one, as many as there are, whoever reads them and however many there are.

Read through a cursor of the store's own, so that memory doesn't grow with them.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from monitor.notify.disclosure import masked
from monitor.store import planner
from monitor.store.tables import behavior, finding, rule
from monitor.workdays import Month

ROWS_AT_ONCE = 1000
"""How many findings are in memory at a time."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that one record fails; `month` is the one that the record belongs to (归属月)."""

    department: str
    month: str
    kind: str
    source: str
    record_id: str
    action_code: str | None
    rule: str
    rule_class: str
    severity: str
    field: str
    message: str

    def as_dict(self) -> dict[str, str | None]:
        """The machine form, one object a finding."""
        return {
            "department": self.department,
            "month": self.month,
            "kind": self.kind,
            "source": self.source,
            "record_id": self.record_id,
            "action_code": self.action_code,
            "rule": self.rule,
            "class": self.rule_class,
            "severity": self.severity,
            "field": self.field,
            "message": self.message,
        }

    def disclosed(self, departments: Container[str]) -> "Finding":
        """The finding with `***` for identity codes inside its codes, save those of departments."""
        return replace(
            self,
            record_id=masked(self.record_id, departments),
            action_code=self.action_code and masked(self.action_code, departments),
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """Which findings are wanted; whatever is empty or None excludes nothing.

    `department` is a code, `month` the belonging month of the records.
    """

    department: str | None = None
    month: Month | None = None
    rules: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


def number_of(connection: sa.Connection, asked: Asked) -> int:
    """How many findings there are."""
    planner.without_jit(connection)
    return int(connection.execute(_asked(asked, sa.func.count())).scalar_one())


def streamed(connection: sa.Connection, asked: Asked) -> Iterator[Finding]:
    """The findings by department, month and record, a record's in the order of the rules.

    Those of the last judgement: a record that changed since keeps its own until the next.
    """
    planner.without_jit(connection)
    b, r = behavior.c, rule.c
    columns = (
        *(b.department, b.month, b.kind, b.source, b.record_id, b.action_code),
        *(r.id, r["class"], r.severity, r.field, r.message),
    )
    query = _asked(asked, *columns).order_by(b.department, b.month, b.id, r.number)
    for row in connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE}):
        yield Finding(*row)


def _asked(asked: Asked, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    b, r = behavior.c, rule.c
    wanted: list[sa.ColumnElement[bool]] = [r.active]
    if asked.department is not None:
        wanted.append(b.department == asked.department)
    if asked.month is not None:
        wanted.append(b.month == str(asked.month))
    for column, values in (
        (r.id, asked.rules),
        (r.severity, asked.severities),
        (r["class"], asked.classes),
        (r.kind, asked.kinds),
    ):
        if values:
            wanted.append(column.in_(values))
    return (
        sa.select(*columns)
        .select_from(finding)
        .join(rule, r.number == finding.c.rule)
        .join(behavior, b.id == finding.c.behavior_id)
        .where(*wanted)
    )

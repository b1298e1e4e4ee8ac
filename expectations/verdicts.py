"""Verdicts: whether a department's records meet a rule, in Great Expectations' arithmetic.

What a check needs are the records that fail; a verdict also counts those that a rule was asked of,
since `mostly` allows a share of them to fail. One scan a kind, however many departments and rules.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from expectations.clauses import clauses
from expectations.conditions import Clause, evaluated
from expectations.records import live
from expectations.suites import Rule
from monitor.store import planner
from monitor.store.tables import behavior
from monitor.words import UNKNOWN_DEPARTMENT

_AT_ONCE = 200
"""Rules of one statement: two counts each, and SQLite has 2,000 columns, PostgreSQL 1,664."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule on one department's records; `success` is vacuously true where none is asked."""

    department: str
    rule: str
    evaluated: int
    unexpected: int
    mostly: float

    @property
    def success(self) -> bool:
        """Whether as large a share meets the rule as it asks for."""
        met = self.evaluated - self.unexpected
        return self.evaluated == 0 or met / self.evaluated >= self.mostly


def verdicts(
    connection: sa.Connection, rules: Iterable[Rule], department: str | None = None
) -> Iterator[Verdict]:
    """The verdicts on every department that has records of the rules' kinds, or on one.

    Duplicates are asked only whether they are duplicates. Reads only; raises SuiteError.
    """
    planner.without_jit(connection)
    of_kind: dict[str, list[Rule]] = {}
    for rule in rules:
        of_kind.setdefault(rule.kind, []).append(rule)
    for kind, asked in of_kind.items():
        for first in range(0, len(asked), _AT_ONCE):
            yield from _of_kind(connection, kind, asked[first : first + _AT_ONCE], department)


def is_asked(rule: Rule) -> Clause:
    """Whether a record is one that the rule is for: an original, unless it is about duplicates."""
    if "duplicate_of" in rule.columns:
        return sa.true()
    return sa.column("duplicate_of").is_(None)


def _of_kind(
    connection: sa.Connection, kind: str, rules: list[Rule], department: str | None
) -> Iterator[Verdict]:
    fails = clauses(connection, behavior, rules, keep=False)
    asked = evaluated(connection.dialect.name, behavior, rules)
    owner: sa.ColumnElement[str] = sa.func.coalesce(
        sa.column("department", sa.Text()), sa.literal_column(f"'{UNKNOWN_DEPARTMENT}'", sa.Text())
    )
    counts: list[sa.ColumnElement[int]] = [
        sa.func.sum(sa.case((sa.and_(is_asked(rule), which[rule.id]), 1), else_=0))
        for rule in rules
        for which in (asked, fails)
    ]
    query: sa.Select[*tuple[Any, ...]] = (
        sa.select(owner, *counts)
        .select_from(live().where(behavior.c.kind == kind).subquery("record"))
        .group_by(owner)
        .order_by(owner)
    )
    if department is not None:
        query = query.where(owner == department)
    for code, *found in connection.execute(query):
        for place, rule in enumerate(rules):
            yield Verdict(
                department=code,
                rule=rule.id,
                evaluated=found[2 * place],
                unexpected=found[2 * place + 1],
                mostly=float(rule.kwargs.get("mostly", 1)),
            )

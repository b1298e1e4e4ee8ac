"""Verdicts: whether a department's records meet a rule, in Great Expectations' arithmetic.

What a check needs are the records that fail; a verdict also counts those that a rule was asked of,
since `mostly` allows a share of them to fail. One scan a kind, however many departments and rules.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from expectations.clauses import clauses
from expectations.conditions import Clause, evaluated, fitting
from expectations.records import live
from expectations.suites import Rule
from monitor.store import planner
from monitor.store.tables import behavior
from monitor.words import UNKNOWN_DEPARTMENT
from monitor.workdays import Month

_AT_ONCE = 200
"""Rules of one statement: three counts each, and SQLite has 2,000 columns, PostgreSQL 1,664."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule on one department's records; `success` is vacuously true where none is asked.

    `fitting` records meet the rule's row condition, `evaluated` those of them that have what it
    asks about, `unexpected` those that fail it.
    """

    department: str
    rule: str
    fitting: int
    evaluated: int
    unexpected: int
    mostly: float

    @property
    def success(self) -> bool:
        """Whether as large a share meets the rule as it asks for."""
        met = self.evaluated - self.unexpected
        return self.evaluated == 0 or met / self.evaluated >= self.mostly


def verdicts(
    connection: sa.Connection,
    rules: Iterable[Rule],
    department: str | None = None,
    month: Month | None = None,
) -> Iterator[Verdict]:
    """The verdicts on every department that has records of the rules' kinds, or on one.

    With `month` on the records that belong to it. Of a kind come all departments, in order.
    Duplicates are asked only whether they are duplicates. Reads only; raises SuiteError.
    """
    planner.without_jit(connection)
    records = records_of(department, month)
    of_kind: dict[str, list[Rule]] = {}
    for rule in rules:
        of_kind.setdefault(rule.kind, []).append(rule)
    for kind, asked in of_kind.items():
        for first in range(0, len(asked), _AT_ONCE):
            chosen = records.where(behavior.c.kind == kind)
            yield from _of_kind(connection, chosen, asked[first : first + _AT_ONCE])


def records_of(department: str | None, month: Month | None) -> sa.Select[*tuple[Any, ...]]:
    """The records that are judged, of one department or all, of one month or all."""
    records = live()
    if department is not None:
        records = records.where(whose() == department)
    if month is not None:
        records = records.where(behavior.c.month == str(month))
    return records


def whose() -> sa.ColumnElement[str]:
    """Who answers for a record."""
    return sa.func.coalesce(behavior.c.department, sa.literal_column(f"'{UNKNOWN_DEPARTMENT}'"))


def is_asked(rule: Rule) -> Clause:
    """Whether a record is one that the rule is for: an original, unless it is about duplicates."""
    if "duplicate_of" in rule.columns:
        return sa.true()
    return sa.column("duplicate_of").is_(None)


def _of_kind(
    connection: sa.Connection, records: sa.Select[*tuple[Any, ...]], rules: list[Rule]
) -> Iterator[Verdict]:
    fits = fitting(connection.dialect.name, behavior, rules)
    asked = evaluated(connection.dialect.name, behavior, rules)
    fails = clauses(connection, behavior, rules, keep=False)
    owner = sa.column("owner", sa.Text())
    counts: list[sa.ColumnElement[int]] = [
        sa.func.sum(sa.case((sa.and_(is_asked(rule), which[rule.id]), 1), else_=0))
        for rule in rules
        for which in (fits, asked, fails)
    ]
    query: sa.Select[*tuple[Any, ...]] = (
        sa.select(owner, *counts)
        .select_from(records.add_columns(whose().label("owner")).subquery("record"))
        .group_by(owner)
        .order_by(owner)
    )
    for code, *found in connection.execute(query):
        for place, rule in enumerate(rules):
            fit, evaluated_, unexpected = found[3 * place : 3 * place + 3]
            yield Verdict(
                department=code,
                rule=rule.id,
                fitting=fit,
                evaluated=evaluated_,
                unexpected=unexpected,
                mostly=float(rule.kwargs.get("mostly", 1)),
            )

"""The suite month_zero on the statements: the ledger decides zero, the suite must agree."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from expectations.clauses import clauses
from expectations.suites import Suite, statement_rules
from monitor.store.tables import statement


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A statement that says what the suite says can't be."""

    department: str
    month: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.department} {self.month}: {self.rule}: {self.message}"


def judge_statements(
    connection: sa.Connection, suites: Iterable[Suite], *, keep: bool = True
) -> tuple[Disagreement, ...]:
    """Where ledger and suite differ, by department and month; empty where they agree.

    One scan, in the caller's transaction; with `keep` the clauses are kept. Raises SuiteError for a
    rule that can't be judged row by row.
    """
    rules = statement_rules(suites)
    if not rules:
        return ()
    clause_of = clauses(connection, statement, rules, keep=keep)
    row = sa.select(statement).subquery("statement")
    fails = [
        sa.case((clause_of[rule.id], 1), else_=0).label(f"rule_{number}")
        for number, rule in enumerate(rules)
    ]
    query = (
        sa.select(sa.column("department"), sa.column("month"), *fails)
        .select_from(row)
        .where(sa.or_(*(clause_of[rule.id] for rule in rules)))
        .order_by(sa.column("month"), sa.column("department"))
    )
    return tuple(
        Disagreement(department, month, rule.id, rule.message)
        for department, month, *marks in connection.execute(query)
        for rule, mark in zip(rules, marks, strict=True)
        if mark
    )

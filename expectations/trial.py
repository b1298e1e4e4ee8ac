"""A trial: rules judged on the store as it is, of which nothing stays."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from expectations.clauses import clauses
from expectations.judge import failures, scan
from expectations.month_zero import judge_statements
from expectations.records import live
from expectations.rules import NumberedRule
from expectations.suites import MONTH_ZERO, Rule, Suite
from monitor.errors import SuiteError
from monitor.store import planner
from monitor.store.tables import behavior, statement, to_judge
from monitor.words import UNKNOWN_DEPARTMENT
from monitor.workdays import Month

EXAMPLES = 5
"""How many of the records that fail a rule are shown."""


@dataclass(frozen=True, slots=True)
class Example:
    """What failed: a record, or the statement of a department's month, which has no codes."""

    department: str
    month: str
    source: str | None = None
    record_id: str | None = None
    action_code: str | None = None


@dataclass(frozen=True, slots=True)
class RuleTrial:
    """How one rule came out: how many fail it by department, and some of them."""

    rule: Rule
    failing: Mapping[str, int]
    examples: tuple[Example, ...]

    @property
    def total(self) -> int:
        """How many fail the rule."""
        return sum(self.failing.values())


@dataclass(frozen=True, slots=True)
class Trial:
    """How a suite came out.

    `judged` counts what was judged by department. `waiting` records wait for a check, which makes
    the facts that rules may ask about: what is said of them here may be out of date.
    """

    judged: Mapping[str, int]
    rules: tuple[RuleTrial, ...]
    waiting: int


def try_suite(
    connection: sa.Connection,
    suite: Suite,
    month: Month | None = None,
    department: str | None = None,
) -> Trial:
    """Judge records, or statements, by the rules of `suite`; those of a month or department only.

    Whatever is made on the way is temporary: the caller rolls its transaction back. The number of
    statements depends on nothing. Raises SuiteError for what can't be judged.
    """
    if not suite.rules:
        raise SuiteError(f"{suite.path}: expected rules to try, found none")
    if suite.name == MONTH_ZERO:
        return _of_statements(connection, suite, month, department)
    return _of_records(connection, suite.rules, month, department)


def _of_records(
    connection: sa.Connection, rules: Sequence[Rule], month: Month | None, department: str | None
) -> Trial:
    b = behavior.c
    records = live().where(b.kind.in_({rule.kind for rule in rules}))
    if month is not None:
        records = records.where(b.month == str(month))
    if department is not None:
        records = records.where(b.department == department)
    planner.without_jit(connection)
    numbered = [NumberedRule(number, rule, judged=False) for number, rule in enumerate(rules)]
    failures.create(connection)
    scan(connection, records, numbered, clauses(connection, behavior, rules, keep=False))
    whose = sa.func.coalesce(b.department, UNKNOWN_DEPARTMENT)
    failing: dict[int, dict[str, int]] = defaultdict(dict)
    for number, code, count in connection.execute(
        sa.select(failures.c.rule, whose, sa.func.count())
        .join(behavior, b.id == failures.c.behavior_id)
        .group_by(failures.c.rule, whose)
    ):
        failing[number][code] = count
    examples = _examples(connection)
    of_record = records.with_only_columns(whose, sa.func.count()).group_by(whose)
    judged = {row[0]: row[1] for row in connection.execute(of_record)}
    waiting = connection.scalar(sa.select(sa.func.count()).select_from(to_judge)) or 0
    made = (RuleTrial(rule, failing[n], examples[n]) for n, rule in enumerate(rules))
    return Trial(judged, tuple(made), waiting)


def _examples(connection: sa.Connection) -> Mapping[int, tuple[Example, ...]]:
    """By the rule's number the records that fail it and happened last."""
    b = behavior.c
    place = sa.func.row_number().over(
        partition_by=failures.c.rule, order_by=[b.first_seen_on.desc(), b.id.desc()]
    )
    columns: tuple[Any, ...] = (b.department, b.month, b.source, b.record_id, b.action_code)
    ranked = (
        sa.select(failures.c.rule, place.label("place"), *columns)
        .join(behavior, b.id == failures.c.behavior_id)
        .subquery("ranked")
    )
    found: dict[int, tuple[Example, ...]] = defaultdict(tuple)
    query = sa.select(ranked).where(ranked.c.place <= EXAMPLES)
    for number, _, code, month, *codes in connection.execute(
        query.order_by(ranked.c.rule, ranked.c.place)
    ):
        found[number] += (Example(code or UNKNOWN_DEPARTMENT, month or "", *codes),)
    return found


def _of_statements(
    connection: sa.Connection, suite: Suite, month: Month | None, department: str | None
) -> Trial:
    s = statement.c
    asked = [s.month == str(month)] if month is not None else []
    asked += [s.department == department] if department is not None else []
    query = sa.select(s.department, sa.func.count()).where(*asked).group_by(s.department)
    judged = {row[0]: row[1] for row in connection.execute(query)}
    found: dict[str, list[Example]] = defaultdict(list)
    for each in judge_statements(connection, [suite], keep=False):
        fits_month = month is None or each.month == str(month)
        if fits_month and department in (None, each.department):
            found[each.rule].append(Example(each.department, each.month))
    made = (
        RuleTrial(rule, _counted(found[rule.id]), tuple(found[rule.id][-EXAMPLES:]))
        for rule in suite.rules
    )
    return Trial(judged, tuple(made), waiting=0)


def _counted(examples: Iterable[Example]) -> Mapping[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for example in examples:
        counts[example.department] += 1
    return counts

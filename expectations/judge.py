"""Judging: the queued records in one scan, whatever their departments and however many rules.

Each record gets marks of the rules that it fails (expectations.marks), made by Great Expectations'
conditions (expectations.conditions); those of the records that fail something are taken apart into
a temporary table, and the table `finding` is brought in line with it. Nothing is grouped and
nothing comes to Python.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from expectations.clauses import clauses
from expectations.conditions import Clause, Written
from expectations.marks import failed, marks_of, words
from expectations.records import live
from expectations.rules import NumberedRule, mark_judged, sync_rules
from expectations.suites import Suite
from monitor.store import planner, queue
from monitor.store.tables import behavior, finding, to_judge
from monitor.store.types import Id
from monitor.store.upsert import insert_into

failures = sa.Table(
    "failing",
    sa.MetaData(),
    sa.Column("behavior_id", Id, primary_key=True),
    sa.Column("rule", sa.Integer, primary_key=True),
    prefixes=["TEMPORARY"],
)
"""What records fail, while they are judged: a record and the number of a rule."""

_FEW = 10_000
"""Fewer records than this are judged sooner by one process of the store than by several."""


@dataclass(frozen=True, slots=True)
class JudgeReport:
    """What judging did.

    `judged` counts the records taken from the queue, `findings` what they and the changed rules
    fail now; `added` and `removed` are the findings that this run wrote and dropped;
    `changed_rules` the rules judged for every record because they are new or say something else.
    """

    at: datetime
    judged: int
    findings: int
    added: int
    removed: int
    changed_rules: int


def judge(connection: sa.Connection, suites: Iterable[Suite], now: datetime) -> JudgeReport:
    """Bring `finding` in line with the suites for every queued record; empty the queue.

    A rule that is new or changed is judged for all records. Deleted and withdrawn records have no
    findings; a duplicate has those of the rules that ask about `duplicate_of` only, since it is no
    obligation of its own. Writes in the caller's transaction; a crash before its commit leaves
    queue and rules as they were, and the next run repeats the work.

    Raises SuiteError for a rule that can't be judged record by record.
    """
    queue.hold(connection)
    rules = sync_rules(connection, suites)
    changed = [each for each in rules if not each.judged]
    size = connection.scalar(sa.select(sa.func.count()).select_from(to_judge)) or 0
    if not changed and not size:
        return JudgeReport(now, judged=0, findings=0, added=0, removed=0, changed_rules=0)
    planner.without_jit(connection)
    if not changed and size < _FEW:
        planner.alone(connection)
    fails = clauses(connection, behavior, (each.rule for each in rules))
    failures.create(connection)
    if size >= _FEW and planner.is_most(connection, size, behavior):
        # joining wide rows with a long queue costs more than judging those that aren't queued
        scan(connection, live(), rules, fails)
        removed = _drop(connection, sa.true())
    else:
        removed = _judge_some(connection, rules, fails)
    count = sa.select(sa.func.count()).select_from(failures)
    found = connection.execute(count).scalar_one()
    added = _add(connection)
    connection.execute(sa.delete(to_judge))
    mark_judged(connection, changed)
    failures.drop(connection)
    return JudgeReport(
        at=now,
        judged=size,
        findings=found,
        added=added,
        removed=removed,
        changed_rules=len(changed),
    )


_QUEUE = sa.select(to_judge.c.behavior_id)


def _judge_some(
    connection: sa.Connection, rules: Sequence[NumberedRule], fails: Mapping[str, Written]
) -> int:
    """Judge the queue by the rules that stayed, everything by those that are new or changed.

    Gives how many findings were dropped.
    """
    changed = [each for each in rules if not each.judged]
    if stayed := [each for each in rules if each.judged]:
        scan(connection, live().where(behavior.c.id.in_(_QUEUE)), stayed, fails)
    removed = 0
    if changed:
        kinds = sorted({each.rule.kind for each in changed})
        scan(connection, live().where(behavior.c.kind.in_(kinds)), changed, fails)
        removed = _drop(connection, finding.c.rule.in_([each.number for each in changed]))
    return removed + _drop(connection, finding.c.behavior_id.in_(_QUEUE))


def scan(
    connection: sa.Connection,
    records: sa.Select[*tuple[Any, ...]],
    rules: Sequence[NumberedRule],
    fails: Mapping[str, Written],
) -> None:
    """Put what `records` fail of `rules` into the temporary table, which holds nothing of these.

    The marks are made by CREATE TABLE … AS, for which PostgreSQL uses several processes; it does
    not for INSERT.
    """
    record = records.subquery("record")
    marks = marks_of(rules)
    made = words(marks, fails)
    flagged = (
        sa.select(sa.column("id"), sa.column("kind"), *made)
        .select_from(record)
        # a fence, else the marks are worked out twice: to test and to keep
        .limit(sa.literal_column("-1") if connection.dialect.name == "sqlite" else None)
        .offset(sa.literal_column("0"))
        .subquery("flagged")
    )
    fails_any = sa.or_(*(flagged.c[word.name] != 0 for word in made))
    marked = sa.CreateTableAs(sa.select(flagged).where(fails_any), "marked", temporary=True)
    connection.execute(marked)
    # by name: what is asked of this run's own table the engine would keep, and never find again
    named = sa.table(marked.table.name, *(sa.column(each.name) for each in flagged.c))
    taken_apart = failed(named, marks)
    connection.execute(sa.insert(failures).from_select(["behavior_id", "rule"], taken_apart))
    marked.table.drop(connection)


def _drop(connection: sa.Connection, scope: Clause) -> int:
    """Drop the findings within `scope` that no longer hold; gives their number."""
    holds = sa.exists().where(
        failures.c.behavior_id == finding.c.behavior_id, failures.c.rule == finding.c.rule
    )
    return connection.execute(sa.delete(finding).where(scope, ~holds)).rowcount


def _add(connection: sa.Connection) -> int:
    """Write the findings that are new; gives their number.

    What is there already is found by its key, which costs no write and no plan that could be bad.
    """
    found = sa.select(failures.c.behavior_id, failures.c.rule).where(sa.true())
    insert = insert_into(connection, finding).from_select(["behavior_id", "rule"], found)
    return connection.execute(
        insert.on_conflict_do_nothing(), execution_options={"preserve_rowcount": True}
    ).rowcount

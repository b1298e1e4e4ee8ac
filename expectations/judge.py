"""Judging: the queued records in one scan, whatever their departments and however many rules.

Each record gets the numbers of the rules that it fails as one text, made by Great Expectations'
conditions (expectations.conditions); the texts are taken apart into a temporary table, and the
table `finding` is brought in line with it. Nothing is grouped and nothing comes to Python.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from expectations.conditions import Clause, failing
from expectations.records import live
from expectations.rules import NumberedRule, mark_judged, sync_rules
from expectations.suites import Suite
from monitor.store.tables import behavior, finding, to_judge
from monitor.store.types import Id

_failing = sa.Table(
    "failing",
    sa.MetaData(),
    sa.Column("behavior_id", Id, primary_key=True),
    sa.Column("rule", sa.Integer, primary_key=True),
    prefixes=["TEMPORARY"],
)


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


def hold_queue(connection: sa.Connection) -> None:
    """Keep the queue `to_judge` as it is until the transaction ends.

    Whoever lands records waits meanwhile, and what was landed before is seen: without it a record
    that changes while it is judged could leave the queue unseen. SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE to_judge IN SHARE ROW EXCLUSIVE MODE")


def judge(connection: sa.Connection, suites: Iterable[Suite], now: datetime) -> JudgeReport:
    """Bring `finding` in line with the suites for every queued record; empty the queue.

    A rule that is new or changed is judged for all records. Deleted and withdrawn records have no
    findings; a duplicate has those of the rules that ask about `duplicate_of` only, since it is no
    obligation of its own. Writes in the caller's transaction; a crash before its commit leaves
    queue and rules as they were, and the next run repeats the work.

    Raises SuiteError for a rule that can't be judged record by record.
    """
    hold_queue(connection)
    rules = sync_rules(connection, suites)
    changed = [each for each in rules if not each.judged]
    if not changed and connection.scalar(sa.select(to_judge.c.behavior_id).limit(1)) is None:
        return JudgeReport(now, judged=0, findings=0, added=0, removed=0, changed_rules=0)
    if connection.dialect.name == "postgresql":
        # compiling two hundred conditions to machine code costs more than running them
        connection.exec_driver_sql("SET LOCAL jit = off")
    clauses = failing(connection.dialect.name, behavior, (each.rule for each in rules))
    queued = sa.select(to_judge.c.behavior_id)
    _failing.create(connection)
    _scan(connection, live().where(behavior.c.id.in_(queued)), rules, clauses)
    if changed:
        kinds = sorted({each.rule.kind for each in changed})
        is_queued = sa.exists().where(to_judge.c.behavior_id == behavior.c.id)
        others = live().where(behavior.c.kind.in_(kinds), ~is_queued)
        _scan(connection, others, changed, clauses)
    removed = _drop(connection, finding.c.behavior_id.in_(queued))
    if changed:
        removed += _drop(connection, finding.c.rule.in_([each.number for each in changed]))
    fails = connection.execute(sa.select(sa.func.count()).select_from(_failing)).scalar_one()
    added = _add(connection)
    judged = connection.execute(sa.delete(to_judge)).rowcount
    mark_judged(connection, changed)
    _failing.drop(connection)
    return JudgeReport(
        at=now,
        judged=judged,
        findings=fails,
        added=added,
        removed=removed,
        changed_rules=len(changed),
    )


def _scan(
    connection: sa.Connection,
    records: sa.Select[*tuple[Any, ...]],
    rules: Sequence[NumberedRule],
    clauses: Mapping[str, Clause],
) -> None:
    """Put what `records` fail of `rules` into the temporary table."""
    record = records.subquery("record")
    marks = sa.case(
        *(
            arm
            for kind in sorted({each.rule.kind for each in rules})
            for arm in _arms([each for each in rules if each.rule.kind == kind], kind, clauses)
        ),
        else_=sa.literal_column("''"),
    )
    flagged = (
        sa.select(sa.column("id"), marks.label("fails"))
        .select_from(record)
        .cte("flagged")
        # computed once, though it is asked for twice
        .prefix_with("MATERIALIZED")
    )
    numbers = _numbers(connection.dialect.name, flagged.c.fails)
    connection.execute(
        sa.insert(_failing).from_select(
            ["behavior_id", "rule"],
            sa.select(flagged.c.id, numbers.c.value)
            .select_from(flagged)
            .join(numbers, sa.true())
            .where(flagged.c.fails != ""),
        )
    )


def _arms(
    rules: Sequence[NumberedRule], kind: str, clauses: Mapping[str, Clause]
) -> Iterator[tuple[Clause, sa.ColumnElement[str]]]:
    """CASE arms for one kind: an original is asked everything, a duplicate only what it is."""
    of_kind = sa.column("kind", sa.Text()) == kind
    original = sa.column("duplicate_of").is_(None)
    of_duplicates = [each for each in rules if "duplicate_of" in each.rule.columns]
    for whom, asked in ((original, rules), (~original, of_duplicates)):
        if asked:
            # most records fail nothing: only those that do pay for writing down what
            fails_any = sa.or_(*(clauses[each.rule.id] for each in asked))
            yield sa.and_(of_kind, whom, fails_any), _marks(asked, clauses)


def _marks(rules: Sequence[NumberedRule], clauses: Mapping[str, Clause]) -> sa.ColumnElement[str]:
    """The numbers of the rules that a record fails, each followed by a comma."""
    mark: sa.ColumnElement[str] = sa.literal_column("''", sa.Text())
    for each in rules:
        number = sa.literal_column(f"'{each.number},'", sa.Text())
        mark = mark + sa.case((clauses[each.rule.id], number), else_=sa.literal_column("''"))
    return mark


def _numbers(dialect: str, fails: sa.ColumnElement[str]) -> sa.TableValuedAlias:
    """The numbers in `fails` as rows of one column `value`."""
    listed = sa.func.rtrim(fails, ",")
    if dialect == "sqlite":
        return sa.func.json_each("[" + listed + "]").table_valued("value")
    each = sa.cast(sa.func.string_to_array(listed, ","), postgresql.ARRAY(sa.Integer))
    return sa.func.unnest(each).table_valued("value").render_derived()


def _drop(connection: sa.Connection, scope: Clause) -> int:
    """Drop the findings within `scope` that no longer hold; gives their number."""
    holds = sa.exists().where(
        _failing.c.behavior_id == finding.c.behavior_id, _failing.c.rule == finding.c.rule
    )
    return connection.execute(sa.delete(finding).where(scope, ~holds)).rowcount


def _add(connection: sa.Connection) -> int:
    """Write the findings that are new; gives their number."""
    known = sa.exists().where(
        finding.c.behavior_id == _failing.c.behavior_id, finding.c.rule == _failing.c.rule
    )
    new = sa.select(_failing.c.behavior_id, _failing.c.rule).where(~known)
    return connection.execute(
        sa.insert(finding).from_select(["behavior_id", "rule"], new),
        execution_options={"preserve_rowcount": True},
    ).rowcount

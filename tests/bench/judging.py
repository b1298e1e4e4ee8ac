"""Judging, against grouped SELECTs of the same rules and Great Expectations by department."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from expectations.conditions import failing
from expectations.judge import judge
from expectations.loading import load_suites
from expectations.records import live
from expectations.suites import Rule, Suite, behavior_rules
from monitor.store import Store, planner
from monitor.store.tables import behavior, finding, to_judge
from monitor.words import Kind
from tests.bench.measurement import Measurement, Stopwatch
from tests.bench.places import NOW, STORES, Places
from tests.expectations.records import clean, land

_DEPARTMENTS = 60
_GX_DEPARTMENTS = 2
_RUNS = 3
_LIKE = 2_400
"""Records made in Python; the others are copies of them under other names."""
_FAULTS: tuple[dict[str, Any], ...] = (
    {"party_name": None},
    {"party_id_fault": "form"},
    {"item_state_on_day": "unknown", "area_code": "999999"},
    {"malformed": "occurred_on", "occurred_on": None},
)


def measure(places: Places) -> Iterator[Measurement]:
    """Judge all records and 1 % of them; ask the same in one SELECT a kind, and by department."""
    suites = load_suites()
    work = f"judge all records, {_DEPARTMENTS} departments"
    for kind in STORES:
        with places.store(kind) as store:
            with store.writing() as connection:
                judge(connection, suites, NOW)  # resolves the rules, which a daemon does once
            _fill(store, places.rows)
            whole, some, grouped = Stopwatch(), Stopwatch(), Stopwatch()
            for _ in range(_RUNS):
                _judge(store, suites, whole, share=1, rows=places.rows)
                _group(store, behavior_rules(suites), grouped)
            for _ in range(_RUNS):
                _judge(store, suites, some, share=100, rows=places.rows // 100)
            with store.reading() as connection:
                found = connection.scalar(sa.select(sa.func.count()).select_from(finding))
            yield Measurement(
                f"{work}, {found:,} findings",
                kind,
                "≤ 1.3 ×",
                whole.best / grouped.best,
                1.3,
                str(whole),
                f"grouped SELECTs that write nothing {grouped}",
            )
            by_department = _great_expectations(store, suites) * _DEPARTMENTS
            yield Measurement(
                work,
                kind,
                "≥ 50 × faster",
                by_department / whole.best,
                50,
                str(whole),
                f"Great Expectations by department {by_department:.0f} s, extrapolated "
                f"from {_GX_DEPARTMENTS} departments",
                at_least=True,
            )
            yield Measurement(
                "judge after 1 % of the records changed",
                kind,
                "≤ 10 %",
                100 * some.best / whole.best,
                10,
                str(some),
                f"all {whole}",
                unit="%",
            )


def _fill(store: Store, rows: int) -> None:
    """Records of all kinds and departments, one in ten with a fault."""
    kinds = [kind.value for kind in Kind]
    like = [
        clean(
            kinds[number % 4],
            number,
            department=f"D{number // 4 % _DEPARTMENTS}",
            **(_FAULTS[number // 40 % 4] if number % 10 == 0 else {}),
        )
        for number in range(min(_LIKE, rows))
    ]
    names = [c.name for c in behavior.columns if c.name not in ("id", "record_id")]
    with store.writing() as connection:
        land(connection, *like)
        made = len(like)
        while made < rows:
            copies = (
                sa.select(
                    *(behavior.c[name] for name in names),
                    behavior.c.record_id + f"+{made}",
                )
                .order_by(behavior.c.id)
                .limit(rows - made)
            )
            connection.execute(sa.insert(behavior).from_select([*names, "record_id"], copies))
            made += min(made, rows - made)
        connection.execute(sa.delete(to_judge))
    with store.engine.connect() as connection:
        autocommit = connection.execution_options(isolation_level="AUTOCOMMIT")
        autocommit.exec_driver_sql("ANALYZE")


def _judge(
    store: Store, suites: Sequence[Suite], stopwatch: Stopwatch, share: int, rows: int
) -> None:
    """Judge one record in `share`, having forgotten what was found in it before."""
    chosen = sa.select(behavior.c.id).where(behavior.c.id % share == 0)
    with store.writing() as connection:
        connection.execute(sa.delete(finding).where(finding.c.behavior_id.in_(chosen)))
        connection.execute(sa.insert(to_judge).from_select(["behavior_id"], chosen))
        planner.gather(connection, (to_judge,), grown_by=rows)  # as a check does
    with stopwatch.running(), store.writing() as connection:
        judge(connection, suites, NOW)


def _group(store: Store, rules: Sequence[Rule], stopwatch: Stopwatch) -> None:
    """How many records of each department fail each rule: one SELECT a kind."""
    with store.reading() as connection:
        if store.engine.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL jit = off")
        clauses = failing(connection.dialect.name, behavior, rules)
        queries: list[sa.Select[*tuple[Any, ...]]] = [
            sa.select(
                sa.column("department"),
                *(
                    sa.func.sum(sa.case((clauses[rule.id], 1), else_=0)).label(f"n{number}")
                    for number, rule in enumerate(rules)
                    if rule.kind == kind
                ),
            )
            .select_from(live().where(behavior.c.kind == kind.value).subquery())
            .group_by(sa.column("department"))
            for kind in Kind
        ]
        with stopwatch.running():
            for query in queries:
                connection.execute(query).all()


def _great_expectations(store: Store, suites: Sequence[Suite]) -> float:
    """Seconds that a department takes when Great Expectations validates its batch itself."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    url = store.engine.url.render_as_string(hide_password=False)
    source = context.data_sources.add_sql("store", connection_string=url)
    rules = behavior_rules(suites)
    for kind in Kind:
        expectations = [
            {"type": rule.type, "kwargs": dict(rule.kwargs)} for rule in rules if rule.kind == kind
        ]
        context.suites.add(gx.ExpectationSuite(kind.value, expectations=expectations))
    begun = time.perf_counter()
    for number in range(_GX_DEPARTMENTS):
        for kind in Kind:
            name = f"{kind}-{number}"
            query = (
                "SELECT *, coalesce(malformed, '') AS malformed_columns FROM behavior "
                f"WHERE department = 'D{number}' AND kind = '{kind}'"
            )
            batch = source.add_query_asset(name, query=query).add_batch_definition_whole_table("x")
            suite = context.suites.get(kind.value)
            definition = gx.ValidationDefinition(name=name, data=batch, suite=suite)
            context.validation_definitions.add(definition).run(result_format="BASIC")
    return (time.perf_counter() - begun) / _GX_DEPARTMENTS

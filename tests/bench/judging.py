"""Judging, against grouped SELECTs of the same rules that write nothing."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import sqlalchemy as sa

from expectations.conditions import Clause, failing
from expectations.judge import judge
from expectations.loading import load_suites
from expectations.records import live
from expectations.suites import Rule, Suite, behavior_rules
from monitor.store import Store, planner
from monitor.store.tables import behavior, department, finding, to_judge
from monitor.words import Kind
from tests.bench.measurement import Measurement, Stopwatch
from tests.bench.places import NOW, Places
from tests.bench.storage import settle
from tests.expectations.records import clean, land

DEPARTMENTS = 60
_LIKE = 2_400
"""Records made in Python; the others are copies of them under other names."""
_CODE = "示范-"
_FAULTS: tuple[dict[str, Any], ...] = (
    {"party_name": None},
    {"party_id_fault": "form"},
    {"item_state_on_day": "unknown", "area_code": "999999"},
    {"malformed": "occurred_on", "occurred_on": None},
)


def measure(places: Places) -> Iterator[Measurement]:
    """Judge all records and 1 % of them; ask the same in one SELECT a kind."""
    suites = load_suites()
    for kind in places.stores:
        with filled(places, kind, suites) as store:
            whole, some, grouped = Stopwatch(), Stopwatch(), Stopwatch()
            for _ in range(places.runs):
                judged(store, suites, whole)
                _group(store, behavior_rules(suites), grouped)
            settle(store)
            for _ in range(places.runs):
                judged(store, suites, some, share=100)
            with store.reading() as connection:
                found = connection.scalar(sa.select(sa.func.count()).select_from(finding))
            yield Measurement(
                f"judge all records, {DEPARTMENTS} departments, {found:,} findings",
                kind,
                "≤ 1.3 ×",
                whole.best / grouped.best,
                1.3,
                str(whole),
                f"grouped SELECTs that write nothing {grouped}",
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


def filled(places: Places, kind: str, suites: Sequence[Suite]) -> AbstractContextManager[Store]:
    """A store with as many records as are asked for, every rule resolved and judged.

    A daemon resolves its rules once.
    """
    return places.filled(kind, partial(fill, suites=suites, rows=places.rows))


def copied(places: Places, kind: str, suites: Sequence[Suite]) -> AbstractContextManager[Store]:
    """As `filled`; what happens in it leaves no trace."""
    return places.copied(kind, partial(fill, suites=suites, rows=places.rows))


def code_of(number: int) -> str:
    """The code of a department that does not exist."""
    return f"D{number}"


def like(rows: int) -> Sequence[Mapping[str, Any]]:
    """The records that the others are copies of: of all kinds and departments, a tenth faulty."""
    kinds = [kind.value for kind in Kind]
    return [
        clean(
            kinds[number % 4],
            number,
            department=code,
            cd_source=code,
            **({"check_action_code": f"{_CODE}{number - number % 4}"} if number % 4 else {}),
            **(_FAULTS[number // 40 % 4] if number % 10 == 0 else {}),
        )
        for number in range(min(_LIKE, rows))
        for code in [code_of(number // 4 % DEPARTMENTS)]
    ]


def _directory() -> list[dict[str, Any]]:
    return [
        {
            "code": code,
            "name": f"示范局{code}",
            "source": "demo",
            "record_id": code,
            "content_hash": code,
            "first_seen_at": NOW,
        }
        for code in map(code_of, range(DEPARTMENTS))
    ]


def fill(store: Store, suites: Sequence[Suite], rows: int) -> None:
    """Some records made in Python, then copies made by the store itself."""
    first = like(rows)
    # SQLite takes the later made of two that seem alike: that of departments is, as in any store
    indexes = sorted(behavior.indexes, key=lambda index: str(index.name), reverse=True)
    with store.writing() as connection:
        judge(connection, suites, NOW)
        for index in indexes:
            index.drop(connection)  # making them afterwards is quicker
        connection.execute(sa.insert(department), _directory())
        land(connection, *map(dict, first))
        made = len(first)
        while made < rows:
            _copy(connection, made, min(made, rows - made))
            made += min(made, rows - made)
        for index in indexes:
            index.create(connection)
        connection.execute(sa.delete(to_judge))
    settle(store)


def _copy(connection: sa.Connection, made: int, count: int) -> None:
    """Copy the first `count` of the `made` records; a copy's act follows from the copied check."""
    number, is_act = behavior.c.id + made, behavior.c.check_action_code.is_not(None)
    check = number - (behavior.c.id - 1) % len(Kind)
    own: dict[str, sa.ColumnElement[Any]] = {
        "record_id": sa.literal("copy-") + sa.cast(number, sa.Text),
        "action_code": sa.literal(_CODE) + sa.cast(number, sa.Text),
        "check_action_code": sa.case((is_act, sa.literal(_CODE) + sa.cast(check, sa.Text))),
    }
    names = [column.name for column in behavior.columns if column.name not in {"id", *own}]
    copies = (
        sa.select(*(behavior.c[name] for name in names), *own.values())
        .order_by(behavior.c.id)
        .limit(count)
    )
    connection.execute(sa.insert(behavior).from_select([*names, *own], copies))


def judged(store: Store, suites: Sequence[Suite], stopwatch: Stopwatch, share: int = 1) -> None:
    """Judge one record in `share`, having forgotten what was found in it before."""
    chosen = sa.select(behavior.c.id).where(behavior.c.id % share == 0)
    with store.writing() as connection:
        connection.execute(sa.delete(finding).where(finding.c.behavior_id.in_(chosen)))
        queued = connection.execute(
            sa.insert(to_judge).from_select(["behavior_id"], chosen),
            execution_options={"preserve_rowcount": True},
        ).rowcount
        planner.gather(connection, (to_judge,), grown_by=queued)  # as a check does
    with stopwatch.running(), store.writing() as connection:
        judge(connection, suites, NOW)


def grouped_selects(
    rules: Sequence[Rule], clauses: Mapping[str, Clause]
) -> Sequence[sa.Select[*tuple[Any, ...]]]:
    """How many records of each department fail each rule: one SELECT a kind."""
    return [
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


def _group(store: Store, rules: Sequence[Rule], stopwatch: Stopwatch) -> None:
    with store.reading() as connection:
        planner.without_jit(connection)
        clauses = failing(connection.dialect.name, behavior, rules)
        queries = grouped_selects(rules, clauses)
        with stopwatch.running():
            for query in queries:
                connection.execute(query).all()

"""DuckDB, against judging: what a column store takes at least to count the same failures.

The rows are copied into a table of its own first, which isn't timed. It counts by department and
writes nothing, as the grouped SELECTs do. `make bench` installs it.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from expectations.clauses import clauses
from expectations.loading import load_suites
from expectations.records import live
from expectations.suites import Rule, behavior_rules
from monitor.store import Store
from monitor.store.tables import behavior, finding
from monitor.store.tables import rule as rule_table
from monitor.words import Kind
from tests.bench.judging import filled, judged
from tests.bench.measurement import Measurement, Stopwatch
from tests.bench.places import Places

_NOT_COPIED = ("raw",)
"""The delivered row, which no rule asks about."""


def measure(places: Places) -> Iterator[Measurement]:
    """Judge all records on PostgreSQL, then count the failures in DuckDB."""
    if "postgresql" not in places.stores:
        return
    suites = load_suites()
    rules = behavior_rules(suites)
    with filled(places, "postgresql", suites) as store:
        ours, theirs = Stopwatch(), Stopwatch()
        for _ in range(places.runs):
            judged(store, suites, ours)
        with store.writing() as connection:
            fails = {
                name: clause.name for name, clause in clauses(connection, behavior, rules).items()
            }
            found = _found(connection)
        duck = _Duck(store, places.folder)
        counted = [rule for rule in rules if duck.counts(rule, fails, found)]
        for _ in range(places.runs):
            with theirs.running():
                duck.group(counted, fails)
        duck.close()
        yield Measurement(
            "judge all records",
            "postgresql",
            "none",
            ours.best / theirs.best,
            None,
            str(ours),
            f"DuckDB, counting {len(counted)} of {len(rules)} rules by department: {theirs}",
        )


def _found(connection: sa.Connection) -> Mapping[str, int]:
    """How many records fail each rule, by its id."""
    query = (
        sa.select(rule_table.c.id, sa.func.count().label("found"))
        .join(finding, finding.c.rule == rule_table.c.number)
        .group_by(rule_table.c.id)
    )
    return {row.id: row.found for row in connection.execute(query)}


class _Duck:
    """A database of DuckDB that holds the store's records."""

    def __init__(self, store: Store, folder: Path) -> None:
        import duckdb

        self._error = duckdb.Error
        self._path = folder / "columns.duckdb"
        self._connection: Any = duckdb.connect(str(self._path))
        self._connection.execute("SET TimeZone = 'UTC'")
        record = live().subquery()
        columns = [column for column in record.c if column.name not in _NOT_COPIED]
        dialect = store.engine.dialect
        types = ", ".join(f"{c.name} {c.type.compile(dialect=dialect)}" for c in columns)
        self._connection.execute(f"CREATE TABLE record ({types})")
        rows = folder / "columns.csv"
        _export(store, sa.select(*columns), rows)
        self._connection.execute(
            f"COPY record FROM '{rows}' (FORMAT csv, HEADER false, NULLSTR '', "
            "ALLOW_QUOTED_NULLS false)"
        )
        rows.unlink()

    def counts(self, rule: Rule, fails: Mapping[str, str], found: Mapping[str, int]) -> bool:
        """Whether it understands the rule, and finds as many failures as we do."""
        try:
            rows = self.group([rule], fails)
        except self._error:
            return False
        failures: int = sum(row[1] for row in rows)
        return failures == found.get(rule.id, 0)

    def group(self, rules: Sequence[Rule], fails: Mapping[str, str]) -> list[tuple[Any, ...]]:
        """The departments and how many of their records fail each rule; a query a kind."""
        rows = []
        for kind in Kind:
            counts = [
                f"count(*) FILTER (WHERE {fails[rule.id]})" for rule in rules if rule.kind == kind
            ]
            if counts:
                rows += self._connection.execute(
                    f"SELECT department, {', '.join(counts)} FROM record "
                    f"WHERE kind = '{kind}' GROUP BY department"
                ).fetchall()
        return rows

    def close(self) -> None:
        """Close it and remove what it holds."""
        self._connection.close()
        self._path.unlink()


def _export(store: Store, query: sa.Select[Any], path: Path) -> None:
    with store.reading() as connection:
        text = query.compile(connection, compile_kwargs={"literal_binds": True})
        raw = connection.connection.driver_connection
        assert raw is not None
        statement = f"COPY ({text}) TO STDOUT (FORMAT csv)"
        with path.open("wb") as file, raw.cursor() as cursor, cursor.copy(statement) as blocks:
            for block in blocks:
                file.write(block)

"""Great Expectations itself, against judging: by department, and on the whole table."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from expectations.loading import load_suites
from expectations.suites import Suite, behavior_rules
from monitor.store import Store
from monitor.words import Kind
from tests.bench.judging import DEPARTMENTS, code_of, filled, judged
from tests.bench.measurement import Measurement, Stopwatch
from tests.bench.places import Places

_MEASURED = 2
"""Departments that are measured; the others would take as long."""

_WHOLE: Mapping[str, Mapping[str, Any]] = {
    "SUMMARY": {"result_format": "SUMMARY"},
    "COMPLETE with the records' numbers": {
        "result_format": "COMPLETE",
        "unexpected_index_column_names": ["id"],
    },
}
"""What is asked of the whole table; only the second says which records fail."""


def measure(places: Places) -> Iterator[Measurement]:
    """Judge all records, then let Great Expectations validate some departments, then the table."""
    suites = load_suites()
    for kind in places.stores:
        with filled(places, kind, suites) as store:
            ours = Stopwatch()
            for _ in range(2):
                judged(store, suites, ours)
            validator = _Validator(store, suites)
            begun = time.perf_counter()
            for number in range(_MEASURED):
                validator.run(f"department = '{code_of(number)}'", {"result_format": "BASIC"})
            by_department = (time.perf_counter() - begun) / _MEASURED * DEPARTMENTS
            yield Measurement(
                f"judge all records, {DEPARTMENTS} departments",
                kind,
                "≥ 50 × faster",
                by_department / ours.best,
                50,
                str(ours),
                f"Great Expectations by department {by_department:.0f} s, extrapolated "
                f"from {_MEASURED} departments",
                at_least=True,
            )
            for name, result_format in _WHOLE.items():
                begun = time.perf_counter()
                validator.run("true", result_format)
                seconds = time.perf_counter() - begun
                yield Measurement(
                    "judge all records, whosever they are",
                    kind,
                    "none",
                    seconds / ours.best,
                    None,
                    str(ours),
                    f"Great Expectations on the whole table, {name}: {seconds:.1f} s",
                    unit="× faster",
                )


class _Validator:
    """Great Expectations with the suites and the store."""

    def __init__(self, store: Store, suites: Sequence[Suite]) -> None:
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

        self._context = gx.get_context(mode="ephemeral")
        self._context.variables.progress_bars = ProgressBarsConfig(globally=False)
        url = store.engine.url.render_as_string(hide_password=False)
        self._source = self._context.data_sources.add_sql("store", connection_string=url)
        self._suites = {}
        rules = behavior_rules(suites)
        for kind in Kind:
            expectations = [
                {"type": rule.type, "kwargs": dict(rule.kwargs)}
                for rule in rules
                if rule.kind == kind
            ]
            suite = gx.ExpectationSuite(kind.value, expectations=expectations)
            self._suites[kind] = self._context.suites.add(suite)
        self._runs = 0

    def run(self, condition: str, result_format: Mapping[str, Any]) -> None:
        """Validate the records of each kind that fit `condition`."""
        import great_expectations as gx

        self._runs += 1
        for kind, suite in self._suites.items():
            name = f"{kind}-{self._runs}"
            query = (
                "SELECT *, coalesce(malformed, '') AS malformed_columns FROM behavior "
                f"WHERE {condition} AND kind = '{kind}'"
            )
            asset = self._source.add_query_asset(name, query=query)
            batch = asset.add_batch_definition_whole_table(name)
            definition = gx.ValidationDefinition(name=name, data=batch, suite=suite)
            added = self._context.validation_definitions.add(definition)
            added.run(result_format=dict(result_format))

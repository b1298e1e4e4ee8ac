"""Great Expectations' own result objects of each department's records, without its queries.

An expectation of Great Expectations makes its result of metrics: how many rows there are, how many
are missing and unexpected, and which. One scan of ours counts them for every department at once
(expectations.verdicts), and which records fail stands in `finding`. So what follows is what
`ValidationDefinition.run` would give on each department's batch, at the cost of making the objects.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

import sqlalchemy as sa

from expectations.records import MALFORMED_COLUMNS
from expectations.suites import Rule
from expectations.supported import SUPPORTED
from expectations.verdicts import Verdict, records_of, verdicts, whose
from monitor.notify.disclosure import masked
from monitor.store import planner
from monitor.store.tables import behavior, finding
from monitor.store.tables import rule as rule_table
from monitor.workdays import Month

if TYPE_CHECKING:
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )

DATA_SOURCE = "yueqingling"
INDEX = ("source", "record_id")
"""The columns by which a result names records: they say nothing of a person."""

RESULT_FORMAT: Mapping[str, Any] = {
    "result_format": "SUMMARY",
    "unexpected_index_column_names": list(INDEX),
    "partial_unexpected_count": 20,
    "exclude_unexpected_values": True,
}
"""Counts, shares and the first records that fail, but no cell of theirs."""

_LISTED = ".unexpected_index_list"
_ROWS_AT_ONCE = 1000
_LONG = 100
"""Longer lists of values are left out while results are made: each is copied dozens of times."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One department's records of one kind, as they were counted; verdicts by the rules' ids."""

    kind: str
    department: str
    month: Month | None
    verdicts: Mapping[str, Verdict]

    @property
    def name(self) -> str:
        """What Great Expectations calls the asset."""
        return f"{self.kind}-{self.department}"

    @property
    def id(self) -> str:
        """What Great Expectations calls the batch."""
        return f"{DATA_SOURCE}-{self.name}"

    @property
    def failed(self) -> int:
        """How many rules are not met."""
        return sum(not verdict.success for verdict in self.verdicts.values())

    def query(self, dialect: sa.Dialect) -> str:
        """The batch as a query for Great Expectations; rules about duplicates see those, too."""
        records = records_of(self.department, self.month).where(
            behavior.c.kind == self.kind, behavior.c.duplicate_of.is_(None)
        )
        added = records.selected_columns[MALFORMED_COLUMNS.name]
        text = records.with_only_columns(sa.literal_column("behavior.*"), added).compile(
            dialect=dialect, compile_kwargs={"literal_binds": True}
        )
        return " ".join(str(text).split())


def batches(
    connection: sa.Connection,
    rules: Iterable[Rule],
    department: str | None = None,
    month: Month | None = None,
) -> tuple[Batch, ...]:
    """What each rule comes to on each department's records; one scan a kind, as `verdicts`."""
    kinds = {rule.id: rule.kind for rule in rules}
    found: dict[tuple[str, str], dict[str, Verdict]] = {}
    for verdict in verdicts(connection, rules, department, month):
        place = (kinds[verdict.rule], verdict.department)
        found.setdefault(place, {})[verdict.rule] = verdict
    return tuple(Batch(kind, code, month, each) for (kind, code), each in found.items())


def departments_of_kinds(connection: sa.Connection, month: Month | None) -> Mapping[str, int]:
    """How many departments have records of each kind."""
    owned = (
        records_of(None, month)
        .with_only_columns(behavior.c.kind, whose().label("owner"))
        .distinct()
        .subquery("owned")
    )
    query = sa.select(owned.c.kind, sa.func.count().label("of")).group_by(owned.c.kind)
    return {row.kind: row.of for row in connection.execute(query)}


def results(
    connection: sa.Connection,
    counted: Sequence[Batch],
    rules: Iterable[Rule],
    at: datetime,
    departments: Container[str],
) -> Iterator[tuple[Batch, "ExpectationSuiteValidationResult"]]:
    """Each batch with its result, as of `at`, the batches in their order.

    Which records fail is what the last check found. Identity codes in their ids show as `***`, save
    those of `departments`. One statement a kind, streamed.
    """
    of_kind: dict[str, list[_Resulting]] = {}
    for rule in rules:
        of_kind.setdefault(rule.kind, []).append(_Resulting(rule))
    for kind, group in groupby(counted, key=lambda batch: batch.kind):
        wanted = tuple(group)
        for batch, failing in zip(wanted, _failing(connection, kind, wanted), strict=True):
            shown = {
                name: [(source, masked(record, departments)) for source, record in rows]
                for name, rows in failing.items()
            }
            made = [each.on(batch, shown.get(each.rule.id, [])) for each in of_kind[kind]]
            yield batch, _whole(batch, made, at, connection.dialect)


def document(result: "ExpectationSuiteValidationResult") -> dict[str, Any]:
    """The result as JSON has it, in Great Expectations' own form."""
    written: Callable[[], dict[str, Any]] = result.to_json_dict
    return written()


class _Resulting:
    """An expectation that says what came out of counts that are given to it."""

    def __init__(self, rule: Rule) -> None:
        from great_expectations.expectations.expectation_configuration import (
            ExpectationConfiguration,
        )
        from great_expectations.expectations.metadata_types import FailureSeverity

        self.rule = rule
        self._long = {
            key: value
            for key, value in rule.kwargs.items()
            if isinstance(value, list) and len(value) > _LONG
        }
        self._expectation = ExpectationConfiguration(
            type=rule.type,
            kwargs={**rule.kwargs, **{key: value[:1] for key, value in self._long.items()}},
            meta={
                "id": rule.id,
                "class": rule.rule_class,
                "field": rule.field,
                "message": rule.message,
            },
            severity=FailureSeverity(rule.severity.value),
            id=str(uuid5(NAMESPACE_URL, f"{DATA_SOURCE}:{rule.id}")),
        ).to_domain_obj()
        asked = self._expectation.get_validation_dependencies(runtime_configuration=_runtime())
        self._metrics = {name: metric.id for name, metric in asked.metric_configurations.items()}
        self._judged = next(
            name.removesuffix(_LISTED) for name in self._metrics if name.endswith(_LISTED)
        )

    def on(self, batch: Batch, failing: Sequence[tuple[str, str]]) -> "ExpectationValidationResult":
        """The result on `batch`, of whose records `failing` are some."""
        verdict = batch.verdicts[self.rule.id]
        values = {key: self._value(name, verdict, failing) for name, key in self._metrics.items()}
        result = self._expectation.metrics_validate(values, runtime_configuration=_runtime())
        if result.expectation_config is not None:
            result.expectation_config.kwargs.update(self._long, batch_id=batch.id)
        return result

    def _value(self, metric: str, verdict: Verdict, failing: Sequence[tuple[str, str]]) -> Any:
        """What Great Expectations would find for the metric of this name."""
        name, _, aspect = metric.rpartition(".")
        match aspect:
            case "row_count":
                return verdict.fitting
            case "filtered_row_count":
                return verdict.evaluated
            case "unexpected_count" if name == self._judged:
                # the sum of a column's faults is NULL where there is no row
                no_sum = SUPPORTED[self.rule.type] == "column" and not verdict.fitting
                return None if no_sum else verdict.unexpected
            case "unexpected_count":
                return verdict.fitting - verdict.evaluated
            case "unexpected_index_list":
                columns = zip(*failing, strict=True)
                return [dict(zip(INDEX, map(list, columns), strict=True))] if failing else []
        return None


def _runtime() -> dict[str, Any]:
    return {"result_format": dict(RESULT_FORMAT)}


def _failing(
    connection: sa.Connection, kind: str, wanted: Sequence[Batch]
) -> Iterator[Mapping[str, Sequence[tuple[str, str]]]]:
    """For each batch by the rules' ids the records that fail, the latest first, a few of each."""
    planner.without_jit(connection)
    records = records_of(None, wanted[0].month).where(behavior.c.kind == kind)
    if len(wanted) == 1:
        records = records.where(whose() == wanted[0].department)
    place = sa.func.row_number().over(
        partition_by=[whose(), finding.c.rule], order_by=behavior.c.id.desc()
    )
    ranked = (
        records.with_only_columns(
            whose().label("owner"),
            rule_table.c.id.label("rule"),
            behavior.c.source,
            behavior.c.record_id,
            place.label("place"),
        )
        .join(finding, finding.c.behavior_id == behavior.c.id)
        .join(rule_table, rule_table.c.number == finding.c.rule)
        .subquery("ranked")
    )
    query = (
        sa.select(ranked.c.owner, ranked.c.rule, ranked.c.source, ranked.c.record_id)
        .where(ranked.c.place <= RESULT_FORMAT["partial_unexpected_count"])
        .order_by(ranked.c.owner, ranked.c.rule, ranked.c.place)
    )
    codes = {batch.department for batch in wanted}
    rows = connection.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE})
    groups = groupby((row for row in rows if row.owner in codes), key=lambda row: str(row.owner))
    code, group = next(groups, ("", iter(())))
    for batch in wanted:
        found: dict[str, list[tuple[str, str]]] = {}
        if code == batch.department:
            for row in group:
                found.setdefault(row.rule, []).append((row.source, row.record_id))
            code, group = next(groups, ("", iter(())))
        yield found


def _whole(
    batch: Batch, made: list["ExpectationValidationResult"], at: datetime, dialect: sa.Dialect
) -> "ExpectationSuiteValidationResult":
    """The result of the batch, as a run of Great Expectations says it."""
    from great_expectations import __version__
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
    )
    from great_expectations.validator.validation_statistics import calc_validation_statistics

    counted = calc_validation_statistics(made)
    return ExpectationSuiteValidationResult(
        success=counted.success,
        results=made,
        suite_name=batch.kind,
        statistics={
            "evaluated_expectations": counted.evaluated_expectations,
            "successful_expectations": counted.successful_expectations,
            "unsuccessful_expectations": counted.unsuccessful_expectations,
            "success_percent": counted.success_percent,
        },
        meta={
            "great_expectations_version": __version__,
            "batch_spec": {
                "data_asset_name": batch.name,
                "query": batch.query(dialect),
                "temp_table_schema_name": None,
                "batch_identifiers": {},
            },
            "batch_markers": {"ge_load_time": f"{at:%Y%m%dT%H%M%S.%fZ}"},
            "active_batch_definition": {
                "datasource_name": DATA_SOURCE,
                "data_connector_name": "fluent",
                "data_asset_name": batch.name,
                "batch_identifiers": {},
            },
            "validation_id": None,
            "checkpoint_id": None,
            "run_id": {"run_name": None, "run_time": at.isoformat()},
            "validation_time": at.isoformat(),
            "batch_parameters": None if batch.month is None else {"month": str(batch.month)},
        },
        batch_id=batch.id,
    )

"""Great Expectations' own conditions of a rule, as SQL clauses.

Great Expectations resolves `<metric>.condition` for its map expectations without a data context:
the clause that is true of a record that fails. It is resolved against an empty clone of the table
in memory, so nothing is read from or made in the office's database; what depends on the store (the
regex operator) follows the dialect that is asked for. Great Expectations is imported here only, and
only when a rule is resolved: importing it takes seconds.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from importlib import import_module
from math import isfinite
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.sql import visitors

from expectations.families import unfit
from expectations.records import empty_clone
from expectations.suites import Rule
from expectations.supported import SUPPORTED, refused_combination
from expectations.values import UnfitValueError, coerce, whole
from monitor.errors import SuiteError

if TYPE_CHECKING:
    from great_expectations.execution_engine.sqlalchemy_execution_engine import (
        SqlAlchemyExecutionEngine,
    )
    from great_expectations.expectations.expectation import Expectation

Clause = sa.ColumnElement[bool]
Written = sa.ColumnClause[bool]
"""A clause that is text already, in the words of one store."""

_BATCH = "empty clone"
_ABOUT_BLANKS = frozenset(
    {"expect_column_values_to_be_null", "expect_column_values_to_not_be_null"}
)
_BOUNDS = ("min_value", "max_value")
_OPERATORS = {
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), "one value"),
    **dict.fromkeys(("IN", "NOT_IN"), "a list"),
}
"""The operators of a row condition, with what each compares a column with."""
_MANY_RECORDS = frozenset({"select", "subquery", "alias", "scalar_select_grouping", "over"})


def failing(dialect: str, table: sa.Table, rules: Iterable[Rule]) -> Mapping[str, Written]:
    """For each rule's id the clause that is true of the rows of `table` that fail it.

    `dialect` is the store's (sqlite or postgresql), in whose words the clauses are written, values
    included. Columns are unqualified: the clauses belong in a SELECT from one source that has the
    columns of `table`.

    Raises SuiteError, which names file, rule and reason of every rule that one row can't decide.
    Whether the store can read a regular expression it doesn't say.
    """
    return _each(dialect, table, rules, lambda resolved: resolved.fails)


def evaluated(dialect: str, table: sa.Table, rules: Iterable[Rule]) -> Mapping[str, Written]:
    """For each rule's id the clause that is true of the rows of `table` that it is asked of.

    These are the rows that Great Expectations takes a share of, for `mostly`. As `failing`.
    """
    return _each(dialect, table, rules, lambda resolved: resolved.asked)


def fitting(dialect: str, table: sa.Table, rules: Iterable[Rule]) -> Mapping[str, Written]:
    """For each rule's id the clause that is true of the rows that fit its row condition.

    Great Expectations calls them a rule's elements; those that it isn't asked of are missing. As
    `failing`.
    """
    return _each(dialect, table, rules, lambda resolved: resolved.fits)


_C = TypeVar("_C", bound=Clause)


@dataclass(frozen=True, slots=True)
class _Resolved(Generic[_C]):
    """The rows that fit a rule's row condition, those it is asked of, and those that fail it."""

    fits: _C
    asked: _C
    fails: _C


def _each(
    dialect: str,
    table: sa.Table,
    rules: Iterable[Rule],
    which: Callable[[_Resolved[Written]], Written],
) -> Mapping[str, Written]:
    found, problems = {}, []
    for rule in rules:
        try:
            found[rule.id] = which(_resolved(dialect, table, rule))
        except SuiteError as error:
            problems.append(str(error))
    if problems:
        raise SuiteError("\n".join(problems))
    return found


@lru_cache(maxsize=4096)
def _resolved(dialect: str, table: sa.Table, rule: Rule) -> _Resolved[Written]:
    clone, resolver = resolver_of(dialect, table)
    found = _clauses(rule, clone, resolver)
    return _Resolved(
        *(
            written(f"({_text(dialect, clause)})")
            for clause in (found.fits, found.asked, found.fails)
        )
    )


def written(text: str) -> Written:
    """A clause that is written out already."""
    return sa.literal_column(text, sa.Boolean())


def _text(dialect: str, clause: Clause) -> str:
    """The clause with its values written into it: no statement has to carry thousands of them."""
    module = import_module(f"sqlalchemy.dialects.{dialect}")
    # named parameters, as only formats would want a per cent sign doubled
    compiled = clause.compile(
        dialect=module.dialect(paramstyle="named"), compile_kwargs={"literal_binds": True}
    )
    return str(compiled)


@lru_cache(maxsize=8)
def resolver_of(dialect: str, table: sa.Table) -> tuple[sa.Table, "SqlAlchemyExecutionEngine"]:
    """An empty clone of `table` in memory, and Great Expectations' engine on it."""
    from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
    from great_expectations.execution_engine.sqlalchemy_execution_engine import (
        SqlAlchemyExecutionEngine,
    )

    engine = sa.create_engine(
        "sqlite://", poolclass=sa.StaticPool, connect_args={"check_same_thread": False}
    )
    clone = empty_clone(table)
    clone.create(engine)
    resolver = SqlAlchemyExecutionEngine(engine=engine)
    resolver.dialect_module = import_module(f"sqlalchemy.dialects.{dialect}")
    batch = SqlAlchemyBatchData(execution_engine=resolver, table_name=clone.name)
    resolver.load_batch_data(_BATCH, batch)
    return clone, resolver


def _clauses(
    rule: Rule, clone: sa.Table, resolver: "SqlAlchemyExecutionEngine"
) -> _Resolved[Clause]:
    """The rows that the rule asks about (row_condition, ignore_row_if), and those that fail it."""
    for name in sorted(rule.columns):
        if name not in clone.columns:
            raise rule.refused(f"expected a column of {clone.name}, found {name!r}")
    if (reason := refused_combination(rule.type, rule.kwargs)) is not None:
        raise rule.refused(reason)
    if (reason := unfit(rule.type, rule.kwargs, clone)) is not None:
        raise rule.refused(reason)
    try:
        condition = _coerced_condition(rule.kwargs.get("row_condition"), clone)
        values = _coerced_values(rule, clone)
        expectation = _expectation(rule)
        unexpected = _unexpected(rule, values, expectation, resolver)
        fits = [] if condition is None else [_filter(condition, resolver)]
    except ValueError as error:
        raise rule.refused(str(error)) from None
    asked = [*fits, *_not_ignored(rule, expectation)]
    fails = sa.and_(*asked, unexpected)
    for element in visitors.iterate(fails):
        if element.__visit_name__ in _MANY_RECORDS:
            raise rule.refused(f"{rule.type} looks at other records than the one judged")
    if SUPPORTED.get(rule.type) == "column" and rule.type not in _ABOUT_BLANKS:
        asked.append(sa.column(rule.kwargs["column"]).is_not(None))
    return _Resolved(sa.and_(sa.true(), *fits), sa.and_(sa.true(), *asked), fails)


def _expectation(rule: Rule) -> "Expectation":
    """The rule as Great Expectations' own object: it checks names, types and bounds of kwargs."""
    from great_expectations.compatibility.pydantic import ValidationError
    from great_expectations.exceptions.exceptions import GreatExpectationsError
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    try:
        return ExpectationConfiguration(type=rule.type, kwargs=dict(rule.kwargs)).to_domain_obj()
    except ValidationError as error:
        said = {each["loc"]: each["msg"] for each in reversed(error.errors())}
        wrong = (f"{'.'.join(map(str, place))}: {what}" for place, what in said.items())
        raise rule.refused("; ".join(wrong).replace("__root__: ", "")) from None
    except (ValueError, TypeError, GreatExpectationsError) as error:
        raise rule.refused(" ".join(str(error).split())) from None


def _unexpected(
    rule: Rule,
    coerced: Mapping[str, Any],
    expectation: "Expectation",
    resolver: "SqlAlchemyExecutionEngine",
) -> Clause:
    from great_expectations.exceptions.exceptions import GreatExpectationsError
    from great_expectations.expectations.expectation import (
        ColumnMapExpectation,
        ColumnPairMapExpectation,
        MulticolumnMapExpectation,
    )
    from great_expectations.expectations.registry import get_metric_kwargs
    from great_expectations.validator.metric_configuration import MetricConfiguration
    from great_expectations.validator.metrics_calculator import MetricsCalculator

    if not isinstance(
        expectation, ColumnMapExpectation | ColumnPairMapExpectation | MulticolumnMapExpectation
    ):
        raise rule.refused(f"{rule.type} doesn't judge record by record")
    name = f"{expectation.map_metric}.condition"
    kwargs = get_metric_kwargs(metric_name=name, configuration=expectation.configuration)
    domain = {**kwargs["metric_domain_kwargs"], "batch_id": _BATCH, "row_condition": None}
    values = {**kwargs["metric_value_kwargs"], **coerced}
    metric = MetricConfiguration(name, metric_domain_kwargs=domain, metric_value_kwargs=values)
    calculator = MetricsCalculator(execution_engine=resolver, show_progress_bars=False)
    try:
        made, _ = calculator.compute_metrics([metric], {"catch_exceptions": False})
    except GreatExpectationsError as error:
        raise rule.refused(" ".join(str(error).split())) from None
    clause, _, _ = made[metric.id]
    if not isinstance(clause, sa.ColumnElement):
        raise rule.refused(f"Great Expectations gives no SQL clause for {rule.type}")
    return clause


def _coerced_values(rule: Rule, clone: sa.Table) -> dict[str, Any]:
    """The kwargs that are compared with cells, as the type of the cells."""
    kwargs = rule.kwargs
    values: dict[str, Any] = {}
    column, one, other = (
        clone.columns[name] if isinstance(name := kwargs.get(key), str) else None
        for key in ("column", "column_A", "column_B")
    )
    for key in (*_BOUNDS, "value"):
        if kwargs.get(key) is None or column is None:
            continue
        by_length = "value_lengths" in rule.type
        values[key] = whole(kwargs[key], key) if by_length else coerce(kwargs[key], column)
    if all(key in values for key in _BOUNDS) and values["min_value"] > values["max_value"]:
        raise UnfitValueError("min_value cannot be greater than max_value")
    if isinstance(total := kwargs.get("sum_total"), float) and not isfinite(total):
        raise UnfitValueError(f"sum_total: expected a number, found {total!r}")
    if "value_set" in kwargs and column is not None:
        values["value_set"] = coerce(kwargs["value_set"], column)
    if "value_pairs_set" in kwargs and one is not None and other is not None:
        values["value_pairs_set"] = list(_pairs(kwargs["value_pairs_set"], one, other))
    return values


def _pairs(given: Any, one: sa.Column[Any], other: sa.Column[Any]) -> Iterator[tuple[Any, Any]]:
    for pair in given if isinstance(given, list) and given else [given]:
        match pair:
            case [left, right]:
                yield coerce(left, one), coerce(right, other)
            case _:
                raise UnfitValueError(f"value_pairs_set: expected pairs, found {pair!r}")


def _coerced_condition(condition: Any, clone: sa.Table) -> Any:
    """A serialised row condition whose parameters have the type of their columns."""
    if condition is None:
        return None
    match condition:
        case {"type": "and" | "or", "conditions": [*parts]}:
            return {**condition, "conditions": [_coerced_condition(part, clone) for part in parts]}
        case {
            "type": "comparison",
            "column": {"name": str(name)},
            "operator": str(operator),
            "parameter": parameter,
        }:
            if operator not in _OPERATORS:
                expected = ", ".join(_OPERATORS)
                raise UnfitValueError(
                    f"row_condition: operator: expected one of {expected}, found {operator!r}"
                )
            wanted = _OPERATORS[operator]
            if isinstance(parameter, list) is not (wanted == "a list"):
                raise UnfitValueError(
                    f"row_condition: parameter: expected {wanted} for {operator}, "
                    f"found {parameter!r}"
                )
            value = coerce(parameter, clone.columns[name])
            if wanted == "a list" and any(isinstance(each, bool | date) for each in value):
                raise UnfitValueError(
                    f"row_condition: Great Expectations takes texts and numbers with {operator}, "
                    f"found {parameter!r}; compare each by itself, joined with or"
                )
            return {**condition, "parameter": _parameter(value)}
        case {"type": "nullity", "column": {"name": str()}, "is_null": bool()}:
            return condition
    raise UnfitValueError(f"row_condition: expected type and conditions, found {condition!r}")


def _parameter(value: Any) -> Any:
    """A value as Great Expectations takes it in a row condition, where a Decimal is none."""
    if isinstance(value, list):
        return [_parameter(each) for each in value]
    return float(value) if isinstance(value, Decimal) else value


def _filter(condition: Mapping[str, Any], resolver: "SqlAlchemyExecutionEngine") -> Clause:
    from great_expectations.expectations.row_conditions import Condition, deserialize_row_condition

    read = deserialize_row_condition(dict(condition))
    if not isinstance(read, Condition):
        raise UnfitValueError(f"row_condition: expected type and conditions, found {condition!r}")
    return resolver.condition_to_filter_clause(read)


def _not_ignored(rule: Rule, expectation: "Expectation") -> Sequence[Clause]:
    """What `ignore_row_if` leaves, in Great Expectations' words."""
    ignored = getattr(expectation, "ignore_row_if", None)
    names = rule.kwargs.get("column_list") or [
        rule.kwargs.get("column_A"),
        rule.kwargs.get("column_B"),
    ]
    if ignored in {"both_values_are_missing", "all_values_are_missing"}:
        return [sa.not_(sa.and_(*(sa.column(name).is_(None) for name in names)))]
    if ignored in {"either_value_is_missing", "any_value_is_missing"}:
        return [sa.not_(sa.or_(*(sa.column(name).is_(None) for name in names)))]
    return []

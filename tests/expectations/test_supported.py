"""The table of supported types, derived again from the installed Great Expectations."""

import itertools
from pathlib import Path
from typing import Any

import pytest
from great_expectations.expectations import core
from great_expectations.expectations.expectation import (
    ColumnMapExpectation,
    ColumnPairMapExpectation,
    MulticolumnMapExpectation,
)
from great_expectations.expectations.registry import get_metric_provider

from expectations.conditions import failing, resolver_of
from expectations.supported import (
    LIKE,
    NO_CONDITION,
    NOT_ROW_LOCAL,
    REFUSED,
    SUPPORTED,
    as_markdown,
    refusal,
    refused_combination,
)
from monitor.errors import SuiteError
from monitor.store.tables import behavior
from tests.expectations.test_conditions import made

KWARGS: dict[str, Any] = {
    "column": "party_name",
    "column_A": "party_name",
    "column_B": "object_name",
    "column_list": ["party_name", "object_name"],
    "value_set": ["a"],
    "value_pairs_set": [["a", "b"]],
    "regex": "a",
    "regex_list": ["a"],
    "like_pattern": "a%",
    "like_pattern_list": ["a%"],
    "sum_total": 3,
    "threshold": 3.0,
    "double_sided": True,
    "strftime_format": "%Y",
    "json_schema": {},
    "type_": "TEXT",
    "type_list": ["TEXT"],
    "value": 3,
}
NUMBERS: dict[str, dict[str, Any]] = {
    "expect_column_values_to_be_between": {"column": "inspector_count", "min_value": 1},
    "expect_column_value_lengths_to_be_between": {"column": "party_name", "min_value": 1},
    "expect_column_value_z_scores_to_be_less_than": {"column": "inspector_count"},
    "expect_column_pair_values_a_to_be_greater_than_b": {
        "column_A": "inspector_count",
        "column_B": "item_code_count",
    },
    "expect_multicolumn_sum_to_equal": {"column_list": ["inspector_count", "item_code_count"]},
}
IGNORED = {
    "pair": ("both_values_are_missing", "either_value_is_missing", "neither"),
    "multicolumn": ("all_values_are_missing", "any_value_is_missing", "never"),
}
HARMLESS = {
    "table.columns",
    "table.column_types",
    "table.row_count",  # every map metric asks for it; no condition uses it
    "column_values.value_length.map",
}


def map_expectations() -> dict[str, type[Any]]:
    """Every map expectation that the installed Great Expectations ships."""
    bases = (ColumnMapExpectation, ColumnPairMapExpectation, MulticolumnMapExpectation)
    return {
        found.expectation_type: found
        for name in dir(core)
        if isinstance(found := getattr(core, name), type)
        and issubclass(found, bases)
        and not found.is_abstract()
    }


def judged(type_: str, expectation: type[Any]) -> str | None:
    """Why `type_` can't be judged record by record, found out by resolving it; or None."""
    fields = expectation.__fields__
    kwargs = {key: value for key, value in KWARGS.items() if key in fields}
    rule = made(type_, **{**kwargs, **NUMBERS.get(type_, {})})
    try:
        clauses = [
            failing(dialect, behavior, [rule])[rule.id] for dialect in ("sqlite", "postgresql")
        ]
    except SuiteError as error:
        return NOT_ROW_LOCAL if "other records" in str(error) else NO_CONDITION
    if not _metrics(expectation) <= HARMLESS:
        return NOT_ROW_LOCAL
    return LIKE if any("LIKE" in str(clause) for clause in clauses) else None


def _metrics(expectation: type[Any]) -> set[str]:
    """The metrics that the condition is made of."""
    from great_expectations.validator.metric_configuration import MetricConfiguration

    _, engine = resolver_of("sqlite", behavior)
    name = f"{expectation.map_metric}.condition"
    provider, _ = get_metric_provider(name, engine)
    metric = MetricConfiguration(name, metric_domain_kwargs={"column": "inspector_count"})
    return set(provider.get_evaluation_dependencies(metric, execution_engine=engine))


@pytest.mark.parametrize("type_", sorted(map_expectations()))
def test_the_table_says_of_each_type_what_great_expectations_shows(type_: str) -> None:
    expectation = map_expectations()[type_]
    assert refusal(type_) == judged(type_, expectation)


def test_the_table_names_no_type_that_great_expectations_does_not_ship() -> None:
    assert {*SUPPORTED, *REFUSED} <= set(map_expectations())


def test_the_page_of_the_rules_has_both_tables() -> None:
    page = Path(__file__).parents[2] / "docs" / "rules.md"
    assert as_markdown() in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
@pytest.mark.parametrize("type_", SUPPORTED)
def test_each_supported_type_takes_every_kwarg_that_the_table_does_not_refuse(
    type_: str, dialect: str
) -> None:
    fields = map_expectations()[type_].__fields__
    own = {key: value for key, value in KWARGS.items() if key in fields} | NUMBERS.get(type_, {})
    nullity = {"type": "nullity", "column": {"name": "party_id"}, "is_null": False}
    values = IGNORED.get(SUPPORTED[type_], ())
    forms = itertools.product((None, nullity), (None, *values), (None, 0.5))
    for condition, ignored, mostly in forms:
        optional = {"row_condition": condition, "ignore_row_if": ignored, "mostly": mostly}
        kwargs = own | {key: value for key, value in optional.items() if value is not None}
        rule = made(type_, **kwargs)
        refused = refused_combination(type_, kwargs)
        if refused is None:
            assert str(failing(dialect, behavior, [rule])[rule.id])
            continue
        with pytest.raises(SuiteError, match=refused):
            failing(dialect, behavior, [rule])


def test_each_supported_type_looks_at_what_the_table_says() -> None:
    bases = {
        "column": ColumnMapExpectation,
        "pair": ColumnPairMapExpectation,
        "multicolumn": MulticolumnMapExpectation,
    }
    for type_, domain in SUPPORTED.items():
        assert issubclass(map_expectations()[type_], bases[domain])

"""Which columns an expectation can ask about: what means the same on every store, and no other."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from expectations.conditions import failing
from expectations.suites import Suite
from expectations.supported import SUPPORTED
from expectations.trial import try_suite
from monitor.errors import SuiteError
from monitor.store import Store
from monitor.store.tables import behavior
from tests.expectations.records import clean, land
from tests.expectations.test_conditions import made

CELLS: dict[str, tuple[tuple[str, str], Any]] = {
    "texts": (("party_name", "object_name"), "甲"),
    "numbers": (("inspector_count", "item_code_count"), 2),
    "money": (("fine_yuan", "fine_paid_yuan"), 2.5),
    "days": (("occurred_on", "closed_on"), "2022-01-10"),
    "instants": (("submitted_at", "first_seen_at"), "2022-01-10T08:00:00+08:00"),
    "booleans": (("has_hearing", "is_criminal"), True),
}
"""Two columns of each family, and a value that they may hold; money is of numbers."""


@pytest.mark.parametrize(
    ("type_", "kwargs", "said"),
    [
        (
            "expect_column_values_to_match_regex",
            {"column": "occurred_on", "regex": "^2022"},
            "expected a column of texts, found occurred_on of days",
        ),
        (
            "expect_column_value_lengths_to_be_between",
            {"column": "fine_yuan", "max_value": 3},
            "expected a column of texts, found fine_yuan of numbers",
        ),
        (
            "expect_column_pair_values_a_to_be_greater_than_b",
            {"column_A": "submitted_at", "column_B": "occurred_on"},
            "expected columns that can be compared, found submitted_at of instants, "
            "occurred_on of days",
        ),
        (
            "expect_column_pair_values_a_to_be_greater_than_b",
            {"column_A": "party_name", "column_B": "object_name"},
            "expected a column of numbers or days or instants, found party_name of texts",
        ),
        (
            "expect_multicolumn_values_to_be_equal",
            {"column_list": ["party_name", "occurred_on"]},
            "expected columns that can be compared, found party_name of texts, occurred_on of days",
        ),
        (
            "expect_multicolumn_sum_to_equal",
            {"column_list": ["inspector_count", "party_name"], "sum_total": 2},
            "expected a column of numbers, found party_name of texts",
        ),
    ],
)
def test_a_rule_about_columns_of_another_family_is_refused(
    type_: str, kwargs: dict[str, Any], said: str
) -> None:
    for dialect in ("sqlite", "postgresql"):
        with pytest.raises(SuiteError) as refused:
            failing(dialect, behavior, [made(type_, **kwargs)])
        assert str(refused.value) == f"own.yaml: rule check.own: {said}"


def test_what_is_accepted_of_any_type_and_families_can_be_judged(store: Store) -> None:
    accepted = []
    for number, (type_, kwargs) in enumerate(every_combination()):
        rule = replace(made(type_, **kwargs), id=f"punish.own.{number}", kind="punish")
        try:
            failing("sqlite", behavior, [rule])
        except SuiteError:
            continue
        accepted.append(rule)
    assert {rule.type for rule in accepted} == set(SUPPORTED)
    with store.writing() as connection:
        land(connection, clean("punish", 1))
        suite = Suite("punish", accepted[0].path, tuple(accepted))
        assert try_suite(connection, suite).judged


def every_combination() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every supported type with columns of every family, and of every two."""
    for type_, domain in SUPPORTED.items():
        for (first, _), value in CELLS.values():
            if domain == "column":
                yield type_, {"column": first, **arguments(type_, value, value)}
                continue
            for (_, second), other in CELLS.values():
                named = {"column_A": first, "column_B": second}
                listed = {"column_list": [first, second]}
                asked = named if domain == "pair" else listed
                yield type_, {**asked, **arguments(type_, value, other)}


def arguments(type_: str, value: Any, other: Any) -> dict[str, Any]:
    """What a rule of the type needs beside its columns."""
    match type_.removeprefix("expect_column_"):
        case "values_to_be_in_set" | "values_to_not_be_in_set":
            return {"value_set": [value]}
        case "pair_values_to_be_in_set":
            return {"value_pairs_set": [[value, other]]}
        case "values_to_be_between":
            return {"min_value": value}
        case "value_lengths_to_be_between":
            return {"max_value": 3}
        case "value_lengths_to_equal":
            return {"value": 3}
        case "values_to_match_regex" | "values_to_not_match_regex":
            return {"regex": "a"}
        case "values_to_match_regex_list" | "values_to_not_match_regex_list":
            return {"regex_list": ["a", "b"]}
        case "expect_multicolumn_sum_to_equal":
            return {"sum_total": 3}
    return {}

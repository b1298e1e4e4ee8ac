"""Conditions: what is refused, and how values become the type of their columns."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from expectations.conditions import failing
from expectations.records import empty_clone
from expectations.suites import Rule
from expectations.values import UnfitValueError, coerce
from monitor.errors import SuiteError
from monitor.store.tables import behavior
from monitor.words import Severity


def made(type_: str, /, **kwargs: Any) -> Rule:
    return Rule(
        id="check.own",
        kind="check",
        rule_class="01",
        severity=Severity.CRITICAL,
        field="own",
        message="验证不通过",
        type=type_,
        kwargs=kwargs,
        version=repr((type_, kwargs)),
        path=Path("own.yaml"),
    )


def compares(column: str, operator: str, parameter: Any) -> dict[str, Any]:
    return {
        "type": "comparison",
        "column": {"name": column},
        "operator": operator,
        "parameter": parameter,
    }


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            made("expect_column_values_to_not_be_null", column="party"),
            "expected a column of behavior, found 'party'",
        ),
        (
            made(
                "expect_column_values_to_not_be_null",
                column="party_name",
                row_condition=compares("party", "==", "x"),
            ),
            "expected a column of behavior, found 'party'",
        ),
        (made("expect_column_values_to_not_be_null", colum="party_name"), "colum"),
        (
            made("expect_column_values_to_not_be_null", column="party_name", mostly=1.5),
            "mostly: ensure this value is less than or equal to 1.0",
        ),
        (
            made("expect_column_values_to_be_between", column="occurred_on"),
            "rule check.own: min_value and max_value cannot both be None",
        ),
        (
            made(
                "expect_column_values_to_not_be_null",
                column="party_name",
                row_condition={"type": "and", "conditions": [1]},
            ),
            "row_condition: expected type and conditions, found 1",
        ),
        (
            made(
                "expect_column_values_to_be_between",
                column="occurred_on",
                min_value=datetime.fromisoformat("2022-01-01 00:00:00"),
            ),
            "days are compared with days only",
        ),
        (
            made("expect_column_values_to_be_between", column="occurred_on", min_value="soon"),
            "expected a day (2022-01-31), found 'soon'",
        ),
        (
            made("expect_column_values_to_be_in_set", column="check_form", value_set=[1]),
            "expected a text in quotes, found 1",
        ),
        (
            made("expect_column_values_to_be_between", column="party_name", min_value="a"),
            "min_value",
        ),
        (
            made(
                "expect_column_values_to_not_be_null",
                column="party_name",
                row_condition=compares("inspector_count", "==", "2"),
            ),
            "expected a whole number, found '2'",
        ),
        (
            made(
                "expect_column_values_to_not_be_null",
                column="party_name",
                row_condition='col("party_name") == "x"',
            ),
            "row_condition: expected type and conditions",
        ),
        (
            made(
                "expect_column_pair_values_to_be_in_set",
                column_A="check_form",
                column_B="check_mode",
                value_pairs_set=[["01", "1"]],
                row_condition=compares("party_name", "==", "x"),
            ),
            "passes over the row_condition",
        ),
        (
            made(
                "expect_column_pair_values_to_be_equal",
                column_A="check_form",
                column_B="check_mode",
                ignore_row_if="neither",
                row_condition=compares("party_name", "==", "x"),
            ),
            "ignore_row_if neither",
        ),
        (made("expect_column_values_to_be_null", column=["party_name"]), "column: str type"),
        (
            made(
                "expect_column_value_lengths_to_be_between",
                column="party_name",
                min_value=3,
                max_value=1,
            ),
            "min_value cannot be greater than max_value",
        ),
        (
            made("expect_column_values_to_be_in_set", column="party_name", value_set=[["a"]]),
            "party_name: expected values, found lists of them: [['a']]",
        ),
        (
            made(
                "expect_column_pair_values_to_be_in_set",
                column_A="check_form",
                column_B="check_mode",
                value_pairs_set=[],
            ),
            "value_pairs_set: expected pairs, found []",
        ),
        (
            made(
                "expect_column_values_to_be_null",
                column="party_name",
                row_condition=compares("check_form", ["=="], "01"),  # type: ignore[arg-type]
            ),
            "row_condition: expected type and conditions",
        ),
        (
            made(
                "expect_column_values_to_be_between",
                column="inspector_count",
                min_value=3,
                max_value=1,
            ),
            "min_value cannot be greater than max_value",
        ),
        (
            made("expect_column_value_lengths_to_equal", column="party_name", value=1.5),
            "value: expected a whole number, found 1.5",
        ),
        (
            made("expect_column_values_to_be_in_set", column="party_name", value_set=["a\0"]),
            "no store keeps a text with a NUL in it",
        ),
        (
            made(
                "expect_multicolumn_sum_to_equal",
                column_list=["inspector_count", "item_code_count"],
                sum_total=float("inf"),
            ),
            "sum_total: expected a number, found inf",
        ),
        (
            made(
                "expect_column_values_to_be_null",
                column="party_name",
                row_condition=compares("check_form", "~", "01"),
            ),
            "row_condition: operator: expected one of ==, !=, <, <=, >, >=, IN, NOT_IN, found '~'",
        ),
        (
            made(
                "expect_column_values_to_be_null",
                column="party_name",
                row_condition=compares("check_form", "IN", "01"),
            ),
            "row_condition: parameter: expected a list for IN, found '01'",
        ),
        (
            made(
                "expect_column_values_to_be_null",
                column="party_name",
                row_condition=compares("check_form", "==", ["01"]),
            ),
            "row_condition: parameter: expected one value for ==, found ['01']",
        ),
        (
            made(
                "expect_column_values_to_be_null",
                column="party_name",
                row_condition=compares("occurred_on", "IN", ["2022-01-31"]),
            ),
            "takes texts and numbers with IN, found ['2022-01-31']",
        ),
    ],
)
def test_what_cannot_be_judged_is_refused_with_file_rule_and_reason(
    dialect: str, rule: Rule, said: str
) -> None:
    with pytest.raises(SuiteError) as refused:
        failing(dialect, behavior, [rule])
    assert str(refused.value).startswith("own.yaml: rule check.own: ")
    assert said in str(refused.value)


def test_a_nested_row_condition_is_joined_in() -> None:
    rule = made(
        "expect_column_values_to_not_be_null",
        column="party_name",
        row_condition={
            "type": "and",
            "conditions": [
                compares("occurred_on", ">=", "2022-01-01"),
                {"type": "nullity", "column": {"name": "party_id"}, "is_null": False},
            ],
        },
    )
    clause = failing("postgresql", behavior, [rule])[rule.id]
    assert str(clause) == (
        "(occurred_on >= '2022-01-01' AND party_id IS NOT NULL AND party_name IS NULL)"
    )


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_values_are_written_into_the_clause_as_they_are(dialect: str) -> None:
    odd = ["100%", ":name", "a'b", "a\\b", "%(x)s", "?"]
    rule = made("expect_column_values_to_be_in_set", column="party_name", value_set=odd)
    clause = failing(dialect, behavior, [rule])[rule.id]
    assert str(clause) == (
        "(party_name IS NOT NULL AND (party_name NOT IN "
        "('100%', ':name', 'a''b', 'a\\b', '%(x)s', '?')))"
    )


def test_a_rule_is_resolved_once() -> None:
    rule = made("expect_column_values_to_not_be_null", column="party_name")
    first = failing("sqlite", behavior, [rule])[rule.id]
    assert failing("sqlite", behavior, [rule])[rule.id] is first


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("occurred_on", "2022-01-31", date(2022, 1, 31)),
        ("occurred_on", date(2022, 1, 31), date(2022, 1, 31)),
        ("inspector_count", 2.0, 2),
        ("fine_yuan", 0.1, Decimal("0.1")),
        ("has_hearing", True, True),
        ("raw", "{}", "{}"),
        ("check_form", ["01", "02"], ["01", "02"]),
        ("submitted_at", "2022-01-31T08:00:00+08:00", datetime(2022, 1, 31, tzinfo=UTC)),
    ],
)
def test_values_get_the_type_of_their_column(column: str, value: Any, expected: Any) -> None:
    assert coerce(value, behavior.columns[column]) == expected
    assert type(coerce(value, behavior.columns[column])) is type(expected)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("inspector_count", True),
        ("inspector_count", 2.5),
        ("inspector_count", float("inf")),
        ("fine_yuan", "10"),
        ("fine_yuan", float("nan")),
        ("has_hearing", 1),
        ("submitted_at", "2022-01-31"),
        ("submitted_at", "soon"),
        ("submitted_at", datetime.fromisoformat("2022-01-31 00:00:00")),
        ("raw", {}),
    ],
)
def test_a_value_of_another_type_is_refused(column: str, value: Any) -> None:
    with pytest.raises(UnfitValueError):
        coerce(value, behavior.columns[column])


def test_the_clone_has_the_columns_of_the_table_and_the_one_made_while_reading() -> None:
    names = [column.name for column in empty_clone(behavior).columns]
    assert names == [*(column.name for column in behavior.columns), "malformed_columns"]
    assert isinstance(empty_clone(behavior).columns["id"].type, sa.BigInteger)

"""Which expectation types can be judged record by record, and why the others can't.

A type is supported when Great Expectations resolves its condition to a clause that looks at one
record only and means the same on SQLite and PostgreSQL. A test derives both tables
from the installed Great Expectations.
"""

from collections.abc import Mapping
from typing import Any, Literal

from monitor.errors import near

Domain = Literal["column", "pair", "multicolumn"]

SUPPORTED: dict[str, Domain] = {
    "expect_column_values_to_be_null": "column",
    "expect_column_values_to_not_be_null": "column",
    "expect_column_values_to_be_in_set": "column",
    "expect_column_values_to_not_be_in_set": "column",
    "expect_column_values_to_be_between": "column",
    "expect_column_value_lengths_to_be_between": "column",
    "expect_column_value_lengths_to_equal": "column",
    "expect_column_values_to_match_regex": "column",
    "expect_column_values_to_not_match_regex": "column",
    "expect_column_values_to_match_regex_list": "column",
    "expect_column_values_to_not_match_regex_list": "column",
    "expect_column_pair_values_a_to_be_greater_than_b": "pair",
    "expect_column_pair_values_to_be_equal": "pair",
    "expect_column_pair_values_to_be_in_set": "pair",
    "expect_select_column_values_to_be_unique_within_record": "multicolumn",
    "expect_multicolumn_values_to_be_equal": "multicolumn",
    "expect_multicolumn_sum_to_equal": "multicolumn",
}
"""The types that can be judged, with the part of a record that each looks at."""

NO_CONDITION = "Great Expectations has no condition for it on a SQL store"
NOT_ROW_LOCAL = "its condition looks at other records than the one judged"
LIKE = "LIKE tells upper from lower case on one store and not on the other; use a regex"

UNKNOWN = "Great Expectations has no such expectation"

REFUSED: dict[str, str] = {
    "expect_column_values_to_be_unique": NOT_ROW_LOCAL,
    "expect_column_value_z_scores_to_be_less_than": NOT_ROW_LOCAL,
    "expect_column_values_to_not_be_outliers": NOT_ROW_LOCAL,
    "expect_compound_columns_to_be_unique": NOT_ROW_LOCAL,
    "expect_column_values_to_match_like_pattern": LIKE,
    "expect_column_values_to_not_match_like_pattern": LIKE,
    "expect_column_values_to_match_like_pattern_list": LIKE,
    "expect_column_values_to_not_match_like_pattern_list": LIKE,
}
"""Types of which the reason is worth more than `NO_CONDITION`."""


PAIR_IN_SET = "expect_column_pair_values_to_be_in_set"
PAIR_GREATER = "expect_column_pair_values_a_to_be_greater_than_b"
SUM = "expect_multicolumn_sum_to_equal"
NO_ROW_IGNORED: dict[Domain, str] = {"pair": "neither", "multicolumn": "never"}
"""The `ignore_row_if` with which Great Expectations can't run a rule that has a row condition."""


def refused_combination(type_: str, kwargs: Mapping[str, Any]) -> str | None:
    """Why Great Expectations itself errs with these kwargs of a supported type; None where not."""
    if type_ not in SUPPORTED or kwargs.get("row_condition") is None:
        return None
    if type_ == PAIR_IN_SET:
        return "Great Expectations passes over the row_condition of this type"
    ignored = NO_ROW_IGNORED.get(SUPPORTED[type_])
    if ignored is not None and kwargs.get("ignore_row_if") == ignored:
        return f"Great Expectations can't run ignore_row_if {ignored} with a row_condition"
    return None


def as_markdown() -> str:
    """Both tables, as docs/rules.md has them."""
    lines = ["| judged | looks at | refused with |", "|---|---|---|"]
    for type_, domain in SUPPORTED.items():
        ignored = NO_ROW_IGNORED.get(domain)
        beside = f"`ignore_row_if: {ignored}` and `row_condition`" if ignored else ""
        with_ = "`row_condition`" if type_ == PAIR_IN_SET else beside
        lines.append(f"| `{type_}` | {domain} | {with_} |")
    lines += ["", "| refused | why |", "|---|---|"]
    lines += [f"| `{type_}` | {reason} |" for type_, reason in REFUSED.items()]
    lines.append(f"| every other | {NO_CONDITION} |")
    return "\n".join(lines) + "\n"


def refusal(type_: str) -> str | None:
    """Why an expectation of `type_` can't be judged record by record; None where it can.

    Great Expectations, whose import takes seconds, is asked only whether it has a type that neither
    table knows.
    """
    if type_ in SUPPORTED:
        return None
    if type_ in REFUSED:
        return REFUSED[type_]
    from great_expectations.expectations.registry import (
        list_registered_expectation_implementations,
    )

    if type_ in list_registered_expectation_implementations():
        return NO_CONDITION
    return f"{UNKNOWN}{near(type_, SUPPORTED)}"

"""Our verdicts are Great Expectations' own: unexpected counts, batch by batch, on both stores.

Every supported type is run by Great Expectations on each department's batch of generated records,
with mostly, row conditions and rows ignored, and compared with what one scan of ours counts.
"""

import random
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from expectations.conditions import failing
from expectations.records import live
from expectations.suites import Rule, Suite, behavior_rules
from expectations.supported import SUPPORTED
from monitor.store import Store
from monitor.store.tables import behavior
from monitor.words import Kind
from tests.expectations.records import clean, land
from tests.expectations.test_conditions import compares, made

DEPARTMENTS = ("A", "B")
SOME = compares("check_form", "IN", ["01", "02"])
EITHER: dict[str, Any] = {
    "type": "or",
    "conditions": [
        {
            "type": "and",
            "conditions": [compares("inspector_count", ">", 1), compares("party_name", "!=", "乙")],
        },
        {"type": "nullity", "column": {"name": "party_name"}, "is_null": True},
    ],
}
COLUMN: list[tuple[str, dict[str, Any]]] = [
    ("expect_column_values_to_be_null", {"column": "party_name"}),
    ("expect_column_values_to_not_be_null", {"column": "party_name"}),
    ("expect_column_values_to_be_in_set", {"column": "party_name", "value_set": ["甲", "a"]}),
    ("expect_column_values_to_be_in_set", {"column": "has_hearing", "value_set": [True]}),
    ("expect_column_values_to_not_be_in_set", {"column": "party_name", "value_set": ["甲", "A"]}),
    ("expect_column_values_to_be_between", {"column": "inspector_count", "min_value": 2}),
    (
        "expect_column_values_to_be_between",
        {"column": "fine_yuan", "min_value": 1, "max_value": 100, "strict_max": True},
    ),
    ("expect_column_value_lengths_to_be_between", {"column": "party_name", "max_value": 1}),
    ("expect_column_value_lengths_to_equal", {"column": "party_name", "value": 2}),
    ("expect_column_values_to_match_regex", {"column": "party_name", "regex": "^[甲a]"}),
    ("expect_column_values_to_not_match_regex", {"column": "party_name", "regex": "[乙A]$"}),
    (
        "expect_column_values_to_match_regex_list",
        {"column": "party_name", "regex_list": ["甲", "a"], "match_on": "any"},
    ),
    (
        "expect_column_values_to_match_regex_list",
        {"column": "party_name", "regex_list": ["甲", "乙"], "match_on": "all"},
    ),
    (
        "expect_column_values_to_not_match_regex_list",
        {"column": "party_name", "regex_list": ["甲", "A"]},
    ),
]
PAIR: list[tuple[str, dict[str, Any]]] = [
    (
        "expect_column_pair_values_a_to_be_greater_than_b",
        {"column_A": "submitted_on", "column_B": "occurred_on", "or_equal": True},
    ),
    (
        "expect_column_pair_values_a_to_be_greater_than_b",
        {"column_A": "inspector_count", "column_B": "item_code_count"},
    ),
    (
        "expect_column_pair_values_to_be_equal",
        {"column_A": "party_name", "column_B": "object_name"},
    ),
    (
        "expect_column_pair_values_to_be_in_set",
        {
            "column_A": "party_name",
            "column_B": "object_name",
            "value_pairs_set": [["甲", "甲"], ["乙", "a"]],
        },
    ),
]
MANY: list[tuple[str, dict[str, Any]]] = [
    (
        "expect_select_column_values_to_be_unique_within_record",
        {"column_list": ["party_name", "object_name", "submitter"]},
    ),
    (
        "expect_multicolumn_values_to_be_equal",
        {"column_list": ["party_name", "object_name", "submitter"]},
    ),
    (
        "expect_multicolumn_sum_to_equal",
        {"column_list": ["inspector_count", "item_code_count"], "sum_total": 3},
    ),
]


def rules() -> list[Rule]:
    """Every supported type, plain and in the forms that Great Expectations gets right."""
    made_of: list[tuple[str, dict[str, Any]]] = []
    for type_, kwargs in COLUMN:
        made_of.append((type_, kwargs))
        made_of.extend((type_, {**kwargs, "row_condition": each}) for each in (SOME, EITHER))
        made_of.append((type_, {**kwargs, "mostly": 0.5}))
    for type_, kwargs in PAIR:
        for ignored in ("both_values_are_missing", "either_value_is_missing"):
            one = {**kwargs, "ignore_row_if": ignored}
            made_of.append((type_, one))
            if type_ != "expect_column_pair_values_to_be_in_set":
                made_of.append((type_, {**one, "row_condition": EITHER}))
        made_of.append((type_, {**kwargs, "ignore_row_if": "neither"}))
    for type_, kwargs in MANY:
        for ignored in ("all_values_are_missing", "any_value_is_missing"):
            one = {**kwargs, "ignore_row_if": ignored}
            made_of.extend([(type_, one), (type_, {**one, "row_condition": SOME})])
        made_of.append((type_, {**kwargs, "ignore_row_if": "never"}))
    return [
        Rule(**{**vars(made(type_, **kwargs)), "id": f"check.{number}"})
        for number, (type_, kwargs) in enumerate(made_of)
    ]


def test_every_supported_type_is_compared() -> None:
    assert {rule.type for rule in rules()} == set(SUPPORTED)


def test_unexpected_counts_are_great_expectations_own(store: Store) -> None:
    _compare(store, rules())


def test_the_products_suites_count_as_great_expectations_does(
    store: Store, suites: tuple[Suite, ...]
) -> None:
    chosen = [
        rule
        for rule in behavior_rules(suites)
        if rule.kind == "check" and rule.id != "check.area_code.code"
    ]
    _compare(store, chosen)


def _compare(store: Store, compared: list[Rule]) -> None:
    with store.writing() as connection:
        land(connection, *generated(seed=20220131, count=160))
    ours = _ours(store, compared)
    theirs = dict(_theirs(store, compared))
    assert ours == theirs
    assert sum(ours.values()) > 0


def generated(seed: int, count: int) -> list[dict[str, Any]]:
    """Records with blanks, letters that differ in case only, and days before and after another."""
    chance = random.Random(seed)
    texts = (None, "甲", "乙", "甲乙", "a", "A", "aA", "")
    days = (None, *(date(2022, 1, day) for day in (9, 10, 11)))
    numbers = (None, 0, 1, 2, 3)
    return [
        clean(
            chance.choice([kind.value for kind in Kind]),
            number,
            department=chance.choice(DEPARTMENTS),
            party_name=chance.choice(texts),
            object_name=chance.choice(texts),
            submitter=chance.choice(texts),
            check_form=chance.choice((None, "01", "02", "99")),
            occurred_on=chance.choice(days),
            submitted_on=chance.choice(days),
            inspector_count=chance.choice(numbers),
            item_code_count=chance.choice(numbers),
            has_hearing=chance.choice((None, True, False)),
            fine_yuan=chance.choice((None, Decimal("0.99"), Decimal(1), Decimal("99.99"), 100)),
            malformed=chance.choice((None, "occurred_on", "submitted_at、occurred_on")),
            party_id_fault=chance.choice(("none", "form", "blank", "masked")),
            supervise_item_code=chance.choice((None, "0103", "01030100100101")),
            item_state_on_day=chance.choice(("unknown", "in_use", "blank")),
            implement_institution=chance.choice((None, "示范局", "示范局-2", "2022-09-31")),
        )
        for number in range(count)
    ]


def _ours(store: Store, compared: list[Rule]) -> dict[tuple[str, str], int]:
    """Failing records by department and rule, from one scan of ours."""
    with store.reading() as connection:
        clauses = failing(connection.dialect.name, behavior, compared)
        counts = [
            sa.func.sum(sa.case((clauses[rule.id], 1), else_=0)).label(f"n{number}")
            for number, rule in enumerate(compared)
        ]
        query: sa.Select[*tuple[Any, ...]] = (
            sa.select(sa.column("department"), *counts)
            .select_from(live().subquery())
            .group_by(sa.column("department"))
        )
        return {
            (department, rule.id): count
            for department, *found in connection.execute(query)
            for rule, count in zip(compared, found, strict=True)
        }


def _theirs(store: Store, compared: list[Rule]) -> Iterator[tuple[tuple[str, str], int]]:
    """The same from Great Expectations, one validation for each department."""
    import great_expectations as gx

    url = store.engine.url.render_as_string(hide_password=False)
    context = gx.get_context(mode="ephemeral")
    source = context.data_sources.add_sql("store", connection_string=url)
    expectations = [
        {"type": rule.type, "kwargs": dict(rule.kwargs), "meta": {"id": rule.id}}
        for rule in compared
    ]
    suite = context.suites.add(gx.ExpectationSuite("own", expectations=expectations))
    for department in DEPARTMENTS:
        asset = source.add_query_asset(
            department,
            query="SELECT *, coalesce(malformed, '') AS malformed_columns FROM behavior "
            f"WHERE department = '{department}'",
        )
        batch = asset.add_batch_definition_whole_table("all")
        definition = gx.ValidationDefinition(name=department, data=batch, suite=suite)
        result = context.validation_definitions.add(definition).run(result_format="BASIC")
        for each in result.results:
            assert not each.exception_info.get("raised_exception"), each
            assert each.expectation_config is not None
            yield (
                (department, each.expectation_config.meta["id"]),
                each.result["unexpected_count"] or 0,  # None where no row fits the condition
            )


@pytest.fixture(autouse=True)
def _nothing_is_sent_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GX_ANALYTICS_ENABLED", "False")

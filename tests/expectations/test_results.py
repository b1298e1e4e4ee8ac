"""The result objects are those of Great Expectations' own runs, key by key."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import great_expectations as gx
import pytest
import sqlalchemy as sa
from great_expectations.data_context.types.base import ProgressBarsConfig

from expectations.judge import judge
from expectations.results import DATA_SOURCE, RESULT_FORMAT, Batch, batches, document, results
from expectations.suites import Rule, Suite, behavior_rules
from expectations.supported import SUPPORTED
from monitor.store import Store
from monitor.workdays import Month
from tests.expectations.records import ORGAN, clean, land
from tests.expectations.test_conditions import compares, made
from tests.expectations.test_conformance import faulty
from tests.notify.district import CREDIT_CODE

LATER = compares("inspector_count", ">", 2)
NEVER = compares("inspector_count", ">", 1000)
KWARGS: dict[str, dict[str, Any]] = {
    "expect_column_values_to_be_null": {"column": "plan_id"},
    "expect_column_values_to_not_be_null": {"column": "party_name"},
    "expect_column_values_to_be_in_set": {"column": "party_name", "value_set": ["甲", "乙"]},
    "expect_column_values_to_not_be_in_set": {"column": "party_name", "value_set": ["甲"]},
    "expect_column_values_to_be_between": {"column": "inspector_count", "min_value": 3},
    "expect_column_value_lengths_to_be_between": {"column": "party_name", "max_value": 1},
    "expect_column_value_lengths_to_equal": {"column": "party_name", "value": 1},
    "expect_column_values_to_match_regex": {"column": "party_name", "regex": "甲"},
    "expect_column_values_to_not_match_regex": {"column": "party_name", "regex": "甲"},
    "expect_column_values_to_match_regex_list": {"column": "party_name", "regex_list": ["甲"]},
    "expect_column_values_to_not_match_regex_list": {"column": "party_name", "regex_list": ["甲"]},
    "expect_column_pair_values_a_to_be_greater_than_b": {
        "column_A": "inspector_count",
        "column_B": "item_code_count",
    },
    "expect_column_pair_values_to_be_equal": {"column_A": "party_name", "column_B": "object_name"},
    "expect_column_pair_values_to_be_in_set": {
        "column_A": "party_name",
        "column_B": "object_name",
        "value_pairs_set": [["甲", "甲"]],
    },
    "expect_select_column_values_to_be_unique_within_record": {
        "column_list": ["party_name", "object_name"]
    },
    "expect_multicolumn_values_to_be_equal": {"column_list": ["party_name", "object_name"]},
    "expect_multicolumn_sum_to_equal": {
        "column_list": ["inspector_count", "item_code_count"],
        "sum_total": 4,
    },
}
"""Of each supported type one that some records fail and some don't."""


def variants() -> Iterator[Rule]:
    """Each type as it is, with a share that may fail, on a few rows, and on none."""
    for type_, kwargs in KWARGS.items():
        conditions = [{}, {"row_condition": LATER}, {"row_condition": NEVER}]
        if type_ == "expect_column_pair_values_to_be_in_set":
            conditions = [{}]
        for number, condition in enumerate(conditions):
            yield replace(made(type_, **kwargs, **condition), id=f"check.{type_}.{number}")
        yield replace(made(type_, **kwargs, mostly=0.25), id=f"check.{type_}.mostly")


def test_there_is_a_rule_of_every_supported_type() -> None:
    assert set(KWARGS) == set(SUPPORTED)


def test_a_result_of_every_type_is_great_expectations_own(store: Store, now: datetime) -> None:
    cells = [(None, None), ("甲", None), ("甲", "甲"), ("甲乙", "乙"), ("丙", "甲")]
    with store.writing() as connection:
        land(
            connection,
            *(
                clean(
                    "check",
                    number,
                    party_name=cells[number % 5][0],
                    object_name=cells[number % 5][1],
                    plan_id=None if number % 3 else "示范",
                    inspector_count=number % 4 or None,
                    item_code_count=number % 3 + 1,
                )
                for number in range(17)
            ),
        )
    rules = list(variants())
    suite = Suite("check", rules[0].path, tuple(rules))
    failed = compare(store, [suite], now)
    assert 20 < len(failed) < len(rules) - 20


def test_the_results_of_the_products_suites_are_great_expectations_own(
    store: Store, now: datetime, suites: tuple[Suite, ...]
) -> None:
    with store.writing() as connection:
        land(connection, *faulty(count=104))
    force = next(suite for suite in suites if suite.name == "force")
    quick = [rule for rule in force.rules if not rule.id.endswith("area_code.code")]  # 3,000 codes
    failed = compare(store, [replace(force, rules=tuple(quick))], now)
    assert len(failed) >= 10


def compare(store: Store, suites: Sequence[Suite], now: datetime) -> set[str]:
    """Compare the results of the first department, and give the rules that it doesn't meet."""
    rules = behavior_rules(suites)
    with store.writing() as connection:
        judge(connection, suites, now)
    with store.reading() as connection:
        first = batches(connection, rules)[:1]
        ((batch, result),) = results(connection, first, rules, now, ())
    ours = without_ids(document(result))
    assert ours == without_ids(run(store, batch, result.meta["batch_spec"]["query"], rules))
    return {name for name, each in ours["results"].items() if not each["success"]}


def run(store: Store, batch: Batch, query: str, rules: Sequence[Rule]) -> dict[str, Any]:
    """What Great Expectations itself says of the batch."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    url = store.engine.url.render_as_string(hide_password=False)
    source = context.data_sources.add_sql(DATA_SOURCE, connection_string=url)
    expectations = [
        {
            "type": rule.type,
            "kwargs": dict(rule.kwargs),
            "severity": rule.severity.value,
            "meta": {
                "id": rule.id,
                "class": rule.rule_class,
                "field": rule.field,
                "message": rule.message,
            },
        }
        for rule in rules
    ]
    suite = context.suites.add(gx.ExpectationSuite(batch.kind, expectations=expectations))
    whole = source.add_query_asset(batch.name, query=query).add_batch_definition_whole_table("all")
    definition = gx.ValidationDefinition(name=batch.name, data=whole, suite=suite)
    added = context.validation_definitions.add(definition)
    found = document(added.run(result_format=dict(RESULT_FORMAT)))
    source.get_execution_engine().close()
    return found


def some(suites: Sequence[Suite], *ids: str) -> list[Suite]:
    """Only these rules of the suites."""
    return [
        replace(suite, rules=tuple(rule for rule in suite.rules if rule.id in ids))
        for suite in suites
    ]


def without_ids(result: dict[str, Any]) -> dict[str, Any]:
    """The result with what differs from run to run taken out, by the rules' ids, rows in order."""
    meta = result["meta"]
    for key in ("validation_id", "run_id", "validation_time", "batch_markers"):
        assert key in meta
        meta[key] = None
    for each in result["results"]:
        assert each["expectation_config"].pop("id")
        for rows in each["result"].get("partial_unexpected_index_list", ()):
            rows["rows"] = sorted(zip(rows.pop("source"), rows.pop("record_id"), strict=True))
    by_rule = {each["expectation_config"]["meta"]["id"]: each for each in result["results"]}
    return result | {"results": by_rule}


def test_a_result_names_few_rows_the_latest_and_hides_identity_codes(
    store: Store, now: datetime
) -> None:
    rule = replace(made("expect_column_values_to_not_be_null", column="party_name"), id="check.a")
    suite = Suite("check", rule.path, (rule,))
    with store.writing() as connection:
        many = [clean("check", number, party_name=None) for number in range(30)]
        land(
            connection, *many, clean("check", 31, party_name=None, record_id=f"示范-{CREDIT_CODE}")
        )
        judge(connection, [suite], now)
    with store.reading() as connection:
        counted = batches(connection, [rule])
        ((_, result),) = results(connection, counted, [rule], now, {ORGAN})
    counts = result.results[0].result
    assert counts["unexpected_count"] == 31
    (rows,) = counts["partial_unexpected_index_list"]
    assert rows["record_id"] == ["示范-***", *(f"check-{number}" for number in range(29, 10, -1))]
    assert "partial_unexpected_list" not in counts


def test_results_are_of_the_department_and_month_that_are_asked_for(
    store: Store, now: datetime, checks: tuple[Suite, ...]
) -> None:
    few = some(checks, "check.party_name.mandatory", "check.party_name.length")
    rules = behavior_rules(few)
    with store.writing() as connection:
        land(
            connection,
            clean("check", 1, department="A", party_name=None),
            clean("check", 2, department="A", month="2022-02", party_name=None),
            clean("check", 3, department="B", party_name=None),
            clean("check", 4, department=None, occurred_on=date(2022, 1, 3)),
        )
        judge(connection, few, now)
    with store.reading() as connection:
        assert [each.department for each in batches(connection, rules)] == ["A", "B", "unknown"]
        counted = batches(connection, rules, "A", Month(2022, 2))
        ((batch, result),) = results(connection, counted, rules, now, ())
    failed = [each for each in result.results if not each.success]
    assert [each.expectation_config and each.expectation_config.meta["id"] for each in failed] == [
        "check.party_name.mandatory"
    ]
    assert failed[0].result["partial_unexpected_index_list"] == [
        {"source": ["demo"], "record_id": ["check-2"]}
    ]
    assert batch.failed == 1
    assert result.meta["batch_parameters"] == {"month": "2022-02"}


def test_a_duplicate_counts_for_the_rule_about_duplicates_only(
    store: Store, now: datetime, checks: tuple[Suite, ...]
) -> None:
    few = some(checks, "check.party_name.mandatory", "check.action_code.duplicate")
    rules = behavior_rules(few)
    with store.writing() as connection:
        (first, _) = land(connection, clean("check", 1), clean("check", 2, party_name=None))
        second = clean("check", 3, party_name=None, duplicate_of=first)
        land(connection, second)
        judge(connection, few, now)
        ((_, result),) = results(connection, batches(connection, rules), rules, now, ())
    of_rule = {
        each["expectation_config"]["meta"]["id"]: each["result"]
        for each in document(result)["results"]
    }
    assert of_rule["check.party_name.mandatory"]["element_count"] == 2
    assert of_rule["check.party_name.mandatory"]["unexpected_count"] == 1
    assert of_rule["check.action_code.duplicate"]["element_count"] == 3
    assert of_rule["check.action_code.duplicate"]["unexpected_count"] == 1


def test_the_number_of_statements_does_not_depend_on_departments_or_rules(
    store: Store, now: datetime, checks: tuple[Suite, ...]
) -> None:
    whole = replace(checks[0], rules=checks[0].rules[:12])
    few, many = whole.rules[:3], whole.rules

    def asked(rules: Sequence[Rule]) -> int:
        with store.reading() as connection:
            found: list[str] = []
            sa.event.listen(
                connection, "before_cursor_execute", lambda *given: found.append(given[2])
            )
            assert list(results(connection, batches(connection, rules), rules, now, ()))
        return len(found)

    numbers = []
    for count, rules in ((8, few), (32, many)):
        with store.writing() as connection:
            records = (
                clean("check", number, department=f"D{number % (count // 4)}", party_name=None)
                for number in range(count, 2 * count)
            )
            land(connection, *records)
            judge(connection, [whole], now)
        numbers.append(asked(rules))
    assert numbers[0] == numbers[1]


@pytest.fixture(autouse=True)
def _nothing_is_sent_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GX_ANALYTICS_ENABLED", "False")

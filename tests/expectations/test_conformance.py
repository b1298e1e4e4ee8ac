"""Our verdicts are Great Expectations' own: what is asked, what fails, and whether that is met.

Every supported type is run by Great Expectations on each department's batch of made-up records,
with `mostly`, row conditions and rows ignored, and compared with what one scan of ours counts.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from expectations.judge import judge
from expectations.suites import Rule, Suite, behavior_rules
from expectations.supported import SUPPORTED
from expectations.verdicts import verdicts
from monitor.store import Store
from monitor.store.tables import behavior, finding, to_judge
from monitor.store.tables import rule as rule_table
from monitor.words import Kind
from tests.expectations.records import clean, land
from tests.expectations.test_conditions import made

DEPARTMENTS = ("A", "B")
PAIR_IN_SET = "expect_column_pair_values_to_be_in_set"

texts = st.sampled_from([None, "", "甲", "乙", "甲乙", "a", "A", "aA", "a'b", "50%", "\\d", "_"])
numbers = st.sampled_from([None, -1, 0, 1, 2, 3])
days = st.sampled_from([None, *(date(2022, 1, day) for day in (9, 10, 11))])
money = st.sampled_from([None, Decimal("0.99"), Decimal(1), Decimal("99.99"), Decimal(100)])
flags = st.sampled_from([None, True, False])
cells = {
    "party_name": texts,
    "object_name": texts,
    "submitter": texts,
    "inspector_count": numbers,
    "item_code_count": numbers,
    "occurred_on": days,
    "submitted_on": days,
    "fine_yuan": money,
    "has_hearing": flags,
}
"""The columns that the rules ask about, with what may stand in them."""

TEXTS = ("party_name", "object_name", "submitter")
NUMBERS = ("inspector_count", "item_code_count")
DAYS = ("occurred_on", "submitted_on")
ORDERED = (*NUMBERS, *DAYS, "fine_yuan")

records = st.lists(
    st.fixed_dictionaries({"department": st.sampled_from(DEPARTMENTS), **cells}), max_size=24
)
mostly = st.sampled_from([None, 0.0, 0.25, 0.5, 2 / 3, 0.9, 1.0])


class Counts(NamedTuple):
    """What is compared of a rule on a department's records."""

    evaluated: int
    unexpected: int
    success: bool


def some(column: str) -> st.SearchStrategy[Any]:
    """A value that may stand in the column, as a suite's file can say it."""
    values: st.SearchStrategy[Any] = cells[column].filter(lambda value: value is not None)
    return values.map(float) if column == "fine_yuan" else values


def several(column: str) -> st.SearchStrategy[list[Any]]:
    return st.lists(some(column), min_size=1, max_size=3)


@st.composite
def comparisons(draw: st.DrawFn) -> dict[str, Any]:
    """A row condition about one column."""
    column = draw(st.sampled_from([*TEXTS, *ORDERED]))
    named = {"column": {"name": column}}
    # Great Expectations itself sends days as text, which PostgreSQL compares with no day
    form = draw(st.sampled_from(["nullity", *(() if column in DAYS else ("set", "value"))]))
    if form == "nullity":
        return {"type": form, **named, "is_null": draw(st.booleans())}
    if form == "set":
        operator, parameter = draw(st.sampled_from(["IN", "NOT_IN"])), draw(several(column))
    else:
        order = ["<", "<=", ">", ">="] if column in ORDERED else []
        operator = draw(st.sampled_from(["==", "!=", *order]))
        parameter = draw(some(column))
    return {"type": "comparison", **named, "operator": operator, "parameter": parameter}


def all_of(least: int) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"type": st.just("and"), "conditions": st.lists(comparisons(), min_size=least, max_size=3)}
    )


conditions = st.one_of(
    comparisons(),
    all_of(least=2),
    st.fixed_dictionaries(
        {
            "type": st.just("or"),
            "conditions": st.lists(st.one_of(comparisons(), all_of(2)), min_size=2, max_size=3),
        }
    ),
)


@st.composite
def bounds(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> dict[str, Any]:
    """One bound or two, the lower first."""
    low, high = sorted([draw(values), draw(values)])
    which = draw(st.sampled_from(["both", "min_value", "max_value"]))
    given_ = {"min_value": low, "max_value": high}
    strict = {f"strict_{end}": draw(st.booleans()) for end in ("min", "max")}
    return (given_ if which == "both" else {which: given_[which]}) | strict


regexes = st.sampled_from(["^[甲a]", "[乙A]$", "甲", "^$", "^.{2}$", r"\\d", "%", "a'b", "^(a|A)"])
lengths = st.integers(min_value=0, max_value=3)
column_lists = st.permutations(TEXTS)


@st.composite
def arguments(draw: st.DrawFn, type_: str) -> dict[str, Any]:
    """What Great Expectations takes for an expectation of the type."""
    domain = SUPPORTED[type_]
    kwargs = draw(ARGUMENTS[type_])
    ignored: Sequence[str | None] = (None,)
    if domain == "pair":
        ignored = (None, "both_values_are_missing", "either_value_is_missing", "neither")
    elif domain == "multicolumn":
        ignored = (None, "all_values_are_missing", "any_value_is_missing", "never")
    rows = draw(st.sampled_from(ignored))
    condition = None
    if type_ != PAIR_IN_SET and rows not in ("neither", "never"):  # those are refused
        condition = draw(st.one_of(st.none(), conditions))
    optional = {"mostly": draw(mostly), "ignore_row_if": rows, "row_condition": condition}
    return kwargs | {name: value for name, value in optional.items() if value is not None}


def column_of(*names: str) -> st.SearchStrategy[str]:
    return st.sampled_from(names)


def about(column: st.SearchStrategy[str], **more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({"column": column, **more})


def with_values(key: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from([*TEXTS, *NUMBERS, "fine_yuan", "has_hearing"]).flatmap(
        lambda name: st.fixed_dictionaries({"column": st.just(name), key: several(name)})
    )


def within(names: Sequence[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from(names).flatmap(
        lambda name: bounds(some(name)).map(lambda ends: {"column": name, **ends})
    )


def pairs(*of: Sequence[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Two columns of one type."""
    return (
        st.sampled_from(of)
        .flatmap(st.permutations)
        .map(lambda names: {"column_A": names[0], "column_B": names[1]})
    )


def joined(*parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(*parts).map(lambda each: {k: v for part in each for k, v in part.items()})


def one(**named: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(named)


any_column = column_of(*cells)
a_text = column_of(*TEXTS)
several_regexes = st.lists(regexes, min_size=1, max_size=3, unique=True)
ARGUMENTS: Mapping[str, st.SearchStrategy[dict[str, Any]]] = {
    "expect_column_values_to_be_null": about(any_column),
    "expect_column_values_to_not_be_null": about(any_column),
    "expect_column_values_to_be_in_set": with_values("value_set"),
    "expect_column_values_to_not_be_in_set": with_values("value_set"),
    "expect_column_values_to_be_between": within(ORDERED),
    "expect_column_value_lengths_to_be_between": joined(one(column=a_text), bounds(lengths)),
    "expect_column_value_lengths_to_equal": about(a_text, value=lengths),
    "expect_column_values_to_match_regex": about(a_text, regex=regexes),
    "expect_column_values_to_not_match_regex": about(a_text, regex=regexes),
    "expect_column_values_to_match_regex_list": about(
        a_text, regex_list=several_regexes, match_on=st.sampled_from(["any", "all"])
    ),
    "expect_column_values_to_not_match_regex_list": about(a_text, regex_list=several_regexes),
    "expect_column_pair_values_a_to_be_greater_than_b": joined(
        pairs(NUMBERS, DAYS), one(or_equal=st.booleans())
    ),
    "expect_column_pair_values_to_be_equal": pairs(NUMBERS, DAYS, TEXTS),
    PAIR_IN_SET: joined(
        pairs(TEXTS),
        one(
            value_pairs_set=st.lists(
                st.tuples(some("party_name"), some("party_name")).map(list), min_size=1, max_size=3
            )
        ),
    ),
    "expect_select_column_values_to_be_unique_within_record": one(column_list=column_lists),
    "expect_multicolumn_values_to_be_equal": one(column_list=column_lists),
    "expect_multicolumn_sum_to_equal": one(
        column_list=st.permutations(NUMBERS), sum_total=st.integers(min_value=-1, max_value=5)
    ),
}


@st.composite
def a_rule_of_every_type(draw: st.DrawFn) -> list[Rule]:
    """A suite with a rule of each supported type."""
    return [
        replace(made(type_, **draw(arguments(type_))), id=f"check.{number}")
        for number, type_ in enumerate(SUPPORTED)
    ]


def test_there_are_arguments_for_every_supported_type() -> None:
    assert set(ARGUMENTS) == set(SUPPORTED)


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking would take minutes
    suppress_health_check=list(HealthCheck),
)
@given(delivered=records, rules=a_rule_of_every_type())
def test_verdicts_are_great_expectations_own(
    store: Store, delivered: list[dict[str, Any]], rules: list[Rule]
) -> None:
    with store.writing() as connection:
        for table in (finding, to_judge, behavior):
            connection.execute(sa.delete(table))
        if delivered:
            land(connection, *(clean("check", n, **row) for n, row in enumerate(delivered)))
    assert ours(store, rules) == dict(theirs(store, "check", rules))


def test_the_products_suites_count_as_great_expectations_does(
    store: Store, now: Any, suites: tuple[Suite, ...]
) -> None:
    with store.writing() as connection:
        land(connection, *faulty(count=160))
        judge(connection, suites, now)
    for kind in ("check", "punish"):
        rules = [
            rule
            for rule in behavior_rules(suites)
            if rule.kind == kind and not rule.id.endswith("area_code.code")  # 3,000 codes: slow
        ]
        counted = ours(store, rules)
        assert counted == dict(theirs(store, kind, rules))
        unexpected = {place: each.unexpected for place, each in counted.items() if each.unexpected}
        assert unexpected == found(store, rules)
        assert len(unexpected) > 10


def faulty(count: int) -> Iterator[dict[str, Any]]:
    """Records of every kind, most of them with some fault."""
    kinds = [kind.value for kind in Kind]
    faults: list[dict[str, Any]] = [
        {},
        {"party_name": None},
        {"party_id_fault": "form"},
        {"occurred_on": None, "malformed": "occurred_on"},
        {"malformed": "submitted_at、occurred_on"},
        {"submitted_on": date(2022, 1, 3)},
        {"supervise_item_code": "0103"},
        {"item_state_on_day": "unknown"},
        {"implement_institution": "示范局-2"},
        {"inspectors": "示范甲", "inspector_count": 1},
        {"action_name": "示" * 201, "document_no": None, "link_state": "not_found"},
        {"procedure": "普通", "has_hearing": None, "penalty_kind": "99"},
        {"closed_on": date(2021, 12, 1), "check_form": "日常"},
    ]
    for number in range(count):
        yield clean(
            kinds[number % 4],
            number,
            department=DEPARTMENTS[number // 4 % 2],
            **faults[number // 8 % len(faults)],
        )


def ours(store: Store, rules: Sequence[Rule]) -> dict[tuple[str, str], Counts]:
    """Our verdicts; a department without records isn't named by them."""
    with store.reading() as connection:
        counted = {
            (each.department, each.rule): Counts(each.evaluated, each.unexpected, each.success)
            for each in verdicts(connection, rules)
        }
    places = itertools.product(DEPARTMENTS, (rule.id for rule in rules))
    return {place: counted.get(place, Counts(0, 0, success=True)) for place in places}


def theirs(
    store: Store, kind: str, rules: Sequence[Rule]
) -> Iterator[tuple[tuple[str, str], Counts]]:
    """The same from Great Expectations, one validation for each department."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    url = store.engine.url.render_as_string(hide_password=False)
    source = context.data_sources.add_sql("store", connection_string=url)
    expectations = [
        {"type": rule.type, "kwargs": dict(rule.kwargs), "meta": {"id": rule.id}} for rule in rules
    ]
    suite = context.suites.add(gx.ExpectationSuite("own", expectations=expectations))
    for department in DEPARTMENTS:
        asset = source.add_query_asset(
            department,
            query="SELECT *, coalesce(malformed, '') AS malformed_columns FROM behavior "
            f"WHERE department = '{department}' AND kind = '{kind}'",
        )
        batch = asset.add_batch_definition_whole_table("all")
        definition = gx.ValidationDefinition(name=department, data=batch, suite=suite)
        result = context.validation_definitions.add(definition).run(result_format="BASIC")
        for each in result.results:
            assert each.exception_info.get("raised_exception") is False, each
            assert each.expectation_config is not None
            counts = each.result
            yield (
                (department, each.expectation_config.meta["id"]),
                Counts(
                    (counts["element_count"] or 0) - (counts.get("missing_count") or 0),
                    counts["unexpected_count"] or 0,  # None where no row fits the condition
                    bool(each.success),
                ),
            )
    source.get_execution_engine().close()


def found(store: Store, rules: Sequence[Rule]) -> dict[tuple[str, str], int]:
    """How many findings of each rule a check made in each department."""
    query = (
        sa.select(behavior.c.department, rule_table.c.id, sa.func.count())
        .join_from(finding, behavior, behavior.c.id == finding.c.behavior_id)
        .join(rule_table, rule_table.c.number == finding.c.rule)
        .where(rule_table.c.id.in_([rule.id for rule in rules]))
        .group_by(behavior.c.department, rule_table.c.id)
    )
    with store.reading() as connection:
        return {(code, name): count for code, name, count in connection.execute(query)}


@pytest.fixture(autouse=True)
def _nothing_is_sent_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GX_ANALYTICS_ENABLED", "False")

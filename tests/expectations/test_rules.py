"""Every rule of the product is shown to find what it is for and to leave the rest alone.

The records are derived from what a rule says: one clean record for each rule and case, changed in
what the rule asks about.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from expectations.judge import judge
from expectations.suites import Rule, Suite, behavior_rules
from monitor.store import Store
from monitor.store.tables import behavior, finding, rule
from tests.expectations.records import clean, land

Changes = dict[str, Any]

ITEMS = "01030100100101"
FORMS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "supervise_item_code.form": (
        ("0103", f"{ITEMS}0", f"{ITEMS[:-1]}A", f"{ITEMS}、0103", f"{ITEMS},{ITEMS}"),
        (ITEMS, f"{ITEMS}、01030100100102"),
    ),
    "supervise_item_code.catalogue": ((ITEMS,), ("0103",)),
    "implement_institution.form": (
        ("示环函〔2022〕13号", "2022-09-31", "示范局(2)", "示范系统-2", "示范局2019年1月1日"),
        ("示范区市场监督管理局", "示范区城市管理局(综合执法队)"),
    ),
    "party_id.masked": (("E****1234", "EXXX1234", "E××1234", "E●●1234"), ("E00001234", "示X1")),
}
"""Cells that fail, and cells that pass, the rules whose regular expression says what is right."""


def test_every_rule_finds_what_it_is_for_and_leaves_the_rest_alone(
    store: Store, now: datetime, suites: tuple[Suite, ...]
) -> None:
    cases = [
        (each, is_wrong, changes)
        for each in behavior_rules(suites)
        for is_wrong, variants in ((True, failing(each)), (False, passing(each)))
        for changes in variants
    ]
    records = [
        clean(each.kind, number) | changes for number, (each, _, changes) in enumerate(cases, 1)
    ]
    found: dict[int, set[str]] = defaultdict(set)
    with store.writing() as connection:
        ids = land(connection, *records)
        judge(connection, suites, now)
        query = sa.select(finding.c.behavior_id, rule.c.id).join(
            rule, rule.c.number == finding.c.rule
        )
        for number, rule_id in connection.execute(query):
            found[number].add(rule_id)
    wrong = [
        (each.id, "passes" if is_wrong else "fails", changes)
        for number, (each, is_wrong, changes) in zip(ids, cases, strict=True)
        if (each.id in found[number]) != is_wrong
    ]
    assert wrong == []
    assert {each.id for each, is_wrong, _ in cases if is_wrong} == {
        each.id for each, is_wrong, _ in cases if not is_wrong
    }


def failing(each: Rule) -> Iterator[Changes]:
    """Changes that make a clean record fail the rule."""
    kwargs, asked = each.kwargs, condition(each)
    column = str(kwargs.get("column"))
    match each.type.removeprefix("expect_column_"):
        case "values_to_be_null":
            yield {**asked, column: 1 if is_number(column) else "01"}
        case "values_to_not_be_null":
            yield {**asked, column: None}
        case "values_to_be_in_set":
            yield {**asked, column: "不在"}
        case "values_to_not_be_in_set":
            yield from ({**asked, column: value} for value in kwargs["value_set"])
        case "values_to_be_between":
            yield {**asked, column: kwargs["min_value"] - 1}
        case "value_lengths_to_be_between":
            yield {**asked, column: "示" * (kwargs["max_value"] + 1)}
        case "pair_values_a_to_be_greater_than_b":
            yield pair(each, behind=1)
        case "values_to_match_regex" if column == "malformed_columns":
            yield {**asked, "malformed": None}
            yield {**asked, "malformed": "other"}
        case "values_to_not_match_regex" if column == "malformed":
            yield from ({"malformed": cell} for cell in malformed(each.field))
        case _:
            yield from ({**asked, column: cell} for cell in forms(each)[0])


def passing(each: Rule) -> Iterator[Changes]:
    """Changes after which a clean record still passes the rule."""
    kwargs, asked = each.kwargs, condition(each)
    column = str(kwargs.get("column"))
    match each.type.removeprefix("expect_column_"):
        case "values_to_be_null":
            yield {**asked, column: None}
        case "values_to_not_be_null":
            yield {**asked, column: "示范"} if asked else {}
        case "values_to_be_in_set":
            yield {**asked, column: None}
            yield from ({**asked, column: code} for code in kwargs["value_set"][::50])
        case "values_to_not_be_in_set":
            yield from ({**asked, column: None} for _ in nullable(column))
            yield asked if column != "party_id_type" else {**asked, column: "000"}
        case "values_to_be_between":
            yield {**asked, column: None}
            yield {**asked, column: kwargs["min_value"]}
        case "value_lengths_to_be_between":
            yield {**asked, column: None}
            yield {**asked, column: "示" * kwargs["max_value"]}
        case "pair_values_a_to_be_greater_than_b":
            yield pair(each, behind=0)
            yield from ({side: None} for side in nullable(kwargs["column_A"], kwargs["column_B"]))
        case "values_to_match_regex" if column == "malformed_columns":
            yield from ({**asked, "malformed": cell} for cell in malformed(each.field))
            yield {}
        case "values_to_not_match_regex" if column == "malformed":
            yield {"malformed": None}
            yield {"malformed": f"un{each.field}、{each.field}s"}
        case _:
            yield {**asked, column: None}
            yield from ({**asked, column: cell} for cell in forms(each)[1])


def condition(each: Rule) -> Changes:
    """What the rule's row condition wants of a record."""
    asked = each.kwargs.get("row_condition")
    if asked is None:
        return {}
    name = asked["column"]["name"]
    if asked["type"] == "nullity":
        return {name: None if asked["is_null"] else "示范"}
    match asked["operator"]:
        case "==":
            return {name: asked["parameter"]}
        case "IN":
            return {name: asked["parameter"][-1]}
        case _:
            return {name: "414"}


def pair(each: Rule, behind: int) -> Changes:
    """The pair's first value `behind` its second: by days, or by yuan."""
    first, second = each.kwargs["column_A"], each.kwargs["column_B"]
    if isinstance(behavior.columns[first].type, sa.Date):
        day = date(2022, 1, 10)
        return {second: day, first: day - timedelta(days=behind)}
    return {second: Decimal(100), first: Decimal(100) - behind}


def nullable(*columns: str) -> Iterator[str]:
    """Those of the columns that may be blank."""
    return (column for column in columns if behavior.columns[column].nullable)


def malformed(column: str) -> tuple[str, ...]:
    """What `malformed` holds where the column is first, last, between others, and alone."""
    return (column, f"{column}、other", f"other、{column}", f"other、{column}、another")


def forms(each: Rule) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return FORMS[each.id.partition(".")[2]]


def is_number(column: str) -> bool:
    return isinstance(behavior.columns[column].type, sa.Integer)

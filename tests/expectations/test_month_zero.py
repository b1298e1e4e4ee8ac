"""The suite month_zero on statements, on both stores."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from expectations.loading import load_suites
from expectations.month_zero import judge_statements
from expectations.suites import Suite, statement_rules
from monitor.config import MonthZeroSettings, Settings
from monitor.store import Store
from monitor.store.tables import statement

ZERO = {"zero": True, "zero_of_month": True, "backlog": 0, "backlog_of_month": 0}
NOT_ZERO = {"zero": False, "zero_of_month": False, "backlog": 3, "backlog_of_month": 2}


def stated(now: datetime, department: str, **values: Any) -> dict[str, Any]:
    return {
        "department": department,
        "month": "2022-01",
        "changed_at": now,
        "close_at": now,
        "provisional_calendar": False,
        "in_scope": True,
        "obligations": 5,
        "pending": 0,
        "overdue": 0,
        "carried": 0,
        "silent": False,
        "expected_measured": True,
        "not_measured": [],
        "current_state": "open",
        "figures": {},
        "moved_out": {},
        "moved_out_late": {},
        "reasons": {},
        **values,
    }


AGREED: list[dict[str, Any]] = [
    ZERO,
    NOT_ZERO,
    {**ZERO, "zero": False, "zero_of_month": False, "silent": True},
    {**ZERO, "current_state": "cleared_on_time"},
    {**NOT_ZERO, "current_state": "not_cleared"},
    {**ZERO, "current_state": "awaiting_audit", "pending": 2},
    {**ZERO, "zero": False, "current_state": "no_data", "not_measured": ["check"]},
    {**ZERO, "zero": False, "not_measured": ["expected:punish"]},
    {**NOT_ZERO, "zero_of_month": True, "backlog_of_month": 0},
]
CONTRADICTIONS: list[tuple[dict[str, Any], str]] = [
    ({**ZERO, "backlog": 1}, "month_zero.zero.backlog"),
    ({**ZERO, "silent": True}, "month_zero.zero.silent"),
    ({**ZERO, "zero": False, "zero_of_month": False}, "month_zero.not_zero.reason"),
    ({**NOT_ZERO, "current_state": "cleared_late"}, "month_zero.cleared.zero"),
    ({**ZERO, "current_state": "not_cleared"}, "month_zero.not_cleared.zero"),
    ({**ZERO, "current_state": "awaiting_audit"}, "month_zero.awaiting_audit.pending"),
    ({**NOT_ZERO, "backlog": 1}, "month_zero.backlog.of_month"),
    ({**ZERO, "zero_of_month": False}, "month_zero.zero.of_month"),
    ({**NOT_ZERO, "zero_of_month": True}, "month_zero.zero_of_month.backlog"),
]


def test_statements_that_hold_together_are_agreed_with(
    store: Store, now: datetime, suites: tuple[Suite, ...]
) -> None:
    rows = [stated(now, f"D{number}", **values) for number, values in enumerate(AGREED)]
    with store.writing() as connection:
        connection.execute(sa.insert(statement), rows)
        assert judge_statements(connection, suites) == ()


def test_a_statement_that_contradicts_itself_is_named_with_the_rule_that_says_so(
    store: Store, now: datetime, suites: tuple[Suite, ...]
) -> None:
    rows = [stated(now, f"D{n}", **values) for n, (values, _) in enumerate(CONTRADICTIONS)]
    with store.writing() as connection:
        connection.execute(sa.insert(statement), [*rows, stated(now, "E", **ZERO)])
        found = judge_statements(connection, suites)
    assert [(each.department, each.month, each.rule) for each in found] == [
        (f"D{number}", "2022-01", rule) for number, (_, rule) in enumerate(CONTRADICTIONS)
    ]
    assert str(found[0]) == "D0 2022-01: month_zero.zero.backlog: 验证不通过：已清零但仍有积压"


def test_every_rule_of_the_suite_is_broken_by_one_of_the_contradictions(
    suites: tuple[Suite, ...],
) -> None:
    assert {rule.id for rule in statement_rules(suites)} == {rule for _, rule in CONTRADICTIONS}


def test_the_district_need_not_be_at_zero(
    store: Store, now: datetime, suites: tuple[Suite, ...]
) -> None:
    values = {**ZERO, "zero": False, "zero_of_month": False}
    with store.writing() as connection:
        connection.execute(sa.insert(statement), [stated(now, "district", **values)])
        assert judge_statements(connection, suites) == ()


def test_who_owns_what_nobody_owns_is_never_at_zero(
    store: Store, now: datetime, suites: tuple[Suite, ...]
) -> None:
    values = {**ZERO, "zero": False, "zero_of_month": False, "current_state": "cleared_on_time"}
    with store.writing() as connection:
        connection.execute(sa.insert(statement), [stated(now, "unknown", **values)])
        assert judge_statements(connection, suites) == ()


def test_uncovered_items_may_stand_in_the_way_of_zero_where_the_office_says_so(
    store: Store, now: datetime
) -> None:
    settings = Settings(month_zero=MonthZeroSettings(zero_requires_coverage=True))
    values = {**ZERO, "zero": False, "zero_of_month": False}
    with store.writing() as connection:
        connection.execute(sa.insert(statement), [stated(now, "A", **values)])
        assert judge_statements(connection, load_suites(settings)) == ()


def test_without_a_suite_of_statements_nothing_is_asked(store: Store) -> None:
    with store.reading() as connection:
        assert judge_statements(connection, ()) == ()

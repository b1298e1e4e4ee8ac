"""The suite month_zero on statements, on both stores."""

from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from expectations.month_zero import judge_statements
from expectations.suites import Suite
from monitor.store import Store
from monitor.store.tables import statement

ZERO = {"zero": True, "zero_of_month": True, "backlog": 0, "backlog_of_month": 0}
NOT_ZERO = {"zero": False, "zero_of_month": False, "backlog": 3, "backlog_of_month": 2}


def stated(now: datetime, department: str, **values: Any) -> dict[str, Any]:
    return {
        "department": department,
        "month": "2022-01",
        "as_of": now,
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
        **values,
    }


@pytest.mark.parametrize(
    "values",
    [
        ZERO,
        NOT_ZERO,
        {**ZERO, "zero": False, "zero_of_month": False, "silent": True},
        {**ZERO, "current_state": "cleared_on_time"},
        {**NOT_ZERO, "current_state": "not_cleared"},
        {**ZERO, "current_state": "awaiting_audit", "pending": 2},
        {**ZERO, "zero": False, "current_state": "no_data"},
        {**NOT_ZERO, "zero_of_month": True, "backlog_of_month": 0},
    ],
)
def test_statements_that_hold_together_are_agreed_with(
    store: Store, now: datetime, suites: tuple[Suite, ...], values: dict[str, Any]
) -> None:
    with store.writing() as connection:
        connection.execute(sa.insert(statement), [stated(now, "A", **values)])
        assert judge_statements(connection, suites) == ()


@pytest.mark.parametrize(
    ("values", "rules"),
    [
        ({**ZERO, "backlog": 1}, {"month_zero.zero.backlog"}),
        ({**ZERO, "silent": True}, {"month_zero.zero.silent"}),
        ({**ZERO, "zero": False, "zero_of_month": False}, {"month_zero.not_zero.reason"}),
        (
            {**NOT_ZERO, "current_state": "cleared_late"},
            {"month_zero.cleared.zero"},
        ),
        ({**ZERO, "current_state": "not_cleared"}, {"month_zero.not_cleared.zero"}),
        ({**ZERO, "current_state": "awaiting_audit"}, {"month_zero.awaiting_audit.pending"}),
        ({**NOT_ZERO, "backlog": 1}, {"month_zero.backlog.of_month"}),
        ({**ZERO, "zero_of_month": False}, {"month_zero.zero.of_month"}),
        ({**NOT_ZERO, "zero_of_month": True}, {"month_zero.zero_of_month.backlog"}),
    ],
)
def test_a_statement_that_contradicts_itself_is_named(
    store: Store,
    now: datetime,
    suites: tuple[Suite, ...],
    values: dict[str, Any],
    rules: set[str],
) -> None:
    with store.writing() as connection:
        connection.execute(
            sa.insert(statement), [stated(now, "A", **values), stated(now, "B", **ZERO)]
        )
        found = judge_statements(connection, suites)
    assert {each.rule for each in found} == rules
    assert {(each.department, each.month) for each in found} == {("A", "2022-01")}
    assert all(str(each).startswith("A 2022-01: month_zero.") for each in found)


@pytest.mark.parametrize("department", ["district", "unknown"])
def test_who_is_no_department_need_not_be_at_zero(
    store: Store, now: datetime, suites: tuple[Suite, ...], department: str
) -> None:
    values = {**ZERO, "zero": False, "zero_of_month": False}
    with store.writing() as connection:
        connection.execute(sa.insert(statement), [stated(now, department, **values)])
        assert judge_statements(connection, suites) == ()


def test_without_a_suite_of_statements_nothing_is_asked(store: Store) -> None:
    with store.reading() as connection:
        assert judge_statements(connection, ()) == ()

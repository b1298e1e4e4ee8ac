"""A trial says what a check would find, and leaves nothing behind."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from expectations.judge import judge
from expectations.suites import Suite
from expectations.trial import EXAMPLES, Example, Trial, try_suite
from monitor.errors import SuiteError
from monitor.store import Store
from monitor.store.tables import condition, finding, rule, statement, to_judge
from monitor.workdays import Month
from tests.expectations.records import ORGAN, clean, land
from tests.expectations.test_conditions import made
from tests.expectations.test_month_zero import ZERO, stated

LONG = made("expect_column_value_lengths_to_be_between", column="party_name", max_value=3)
GIVEN = replace(made("expect_column_values_to_not_be_null", column="area_code"), id="check.given")
SUITE = Suite("check", LONG.path, (LONG, GIVEN))
RECORDS = [
    *(clean("check", number) for number in range(1, 8)),
    clean("check", 8, party_name="示"),
    clean("check", 9, department="B", month="2022-02", area_code=None),
    clean("check", 10, department=None),
    clean("punish", 11),
]


def tried(store: Store, suite: Suite = SUITE, **asked: Any) -> Trial:
    with store.reading() as connection:
        return try_suite(connection, suite, **asked)


@pytest.fixture
def filled(store: Store) -> Store:
    with store.writing() as connection:
        land(connection, *RECORDS)
    return store


def test_failures_are_counted_by_department(filled: Store) -> None:
    trial = tried(filled)
    assert trial.judged == {ORGAN: 8, "B": 1, "unknown": 1}
    long, given = trial.rules
    assert (long.failing, long.total) == ({ORGAN: 7, "B": 1, "unknown": 1}, 9)
    assert (given.failing, given.total) == ({"B": 1}, 1)
    assert trial.waiting == len(RECORDS)


def test_some_that_fail_are_shown(filled: Store) -> None:
    long, given = tried(filled).rules
    assert len(long.examples) == EXAMPLES
    assert given.examples == (Example("B", "2022-02", "demo", "check-9", "示范-9"),)


def test_only_a_month_or_a_department_is_tried(filled: Store) -> None:
    assert tried(filled, month=Month.parse("2022-02")).judged == {"B": 1}
    trial = tried(filled, department=ORGAN)
    assert (trial.judged, [each.total for each in trial.rules]) == ({ORGAN: 8}, [7, 0])


def test_a_trial_finds_what_a_check_finds(
    filled: Store, now: datetime, suites: tuple[Suite, ...]
) -> None:
    trial = tried(filled, next(suite for suite in suites if suite.name == "check"))
    query = (
        sa.select(rule.c.id, sa.func.count())
        .join(finding, finding.c.rule == rule.c.number)
        .where(rule.c.kind == "check")
        .group_by(rule.c.id)
    )
    with filled.writing() as connection:
        judge(connection, suites, now)
        found = {row[0]: row[1] for row in connection.execute(query)}
    assert {each.rule.id: each.total for each in trial.rules if each.total} == found
    assert found


def test_nothing_is_written_and_a_trial_can_be_repeated(filled: Store) -> None:
    first = tried(filled)
    assert tried(filled) == first
    with filled.reading() as connection:
        for table in (finding, rule, condition):
            assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 0
        waiting = connection.scalar(sa.select(sa.func.count()).select_from(to_judge))
    assert waiting == len(RECORDS)


def test_the_number_of_statements_depends_on_nothing(store: Store) -> None:
    def statements(suite: Suite) -> int:
        counted: list[str] = []

        def count(_c: Any, _k: Any, statement: str, *_rest: Any) -> None:
            counted.append(statement)

        with store.reading() as connection:
            sa.event.listen(connection, "before_cursor_execute", count)
            try_suite(connection, suite)
        return len(counted)

    few = statements(Suite("check", LONG.path, (LONG,)))
    with store.writing() as connection:
        land(connection, *RECORDS)
    assert statements(SUITE) == few


def test_statements_are_tried_by_the_rules_of_month_zero(
    store: Store, now: datetime, suites: tuple[Suite, ...]
) -> None:
    suite = next(suite for suite in suites if suite.name == "month_zero")
    rows = [
        stated(now, "A", **ZERO),
        stated(now, "B", **{**ZERO, "silent": True}),
    ]
    with store.writing() as connection:
        connection.execute(sa.insert(statement), rows)
    trial = tried(store, suite)
    assert trial.judged == {"A": 1, "B": 1}
    failed = {
        each.rule.id: (each.failing, len(each.examples)) for each in trial.rules if each.total
    }
    assert failed["month_zero.zero.silent"] == ({"B": 1}, 1)
    assert tried(store, suite, department="A").judged == {"A": 1}
    assert not any(each.total for each in tried(store, suite, department="A").rules)


def test_a_suite_without_rules_is_refused(store: Store) -> None:
    with pytest.raises(SuiteError, match=r"own.yaml: expected rules to try, found none"):
        tried(store, Suite("check", LONG.path, ()))

"""Planning: what is due goes into the outbox once, with a message, to where the routes say."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from monitor.directory import Department
from monitor.notify import message, outbox
from monitor.notify.ladder import DecisionReason, Step
from monitor.notify.outbox import Address
from monitor.store import Store
from monitor.store.tables import outbox as outbox_table
from monitor.words import DISTRICT, UNKNOWN_DEPARTMENT
from tests.notify.district import CREDIT_CODE, PARTY, ROUTES, A, B, District, china, settings

BEFORE_3 = "2022-02-08T09:00"


def test_what_is_due_is_planned_once(store: Store) -> None:
    district = District(store)
    district.stands(A, backlog=1)
    district.owes(A, "draft", "2022-01-25T00:00")
    assert district.plan(settings(), BEFORE_3) == 1
    assert district.plan(settings(), "2022-02-08T09:15") == 0
    (row,) = district.outbox()
    assert (row.department, row.month, row.step) == (A, "2022-01", "before_3")
    assert (row.audience, row.channel, row.destination) == ("clerk", "slack", "#示范一局")
    assert (row.state, row.attempts, row.reason) == ("waiting", 0, "due")


def test_audiences_that_share_a_destination_get_one_message(store: Store) -> None:
    district = District(store)
    district.stands(A, sealed_state="not_cleared", current_state="not_cleared", backlog=1)
    district.plan(settings(), "2022-02-14T09:00")
    assert district.planned() == [(A, "announcement", "#示范一局"), (A, "announcement", "#政务办")]


def test_the_first_route_that_fits_wins() -> None:
    routes = settings().route
    assert outbox.address(routes, Department(B, "", "别名"), "clerk") == Address(
        "slack", "#示范二局"
    )
    assert outbox.address(routes, Department(B, "", "别名"), "leader") == Address("slack", "#别名")
    assert outbox.address(routes[:1], Department(A, "", ""), "clerk") is None


def test_a_destination_is_filled_in_with_the_department() -> None:
    (route,) = settings(
        [{"audience": ["clerk"], "to": "slack:{code}/{local_code}/{short_name}"}]
    ).route
    named = Department(A, "示范", "示{code}", local_code="50011203")
    assert outbox.address([route], named, "clerk") == Address("slack", f"{A}/50011203/示{{code}}")
    assert outbox.address([route], Department(A, "示范", "示"), "clerk") is None


def test_without_routes_every_decision_says_so(store: Store) -> None:
    district = District(store)
    district.stands(A, backlog=1)
    bare = settings([])
    assert district.plan(bare, BEFORE_3) == 0
    with store.reading() as connection:
        decisions = outbox.decisions(connection, bare, china(BEFORE_3))
    assert {d.step: d.reason for d in decisions}[Step.BEFORE_3] is DecisionReason.NO_ROUTE


def test_the_message_counts_charged_units_of_the_month_and_all_before(store: Store) -> None:
    district = District(store)
    district.stands(A, backlog=8, overdue=2, carried=1)
    for n in range(6):
        district.owes(A, "draft", f"2022-02-{n + 10}T00:00", action_code=f"检{n}")
    district.owes(A, "returned", "2022-01-11T00:00", month="2021-12", action_code="检旧")
    district.misses(A, "2022-01-20T00:00", document_no="示范罚字〔2022〕1号")
    district.owes(A, "pending", "2022-01-01T00:00", charged=False, action_code="检待审")
    district.owes(A, "draft", "2022-01-01T00:00", month="2022-02", action_code="检后")
    district.owes(B, "draft", "2022-01-01T00:00", action_code="检他")
    district.plan(settings(), BEFORE_3)
    (row,) = district.outbox()
    said = message.from_document(row.message)
    assert said.lines[0].text == "应录未录 1 项，暂存未报 6 项，退回未改 1 项"
    assert said.entries == (
        "行政检查 检旧",
        "行政处罚 示范罚字〔2022〕1号",
        "行政检查 检0",
        "行政检查 检1",
        "行政检查 检2",
    )
    assert said.rest == "另有 3 项"


@pytest.mark.parametrize(
    "code",
    [
        f"检-{PARTY}-1",
        f"检-{CREDIT_CODE}-1",
        "11010519491231002X",
        CREDIT_CODE,
        f"{PARTY}%_",
    ],
)
def test_no_party_and_no_identity_code_is_ever_in_a_message(store: Store, code: str) -> None:
    district = District(store)
    district.stands(A, backlog=2)
    district.owes(A, "draft", "2022-01-25T00:00", action_code=code, document_no="示范文1号")
    district.misses(A, "2022-01-26T00:00", action_code=code)
    district.plan(settings(), BEFORE_3)
    with store.reading() as connection:
        stored = connection.scalar(sa.text("SELECT message FROM outbox"))
    assert stored
    for personal in (PARTY, CREDIT_CODE, "11010519491231002X", "示范甲", "示范乙"):
        assert personal not in stored
    assert stored.count("编号含当事人信息，不显示") == 2


def test_stale_cells_say_how_far_the_data_reaches(store: Store) -> None:
    source = {"kind": "files", "feed": "check", "path": "x.csv", "status": "accepted"}
    given = settings(
        source=[source | {"name": "platform-check"}, source | {"name": "theirs", "department": B}]
    )
    district = District(store)
    district.stands(A, backlog=1, not_measured=["check"])
    district.stands(B, backlog=1, not_measured=["check"])
    district.ran("pull", "2022-02-06T08:00", "platform-check")
    district.ran("pull", "2022-02-06T21:30", "platform-check")
    district.plan(given, BEFORE_3)
    notes = {row.department: row.message["note"] for row in district.outbox()}
    assert notes[A] == "数据截至 2022-02-06 21:30（行政检查未能更新）"
    assert notes[B] == "行政检查数据尚未读到，以上数字不含这部分"


def test_months_in_a_row_are_counted_over_closed_months_only(store: Store) -> None:
    district = District(store)
    failed: dict[str, Any] = {
        "sealed_state": "not_cleared",
        "current_state": "not_cleared",
        "backlog": 1,
    }
    for month in ("2021-11", "2021-12", "2022-01"):
        district.stands(A, month, **failed)
        district.stands(B, month, **failed)
    district.stands(B, "2021-12", sealed_state="cleared_on_time", current_state="not_cleared")
    for code in (A, B):
        district.stands(code, "2022-02", backlog=1)
    district.plan(settings(), "2022-02-14T09:00")
    notices = [row for row in district.outbox() if row.step == "point_to_point"]
    assert {row.department for row in notices} == {A}
    assert "已连续 3 个月未清零" in notices[0].message["head"]


def test_a_gap_in_the_months_ends_the_row(store: Store) -> None:
    district = District(store)
    for month in ("2021-11", "2022-01"):
        district.stands(
            A, month, sealed_state="not_cleared", current_state="not_cleared", backlog=1
        )
    district.plan(settings(), "2022-02-14T09:00")
    assert "point_to_point" not in {step for _, step, _ in district.planned()}


def test_only_the_latest_closed_month_is_followed_up(store: Store) -> None:
    district = District(store)
    for month in ("2021-11", "2021-12"):
        district.stands(
            A, month, sealed_state="not_cleared", current_state="not_cleared", backlog=1
        )
    district.plan(settings(), "2022-01-17T09:00")
    assert {row.month for row in district.outbox()} == {"2021-12"}


def test_the_office_gets_scan_and_bulletin_with_the_departments(store: Store) -> None:
    district = District(store)
    failed: dict[str, Any] = {
        "sealed_state": "not_cleared",
        "current_state": "not_cleared",
        "backlog": 2,
    }
    district.stands(A, **failed)
    district.stands(B, sealed_state="cleared_on_time", current_state="cleared_on_time")
    district.stands(DISTRICT, **failed)
    district.stands(UNKNOWN_DEPARTMENT, in_scope=False, backlog=1)
    for code in (A, B, DISTRICT):
        district.stands(code, "2022-02")
    district.plan(settings(), "2022-02-14T09:00")
    said = {row.step: row.message for row in district.outbox() if row.department == DISTRICT}
    assert set(said) == {"bulletin", "scan@2022-02-14"}
    assert said["bulletin"]["entries"] == ["示范区示范一局 2 项"]
    assert "2022年2月" in said["scan@2022-02-14"]["head"]


def test_a_daemon_that_was_down_over_two_steps_sends_the_later_once(store: Store) -> None:
    district = District(store)
    district.stands(A, backlog=1)
    district.plan(settings(), "2022-02-09T15:00")
    assert district.planned() == [(A, "before_3", "#示范一局")]


def test_nothing_is_planned_in_the_night(store: Store) -> None:
    district = District(store)
    district.stands(A, backlog=1)
    assert district.plan(settings(), "2022-02-08T20:00") == 0
    assert district.plan(settings(), "2022-02-09T09:00") == 1


def test_a_message_that_waits_is_brought_to_today_s_figures(store: Store) -> None:
    district = District(store)
    for code in (A, B):
        district.stands(code, backlog=7)
    district.plan(settings(), BEFORE_3)
    district.stands(A, backlog=2)
    district.stands(B, backlog=0)
    assert district.plan(settings(), "2022-02-08T09:15") == 0
    first, second = district.outbox()
    assert (first.state, first.message["head"][-6:]) == ("waiting", "2 项待处理")
    assert second.state == "withdrawn"


def test_what_was_sent_or_is_being_sent_is_not_rewritten(store: Store) -> None:
    district = District(store)
    district.stands(A, backlog=7)
    district.plan(settings(), BEFORE_3)
    with store.writing() as connection:
        connection.execute(sa.update(outbox_table).values(state="sending"))
    district.stands(A, backlog=0)
    district.plan(settings(), "2022-02-08T09:15")
    (row,) = district.outbox()
    assert (row.state, row.message["head"][-6:]) == ("sending", "7 项待处理")


def test_a_settled_message_is_kept_while_a_source_is_unread(store: Store) -> None:
    district = District(store)
    district.stands(A, backlog=7)
    district.plan(settings(), BEFORE_3)
    district.stands(A, backlog=0, not_measured=["check"])
    district.plan(settings(), "2022-02-08T09:15")
    (row,) = district.outbox()
    assert (row.state, row.message["head"][-6:]) == ("waiting", "7 项待处理")


def test_planning_is_undone_with_the_transaction_that_made_the_statement(store: Store) -> None:
    district = District(store)
    district.stands(A, backlog=1)

    def crash() -> None:
        with store.writing() as connection:
            outbox.plan(connection, settings(), china(BEFORE_3))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crash()
    assert district.outbox() == []


def test_planning_asks_the_store_as_often_for_many_departments_as_for_two(store: Store) -> None:
    few = District(store)
    for code in (A, B):
        few.stands(code, backlog=1)
        few.owes(code, "draft", "2022-01-25T00:00")
    counted: list[str] = []
    _count(store, counted)
    few.plan(settings(), BEFORE_3)
    for_two = len(counted)
    with store.writing() as connection:
        connection.execute(sa.delete(outbox_table))
    many = District(store, [f"11500112MB{n:07d}X" for n in range(60)])
    for n in range(60):
        many.stands(f"11500112MB{n:07d}X", backlog=1)
    counted.clear()
    assert many.plan(settings(ROUTES[1:]), BEFORE_3) == 62
    assert len(counted) == for_two


def _count(store: Store, statements: list[str]) -> None:
    @event.listens_for(store.engine, "before_cursor_execute")
    def remember(_c: Any, _cur: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

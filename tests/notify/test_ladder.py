"""The ladder: for each step one decision, with the reason for sending it or not.

January 2022 closes at the end of 2022-02-11; −5 is Sunday 2022-01-30, a make-up working day, −3 is
2022-02-08, −1 2022-02-10. The working day after close is Monday 2022-02-14.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import pytest

from monitor.config import Audience
from monitor.notify.ladder import (
    Decision,
    DecisionReason,
    Rhythm,
    Standing,
    Step,
    decide,
)
from monitor.words import DISTRICT, UNKNOWN_DEPARTMENT, MonthState
from monitor.workdays import Calendar, Month, close_day, day_end
from tests.notify.district import A, china

RHYTHM = Rhythm(Calendar(), time(9), time(18), time(12))
EVERYBODY: frozenset[Audience] = frozenset({"clerk", "leader", "office", "justice"})
ANNOUNCED = {"announcement": china("2022-02-14T12:00")}


def standing(month: str = "2022-01", **values: Any) -> Standing:
    parsed = Month.parse(month)
    given: dict[str, Any] = {
        "department": A,
        "month": parsed,
        "close_at": day_end(close_day(parsed, "workday:5", Calendar())),
        "in_scope": True,
        "backlog": 3,
        "overdue": 0,
        "silent": False,
        "sealed_state": None,
        "current_state": MonthState.OPEN,
        "measured": True,
        "next_to_close": True,
        "not_cleared_in_a_row": 0,
    }
    given["late"] = values.get("overdue", 0)
    return Standing(**(given | values))


def sealed(state: MonthState, current: MonthState | None = None, **values: Any) -> Standing:
    count = 1 if state is MonthState.NOT_CLEARED else 0
    given: dict[str, Any] = {"not_cleared_in_a_row": count, "backlog": 3 * count}
    return standing(sealed_state=state, current_state=current or state, **(given | values))


def decided(
    step: Step,
    at: str,
    of: Standing | None = None,
    log: dict[str, datetime] | None = None,
    reachable: frozenset[Audience] = EVERYBODY,
    checked: str | None = None,
) -> Decision:
    last = china(checked) if checked else None
    decisions = decide(of or standing(), log or {}, china(at), RHYTHM, reachable, last)
    return next(decision for decision in decisions if decision.step is step)


@pytest.mark.parametrize(
    ("step", "day", "audiences"),
    [
        (Step.BEFORE_5, "2022-01-30", ("clerk",)),
        (Step.BEFORE_3, "2022-02-08", ("clerk",)),
        (Step.BEFORE_1, "2022-02-10", ("clerk", "leader")),
        (Step.CLOSE_DAY, "2022-02-11", ("clerk", "leader")),
    ],
)
def test_a_reminder_goes_out_on_its_day(
    step: Step, day: str, audiences: tuple[Audience, ...]
) -> None:
    decision = decided(step, f"{day}T09:00")
    assert decision.sends
    assert decision.reason is DecisionReason.DUE
    assert decision.audiences == audiences
    assert decision.key == step.value


def test_a_reminder_waits_for_its_day() -> None:
    assert decided(Step.BEFORE_3, "2022-02-07T10:00").reason is DecisionReason.NOT_DUE_YET


def test_make_up_days_at_weekends_count_and_holidays_do_not() -> None:
    assert decided(Step.BEFORE_5, "2022-01-30T10:00").sends
    late = decided(Step.BEFORE_5, "2022-02-02T10:00")
    assert late.reason is DecisionReason.QUIET_DAY


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        ("2022-02-08T08:59", DecisionReason.QUIET_HOURS),
        ("2022-02-08T09:00", DecisionReason.DUE),
        ("2022-02-08T17:59", DecisionReason.DUE),
        ("2022-02-08T18:00", DecisionReason.QUIET_HOURS),
        ("2022-02-09T09:00", DecisionReason.LATE),
    ],
)
def test_nobody_is_written_to_outside_working_hours(at: str, reason: DecisionReason) -> None:
    assert decided(Step.BEFORE_3, at).reason is reason


def test_a_machine_clock_in_utc_is_read_as_the_time_in_china() -> None:
    assert decided(Step.BEFORE_3, "2022-02-08T09:30").sends
    assert china("2022-02-08T09:30").hour == 1


def test_a_step_is_sent_once() -> None:
    log = {"before_3": china("2022-02-08T09:00")}
    assert decided(Step.BEFORE_3, "2022-02-08T09:15", log=log).reason is DecisionReason.ALREADY_SENT


def test_a_step_missed_while_the_daemon_was_down_is_done_once_later() -> None:
    decision = decided(Step.BEFORE_5, "2022-02-07T14:00")
    assert decision.sends
    assert decision.reason is DecisionReason.LATE


def test_a_missed_step_is_skipped_once_the_next_is_due() -> None:
    assert decided(Step.BEFORE_5, "2022-02-08T09:00").reason is DecisionReason.SUPERSEDED
    assert decided(Step.BEFORE_3, "2022-02-08T09:00").sends
    on_close_day = [
        d.step
        for d in decide(standing(), {}, china("2022-02-11T09:00"), RHYTHM, EVERYBODY)
        if d.sends
    ]
    assert on_close_day == [Step.CLOSE_DAY]


def test_reminders_end_with_the_close() -> None:
    at_close = decided(Step.CLOSE_DAY, "2022-02-12T00:00")
    assert at_close.reason is DecisionReason.MONTH_CLOSED


def test_who_has_nothing_left_is_left_alone() -> None:
    done = standing(backlog=0)
    assert decided(Step.BEFORE_3, "2022-02-08T10:00", done).reason is DecisionReason.NOTHING_REMAINS


def test_a_silent_department_is_reminded_of_its_zero_report() -> None:
    assert decided(Step.BEFORE_3, "2022-02-08T10:00", standing(backlog=0, silent=True)).sends


def test_reminders_go_on_while_a_source_is_unread() -> None:
    stale = standing(measured=False)
    assert decided(Step.BEFORE_3, "2022-02-08T10:00", stale).sends
    empty = standing(measured=False, backlog=0)
    reason = decided(Step.BEFORE_3, "2022-02-08T10:00", empty).reason
    assert reason is DecisionReason.MONTH_WITHOUT_DATA


def test_a_department_out_of_scope_hears_nothing() -> None:
    outside = standing(in_scope=False)
    decisions = decide(outside, {}, china("2022-02-08T10:00"), RHYTHM, EVERYBODY)
    assert {d.reason for d in decisions} == {DecisionReason.NOT_IN_SCOPE}


def test_without_a_route_nothing_is_sent() -> None:
    decision = decided(Step.BEFORE_3, "2022-02-08T10:00", reachable=frozenset({"office"}))
    assert decision.reason is DecisionReason.NO_ROUTE
    assert decision.audiences == ()


def test_only_those_who_can_be_reached_are_named() -> None:
    decision = decided(Step.BEFORE_1, "2022-02-10T10:00", reachable=frozenset({"leader"}))
    assert decision.audiences == ("leader",)


def test_the_outcome_is_announced_after_the_seal() -> None:
    failed = sealed(MonthState.NOT_CLEARED)
    assert decided(Step.ANNOUNCEMENT, "2022-02-14T09:00", failed).audiences == (
        "clerk",
        "leader",
        "office",
        "justice",
    )
    unsealed = standing(current_state=MonthState.NOT_CLEARED)
    early = decided(Step.ANNOUNCEMENT, "2022-02-14T11:59", unsealed)
    assert early.reason is DecisionReason.AWAITING_SEAL
    assert decided(Step.ANNOUNCEMENT, "2022-02-14T12:00", unsealed).sends
    still_open = decided(Step.ANNOUNCEMENT, "2022-02-14T12:00")
    assert still_open.reason is DecisionReason.AWAITING_SEAL


def test_who_cleared_in_time_is_thanked_once_and_not_announced() -> None:
    cleared = sealed(MonthState.CLEARED_ON_TIME)
    assert decided(Step.THANKS, "2022-02-14T09:00", cleared).audiences == ("clerk",)
    announced = decided(Step.ANNOUNCEMENT, "2022-02-14T09:00", cleared)
    assert announced.reason is DecisionReason.CLEARED
    log = {"thanks": china("2022-02-14T09:00")}
    again = decided(Step.THANKS, "2022-02-15T09:00", cleared, log)
    assert again.reason is DecisionReason.ALREADY_SENT


def test_who_cleared_late_is_told_so_when_it_happens() -> None:
    late = sealed(MonthState.NOT_CLEARED, MonthState.CLEARED_LATE, backlog=0)
    assert decided(Step.THANKS, "2022-02-16T09:00", late, ANNOUNCED).sends
    assert decided(Step.ANNOUNCEMENT, "2022-02-16T09:00", late).reason is DecisionReason.CLEARED


def test_who_waits_for_the_office_is_neither_thanked_nor_announced() -> None:
    waits = sealed(MonthState.AWAITING_AUDIT)
    for step in (Step.THANKS, Step.ANNOUNCEMENT):
        reason = decided(step, "2022-02-14T09:00", waits).reason
        assert reason is DecisionReason.AWAITING_AUDIT


@pytest.mark.parametrize("step", [Step.THANKS, Step.ANNOUNCEMENT, Step.WEEKLY])
def test_a_month_without_data_is_never_called_cleared_or_not(step: Step) -> None:
    unread = sealed(MonthState.NO_DATA, measured=False)
    reason = decided(step, "2022-02-21T09:00", unread).reason
    assert reason is DecisionReason.MONTH_WITHOUT_DATA


def test_a_cleared_month_is_not_thanked_for_while_a_source_is_unread() -> None:
    stale = sealed(MonthState.CLEARED_ON_TIME, measured=False)
    reason = decided(Step.THANKS, "2022-02-14T09:00", stale).reason
    assert reason is DecisionReason.MONTH_WITHOUT_DATA


def test_a_department_is_urged_weekly_until_it_is_cleared() -> None:
    failed = sealed(MonthState.NOT_CLEARED)
    early = decided(Step.WEEKLY, "2022-02-18T10:00", failed, ANNOUNCED)
    assert early.reason is DecisionReason.NOT_DUE_YET
    first = decided(Step.WEEKLY, "2022-02-21T10:00", failed, ANNOUNCED)
    assert (first.sends, first.key) == (True, "weekly@2022-02-21")
    log = ANNOUNCED | {first.key: china("2022-02-21T10:00")}
    assert (
        decided(Step.WEEKLY, "2022-02-22T10:00", failed, log).reason is DecisionReason.ALREADY_SENT
    )
    assert decided(Step.WEEKLY, "2022-02-28T10:00", failed, log).key == "weekly@2022-02-28"
    done = sealed(MonthState.NOT_CLEARED, MonthState.CLEARED_LATE, backlog=0)
    reason = decided(Step.WEEKLY, "2022-02-28T10:00", done, log).reason
    assert reason is DecisionReason.NOTHING_REMAINS


def test_weeks_begin_with_the_announcement_even_when_both_are_late() -> None:
    failed = sealed(MonthState.NOT_CLEARED)
    assert decided(Step.ANNOUNCEMENT, "2022-02-28T10:00", failed).reason is DecisionReason.LATE
    weekly = decided(Step.WEEKLY, "2022-02-28T10:00", failed)
    assert weekly.reason is DecisionReason.NOT_DUE_YET


def test_weeks_count_from_an_announcement_that_came_late() -> None:
    failed = sealed(MonthState.NOT_CLEARED)
    log = {"announcement": china("2022-02-18T09:00")}
    assert (
        decided(Step.WEEKLY, "2022-02-24T10:00", failed, log).reason is DecisionReason.NOT_DUE_YET
    )
    assert decided(Step.WEEKLY, "2022-02-25T10:00", failed, log).sends


def test_two_months_in_a_row_bring_a_point_to_point_notice() -> None:
    once = sealed(MonthState.NOT_CLEARED)
    reason = decided(Step.POINT_TO_POINT, "2022-02-14T13:00", once).reason
    assert reason is DecisionReason.NOT_IN_A_ROW
    twice = sealed(MonthState.NOT_CLEARED, not_cleared_in_a_row=2)
    decision = decided(Step.POINT_TO_POINT, "2022-02-14T13:00", twice)
    assert decision.audiences == ("leader", "office")


def test_overdue_units_bring_a_nudge_at_the_week_s_begin() -> None:
    owes = standing("2022-02", overdue=2)
    monday = decided(Step.NUDGE, "2022-02-21T09:00", owes)
    assert (monday.sends, monday.key) == (True, "nudge@2022-02-21")
    none = decided(Step.NUDGE, "2022-02-21T09:00", standing("2022-02"))
    assert none.reason is DecisionReason.NOTHING_OVERDUE


def test_a_week_that_begins_with_a_holiday_begins_on_its_first_working_day() -> None:
    owes = standing("2022-03", overdue=1)
    assert decided(Step.NUDGE, "2022-04-06T09:00", owes).key == "nudge@2022-04-06"
    holiday = decided(Step.NUDGE, "2022-04-05T09:00", owes)
    assert holiday.reason is DecisionReason.NOT_DUE_YET


def test_what_was_carried_from_a_closed_month_brings_a_nudge_too() -> None:
    owes = standing("2022-02", overdue=0, late=2)
    assert decided(Step.NUDGE, "2022-02-21T09:00", owes).sends


def test_what_falls_overdue_within_the_week_waits_for_the_next_monday() -> None:
    owes = standing("2022-02", overdue=1)
    seen = decided(Step.NUDGE, "2022-02-23T09:00", owes, checked="2022-02-22T09:00")
    assert seen.reason is DecisionReason.NOT_DUE_YET
    missed = decided(Step.NUDGE, "2022-02-23T09:00", owes, checked="2022-02-18T17:00")
    assert missed.reason is DecisionReason.LATE


def test_a_nudge_gives_way_to_a_reminder_of_the_same_day() -> None:
    close = standing("2022-02", overdue=1)
    due = close_day(Month(2022, 2), "workday:5", Calendar())
    assert due.isoformat() == "2022-03-07"
    reason = decided(Step.NUDGE, "2022-03-07T09:00", close).reason
    assert reason is DecisionReason.SUPERSEDED


def test_the_later_of_two_open_months_waits_for_the_earlier() -> None:
    later = standing("2022-02", overdue=1, next_to_close=False)
    reason = decided(Step.NUDGE, "2022-02-07T09:00", later).reason
    assert reason is DecisionReason.EARLIER_MONTH_OPEN


def test_the_office_gets_scan_and_bulletin_and_nothing_else_of_the_district() -> None:
    district = standing(department=DISTRICT)
    decisions = decide(district, {}, china("2022-02-07T09:00"), RHYTHM, EVERYBODY)
    assert [(d.step, d.reason) for d in decisions] == [
        (Step.SCAN, DecisionReason.DUE),
        (Step.BULLETIN, DecisionReason.NOT_DUE_YET),
    ]
    after = sealed(MonthState.NOT_CLEARED, department=DISTRICT)
    bulletin = decided(Step.BULLETIN, "2022-02-14T09:00", after)
    assert (bulletin.sends, bulletin.audiences) == (True, ("office",))


def test_the_bulletin_is_made_of_a_month_without_data_too() -> None:
    unread = sealed(MonthState.NO_DATA, department=DISTRICT, measured=False)
    assert decided(Step.BULLETIN, "2022-02-14T12:00", unread).sends


def test_records_that_nobody_owns_are_the_office_s() -> None:
    unknown = standing(department=UNKNOWN_DEPARTMENT, in_scope=False)
    reminder = decided(Step.BEFORE_3, "2022-02-08T10:00", unknown)
    assert reminder.audiences == ("office",)
    nudge = decided(Step.NUDGE, "2022-02-07T10:00", unknown)
    assert nudge.reason is DecisionReason.OWNED_BY_OFFICE


def test_a_close_day_without_work_leaves_the_last_warning_to_the_day_before() -> None:
    sunday = standing("2022-02", close_at=day_end(date(2022, 3, 6)))
    assert decided(Step.BEFORE_1, "2022-03-04T10:00", sunday).sends
    assert decided(Step.CLOSE_DAY, "2022-03-06T10:00", sunday).reason is DecisionReason.QUIET_DAY

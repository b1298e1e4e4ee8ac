"""Departments that end: their months stay theirs, what is left goes to those who follow."""

from collections.abc import Mapping
from datetime import date

import pytest
import sqlalchemy as sa

from monitor.directory import Department, Directory
from monitor.ledger import succession
from monitor.ledger.explain import Explanation, explain
from monitor.ledger.unit_history import histories
from monitor.notify import standings
from monitor.store import Store
from monitor.store.tables import backlog_event, department
from monitor.workdays import Month
from tests.ledger.book import JANUARY, A, B, Book, C, china

D = "11500112MB0000004X"
FEBRUARY = Month(2022, 2)
MID_FEBRUARY = date(2022, 2, 14)
ITEM = "01030100100101"


class Reform:
    """A book whose departments end; A has an invalid record of January and one of February."""

    def __init__(self, store: Store) -> None:
        self.book = Book(store, (), charge_pending="department")
        self.keys = {code: self.book.department(code) for code in (A, B, C, D)}
        self.records = [
            self.book.record(on=date(2022, month, 10), submitted=f"2022-0{month}-11T10:00")
            for month in (1, 2)
        ]
        for key in self.records:
            self.book.fail(key, "06")

    def end(self, code: str, last: date, *heirs: str) -> None:
        """Let a department end."""
        told = "、".join(heirs) or None
        self.book.amend(department, self.keys[code], in_scope_to=last, successors=told)

    def backlogs(self, now: str) -> Mapping[tuple[str, str], tuple[int, int]]:
        """Backlog and carried of the departments that have any, by month."""
        return {
            key: (each.backlog, each.carried)
            for key, each in self.book.tick(now).items()
            if each.backlog and each.department != "district"
        }


def test_what_a_merged_department_leaves_goes_to_its_successor_and_its_months_stay_its_own(
    store: Store,
) -> None:
    reform = Reform(store)
    reform.end(A, MID_FEBRUARY, B)
    made = reform.book.tick("2022-02-20T10:00")
    assert (A, "2022-02") not in made
    assert (made[A, "2022-01"].backlog, made[A, "2022-01"].obligations) == (1, 1)
    assert (made[B, "2022-01"].backlog, made[B, "2022-01"].obligations) == (0, 0)
    february = made[B, "2022-02"]
    assert (february.backlog, february.carried, february.obligations) == (2, 1, 1)
    assert made["district", "2022-02"].backlog == 2


def test_until_its_last_day_is_over_a_department_answers_itself(store: Store) -> None:
    reform = Reform(store)
    reform.end(A, MID_FEBRUARY, B)
    own = {(A, "2022-01"): (1, 0), (A, "2022-02"): (2, 1)}
    assert reform.backlogs("2022-02-14T23:59:59") == own
    assert reform.backlogs("2022-02-15T00:00") == {(A, "2022-01"): (1, 0), (B, "2022-02"): (2, 1)}


def test_one_that_ends_with_a_month_keeps_that_month(store: Store) -> None:
    reform = Reform(store)
    reform.end(A, date(2022, 2, 28), B)
    assert reform.backlogs("2022-03-10T10:00") == {
        (A, "2022-01"): (1, 0),
        (A, "2022-02"): (2, 1),
        (B, "2022-03"): (2, 2),
    }


def test_who_took_an_act_over_can_ask_for_its_history(store: Store) -> None:
    reform = Reform(store)
    book = reform.book
    reform.end(A, MID_FEBRUARY, B)
    book.tick("2022-02-20T10:00")
    with store.reading() as connection:
        asked = {
            code: histories(connection, book.settings, code, "check-5", china("2022-02-20T10:00"))
            for code in (A, B, C)
        }
    [told] = asked[B]
    assert (told.department, told.heirs) == (A, (B,))
    assert (asked[A], asked[C]) == ((told,), ())


def test_at_a_split_the_owner_of_a_units_item_on_that_day_takes_it(store: Store) -> None:
    reform = Reform(store)
    reform.book.item(ITEM, A, in_use_to=MID_FEBRUARY)
    reform.book.item(ITEM, C, in_use_from=date(2022, 2, 15))
    reform.book.have_items(reform.records[0], [ITEM])
    reform.end(A, MID_FEBRUARY, B, C)
    found = reform.backlogs("2022-02-20T10:00")
    assert found[C, "2022-02"] == (1, 1)
    assert found[B, "2022-02"] == (1, 0)


def test_at_a_split_the_first_named_takes_units_without_an_item_of_a_successor(
    store: Store,
) -> None:
    reform = Reform(store)
    reform.book.item(ITEM, D)
    reform.book.have_items(reform.records[0], [ITEM])
    reform.end(A, MID_FEBRUARY, C, B)
    assert reform.backlogs("2022-02-20T10:00")[C, "2022-02"] == (2, 1)


def test_an_item_that_passes_to_another_successor_takes_the_units_with_it_when_it_is_known(
    store: Store,
) -> None:
    reform = Reform(store)
    reform.book.have_items(reform.records[0], [ITEM])
    reform.end(A, MID_FEBRUARY, B, C)
    assert reform.backlogs("2022-02-20T10:00")[B, "2022-02"] == (2, 1)
    reform.book.item(ITEM, C)
    assert reform.backlogs("2022-02-20T11:00")[C, "2022-02"] == (1, 1)


def test_of_two_endings_after_one_another_the_last_department_answers(store: Store) -> None:
    reform = Reform(store)
    reform.end(A, date(2022, 1, 31), B)
    reform.end(B, date(2022, 2, 28), C)
    found = reform.backlogs("2022-03-10T10:00")
    assert found[A, "2022-01"] == (1, 0)
    assert found[B, "2022-02"] == (2, 1)
    assert found[C, "2022-03"] == (2, 2)


def test_a_successor_that_had_ended_itself_is_passed_over(store: Store) -> None:
    reform = Reform(store)
    reform.end(B, date(2022, 1, 20), C)
    reform.end(A, MID_FEBRUARY, B)
    assert reform.backlogs("2022-02-20T10:00") == {(A, "2022-01"): (1, 0), (C, "2022-02"): (2, 1)}


def test_departments_that_would_follow_each_other_keep_what_is_theirs(store: Store) -> None:
    reform = Reform(store)
    reform.end(A, MID_FEBRUARY, B)
    reform.end(B, MID_FEBRUARY, A)
    assert reform.backlogs("2022-02-20T10:00")[A, "2022-02"] == (2, 1)


def test_one_abolished_without_a_successor_keeps_its_backlog_out_of_scope(store: Store) -> None:
    reform = Reform(store)
    reform.end(A, MID_FEBRUARY)
    made = reform.book.tick("2022-02-20T10:00")
    assert (made[A, "2022-02"].backlog, made[A, "2022-02"].in_scope) == (2, False)
    assert made["district", "2022-02"].backlog == 2


def test_what_is_fixed_after_the_handover_clears_with_both(store: Store) -> None:
    reform = Reform(store)
    reform.end(A, date(2022, 1, 31), B)
    sealed = reform.book.tick("2022-02-14T13:00")[A, "2022-01"]
    assert (sealed.sealed_state, sealed.current_state) == ("not_cleared", "not_cleared")
    reform.book.pass_all(reform.records[0])
    reform.book.change(reform.records[0], status_at=china("2022-02-20T09:00"))
    made = reform.book.tick("2022-02-20T10:00")
    assert (made[A, "2022-01"].sealed_state, made[A, "2022-01"].current_state) == (
        "not_cleared",
        "cleared_late",
    )
    assert (made[B, "2022-02"].backlog, made[B, "2022-02"].carried) == (1, 0)
    assert made[B, "2022-02"].figures["progress"] == {"numerator": 1, "denominator": 2}


def test_an_exemption_of_the_old_department_holds_for_what_it_did(store: Store) -> None:
    reform = Reform(store)
    reform.end(A, MID_FEBRUARY, B)
    assert reform.backlogs("2022-02-20T10:00")[B, "2022-02"] == (2, 1)
    reform.book.exempt("department", department=A, begins_on=date(2022, 2, 1))
    assert reform.backlogs("2022-02-20T11:00")[B, "2022-02"] == (1, 1)


def test_what_was_expected_of_a_department_is_expected_of_who_follows_from_then_on(
    store: Store,
) -> None:
    reform = Reform(store)
    reform.book.expect(action_code="示范-1")
    reform.book.record(on=date(2022, 2, 16), submitted="2022-02-17T10:00", owner=B)
    reform.end(A, MID_FEBRUARY, B)
    made = reform.book.tick("2022-03-04T10:00")
    assert not made[B, "2022-01"].expected_measured
    assert made[B, "2022-02"].expected_measured
    entered = {"numerator": 2, "denominator": 2}
    assert made[B, "2022-02"].figures["entry_ratio"] == entered


def test_an_item_stays_covered_when_it_passes_to_who_follows(store: Store) -> None:
    reform = Reform(store)
    reform.book.item(ITEM, A, in_use_to=MID_FEBRUARY)
    reform.book.item(ITEM, B, in_use_from=date(2022, 2, 15))
    reform.book.record(items=[ITEM])
    reform.end(A, MID_FEBRUARY, B)
    made = reform.book.tick("2022-02-20T10:00")
    for place in ((A, "2022-01"), (B, "2022-02")):
        assert made[place].figures["coverage_sub_ratio"] == {"numerator": 1, "denominator": 1}


def test_an_item_that_was_covered_the_year_before_is_not_when_it_passes(store: Store) -> None:
    reform = Reform(store)
    reform.book.item(ITEM, A, in_use_to=MID_FEBRUARY)
    reform.book.item(ITEM, B, in_use_from=date(2022, 2, 15))
    reform.book.record(on=date(2021, 12, 10), submitted="2021-12-11T10:00", items=[ITEM])
    reform.end(A, MID_FEBRUARY, B)
    made = reform.book.tick("2022-02-20T10:00")
    assert made[A, "2021-12"].figures["coverage_sub_ratio"] == {"numerator": 1, "denominator": 1}
    assert made[B, "2022-02"].figures["coverage_sub_ratio"] == {"numerator": 0, "denominator": 1}


def test_the_history_says_that_units_were_taken_over(store: Store) -> None:
    reform = Reform(store)
    reform.book.tick("2022-02-12T10:00")
    reform.end(A, MID_FEBRUARY, B)
    made = reform.book.tick("2022-02-20T10:00")
    e = backlog_event.c
    taken = sa.select(e.department, e.month, e.from_reason, e.to_reason).where(
        e.cause == "succeeded"
    )
    assert sorted(reform.book.rows(taken), key=str) == sorted(
        [
            (A, "2022-01", "invalid", "invalid"),
            (A, "2022-02", "invalid", None),
            (B, "2022-02", None, "invalid"),
        ],
        key=str,
    )
    assert made[A, "2022-01"].moved_out == {}


def _explained(reform: Reform, code: str, month: Month) -> Explanation:
    with reform.book.store.reading() as connection:
        found = explain(connection, reform.book.settings, code, month)
    assert found is not None
    return found


def test_an_explanation_says_whom_units_came_from_and_why(store: Store) -> None:
    reform = Reform(store)
    reform.end(A, MID_FEBRUARY, C, B)
    reform.end(C, date(2022, 2, 16), B)
    reform.book.tick("2022-02-20T10:00")
    found = _explained(reform, B, FEBRUARY)
    [taken] = found.inheritance.taken
    assert (taken.department, taken.through, taken.since) == (A, (C,), date(2022, 2, 17))
    assert (taken.choice, taken.count) == ("only_successor", 2)
    [reason] = found.reasons or ()
    assert (reason.count, len(reason.units)) == (2, 2)


def test_an_explanation_of_a_month_before_says_who_carries_what_is_left(store: Store) -> None:
    reform = Reform(store)
    reform.end(A, MID_FEBRUARY, B)
    reform.book.tick("2022-02-20T10:00")
    found = _explained(reform, A, JANUARY)
    assert found.inheritance.passed_on == {B: date(2022, 2, 15)}
    assert [reason.count for reason in found.reasons or ()] == [1]
    assert _explained(reform, B, JANUARY).reasons == ()


def test_messages_count_what_a_statement_carries(store: Store) -> None:
    reform = Reform(store)
    reform.end(A, MID_FEBRUARY, B)
    reform.book.tick("2022-02-20T10:00")
    with store.reading() as connection:
        found = standings.remaining(connection, {(A, JANUARY), (B, JANUARY), (B, FEBRUARY)})
    assert {key: left.count for key, left in found.items()} == {(A, JANUARY): 1, (B, FEBRUARY): 2}


def _entry(code: str, name: str, last: date | None = None, *heirs: str) -> Department:
    return Department(code, f"示范区{name}", name, in_scope_to=last, successors=heirs)


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        ([_entry(A, "一局", MID_FEBRUARY, "示范无此局")], "number 1 of 1 is none and is left out"),
        ([_entry(A, "一局", MID_FEBRUARY, A)], "number 1 of 1 is none and is left out"),
        ([_entry(A, "一局", None, B), _entry(B, "二局")], "expected the last day"),
        (
            [_entry(A, "一局", MID_FEBRUARY, B), _entry(B, "二局", MID_FEBRUARY, "一局")],
            "found a circle; none of them follows another",
        ),
    ],
)
def test_a_fault_of_the_directory_is_told_and_nobody_follows(
    entries: list[Department], fault: str
) -> None:
    found = succession.of(Directory({each.code: [each] for each in entries}))
    assert found.endings == {}
    [told] = found.faults
    assert fault in told


def test_successors_before_the_last_entry_are_a_fault_and_the_department_goes_on() -> None:
    dated = [_entry(A, "旧局", MID_FEBRUARY, B), _entry(A, "新局")]
    found = succession.of(Directory({A: dated, B: [_entry(B, "二局")]}))
    assert found.endings == {}
    [told] = found.faults
    assert "found them with one that another follows" in told


def test_successors_may_be_named_also_one_that_took_the_old_name_over() -> None:
    entries = {A: [_entry(A, "一局", MID_FEBRUARY, "一局", "三局")], B: [_entry(B, "一局")]}
    entries[C] = [_entry(C, "三局")]
    found = succession.of(Directory(entries))
    assert (found.faults, found.endings[A].successors) == ((), (B, C))

"""Why a unit is not cleared, whom it is charged to, and when it is due."""

from datetime import date

import pytest

from monitor.store import Store
from tests.ledger.book import A, B, Book, china, shown

OPEN, AFTER = "2022-02-10T09:00", "2022-02-14T13:00"


def test_a_record_submitted_at_235959_of_its_due_day_is_in_time(store: Store) -> None:
    book = Book(store)
    book.record(on=date(2022, 1, 10), submitted="2022-01-17T23:59:59")
    assert shown(book.january(OPEN), "timely_ratio") == "1/1 = 100.00 %"


def test_a_record_submitted_at_midnight_after_its_due_day_is_late(store: Store) -> None:
    book = Book(store)
    book.record(on=date(2022, 1, 10), submitted="2022-01-18T00:00:00")
    assert shown(book.january(OPEN), "timely_ratio") == "0/1 = 0.00 %"


def test_what_is_due_counts_in_the_figures_from_midnight_after_its_due_day(store: Store) -> None:
    book = Book(store)
    book.expect(due_basis_on=date(2022, 1, 10))
    assert book.january("2022-01-17T23:59:59").figures == {
        "progress": {"numerator": 0, "denominator": 1}
    }
    passed = book.january("2022-01-18T00:00:00")
    assert shown(passed, "entry_ratio") == shown(passed, "timely_ratio") == "0/1 = 0.00 %"


def test_a_draft_is_late_from_midnight_after_its_due_day(store: Store) -> None:
    book = Book(store)
    book.record(on=date(2022, 1, 10), status="draft", submitted=None)
    assert "timely_ratio" not in book.january("2022-01-17T23:59:59").figures
    assert shown(book.january("2022-01-18T00:00:00"), "timely_ratio") == "0/1 = 0.00 %"


def test_a_penalty_has_seven_working_days(store: Store) -> None:
    book = Book(store)
    book.record("punish", on=date(2022, 1, 10), submitted="2022-01-19T23:59", case_source="03")
    book.record("punish", on=date(2022, 1, 10), submitted="2022-01-20T00:00", case_source="03")
    assert shown(book.january(OPEN), "timely_ratio") == "1/2 = 50.00 %"


def test_a_record_of_31_january_entered_on_1_february_belongs_to_january(store: Store) -> None:
    book = Book(store)
    book.record(on=date(2022, 1, 31), submitted="2022-02-01T09:00")
    found = book.tick(OPEN)
    assert found[A, "2022-01"].obligations == 1
    assert found[A, "2022-02"].obligations == 0


@pytest.mark.parametrize(
    ("status", "fails", "reason"),
    [
        ("draft", [], "draft"),
        ("returned", ["06"], "returned"),
        ("accepted", ["06", "08"], "invalid"),
        ("accepted", ["08"], "unlinked"),
    ],
)
def test_the_first_reason_that_matches_wins(
    store: Store, status: str, fails: list[str], reason: str
) -> None:
    book = Book(store)
    book.record("force", status=status, fails=fails, check_action_code="无")
    assert book.january(OPEN).reasons == {reason: 1}


def test_pending_waits_for_the_office_and_blocks_only_the_districts_zero(store: Store) -> None:
    book = Book(store)
    book.record(status="pending")
    found = book.tick(OPEN)
    a, district = found[A, "2022-01"], found["district", "2022-01"]
    assert (a.backlog, a.pending, a.zero, a.reasons) == (0, 1, True, {})
    assert not district.zero
    assert book.january(AFTER).sealed_state == "awaiting_audit"


def test_pending_is_charged_after_the_audit_limit_where_the_department_answers_for_it(
    store: Store,
) -> None:
    book = Book(store, charge_pending="department")
    book.record(status="pending", on=date(2022, 1, 10), submitted="2022-01-11T10:00")
    assert book.january("2022-01-14T23:59").backlog == 0
    assert book.january("2022-01-15T00:00").reasons == {"pending": 1}


def test_a_returned_record_has_three_working_days_from_its_return(store: Store) -> None:
    book = Book(store)
    book.record(status="returned", status_at=china("2022-01-20T15:00"))
    assert book.january("2022-01-25T23:59").overdue == 0
    assert book.january("2022-01-26T00:00").overdue == 1


def test_no_due_is_later_than_the_close_with_strict_month(store: Store) -> None:
    book = Book(store)
    book.record(status="returned", status_at=china("2022-02-11T15:00"))
    assert book.january("2022-02-11T16:00").oldest_due_at == china("2022-02-12T00:00")
    lenient = Book(store, (), strict_month=False, rules=False)
    assert lenient.january("2022-02-11T16:00").oldest_due_at == china("2022-02-17T00:00")


def test_a_check_without_its_penalty_is_unlinked_after_ninety_days(store: Store) -> None:
    book = Book(store)
    book.record(check_result="04", on=date(2022, 1, 10), fails=["08"])
    assert book.tick("2022-04-10T23:59")[A, "2022-04"].backlog == 0
    assert book.tick("2022-04-11T00:00")[A, "2022-04"].reasons == {"unlinked": 1}


def test_a_penalty_whose_case_came_from_elsewhere_is_not_charged_for_a_missing_link(
    store: Store,
) -> None:
    book = Book(store)
    book.record("punish", case_source="03", check_action_code="无", fails=["08"])
    assert book.january(OPEN).backlog == 0


def test_a_warning_makes_no_backlog(store: Store) -> None:
    book = Book(store)
    book.set_severity("01", "warning")
    book.record(fails=["01"])
    assert book.january(OPEN).backlog == 0


def test_unentered_is_measured_only_where_an_expected_source_feeds_the_kind(store: Store) -> None:
    book = Book(store, (A, B))
    book.record(owner=B)
    book.record("force", check_action_code="无")
    book.expect(action_code="示范-1")
    found = book.tick(OPEN)
    assert found[A, "2022-01"].expected_measured
    assert shown(found[A, "2022-01"], "entry_ratio") == "0/1 = 0.00 %"
    assert not found[B, "2022-01"].expected_measured
    assert "entry_ratio" not in found[B, "2022-01"].figures


def test_what_is_left_of_january_is_carried_into_february(store: Store) -> None:
    book = Book(store)
    book.record(status="draft", submitted=None)
    book.record(status="draft", submitted=None, on=date(2022, 2, 8), first_seen_on=date(2022, 2, 8))
    found = book.tick("2022-02-10T09:00")
    february = found[A, "2022-02"]
    assert (february.backlog, february.backlog_of_month, february.carried) == (2, 1, 1)
    assert found[A, "2022-01"].carried == 0


def test_what_was_carried_and_cleared_counts_in_the_progress_of_the_month_it_was_carried_into(
    store: Store,
) -> None:
    book = Book(store)
    book.record(submitted="2022-02-14T09:00", status_at=china("2022-02-14T10:00"))
    book.record(status="draft", submitted=None)
    assert shown(book.tick("2022-02-15T09:00")[A, "2022-02"], "progress") == "1/2 = 50.00 %"


def test_a_return_that_was_accepted_since_counts_as_fixed(store: Store) -> None:
    book = Book(store)
    book.remember(book.record(), "returned", "2022-01-12T09:00")
    book.remember(book.record(status="returned"), "returned", "2022-01-12T09:00")
    assert shown(book.january(OPEN), "return_fix_ratio") == "1/2 = 50.00 %"


@pytest.mark.parametrize("instant", [OPEN, "2022-02-20T09:00"])
def test_what_was_first_seen_returned_was_returned(store: Store, instant: str) -> None:
    book = Book(store)
    book.record(status="returned", status_at=china("2022-01-10T17:00"))
    statement = book.january(instant)
    assert shown(statement, "return_fix_ratio") == "0/1 = 0.00 %"


def test_what_was_returned_and_submitted_again_waits_for_audit(store: Store) -> None:
    book = Book(store)
    at = china("2022-01-12T09:00")
    book.record(status="returned", status_at=at, submitted="2022-01-12T08:59")
    book.record(status="returned", status_at=at, submitted="2022-01-12T09:01")
    statement = book.january(OPEN)
    assert (statement.reasons, statement.pending) == ({"returned": 1}, 1)


def test_the_cells_of_a_draft_are_no_matter_of_the_completeness(store: Store) -> None:
    book = Book(store)
    book.record()
    share = book.january(OPEN).figures["completeness_ratio"]
    book.record(status="draft", submitted=None)
    assert book.january(OPEN).figures["completeness_ratio"] == share


def test_an_unreadable_cell_is_not_blank_in_the_completeness(store: Store) -> None:
    book = Book(store)
    book.record(malformed="party_id、check_result")
    share = book.january(OPEN).figures["completeness_ratio"]
    book.record()
    both = book.january(OPEN).figures["completeness_ratio"]
    assert both["numerator"] == 2 * share["numerator"] - 2
    assert both["denominator"] == 2 * share["denominator"]


def test_a_critical_finding_of_class_05_makes_no_backlog_but_no_valid_record_either(
    store: Store,
) -> None:
    book = Book(store)
    book.record(fails=["05"])
    statement = book.january(OPEN)
    assert (statement.backlog, shown(statement, "valid_ratio")) == (0, "0/1 = 0.00 %")


def test_a_check_without_its_penalty_is_unlinked_after_the_days_that_the_office_sets(
    store: Store,
) -> None:
    book = Book(store, link_limit_days=10)
    book.record(check_result="04", on=date(2022, 1, 10), fails=["08"])
    assert book.january("2022-01-20T23:59:59").backlog == 0
    assert book.january("2022-01-21T00:00").reasons == {"unlinked": 1}


def test_without_strict_month_a_penalty_of_the_last_days_is_due_after_the_close(
    store: Store,
) -> None:
    book = Book(store, strict_month=False)
    book.expect("punish", due_basis_on=date(2022, 1, 31))
    statement = book.january("2022-02-12T09:00")
    assert statement.oldest_due_at == china("2022-02-16T00:00")
    assert (statement.sealed_state, statement.overdue) == ("not_cleared", 0)


def test_with_strict_month_it_is_due_at_the_close(store: Store) -> None:
    book = Book(store)
    book.expect("punish", due_basis_on=date(2022, 1, 31))
    assert book.january("2022-02-11T09:00").oldest_due_at == china("2022-02-12T00:00")


@pytest.mark.parametrize(
    ("close", "at"),
    [("last_day", "2022-02-01T00:00"), ("day:3", "2022-02-04T00:00")],
)
def test_a_month_freezes_and_everything_is_due_when_the_office_says(
    store: Store, close: str, at: str
) -> None:
    book = Book(store, close=close)
    book.record(on=date(2022, 1, 28), submitted=at, status_at=china(at))
    statement = book.january("2022-02-12T09:00")
    assert (statement.close_at, statement.sealed_state) == (china(at), "not_cleared")
    assert shown(statement, "timely_ratio") == "0/1 = 0.00 %"

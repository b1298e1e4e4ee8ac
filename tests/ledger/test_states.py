"""Where a department stands in a month: before the close, at the seal, and after it."""

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from monitor.ledger import zero_reports
from monitor.ledger.states import Position, current, is_late, judged
from monitor.store import Store
from monitor.store.tables import seal, zero_report
from monitor.words import MonthState
from tests.ledger.book import A, B, Book, china, share, shown

OPEN, SEALED, LATER = "2022-02-10T09:00", "2022-02-12T09:00", "2022-02-16T09:00"
FILES = {"kind": "files", "path": "inbox/*.csv", "status": "accepted"}


@pytest.mark.parametrize(
    ("position", "state"),
    [
        (Position(blocked=True, pending=True, measured=True), MonthState.NOT_CLEARED),
        (Position(blocked=True, pending=False, measured=False), MonthState.NOT_CLEARED),
        (Position(blocked=False, pending=True, measured=False), MonthState.NO_DATA),
        (Position(blocked=False, pending=True, measured=True), MonthState.AWAITING_AUDIT),
        (Position(blocked=False, pending=False, measured=True), MonthState.CLEARED_ON_TIME),
    ],
)
def test_what_counts_against_a_department_decides_before_what_is_not_known(
    position: Position, state: MonthState
) -> None:
    assert judged(position) is state


CLEAR = Position(blocked=False, pending=False, measured=True)


@pytest.mark.parametrize(
    ("sealed", "was_late", "state"),
    [
        (MonthState.CLEARED_ON_TIME, False, MonthState.CLEARED_ON_TIME),
        (MonthState.CLEARED_ON_TIME, True, MonthState.CLEARED_LATE),
        (MonthState.AWAITING_AUDIT, False, MonthState.CLEARED_ON_TIME),
        (MonthState.AWAITING_AUDIT, True, MonthState.CLEARED_LATE),
        (MonthState.NOT_CLEARED, False, MonthState.CLEARED_LATE),
        (MonthState.NO_DATA, False, MonthState.CLEARED_LATE),
    ],
)
def test_who_was_not_cleared_at_or_after_the_seal_can_only_be_cleared_late(
    sealed: MonthState, was_late: bool, state: MonthState
) -> None:
    assert current(CLEAR, True, is_late(CLEAR, True, sealed, was_late)) is state


def test_who_waited_for_audit_after_being_late_is_still_cleared_late(store: Store) -> None:
    book = Book(store)
    book.record()
    book.tick(SEALED)
    late = book.record(status="draft", submitted=None)
    states = [book.january(LATER).current_state]
    for hour, status in (("10", "pending"), ("11", "accepted")):
        book.change(late, status=status, submitted_at=china("2022-02-16T09:30"))
        states.append(book.january(f"2022-02-16T{hour}:00").current_state)
    assert states == ["not_cleared", "awaiting_audit", "cleared_late"]


@pytest.mark.parametrize("before", ["draft", "returned"])
def test_what_was_sent_in_before_the_close_and_read_after_it_was_pending_at_it(
    store: Store, before: str
) -> None:
    book = Book(store)
    record = book.record(submitted="2022-02-11T23:59:59", status_at=china("2022-02-12T08:00"))
    book.remember(record, before, "2022-02-10T08:00")
    assert book.january(SEALED).sealed_state == "awaiting_audit"


def test_what_was_returned_before_the_close_and_sent_in_after_it_was_returned_at_it(
    store: Store,
) -> None:
    book = Book(store)
    sent = "2022-02-12T08:00"
    book.record(status="returned", submitted=sent, status_at=china("2022-02-10T08:00"))
    book.tick(SEALED)
    assert seal_of(book)["statements"][0]["reasons"] == {"returned": 1}


def test_a_return_after_the_close_is_no_matter_of_the_seal(store: Store) -> None:
    book = Book(store)
    record = book.record(status_at=china("2022-02-12T08:00"), status="returned")
    book.remember(record, "accepted", "2022-01-12T08:00")
    book.remember(record, "returned", "2022-02-12T08:00")
    statement = book.january(SEALED)
    assert (statement.sealed_state, shown(statement, "return_fix_ratio")) == (
        "cleared_on_time",
        "0/1 = 0.00 %",
    )
    figures = seal_of(book)["statements"][0]["figures"]
    assert isinstance(figures, dict)
    assert "return_fix_ratio" not in figures


def test_a_return_at_midnight_after_the_close_is_no_matter_of_the_seal(store: Store) -> None:
    book = Book(store)
    record = book.record(status_at=china("2022-02-12T00:00"), status="returned")
    book.remember(record, "accepted", "2022-01-12T08:00")
    book.remember(record, "returned", "2022-02-12T00:00")
    assert book.january(SEALED).sealed_state == "cleared_on_time"


def test_what_was_expected_and_submitted_after_the_close_was_not_entered_at_it(
    store: Store,
) -> None:
    book = Book(store)
    late = china("2022-02-12T08:00")
    book.record(submitted="2022-02-12T08:00", first_seen_at=late, action_code="示范-1")
    book.expect(action_code="示范-1")
    assert shown(book.january(SEALED), "entry_ratio") == "1/1 = 100.00 %"
    sealed = seal_of(book)["statements"][0]
    assert sealed["reasons"] == {"unentered": 1}
    figures = sealed["figures"]
    assert isinstance(figures, dict)
    assert figures["entry_ratio"] == {"numerator": 0, "denominator": 1}


def test_a_sealed_statement_is_kept_up_to_date_when_its_last_unit_goes_elsewhere(
    store: Store,
) -> None:
    book = Book(store)
    record = book.record(owner=None, status="draft", submitted=None)
    assert book.tick(SEALED)["unknown", "2022-01"].backlog == 1
    book.change(record, implement_institution_code=A)
    found = book.tick(LATER)["unknown", "2022-01"]
    assert (found.backlog, found.moved_out) == (0, {"transferred": 1})
    assert (found.sealed_state, found.current_state) == ("not_cleared", "cleared_late")


def test_a_department_whose_only_act_is_exempt_must_still_report_zero(store: Store) -> None:
    book = Book(store)
    book.item("01030100100101")
    book.record(action_code="示范-1")
    book.exempt("unit", action_code="示范-1")
    assert book.january(OPEN).silent
    book.report_zero(A, "2022-01", "2022-02-10T08:00")
    assert not book.january(OPEN).silent


def test_a_month_is_open_until_it_is_sealed(store: Store) -> None:
    book = Book(store)
    book.record()
    assert book.january(OPEN).current_state == "open"
    sealed = book.january(SEALED)
    assert (sealed.sealed_state, sealed.current_state) == ("cleared_on_time", "cleared_on_time")


def test_a_department_with_items_that_says_nothing_is_silent_and_not_cleared(
    store: Store,
) -> None:
    book = Book(store, (A, B))
    book.item("01030100100101")
    book.tick(OPEN)
    found = book.tick(SEALED)
    assert (found[A, "2022-01"].silent, found[A, "2022-01"].sealed_state) == (True, "not_cleared")
    assert (found[B, "2022-01"].silent, found[B, "2022-01"].zero) == (False, True)


def test_a_zero_report_filed_after_the_close_clears_late(store: Store) -> None:
    book = Book(store)
    book.item("01030100100101")
    book.tick(OPEN)
    book.report_zero(A, "2022-01", "2022-02-12T08:00")
    assert book.january(SEALED).sealed_state == "not_cleared"
    assert book.january(LATER).current_state == "cleared_late"


@pytest.mark.parametrize(
    ("filed", "state"),
    [("2022-02-11T23:59:59", "cleared_on_time"), ("2022-02-12T00:00:00", "not_cleared")],
)
def test_a_zero_report_counts_at_the_seal_until_the_last_second_of_the_close_day(
    store: Store, filed: str, state: str
) -> None:
    book = Book(store)
    book.item("01030100100101")
    book.tick(OPEN)
    book.report_zero(A, "2022-01", filed)
    assert book.january(SEALED).sealed_state == state


def test_a_zero_report_does_not_hide_a_record_that_appears_later(store: Store) -> None:
    book = Book(store)
    book.item("01030100100101")
    book.report_zero(A, "2022-01", "2022-02-09T08:00")
    assert book.january(OPEN).zero
    book.record(status="draft", submitted=None)
    statement = book.january("2022-02-10T10:00")
    assert (statement.zero, statement.obligations, statement.backlog) == (False, 1, 1)
    with store.reading() as connection:
        [found] = zero_reports.contradicted(connection)
    assert (found.department, str(found.month), found.obligations) == (A, "2022-01", 1)


def test_a_zero_report_that_was_withdrawn_is_contradicted_by_nothing(store: Store) -> None:
    book = Book(store)
    filed = book.report_zero(A, "2022-01", "2022-02-09T08:00")
    book.record()
    book.withdraw(zero_report, filed)
    book.tick(OPEN)
    with store.reading() as connection:
        assert zero_reports.contradicted(connection) == []


def test_what_was_submitted_at_235959_of_the_close_day_counts_at_the_seal(store: Store) -> None:
    book = Book(store)
    book.record(submitted="2022-02-11T23:59:59")
    assert book.january(SEALED).sealed_state == "cleared_on_time"


def test_what_was_submitted_at_midnight_after_the_close_does_not(store: Store) -> None:
    book = Book(store)
    book.record(submitted="2022-02-12T00:00:00", status_at=china("2022-02-12T00:00"))
    statement = book.january(SEALED)
    assert (statement.sealed_state, statement.current_state) == ("not_cleared", "cleared_late")


def test_what_was_accepted_at_midnight_after_the_close_was_pending_at_it(store: Store) -> None:
    book = Book(store)
    book.record(submitted="2022-02-10T10:00", status_at=china("2022-02-12T00:00"))
    assert book.january(SEALED).sealed_state == "awaiting_audit"


def test_what_was_accepted_only_after_the_close_was_pending_at_it(store: Store) -> None:
    book = Book(store)
    book.record(submitted="2022-02-10T10:00", status_at=china("2022-02-12T08:00"))
    statement = book.january(SEALED)
    assert (statement.sealed_state, statement.current_state) == (
        "awaiting_audit",
        "cleared_on_time",
    )


def test_a_record_returned_before_the_close_and_fixed_after_it_is_cleared_late(
    store: Store,
) -> None:
    book = Book(store)
    record = book.record(submitted="2022-02-12T08:00", status_at=china("2022-02-12T08:30"))
    book.remember(record, "returned", "2022-02-10T08:00")
    statement = book.january(SEALED)
    assert (statement.sealed_state, statement.current_state) == ("not_cleared", "cleared_late")
    assert seal_of(book)["statements"][0]["reasons"] == {"returned": 1}


def test_what_was_returned_before_it_was_first_seen_was_not_sent_in_again_by_being_seen(
    store: Store,
) -> None:
    book = Book(store)
    book.pulled("test", "2022-01-20T07:00")
    sent, seen = "2022-01-11T09:00", china("2022-02-01T09:00")
    accepted = china("2022-02-14T08:00")
    record = book.record(submitted=sent, first_submitted_seen_at=seen, status_at=accepted)
    book.see(record, "returned", china("2022-01-25T08:00"), china(sent), seen)
    book.see(record, "accepted", accepted, china(sent), accepted)
    assert book.january(LATER).sealed_state == "not_cleared"
    assert book.fact(record, "submission_unproven") is True
    assert seal_of(book)["statements"][0]["reasons"] == {"returned": 1}


def test_the_sealed_state_never_changes_and_the_current_one_does(store: Store) -> None:
    book = Book(store)
    book.record()
    book.tick(SEALED)
    late = book.record(status="draft", submitted=None)
    found = book.january(LATER)
    assert (found.sealed_state, found.current_state) == ("cleared_on_time", "not_cleared")
    book.change(late, status="accepted")
    found = book.january("2022-02-16T10:00")
    assert (found.sealed_state, found.current_state) == ("cleared_on_time", "cleared_late")


def seal_of(book: Book) -> dict[str, list[dict[str, object]]]:
    """The seal of January 2022."""
    [[document]] = book.rows(sa.select(seal.c.document).where(seal.c.month == "2022-01"))
    assert isinstance(document, dict)
    return document


def test_a_month_is_sealed_once_however_often_the_check_runs(store: Store) -> None:
    book = Book(store)
    book.record()
    book.tick(SEALED)
    before = book.rows(sa.select(seal))
    book.tick(SEALED)
    assert book.rows(sa.select(seal)) == before


def test_the_seal_waits_until_every_source_was_read_after_the_close(store: Store) -> None:
    book = Book(store, sources=[{"name": "checks", "feed": "check", **FILES}])
    book.record(source="checks")
    book.pulled("checks", "2022-02-11T23:00")
    assert book.january("2022-02-12T09:00").sealed_state is None
    book.pulled("checks", "2022-02-12T10:00")
    assert book.january("2022-02-12T11:00").sealed_state == "cleared_on_time"


def test_after_the_grace_a_month_that_was_not_read_is_sealed_without_data(store: Store) -> None:
    book = Book(store, sources=[{"name": "checks", "feed": "check", **FILES}])
    book.record(source="checks")
    book.pulled("checks", "2022-02-10T23:00")
    book.pulled("checks", "2022-02-11T12:00", outcome="failed")
    assert book.january("2022-02-14T11:59").sealed_state is None
    assert book.january("2022-02-14T12:00").sealed_state == "no_data"


def test_a_source_that_is_not_read_leaves_only_its_cells_without_a_figure(store: Store) -> None:
    sources = [
        {"name": "checks", "feed": "check", **FILES},
        {"name": "penalties", "feed": "punish", **FILES},
    ]
    book = Book(store, (A, B), sources=sources)
    book.record(source="checks")
    book.record("punish", source="penalties", case_source="03", status="draft")
    book.record("punish", source="penalties", case_source="03", owner=B)
    book.pulled("checks", "2022-02-08T09:00")
    book.pulled("penalties", "2022-02-10T08:00")
    found = book.tick(OPEN)
    a, b, district = (found[code, "2022-01"] for code in (A, B, "district"))
    assert (a.not_measured, b.not_measured) == (("check",), ())
    assert (a.backlog, a.zero, b.zero) == (1, False, True)
    assert shown(a, "timely_ratio") == "0/1 = 0.00 %"
    assert "progress" not in a.figures
    assert shown(district, "zero_ratio") == "1/2 = 50.00 %"


@pytest.mark.parametrize(
    ("now", "missing"), [("2022-02-09T11:00:00", ()), ("2022-02-09T11:00:01", ("check",))]
)
def test_a_source_is_fresh_until_26_hours_after_its_reading(
    store: Store, now: str, missing: tuple[str, ...]
) -> None:
    book = Book(store, sources=[{"name": "checks", "feed": "check", **FILES}])
    book.record(source="checks")
    book.pulled("checks", "2022-02-08T09:00")
    assert book.january(now).not_measured == missing


def test_a_department_whose_source_is_not_read_is_never_called_cleared(store: Store) -> None:
    book = Book(store, sources=[{"name": "checks", "feed": "check", **FILES}])
    book.record(source="checks")
    book.pulled("checks", "2022-02-08T09:00")
    found = book.tick(OPEN)
    assert not found[A, "2022-01"].zero
    assert "zero_ratio" not in found["district", "2022-01"].figures
    assert shown(found["district", "2022-01"], "not_measured_ratio") == "1/1 = 100.00 %"


def test_records_that_nobody_owns_are_in_the_districts_sums_and_in_no_mean(store: Store) -> None:
    book = Book(store)
    book.record()
    book.record(owner=None, fails=["02"])
    district = book.tick(OPEN)["district", "2022-01"]
    assert shown(district, "valid_ratio") == "1/2 = 50.00 %"
    assert str(share(district, "valid_ratio_macro")) == "100.00"


def test_records_that_nobody_owns_count_for_the_district_only(store: Store) -> None:
    book = Book(store)
    book.record(owner=None, status="draft", submitted=None)
    found = book.tick(OPEN)
    assert found["unknown", "2022-01"].backlog == 1
    assert not found["unknown", "2022-01"].zero
    assert not found["district", "2022-01"].zero
    assert shown(found["district", "2022-01"], "zero_ratio") == "1/1 = 100.00 %"


def test_a_department_out_of_scope_has_no_statement_but_its_backlog_is_kept(store: Store) -> None:
    book = Book(store, ())
    book.department(A, in_scope_to=date(2021, 12, 31))
    book.department(B, in_scope_from=date(2022, 2, 1))
    book.record(status="draft", submitted=None)
    found = book.tick(OPEN)
    assert (found[A, "2022-01"].in_scope, found[A, "2022-01"].backlog) == (False, 1)
    assert (B, "2022-01") not in found


def test_coverage_blocks_zero_only_where_it_is_required(store: Store) -> None:
    for required in (False, True):
        book = Book(
            store, (A,) if not required else (), rules=not required, zero_requires_coverage=required
        )
        if not required:
            book.item("01030100100101")
            book.item("01030100100102")
            book.record(items=["01030100100101"])
        assert book.january(OPEN).zero is not required


def test_an_item_paused_in_mid_month_must_not_be_covered_at_its_end(store: Store) -> None:
    book = Book(store)
    book.item("01030100100101")
    book.item("01030100100102", item_state="03", in_use_to=date(2022, 1, 15))
    book.record(items=["01030100100101"])
    assert shown(book.january(OPEN), "coverage_sub_ratio") == "1/1 = 100.00 %"


def test_the_ledger_is_the_same_whatever_zone_the_clock_is_in(store: Store) -> None:
    book = Book(store)
    book.record(submitted=datetime(2022, 1, 17, 15, 59, 59, tzinfo=UTC))
    book.record(submitted=datetime(2022, 1, 17, 16, 0, 0, tzinfo=UTC))
    found = book.tick(datetime(2022, 1, 31, 16, 30, tzinfo=UTC))
    assert shown(found[A, "2022-01"], "timely_ratio") == "1/2 = 50.00 %"
    assert (A, "2022-02") in found


def test_a_month_whose_holidays_are_not_published_is_marked_so(store: Store) -> None:
    book = Book(store)
    assert book.tick("2098-01-20T09:00")[A, "2098-01"].provisional_calendar
    assert not book.january(OPEN).provisional_calendar


def test_the_offices_own_days_move_the_dues(store: Store) -> None:
    book = Book(store)
    book.expect(due_basis_on=date(2022, 1, 10))
    assert book.january("2022-01-12T09:00").oldest_due_at == china("2022-01-18T00:00")
    book.free(date(2022, 1, 12))
    assert book.january("2022-01-12T09:00").oldest_due_at == china("2022-01-19T00:00")

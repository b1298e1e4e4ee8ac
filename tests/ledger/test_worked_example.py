"""The worked example of the month-zero rule, to the last digit."""

from datetime import date

import pytest

from monitor.ledger.statements import Statement
from monitor.store import Store
from monitor.words import DISTRICT
from tests.ledger.book import A, B, Book, C, china, share, shown

BEFORE_CLOSE = "2022-02-11T23:00"
AFTER_CLOSE = "2022-02-14T09:00"
IN_TIME, LATE = "2022-01-12T10:00", "2022-01-28T10:00"

Statements = dict[tuple[str, str], Statement]


@pytest.fixture
def book(store: Store) -> Book:
    """Departments A, B and C in January 2022."""
    book = Book(store, (A, B, C), charge_pending="department")
    for owner, count in ((A, 120), (B, 30), (C, 9)):
        for n in range(count):
            book.item(_item(owner, n), owner)
    _write_a(book)
    _write_b(book)
    return book


def _item(owner: str, number: int) -> str:
    return f"{owner[-2]}{number:013d}"


def _write_a(book: Book) -> None:
    """40 obligations, 37 of them submitted, 30 of these in time; 58 items in valid records."""
    statuses = ["draft"] + ["returned"] * 2 + ["pending"] * 3 + ["accepted"] * 32
    for n, status in enumerate(statuses):
        is_first, is_second = n == 6, n == 7
        kind = "punish" if is_second else "check"
        submitted = None if status == "draft" else LATE if n > 30 else IN_TIME
        book.record(
            kind=kind,
            status=status,
            submitted=submitted,
            action_code=f"A-{n}",
            case_source="01" if kind == "punish" else None,
            check_action_code="示范检查-无" if kind == "punish" else None,
            items=[_item(A, n) for n in (2 * n, 2 * n + 1) if n < 72] if n >= 6 else [],
            fails=["06"] if is_first else ["08"] if is_second else [],
        )
        book.expect(kind, action_code=f"A-{n}")
    for n in (38, 39):
        book.expect(action_code=f"A-{n}")


def _write_b(book: Book) -> None:
    """12 obligations, all accepted and clean, 11 in time; 21 items."""
    for n in range(12):
        codes = [_item(B, number) for number in (2 * n, 2 * n + 1) if number < 21]
        book.record(
            owner=B, submitted=LATE if n == 11 else IN_TIME, action_code=f"B-{n}", items=codes
        )
        book.expect(action_code=f"B-{n}", department=B)


def _months(statements: Statements, name: str) -> list[str]:
    return [shown(statements[code, "2022-01"], name) for code in (A, B, C, DISTRICT)]


def test_the_worked_example_comes_out_to_the_last_digit(book: Book) -> None:
    found = book.tick(BEFORE_CLOSE)
    a, b, c, district = (found[code, "2022-01"] for code in (A, B, C, DISTRICT))
    assert [a.backlog, b.backlog, c.backlog, district.backlog] == [10, 0, 0, 10]
    assert [a.obligations, b.obligations, c.obligations, district.obligations] == [40, 12, 0, 52]
    assert [a.silent, b.silent, c.silent] == [False, False, True]
    assert a.reasons == {
        "unentered": 2,
        "draft": 1,
        "returned": 2,
        "pending": 3,
        "invalid": 1,
        "unlinked": 1,
    }
    assert _months(found, "entry_ratio") == [
        "38/40 = 95.00 %",
        "12/12 = 100.00 %",
        "–",
        "50/52 = 96.15 %",
    ]
    assert _months(found, "timely_ratio") == [
        "30/40 = 75.00 %",
        "11/12 = 91.67 %",
        "–",
        "41/52 = 78.85 %",
    ]
    assert _months(found, "valid_ratio") == [
        "31/32 = 96.88 %",
        "12/12 = 100.00 %",
        "–",
        "43/44 = 97.73 %",
    ]
    assert _months(found, "linked_ratio") == [
        "31/32 = 96.88 %",
        "12/12 = 100.00 %",
        "–",
        "43/44 = 97.73 %",
    ]
    assert _months(found, "coverage_sub_ratio") == [
        "58/120 = 48.33 %",
        "21/30 = 70.00 %",
        "0/9 = 0.00 %",
        "79/159 = 49.69 %",
    ]
    assert str(share(district, "coverage_sub_ratio_macro")) == "39.44"
    assert _months(found, "progress") == [
        "30/40 = 75.00 %",
        "12/12 = 100.00 %",
        "–",
        "42/52 = 80.77 %",
    ]
    assert [a.zero, b.zero, c.zero] == [False, True, False]
    assert shown(district, "zero_ratio") == "1/3 = 33.33 %"


def test_a_zero_report_before_close_ends_the_silence_and_counts_for_the_zero_ratio(
    book: Book,
) -> None:
    book.tick("2022-02-10T09:00")
    book.report_zero(C, "2022-01", "2022-02-11T22:00")
    found = book.tick(BEFORE_CLOSE)
    assert found[C, "2022-01"].zero
    assert shown(found[DISTRICT, "2022-01"], "zero_ratio") == "2/3 = 66.67 %"


def test_the_seal_holds_what_the_worked_example_says(book: Book) -> None:
    found = book.tick(AFTER_CLOSE)
    states = [found[code, "2022-01"].sealed_state for code in (A, B, C, DISTRICT)]
    assert states == ["not_cleared", "cleared_on_time", "not_cleared", "not_cleared"]


def test_a_check_of_28_january_is_due_on_9_february(store: Store) -> None:
    book = Book(store)
    book.expect(due_basis_on=date(2022, 1, 28))
    statement = book.january("2022-02-09T23:59")
    assert statement.oldest_due_at == china("2022-02-10T00:00")
    assert (statement.backlog, statement.overdue) == (1, 0)
    assert book.january("2022-02-10T00:00").overdue == 1


def test_january_2022_closes_at_the_end_of_11_february(store: Store) -> None:
    assert Book(store).january("2022-01-28T10:00").close_at == china("2022-02-12T00:00")

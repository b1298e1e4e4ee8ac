"""What the office enters by hand counts as what a feed delivers, and is kept with who and why."""

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from monitor.errors import EntryError
from monitor.ledger import office_exemptions, office_reports
from monitor.ledger.office_exemptions import Grant, Preview
from monitor.store import Store
from monitor.store.tables import audit, exemption, zero_report
from tests.ledger.book import JANUARY, A, B, Book, china

NOW = "2022-02-09T09:00"
CLERK, APPROVER = "示范经办人", "示范审批人"


def file(book: Book, code: str = A, now: str = NOW) -> bool:
    book.commit()
    with book.store.writing() as connection:
        return office_reports.file(connection, code, JANUARY, china(now), CLERK, "电话确认")


def withdraw(book: Book, now: str) -> None:
    with book.store.writing() as connection:
        office_reports.withdraw(connection, A, JANUARY, china(now), CLERK, "登记有误")


def grant(scope: office_exemptions.Scope = "unit", code: str | None = None, **values: Any) -> Grant:
    told: dict[str, Any] = {
        "department": None,
        "reason": "重复录入",
        "approver": APPROVER,
        "begins_on": None,
        "ends_on": None,
    }
    return Grant(scope=scope, code=code, **told | values)


def preview(book: Book, wanted: Grant) -> Preview:
    book.commit()
    with book.store.writing() as connection:
        return office_exemptions.preview(connection, wanted, china(NOW))


def add(book: Book, wanted: Grant) -> int:
    book.commit()
    with book.store.writing() as connection:
        return office_exemptions.add(connection, wanted, china(NOW), CLERK)


def end(book: Book, number: int, on: date) -> None:
    with book.store.writing() as connection:
        office_exemptions.end(connection, number, on, china(NOW), CLERK, "审批到期")


def withdraw_exemption(book: Book, number: int) -> None:
    with book.store.writing() as connection:
        office_exemptions.withdraw(connection, number, china(NOW), CLERK, "登记有误")


def trail(book: Book) -> list[tuple[Any, ...]]:
    return book.rows(sa.select(audit.c.action, audit.c.actor).order_by(audit.c.id))


def test_a_zero_report_by_hand_ends_silence_until_it_is_withdrawn(store: Store) -> None:
    book = Book(store)
    book.item("1000")
    assert book.january(NOW).silent
    assert file(book)
    assert not book.january("2022-02-09T10:00").silent
    withdraw(book, "2022-02-09T11:00")
    assert book.january("2022-02-09T12:00").silent
    assert file(book, now="2022-02-09T13:00")
    assert not book.january("2022-02-09T14:00").silent
    kept = [("zero_report.file", CLERK), ("zero_report.withdraw", CLERK)]
    assert trail(book) == [*kept, ("zero_report.file", CLERK)]
    assert book.rows(sa.select(sa.func.count()).select_from(zero_report)) == [(1,)]


def test_filing_twice_changes_nothing(store: Store) -> None:
    book = Book(store)
    assert file(book)
    before = book.rows(sa.select(zero_report))
    assert not file(book, now="2022-02-10T09:00")
    assert book.rows(sa.select(zero_report)) == before
    assert len(trail(book)) == 1


def test_what_nobody_filed_is_not_withdrawn(store: Store) -> None:
    book = Book(store)
    book.commit()
    with pytest.raises(EntryError, match="filed by hand, found none"):
        withdraw(book, NOW)


def test_a_zero_report_of_a_month_with_records_is_told_as_contradicted(store: Store) -> None:
    book = Book(store, [A, B])
    book.record()
    book.tick(NOW)
    file(book)
    file(book, B)
    with store.reading() as connection:
        found = office_reports.read(connection, JANUARY)
    assert [(each.department, each.contradicted) for each in found] == [(A, True), (B, False)]


@pytest.mark.parametrize("code", ["district", "unknown"])
def test_who_is_no_department_cannot_report(store: Store, code: str) -> None:
    with pytest.raises(EntryError, match="expected a department that can report"):
        file(Book(store), code)


def test_a_month_that_has_not_begun_is_refused(store: Store) -> None:
    with pytest.raises(EntryError, match="expected a month that has begun"):
        file(Book(store), now="2021-12-31T23:59:59")


def test_what_a_feed_reported_is_not_withdrawn_by_hand(store: Store) -> None:
    book = Book(store)
    book.report_zero(A, "2022-01", "2022-02-01T09:00")
    book.commit()
    with pytest.raises(EntryError, match="filed by hand, found one that test delivers"):
        withdraw(book, NOW)


def test_an_exemption_hides_what_its_preview_said(store: Store) -> None:
    book = Book(store)
    for code in ("1000", "1000", "2000"):
        book.record(status="draft", submitted=None, items=[code])
    book.item("1000")
    book.expect(item_code="1000")
    assert book.january(NOW).backlog == 4
    wanted = grant("item", "1000")
    assert preview(book, wanted) == Preview(hides=3, overlaps=(), exists=True)
    assert book.rows(sa.select(exemption)) == []
    add(book, wanted)
    found = book.january("2022-02-09T10:00")
    assert (found.backlog, found.moved_out) == (1, {"exempted": 3})
    assert trail(book) == [("exemption.add", CLERK)]


def test_a_preview_leaves_out_what_an_exemption_before_it_hides(store: Store) -> None:
    book = Book(store)
    for code in ("1000", "1000", "2000"):
        book.record(status="draft", submitted=None, items=[code])
    book.tick(NOW)
    add(book, grant("item", "1000"))
    assert preview(book, grant("unit", "nowhere-1")).hides == 0
    assert preview(book, grant("department", department=A)).hides == 1


def test_an_exemption_hides_only_what_falls_into_its_days(store: Store) -> None:
    book = Book(store)
    for day in (9, 10, 11):
        book.record(on=date(2022, 1, day), status="draft", submitted=None)
    book.tick(NOW)
    wanted = grant(
        "department", department=A, begins_on=date(2022, 1, 10), ends_on=date(2022, 1, 10)
    )
    assert preview(book, wanted).hides == 1


def test_what_an_ended_exemption_hid_after_its_end_counts_again(store: Store) -> None:
    book = Book(store)
    book.record(on=date(2022, 1, 10), status="draft", submitted=None)
    book.record(on=date(2022, 1, 20), status="draft", submitted=None)
    number = add(book, grant("department", department=A))
    assert book.january(NOW).backlog == 0
    end(book, number, date(2022, 1, 15))
    assert book.january("2022-02-09T10:00").backlog == 1
    assert trail(book) == [("exemption.add", CLERK), ("exemption.end", CLERK)]
    with pytest.raises(EntryError, match="expected a day before 2022-01-15"):
        end(book, number, date(2022, 1, 16))


def test_what_a_withdrawn_exemption_hid_counts_again_from_its_first_day_on(store: Store) -> None:
    book = Book(store)
    for code in ("示范-1", "示范-2"):
        book.record(
            on=date(2022, 1, 10), status="draft", submitted=None, action_code=code, items=["1000"]
        )
    book.expect(due_basis_on=date(2022, 1, 10), item_code="1000")
    days: dict[str, Any] = {"begins_on": date(2022, 1, 10), "ends_on": date(2022, 1, 10)}
    one = add(book, grant("unit", "示范-1", **days))
    whole = add(book, grant("department", department=A, **days))
    items = add(book, grant("item", "1000", **days))
    assert book.january(NOW).backlog == 0
    left = []
    for hour, number in enumerate((items, whole, one), 10):
        withdraw_exemption(book, number)
        left.append(book.january(f"2022-02-09T{hour}:00").backlog)
    assert left == [0, 2, 3]
    assert trail(book)[3:] == [("exemption.withdraw", CLERK)] * 3
    with book.store.reading() as connection:
        assert office_exemptions.read(connection) == []
    with pytest.raises(EntryError, match="found 1: there is none"):
        withdraw_exemption(book, one)


def test_an_overlap_and_a_scope_that_is_nowhere_are_found(store: Store) -> None:
    book = Book(store)
    first = add(book, grant("unit", "nowhere-1", ends_on=date(2022, 1, 31)))
    same = grant("unit", "nowhere-1", department=A, begins_on=date(2022, 1, 31))
    assert preview(book, same) == Preview(hides=0, overlaps=(first,), exists=False)
    for apart in (
        grant("unit", "nowhere-1", begins_on=date(2022, 2, 1)),
        grant("unit", "nowhere-2"),
        grant("item", "nowhere-1"),
    ):
        assert preview(book, apart).overlaps == ()
    assert preview(book, grant("department", department=A)).exists


def test_what_a_feed_exempted_is_not_ended_by_hand(store: Store) -> None:
    book = Book(store)
    number = book.exempt("department", department=A)
    book.commit()
    for unknown, found in ((number, "the source 'test'"), (number + 1, "there is none")):
        with pytest.raises(EntryError, match=found):
            end(book, unknown, date(2022, 1, 31))
        with pytest.raises(EntryError, match=found):
            withdraw_exemption(book, unknown)


def test_an_exemption_that_ends_before_it_begins_is_refused(store: Store) -> None:
    book = Book(store)
    with pytest.raises(EntryError, match="can't end before it begins"):
        add(book, grant("unit", "x", begins_on=date(2022, 2, 1), ends_on=date(2022, 1, 31)))
    number = add(book, grant("unit", "x", begins_on=date(2022, 2, 1)))
    with pytest.raises(EntryError, match="expected 2022-02-01 or later"):
        end(book, number, date(2022, 1, 31))


def test_a_preview_refuses_what_could_not_be_added(store: Store) -> None:
    wanted = grant("unit", "x", begins_on=date(2022, 2, 1), ends_on=date(2022, 1, 31))
    with pytest.raises(EntryError, match="can't end before it begins"):
        preview(Book(store), wanted)


@pytest.mark.parametrize("left_out", ["reason", "approver"])
def test_an_exemption_without_a_reason_or_an_approver_is_refused(
    store: Store, left_out: str
) -> None:
    book = Book(store)
    with pytest.raises(EntryError, match=r"for the exemption|approved the exemption"):
        add(book, grant("unit", "x", **{left_out: " "}))
    assert trail(book) == []


def test_nothing_is_ended_or_withdrawn_without_a_reason(store: Store) -> None:
    book = Book(store)
    file(book)
    number = add(book, grant("unit", "x"))
    with book.store.writing() as connection:
        with pytest.raises(EntryError, match="a reason for ending the exemption, found nothing"):
            office_exemptions.end(connection, number, date(2022, 1, 31), china(NOW), CLERK, "")
        with pytest.raises(EntryError, match="a reason for the withdrawal, found nothing"):
            office_exemptions.withdraw(connection, number, china(NOW), CLERK, "")
        with pytest.raises(EntryError, match="a reason for the withdrawal, found nothing"):
            office_reports.withdraw(connection, A, JANUARY, china(NOW), CLERK, " ")
    assert [action for action, _by in trail(book)] == ["zero_report.file", "exemption.add"]

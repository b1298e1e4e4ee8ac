"""Statements as they stood: every change is kept, and what did not change costs nothing."""

from dataclasses import replace
from datetime import date, timedelta

import sqlalchemy as sa

from monitor.ledger import revisions, statements, trend
from monitor.ledger.statements import Statement
from monitor.store import Store
from monitor.store.tables import behavior, department, statement_change
from monitor.words import DISTRICT, MonthState
from tests.ledger.book import JANUARY, A, B, Book, C, china

BEFORE, NEXT_DAY, LATER = "2022-01-20T10:00", "2022-01-21T10:00", "2022-01-24T10:00"


def january_at(book: Book, at: str, code: str = A) -> Statement | None:
    with book.store.reading() as connection:
        found = statements.read(connection, JANUARY, code, at=china(at))
    return found[0] if found else None


def kept(book: Book) -> list[tuple[object, ...]]:
    c = statement_change.c
    return book.rows(sa.select(c.department, c.month, c.look).order_by(*statement_change.c[:3]))


def test_a_statement_is_read_as_it_stood_at_each_instant(store: Store) -> None:
    book = Book(store)
    key = book.record(status="draft")
    first = book.january(BEFORE)
    book.change(key, status="accepted")
    second = book.january(NEXT_DAY)
    assert (first.backlog, second.backlog) == (1, 0)
    assert january_at(book, BEFORE) == first
    assert january_at(book, "2022-01-21T09:59:59") == first
    assert january_at(book, NEXT_DAY) == january_at(book, LATER) == second


def test_before_the_first_look_nothing_was_said(store: Store) -> None:
    book = Book(store)
    book.tick(BEFORE)
    assert january_at(book, "2022-01-20T09:59:59") is None


def test_only_what_changed_is_kept(store: Store) -> None:
    book = Book(store, (A, B))
    key = book.record(status="draft")
    book.tick(BEFORE)
    assert kept(book) == []
    book.tick(NEXT_DAY)
    assert kept(book) == []
    book.change(key, status="accepted")
    book.tick(LATER)
    assert kept(book) == [(A, "2022-01", 3), (DISTRICT, "2022-01", 3)]


def test_a_statement_that_went_and_came_back_is_read_as_it_was(store: Store) -> None:
    book = Book(store, (A,))
    key = book.department(B)
    first = book.january(BEFORE, B)
    book.amend(department, key, in_scope_to=date(2021, 12, 31))
    assert (B, "2022-01") not in book.tick(NEXT_DAY)
    book.amend(department, key, in_scope_to=None)
    again = book.january(LATER, B)
    assert january_at(book, BEFORE, B) == first
    assert january_at(book, NEXT_DAY, B) is None
    assert january_at(book, LATER, B) == again


def test_a_clock_that_went_back_leaves_what_was_said_before(store: Store) -> None:
    book = Book(store)
    key = book.record(status="draft")
    said = book.january(LATER)
    book.change(key, status="accepted")
    back = book.january(BEFORE)
    assert january_at(book, LATER) == said
    assert january_at(book, NEXT_DAY) == back


def test_a_month_reads_as_sealed_until_it_was_reopened(store: Store) -> None:
    book = Book(store)
    book.record()
    sealed = book.january("2022-02-14T12:00")
    assert sealed.sealed_state is MonthState.CLEARED_ON_TIME
    with store.writing() as connection:
        at = china("2022-02-16T15:00")
        revisions.reopen(connection, JANUARY, at, "示范员", "停机期间未读取", JANUARY)
    opened = replace(sealed, sealed_state=None, current_state=MonthState.OPEN)
    assert january_at(book, "2022-02-16T14:59:59") == sealed
    assert january_at(book, "2022-02-16T15:00") == opened
    again = book.january("2022-02-16T15:10")
    assert again == replace(sealed, as_of=china("2022-02-16T15:10"))
    assert january_at(book, "2022-02-16T15:09") == opened
    assert january_at(book, "2022-02-14T12:00") == sealed


def test_the_trend_says_what_each_day_ended_with(store: Store) -> None:
    book = Book(store, (A, B))
    key = book.record(status="draft")
    book.tick(BEFORE)
    book.expect()
    book.tick(china(BEFORE) + timedelta(hours=5))
    book.change(key, status="accepted")
    book.tick(LATER)
    book.tick("2022-02-02T10:00")
    with store.reading() as connection:
        days = trend.read(connection, A, date(2022, 1, 1))
        since = trend.read(connection, A, date(2022, 1, 21))
        until = trend.read(connection, A, date(2022, 1, 1), china(BEFORE))
    told = [(each.day.isoformat()[5:], dict(each.reasons)) for each in days]
    assert told == [
        ("01-20", {"unentered": 1, "draft": 1}),
        ("01-24", {"unentered": 1}),
        ("02-02", {"unentered": 1}),
    ]
    assert [str(each.month) for each in days] == ["2022-01", "2022-01", "2022-02"]
    assert [each.carried for each in days] == [0, 0, 1]
    assert since == days[1:]
    assert [dict(each.reasons) for each in until] == [{"draft": 1}]


def moved(book: Book, code: str = A) -> list[tuple[str, int, int, int, int]]:
    """The trend: the day, what came, what was cleared and moved out, and what stood then."""
    with book.store.reading() as connection:
        days = trend.read(connection, code, date(2022, 1, 1))
    return [
        (
            f"{each.day:%m-%d}",
            each.movement.came.total(),
            each.movement.cleared,
            each.movement.moved_out,
            each.backlog + each.pending,
        )
        for each in days
    ]


def test_the_trend_says_what_came_and_went_each_day(store: Store) -> None:
    book = Book(store, (A, B))
    keys = [book.record(status="draft", submitted=None) for _ in range(4)]
    book.tick(BEFORE)
    book.change(keys[0], status="accepted")
    book.tick(china(BEFORE) + timedelta(hours=2))
    book.change(keys[1], status="accepted")
    book.withdraw(behavior, keys[2])
    book.record(status="pending")
    book.tick(china(BEFORE) + timedelta(hours=4))
    book.tick(NEXT_DAY)
    book.change(keys[3], implement_institution_code=B)
    book.tick(LATER)
    assert moved(book) == [
        ("01-20", 5, 2, 1, 2),
        ("01-21", 0, 0, 0, 2),
        ("01-24", 0, 0, 1, 1),
    ]
    assert moved(book, B) == [("01-20", 0, 0, 0, 0), ("01-21", 0, 0, 0, 0), ("01-24", 1, 0, 0, 1)]
    assert moved(book, DISTRICT)[-1] == ("01-24", 1, 0, 1, 2), "it left one and came to the other"
    with store.reading() as connection:
        [day] = trend.read(connection, A, date(2022, 1, 1), china(BEFORE) + timedelta(hours=4))
    assert dict(day.movement.left) == {"submitted": 2, "deleted": 1}
    assert dict(day.movement.came) == {"found": 5}


def test_what_is_of_a_month_to_come_comes_when_that_begins(store: Store) -> None:
    book = Book(store)
    book.expect(due_basis_on=date(2022, 2, 8))
    for at in (BEFORE, LATER, "2022-02-03T10:00", "2022-02-04T10:00"):
        book.tick(at)
    assert moved(book) == [
        ("01-20", 0, 0, 0, 0),
        ("01-24", 0, 0, 0, 0),
        ("02-03", 1, 0, 0, 1),
        ("02-04", 0, 0, 0, 1),
    ]


def test_what_a_department_leaves_comes_to_who_follows(store: Store) -> None:
    book = Book(store, (B,))
    key = book.department(A)
    book.record(status="draft", submitted=None)
    book.tick("2022-02-07T10:00")
    book.amend(department, key, in_scope_to=date(2022, 2, 8), successors=B)
    for at in ("2022-02-08T10:00", "2022-02-09T10:00", "2022-02-10T10:00"):
        book.tick(at)
    assert moved(book, A) == [
        ("02-07", 1, 0, 0, 1),
        ("02-08", 0, 0, 0, 1),
        ("02-09", 0, 0, 1, 0),
    ]
    assert moved(book, B) == [
        ("02-07", 0, 0, 0, 0),
        ("02-08", 0, 0, 0, 0),
        ("02-09", 1, 0, 0, 1),
        ("02-10", 0, 0, 0, 1),
    ]
    assert [each[1:] for each in moved(book, DISTRICT)] == [(1, 0, 0, 1), *[(0, 0, 0, 1)] * 3]


def test_what_was_handed_on_twice_between_two_looks_leaves_who_had_it_at_the_first(
    store: Store,
) -> None:
    book = Book(store, (C,))
    keys = [book.department(code) for code in (A, B)]
    book.record(status="draft", submitted=None)
    book.tick("2022-02-07T10:00")
    book.amend(department, keys[0], in_scope_to=date(2022, 2, 8), successors=B)
    book.amend(department, keys[1], in_scope_to=date(2022, 2, 28), successors=C)
    book.tick("2022-03-02T10:00")
    assert moved(book, A)[-1] == ("03-02", 0, 0, 1, 0)
    assert [each[1:] for each in moved(book, B)] == [(0, 0, 0, 0)]
    assert moved(book, C)[-1] == ("03-02", 1, 0, 0, 1)


def test_what_is_handed_over_otherwise_than_before_leaves_who_had_it_last(store: Store) -> None:
    book = Book(store, (B, C))
    key = book.department(A)
    book.record(status="draft", submitted=None)
    book.tick("2022-02-07T10:00")
    book.amend(department, key, in_scope_to=date(2022, 2, 8), successors=B)
    book.tick("2022-02-09T10:00")
    book.amend(department, key, successors=C)
    book.tick("2022-02-10T10:00")
    book.amend(department, key, in_scope_to=None, successors=None)
    book.tick("2022-02-11T10:00")
    assert moved(book, A) == [
        ("02-07", 1, 0, 0, 1),
        ("02-09", 0, 0, 1, 0),
        ("02-11", 1, 0, 0, 1),
    ]
    assert [each[1:] for each in moved(book, B)] == [
        (0, 0, 0, 0),
        (1, 0, 0, 1),
        (0, 0, 1, 0),
        (0, 0, 0, 0),
    ]
    assert [each[1:] for each in moved(book, C)] == [
        (0, 0, 0, 0),
        (0, 0, 0, 0),
        (1, 0, 0, 1),
        (0, 0, 1, 0),
    ]


def test_the_trend_of_a_department_without_statements_is_empty(store: Store) -> None:
    book = Book(store, (A,))
    book.tick(BEFORE)
    with store.reading() as connection:
        assert trend.read(connection, B, date(2022, 1, 1)) == []

"""Statements as they stood: every change is kept, and what did not change costs nothing."""

from dataclasses import replace
from datetime import date, timedelta

import sqlalchemy as sa

from monitor.ledger import revisions, statements, trend
from monitor.ledger.statements import Statement
from monitor.store import Store
from monitor.store.tables import department, statement_change
from monitor.words import DISTRICT, MonthState
from tests.ledger.book import JANUARY, A, B, Book, china

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
    told = [(each.day.isoformat()[5:], dict(each.statement.reasons)) for each in days]
    assert told == [
        ("01-20", {"unentered": 1, "draft": 1}),
        ("01-24", {"unentered": 1}),
        ("02-02", {"unentered": 1}),
    ]
    assert [str(each.statement.month) for each in days] == ["2022-01", "2022-01", "2022-02"]
    assert [each.statement.carried for each in days] == [0, 0, 1]
    assert since == days[1:]
    assert [dict(each.statement.reasons) for each in until] == [{"draft": 1}]


def test_the_trend_of_a_department_without_statements_is_empty(store: Store) -> None:
    book = Book(store, (A,))
    book.tick(BEFORE)
    with store.reading() as connection:
        assert trend.read(connection, B, date(2022, 1, 1)) == []

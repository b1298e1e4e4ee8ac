"""The history of a unit: from the day it was first seen to what cleared it."""

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from monitor.ledger import history
from monitor.ledger.history import History
from monitor.store import Store
from monitor.store.tables import behavior, exemption, expected
from tests.ledger.book import A, B, Book, china

CODE = "示范检-1"
SOURCES = [{"name": "test", "feed": "expected", "kind": "files", "path": "*.csv"}]
LOOKS = ("2022-01-20T10:00", "2022-01-21T10:00", "2022-01-24T10:00", "2022-01-25T10:00")


def histories(book: Book, code: str = CODE, now: str = LOOKS[-1]) -> list[History]:
    book.commit()
    with book.store.reading() as connection:
        return history.read(connection, book.settings, code, china(now))


def told(of: History) -> list[tuple[Any, ...]]:
    return [
        (
            each.working_days,
            each.from_reason,
            each.to_reason,
            each.cause.value,
            each.by and each.by.record_id,
        )
        for each in of.changes
    ]


def test_an_expected_act_is_followed_until_its_record_is_accepted(store: Store) -> None:
    book = Book(store, sources=SOURCES)
    row = book.expect(action_code=CODE)
    book.tick(LOOKS[0])
    record = book.record(action_code=CODE, status="draft", first_seen_at=china(LOOKS[1]))
    book.tick(LOOKS[1])
    book.change(record, status="returned", status_at=china(LOOKS[2]))
    book.tick(LOOKS[2])
    book.change(record, status="accepted", status_at=china(LOOKS[3]))
    book.tick(LOOKS[3])
    (found,) = histories(book)
    identity = _identity(book, behavior, record)
    assert told(found) == [
        (0, None, "unentered", "found", None),
        (1, "unentered", "draft", "entered", identity),
        (2, "draft", "returned", "returned", identity),
        (3, "returned", None, "fixed", identity),
    ]
    assert (found.reason, found.working_days) == (None, 3)
    assert {each.record_id for each in found.rows} == {identity, _identity(book, expected, row)}


def test_a_record_that_clears_an_expected_act_at_once_is_named(store: Store) -> None:
    book = Book(store, sources=SOURCES)
    book.expect(action_code=CODE)
    book.tick(LOOKS[0])
    record = book.record(action_code=CODE)
    book.tick(LOOKS[1])
    (found,) = histories(book)
    assert told(found)[1] == (1, "unentered", None, "entered", _identity(book, behavior, record))


@pytest.mark.parametrize("known_from", ["expected", "record"])
def test_the_exemption_that_took_a_unit_out_is_named(store: Store, known_from: str) -> None:
    book = Book(store, sources=SOURCES)
    book.item("0101")
    if known_from == "expected":
        book.expect(action_code=CODE, item_code="0101")
    else:
        book.record(action_code=CODE, status="draft", items=["0101"])
    book.tick(LOOKS[0])
    book.exempt("department", department=B)
    key = book.exempt("item", item_code="0101")
    book.tick(LOOKS[1])
    (found,) = histories(book)
    assert told(found)[1][2:] == (None, "exempted", _identity(book, exemption, key))


def test_the_record_that_another_repeats_is_named(store: Store) -> None:
    book = Book(store, sources=SOURCES)
    first = book.record(action_code="示范检-0", status="draft")
    second = book.record(action_code=CODE, status="draft")
    book.tick(LOOKS[0])
    book.change(second, action_code="示范检-0")
    book.tick(LOOKS[1])
    (found,) = [
        each
        for each in histories(book, "示范检-0")
        if _identity(book, behavior, second) in {row.record_id for row in each.rows}
    ]
    assert told(found)[1] == (1, "draft", None, "duplicate", _identity(book, behavior, first))


def test_a_unit_that_moves_to_another_month_keeps_its_age(store: Store) -> None:
    book = Book(store, sources=SOURCES)
    record = book.record(action_code=CODE, status="draft")
    book.tick(LOOKS[0])
    book.change(record, occurred_on=date(2021, 12, 30))
    book.tick(LOOKS[1])
    (found,) = histories(book)
    moved = [(each.working_days, each.month, each.to_reason) for each in found.changes]
    assert moved == [(0, "2022-01", "draft"), (1, "2022-01", None), (1, "2021-12", "draft")]
    assert (found.reason, found.working_days) == ("draft", 3)


def test_a_unit_that_comes_back_counts_its_days_anew(store: Store) -> None:
    book = Book(store, sources=SOURCES)
    record = book.record(action_code=CODE, status="draft")
    book.tick(LOOKS[0])
    book.change(record, status="accepted")
    book.tick(LOOKS[1])
    book.change(record, status="returned", status_at=china(LOOKS[2]))
    book.tick(LOOKS[2])
    (found,) = histories(book)
    assert [each.working_days for each in found.changes] == [0, 1, 0]
    assert (found.reason, found.working_days) == ("returned", 1)


def test_what_was_never_in_the_backlog_has_no_changes(store: Store) -> None:
    book = Book(store, sources=SOURCES)
    record = book.record(action_code=CODE)
    book.tick(LOOKS[0])
    for code in (CODE, _identity(book, behavior, record)):
        (found,) = histories(book, code)
        assert (found.reason, found.working_days, found.changes) == (None, 0, ())
    assert histories(book, "示范检-9") == []


def test_two_departments_acts_of_one_code_are_two(store: Store) -> None:
    book = Book(store, (A, B), sources=SOURCES)
    for owner in (A, B):
        book.record(action_code=CODE, status="draft", owner=owner)
    book.tick(LOOKS[0])
    assert [each.changes[0].department for each in histories(book)] == [A, B]


def _identity(book: Book, table: sa.Table, key: int) -> str:
    ((found,),) = book.rows(sa.select(table.c.record_id).where(table.c.id == key))
    assert isinstance(found, str)
    return found

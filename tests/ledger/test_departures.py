"""What leaves a month without having been cleared is counted, and what changed after its close."""

from collections.abc import Callable
from datetime import date

import pytest

from monitor.ledger import statements
from monitor.ledger.since_seal import Change, SinceSeal, read
from monitor.store import Store
from monitor.store.tables import behavior
from monitor.workdays import Month
from tests.ledger.book import JANUARY, A, B, Book, china

OPEN, LATER, AFTER = "2022-01-20T10:00", "2022-02-09T10:00", "2022-02-14T13:00"

LEAVING: dict[str, Callable[[Book, int], object]] = {
    "deleted": lambda book, key: book.withdraw(behavior, key),
    "date_changed": lambda book, key: book.change(key, occurred_on=date(2021, 12, 30)),
    "transferred": lambda book, key: book.change(key, implement_institution_code=B),
    "exempted": lambda book, _key: book.exempt("department", department=A),
}


@pytest.mark.parametrize("cause", LEAVING)
def test_an_obligation_that_was_never_in_the_backlog_is_moved_out_by_cause(
    store: Store, cause: str
) -> None:
    book = Book(store, (A, B))
    key = book.record()
    assert (book.january(OPEN).obligations, book.january(OPEN).moved_out) == (1, {})
    LEAVING[cause](book, key)
    made = book.january(LATER)
    assert (made.obligations, made.moved_out, made.moved_out_late) == (0, {cause: 1}, {})


@pytest.mark.parametrize("fails", [[], ["06"]], ids=["cleared", "backlog"])
def test_what_leaves_after_the_close_is_told_apart(store: Store, fails: list[str]) -> None:
    book = Book(store)
    keys = [book.record(fails=fails) for _ in range(3)]
    book.tick(OPEN)
    book.withdraw(behavior, keys[0])
    book.tick(LATER)
    book.tick(AFTER)
    book.withdraw(behavior, keys[1])
    made = book.tick("2022-02-15T10:00")
    for code in (A, "district"):
        found = made[code, "2022-01"]
        assert (found.moved_out, found.moved_out_late) == ({"deleted": 2}, {"deleted": 1})


@pytest.mark.parametrize(
    ("now", "late"), [("2022-02-11T23:59:59", {}), ("2022-02-12T00:00:00", {"deleted": 1})]
)
def test_what_leaves_at_midnight_after_the_close_day_leaves_after_it(
    store: Store, now: str, late: dict[str, int]
) -> None:
    book = Book(store)
    key = book.record(fails=["06"])
    book.tick(OPEN)
    book.withdraw(behavior, key)
    made = book.january(now)
    assert (made.moved_out, made.moved_out_late) == ({"deleted": 1}, late)


def test_an_obligation_whose_record_is_deleted_stays_where_it_is_still_expected(
    store: Store,
) -> None:
    book = Book(store)
    book.expect(action_code="示范-1", due_basis_on=date(2022, 1, 10))
    key = book.record(action_code="示范-1")
    book.tick(OPEN)
    book.withdraw(behavior, key)
    made = book.january(LATER)
    assert (made.obligations, made.backlog, made.moved_out) == (1, 1, {})


def test_an_expected_act_that_gets_its_record_has_not_left(store: Store) -> None:
    book = Book(store)
    book.expect(action_code="示范-1", due_basis_on=date(2022, 1, 10))
    book.tick(OPEN)
    book.record(action_code="示范-1")
    made = book.january(LATER)
    assert (made.obligations, made.backlog, made.moved_out) == (1, 0, {})


def test_an_expected_act_that_turns_out_to_be_of_another_month_has(store: Store) -> None:
    book = Book(store)
    book.expect(action_code="示范-1", due_basis_on=date(2022, 1, 31))
    book.tick(OPEN)
    book.record(action_code="示范-1", on=date(2022, 2, 1), submitted="2022-02-02T10:00")
    made = book.tick(LATER)
    assert made[A, "2022-01"].moved_out == {"date_changed": 1}
    assert made[A, "2022-02"].moved_out == {}


def _since_seal(book: Book, month: Month = JANUARY) -> SinceSeal | None:
    with book.store.reading() as connection:
        [statement] = statements.read(connection, month, A)
        return read(connection, statement)


def test_what_changed_after_the_close_is_told_by_its_causes(store: Store) -> None:
    book = Book(store)
    fixed, returned, deleted = book.record(fails=["06"]), book.record(), book.record()
    book.tick(LATER)
    book.tick(AFTER)
    book.pass_all(fixed)
    book.queue(fixed)
    book.change(returned, status="returned", status_at=china("2022-02-15T09:00"))
    book.withdraw(behavior, deleted)
    book.record(status="draft", submitted=None)
    book.tick("2022-02-15T10:00")
    found = _since_seal(book)
    assert found is not None
    assert set(found.changes) == {
        Change("fixed", 0, 1),
        Change("returned", 1, 0),
        Change("found_late", 1, 0),
    }


def test_what_was_carried_and_is_fixed_after_the_close_has_changed_since(store: Store) -> None:
    book = Book(store)
    key = book.record(fails=["06"])
    book.tick(LATER)
    book.tick("2022-03-08T10:00")
    book.pass_all(key)
    book.queue(key)
    book.tick("2022-03-09T10:00")
    for month in (JANUARY, Month(2022, 2)):
        found = _since_seal(book, month)
        assert found is not None
        assert found.changes == (Change("fixed", 0, 1),)


def test_another_reason_than_at_the_close_is_told_by_its_cause(store: Store) -> None:
    book = Book(store)
    draft = book.record(status="draft", submitted=None)
    book.expect(action_code="示范-2")
    book.tick(LATER)
    book.change(draft, status="accepted", submitted_at=china("2022-02-15T09:00"))
    book.fail(draft, "06")
    book.record(action_code="示范-2", status="returned", submitted="2022-02-14T09:00")
    book.tick("2022-02-15T10:00")
    found = _since_seal(book)
    assert found is not None
    assert set(found.changes) == {Change("judged", 0, 0, 1), Change("returned", 0, 0, 1)}
    assert (found.remained, found.remains, found.seen_late) == (2, 2, 0)


def test_before_its_seal_a_month_has_not_changed_since(store: Store) -> None:
    book = Book(store)
    book.record(fails=["06"])
    book.tick(LATER)
    assert _since_seal(book) is None

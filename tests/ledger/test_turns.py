"""Why a department stands otherwise than at the seal, where no unit of it is the cause."""

from collections.abc import Callable
from datetime import date

import pytest

from monitor.ledger import statements
from monitor.ledger.explain_then import explain
from monitor.ledger.since_seal import SinceSeal, Turn, read
from monitor.store import Store
from monitor.store.tables import behavior, item, zero_report
from tests.ledger.book import JANUARY, A, Book, china

ITEM = "01030100100101"
CLOSED, SEALED, LATER = "2022-02-10T10:00", "2022-02-12T09:00", "2022-02-15T10:00"
FILES = {"kind": "files", "path": "inbox/*.csv", "status": "accepted"}

Step = Callable[[Book], object]
TURNS: dict[Turn, tuple[Step, Step]] = {
    Turn.REPORTED: (lambda _book: None, lambda book: _report(book, "2022-02-14T09:00")),
    Turn.FOUND: (
        lambda _book: None,
        lambda book: book.record(first_seen_at=china("2022-02-14T09:00")),
    ),
    Turn.NOTHING_IN_USE: (
        lambda _book: None,
        lambda book: book.amend(item, 1, in_use_to=date(2021, 12, 31)),
    ),
    Turn.REPORT_WITHDRAWN: (
        lambda book: _report(book, "2022-02-09T09:00"),
        lambda book: book.amend(zero_report, 1, deleted_at=china("2022-02-14T09:00")),
    ),
    Turn.NOTHING_LEFT: (
        lambda book: book.record(),
        lambda book: book.withdraw(behavior, 1),
    ),
    Turn.IN_USE: (
        lambda book: book.amend(item, 1, in_use_from=date(2022, 3, 1)),
        lambda book: book.amend(item, 1, in_use_from=date(2022, 1, 1)),
    ),
}
"""Of each the step before the seal and that after it, for a department with one item in use."""


def _report(book: Book, at: str) -> None:
    key = book.report_zero(A, "2022-01", at)
    book.amend(zero_report, key, first_seen_at=china(at))


def _since(book: Book) -> SinceSeal:
    with book.store.reading() as connection:
        [statement] = statements.read(connection, JANUARY, A)
        found = read(connection, statement)
    assert found is not None
    return found


@pytest.mark.parametrize("turn", TURNS)
def test_a_department_that_spoke_or_fell_silent_after_the_close_is_told_why(
    store: Store, turn: Turn
) -> None:
    before, after = TURNS[turn]
    book = Book(store)
    book.item(ITEM)
    before(book)
    book.tick(CLOSED)
    book.tick(SEALED)
    assert _since(book).turns == ()
    after(book)
    book.tick(LATER)
    assert _since(book).turns == (turn,)


def test_what_was_sealed_without_data_is_read_later(store: Store) -> None:
    book = Book(store, sources=[{"name": "checks", "feed": "check", **FILES}])
    book.record(source="checks")
    book.pulled("checks", "2022-02-08T09:00")
    assert book.january("2022-02-14T12:00").sealed_state == "no_data"
    assert _since(book).turns == ()
    book.pulled("checks", LATER)
    assert book.january(LATER).current_state == "cleared_late"
    assert _since(book).turns == (Turn.READ,)


def test_as_of_an_instant_before_the_turn_nothing_has_turned(store: Store) -> None:
    book = Book(store)
    book.item(ITEM)
    _report(book, "2022-02-09T09:00")
    book.tick(CLOSED)
    book.tick(SEALED)
    book.amend(zero_report, 1, deleted_at=china("2022-02-14T09:00"))
    book.tick(LATER)
    told = []
    for at in (SEALED, LATER):
        with store.reading() as connection:
            found = explain(connection, book.settings, A, JANUARY, china(at))
        assert found is not None
        assert found.since_seal is not None
        told.append(found.since_seal.turns)
    assert told == [(), (Turn.REPORT_WITHDRAWN,)]

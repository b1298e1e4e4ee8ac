"""Explanations of how a month stood at an earlier instant, from what was kept."""

from datetime import date

import pytest
import sqlalchemy as sa

from monitor.ledger import bygone, revisions, statements
from monitor.ledger.explain import Explanation
from monitor.ledger.explain_then import explain
from monitor.ledger.figures import Name
from monitor.store import Store
from monitor.store.tables import behavior, department
from monitor.words import DISTRICT
from monitor.workdays import Month
from tests.ledger.book import JANUARY, A, B, Book, C, china

FIRST, SECOND, THIRD = "2022-01-20T10:00", "2022-01-21T10:00", "2022-01-24T10:00"
FEBRUARY = Month(2022, 2)


def then(
    book: Book, at: str, code: str = A, month: Month = JANUARY, figure: Name | None = None
) -> Explanation:
    with book.store.reading() as connection:
        found = explain(connection, book.settings, code, month, china(at), figure=figure)
    assert found is not None
    return found


def stood(book: Book, at: str, code: str = A, month: Month = JANUARY) -> dict[str, list[str]]:
    """The units by reason, each by its action code; those that were counted are all listed."""
    found = then(book, at, code, month)
    assert found.reasons is not None
    assert all(each.count == len(each.units) for each in found.reasons)
    count = found.statement.backlog + found.statement.pending
    assert sum(each.count for each in found.reasons) == count
    return {
        each.reason: sorted(unit.action_code or "" for unit in each.units) for each in found.reasons
    }


def test_the_backlog_is_told_as_it_stood_with_the_reason_of_then(store: Store) -> None:
    book = Book(store)
    key = book.record(action_code="示范-1", status="draft", submitted=None)
    book.record(action_code="示范-2", status="pending")
    book.tick(FIRST)
    book.change(key, status="returned", status_at=china("2022-01-21T09:00"))
    book.tick(SECOND)
    book.change(key, status="accepted")
    book.tick(THIRD)
    assert stood(book, FIRST) == {"draft": ["示范-1"], "pending": ["示范-2"]}
    assert stood(book, "2022-01-21T09:59:59") == stood(book, FIRST)
    assert stood(book, SECOND) == {"returned": ["示范-1"], "pending": ["示范-2"]}
    assert stood(book, THIRD) == {"pending": ["示范-2"]}


def test_a_due_counts_from_the_only_status_that_was_ever_seen(store: Store) -> None:
    book = Book(store)
    returned_at = china("2022-01-17T09:00")
    book.record(status="returned", status_at=returned_at, first_seen_at=china("2022-01-17T10:00"))
    book.tick(FIRST)
    book.tick(SECOND)
    reasons = then(book, FIRST).reasons
    assert reasons is not None
    [unit] = reasons[0].units
    assert (unit.count.basis, unit.count.counted_from) == ("return", date(2022, 1, 17))


def test_a_due_counts_from_the_status_that_had_been_seen(store: Store) -> None:
    book = Book(store)
    key = book.record(status="returned", submitted="2022-01-11T10:00")
    book.see(key, "returned", china("2022-01-17T09:00"), None, china("2022-01-17T10:00"))
    book.tick(FIRST)
    book.change(key, status="accepted", status_at=china("2022-01-21T09:00"))
    book.see(key, "accepted", china("2022-01-21T09:00"), None, china("2022-01-21T10:00"))
    book.tick(SECOND)
    reasons = then(book, FIRST).reasons
    assert reasons is not None
    [unit] = reasons[0].units
    assert (unit.count.basis, unit.count.counted_from) == ("return", date(2022, 1, 17))
    assert unit.failures == ()


def test_figures_have_their_numerators_and_denominators_of_then(store: Store) -> None:
    book = Book(store, (A, B))
    key = book.record(fails=["06"])
    book.tick(FIRST)
    book.pass_all(key)
    book.tick(SECOND)
    told = {
        at: {line.name: (line.numerator, line.denominator, line.percent) for line in lines}
        for at in (FIRST, SECOND)
        for lines in (then(book, at).figures,)
    }
    assert told[FIRST]["valid_ratio"] == (0, 1, "0.00")
    assert told[SECOND]["valid_ratio"] == (1, 1, "100.00")
    [line] = then(book, FIRST, DISTRICT, figure=Name.VALID).figures
    assert line.departments == {A: (0, 1)}
    assert then(book, FIRST, figure=Name.VALID).reasons is None


def test_an_expected_act_stands_as_what_it_was_known_from_then(store: Store) -> None:
    book = Book(store)
    book.expect(action_code="示范-1")
    book.tick(FIRST)
    first = book.record(action_code="示范-1", status="draft", submitted=None)
    book.tick(SECOND)
    book.withdraw(behavior, first)
    second = book.record(action_code="示范-1", status="draft", submitted=None)
    book.tick(THIRD)
    book.withdraw(behavior, second)
    book.tick("2022-01-25T10:00")
    assert stood(book, FIRST) == {"unentered": ["示范-1"]}
    assert stood(book, SECOND) == stood(book, THIRD) == {"draft": ["示范-1"]}
    assert stood(book, "2022-01-25T10:00") == {"unentered": ["示范-1"]}
    with store.reading() as connection:
        records = [
            connection.scalars(
                sa.select(bygone.standing(connection, look, A, JANUARY).c.behavior_id)
            ).all()
            for look in (1, 2, 3, 4)
        ]
    assert records == [[None], [first], [second], [None]]


def test_a_unit_stands_in_the_department_and_month_that_it_had_then(store: Store) -> None:
    book = Book(store, (A, B))
    key = book.record(action_code="示范-1", status="draft", submitted=None)
    book.tick(FIRST)
    book.change(key, implement_institution_code=B)
    book.tick(SECOND)
    book.change(key, occurred_on=date(2021, 12, 30))
    book.tick(THIRD)
    draft = {"draft": ["示范-1"]}
    assert [stood(book, at) for at in (FIRST, SECOND, THIRD)] == [draft, {}, {}]
    assert [stood(book, at, B) for at in (FIRST, SECOND, THIRD)] == [{}, draft, draft]
    assert [stood(book, at, DISTRICT) for at in (FIRST, SECOND, THIRD)] == [draft] * 3
    assert then(book, SECOND, B).statement.carried == 0
    assert then(book, THIRD, B).statement.carried == 1


def test_what_a_department_left_stands_with_who_follows_from_then_on(store: Store) -> None:
    book = Book(store, (B, C))
    key = book.department(A)
    book.record(action_code="示范-1", status="draft", submitted=None)
    book.tick("2022-02-01T10:00")
    book.amend(department, key, in_scope_to=date(2022, 2, 8), successors=f"{B}、{C}")
    before, after = "2022-02-08T10:00", "2022-02-09T10:00"
    book.tick(before)
    book.tick(after)
    draft = {"draft": ["示范-1"]}
    assert (stood(book, before, A, FEBRUARY), stood(book, before, B, FEBRUARY)) == (draft, {})
    assert stood(book, after, A) == stood(book, after, B, FEBRUARY) == draft
    [taken] = then(book, after, B, FEBRUARY).inheritance.taken
    assert (taken.department, taken.count) == (A, 1)
    assert then(book, before, B, FEBRUARY).inheritance.taken == ()


def test_a_clock_that_went_back_tells_of_what_was_said_before(store: Store) -> None:
    book = Book(store)
    key = book.record(action_code="示范-1", status="draft", submitted=None)
    book.tick(THIRD)
    book.change(key, status="accepted")
    book.tick(FIRST)
    assert stood(book, THIRD) == {"draft": ["示范-1"]}
    assert stood(book, SECOND) == {}


def test_a_sealed_month_is_told_with_what_had_changed_since_by_then(store: Store) -> None:
    book = Book(store)
    key = book.record(status="draft", submitted=None)
    sealed_at, fixed_at = "2022-02-14T12:00", "2022-02-15T10:00"
    book.tick(FIRST)
    book.tick(sealed_at)
    book.change(key, status="accepted")
    book.tick(fixed_at)
    with store.writing() as connection:
        at = china("2022-02-16T15:00")
        revisions.reopen(connection, JANUARY, at, "示范员", "停机期间未读取", JANUARY)
    assert then(book, FIRST).since_seal is None
    since = then(book, sealed_at).since_seal
    assert since is not None
    assert (since.remained, since.remains, since.changes) == (1, 1, ())
    since = then(book, fixed_at).since_seal
    assert since is not None
    assert [(each.cause, each.left) for each in since.changes] == [("submitted", 1)]
    assert then(book, "2022-02-16T15:00").since_seal is None


@pytest.mark.parametrize("code", [A, B])
def test_what_had_no_statement_then_is_not_explained(store: Store, code: str) -> None:
    book = Book(store, (A,))
    book.tick(SECOND)
    at = china(FIRST if code == A else SECOND)
    with store.reading() as connection:
        assert explain(connection, book.settings, code, JANUARY, at) is None
        assert bool(statements.read(connection, JANUARY, code, at)) is False

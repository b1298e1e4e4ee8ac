"""Figures explained down to records and rules, and what a check costs."""

import json
from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa

from monitor.ledger import statements, tallies
from monitor.ledger.explain import Explanation, explain
from monitor.ledger.figures import percent
from monitor.store import Store
from monitor.workdays import Month
from tests.ledger.book import JANUARY, A, B, Book, china

OPEN = "2022-02-10T09:00"


@pytest.mark.parametrize(
    ("numerator", "denominator", "shown"),
    [(1, 8, "12.50"), (1, 3, "33.33"), (2, 3, "66.67"), (1, 800, "0.13"), (1, 32, "3.13")],
)
def test_percentages_are_rounded_half_up(numerator: int, denominator: int, shown: str) -> None:
    assert percent(numerator, denominator) == Decimal(shown)


def test_nothing_of_nothing_is_no_percentage() -> None:
    assert percent(0, 0) is None


def _explained(book: Book, department: str = A) -> Explanation:
    book.tick(OPEN)
    with book.store.reading() as connection:
        found = explain(connection, book.settings, department, JANUARY)
    assert found is not None
    return found


def test_an_explanation_names_record_rule_and_the_days_counted(store: Store) -> None:
    book = Book(store)
    book.record(action_code="示范-1", fails=["06"])
    book.record(action_code="示范-2")
    found = _explained(book)
    [reason] = found.reasons
    [line] = reason.units
    assert (reason.reason, reason.count, reason.by_kind) == ("invalid", 1, {"check": 1})
    assert (line.action_code, line.counted_from, line.due_on, line.working_days) == (
        "示范-1",
        date(2022, 1, 10),
        date(2022, 1, 17),
        5,
    )
    assert [failure.rule for failure in line.failures] == ["any.class_06"]


def test_each_figure_lists_the_units_that_it_lacks(store: Store) -> None:
    book = Book(store)
    book.record(action_code="示范-1")
    book.record(action_code="示范-2", submitted="2022-01-28T09:00")
    book.expect(action_code="示范-3")
    figures = {line.name: line for line in _explained(book).figures}
    assert [line.action_code for line in figures["timely_ratio"].lacking] == ["示范-2", "示范-3"]
    assert [line.action_code for line in figures["entry_ratio"].lacking] == ["示范-3"]


def test_the_counts_of_the_reasons_are_those_of_the_statement(store: Store) -> None:
    book = Book(store, (A, B))
    book.record(status="draft", submitted=None)
    book.record(status="pending", owner=B)
    found = _explained(book, "district")
    assert {line.reason: line.charged for line in found.reasons if line.charged} == dict(
        found.statement.reasons
    )


def test_an_explanation_is_json(store: Store) -> None:
    book = Book(store)
    book.item("01030100100101")
    book.record(status="draft", submitted=None)
    document = json.loads(json.dumps(_explained(book).to_json()))
    assert (document["format"], document["statement"]["month"]) == (1, "2022-01")
    coverage = next(f for f in document["figures"] if f["name"] == "coverage_sub_ratio")
    assert coverage["items"] == ["01030100100101"]


def test_there_is_no_explanation_without_a_statement(store: Store) -> None:
    book = Book(store)
    with store.reading() as connection:
        assert explain(connection, book.settings, A, Month(2021, 1)) is None


def test_the_tally_adds_up_to_the_backlog_and_what_waits_for_the_office(store: Store) -> None:
    book = Book(store)
    book.record(status="draft", submitted=None)
    book.record(status="pending")
    book.record(fails=["01"])
    statement = book.january(OPEN)
    with store.reading() as connection:
        rows = tallies.read(connection, "2022-01", [A])
    assert sum(row.count for row in rows) == statement.backlog + statement.pending == 3
    assert sum(statement.reasons.values()) == statement.backlog == 2


def test_a_check_takes_as_many_statements_for_many_departments_as_for_one(store: Store) -> None:
    book = Book(store, ())
    few = _statements_for(book, range(1))
    assert _statements_for(book, range(1, 20)) <= few


def _statements_for(book: Book, numbers: range) -> int:
    """How many statements the check takes that first sees the fixes of so many departments."""
    drafts = []
    for n in numbers:
        code = f"11500112MB00001{n:02d}X"
        book.department(code)
        book.item(f"{n:014d}", code)
        drafts.append(book.record(owner=code, status="draft", submitted=None))
        book.record("force", owner=code, check_action_code="无", fails=["08"])
        book.expect(action_code=f"示范-{n}", department=code)
        book.record(owner=code, action_code=f"示范-{n}")
    book.tick(OPEN)
    for draft in drafts:
        book.change(draft, status="accepted", submitted_on=date(2022, 1, 14))
    book.commit()
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    sa.event.listen(book.store.engine, "before_cursor_execute", note)
    book.tick("2022-02-10T10:00")
    sa.event.remove(book.store.engine, "before_cursor_execute", note)
    return len(seen)


def test_the_month_in_hand_is_the_one_that_closes_next(store: Store) -> None:
    book = Book(store)
    assert statements.month_in_hand(book.settings, china("2022-02-11T23:59")) == JANUARY
    assert statements.month_in_hand(book.settings, china("2022-02-12T00:00")) == Month(2022, 2)


def test_statements_are_read_back_by_month_and_department(store: Store) -> None:
    book = Book(store, (A, B))
    made = book.tick(OPEN)
    with store.reading() as connection:
        assert {(s.department, str(s.month)): s for s in statements.read(connection)} == made
        [one] = statements.read(connection, JANUARY, B)
        assert statements.made_at(connection) == china(OPEN)
    assert one == made[B, "2022-01"]

"""Figures explained down to records and rules, and what a check costs."""

import json
from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa

from monitor.ledger import statements, tallies
from monitor.ledger.explain import Explanation, ReasonLine, explain
from monitor.ledger.figures import Name, percent
from monitor.ledger.since_seal import Change
from monitor.store import Store
from monitor.store.tables import backlog, zero_report
from monitor.workdays import Month, day_end
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


def _explained(
    book: Book, department: str = A, now: str = OPEN, figure: Name | None = None
) -> Explanation:
    book.tick(now)
    with book.store.reading() as connection:
        found = explain(connection, book.settings, department, JANUARY, figure=figure)
    assert found is not None
    return found


def _reasons(found: Explanation) -> tuple[ReasonLine, ...]:
    assert found.reasons is not None
    return found.reasons


def test_an_explanation_names_record_rule_and_the_days_counted(store: Store) -> None:
    book = Book(store)
    book.record(action_code="示范-1", fails=["06"])
    book.record(action_code="示范-2")
    found = _explained(book)
    [reason] = _reasons(found)
    [line] = reason.units
    assert (reason.reason, reason.count, reason.by_kind) == ("invalid", 1, {"check": 1})
    count = line.count
    assert (line.action_code, count.counted_from, count.due_on, len(count.days)) == (
        "示范-1",
        date(2022, 1, 10),
        date(2022, 1, 17),
        7,
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
    assert {line.reason: line.charged for line in _reasons(found) if line.charged} == dict(
        found.statement.reasons
    )


@pytest.mark.parametrize("department", [A, "district"])
@pytest.mark.parametrize(
    "name", [Name.ENTRY, Name.TIMELY, Name.VALID, Name.LINKED, Name.RETURN_FIX, Name.PROGRESS]
)
def test_a_figure_asked_for_shows_every_unit_of_numerator_and_denominator(
    store: Store, name: Name, department: str
) -> None:
    book = Book(store, (A, B))
    book.record(on=date(2021, 12, 10), submitted="2022-01-20T09:00")
    book.record(fails=["06"])
    book.record("force", check_action_code="无", fails=["08"], submitted="2022-02-08T09:00")
    for owner in (A, B):
        book.remember(book.record(owner=owner), "returned", "2022-01-12T09:00")
        book.record(status="returned", owner=owner)
    book.record(status="draft", submitted=None)
    book.expect()
    book.expect("punish", department=B)
    found = _explained(book, department, figure=name)
    assert found.reasons is None
    [figure] = found.figures
    assert len(figure.reached) == figure.numerator
    assert len(figure.lacking) == figure.denominator - figure.numerator
    if department == "district":
        shares = (figure.departments or {}).values()
        assert sum(of for _, of in shares) == figure.denominator


def test_the_mandatory_cells_that_hold_nothing_are_named(store: Store) -> None:
    book = Book(store)
    book.record(malformed="inspectors")
    [figure] = _explained(book, figure=Name.COMPLETENESS).figures
    [line] = figure.lacking
    assert len(line.blank) == figure.denominator - figure.numerator
    assert "行政相对人" in line.blank
    assert "检查人员" not in line.blank


def test_a_returned_record_is_counted_from_its_return_as_the_ledger_counts_it(
    store: Store,
) -> None:
    book = Book(store)
    book.record(status="returned", status_at=china("2022-01-17T09:00"))
    book.record(status="pending")
    due = {
        line.reason: unit.count.due_on for line in _reasons(_explained(book)) for unit in line.units
    }
    rows = book.rows(sa.select(backlog.c.reason, backlog.c.due_at))
    assert {reason: day_end(due[reason]) for reason in due} == dict(rows)
    assert due["returned"] == date(2022, 1, 20)


def test_what_was_sealed_stands_beside_what_is_with_the_causes_of_the_difference(
    store: Store,
) -> None:
    book = Book(store)
    draft = book.record(status="draft", submitted=None)
    book.record(status="draft", submitted=None)
    assert _explained(book).since_seal is None
    book.tick("2022-02-12T09:00")
    book.change(draft, status="accepted", status_at=china("2022-02-14T09:00"))
    book.record(status="draft", submitted=None, on=date(2022, 1, 12))
    book.record(status="draft", submitted=None, on=date(2022, 1, 13))
    since = _explained(book, now="2022-02-15T09:00").since_seal
    assert since is not None
    assert (since.state, since.revision, since.counts["backlog"]) == ("not_cleared", 1, 2)
    assert since.changes == (Change("found_late", 2, 0), Change("submitted", 0, 1))
    assert (since.remained, since.remains, since.seen_late) == (2, 3, 0)


def test_what_was_done_before_the_close_and_read_after_it_was_sealed_so(store: Store) -> None:
    book = Book(store)
    draft = book.record(status="draft", submitted=None)
    book.tick(OPEN)
    sent = china("2022-02-11T23:50")
    book.change(
        draft, status="accepted", status_at=sent, submitted_at=sent, submitted_on=date(2022, 2, 11)
    )
    since = _explained(book, now="2022-02-12T09:00").since_seal
    assert since is not None
    assert (since.state, since.remained, since.seen_late) == ("cleared_on_time", 0, 1)
    assert since.changes == (Change("submitted", 0, 1),)


def test_a_zero_report_of_the_month_stands_in_its_explanation_and_is_contradicted(
    store: Store,
) -> None:
    book = Book(store)
    book.record()
    filed = book.report_zero(A, "2022-01", "2022-02-01T09:00")
    book.amend(zero_report, filed, filed_by="示范经办人")
    book.report_zero(A, "2021-12", "2022-01-01T09:00")
    [report] = _explained(book).zero_reports
    assert (report.month, report.contradicted, report.obligations) == (JANUARY, True, 1)
    assert report.filed_by is None


def test_an_explanation_is_json(store: Store) -> None:
    book = Book(store)
    book.item("01030100100101")
    book.record(status="draft", submitted=None)
    document = json.loads(json.dumps(_explained(book).to_json()))
    assert (document["format"], document["statement"]["month"]) == (3, "2022-01")
    days = document["reasons"][0]["units"][0]["count"]["days"]
    assert days[0] == {"day": "2022-01-11", "kind": "weekday", "holiday": None, "number": 1}
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

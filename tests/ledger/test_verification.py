"""Whatever is changed after it was sealed is found, and named."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from monitor.ledger import seals, verification
from monitor.store import Store
from monitor.store.tables import seal, statement
from monitor.store.types import canonical
from tests.ledger.book import A, B, Book

SEALED = "2022-02-12T09:00"
DECEMBER, JANUARY = "2021-12", "2022-01"


@pytest.fixture
def book(store: Store) -> Book:
    """Two sealed months of two departments."""
    made = Book(store, [A, B])
    for code in (A, B):
        made.record(on=None, submitted="2021-12-13T09:00", owner=code)
        made.record(owner=code)
    made.tick(SEALED)
    return made


def faults(book: Book, expected: str | None = None) -> list[tuple[str | None, str | None, str]]:
    """What a verification finds."""
    with book.store.reading() as connection:
        verdict = verification.verify(connection, expected)
    return [(each.month, each.department, each.fault.value) for each in verdict.broken]


def rewrite(
    book: Book, month: str, change: Callable[[dict[str, Any]], Any], *, rehash: bool = False
) -> None:
    """Change a sealed document, with its hash where `rehash`."""
    with book.store.writing() as connection:
        of_month = seal.c.month == month
        document: dict[str, Any] = connection.execute(
            sa.select(seal.c.document).where(of_month)
        ).scalar_one()
        change(document)
        hashed = {"hash": seals.digest(document)} if rehash else {}
        connection.execute(sa.update(seal).where(of_month).values(document=document, **hashed))


def test_a_seal_has_no_number_that_other_programs_would_write_otherwise(book: Book) -> None:
    with book.store.reading() as connection:
        chain = seals.read(connection)
    assert chain[0].document["rule"]["coverage_targets"] == [20, 40, 60, 80]
    fractions: list[str] = []
    for each in chain:
        json.loads(canonical(each.document), parse_float=fractions.append)
    assert fractions == []


def test_what_nobody_touched_is_as_it_was_sealed(book: Book) -> None:
    with book.store.reading() as connection:
        verdict = verification.verify(connection)
        chain = seals.read(connection)
    assert (verdict.seals, verdict.broken) == (2, ())
    assert [str(each.month) for each in chain] == [DECEMBER, JANUARY]
    assert verdict.last_hash == chain[-1].hash
    assert chain[-1].document["previous_hash"] == chain[0].hash


def changed(*path: str, to: Any = 7) -> Callable[[dict[str, Any]], None]:
    """A change of what B's part of a document holds at a path."""

    def change(document: dict[str, Any]) -> None:
        [place] = [each for each in document["statements"] if each["department"] == B]
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("path", "figure"),
    [
        (("obligations",), "obligations"),
        (("backlog",), "backlog"),
        (("zero",), "zero"),
        (("state",), "state"),
        (("reasons", "draft"), "reasons.draft"),
        (("figures", "timely_ratio", "numerator"), "figures.timely_ratio"),
    ],
)
def test_a_changed_figure_is_named_with_its_department_and_month(
    book: Book, path: tuple[str, ...], figure: str
) -> None:
    rewrite(book, JANUARY, changed(*path))
    with book.store.reading() as connection:
        broken = verification.verify(connection).broken
    named = {(e.month, e.department, e.figure) for e in broken if e.fault == "statement"}
    assert named == {(JANUARY, B, figure)}
    assert {(e.month, e.department) for e in broken} <= {(JANUARY, None), (JANUARY, B)}
    assert (JANUARY, None, "document") in faults(book)


@pytest.mark.parametrize(
    ("name", "to", "field"),
    [
        ("close_at", "2022-02-18T16:00:00+00:00", "close_at"),
        ("month", "2022-03", "month"),
        ("sealed_at", "2022-02-11T09:00:00+00:00", "sealed_at"),
        ("previous_hash", "0" * 64, "previous_hash"),
        ("follows", {"reason": "示范"}, "follows"),
        ("format", 1, "format"),
        ("added", 1, "added"),
    ],
)
def test_what_was_changed_in_the_head_of_a_seal_is_named(
    book: Book, name: str, to: object, field: str
) -> None:
    rewrite(book, JANUARY, lambda document: document.update({name: to}))
    assert named(book, "document") == {field}


def test_a_changed_setting_of_a_seal_is_named(book: Book) -> None:
    rewrite(book, JANUARY, lambda document: document["rule"].update(close="day:20"))
    assert named(book, "document") == {"rule.close"}


def test_a_department_that_was_hashed_anew_is_named_as_one_of_the_statements(book: Book) -> None:
    def forge(document: dict[str, Any]) -> None:
        changed("backlog")(document)
        [of_b] = [each for each in document["statements"] if each["department"] == B]
        of_b["marks"] = seals.marks(of_b)
        of_b["hash"] = seals.statement_digest(of_b)

    rewrite(book, JANUARY, forge)
    assert named(book, "document") == {f"statements.{B}"}
    rewrite(book, JANUARY, lambda document: document["statements"].clear())
    assert named(book, "document") == {f"statements.{code}" for code in (A, B, "district")}


def named(book: Book, fault: str) -> set[str | None]:
    """What a verification names of faults of a kind."""
    with book.store.reading() as connection:
        broken = verification.verify(connection).broken
    assert {each.month for each in broken} == {JANUARY}
    return {each.figure for each in broken if each.fault == fault}


def test_a_figure_taken_out_of_a_seal_is_named(book: Book) -> None:
    rewrite(book, JANUARY, changed("figures", to={}))
    with book.store.reading() as connection:
        broken = verification.verify(connection).broken
    assert "figures.timely_ratio" in {each.figure for each in broken}


def test_a_statement_without_marks_is_named_without_its_figure(book: Book) -> None:
    rewrite(book, JANUARY, changed("marks", to=None))
    with book.store.reading() as connection:
        broken = verification.verify(connection).broken
    assert {(e.department, e.figure) for e in broken if e.fault == "statement"} == {(B, None)}


def test_a_department_taken_out_of_a_seal_is_named(book: Book) -> None:
    rewrite(book, JANUARY, lambda document: document["statements"].pop(0))
    assert faults(book) == [(JANUARY, None, "document"), (JANUARY, A, "state")]


def test_a_seal_that_was_hashed_anew_breaks_the_chain_after_it(book: Book) -> None:
    rewrite(book, DECEMBER, lambda document: document.update(rule={}), rehash=True)
    assert faults(book) == [(JANUARY, None, "chain")]


def test_a_last_seal_that_was_forged_whole_is_found_by_the_hash_noted_elsewhere(book: Book) -> None:
    with book.store.reading() as connection:
        noted = [each.hash for each in seals.read(connection)]
    assert [faults(book, each) for each in noted] == [[], []]
    rewrite(book, JANUARY, lambda document: document.update(rule={}), rehash=True)
    assert faults(book) == []
    assert faults(book, noted[-1]) == [(None, None, "expected")]


def test_a_seal_that_was_deleted_is_missed_by_the_chain_and_by_the_statements(book: Book) -> None:
    with book.store.writing() as connection:
        connection.execute(sa.delete(seal).where(seal.c.month == DECEMBER))
    found = faults(book)
    assert (JANUARY, None, "chain") in found
    assert (DECEMBER, A, "state") in found


def test_a_document_that_is_no_json_any_more_is_a_fault_and_no_failure(book: Book) -> None:
    with book.store.writing() as connection:
        text = sa.type_coerce(seal.c.document, sa.Text)
        connection.execute(
            sa.update(seal).where(seal.c.month == JANUARY).values({text: sa.literal("{", sa.Text)})
        )
    assert (JANUARY, None, "document") in faults(book)


@pytest.mark.parametrize(
    ("column", "value"),
    [("previous_hash", "0" * 64), ("sealed_at", datetime(2022, 2, 11, tzinfo=UTC))],
)
def test_a_column_beside_the_document_must_say_what_it_says(
    book: Book, column: str, value: object
) -> None:
    with book.store.writing() as connection:
        connection.execute(sa.update(seal).where(seal.c.month == JANUARY).values({column: value}))
    assert (JANUARY, None, "column") in faults(book)
    assert named(book, "column") == {column}


def test_a_sealed_state_that_was_changed_on_the_board_is_named(book: Book) -> None:
    with book.store.writing() as connection:
        connection.execute(
            sa.update(statement)
            .where(statement.c.month == JANUARY, statement.c.department == A)
            .values(sealed_state="not_cleared")
        )
    assert faults(book) == [(JANUARY, A, "state")]

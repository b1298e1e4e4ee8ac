"""A sealed month that is reopened is sealed anew, and nothing of what was sealed is lost."""

from datetime import date

import pytest
import sqlalchemy as sa

from monitor.errors import EntryError
from monitor.ledger import closing, revisions, seals, statements, verification
from monitor.ledger.revisions import Reopening
from monitor.store import Store
from monitor.store.tables import audit, behavior, department, reopening, seal, statement
from monitor.words import DISTRICT, UNKNOWN_DEPARTMENT
from monitor.workdays import Month
from tests.ledger.book import JANUARY, A, B, Book, china

SEALED, REOPENED = "2022-02-12T09:00", "2022-02-16T15:00"
FILES = {"kind": "files", "path": "inbox/*.csv", "status": "accepted"}
CHECKS = {"name": "checks", "feed": "check", **FILES}


def reopen(
    book: Book, month: Month = JANUARY, at: str = REOPENED, reason: str = "停机期间未读取"
) -> Reopening:
    """Reopen a month as the office does."""
    book.commit()
    earliest = statements.earliest(book.settings, china(at))
    with book.store.writing() as connection:
        return revisions.reopen(connection, month, china(at), "示范员", reason, earliest)


def chain(book: Book) -> list[tuple[str, int, bool]]:
    """The seals in the order of the chain: month, revision, whether it holds."""
    with book.store.reading() as connection:
        assert verification.verify(connection).broken == ()
        found = seals.read(connection)
    return [(str(each.month), each.revision, each.reopened is None) for each in found]


def states(book: Book) -> set[tuple[str, str | None, str, bool | None]]:
    """How January stands: department, sealed and current state, whether late."""
    s = statement.c
    query = sa.select(s.department, s.sealed_state, s.current_state, s.late)
    rows = book.rows(query.where(s.month == str(JANUARY), s.department != DISTRICT))
    return {(row[0], row[1], row[2], row[3]) for row in rows}


def test_a_reopened_month_is_sealed_anew_and_the_old_seal_stays_in_the_chain(store: Store) -> None:
    book = Book(store, sources=[CHECKS])
    book.tick("2022-01-20T12:00")
    book.tick("2022-02-14T12:00")
    assert states(book) == {(A, "no_data", "no_data", True)}
    book.pulled("checks", "2022-02-16T14:00")
    book.record(source="checks")
    assert reopen(book).revision == 1
    assert states(book) == {(A, None, "open", None)}
    assert chain(book) == [("2022-01", 1, False)]
    for _ in range(2):
        book.tick("2022-02-16T15:10")
        assert states(book) == {(A, "cleared_on_time", "cleared_on_time", False)}
        assert chain(book) == [("2022-01", 1, False), ("2022-01", 2, True)]
    with store.reading() as connection:
        first, second = seals.read(connection)
    assert second.document["follows"] == {
        "hash": first.hash,
        "reopened_at": china(REOPENED).isoformat(),
        "reason": "停机期间未读取",
    }


def test_a_month_can_be_reopened_again_and_the_last_seal_holds(store: Store) -> None:
    book = Book(store)
    draft = book.record(status="draft", submitted=None)
    book.tick(SEALED)
    reopen(book)
    book.tick(REOPENED)
    reopen(book, at="2022-02-17T10:00")
    book.change(draft, status="deleted", deleted_at=china("2022-02-10T10:00"))
    book.tick("2022-02-17T11:00")
    assert [each[1:] for each in chain(book)] == [(1, False), (2, False), (3, True)]
    assert {sealed for _, sealed, _, _ in states(book)} == {"cleared_on_time"}


def test_the_seals_of_later_months_stay_as_they_are(store: Store) -> None:
    book = Book(store)
    book.record()
    book.record(on=date(2022, 2, 10), submitted="2022-02-11T10:00")
    book.tick("2022-03-09T09:00")
    before = chain(book)
    assert before == [("2022-01", 1, True), ("2022-02", 1, True)]
    reopen(book, at="2022-03-10T09:00")
    book.tick("2022-03-10T09:10")
    assert chain(book) == [("2022-01", 1, False), ("2022-02", 1, True), ("2022-01", 2, True)]


def test_a_reopened_month_waits_for_its_sources_until_the_next_working_day(store: Store) -> None:
    book = Book(store, sources=[CHECKS])
    book.tick("2022-01-20T12:00")
    book.tick("2022-02-14T12:00")
    reopen(book)

    def standing(now: str) -> str:
        book.tick(now)
        with store.reading() as connection:
            [found] = closing.prospects(connection, book.settings, china(now), [JANUARY])
        return found.standing.value

    assert standing("2022-02-17T11:59") == "reading"
    assert states(book) == {(A, None, "open", False)}
    assert standing("2022-02-17T12:00") == "sealed"
    assert states(book) == {(A, "no_data", "no_data", True)}


def test_a_department_that_has_left_keeps_its_place_in_a_reopened_month(store: Store) -> None:
    book = Book(store)
    left = book.department(B)
    book.tick("2022-01-20T12:00")
    book.tick(SEALED)
    reopen(book)
    book.amend(department, left, in_scope_to=date(2022, 1, 15))
    book.tick(REOPENED)
    assert {each[:2] for each in states(book)} == {
        (A, "cleared_on_time"),
        (B, "cleared_on_time"),
    }


def test_who_has_a_statement_between_two_seals_and_nothing_in_the_end_is_in_neither(
    store: Store,
) -> None:
    book = Book(store)
    book.tick("2022-01-20T12:00")
    book.tick(SEALED)
    record = book.record(owner=None, status="draft", submitted=None)
    book.tick("2022-02-15T12:00")
    assert {each[0] for each in states(book)} == {A, UNKNOWN_DEPARTMENT}
    reopen(book)
    book.withdraw(behavior, record)
    book.tick(REOPENED)
    assert {each[0] for each in states(book)} == {A}
    with store.reading() as connection:
        sealed = [each.document["statements"] for each in seals.read(connection)]
    assert [[each["department"] for each in there] for there in sealed] == [[A, DISTRICT]] * 2


def test_who_reopened_when_and_why_is_in_the_audit_trail(store: Store) -> None:
    book = Book(store)
    book.record()
    book.tick(SEALED)
    with store.reading() as connection:
        [sealed] = seals.read(connection)
    reopen(book)
    [entry] = book.rows(sa.select(audit.c.at, audit.c.actor, audit.c.action, audit.c.details))
    said = {"month": "2022-01", "revision": 1, "reason": "停机期间未读取", "hash": sealed.hash}
    assert entry == (china(REOPENED), "示范员", "reopen", said)


@pytest.mark.parametrize(
    ("month", "at", "reason", "said"),
    [
        (Month(2021, 12), REOPENED, "补录", "2021-12, which has no seal"),
        (JANUARY, REOPENED, " ", "expected a reason"),
        (JANUARY, "2022-02-12T08:00", "补录", "after 2022-01 was sealed"),
        (JANUARY, "2025-01-02T09:00", "补录", "(2022-02 or later), found 2022-01"),
    ],
)
def test_what_cannot_be_reopened_is_refused(
    store: Store, month: Month, at: str, reason: str, said: str
) -> None:
    book = Book(store)
    book.record()
    book.tick(SEALED)
    with pytest.raises(EntryError) as refused:
        reopen(book, month, at, reason)
    assert said in str(refused.value)
    assert chain(book) == [("2022-01", 1, True)]


def test_a_month_that_is_open_again_is_not_reopened_twice(store: Store) -> None:
    book = Book(store)
    book.record()
    book.tick(SEALED)
    reopen(book)
    with pytest.raises(EntryError) as refused:
        reopen(book)
    assert "is reopened already" in str(refused.value)


def test_a_change_to_what_was_reopened_is_found_with_its_revision(store: Store) -> None:
    book = Book(store)
    book.record()
    book.tick(SEALED)
    reopen(book)
    book.tick(REOPENED)

    def faults() -> set[tuple[int | None, str]]:
        with store.reading() as connection:
            broken = verification.verify(connection).broken
        return {(each.revision, each.fault.value) for each in broken}

    with store.writing() as connection:
        connection.execute(sa.update(reopening).values(reason="另一理由"))
    assert faults() == {(2, "reopening")}
    with store.writing() as connection:
        connection.execute(sa.delete(reopening))
    assert faults() == {(2, "reopening")}
    with store.writing() as connection:
        first = sa.update(seal).where(seal.c.revision == 1)
        connection.execute(first.values(document={"statements": []}))
    assert {(1, "document"), (1, "column"), (2, "reopening")} == faults()

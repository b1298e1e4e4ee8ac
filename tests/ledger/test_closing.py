"""Which months can be sealed, which wait, and for what; and the order in which they are chained."""

from datetime import date

import sqlalchemy as sa

from monitor.ledger import closing, seals, verification
from monitor.store import Store
from monitor.store.tables import seal
from monitor.workdays import Month
from tests.ledger.book import Book, china

FILES = {"kind": "files", "path": "inbox/*.csv", "status": "accepted"}
MONTHS = [Month(2021, 12), Month(2022, 1), Month(2022, 2)]


def standings(book: Book, now: str) -> list[tuple[str, tuple[str, ...]]]:
    """Where December to February stand, and the sources that each waits for or goes without."""
    book.commit()
    with book.store.reading() as connection:
        found = closing.prospects(connection, book.settings, china(now), MONTHS)
    return [(each.standing.value, each.unread) for each in found]


def test_a_month_waits_for_the_sources_not_read_since_its_close(store: Store) -> None:
    sources = [{"name": name, "feed": "check", **FILES} for name in ("one", "two")]
    book = Book(store, sources=sources)
    book.record(source="one")
    book.tick("2022-01-15T12:00")
    book.pulled("one", "2022-02-12T09:00")
    book.pulled("two", "2022-02-11T23:59")
    assert standings(book, "2022-02-11T23:59:59")[1] == ("open", ())
    assert standings(book, "2022-02-12T10:00")[1] == ("reading", ("two",))
    assert standings(book, "2022-02-14T11:59")[1] == ("reading", ("two",))
    assert standings(book, "2022-02-14T12:00")[1] == ("due", ("two",))
    book.pulled("two", "2022-02-12T10:30")
    assert standings(book, "2022-02-12T11:00")[1] == ("due", ())


def test_a_source_whose_reading_began_at_the_very_close_is_read(store: Store) -> None:
    book = Book(store, sources=[{"name": "one", "feed": "check", **FILES}])
    book.record(source="one")
    book.pulled("one", "2022-02-12T00:00")
    assert standings(book, "2022-02-12T00:00")[1] == ("due", ())


def test_a_pull_that_began_before_the_close_or_failed_after_it_is_no_reading(store: Store) -> None:
    book = Book(store, sources=[{"name": "one", "feed": "check", **FILES}])
    book.pulled("one", "2022-02-12T09:00", outcome="failed")
    assert standings(book, "2022-02-12T10:00")[1] == ("reading", ("one",))


def test_a_month_is_not_sealed_before_the_one_before_it(store: Store) -> None:
    book = Book(store, sources=[{"name": "one", "feed": "check", **FILES}])
    early = "2022-01-08T08:00"  # December closed at the end of the 10th
    assert [standing for standing, _ in standings(book, early)] == ["open", "open", "open"]
    months = [Month(2022, 1), Month(2021, 12)]
    with store.reading() as connection:
        found = closing.prospects(connection, book.settings, china("2022-02-12T10:00"), months)
    assert [each.standing.value for each in found] == ["reading", "after"]


def test_after_a_long_time_down_all_that_is_due_is_sealed_in_order_and_once(store: Store) -> None:
    book = Book(store)
    book.record(on=date(2021, 12, 10), submitted="2021-12-13T09:00")
    assert [each for each, _ in standings(book, "2022-05-20T09:00")] == ["due", "due", "due"]
    book.tick("2022-05-20T09:00")
    book.tick("2022-05-20T10:00")
    with store.reading() as connection:
        chain = [str(each.month) for each in seals.read(connection)]
    assert chain == ["2021-12", "2022-01", "2022-02", "2022-03", "2022-04"]
    assert [each for each, _ in standings(book, "2022-05-20T09:00")] == ["sealed"] * 3


def test_a_month_whose_records_come_after_a_later_seal_is_chained_behind_it(store: Store) -> None:
    book = Book(store)
    book.record()
    book.tick("2022-02-12T09:00")
    book.record(on=date(2021, 12, 10), submitted="2022-02-13T09:00")
    book.tick("2022-02-14T09:00")
    with store.reading() as connection:
        assert [str(each.month) for each in seals.read(connection)] == ["2022-01", "2021-12"]
        assert verification.verify(connection).broken == ()
    [[previous]] = book.rows(sa.select(seal.c.previous_hash).where(seal.c.month == "2022-01"))
    assert previous is None

"""What looks at a large district read: with all of it no more than grows with its units, after a
change of one record nothing whole."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from monitor.ledger import links, making
from monitor.store import Store, queue
from monitor.store.tables import backlog, behavior, expected, to_judge, unit
from tests.ledger.book import Book, china

MANY = 2_000
SEEN_AT = datetime(2022, 1, 20, tzinfo=UTC)


def landed(number: int) -> dict[str, object]:
    """What a check and an expected one have alike."""
    return {
        "id": number,
        "record_id": str(number),
        "content_hash": "0",
        "kind": "check",
        "record_id_from": "delivered",
        "first_seen_at": SEEN_AT,
    }


def draft(number: int) -> dict[str, object]:
    return landed(number) | {
        "source": "示范",
        "action_code": f"示检{number}",
        "occurred_on": date(2022, 1, 10),
        "status": "draft",
        "first_seen_on": date(2022, 1, 20),
    }


def case(number: int) -> dict[str, object]:
    """An expected row that half the time asks for one of the drafts."""
    return landed(number) | {
        "source": "示范案件",
        "action_code": f"示检{2 * number}",
        "due_basis_on": date(2022, 1, 10),
        "month": "2022-01",
    }


def filled(store: Store, many: int = MANY) -> Book:
    """The district, looked at for the first time."""
    book, now = Book(store), china("2022-02-14T10:00")
    book.commit()
    with store.writing() as connection:
        connection.execute(sa.insert(behavior), [draft(number) for number in range(1, many + 1)])
        connection.execute(
            sa.insert(to_judge), [{"behavior_id": number} for number in range(1, many + 1)]
        )
        connection.execute(sa.insert(expected), [case(number) for number in range(1, many + 1)])
    with store.writing() as connection:
        links.refresh(connection, book.settings, now)
        making.make(connection, book.settings, now)
        if store.engine.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_stat_force_next_flush()))
    return book


def change_all(book: Book, hour: int, **cells: Any) -> None:
    """Say something else in each record; then the district is looked at, at that hour."""
    now = china(f"2022-02-14T{hour}:00")
    with book.store.writing() as connection:
        queue.add(connection, sa.true())
        connection.execute(sa.update(behavior).values(cells))
    with book.store.writing() as connection:
        links.refresh(connection, book.settings, now)
        connection.execute(sa.delete(to_judge))
        making.make(connection, book.settings, now)


@pytest.mark.parametrize("table", [unit, backlog], ids=lambda table: str(table.name))
def test_the_first_look_reads_a_table_that_it_fills_no_more_often_for_each_row(
    postgres_url: str, table: sa.Table
) -> None:
    store = Store(postgres_url)
    filled(store)
    touched = sa.text("SELECT heap_blks_hit FROM pg_statio_user_tables WHERE relname = :name")
    with store.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == MANY * 3 / 2
        blocks = connection.scalar(touched, {"name": table.name})
    store.close()
    assert 0 < blocks < 4 * MANY


def plans(store: Store) -> list[tuple[str, dict[str, Any]]]:
    """The statements that the store is given from now on, each with PostgreSQL's plan for it."""
    found: list[tuple[str, dict[str, Any]]] = []

    @sa.event.listens_for(store.engine, "before_cursor_execute")
    def explain(
        connection: sa.Connection,
        _cursor: Any,
        statement: str,
        parameters: Any,
        _context: Any,
        is_many: bool,
    ) -> None:
        if statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE")) and not is_many:
            explained = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
            found.append((statement, explained.scalar_one()[0]["Plan"]))

    return found


def compares_each_with_each(plan: dict[str, Any]) -> bool:
    """Whether of two things of many rows each row of one is held against each of the other."""
    parts = plan.get("Plans", [])
    if plan["Node Type"] == "Nested Loop":
        outer, inner = parts[:2]
        is_found = inner["Node Type"].startswith(("Index", "Bitmap", "Memoize"))
        if not is_found and min(outer["Plan Rows"], inner["Plan Rows"]) >= MANY / 10:
            return True
    return any(compares_each_with_each(part) for part in parts)


@pytest.mark.parametrize("is_first", [True, False], ids=["the first", "a further one"])
def test_a_look_at_everything_compares_nothing_each_with_each(
    postgres_url: str, is_first: bool
) -> None:
    store = Store(postgres_url)
    planned = plans(store)
    book = filled(store)
    if not is_first:
        planned.clear()
        with store.writing() as connection:
            making.make(connection, book.settings, china("2022-02-14T11:00"), anew=True)
    store.close()
    assert any("INSERT INTO ledger_gone" in statement for statement, _ in planned)
    assert [statement for statement, plan in planned if compares_each_with_each(plan)] == []


def steps(store: Store) -> Counter[str]:
    """The hundreds of steps that SQLite takes from now on for each statement."""
    taken: Counter[str] = Counter()
    running = [""]

    def count() -> int:
        taken[running[0]] += 1
        return 0

    @sa.event.listens_for(store.engine, "before_cursor_execute")
    def begin(connection: sa.Connection, _cursor: Any, statement: str, *_: Any) -> None:
        running[0] = statement
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.set_progress_handler(count, 100)

    return taken


def in_files(folder: Path) -> Iterator[tuple[int, Store]]:
    """Two stores in SQLite's files, and how many records are to be there."""
    for many in (MANY // 4, MANY):
        store = Store(f"sqlite:///{folder / f'{many}.db'}")
        store.upgrade()
        yield many, store
        store.close()


def test_sqlite_takes_four_times_the_steps_for_four_times_as_many(tmp_path: Path) -> None:
    taken = []
    for number, store in in_files(tmp_path):
        taken.append(steps(store))
        book = filled(store, number)
        change_all(book, 11, status="pending")
        change_all(book, 12, status="accepted")
        change_all(book, 13, occurred_on=date(2021, 12, 10))
        change_all(book, 14, deleted_at=SEEN_AT)
    few, many = taken
    assert any("INSERT INTO backlog_event" in statement for statement in many)
    grown = {each: (few[each], many[each]) for each in many if many[each] > 6 * max(few[each], 20)}
    assert grown == {}


def test_sqlite_takes_no_more_steps_for_one_change_among_many(tmp_path: Path) -> None:
    taken = []
    for number, store in in_files(tmp_path):
        book = filled(store, number)
        change_all(book, 11, status="pending")
        with store.writing() as connection:
            queue.add(connection, behavior.c.id == 1)
        taken.append(steps(store))
        with store.writing() as connection:
            links.refresh(connection, book.settings, china("2022-02-14T12:00"))
    few, many = taken
    assert sum(many.values()) <= sum(few.values()) + 2, many.most_common(3)


def reads_all_records(plan: dict[str, Any]) -> bool:
    """Whether all rows of the table of records are read."""
    is_whole = plan["Node Type"] == "Seq Scan" and plan["Relation Name"] == behavior.name
    return is_whole or any(reads_all_records(part) for part in plan.get("Plans", []))


def test_a_look_after_one_change_reads_no_record_but_those_it_concerns(postgres_url: str) -> None:
    store = Store(postgres_url)
    book, later = filled(store), china("2022-02-14T11:00")
    with store.writing() as connection:
        connection.execute(sa.delete(to_judge))
    with store.writing() as connection:
        queue.add(connection, behavior.c.id == 1)
        connection.execute(sa.update(behavior).where(behavior.c.id == 1).values(status="pending"))
    planned = plans(store)
    with store.writing() as connection:
        links.refresh(connection, book.settings, later)
        making.make(connection, book.settings, later)
    store.close()
    assert any("UPDATE behavior" in statement for statement, _ in planned)
    assert [statement for statement, plan in planned if reads_all_records(plan)] == []


def test_records_without_a_day_are_found_by_their_index_whatever_reading_all_seems_to_cost(
    postgres_url: str,
) -> None:
    store = Store(postgres_url)
    book = Book(store)
    book.commit()
    with store.writing() as connection:
        connection.execute(sa.insert(behavior), [draft(number) for number in range(1, MANY + 1)])
    planned = plans(store)
    with store.writing() as connection:
        connection.exec_driver_sql("SET LOCAL random_page_cost = 10000")
        links.refresh(connection, book.settings, china("2022-02-14T11:00"))
        connection.execute(sa.select(behavior.c.party_name))
    store.close()
    ((_, found),) = [each for each in planned if each[0].startswith("SELECT lent.id")]
    assert not reads_all_records(found)
    assert reads_all_records(planned[-1][1])

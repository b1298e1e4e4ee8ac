"""The first look of a large district: what it writes is not read again with every further row."""

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from monitor.ledger import links, making
from monitor.store import Store
from monitor.store.tables import backlog, behavior, to_judge, unit
from tests.ledger.book import Book, china

MANY = 2_000
SEEN_AT = datetime(2022, 1, 20, tzinfo=UTC)


def draft(number: int) -> dict[str, object]:
    return {
        "id": number,
        "source": "示范",
        "record_id": str(number),
        "content_hash": "0",
        "kind": "check",
        "action_code": f"示检{number}",
        "occurred_on": date(2022, 1, 10),
        "status": "draft",
        "record_id_from": "delivered",
        "first_seen_on": date(2022, 1, 20),
        "first_seen_at": SEEN_AT,
    }


@pytest.mark.parametrize("table", [unit, backlog], ids=lambda table: str(table.name))
def test_the_first_look_reads_a_table_that_it_fills_no_more_often_for_each_row(
    postgres_url: str, table: sa.Table
) -> None:
    store = Store(postgres_url)
    book, now = Book(store), china("2022-02-14T10:00")
    book.commit()
    with store.writing() as connection:
        connection.execute(sa.insert(behavior), [draft(number) for number in range(1, MANY + 1)])
        connection.execute(
            sa.insert(to_judge), [{"behavior_id": number} for number in range(1, MANY + 1)]
        )
    with store.writing() as connection:
        links.refresh(connection, book.settings, now)
        making.make(connection, book.settings, now)
        connection.execute(sa.select(sa.func.pg_stat_force_next_flush()))
    touched = sa.text("SELECT heap_blks_hit FROM pg_statio_user_tables WHERE relname = :name")
    with store.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == MANY
        blocks = connection.scalar(touched, {"name": table.name})
    store.close()
    assert 0 < blocks < 3 * MANY

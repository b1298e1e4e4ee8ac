"""Bulk writing: what is written is what is read, whatever is in a cell."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from monitor.store import Store, bulk
from monitor.store.tables import behavior, to_judge

AWKWARD = ["", " ", "\\N", "\\.", 'a"b', "a,b", "a\nb\r\nc", "\t", "NULL", "示范、𠮷", None]


def row(number: int, text: str | None, **cells: Any) -> dict[str, Any]:
    return {
        "source": "示范",
        "record_id": str(number),
        "content_hash": "0",
        "kind": "punish",
        "status": "accepted",
        "record_id_from": "delivered",
        "first_seen_at": datetime(2022, 1, 28, 2, 0, 0, 1, tzinfo=UTC),
        "first_seen_on": date(2022, 1, 28),
        "party_name": text,
        "fine_yuan": Decimal("1234567.89"),
        "has_hearing": None if text is None else number % 2 == 0,
        "inspector_count": None if text is None else number,
        **cells,
    }


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema_overrides={"fine_yuan": pl.Decimal(18, 2)})


def stored(connection: sa.Connection, like: dict[str, Any]) -> list[dict[str, Any]]:
    query = sa.select(*(behavior.c[name] for name in like)).order_by(behavior.c.id)
    return [dict(found) for found in connection.execute(query).mappings()]


def test_every_cell_is_read_as_it_was_written(store: Store) -> None:
    rows = [row(number, text) for number, text in enumerate(AWKWARD)]
    with store.writing() as connection:
        bulk.append(connection, behavior, frame(rows))
        assert stored(connection, rows[0]) == rows


def test_an_update_sets_what_it_is_told_to(store: Store) -> None:
    rows = [row(number, "示范甲") for number in range(4)]
    day = date(2022, 2, 1)
    with store.writing() as connection:
        numbers = bulk.numbers(connection, behavior, 4)
        bulk.append(connection, behavior, frame(rows).with_columns(id=numbers))
        changed = pl.DataFrame(
            {"id": numbers[1:], "party_name": ["", "a\tb\\n", None], "first_seen_on": day}
        )
        bulk.update(connection, behavior, changed)
        assert stored(connection, rows[0]) == [
            rows[0],
            rows[1] | {"party_name": "", "first_seen_on": day},
            rows[2] | {"party_name": "a\tb\\n", "first_seen_on": day},
            rows[3] | {"party_name": None, "first_seen_on": day},
        ]


def test_numbers_are_given_once(store: Store) -> None:
    with store.writing() as connection:
        bulk.append(connection, behavior, frame([row(0, None)]))
        numbers = bulk.numbers(connection, behavior, 3)
        rows = frame([row(n, None) for n in (1, 2, 3)])
        bulk.append(connection, behavior, rows.with_columns(id=numbers))
        bulk.append(connection, behavior, frame([row(4, None)]))
        found = connection.scalars(sa.select(behavior.c.id).order_by(behavior.c.record_id)).all()
    assert found[1:4] == numbers.to_list()
    assert len(set(found)) == 5


def test_numbers_drawn_ahead_are_given_to_nobody_else(store: Store) -> None:
    with store.reading() as connection:
        ahead = bulk.numbers_ahead(connection, behavior, 3)
    with store.writing() as connection:
        bulk.append(connection, behavior, frame([row(0, None)]))
        later = bulk.numbers(connection, behavior, 3)
        bulk.append(connection, behavior, frame([row(n, None) for n in (1, 2, 3)]))
        given = connection.scalars(sa.select(behavior.c.id)).all()
    assert (ahead is None) == (store.engine.name == "sqlite")
    assert not {*(ahead if ahead is not None else ())} & {*given, *later}


def test_rows_made_without_the_store_are_added_as_those_made_with_it(store: Store) -> None:
    cells = [row(number, text) for number, text in enumerate(AWKWARD)]
    made = bulk.rows(store.engine.name, behavior, frame(cells))
    with store.writing() as connection:
        bulk.add(connection, made)
        bulk.add(connection, bulk.rows(store.engine.name, behavior, frame(cells).clear()))
        assert stored(connection, cells[0]) == cells


def test_values_are_found_however_many_are_asked_for(store: Store) -> None:
    rows = [row(number, None) for number in range(10)]
    with store.writing() as connection:
        bulk.append(connection, behavior, frame(rows))
        asked = [str(number) for number in range(8, 100_000)]
        query = sa.select(behavior.c.record_id).where(
            bulk.one_of(connection, behavior.c.record_id, asked)
        )
        assert sorted(connection.scalars(query)) == ["8", "9"]


def test_a_row_that_the_store_refuses_is_a_database_error(store: Store) -> None:
    twice = pl.DataFrame({"behavior_id": [1, 1]})
    with pytest.raises(sa.exc.DBAPIError), store.writing() as connection:
        bulk.append(connection, to_judge, twice)
    with store.reading() as connection:
        assert connection.scalars(sa.select(to_judge.c.behavior_id)).all() == []


def test_rows_are_found_by_whatever_value_they_have(store: Store) -> None:
    texts = [text for text in AWKWARD if text is not None] + ["{a}", "{", "\\", '"', 'a\\"b']
    rows = [row(number, text) for number, text in enumerate(texts)]
    with store.writing() as connection:
        bulk.append(connection, behavior, frame([*rows, row(-1, "示范乙"), row(-2, None)]))
        for values in (texts, pl.Series(texts)):
            wanted = bulk.one_of(connection, behavior.c.party_name, values)
            query = sa.select(behavior.c.party_name).where(wanted).order_by(behavior.c.id)
            assert connection.scalars(query).all() == texts
        nothing = bulk.one_of(connection, behavior.c.party_name, [])
        assert connection.scalar(sa.select(sa.func.count()).where(nothing)) == 0
        last = connection.scalar(sa.select(sa.func.max(behavior.c.id)))
        by_number = bulk.one_of(connection, behavior.c.id, pl.Series([last]))
        assert connection.scalars(sa.select(behavior.c.party_name).where(by_number)).all() == [None]


def test_rows_are_listed_to_join_with_whatever_they_hold(store: Store) -> None:
    texts = [text for text in AWKWARD if text is not None] + ["{a}", "\\", "1", "null"]
    rows = [row(number, text) for number, text in enumerate(texts)]
    with store.writing() as connection:
        bulk.append(connection, behavior, frame(rows))
        for asked in (texts, texts[:1], []):
            given = pl.DataFrame(
                {"place": range(len(asked)), "text": asked},
                schema={"place": pl.Int64(), "text": pl.String()},
            )
            listed, values = bulk.listed(connection, given)
            query = sa.select(listed.c.place, behavior.c.party_name).join_from(
                listed, behavior, behavior.c.party_name == listed.c.text
            )
            found = connection.execute(query.order_by(listed.c.place), values).all()
            assert [tuple(pair) for pair in found] == list(given.rows())


def test_numbers_are_gathered_into_one_value(store: Store) -> None:
    with store.writing() as connection:
        bulk.append(connection, behavior, frame([row(number, None) for number in range(3)]))
        number = bulk.gathered(connection, sa.cast(behavior.c.record_id, sa.Integer))
        query = sa.select(number, number.filter(behavior.c.record_id > "0"))
        everything, some = connection.execute(query).one()
        nothing = connection.scalar(sa.select(number).where(sa.false()))
    assert (sorted(everything), sorted(some), nothing or []) == ([0, 1, 2], [1, 2], [])

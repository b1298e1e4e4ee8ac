"""Rows of PostgreSQL written as one text each: the cells that a value for each would give."""

from collections.abc import Sequence

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from monitor.errors import SourceError
from monitor.sources.batch import Batch, Start
from monitor.sources.columns import Dialect
from monitor.sources.sql import read
from monitor.sources.sql.database import opened
from monitor.sources.sql.rows import Cells, Wholes, wholes
from tests.sources.exchange import execute, source

TYPES = {
    "name": ("甲", 'a"b'),
    "bigint": ("9223372036854775807", "-1"),
    "smallint": ("7",),
    "integer": ("0",),
    "text": ("", " ", "a,b", '"', '""', "\\", "\\\\N", "(示范)", "甲\n乙\r\n", "\t", "NULL", "'"),
    "char(4)": ("b", ""),
    "varchar(20)": ("示范", "", "a''b"),
    "date": ("2022-01-05", "infinity", "0044-03-15 BC", "12022-01-05"),
    "numeric": ("1200.50", "1e20", "1e-20", "NaN", "-0.000"),
    "uuid": ("00000000-0000-0000-0000-00000000000A",),
    "boolean": ("true", "false"),
    "timestamp": (
        *("2022-01-05 09:30", "2022-01-05 09:30:00.5", "2022-01-05 09:30:00.000001"),
        *("-infinity", "0044-03-15 09:30 BC", "12022-01-05 09:30:00.5"),
    ),
    "timestamptz": (
        *("2022-01-05 09:30:00.25+00", "1988-07-01 09:30+08", "1900-01-01 00:00+00"),
        *("infinity", "0044-03-15 09:30+00 BC"),
    ),
}
"""Each type that is read so, and what it may hold."""

ROWS = max(map(len, TYPES.values())) + 1


def table(url: str) -> sa.FromClause:
    """A table of all types; its last row holds nothing."""
    columns = ", ".join(f'"{name}，" {name}' for name in TYPES)
    rows = [
        ", ".join(literal(cells[row] if row < len(cells) else None) for cells in TYPES.values())
        for row in range(ROWS)
    ]
    execute(url, f"CREATE TABLE all_types ({columns})")
    execute(url, *(f"INSERT INTO all_types VALUES ({row})".replace("%", "%%") for row in rows))
    return sa.table("all_types")


def literal(text: str | None) -> str:
    return "NULL" if text is None else "'{}'".format(text.replace("'", "''"))


def test_both_ways_give_the_same_cells(postgres_front_end: str) -> None:
    rows = table(postgres_front_end)
    with opened(source(postgres_front_end)) as database:
        columns = database.columns(rows)
        headers = [column.name for column in columns]
        whole = wholes(headers, [column.type for column in columns], None)
        assert whole is not None
        cells = Cells(headers, None, database.plain)
        (texts,) = database.stream(whole.select(rows), ROWS)
        (values,) = database.stream(cells.select(rows), ROWS)
        assert_frame_equal(whole.frame(texts), cells.frame(values))


def test_a_statement_that_the_server_does_not_take_ends_nothing(postgres_front_end: str) -> None:
    with opened(source(postgres_front_end)) as database:
        assert not database.takes(sa.text("SELECT CAST((1, 2) AS nothing)"))
        assert database.takes(sa.text("SELECT CAST((1, 2) AS text)"))
        assert database.value(sa.text("SELECT 7")) == 7


@given(st.lists(st.tuples(st.text(), st.none() | st.text()), min_size=1))
def test_a_row_comes_apart_as_it_was_put_together(rows: Sequence[tuple[str, str | None]]) -> None:
    whole = Wholes(["甲", "乙"], ["text", "text"], None)
    found = whole.frame([("({})".format(",".join(map(quoted, row))),) for row in rows])
    assert found.rows() == [(one or None, other or None) for one, other in rows]


def quoted(text: str | None) -> str:
    """As PostgreSQL's record_out writes a column."""
    if text is None:
        return ""
    doubled = text.replace("\\", "\\\\").replace('"', '""')
    is_plain = text and not any(c in '"\\(),' or c.isspace() for c in text)
    return text if is_plain else f'"{doubled}"'


def test_rows_that_come_apart_otherwise_are_refused() -> None:
    with pytest.raises(SourceError, match="expected 1 rows, found what reads as 2"):
        Wholes(["甲", "乙"], ["text", "text"], None).frame([("(a,b\nc,d)",)])


@pytest.mark.parametrize("column", ["1.5::real", "'{}'::json", "'{甲}'::text[]", "time '09:30'"])
def test_a_column_whose_text_may_be_another_is_read_by_its_values(
    postgres_front_end: str, column: str
) -> None:
    (batch,) = delivered(postgres_front_end, f"SELECT 1 AS plan_id, 2 AS object_id, {column} AS o")
    assert batch.parts[0].frame.row(0) in [("1", "2", o) for o in ("1.5", "{}", "甲", "09:30:00")]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 'a' AS plan_id, 'b' AS object_id, NULL AS object_id",
        "SELECT 'a' AS plan_id, 'b' AS object_id, NULL AS delivered",
        "SELECT 'a' AS plan_id, 'b' AS object_id, NULL AS \"a,b\"\" \"",
    ],
)
def test_whatever_columns_are_called_they_are_read(postgres_front_end: str, query: str) -> None:
    (batch,) = delivered(postgres_front_end, query)
    assert batch.parts[0].frame.row(0) == ("a", "b", None)


def test_a_row_of_one_column_is_read_by_its_value() -> None:
    assert wholes(["code"], [25], None) is None


def test_the_cursor_moves_with_rows_that_are_one_text(postgres_front_end: str) -> None:
    query = (
        "SELECT n AS plan_id, n AS object_id, timestamp '2022-01-05' + n * interval '1 day' AS t"
    )
    batches = delivered(
        postgres_front_end, f"{query} FROM generate_series(1, 5) AS n", cursor="t", batch_rows=2
    )
    assert [batch.cursors.get("t") for batch in batches] == [
        f'{{"datetime": "2022-01-{day}T00:00:00"}}' for day in ("07", "09", "10")
    ]
    assert batches[0].parts[0].frame.row(0) == ("1", "1", "2022-01-06 00:00:00")


def delivered(url: str, query: str, **more: object) -> list[Batch]:
    settings = source(url, query=query, feed="drawn_object", **more)
    parts = list(read(settings, Dialect(settings), Start()))
    return [part for part in parts if isinstance(part, Batch)]

"""Values: a cell is read as what it is, whatever was read before it."""

from collections.abc import Sequence

import polars as pl
from polars.testing import assert_frame_equal

from monitor import standard
from monitor.sources import values
from monitor.sources.values import Values
from monitor.words import Kind

FIELDS = {item.column: item for item in standard.fields(Kind.CHECK)}
READ = [FIELDS[name] for name in ("party_name", "occurred_on", "check_form", "inspectors")]
ROWS = 200


def batch(*cells: str | None) -> pl.DataFrame:
    """Rows that have these cells in turn, the same in each column."""
    repeated = [cells[row % len(cells)] for row in range(ROWS)]
    return pl.DataFrame({f"text:{item.column}": repeated for item in READ}, schema_overrides=TEXTS)


TEXTS = dict.fromkeys((f"text:{item.column}" for item in READ), pl.String())
BATCHES = (
    batch("2022-01-05", " 2022/1/6 ", "—"),
    batch("2022-01-05", None),
    batch(None, "２０２２-01-07", "张三 李四", "2022-01-05"),
    batch(*map(str, range(ROWS))),
    batch(" 2022/1/6 ", "2022-09-31"),
    batch("2022-01-05").clear(),
    batch("2022-01-05", "").head(3),
)


def read(reader: Values, rows: pl.DataFrame) -> pl.DataFrame:
    return reader.of(rows, READ, (), {})


def alike(batches: Sequence[pl.DataFrame]) -> None:
    """Assert that one reader reads them as readers do that saw nothing before."""
    reader = Values()
    for rows in batches:
        assert_frame_equal(
            read(reader, rows), read(Values(), rows), check_column_order=False, check_exact=True
        )


def test_what_was_read_before_changes_nothing() -> None:
    alike(BATCHES)
    alike(BATCHES[::-1])


def test_cells_that_repeat_are_read_as_those_that_do_not() -> None:
    once = pl.concat(rows.unique(maintain_order=True) for rows in BATCHES[:3])
    many = pl.concat([once] * ROWS)
    assert_frame_equal(
        read(Values(), many).head(once.height), read(Values(), once), check_column_order=False
    )


def test_only_so_many_cells_are_kept() -> None:
    reader = Values()
    for at in range(4):
        own = [f"{at}-{number}" for number in range(values._MOST // 2)]
        read(
            reader, pl.concat([batch(*own[start : start + 20]) for start in range(0, len(own), 20)])
        )
        assert max(len(kept.cells) for kept in reader._kept.values()) <= values._MOST

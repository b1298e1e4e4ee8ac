"""A front-end database is read in its cursor's order: nothing is lost, and little is read twice."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.config import SqlSource
from monitor.errors import SourceError
from monitor.sources import counts, reader
from monitor.sources.batch import Batch, Remark, Start
from monitor.sources.columns import Dialect
from monitor.sources.counts import What
from monitor.store import Store
from tests.sources.deliveries import pulled, rows_of
from tests.sources.exchange import TABLE, create, execute, insert, quoted, source

NOW = datetime(2022, 1, 28, 2, tzinfo=UTC)


@dataclass
class Reader:
    """Reads a source time and again; what it has read moves its cursor."""

    source: SqlSource
    cursors: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def ids(self, now: datetime = NOW, **again: Any) -> list[str]:
        """The numbers of the rows that a reading hands out, in their order."""
        found: list[str] = []
        self.remarks = []
        start = Start(self.cursors, now=now, **again)
        for part in reader.read(self.source, Dialect(self.source), start):
            if isinstance(part, Remark):
                self.remarks.append(part.text)
            elif isinstance(part, Batch):
                found += [row for rows in part.parts for row in rows.frame["cd_id"]]
                self.cursors |= part.cursors
        return found


def test_rows_land_in_batches_and_only_new_ones_are_read_again(
    store: Store, front_end: str, now: datetime
) -> None:
    create(front_end)
    insert(front_end, *((n, f"2022-01-2{n} 09:00:00", "01") for n in (3, 1, 2, 5, 4)))
    reads = source(front_end, cursor="cd_time", batch_rows=2)
    first = pulled(store, reads, now)
    assert (first.read, first.landed, first.malformed, first.error) == (5, 5, 0, None)
    assert [row["action_code"] for row in rows_of(store)] == [f"示检{n}" for n in range(1, 6)]
    assert pulled(store, reads, now).read == 1, "the overlap's rows"
    insert(front_end, (6, "2022-01-25 08:55:00", "01"), (7, "2022-01-24 08:00:00", "01"))
    again = pulled(store, reads, now)
    assert (again.read, again.landed, again.unchanged) == (2, 1, 1)


def test_rows_without_a_cursors_value_are_read_each_time(front_end: str) -> None:
    create(front_end)
    insert(front_end, (1, None, "01"), (2, "2022-01-25 09:00:00", "01"))
    reads = Reader(source(front_end, cursor="cd_time", overlap="1s"))
    assert sorted(reads.ids()) == ["c1", "c2"]
    insert(front_end, (3, None, "01"), (4, "2022-01-26 09:00:00", "01"))
    assert sorted(reads.ids()) == ["c1", "c2", "c3", "c4"]
    assert sorted(reads.ids()) == ["c1", "c3", "c4"]


def test_a_row_without_id_or_key_is_the_same_row_when_an_overlap_reads_it_again(
    store: Store, front_end: str, now: datetime
) -> None:
    create(front_end)
    insert(front_end, *((n, f"2022-01-2{min(n, 4)} 09:00:00", "01") for n in range(1, 6)))
    key = quoted(front_end, "checkActionCode")
    keyless = f"UPDATE {TABLE} SET cd_id = NULL, {key} = NULL"
    execute(front_end, keyless)
    reads = source(front_end, cursor="cd_time")
    first = pulled(store, reads, now)
    assert (first.read, first.landed) == (5, 5), "the last two are equal, and two"
    again = pulled(store, reads, now)
    assert (again.read, again.landed, again.unchanged) == (2, 0, 2)
    insert(front_end, (6, "2022-01-24 08:59:00", "01"), (7, "2022-01-25 09:00:00", "01"))
    execute(front_end, keyless)
    later = pulled(store, reads, now)
    assert (later.read, later.landed, later.unchanged) == (4, 2, 2)
    found = rows_of(store)
    assert len({row["record_id"] for row in found}) == len(found) == 7
    assert {row["record_id_from"] for row in found} == {"hash"}


def test_mysqls_day_that_is_none_is_blank_in_its_record(
    store: Store, mariadb_url: str, now: datetime
) -> None:
    create(mariadb_url)
    insert(mariadb_url, (1, None, "01"))
    zero = "'0000-00-00 00:00:00'"
    execute(
        mariadb_url,
        "SET sql_mode = ''",  # which lets in dates that don't exist
        f"ALTER TABLE {TABLE} MODIFY check_date DATE NULL",
        f"UPDATE {TABLE} SET cd_time = {zero}, check_date = '0000-00-00'",
    )
    report = pulled(store, source(mariadb_url), now)
    assert (report.landed, report.malformed) == (1, 0)
    (row,) = rows_of(store)
    assert (row["cd_time"], row["occurred_on"], row["malformed"]) == (None, None, None)


def test_a_table_without_any_value_in_its_cursor_is_read_each_time(front_end: str) -> None:
    create(front_end)
    insert(front_end, (1, None, "01"))
    reads = Reader(source(front_end, cursor="cd_time"))
    assert (reads.ids(), reads.ids()) == (["c1"], ["c1"])
    assert reads.cursors == {}


def test_an_empty_table_is_read_and_keeps_the_cursor(front_end: str) -> None:
    create(front_end)
    reads = Reader(source(front_end, cursor="cd_time"))
    assert reads.ids() == []
    insert(front_end, (1, "2022-01-25 09:00:00", "01"))
    assert reads.ids() == ["c1"]
    kept = dict(reads.cursors)
    execute(front_end, f"DELETE FROM {TABLE}")
    assert (reads.ids(), reads.cursors) == ([], kept)


def test_rows_of_one_instant_may_lie_on_both_sides_of_a_batchs_border(front_end: str) -> None:
    create(front_end)
    insert(front_end, *((n, "2022-01-25 09:00:00", "01") for n in range(1, 6)))
    reads = source(front_end, cursor="cd_time", overlap="1s", batch_rows=2)
    reading = reader.read(reads, Dialect(reads), Start(now=NOW))
    first = next(reading)
    del reading  # as a crash after the first batch
    assert isinstance(first, Batch)
    assert first.height == 2
    assert len(Reader(reads, dict(first.cursors)).ids()) == 5


def test_a_query_may_hold_colons_percent_signs_a_comment_and_a_semicolon(front_end: str) -> None:
    create(front_end)
    insert(front_end, (1, "2022-01-25 09:00:00", "01"), (2, "2022-01-26 09:00:00", "01"))
    query = (
        f"SELECT * FROM {TABLE} WHERE cd_time > '2022-01-25 10:00:00' AND cd_id <> ':id' "
        f"AND {quoted(front_end, 'checkActionCode')} LIKE '示%'  -- those: of today;"
    )
    reads = Reader(source(front_end, query=query, cursor="cd_time"))
    assert (reads.ids(), reads.ids()) == (["c2"], ["c2"])


def test_a_row_that_changes_without_a_cursor_is_seen(
    store: Store, front_end: str, now: datetime
) -> None:
    create(front_end)
    insert(front_end, (1, "2022-01-25 09:00:00", "01"))
    pulled(store, source(front_end), now)
    execute(front_end, f"UPDATE {TABLE} SET check_result = '02', cd_time = '2022-01-26 09:00:00'")
    report = pulled(store, source(front_end), now)
    assert (report.read, report.landed) == (1, 1)
    assert rows_of(store)[0]["check_result"] == "02"


def test_what_is_unknown_in_a_table_that_is_read_whole_is_counted_once(
    tmp_path: Path, store: Store, now: datetime
) -> None:
    front_end = f"sqlite:///{tmp_path / 'front.db'}"
    create(front_end)
    insert(front_end, (1, "2022-01-25 09:00:00", "01"), (2, "2022-01-25 10:00:00", "01"))
    for query, unknown in (
        (f"SELECT t.*, 'x' AS extra, 'y' AS more FROM {TABLE} AS t", {"extra": 2, "more": 2}),
        (f"SELECT t.*, 'x' AS extra FROM {TABLE} AS t", {"extra": 2}),
    ):
        reads = source(front_end, query=query)
        for _ in range(2):
            assert pulled(store, reads, now).error is None
            with store.reading() as connection:
                counted = counts.read(connection)[reads.name][What.COLUMN]
            assert {name: found.count for name, found in counted.items()} == unknown


def test_what_is_written_while_a_reading_goes_on_is_left_to_the_next(front_end: str) -> None:
    if front_end.startswith("sqlite"):
        execute(front_end, "PRAGMA journal_mode = WAL")  # else a reader keeps writers out
    create(front_end)
    insert(front_end, *((n, f"2022-01-0{n} 09:00:00", "01") for n in range(1, 6)))
    reads = source(front_end, cursor="cd_time", overlap="1s", batch_rows=2)
    reading = reader.read(reads, Dialect(reads), Start(now=NOW))
    found = [next(reading)]
    execute(front_end, f"UPDATE {TABLE} SET cd_time = '2022-01-20 09:00:00' WHERE cd_id = 'c5'")
    execute(front_end, f"UPDATE {TABLE} SET cd_time = '2022-01-01 08:00:00' WHERE cd_id = 'c4'")
    found += reading
    batches = [part for part in found if isinstance(part, Batch)]
    ids = [row for batch in batches for part in batch.parts for row in part.frame["cd_id"]]
    assert ids == ["c1", "c2", "c3", "c4", "c5"]
    assert Reader(reads, dict(batches[-1].cursors)).ids() == ["c5"]


CURSORS: dict[str, tuple[str, list[Any]]] = {
    "days": ("DATE", [date(2022, 1, n) for n in (3, 5, 7)]),
    "numbers": ("BIGINT", [10_000_000_001, 10_000_000_002, 10_000_000_005]),
    "decimals": ("DECIMAL(20, 2)", [1.25, 2.5, 2.75]),
    "text": ("VARCHAR(40)", ["A-7", "A-8", "B-1"]),
    "text_times": (
        "VARCHAR(40)",
        ["2022-01-03 09:00:00.5", "2022-01-05 10:00:00", "2022-01-07T08:00:00"],
    ),
    "compact_times": ("VARCHAR(14)", ["20220103090000", "20220105100000", "20220107080000"]),
}


@pytest.mark.parametrize(("kind", "values"), CURSORS.values(), ids=CURSORS)
def test_a_cursor_may_hold_anything_that_grows(
    front_end: str, kind: str, values: list[Any]
) -> None:
    create(front_end, kind)
    insert(front_end, (1, values[0], "01"), (2, values[1], "01"))
    reads = Reader(source(front_end, cursor="cd_time", overlap="1h", overlap_rows=0))
    assert reads.ids() == ["c1", "c2"]
    insert(front_end, (3, values[2], "01"))
    assert reads.ids() == ["c2", "c3"]
    assert reads.ids() == ["c3"]
    assert reads.remarks == []


def test_rows_that_were_committed_late_are_found_behind_a_number(front_end: str) -> None:
    create(front_end, "BIGINT")
    insert(front_end, *((n, n, "01") for n in range(1, 20)))
    reads = Reader(source(front_end, cursor="cd_time", overlap_rows=3))
    reads.ids()
    execute(front_end, f"DELETE FROM {TABLE} WHERE cd_time IN (15, 17)")
    insert(front_end, (20, 20, "01"))
    assert reads.ids() == ["c14", "c16", "c18", "c19", "c20"], "numbers that are gone don't count"
    insert(front_end, (17, 17, "01"))
    assert reads.ids() == ["c17", "c18", "c19", "c20"]


def test_a_time_with_a_zone_is_a_cursor(postgres_front_end: str) -> None:
    create(postgres_front_end, "TIMESTAMP WITH TIME ZONE")
    insert(postgres_front_end, (1, datetime(2022, 1, 25, 1, tzinfo=UTC), "01"))
    reads = Reader(source(postgres_front_end, cursor="cd_time", overlap="1h"))
    assert reads.ids() == ["c1"]
    insert(postgres_front_end, (2, datetime(2022, 1, 25, 0, 30, tzinfo=UTC), "01"))
    insert(postgres_front_end, (3, datetime(2022, 1, 24, 23, 30, tzinfo=UTC), "01"))
    assert reads.ids() == ["c2", "c1"]


def test_an_instant_of_mariadb_is_told_in_chinas_time_unless_the_url_says_another(
    mariadb_url: str,
) -> None:
    create(mariadb_url, "TIMESTAMP(0)")
    execute(
        mariadb_url,
        "SET time_zone = '+00:00'",
        f"INSERT INTO {TABLE} (cd_id, cd_time) VALUES ('c1', '2022-01-25 01:00:00')",
    )
    for url, told in (
        (mariadb_url, "2022-01-25 09:00:00"),
        (f"{mariadb_url}&init_command=SET time_zone = '%2B00:00'", "2022-01-25 01:00:00"),
    ):
        reads = source(url, cursor="cd_time")
        (batch,) = reader.read(reads, Dialect(reads), Start(now=NOW))
        assert isinstance(batch, Batch)
        assert batch.parts[0].frame["cd_time"].to_list() == [told]


def test_a_row_from_the_future_keeps_no_later_row_away(front_end: str) -> None:
    create(front_end)
    insert(front_end, (1, "2022-01-25 09:00:00", "01"), (2, "2099-01-01 00:00:00", "01"))
    reads = Reader(source(front_end, cursor="cd_time"))
    assert reads.ids() == ["c1", "c2"]
    insert(front_end, (3, "2022-01-26 09:00:00", "01"))
    assert reads.ids() == ["c1", "c3", "c2"]
    assert reads.ids() == ["c3", "c2"]
    assert reads.remarks == [
        "cd_time reaches into the future (2099-01-01 00:00:00): rows from there are read each "
        "time until then"
    ]


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("BIGINT", [901, 902, 903], [1, 2, 3]),
        ("VARCHAR(40)", ["b1", "b2", "b3"], ["a1", "a2", "a3"]),
        ("TIMESTAMP", [f"2022-01-2{n} 09:00:00" for n in range(3)],
         [f"2021-01-2{n} 09:00:00" for n in range(3)]),
    ],
)  # fmt: skip
def test_a_table_that_began_anew_is_read_from_its_beginning(
    front_end: str, kind: str, before: list[Any], after: list[Any]
) -> None:
    create(front_end, kind)
    insert(front_end, *((n, at, "01") for n, at in enumerate(before)))
    reads = Reader(source(front_end, cursor="cd_time"))
    reads.ids()
    execute(front_end, f"DELETE FROM {TABLE}")
    insert(front_end, *((n, at, "01") for n, at in enumerate(after, start=10)))
    assert reads.ids() == ["c10", "c11", "c12"]
    assert len(reads.remarks) == 1
    assert "rows are gone or it began anew: everything was read again" in reads.remarks[0]
    reads.ids()
    assert reads.remarks == []


def test_a_cursor_that_changes_its_type_is_begun_anew(front_end: str) -> None:
    create(front_end, "VARCHAR(40)")
    insert(front_end, (1, "7", "01"))
    reads = Reader(source(front_end, cursor="cd_time"))
    reads.ids()
    execute(front_end, f"DROP TABLE {TABLE}")
    create(front_end, "BIGINT")
    insert(front_end, (1, 7, "01"), (2, 8, "01"))
    assert reads.ids() == ["c1", "c2"]
    assert reads.remarks == [
        "cd_time holds numbers now and held text when it was last read: everything was read again"
    ]


def test_another_columns_cursor_is_no_cursor_of_this_one(front_end: str) -> None:
    create(front_end)
    insert(front_end, (1, "2022-01-25 09:00:00", "01"), (2, "2022-01-26 09:00:00", "01"))
    reads = Reader(source(front_end, cursor="cd_time", overlap="1s"))
    reads.ids()
    other = Reader(source(front_end, cursor="cd_id", overlap_rows=0), reads.cursors)
    assert other.ids() == ["c1", "c2"]
    assert other.ids() == ["c2"]


def test_everything_is_read_again_and_the_cursor_stays(front_end: str) -> None:
    create(front_end)
    insert(front_end, *((n, f"2022-01-1{n} 09:00:00", "01") for n in range(5)))
    reads = Reader(source(front_end, cursor="cd_time", overlap="1s", batch_rows=2))
    reads.ids()
    before = dict(reads.cursors)
    again = Start(reads.cursors, now=NOW, everything=True)
    for part in reader.read(reads.source, Dialect(reads.source), again):
        assert isinstance(part, Batch)
        assert part.cursors in ({}, before), "a crash in the middle must not set it back"
    assert reads.ids(everything=True) == [f"c{n}" for n in range(5)]
    assert dict(reads.cursors) == before


def test_what_changed_since_a_day_is_read_again_and_the_cursor_stays(front_end: str) -> None:
    create(front_end)
    insert(front_end, *((n, f"2022-01-1{n} 00:00:00", "01") for n in range(5)))
    reads = Reader(source(front_end, cursor="cd_time", overlap="1s"))
    reads.ids()
    before = dict(reads.cursors)
    assert reads.ids(since=date(2022, 1, 12)) == ["c2", "c3", "c4"]
    assert dict(reads.cursors) == before
    assert reads.ids() == ["c4"]


def test_a_day_after_the_cursor_passes_no_row_over(front_end: str) -> None:
    create(front_end)
    insert(front_end, (1, "2022-01-10 09:00:00", "01"))
    reads = Reader(source(front_end, cursor="cd_time", overlap="1s"))
    reads.ids()
    insert(front_end, (2, "2022-01-11 09:00:00", "01"), (3, "2022-01-20 09:00:00", "01"))
    assert reads.ids(since=date(2022, 1, 20)) == ["c1", "c2", "c3"]


@pytest.mark.parametrize("kind", ["TIMESTAMP", "VARCHAR(40)"])
def test_a_first_pull_may_begin_at_a_day(front_end: str, kind: str) -> None:
    create(front_end, kind)
    moments = [f"2022-01-1{n} 09:00:00" for n in range(3)]
    rows = [(n, at if kind == "TIMESTAMP" else f"{at}.0", "01") for n, at in enumerate(moments)]
    insert(front_end, *rows)
    reads = Reader(source(front_end, cursor="cd_time"))
    assert reads.ids(since=date(2022, 1, 11)) == ["c1", "c2"]
    assert reads.ids() == ["c2"]


@pytest.mark.parametrize("cursor", ["cd_time", None])
def test_a_cursor_without_times_knows_no_day(front_end: str, cursor: str | None) -> None:
    create(front_end, "BIGINT")
    insert(front_end, *((n, n, "01") for n in range(3)))
    reads = Reader(source(front_end, cursor=cursor, overlap_rows=0))
    reads.ids()
    before = dict(reads.cursors)
    assert reads.ids(since=date(2022, 1, 11)) == ["c0", "c1", "c2"]
    assert dict(reads.cursors) == before
    assert "everything was read" in reads.remarks[0]


def test_times_that_dont_sort_as_text_are_refused_as_a_cursor(front_end: str) -> None:
    create(front_end, "VARCHAR(40)")
    insert(front_end, (1, "2022-1-9 9:00", "01"), (2, "2022-1-10 9:00", "01"))
    with pytest.raises(SourceError, match="expected times in a form that sorts as they do"):
        Reader(source(front_end, cursor="cd_time")).ids()


def test_a_relative_path_counts_from_the_settings_files_folder(tmp_path: Path) -> None:
    settings = {"name": "exchange", "feed": "check", "kind": "sql", "status": "accepted"}
    given = settings | {"url": "sqlite:///exchange.db", "table": TABLE}
    read = SqlSource.model_validate(given, context={"folder": tmp_path})
    assert read.url.get_secret_value() == f"sqlite:///{tmp_path / 'exchange.db'}"
    assert read.overlap == timedelta(minutes=10)

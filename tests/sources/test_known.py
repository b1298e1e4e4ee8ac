"""Rows that are in the store as they were delivered are passed over; all others are read."""

import gc
import tracemalloc
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.pull import PullReport
from monitor.config import SourceSettings
from monitor.sources import delivered, records
from monitor.sources.batch import Batch, Part
from monitor.sources.columns import Dialect
from monitor.sources.identity import Identities
from monitor.sources.known import AHEAD, Known
from monitor.sources.land import Landed, land
from monitor.store import Store, tables
from monitor.words import Feed
from tests.sources.deliveries import (
    FEEDS,
    check_row,
    credit_code,
    files,
    pulled,
    rows_of,
    write_csv,
)
from tests.sources.landed import BESIDE, contents

HOUR = timedelta(hours=1)
STRANGER = credit_code("11500112DEM000009")
Row = dict[str, str]


def deliver(
    store: Store, folder: Path, rows: Sequence[Row], now: datetime, **more: Any
) -> PullReport:
    """Put the rows into the folder's one file, and pull it as if it were new."""
    with store.writing() as connection:
        connection.execute(sa.delete(tables.cursor))
    return pulled(store, files(write_csv(folder / "a.csv", rows), **more), now)


def batch_of(source: SourceSettings, rows: Sequence[Row]) -> Batch:
    """The rows in one batch."""
    frame = pl.DataFrame(rows)
    layout = Dialect(source).layout(frame.columns, "示范")
    numbers = pl.Series(range(frame.height), dtype=pl.Int64)
    return Batch((Part("示范", "示范", layout, frame, numbers),))


def read(store: Store, source: SourceSettings, rows: Sequence[Row]) -> records.Records:
    """The rows as a pull reads them."""
    known = Known(store, tables.behavior, source.name)
    return records.read(Dialect(source), batch_of(source, rows), Identities(source), known)


def landed_of(
    store: Store, source: SourceSettings, batch: records.Records, now: datetime
) -> Landed:
    """What became of the batch."""
    with store.writing() as connection:
        return land(connection, source, batch, now)


def test_what_landed_is_passed_over_and_the_rest_is_read(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    deliver(store, tmp_path, [check_row(1), check_row(2), check_row(3)], now)
    found = read(store, files(tmp_path), [check_row(3), check_row(2, 检查结果="02"), check_row(4)])
    assert [*found.frame["record_id"]] == ["check-2", "check-4"]
    assert found.same.len() == 1


def test_columns_may_come_in_another_order(store: Store, tmp_path: Path, now: datetime) -> None:
    deliver(store, tmp_path, [check_row()], now)
    turned = dict(reversed(check_row().items()))
    assert read(store, files(tmp_path), [turned]).frame.is_empty()


@pytest.mark.parametrize(
    "change",
    [
        {"columns": {"检查类别": "检查形式", "检查形式": "检查类别"}},
        {"columns": {"监管对象": "检查行为名称"}},
        {"status": "pending"},
        {"status": {"column": "检查类别"}},
        {"department": STRANGER},
        {"values": {"报送人员": "示范丙"}},
    ],
    ids=str,
)
def test_rows_are_read_anew_where_the_settings_read_them_in_another_way(
    store: Store, tmp_path: Path, now: datetime, change: dict[str, Any]
) -> None:
    deliver(store, tmp_path, [check_row()], now)
    assert read(store, files(tmp_path), [check_row()]).frame.is_empty()
    assert read(store, files(tmp_path, **change), [check_row()]).frame.height == 1


def test_rows_are_read_anew_where_the_program_is_another_one(
    store: Store, tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(store, tmp_path, [check_row()], now)
    monkeypatch.setattr(delivered, "_program", lambda: "another")
    assert read(store, files(tmp_path), [check_row()]).frame.height == 1
    deliver(store, tmp_path, [check_row()], now)
    assert read(store, files(tmp_path), [check_row()]).frame.is_empty()


def test_the_same_in_other_words_changes_nothing_but_how_it_is_known(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    deliver(store, tmp_path, [check_row()], now)
    (before,) = rows_of(store)
    with store.writing() as connection:
        connection.execute(sa.delete(tables.to_judge))
    respelt = check_row(检查时间="2022年1月25日")
    report = deliver(store, tmp_path, [respelt], now + HOUR)
    assert (report.landed, report.unchanged) == (0, 1)
    (after,) = rows_of(store)
    assert {n for n in before if before[n] != after[n]} == {"delivery_hash"}
    assert rows_of(store, tables.to_judge) == []
    assert read(store, files(tmp_path), [respelt]).frame.is_empty()


def test_an_unchanged_row_costs_no_write(store: Store, tmp_path: Path, now: datetime) -> None:
    """Nor does it begin a transaction that writes, but for the last batch's cursor: a file read to
    its end ends what was kept apart of it."""
    rows = [check_row(n) for n in range(6)]
    deliver(store, tmp_path, rows, now)
    written: list[str] = []

    def note(*arguments: Any) -> None:
        if not arguments[2].lstrip().startswith(("SELECT", "BEGIN", "PRAGMA")):
            written.append(arguments[2])

    sa.event.listen(store.engine, "before_cursor_execute", note)
    report = deliver(store, tmp_path, [*reversed(rows)], now, batch_rows=2)
    sa.event.remove(store.engine, "before_cursor_execute", note)
    assert report.unchanged == 6
    tables_of = {
        word for text in written for word in text.split() if word in tables.metadata.tables
    }
    assert tables_of == {"lease", "run", "cursor", "source_count", "unlanded"}
    assert sum("INTO cursor" in text for text in written) == 1


def test_what_is_remarked_on_is_so_each_time(store: Store, tmp_path: Path, now: datetime) -> None:
    rows = [
        check_row(1, 检查时间="不详", 企业分类="A", 状态="通过"),
        check_row(2, 企业分类="B", 状态="通过"),
        check_row(3, 企业分类="", 状态="搁置"),
        check_row(4, 企业分类="C", 状态="通过", 实施机构编码=STRANGER),
    ]
    directory = write_csv(tmp_path / "directory" / "a.csv", [FEEDS[Feed.DEPARTMENT]])
    pulled(store, files(directory, Feed.DEPARTMENT, name="directory"), now)
    for hours in range(3):
        deliver(store, tmp_path, rows, now + hours * HOUR, status={"column": "状态"})
    runs = [row for row in rows_of(store, tables.run) if row["source"] == "files"]
    assert [row["rows_unchanged"] for row in runs] == [0, 4, 4]
    assert {row["rows_malformed"] for row in runs} == {2}
    details = [row["details"] for row in runs]
    for each in details:
        assert each["malformed"] == {"occurred_on": 1, "status": 1}
        assert each["unknown_columns"] == {"企业分类": 3}
        assert each["unknown_departments"] == {STRANGER: 1}
        assert any('status "搁置" is not known' in warning for warning in each["warnings"])


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """A row of one of three records, with or without a number of its own, which comes in versions
    or in none."""
    number = draw(st.integers(1, 3))
    cells = {
        "检查结果": draw(st.sampled_from(["01", "02"])),
        "检查时间": draw(st.sampled_from(["2022-01-25", "2022/1/25", "不详"])),
        "状态": draw(st.sampled_from(["通过", "退回", "搁置"])),
        "sequence": draw(st.sampled_from(["", "", "1", "2"])),
        "cd_operation": draw(st.sampled_from("uuuud")),
    }
    if draw(st.booleans()):
        cells["记录唯一标识"] = ""
    return check_row(number, **cells)


def test_what_the_store_says_of_batches_that_still_have_to_land_does_not_count(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    source = files(tmp_path)
    deliver(store, tmp_path, [check_row(1), check_row(2)], now)
    known = Known(store, tables.behavior, source.name)
    found = [
        records.read(Dialect(source), batch_of(source, [row]), Identities(source), known)
        for row in (check_row(1, 检查结果="02"), *[check_row(2)] * (AHEAD - 1), check_row(1))
    ]
    assert [batch.frame.height for batch in found] == [1, *[0] * (AHEAD - 1), 1]


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(st.lists(rows(), min_size=1, max_size=4), min_size=2, max_size=3),
    st.integers(1, 3),
    st.integers(0, AHEAD),
)
def test_the_store_is_the_same_as_if_every_row_were_read(
    store: Store,
    now: datetime,
    deliveries: list[list[Row]],
    batch_rows: int,
    landing: int,
) -> None:
    """However many batches have still to land when the next one is looked up."""
    source = files(Path("unused.csv"), status={"column": "状态"})
    found = []
    for is_known in (True, False):
        for number, rows in enumerate(deliveries):
            known = Known(store, tables.behavior, source.name) if is_known else None
            identities = Identities(source)
            waiting: list[records.Records] = []
            landed = Landed()
            for at in range(0, len(rows), batch_rows):
                batch = batch_of(source, rows[at : at + batch_rows])
                waiting.append(records.read(Dialect(source), batch, identities, known))
                while len(waiting) > landing:
                    landed += landed_of(store, source, waiting.pop(0), now + number * HOUR)
            for left in waiting:
                landed += landed_of(store, source, left, now + number * HOUR)
            found.append((landed, contents(store, Feed.CHECK)))
        with store.writing() as connection:
            for table in (*BESIDE, tables.behavior):
                connection.execute(sa.delete(table))
    assert found[: len(deliveries)] == found[len(deliveries) :]


def test_what_was_looked_up_is_let_go_of_at_once(store: Store) -> None:
    """A pull looks a batch up after the other: what stayed would come to the whole delivery."""
    count = 50_000
    known = Known(store, tables.behavior, "示范")
    batches = [
        pl.DataFrame(
            {
                "record_id": [f"{name}-{number}" for number in range(count)],
                "delivery_hash": [str(number) for number in range(count)],
            }
        )
        for name in ("early", "late")
    ]
    gc.disable()  # which comes for circles of references, but not for a long time
    tracemalloc.start()
    try:
        known.sight(batches[0], known.look(batches[0]))
        before, _ = tracemalloc.get_traced_memory()
        known.sight(batches[1], known.look(batches[1]))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert (after - before) / count < 10  # bytes a row

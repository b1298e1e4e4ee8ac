"""What exchange tables deliver: in any order and in any batches, the same rows make one store."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from monitor.sources import records
from monitor.sources.batch import Batch, Part
from monitor.sources.columns import Dialect
from monitor.sources.identity import Identities
from monitor.sources.land import land, table_of
from monitor.store import Store
from monitor.words import Feed
from tests.sources.deliveries import INSTITUTION, check_row, files
from tests.sources.landed import BESIDE, contents

Row = Mapping[str, str | None]
VERSION = ("cd_batch", "cd_time", "sequence")
FULL: dict[Feed, dict[str, str | None]] = {
    Feed.CHECK: {**check_row(), "状态": "通过"},
    Feed.ITEM: {"监管事项目录编码": "50011200000001", "事项名称": "示范", "事项状态": "在用"},
    Feed.DEPARTMENT: {"统一社会信用代码": INSTITUTION, "部门名称": "示范局"},
    Feed.EXPECTED: {"行为类别": "行政处罚", "文书号": "示罚1", "决定日期": "2022-01-20"},
}
TOLD: dict[Feed, Sequence[Row]] = {
    Feed.CHECK: (
        {"检查结果": "02", "报送时间": "2022-01-26 10:30:00"},
        {"检查结果": "02", "状态": "退回", "监管事项目录编码": "50011200000001;50011200000002"},
        {"检查结果": "03", "状态": "暂存", "报送时间": ""},
        {"状态": "已删除"},
    ),
    Feed.ITEM: ({}, {"事项状态": "暂停"}, {"事项名称": "示范二"}),
    Feed.DEPARTMENT: ({}, {"部门名称": "示范二局"}, {"部门名称": "示范三局"}),
    Feed.EXPECTED: ({}, {"决定日期": "2022-02-20"}, {"决定日期": "不详"}),
}
"""Few things to say, so that they are said again."""

IN_ORDER: Sequence[Row] = (
    {"sequence": "2"},
    {"sequence": "10"},
    {"cd_time": "2022-01-26 09:00:00"},
    {"cd_time": "2022-01-26 09:00:00", "sequence": "1"},
    {"cd_time": "2022-01-26 11:00:00"},
    {"cd_batch": "9"},
    {"cd_batch": "10", "cd_time": "2022-01-26 09:00:00"},
    {"cd_batch": "2022012600001", "cd_time": "2022-01-26 09:00:00"},
    {"cd_batch": "2022012600002"},
)
"""Versions, each greater than those before it."""


@st.composite
def versions(draw: st.DrawFn, feed: Feed, pool: Sequence[Row]) -> Row:
    """A version of one of two records: said anew, or withdrawn with or without what it said."""
    said: Row = {**FULL[feed], **draw(st.sampled_from(TOLD[feed]))}
    operation = draw(st.sampled_from("iuudd"))
    if operation == "d" and draw(st.booleans()):
        said = dict.fromkeys(said)
    envelope = {"记录唯一标识": draw(st.sampled_from(["示范1", "示范1", "示范2"]))}
    version = {**dict.fromkeys(VERSION), **draw(st.sampled_from(pool))}
    return {**said, **version, **envelope, "cd_operation": operation}


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[Feed, list[list[Row]], list[list[Row]]]:
    """The same versions twice: in other orders, in other batches, some of them more than once."""
    feed = draw(
        st.sampled_from([Feed.CHECK, Feed.CHECK, Feed.ITEM, Feed.DEPARTMENT, Feed.EXPECTED])
    )
    pool = draw(st.lists(st.sampled_from(IN_ORDER), min_size=1, max_size=3))
    rows = draw(st.lists(versions(feed, pool), min_size=2, max_size=7))
    again = draw(st.lists(st.sampled_from(rows), max_size=2))
    shuffled = draw(st.permutations([*rows, *again]))
    return feed, [rows], _split(shuffled, draw(st.sets(st.integers(1, 8), max_size=3)))


def _split(rows: Sequence[Row], at: set[int]) -> list[list[Row]]:
    edges = sorted({0, len(rows), *(place for place in at if place < len(rows))})
    return [list(rows[a:b]) for a, b in pairwise(edges)]


def deliver(store: Store, feed: Feed, rows: Sequence[Row], now: datetime) -> None:
    """Land the rows as one batch."""
    more = {"status": {"column": "状态"}} if feed is Feed.CHECK else {}
    source = files(Path("unused.csv"), feed, **more)
    dialect = Dialect(source)
    frame = pl.DataFrame(
        {name: pl.Series([row[name] for row in rows], dtype=pl.String) for name in rows[0]}
    )
    layout = dialect.layout(frame.columns, "示范")
    numbers = pl.Series(range(frame.height), dtype=pl.Int64)
    batch = Batch((Part("示范", "示范", layout, frame, numbers),))
    read = records.read(dialect, batch, Identities(source))
    with store.writing() as connection:
        land(connection, source, read, now)


@contextmanager
def emptied(store: Store) -> Iterator[None]:
    """The store, emptied in the end."""
    yield
    with store.writing() as connection:
        for table in (*BESIDE, *(table_of(feed) for feed in FULL)):
            connection.execute(sa.delete(table))


def row(feed: Feed = Feed.CHECK, **cells: str | None) -> Row:
    """A version of one record."""
    told = {"记录唯一标识": "示范1", "cd_operation": "u"} | dict.fromkeys(VERSION)
    return {**FULL[feed], **told, **cells}


def gone(feed: Feed = Feed.CHECK, **version: str) -> Row:
    """A version that only says that the record is gone."""
    bare = dict.fromkeys(row(feed))
    return {**bare, "记录唯一标识": "示范1", "cd_operation": "d", **version}


LIFE = [row(sequence="1", 检查结果="02"), row(sequence="2", 状态="退回"), gone(sequence="3")]
EQUAL = [row(sequence="1", 检查结果=result) for result in ("01", "02", "03")]
WITHDRAWN = [row(sequence="1"), gone(sequence="1")]
DRAFT_AGAIN = [row(sequence="1", 状态="待审"), row(sequence="2", 状态="暂存")]
RETURNED_AGAIN = [
    row(sequence="2", 状态="退回"),
    row(sequence="2", 状态="通过"),
    row(sequence="10", 状态="退回"),
]
BETWEEN = [row(sequence="1"), row(sequence="3"), row(sequence="2", 检查结果="02")]


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(deliveries())
@example((Feed.CHECK, [LIFE], [[LIFE[2]], [LIFE[0]], [LIFE[1]]]))
@example((Feed.CHECK, [LIFE], [[LIFE[2], LIFE[1]], [LIFE[0]]]))
@example((Feed.CHECK, [EQUAL], [EQUAL[:1], EQUAL[1:2], EQUAL[2:]]))
@example((Feed.CHECK, [EQUAL], [EQUAL[2:], EQUAL[1:2], EQUAL[:1]]))
@example((Feed.CHECK, [WITHDRAWN], [WITHDRAWN[1:], WITHDRAWN[:1]]))
@example((Feed.CHECK, [WITHDRAWN], [WITHDRAWN[:1], WITHDRAWN[1:]]))
@example((Feed.CHECK, [DRAFT_AGAIN], [DRAFT_AGAIN[1:], DRAFT_AGAIN[:1]]))
@example((Feed.CHECK, [RETURNED_AGAIN], [[version] for version in RETURNED_AGAIN]))
@example((Feed.CHECK, [RETURNED_AGAIN], [RETURNED_AGAIN[::-1]]))
@example((Feed.CHECK, [BETWEEN], [BETWEEN[:1], BETWEEN[1:2], BETWEEN[2:]]))
def test_in_whatever_order_and_batches_versions_arrive_they_make_one_store(
    store: Store, now: datetime, delivered: tuple[Feed, list[list[Row]], list[list[Row]]]
) -> None:
    feed, *orders = delivered
    found = []
    for batches in orders:
        with emptied(store):
            for rows in batches:
                deliver(store, feed, rows, now)
            stored = contents(store, feed)
            # a status that held, was left and came to hold again is kept twice, as it was seen
            found.append(stored | {"statuses": set(stored["statuses"])})
    assert found[0] == found[1]


@pytest.mark.parametrize(("lesser", "greater"), [*pairwise([{}, *IN_ORDER])])
def test_the_greater_version_wins_whichever_comes_first(
    store: Store, now: datetime, lesser: Row, greater: Row
) -> None:
    rows = [{**row(检查结果="02"), **lesser}, {**row(检查结果="03"), **greater}]
    for batches in ([rows], [rows[::-1]], [rows[:1], rows[1:]], [rows[1:], rows[:1]]):
        with emptied(store):
            for batch in batches:
                deliver(store, Feed.CHECK, batch, now)
            assert contents(store, Feed.CHECK)["behavior"]["示范1"]["check_result"] == "03"


def test_a_time_that_cannot_be_read_is_kept_with_its_row_and_is_older_than_any(
    store: Store, now: datetime
) -> None:
    good = "2022-01-26 09:00:00"
    lesser = row(检查结果="03", 状态="退回", cd_time="示范时")
    for rows, holds in (
        ([lesser], "03"),
        ([lesser, row(检查结果="02", cd_time=good)], "02"),
        ([{**lesser, "cd_batch": "2"}, row(检查结果="02", cd_batch="1", cd_time=good)], "03"),
    ):
        for batches in ([rows], [rows[::-1]], [rows[-1:], rows[:1]]):
            with emptied(store):
                for batch in batches:
                    deliver(store, Feed.CHECK, batch, now)
                found = contents(store, Feed.CHECK)
                record = found["behavior"]["示范1"]
                assert record["check_result"] == holds
                assert (record["malformed"] == "cd_time") is (holds == "03")
                assert ((record["raw"] or {}).get("cd_time") == "示范时") is (holds == "03")
                assert {status for _, status, *_ in found["statuses"]} >= {"returned"}


@pytest.mark.parametrize("feed", FULL)
def test_a_deletion_that_comes_before_what_it_deletes_keeps_it_gone(
    store: Store, now: datetime, feed: Feed
) -> None:
    full = row(feed, sequence="1")
    deliver(store, feed, [gone(feed, sequence="2")], now)
    (tombstone,) = contents(store, feed)[table_of(feed).name].values()
    assert (tombstone["deleted_at"], tombstone["content_hash"]) == (now, "")
    deliver(store, feed, [full], now)
    (tombstone,) = contents(store, feed)[table_of(feed).name].values()
    assert tombstone["deleted_at"] == now
    assert tombstone["content_hash"] != "", "what it said is kept below"
    deliver(store, feed, [{**full, "sequence": "3"}], now)
    (alive,) = contents(store, feed)[table_of(feed).name].values()
    assert (alive["deleted_at"], alive["withdrawn_sequence"], alive["sequence"]) == (None, None, 3)


def test_a_source_without_versions_is_corrected_by_what_comes_later(
    store: Store, now: datetime
) -> None:
    for result in ("01", "02", "01"):
        deliver(store, Feed.CHECK, [row(检查结果=result, cd_operation=None)], now)
    assert contents(store, Feed.CHECK)["behavior"]["示范1"]["check_result"] == "01"
    for operations, is_gone in (([gone()], True), ([row()], False), ([row(), gone()], True)):
        deliver(store, Feed.CHECK, operations, now)
        deleted_at = contents(store, Feed.CHECK)["behavior"]["示范1"]["deleted_at"]
        assert (deleted_at is not None) is is_gone

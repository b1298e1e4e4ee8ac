"""What lands, and what stays when it is delivered again, newer, older or withdrawn."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from monitor.store import Store, tables
from monitor.words import Feed
from tests.sources.deliveries import (
    FEEDS,
    INSTITUTION,
    check_row,
    credit_code,
    files,
    pulled,
    rows_of,
    statuses_of,
    write_csv,
    write_workbook,
)

HOUR = timedelta(hours=1)
EMPTIED = (
    tables.to_judge,
    tables.behavior_item,
    tables.behavior_status,
    tables.behavior,
    tables.cursor,
)


def deliver(
    store: Store, folder: Path, rows: Sequence[dict[str, str]], now: datetime, **more: Any
) -> None:
    """Put the rows into the folder's one file, and pull it."""
    path = write_csv(folder / "inbox" / "a.csv", rows)
    assert pulled(store, files(path, **more), now).error is None


def test_a_record_lands_with_its_values_and_facts(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    deliver(store, tmp_path, [check_row()], now)
    (row,) = rows_of(store)
    assert (row["record_id"], row["record_id_from"]) == ("check-1", "delivered")
    assert row["kind"] == "check"
    assert row["check_form"] == "01", "a label where a code belongs"
    assert row["party_id_type"] == "001"
    assert row["occurred_on"] == date(2022, 1, 25)
    assert row["submitted_at"] == datetime(2022, 1, 26, 2, 30, tzinfo=UTC)
    assert (row["submitted_on"], row["submitted_by_day"]) == (date(2022, 1, 26), False)
    assert (row["first_seen_at"], row["first_seen_on"]) == (now, date(2022, 1, 28))
    assert row["first_submitted_seen_at"] == now
    assert (row["party_id_fault"], row["implement_list_fault"]) == ("none", "none")
    assert (row["inspector_count"], row["item_code_count"]) == (2, 1)
    assert (row["malformed"], row["raw"], row["deleted_at"]) == (None, None, None)
    assert [r["item_code"] for r in rows_of(store, tables.behavior_item)] == ["50011200000001"]
    assert [r["behavior_id"] for r in rows_of(store, tables.to_judge)] == [row["id"]]
    assert [r["status"] for r in statuses_of(store)] == ["accepted"]


def test_a_cell_that_cannot_be_read_is_null_and_the_row_is_kept(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    deliver(store, tmp_path, [check_row(检查时间="2022-09-31", 报送时间="不详")], now)
    (row,) = rows_of(store)
    assert row["occurred_on"] is None
    assert row["malformed"] == "occurred_on、submitted_at"
    assert row["raw"]["检查时间"] == "2022-09-31"
    assert row["raw"]["监管对象"] == "示范商店"


def test_cells_of_unknown_columns_are_kept(store: Store, tmp_path: Path, now: datetime) -> None:
    deliver(store, tmp_path, [check_row(企业分类="A", 备注="")], now)
    assert rows_of(store)[0]["raw"] == {"企业分类": "A"}


def test_a_changed_record_is_written_once_and_queued_again(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    deliver(store, tmp_path, [check_row(1), check_row(2)], now)
    before = rows_of(store)
    with store.writing() as connection:
        connection.execute(sa.delete(tables.to_judge))
    codes = "50011200000001；50011200000002"
    deliver(store, tmp_path, [check_row(1), check_row(2, 监管事项目录编码=codes)], now + HOUR)
    after = rows_of(store)
    assert after[0] == before[0]
    assert after[1]["supervise_item_code"] == "50011200000001、50011200000002"
    assert after[1]["item_code_count"] == 2
    assert after[1]["first_seen_at"] == now
    assert [r["behavior_id"] for r in rows_of(store, tables.to_judge)] == [after[1]["id"]]
    items = [(r["behavior_id"], r["item_code"]) for r in rows_of(store, tables.behavior_item)]
    assert items == [
        (after[0]["id"], "50011200000001"),
        (after[1]["id"], "50011200000001"),
        (after[1]["id"], "50011200000002"),
    ]


def versions() -> list[dict[str, str]]:
    """One record's life, in the order of its versions."""
    return [
        check_row(检查行为名称="无批次"),
        check_row(cd_batch="2022012600001", cd_time="2022-01-26 09:00:00", cd_operation="i"),
        check_row(cd_batch="2022012600001", cd_time="2022-01-26 11:00:00", 检查结果="02"),
        check_row(cd_batch="2022012600002", cd_time="2022-01-26 10:00:00", 检查结果="03"),
    ]


@pytest.mark.parametrize("order", list(permutations(range(4)))[::5])
def test_the_newest_version_wins_whatever_arrives_first(
    store: Store, tmp_path: Path, now: datetime, order: tuple[int, ...]
) -> None:
    for number in order:
        path = write_csv(tmp_path / f"{number}.csv", [versions()[number]])
        pulled(store, files(path), now)
    (row,) = rows_of(store)
    assert row["check_result"] == "03"
    assert row["batch"] == "2022012600002"


def test_of_two_rows_with_one_version_the_same_wins_in_any_order(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    first, second = (check_row(cd_batch="2022012600001", 检查结果=n) for n in ("02", "03"))
    winners = []
    for deliveries in (
        [[first, second]],
        [[second, first]],
        [[first], [second]],
        [[second], [first]],
    ):
        for rows in deliveries:
            deliver(store, tmp_path, rows, now)
        winners += [row["check_result"] for row in rows_of(store)]
        with store.writing() as connection:
            for table in EMPTIED:
                connection.execute(sa.delete(table))
    assert len(winners) == 4
    assert len(set(winners)) == 1


def test_the_same_content_in_a_later_version_holds_against_one_in_between(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    for batch, result in (("1", "02"), ("3", "02"), ("2", "03")):
        row = check_row(cd_batch=f"202201260000{batch}", 检查结果=result)
        deliver(store, tmp_path, [row], now)
    assert rows_of(store)[0]["check_result"] == "02"


@pytest.mark.parametrize("together", [True, False])
def test_a_deletion_after_an_insertion_in_one_batch_leaves_a_tombstone(
    store: Store, tmp_path: Path, now: datetime, together: bool
) -> None:
    envelope = {"cd_batch": "2022012600001", "cd_time": "2022-01-26 09:00:00"}
    inserted = check_row() | envelope | {"cd_operation": "i"}
    deleted = dict.fromkeys(inserted, "") | envelope
    deleted |= {"记录唯一标识": "check-1", "cd_operation": "d"}
    if together:
        deliver(store, tmp_path, [deleted, inserted], now)
    else:
        deliver(store, tmp_path, [inserted], now)
        deliver(store, tmp_path, [deleted], now + HOUR)
        deliver(store, tmp_path, [inserted], now + 2 * HOUR)
    (row,) = rows_of(store)
    assert row["status"] == "deleted"
    assert row["deleted_at"] == (now if together else now + HOUR)
    assert row["status_at"] == datetime(2022, 1, 26, 1, tzinfo=UTC)
    if not together:
        assert row["object_name"] == "示范商店", "what it said is kept"
    seen = [r["status"] for r in statuses_of(store)]
    assert seen == ["accepted", "deleted"]


def test_every_status_that_was_seen_is_kept_once(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    status = {"column": "状态", "at": "状态时间", "map": {"已办结": "accepted"}}
    life = [("暂存", "25 09"), ("待审", "26 10"), ("退回", "26 11"), ("已办结", "27 09")]
    for hour, (word, at) in enumerate(life):
        row = check_row(状态=word, 状态时间=f"2022-01-{at}:00")
        deliver(store, tmp_path, [row], now + hour * HOUR, status=status)
    deliver(store, tmp_path, [row | {"检查结果": "02"}], now + 5 * HOUR, status=status)
    seen = statuses_of(store)
    assert [r["status"] for r in seen] == ["draft", "pending", "returned", "accepted"]
    assert [r["seen_at"] for r in seen] == [now + n * HOUR for n in range(4)]
    (row_now,) = rows_of(store)
    assert row_now["status_at"] == datetime(2022, 1, 27, 1, tzinfo=UTC)
    assert row_now["first_submitted_seen_at"] == now + HOUR


def test_a_records_only_status_is_told_by_its_own_row_until_another_comes(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    status = {"column": "状态", "at": "状态时间"}
    first = [check_row(n, 状态="待审", 状态时间="2022-01-26 10:00") for n in (1, 2)]
    deliver(store, tmp_path, first, now, status=status)
    assert rows_of(store, tables.behavior_status) == []
    second = [first[0], check_row(2, 状态="退回", 状态时间="2022-01-26 11:00")]
    deliver(store, tmp_path, second, now + HOUR, status=status)
    deliver(store, tmp_path, [check_row(3) | {"状态": "暂存"}], now + 2 * HOUR, status=status)
    _, returned, _ = (row["id"] for row in rows_of(store))
    kept = rows_of(store, tables.behavior_status)
    assert [(r["behavior_id"], r["status"]) for r in kept] == [
        (returned, "pending"),
        (returned, "returned"),
    ]
    seen = [(r["status"], r["seen_at"]) for r in statuses_of(store)]
    assert seen == [
        ("pending", now),
        ("pending", now),
        ("returned", now + HOUR),
        ("draft", now + 2 * HOUR),
    ]


def test_a_status_that_nobody_knows_is_told_and_charged_to_nobody(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    path = write_csv(tmp_path / "a.csv", [check_row(状态="流转中")])
    report = pulled(store, files(path, status={"column": "状态"}), now)
    assert report.warnings == ('status "流转中" is not known: 1 row taken as pending',)
    (row,) = rows_of(store)
    assert (row["status"], row["malformed"]) == ("pending", "status")


def test_mandatory_columns_that_are_missing_are_told_together(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    row = {k: v for k, v in check_row().items() if k not in ("检查结果", "检查类别")}
    report = pulled(store, files(write_csv(tmp_path / "a.csv", [row])), now)
    assert report.warnings == (
        "a.csv: the mandatory columns 检查类别, 检查结果 are missing; their cells count as blank",
    )


def test_codes_that_lost_digits_on_their_way_into_a_file_are_told(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    rows: list[list[object]] = [[*check_row()]]
    for number, code in enumerate(("示检1", 20220125000123456789, 20220125000123456790), start=1):
        rows.append([*(check_row(number) | {"检查行为编号": code}).values()])
    report = pulled(store, files(write_workbook(tmp_path / "a.xlsx", {"一月": rows})), now)
    assert report.landed == 3
    assert report.warnings == (
        "检查行为编号: 2 cells lost digits as numbers such as 1.2E+17, first in a.xlsx 一月 row 3: "
        "the column has to be text where it is made",
    )


def test_a_record_without_a_delivered_number_is_known_by_its_business_key(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    keyed = [check_row(1, 记录唯一标识="", 检查行为编号="示检一") for _ in range(2)]
    bare = [check_row(1, 记录唯一标识="", 检查行为编号="") for _ in range(2)]
    deliver(store, tmp_path, [*keyed, *bare], now)
    first = rows_of(store)
    key = f"check|{INSTITUTION}|示检一"
    assert [r["record_id"] for r in first[:2]] == [key, f"{key}#2"]
    assert [r["record_id_from"] for r in first] == ["key", "key", "hash", "hash"]
    assert first[2]["record_id"] != first[3]["record_id"]
    deliver(store, tmp_path, [*keyed, *bare, check_row(5)], now + HOUR)
    assert rows_of(store)[:4] == first


def test_an_entry_without_its_key_is_told_and_the_others_land(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    other = {"统一社会信用代码": credit_code("11500112DEM000009"), "部门名称": "示范二局"}
    rows = [{"统一社会信用代码": "", "部门名称": "示范局"}, other]
    report = pulled(store, files(write_csv(tmp_path / "a.csv", rows), Feed.DEPARTMENT), now)
    assert report.warnings == (
        "1 row can't land without what the feed department is known by: a.csv row 2",
    )
    assert [row["name"] for row in rows_of(store, tables.department)] == ["示范二局"]


def test_an_entry_that_its_source_withdraws_leaves_a_tombstone(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    entry = {"cd_operation": "i"} | FEEDS[Feed.ITEM]
    path = write_csv(tmp_path / "a.csv", [entry])
    pulled(store, files(path, Feed.ITEM), now)
    write_csv(path, [entry | {"cd_operation": "d"}])
    pulled(store, files(path, Feed.ITEM), now + HOUR)
    (row,) = rows_of(store, tables.item)
    assert (row["deleted_at"], row["item_state"]) == (now + HOUR, "01")

"""Every feed is delivered by every kind of source, and lands the same."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from monitor.sources.land import table_of
from monitor.store import Store, tables
from monitor.words import Feed
from tests.sources.deliveries import (
    FEEDS,
    INSTITUTION,
    PARTY,
    check_row,
    files,
    pulled,
    rows_of,
    write_csv,
)
from tests.sources.kinds import every_kind_of

_ACT = {"occurred_on": date(2022, 1, 20), "party_id_fault": "none", "implement_list_fault": None}
LANDED: dict[Feed, dict[str, Any]] = {
    Feed.CHECK: {"kind": "check", "occurred_on": date(2022, 1, 25), "inspector_count": 2},
    Feed.PUNISH: _ACT | {"kind": "punish", "fine_yuan": Decimal("500.00")},
    Feed.FORCE: _ACT | {"kind": "force", "document_key": "示强[2022]1号"},
    Feed.OTHER: _ACT | {"kind": "other", "party_id": PARTY},
    Feed.DEPARTMENT: {"code": INSTITUTION, "level": "district", "record_id": INSTITUTION},
    Feed.ITEM: {"item_code": "50011200000001", "item_state": "01", "claimed": True},
    Feed.IMPLEMENT_LIST: {"published": True},
    Feed.ZERO_REPORT: {"department": INSTITUTION, "month": "2022-01"},
    Feed.EXEMPTION: {"scope": "department", "begins_on": date(2022, 1, 1)},
    Feed.PLAN: {"plan_id": "P1", "ends_on": date(2022, 6, 30), "department_name": "示范局"},
    Feed.DRAWN_OBJECT: {"object_id": "O1", "object_code": PARTY},
    Feed.EXPECTED: {
        "kind": "punish",
        "due_basis_on": date(2022, 1, 20),
        "month": "2022-01",
        "document_key": "示罚[2022]1号",
        "fine_yuan": Decimal("500.00"),
        "department_name": "示范局",
    },
}


@pytest.mark.parametrize("feed", Feed)
def test_every_feed_lands_the_same_from_every_kind_of_source(
    store: Store, tmp_path: Path, now: datetime, feed: Feed
) -> None:
    with every_kind_of(tmp_path, feed) as sources:
        for source in sources:
            report = pulled(store, source, now)
            assert (report.error, report.landed, report.malformed) == (None, 1, 0), source.name
    table = table_of(feed)
    rows = rows_of(store, table)
    told = [{name: row[name] for name in LANDED[feed]} for row in rows]
    assert told == [LANDED[feed]] * 4
    apart = {"id", "source", *([] if feed is Feed.CHECK else ["record_id"])}
    same = [{name: cell for name, cell in row.items() if name not in apart} for row in rows]
    assert same == same[:1] * 4


def test_what_a_case_list_has_beside_behaviours_is_told_and_left_out(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    rows = [
        FEEDS[Feed.EXPECTED] | {"行为类别": kind, "文书号": f"示{number}号"}
        for number, kind in enumerate(["处罚许可", "行政处罚", "行政许可"])
    ]
    report = pulled(store, files(write_csv(tmp_path / "a.csv", rows), Feed.EXPECTED), now)
    assert [row["kind"] for row in rows_of(store, tables.expected)] == ["punish"]
    assert report.warnings == (
        "行为类别: 2 cells can't be read, first in a.csv row 2: "
        "expected one of 行政检查, 行政处罚, 行政强制, 其他行为",
        "2 rows can't land without what the feed expected is known by: a.csv row 2, a.csv row 4",
    )
    licences = [rows[2]]
    report = pulled(store, files(write_csv(tmp_path / "b.csv", licences), Feed.EXPECTED), now)
    assert "行政许可: a licence is no supervision behaviour" in report.warnings[0]


def test_an_exemption_of_a_scope_that_nobody_knows_is_told(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    row = FEEDS[Feed.EXEMPTION] | {"免报范围": "全部"}
    report = pulled(store, files(write_csv(tmp_path / "a.csv", [row]), Feed.EXEMPTION), now)
    assert rows_of(store, tables.exemption) == []
    assert "免报范围: 1 cell can't be read" in report.warnings[0]
    assert report.warnings[0].endswith("expected one of 部门, 事项, 单项行为")


def test_a_department_that_an_expected_row_names_is_a_stranger_only_where_nobody_has_the_name(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    directory = files(
        write_csv(tmp_path / "d.csv", [FEEDS[Feed.DEPARTMENT]]), Feed.DEPARTMENT, name="directory"
    )
    pulled(store, directory, now)
    rows = [
        FEEDS[Feed.EXPECTED] | {"文书号": f"示{name}号", "部门名称": name}
        for name in ("示范局", "示范一局", "示范二局", "示范甲")
    ]
    report = pulled(store, files(write_csv(tmp_path / "a.csv", rows), Feed.EXPECTED), now)
    assert report.warnings == (
        "departments that the directory doesn't hold: no code (1), 示范一局 (1), 示范二局 (1)",
    )


def test_a_sequence_that_is_no_number_is_told(store: Store, tmp_path: Path, now: datetime) -> None:
    path = write_csv(tmp_path / "a.csv", [check_row(1, sequence="1"), check_row(2, sequence="甲")])
    report = pulled(store, files(path), now)
    assert (report.landed, report.malformed) == (2, 1)
    assert report.warnings == (
        "sequence: 1 cell can't be read, first in a.csv row 3: expected a whole number; without it "
        "a row counts as older than those that have one",
    )
    assert [row["malformed"] for row in rows_of(store)] == [None, "sequence"]

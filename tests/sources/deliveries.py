"""What sources deliver in the tests: rows, files and databases of a made-up district."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import xlsxwriter
from stdnum.cn import uscc

from jobs.pull import PullReport, pull_source
from monitor.config import FilesSource, SourceSettings
from monitor.store import Store, statuses, tables
from monitor.words import Feed


def credit_code(first: str) -> str:
    """A code that nobody has, with its check digit."""
    return first + uscc.calc_check_digit(first)


INSTITUTION = credit_code("11500112DEM000001")
PARTY = credit_code("91500112DEM000002")
CHECK = {
    "记录唯一标识": "check-1",
    "监管事项目录编码": "50011200000001",
    "监管事项检查实施清单编码": f"{INSTITUTION}450011200000001",
    "检查行为名称": "示范日常检查",
    "检查行为编号": "示检2022-0001",
    "实施机构编码": INSTITUTION,
    "监管对象": "示范商店",
    "行政相对人": "示范商店",
    "行政相对人性质": "法人",
    "行政相对人证件类型": "统一社会信用代码",
    "行政相对人编码": PARTY,
    "行政区划代码": "500112",
    "检查形式": "日常检查",
    "检查类别": "01",
    "检查结果": "01",
    "检查时间": "2022-01-25",
    "检查人员": "示范甲、示范乙",
    "报送时间": "2022-01-26 10:30:00",
}


FEEDS: dict[Feed, dict[str, str]] = {
    Feed.DEPARTMENT: {"统一社会信用代码": INSTITUTION, "部门名称": "示范局", "层级": "区级部门"},
    Feed.ITEM: {"监管事项目录编码": "50011200000001", "事项状态": "在用", "是否认领": "是"},
    Feed.IMPLEMENT_LIST: {"检查实施清单编码": f"{INSTITUTION}4", "是否发布": "1"},
    Feed.ZERO_REPORT: {"部门统一社会信用代码": INSTITUTION, "月份": "2022年1月"},
    Feed.EXEMPTION: {
        "免报范围": "部门", "部门统一社会信用代码": INSTITUTION, "免报原因": "撤并",
        "批准人": "示范甲", "开始日期": "2022-01-01",
    },
    Feed.PLAN: {
        "计划ID": "P1", "计划名称": "示范", "年度": "2022", "计划结束日期": "2022.6.30",
        "监管部门": "示范局",
    },
    Feed.DRAWN_OBJECT: {
        "计划ID": "P1", "抽查检查对象 ID": "O1", "抽查检查对象名称": "示范商店",
        "抽查检查对象统一社会信用代码": PARTY,
    },
    Feed.EXPECTED: {
        "行为类别": "行政处罚", "文书号": "示罚〔2022〕1号", "决定日期": "2022-01-20",
        "罚款金额": "500", "部门名称": "示范局",
    },
}  # fmt: skip
"""A row of each feed that is no behaviour, in good order."""


def check_row(number: int = 1, **cells: str) -> dict[str, str]:
    """A check in good order; `cells` replace or add cells by header."""
    own = {"记录唯一标识": f"check-{number}", "检查行为编号": f"示检2022-{number:04d}"}
    return CHECK | own | cells


def write_csv(
    path: Path,
    rows: Sequence[Mapping[str, str]],
    encoding: str = "utf-8",
    delimiter: str = ",",
) -> Path:
    """A CSV file with the headers of the first row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, [*rows[0]], delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_workbook(path: Path, sheets: Mapping[str, Iterable[Sequence[Any]]]) -> Path:
    """A workbook with these rows in these sheets."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(str(path)) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if isinstance(cell, date):
                        sheet.write_datetime(number, column, cell, day)
                    else:
                        sheet.write(number, column, cell)
    return path


def files(path: Path, feed: Feed = Feed.CHECK, **more: Any) -> FilesSource:
    """A source of files, read as soon as they are there; a behaviour's records are accepted."""
    usual: dict[str, Any] = {"name": "files", "feed": feed, "kind": "files", "path": str(path)}
    usual["settle"] = "0s"
    if feed in ("check", "punish", "force", "other"):
        usual["status"] = "accepted"
    return FilesSource.model_validate(usual | more)


def pulled(store: Store, source: SourceSettings, now: datetime) -> PullReport:
    """Pull the source once."""
    return pull_source(store, source, now)


def statuses_of(store: Store) -> list[dict[str, Any]]:
    """All statuses that records were seen in."""
    with store.reading() as connection:
        seen = connection.execute(statuses.of_records(sa.true()))
        return [dict(row) for row in seen.mappings()]


def rows_of(store: Store, table: sa.Table = tables.behavior) -> list[dict[str, Any]]:
    """All rows of a table, in the order in which they landed."""
    order = list(table.primary_key)
    with store.reading() as connection:
        return [
            dict(row) for row in connection.execute(sa.select(table).order_by(*order)).mappings()
        ]

"""The workbooks that departments upload: checks and other acts, a sheet a department.

Under the header stands a row that describes the columns, as in the platform's template. Workbooks
differ in dialect: some use the standard's names and write days as text, some its aliases with
full-width brackets and real date cells.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from jobs.demo.cell import STATUS_WORDS, delivered, text_of
from jobs.demo.days import month_of
from jobs.demo.record import Record
from monitor import standard
from monitor.words import Kind

RECORD_ID, STATUS, STATUS_AT = "记录唯一标识", "状态", "状态时间"
_GROUPS = 4
_DESCRIBED = {
    "text": "文本",
    "code": "代码，见码表",
    "list": "多个以顿号分隔",
    "date": "日期，格式 yyyy-MM-dd",
    "instant": "时间，格式 yyyy-MM-dd HH:mm:ss",
    "boolean": "是/否",
    "number": "数值，单位：元",
}


def write_workbooks(
    folder: Path,
    kind: Kind,
    records: Sequence[Record],
    created: datetime,
    count: Callable[[int], None],
) -> None:
    """Write the records of `kind` into workbooks in `folder`, one a month and group of departments.

    What is delivered a second time comes last, in a workbook of its own.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def place(record: Record) -> tuple[str, int]:
        if record.late_copy:
            return "补报", 0
        group = (record.department.number - 1) % (_GROUPS // 2)
        return month_of(record.occurred_on), group + _GROUPS // 2 * record.department.township

    own = sorted((r for r in records if r.kind is kind), key=place)
    for (month, group), members in groupby(own, key=place):
        side = "乡镇街道" if group >= _GROUPS // 2 else "区级部门"
        name = f"{month}_{kind.zh}_{side}{group % (_GROUPS // 2) + 1}.xlsx"
        _write(folder / name, kind, list(members), created, dialect=group % 2)
        count(1)


def _write(path: Path, kind: Kind, records: list[Record], created: datetime, dialect: int) -> None:
    book = xlsxwriter.Workbook(str(path), {"in_memory": True, "strings_to_urls": False})
    book.set_properties({"title": path.stem, "author": "示范区", "created": created})
    day_format = book.add_format({"num_format": "yyyy-mm-dd"})
    head_format = book.add_format({"bold": True})
    fields = [*_columns(kind, dialect)]
    records.sort(key=lambda record: record.department.number)
    for department, members in groupby(records, key=lambda record: record.department):
        sheet = book.add_worksheet(department.short_name)
        for column, (header, description, _) in enumerate(fields):
            sheet.write_string(0, column, header, head_format)
            sheet.write_string(1, column, description)
        for row, record in enumerate(members, start=2):
            _write_row(sheet, row, record, fields, day_format if dialect else None)
    book.close()


def _columns(kind: Kind, dialect: int) -> Iterator[tuple[str, str, str]]:
    """Header, description and column of each column of the sheet; the last three have no column."""
    yield RECORD_ID, "系统生成，勿改", ""
    for field in standard.fields(kind.value):
        name = field.name_zh
        if dialect:
            aliases = [h for h in field.headers if h != name and re.search(r"[^\x00-\x7f]", h)]
            name = aliases[0] if aliases else name
        need = "必填" if field.mandatory else "选填"
        length = f"，不超过{field.max_length}字" if field.max_length else ""
        yield name, f"{need}，{_DESCRIBED[field.type]}{length}", field.column
    yield STATUS, "系统生成，勿改", ""
    yield STATUS_AT, "系统生成，勿改", ""


def _write_row(
    sheet: Worksheet,
    row: int,
    record: Record,
    fields: Sequence[tuple[str, str, str]],
    day_format: Format | None,
) -> None:
    envelope = {
        RECORD_ID: record.record_id,
        STATUS: STATUS_WORDS[record.status],
        STATUS_AT: text_of(record.status_at),
    }
    for place, (header, _, column) in enumerate(fields):
        if not column:
            sheet.write_string(row, place, envelope[header] or "")
            continue
        value = record.values.get(column)
        if (
            day_format is not None
            and column not in record.written
            and isinstance(value, date)
            and not isinstance(value, datetime)
        ):
            sheet.write_datetime(row, place, value, day_format)
            continue
        cell = delivered(record, column)
        if isinstance(cell, int):
            sheet.write_number(row, place, cell)
        elif cell is not None:
            sheet.write_string(row, place, cell)

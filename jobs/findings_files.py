"""Findings as files: CSV and Excel for a department, in Chinese; JSON lines for a program.

What is in a cell was delivered by somebody: one that a spreadsheet would run as a formula is made
harmless, by a quote before it in CSV and by Excel's own mark of text in a workbook.
"""

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, TextIO

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from jobs.findings import Finding
from monitor import standard
from monitor.directory import Directory
from monitor.errors import OutputError
from monitor.words import Kind, Severity
from monitor.workdays import Month

TextForm = Literal["csv", "json"]
FileForm = Literal["csv", "json", "xlsx"]

HEADERS: Mapping[str, int] = {
    "部门": 22,
    "部门编码": 20,
    "归属月": 9,
    "行为类别": 10,
    "行为编号": 30,
    "字段": 20,
    "问题": 44,
    "严重程度": 10,
    "数据检核类型": 26,
    "规则": 36,
    "数据来源": 18,
    "记录标识": 30,
}
"""The columns of a file for people, with their widths in a workbook, in characters."""

ROWS_A_SHEET = 1_048_576
"""What Excel holds on one sheet, the header included."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell begins with that some spreadsheet runs."""

_BYTE_ORDER_MARK = "\ufeff"
"""Tells Excel that a CSV file is in UTF-8."""


def write_file(
    form: FileForm,
    findings: Iterable[Finding],
    departments: Directory,
    path: Path,
) -> None:
    """Write the findings to `path`, which holds all of them or stays as it was.

    Raises OutputError where the file can't be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        try:
            if form == "xlsx":
                write_xlsx(findings, departments, part)
            else:
                with part.open("w", encoding="utf-8", newline="") as file:
                    write_text(form, findings, departments, file)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: can't be written: {error.strerror}") from None


def write_text(
    form: TextForm,
    findings: Iterable[Finding],
    departments: Directory,
    file: TextIO,
) -> None:
    """JSON as an object a line; CSV with headers, as Excel opens it.

    `file` must leave line ends as they are.
    """
    if form == "json":
        documents = (json.dumps(each.as_dict(), ensure_ascii=False) for each in findings)
        file.writelines(f"{document}\n" for document in documents)
        return
    file.write(_BYTE_ORDER_MARK)
    writer = csv.writer(file)
    writer.writerow(HEADERS)
    for finding in findings:
        writer.writerow(
            f"'{cell}" if is_formula(cell) else cell for cell in cells(finding, departments)
        )


def write_xlsx(
    findings: Iterable[Finding],
    departments: Directory,
    path: Path,
    rows_a_sheet: int = ROWS_A_SHEET,
) -> None:
    """A workbook, written row by row; what doesn't fit on a sheet goes on the next.

    Raises OSError where the file can't be written.
    """
    try:
        with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
            text = book.add_format({"quote_prefix": True})
            sheet = _sheet(book, 1)
            for place, finding in enumerate(findings):
                number, row = divmod(place, rows_a_sheet - 1)
                if number and row == 0:
                    sheet = _sheet(book, number + 1)
                for column, cell in enumerate(cells(finding, departments)):
                    sheet.write_string(row + 1, column, cell, text if is_formula(cell) else None)
    except FileCreateError as error:
        raise error.args[0] from None


def _sheet(book: Workbook, number: int) -> Worksheet:
    """Another sheet with its header."""
    sheet = book.add_worksheet("问题" if number == 1 else f"问题{number}")
    bold = book.add_format({"bold": True})
    for column, (header, width) in enumerate(HEADERS.items()):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, header, bold)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, ROWS_A_SHEET - 1, len(HEADERS) - 1)
    return sheet


def cells(finding: Finding, departments: Directory) -> tuple[str, ...]:
    """What a person reads of a finding, in the order of HEADERS."""
    known = finding.department in departments
    return (
        departments.named(finding.department, Month.parse(finding.month).last).name,
        finding.department if known else "",
        finding.month,
        Kind(finding.kind).zh,
        finding.action_code or "",
        standard.field_name(finding.kind, finding.field),
        finding.message,
        Severity(finding.severity).zh,
        f"{finding.rule_class} {standard.code_list('数据检核类型')[finding.rule_class]}",
        finding.rule,
        finding.source,
        finding.record_id,
    )


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet may take the cell for a formula."""
    return cell.startswith(_FORMULA)

"""Workbooks, JSON lines and Parquet as departments make them; what would do harm is refused."""

import json
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter

from monitor.errors import SourceError
from monitor.sources import reader
from monitor.sources.batch import Batch, Remark, Start
from monitor.sources.columns import Dialect
from monitor.words import Feed
from tests.sources.deliveries import CHECK, check_row, files, write_workbook


def look(path: Path, **more: Any) -> tuple[pl.DataFrame, list[str], list[str]]:
    """The rows as they would land together, what is remarked, and what is complained about."""
    source = files(path, **more)
    frames, remarks, errors = [], [], []
    try:
        for part in reader.read(source, Dialect(source), Start()):
            if isinstance(part, Batch):
                frames += [p.frame.with_columns(number=p.numbers) for p in part.parts]
            elif isinstance(part, Remark):
                remarks.append(part.text)
            else:
                errors.append(str(part))
    except SourceError as error:
        errors.append(str(error))
    return pl.concat(frames, how="diagonal") if frames else pl.DataFrame(), remarks, errors


def sheet_of(rows: Iterable[dict[str, str]]) -> list[Sequence[str]]:
    return [[*CHECK], *([*row.values()] for row in rows)]


def test_a_header_of_two_rows_with_merged_cells_names_the_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("一月")
        sheet.write(0, 0, "示范区行政检查行为")
        for at, header in enumerate(CHECK):
            if header == "行政相对人性质":
                sheet.merge_range(1, at, 1, at + 2, "行政相对人")
                for n, below in enumerate(("性质", "证件类型", "编码")):
                    sheet.write(2, at + n, below)
            elif header not in ("行政相对人证件类型", "行政相对人编码"):
                sheet.merge_range(1, at, 2, at, header)
        sheet.write_row(3, 0, [*CHECK.values()])
    frame, _, errors = look(path)
    assert errors == []
    assert frame.select(*CHECK).row(0, named=True) == CHECK
    assert frame["number"].to_list() == [4]


@pytest.mark.parametrize("merged", [0, 5])
def test_a_known_name_over_several_columns_goes_on_below_where_others_are_not_merged(
    tmp_path: Path, merged: int
) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("一月")
        first = [*CHECK].index("行政相对人")
        for at, header in enumerate(CHECK):
            if at < merged:
                sheet.merge_range(0, at, 1, at, header)
            elif not first <= at < first + 4:
                sheet.write(0, at, header)
        sheet.merge_range(0, first, 0, first + 3, "行政相对人")
        sheet.write_row(1, first, ["名称", "性质", "证件类型", "编码"])
        sheet.write_row(2, 0, [*CHECK.values()])
    frame, _, errors = look(path)
    assert errors == []
    assert frame["行政相对人编码"].to_list() == [CHECK["行政相对人编码"]]
    assert frame["number"].to_list() == [3]


LEDGER: dict[str, Any] = {
    "feed": Feed.EXPECTED,
    "columns": {"案号": "document_no", "结案日": "due_basis_on", "承办单位": "department_name"},
    "values": {"kind": "punish"},
}
"""How a ledger of cases is read, of which only these columns are of use."""


def test_a_merged_header_with_names_that_nobody_knows_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("台账")
        for at, header in {0: "案号", 3: "结案日", 4: "承办单位"}.items():
            sheet.merge_range(0, at, 1, at, header)
        sheet.merge_range(0, 1, 0, 2, "当事人")
        sheet.write_row(1, 1, ["名称", "代码"])
        sheet.write_row(2, 0, ["示罚1", "示范商店", "1", "2022-01-20", "示范局"])
    frame, _, errors = look(path, **LEDGER)
    assert errors == []
    assert frame.columns == ["案号", "当事人名称", "当事人代码", "结案日", "承办单位", "number"]
    assert frame.row(0) == ("示罚1", "示范商店", "1", "2022-01-20", "示范局", 3)
    assert frame.height == 1


def test_a_second_row_of_names_is_known_in_a_text_file_too(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "案号,当事人,,结案日,承办单位\n,名称,代码,,\n示罚1,示范商店,1,2022-01-20,示范局\n"
    )
    frame, _, errors = look(path, **LEDGER)
    assert errors == []
    assert frame["当事人代码"].to_list() == ["1"]
    assert frame["案号"].to_list() == ["示罚1"]


@pytest.mark.parametrize("depth", [2, 3, 9])
def test_a_title_that_is_merged_along_the_records_takes_none_of_them(
    tmp_path: Path, depth: int
) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("台账")
        sheet.merge_range(0, 0, depth, 0, "示范区")
        for number, row in enumerate(sheet_of([check_row(1), check_row(2)])):
            sheet.write_row(number, 1, row)
    assert look(path)[0]["记录唯一标识"].to_list() == ["check-1", "check-2"]


def test_a_wide_sheet_that_explains_the_others_is_left_out_and_one_of_another_name_is_not(
    tmp_path: Path,
) -> None:
    explained: list[Sequence[str]] = [
        ["序号", "字段名", "类型", "长度", "必填", "说明", "示例", "字典"]
    ]
    sheets = {"字段说明": explained, "一月": sheet_of([check_row(1)])}
    frame, remarks, errors = look(write_workbook(tmp_path / "a.xlsx", sheets))
    assert (frame.height, errors) == (1, [])
    assert remarks == ["a.xlsx 字段说明: explains, and has no header row: left out"]
    _, _, errors = look(write_workbook(tmp_path / "b.xlsx", {"二月": explained}))
    assert len(errors) == 1


def test_a_hidden_sheet_is_read_and_said_to_be_hidden(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        for number, name in enumerate(("一月", "二月"), start=1):
            sheet = book.add_worksheet(name)
            for at, row in enumerate(sheet_of([check_row(number)])):
                sheet.write_row(at, 0, row)
        sheet.hide()
    frame, remarks, errors = look(path)
    assert frame["记录唯一标识"].to_list() == ["check-1", "check-2"]
    assert remarks == ["a.xlsx 二月: a hidden sheet: read like the others"]
    assert errors == []


def test_a_cell_merged_over_rows_holds_for_each_of_them(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    at = [*CHECK].index("监管对象")
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("一月")
        for number, row in enumerate(sheet_of([check_row(1), check_row(2)])):
            sheet.write_row(number, 0, row)
        sheet.merge_range(1, at, 2, at, "示范商店")
    assert look(path)[0]["监管对象"].to_list() == ["示范商店", "示范商店"]


def test_days_that_excel_keeps_as_numbers_are_delivered_as_days(tmp_path: Path) -> None:
    row: dict[str, object] = {**check_row(1), "检查时间": date(2022, 1, 25)}
    frame, _, _ = look(write_workbook(tmp_path / "a.xlsx", {"一月": [[*row], [*row.values()]]}))
    assert frame["检查时间"].to_list() == ["2022-01-25"]


def test_a_workbook_that_counts_days_from_1904_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path), {"date_1904": True}) as book:
        sheet = book.add_worksheet("一月")
        for number, row in enumerate(sheet_of([check_row(1)])):
            sheet.write_row(number, 0, row)
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_datetime(1, [*CHECK].index("检查时间"), date(2022, 1, 25), day)
    frame, remarks, _ = look(path)
    assert frame["检查时间"].to_list() == ["2022-01-25"]
    assert remarks == [
        "a.xlsx: its days are counted from 1904: one without the format of a date is read four "
        "years early"
    ]


def test_cells_that_hold_an_error_are_blank_and_told_of(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    at = [*CHECK].index("监管对象")
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("说明")
        sheet = book.add_worksheet("一月 & 二月")
        for number, row in enumerate(sheet_of([check_row(1), check_row(2), check_row(3)])):
            sheet.write_row(number, 0, row)
        sheet.write_formula(1, at, "=VLOOKUP(A1,Z:Z,1)", value="#N/A")
        sheet.write_formula(2, at, "=1/0", value="#DIV/0!")
        sheet.write_formula(3, at, '=A1&"示范"', value="示范")
    frame, remarks, errors = look(path)
    assert errors == []
    assert frame["监管对象"].to_list() == [None, None, "示范"]
    column = chr(ord("A") + at)
    assert remarks == [
        "a.xlsx: 2 cells hold an error of Excel's, read as blank: "
        f"一月 & 二月 {column}2 (#N/A), 一月 & 二月 {column}3 (#DIV/0!)"
    ]


def test_of_many_cells_that_hold_an_error_the_first_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    at = [*CHECK].index("监管对象")
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("一月")
        for number, row in enumerate(sheet_of([check_row(n) for n in range(30)])):
            sheet.write_row(number, 0, row)
            if number:
                sheet.write_formula(number, at, "=NA()", value="#N/A")
    (remark,) = look(path)[1]
    assert remark.startswith("a.xlsx: 30 cells hold an error of Excel's, read as blank: 一月 ")
    assert remark.endswith("6 (#N/A) and 25 more")


def test_formulas_that_nobody_computed_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("一月")
        for number, row in enumerate(sheet_of(check_row(n) for n in range(1, 5))):
            sheet.write_row(number, 0, row)
        for at, value in enumerate(("示范", "no", 71, 72), start=1):
            sheet.write_formula(at, [*CHECK].index("监管对象"), "=A1&B1", value=value)
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    with zipfile.ZipFile(path, "w") as book:
        for name, part in parts.items():
            # a text may be blank, as Excel writes it; openpyxl and others write no number
            part = part.replace(b"<v>no</v>", b"<v></v>")
            book.writestr(name, part.replace(b"<v>71</v>", b"<v />").replace(b"<v>72</v>", b""))
    frame, remarks, errors = look(path)
    assert (frame["监管对象"].to_list(), errors) == (["示范", None, None, None], [])
    assert remarks == [
        "a.xlsx: 2 formulas that nobody computed: blank until somebody opens the workbook in Excel "
        "and saves it"
    ]


def test_a_workbook_that_was_cut_off_is_refused_by_name(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", {"一月": sheet_of([check_row(1)])})
    path.write_bytes(path.read_bytes()[:-400])
    frame, _, errors = look(path)
    assert frame.is_empty()
    assert errors == ["a.xlsx: not a readable workbook: it was cut off or is damaged"]


def test_a_workbook_that_unpacks_to_more_than_the_limit_is_refused_before_it_is(
    tmp_path: Path,
) -> None:
    path = write_workbook(tmp_path / "a.xlsx", {"一月": sheet_of([check_row(1)])})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/large.bin", b"\0" * 4_000_000)
    assert path.stat().st_size < 100_000
    _, _, errors = look(path, max_unpacked_bytes=3_000_000)
    assert errors == [
        "a.xlsx: expected a workbook that takes at most 3000000 bytes unpacked, "
        "found one that takes more"
    ]


def test_one_cell_far_off_does_not_ask_for_all_the_cells_up_to_it(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("一月")
        for number, row in enumerate(sheet_of([check_row(1)])):
            sheet.write_row(number, 0, row)
        sheet.write(1_048_575, 16_383, "x")
    _, _, errors = look(path)
    assert errors == [
        "a.xlsx: expected a workbook that takes at most 2147483648 bytes unpacked, "
        "found one that takes more for a grid up to XFD1048576"
    ]


def test_json_lines_are_read_and_a_line_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [
        json.dumps(check_row(1), ensure_ascii=False),
        '{"记录唯一标识": "check-2',
        json.dumps(check_row(3), ensure_ascii=False),
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    frame, _, errors = look(path)
    assert frame["记录唯一标识"].to_list() == ["check-1", "check-3"]
    assert frame["number"].to_list() == [1, 3]
    assert errors == [
        "a.jsonl line 2: expected a JSON object, found one that was cut off or is malformed"
    ]


def test_an_array_of_objects_is_read_and_what_is_nested_becomes_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    records = [check_row(n) | {"more": {"deep": n, "amount": 1.10}} for n in (1, 2)]
    path.write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
    frame, _, errors = look(path)
    assert errors == []
    assert frame["more.deep"].to_list() == ["1", "2"]
    assert frame["记录唯一标识"].to_list() == ["check-1", "check-2"]


def test_parquet_columns_of_every_type_become_text(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    typed: dict[str, list[Any]] = {
        "检查时间": [date(2022, 1, 25)],
        "报送时间": [datetime(2022, 1, 26, 10, 30, tzinfo=UTC)],
        "行政区划代码": [500112],
        "金额": [Decimal("12.50")],
        "检查人员": [["示范甲", "示范乙"]],
        "无小数": [3.0],
    }
    pl.DataFrame([check_row(1)]).with_columns(
        **{name: pl.Series(cells) for name, cells in typed.items()}
    ).write_parquet(path)
    frame, _, errors = look(path)
    assert errors == []
    assert frame.select(*typed).row(0) == (
        "2022-01-25",
        "2022-01-26 10:30:00+00:00",
        "500112",
        "12.50",
        "示范甲、示范乙",
        "3",
    )


@pytest.mark.parametrize("keep", [40, 400])
def test_a_parquet_file_that_was_cut_off_is_refused(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame([check_row(1)]).write_parquet(path)
    path.write_bytes(path.read_bytes()[:keep])
    _, _, errors = look(path)
    assert errors == [
        "a.parquet: expected a whole Parquet file, found one that was cut off or is damaged"
    ]


def test_objects_in_a_list_are_columns_of_what_they_say_together(tmp_path: Path) -> None:
    people = [{"姓名": "示范甲", "证": {"号": "1"}}, {"姓名": "示范乙", "证": None}]
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({**check_row(), "检查人员": people}), encoding="utf-8")
    frame, _, errors = look(path, columns={"检查人员.姓名": "inspectors"})
    assert errors == []
    assert frame["检查人员.姓名"].to_list() == ["示范甲、示范乙"]
    assert frame["检查人员.证.号"].to_list() == ["1"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("[]", "an array"),
        ('"a"', "a string"),
        ("1", "a number"),
        ("true", "a boolean"),
    ],
)
def test_a_line_that_is_no_object_is_called_what_json_calls_it(
    tmp_path: Path, line: str, found: str
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f"{json.dumps(check_row())}\n{line}\n", encoding="utf-8")
    frame, _, errors = look(path)
    assert frame.height == 1
    assert errors == [f"a.jsonl line 2: expected a JSON object, found {found}"]


@pytest.mark.parametrize("line", ["null", "{}", "", " "])
def test_a_line_that_holds_nothing_is_passed_over(tmp_path: Path, line: str) -> None:
    path = tmp_path / "a.jsonl"
    first, second = (json.dumps(check_row(number)) for number in (1, 2))
    path.write_text(f"{first}\n{line}\n{second}\n", encoding="utf-8")
    frame, _, errors = look(path)
    assert frame["number"].to_list() == [1, 3]
    assert errors == []

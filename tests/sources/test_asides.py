"""What stands among the records of a sheet and is none lands as none, and is told of."""

from pathlib import Path

import pytest

from tests.sources.deliveries import CHECK, check_row, write_csv, write_workbook
from tests.sources.test_odd_files import LEDGER, look, sheet_of


@pytest.mark.parametrize(
    "aside",
    [
        ["合计", "2"],
        ["合 计", "", "", "2 条", "", "1,234.50元"],
        ["", "", "合计：2条"],
        ["填报人：示范甲", "", "审核人：示范乙", "", "填报日期：2022年2月1日"],
        ["单位负责人（签字）：", "", "", "填报单位（盖章）: 示范局"],
        ["注：本表每月5日前报送。"],
        [*CHECK],
    ],
)
def test_a_total_a_signature_and_the_header_again_are_no_records(
    tmp_path: Path, aside: list[str]
) -> None:
    rows = [*sheet_of([check_row(1)]), aside, [*check_row(2).values()]]
    frame, remarks, errors = look(write_workbook(tmp_path / "a.xlsx", {"一月": rows}))
    assert errors == []
    assert frame["记录唯一标识"].to_list() == ["check-1", "check-2"]
    assert frame["number"].to_list() == [2, 4]
    assert remarks == ["a.xlsx 一月 row 3: a total, a signature or the header again: left out"]


def test_a_total_of_few_columns_is_no_case_either(tmp_path: Path) -> None:
    rows = [["案号", "结案日", "承办单位"], ["示罚1", "2022-01-20", "示范局"], ["合计", "1", ""]]
    frame, remarks, _ = look(write_workbook(tmp_path / "a.xlsx", {"台账": rows}), **LEDGER)
    assert frame["案号"].to_list() == ["示罚1"]
    assert len(remarks) == 1


def test_numbered_lines_that_nobody_filled_in_are_blank(tmp_path: Path) -> None:
    numbered = [{"序号": "1", **check_row(1)}, *({"序号": str(n)} for n in range(2, 9))]
    rows = [["序号", *CHECK], *([*row.values()] for row in numbered)]
    frame, remarks, errors = look(write_workbook(tmp_path / "a.xlsx", {"一月": rows}))
    assert (frame.height, remarks, errors) == (1, [], [])


@pytest.mark.parametrize(
    "cells",
    [
        {"监管对象": "合计餐饮店"},
        {"记录唯一标识": "合计"},
        dict.fromkeys(CHECK, "") | {"检查人员": "示范甲", "检查结果": "01"},
        dict.fromkeys(CHECK, "") | {"检查行为编号": "示检2022-0002"},
        dict.fromkeys(CHECK, "") | {"监管对象": "备注：待补", "检查人员": "示范甲"},
    ],
)
def test_a_row_with_anything_of_a_record_in_it_is_a_record(
    tmp_path: Path, cells: dict[str, str]
) -> None:
    frame, remarks, _ = look(write_csv(tmp_path / "a.csv", [check_row(1), check_row(2, **cells)]))
    assert (frame.height, remarks) == (2, [])


def test_many_asides_are_counted_and_the_first_are_named(tmp_path: Path) -> None:
    rows = sheet_of(check_row(n) for n in range(1, 4))
    rows += [["小计", str(n)] for n in range(8)]
    frame, remarks, _ = look(write_workbook(tmp_path / "a.xlsx", {"一月": rows}))
    assert frame.height == 3
    assert remarks == [
        "a.xlsx 一月 rows 5, 6, 7, 8, 9 and 3 more: "
        "a total, a signature or the header again: left out"
    ]


def test_a_file_of_asides_alone_holds_no_record_and_is_right(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [dict.fromkeys(CHECK, "") | {"记录唯一标识": "合计"}])
    frame, _, errors = look(path)
    assert (frame.height, errors) == (0, [])

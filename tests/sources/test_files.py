"""Files of every usual making are read; what is wrong with one is said and holds up no other."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from monitor.errors import SourceError
from monitor.sources import reader
from monitor.sources.batch import Batch, Start
from monitor.sources.columns import Dialect
from monitor.words import Feed
from tests.sources.deliveries import CHECK, check_row, files, write_csv, write_workbook


def read(path: Path, feed: Feed = Feed.CHECK, **more: object) -> tuple[list[Batch], list[str]]:
    source = files(path, feed, **more)
    batches, errors = [], []
    try:
        for part in reader.read(source, Dialect(source), Start()):
            if isinstance(part, Batch):
                batches.append(part)
            elif isinstance(part, SourceError):
                errors.append(str(part))
    except SourceError as error:
        errors.append(str(error))
    return batches, errors


def only(path: Path, feed: Feed = Feed.CHECK, **more: object) -> pl.DataFrame:
    batches, errors = read(path, feed, **more)
    assert errors == []
    assert len(batches) == 1
    return pl.concat([part.frame for part in batches[0].parts], how="diagonal")


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_file_is_read_whatever_its_encoding_and_delimiter(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    path = write_csv(tmp_path / "a.csv", [check_row(1), check_row(2)], encoding, delimiter)
    assert only(path)["记录唯一标识"].to_list() == ["check-1", "check-2"]


@pytest.mark.parametrize("is_quoted", [False, True])
def test_a_code_that_is_kept_from_being_a_number_is_read_as_it_is_meant(
    tmp_path: Path, *, is_quoted: bool
) -> None:
    row = check_row(1)
    row |= {"监管事项目录编码": f'="{row["监管事项目录编码"]}"', "检查结果": '=""'}
    path = write_csv(tmp_path / "a.csv", [row])
    if not is_quoted:
        path.write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n", encoding="utf-8")
    frame = only(path)
    assert frame["监管事项目录编码"].to_list() == [CHECK["监管事项目录编码"]]
    assert frame["检查结果"].to_list() == [None]


def test_a_title_above_the_header_and_a_description_below_it_are_no_rows(tmp_path: Path) -> None:
    described = ["必填，文本" for _ in CHECK]
    rows = [["示范区行政检查行为"], [*CHECK], described, [*CHECK.values()]]
    frame = only(write_workbook(tmp_path / "a.xlsx", {"一月": rows}))
    assert frame["监管对象"].to_list() == ["示范商店"]


def test_a_record_that_mentions_a_format_once_is_a_record(tmp_path: Path) -> None:
    row = check_row(1, 检查行为名称="格式条款检查")
    frame = only(write_workbook(tmp_path / "a.xlsx", {"一月": [[*row], [*row.values()]]}))
    assert frame.height == 1


def test_every_sheet_is_read_and_empty_ones_are_passed_over(tmp_path: Path) -> None:
    sheets = {
        "一月": [[*CHECK], [*check_row(1).values()]],
        "二月": [[*CHECK], [*check_row(2).values()]],
        "Sheet3": [],
    }
    frame = only(write_workbook(tmp_path / "a.xlsx", sheets))
    assert frame["记录唯一标识"].to_list() == ["check-1", "check-2"]


def test_cells_that_excel_keeps_as_days_and_numbers_are_read(tmp_path: Path) -> None:
    row = check_row(1) | {"检查时间": date(2022, 1, 25), "行政区划代码": 500112}
    frame = only(write_workbook(tmp_path / "a.xlsx", {"一月": [[*row], [*row.values()]]}))
    assert frame.row(0, named=True)["检查时间"] == "2022-01-25"
    assert frame.row(0, named=True)["行政区划代码"] == "500112"


def test_rows_are_numbered_as_excel_numbers_them(tmp_path: Path) -> None:
    rows = [["标题"], [*CHECK], [*check_row(1).values()], [], [*check_row(2).values()]]
    batches, _ = read(write_workbook(tmp_path / "a.xlsx", {"一月": rows}))
    assert batches[0].parts[0].numbers.to_list() == [3, 5]


def test_a_sheet_without_header_is_named_and_its_sisters_are_read(tmp_path: Path) -> None:
    broken = [[*CHECK.values()], [*CHECK.values()]]
    sheets = {"一月": [[*CHECK], [*CHECK.values()]], "二月": broken}
    batches, errors = read(write_workbook(tmp_path / "a.xlsx", sheets))
    assert len(batches) == 1
    assert len(errors) == 1
    assert errors[0].startswith("a.xlsx 二月: no header row of feed check: expected")
    assert "检查行为编号" in errors[0]
    assert "found rows of records without a header above them" in errors[0]
    assert batches[0].cursors == {}, "the file is read again until the sheet is in order"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "a.csv: expected rows, found an empty file"),
        (b"PK\x03\x04 broken", "a.csv: not a readable workbook"),
        (b"\x00\x01\x02\xff\xfe\xff", "or Parquet, found none of them"),
        ("甲,乙\n1,2\n".encode(), "a.csv: no header row of feed check"),
    ],
)
def test_an_unreadable_file_is_named_and_the_others_are_read(
    tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    write_csv(tmp_path / "b.csv", [check_row(2)])
    batches, errors = read(tmp_path / "*.csv")
    assert [part.place for batch in batches for part in batch.parts] == ["b.csv"]
    assert len(errors) == 1
    assert said in errors[0]


def test_a_folder_that_is_not_there_is_an_error_and_an_empty_one_is_none(tmp_path: Path) -> None:
    assert read(tmp_path / "*.csv") == ([], [])
    missing = tmp_path / "gone" / "*.csv"
    assert read(missing) == ([], [f"expected a folder {missing.parent}, found none"])
    named = tmp_path / "gone.csv"
    assert read(named) == ([], [f"expected a file {named}, found none"])


def test_a_file_is_read_again_only_when_its_content_is_new(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [check_row(1)])
    source = files(path)
    (batch,) = reader.read(source, Dialect(source), Start())
    assert isinstance(batch, Batch)
    assert list(reader.read(source, Dialect(source), Start(batch.cursors))) == []
    write_csv(path, [check_row(1), check_row(2)])
    assert len(list(reader.read(source, Dialect(source), Start(batch.cursors)))) == 1


def test_a_file_above_the_limit_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [check_row(1)])
    assert read(path, max_bytes=10)[1] == [
        f"a.csv: expected at most 10 bytes, found {path.stat().st_size}"
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {"部门统一社会信用代码": "c", "单位名称": "n", "简称": "s"},
        {"department_code": "c", "department_name": "n", "short_name": "s"},
        {"departmentCode": "c", "departmentName": "n", "shortName": "s"},
        {" 统一社会 信用代码* ": "c", "部门名称（必填）": "n", "部门简称": "s"},
    ],
)
def test_every_header_dialect_is_known(tmp_path: Path, headers: dict[str, str]) -> None:
    batches, errors = read(write_csv(tmp_path / "a.csv", [headers]), Feed.DEPARTMENT)
    assert errors == []
    layout = batches[0].parts[0].layout
    assert set(layout.columns) == {"code", "name", "short_name"}
    assert layout.unknown == ()


def test_the_settings_can_name_more_headers(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [{"机构码": "c", "机构": "n"}])
    batches, _ = read(path, Feed.DEPARTMENT, columns={"机构码": "code", "机构": "部门名称"})
    assert batches[0].parts[0].layout.columns == {"code": "机构码", "name": "机构"}


def test_the_status_column_that_the_settings_name_must_be_there(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [check_row(1)])
    _, errors = read(path, status={"column": "状态"})
    assert len(errors) == 1
    assert errors[0].startswith("a.csv: expected the status column 状态, found 记录唯一标识")


def test_small_files_land_together(tmp_path: Path) -> None:
    for number in range(5):
        write_csv(tmp_path / f"{number}.csv", [check_row(number)])
    batches, _ = read(tmp_path / "*.csv", batch_rows=2)
    assert [batch.height for batch in batches] == [2, 2, 1]
    assert [len(batch.cursors) for batch in batches] == [2, 2, 1]


def shares(path: Path) -> list[float | None]:
    batches, errors = read(path, batch_rows=1)
    assert errors == []
    return [batch.share for batch in batches]


def test_each_batch_says_how_much_of_all_files_is_read_with_it(tmp_path: Path) -> None:
    for number, name in enumerate(("a.csv", "b.csv")):
        write_csv(tmp_path / name, [check_row(number)])
    assert shares(tmp_path / "*.csv") == [0.5, 1.0]


def test_files_that_were_taken_before_are_no_part_of_what_is_to_be_read(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", [check_row(number) for number in range(50)])
    source = files(tmp_path / "*.csv")
    first = [
        batch for batch in reader.read(source, Dialect(source), Start()) if isinstance(batch, Batch)
    ]
    write_csv(tmp_path / "b.csv", [check_row(50)])
    write_csv(tmp_path / "c.csv", [check_row(51)])
    again = reader.read(
        files(tmp_path / "*.csv", batch_rows=1), Dialect(source), Start(first[-1].cursors)
    )
    assert [batch.share for batch in again if isinstance(batch, Batch)] == [0.5, 1.0]


def test_a_workbooks_share_counts_sheets_and_their_rows(tmp_path: Path) -> None:
    table = [list(CHECK), list(check_row(1).values()), list(check_row(2).values())]
    path = write_workbook(tmp_path / "a.xlsx", {"一": table, "二": table[:2]})
    found = shares(path)
    assert found[-1] == 1.0
    assert found[0] == 0.5


def test_the_share_of_long_files_grows_with_what_is_read(tmp_path: Path) -> None:
    rows = pl.DataFrame([CHECK | {"检查行为名称": "示范" * 30}])
    long = pl.concat([rows] * 45_000)
    long.write_csv(tmp_path / "a.csv")
    long.write_parquet(tmp_path / "a.parquet")
    long.write_ndjson(tmp_path / "a.jsonl")
    for name in ("a.csv", "a.parquet", "a.jsonl"):
        source = files(tmp_path / name, batch_rows=20_000)
        reading = reader.read(source, Dialect(source), Start())
        found = [batch.share or 0.0 for batch in reading if isinstance(batch, Batch)]
        assert 0 < found[0] < 1, name
        assert found == sorted(found), name
        assert found[-1] == 1.0, name

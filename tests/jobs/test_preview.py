"""How a source would be read is shown cell by cell, and nothing is written."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jobs.preview import preview
from jobs.preview.forms import Cell, Preview, document
from monitor.config import Settings
from monitor.directory import Department
from monitor.words import Feed
from tests.sources.deliveries import (
    INSTITUTION,
    PARTY,
    check_row,
    credit_code,
    files,
    write_csv,
    write_workbook,
)
from tests.sources.kinds import every_kind_of

CARD = "11010519491231002X"
"""The vector of GB 11643-1999, nobody's card."""
OFFICE = Department(INSTITUTION, "示范区示范局", "示范局", local_code="50011201")


def shown(
    path: Path,
    feed: Feed = Feed.CHECK,
    rows: int = 3,
    departments: tuple[Department, ...] = (OFFICE,),
    **more: Any,
) -> Preview:
    source = files(path, feed, **more)
    directory = {department.code: department for department in departments}
    return preview(Settings(source=(source,)), source, directory, rows)


def cells(found: Preview, row: int = 0) -> dict[str, Cell]:
    """A row's cells by header; constants by their column."""
    return {cell.header or cell.column or "": cell for cell in found.rows[row].cells}


def test_each_cell_is_shown_with_its_field_and_value(tmp_path: Path) -> None:
    row = check_row(1, 检查时间="2022年1月25日", 检查人员="示范甲,示范乙", 检查形式="专项检查")
    found = cells(shown(write_csv(tmp_path / "a.csv", [row])))
    day, persons, form = found["检查时间"], found["检查人员"], found["检查形式"]
    assert (day.column, day.name, day.use) == ("occurred_on", "检查时间", "field")
    assert (day.delivered, day.value, day.why) == ("2022年1月25日", "2022-01-25", None)
    assert (persons.delivered, persons.value) == ("示范甲,示范乙", "示范甲、示范乙")
    assert (form.delivered, form.value, form.label) == ("专项检查", "02", "专项检查")
    assert found["记录唯一标识"].use == "envelope"


def test_what_is_amiss_with_a_cell_is_told(tmp_path: Path) -> None:
    row = check_row(1, 检查时间="2022-09-31", 监管对象="— —", 检查结果="9", 报送时间="2022-01-26")
    found = cells(shown(write_csv(tmp_path / "a.csv", [row])))
    assert found["检查时间"].why == "the calendar has no such day"
    assert (found["检查时间"].delivered, found["检查时间"].value) == ("2022-09-31", None)
    assert found["监管对象"].remark == "mandatory, and blank"
    assert found["检查结果"].remark == "no code of 检查结果"
    assert found["报送时间"].remark == "a day alone: judged by days"


def test_columns_are_told_apart(tmp_path: Path) -> None:
    row = check_row(1, 企业分类="A", 序号="1")
    del row["检查结果"]
    found = shown(write_csv(tmp_path / "a.csv", [row]), values={"检查方式": "重点监管"})
    (place,) = found.places
    assert (place.place, place.known) == ("a.csv", len(row) - 2)
    assert (place.unknown, place.unneeded) == (("企业分类",), ("序号",))
    assert place.missing == (("check_result", "检查结果"),)
    of_row = cells(found)
    assert (of_row["企业分类"].use, of_row["企业分类"].delivered) == ("unknown", "A")
    assert (of_row["序号"].use, of_row["序号"].delivered) == ("unneeded", None)
    constant = of_row["check_mode"]
    assert (constant.use, constant.value, constant.label) == ("constant", "2", "重点监管")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({}, ("check-1", "delivered", ("记录唯一标识",))),
        ({"记录唯一标识": "/", "cd_id": "7"}, ("7", "delivered", ("cd_id",))),
        (
            {"记录唯一标识": ""},
            (f"check|{INSTITUTION}|示检2022-0001", "key", ("kind", "department", "action_code")),
        ),
    ],
)
def test_the_row_is_named_and_it_is_said_by_what(
    tmp_path: Path, cells: dict[str, str], expected: tuple[str, str, tuple[str, ...]]
) -> None:
    (row,) = shown(write_csv(tmp_path / "a.csv", [check_row(1) | cells])).rows
    assert (row.record_id, row.record_id_from, row.record_id_of) == expected


def test_a_row_that_nothing_names_is_known_by_its_hash(tmp_path: Path) -> None:
    bare = check_row(1, 记录唯一标识="", 检查行为编号="")
    (row,) = shown(write_csv(tmp_path / "a.csv", [bare])).rows
    assert (row.record_id_from, row.record_id_of) == ("hash", ())


def test_the_status_and_its_instant_are_shown(tmp_path: Path) -> None:
    rows = [
        check_row(1, 状态="退回", 状态时间="2022-01-27 09:00"),
        check_row(2, 状态="流转中", 状态时间=""),
        check_row(3, 状态="", 状态时间="昨日"),
    ]
    status = {"column": "状态", "at": "状态时间"}
    found = shown(write_csv(tmp_path / "a.csv", rows), status=status)
    assert [row.status for row in found.rows] == ["returned", "pending", "pending"]
    assert [row.status_at for row in found.rows] == ["2022-01-27 09:00:00+08:00", None, None]
    unknown, blank = cells(found, 1)["状态"], cells(found, 2)["状态"]
    assert unknown.why is not None
    assert "status.map can name it" in unknown.why
    assert blank.remark == "blank: it counts as pending"
    assert cells(found, 2)["状态时间"].why == "expected a day such as 2022-01-05"


STRANGER = credit_code("11500112DEM000099")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({}, (INSTITUTION, "示范区示范局", "implement_institution_code")),
        ({"实施机构编码": ""}, (INSTITUTION, "示范区示范局", "implement_list_code")),
        ({"实施机构编码": STRANGER}, (INSTITUTION, "示范区示范局", "implement_list_code")),
        (
            {"实施机构编码": "", "监管事项检查实施清单编码": "", "cd_source": "50011201"},
            (INSTITUTION, "示范区示范局", "cd_source"),
        ),
        (
            {"实施机构编码": STRANGER, "监管事项检查实施清单编码": ""},
            (STRANGER, None, "implement_institution_code"),
        ),
        ({"实施机构编码": "", "监管事项检查实施清单编码": ""}, (None, None, None)),
    ],
)
def test_whose_the_row_is_is_told_as_far_as_it_says(
    tmp_path: Path, cells: dict[str, str], expected: tuple[str | None, ...]
) -> None:
    (row,) = shown(write_csv(tmp_path / "a.csv", [check_row(1) | cells])).rows
    assert (row.owner.code, row.owner.name, row.owner.by) == expected


def test_the_settings_department_comes_last(tmp_path: Path) -> None:
    bare = check_row(1, 实施机构编码="", 监管事项检查实施清单编码="")
    path = write_csv(tmp_path / "a.csv", [bare])
    (row,) = shown(path, department=INSTITUTION).rows
    assert (row.owner.name, row.owner.by) == ("示范区示范局", "settings")


def test_an_expected_row_may_name_its_department(tmp_path: Path) -> None:
    row = {"行为类别": "行政处罚", "应录基准日期": "2022-01-20", "文书号": "示罚1号"}
    path = write_csv(tmp_path / "a.csv", [row | {"部门名称": "示范局"}])
    (found,) = shown(path, Feed.EXPECTED).rows
    assert (found.owner.code, found.owner.by) == (INSTITUTION, "department_name")
    assert found.status is None


def test_a_row_that_cannot_land_says_what_it_lacks(tmp_path: Path) -> None:
    row = {"统一社会信用代码": "", "部门名称": "示范局"}
    (found,) = shown(write_csv(tmp_path / "a.csv", [row]), Feed.DEPARTMENT).rows
    assert found.lacking == ("code",)


def test_no_more_rows_are_shown_than_asked_for_whatever_they_are_spread_over(
    tmp_path: Path,
) -> None:
    for number in range(4):
        rows = [check_row(10 * number + n) for n in range(2)]
        write_csv(tmp_path / "in" / f"{number}.csv", rows)
    found = shown(tmp_path / "in" / "*.csv", rows=3)
    assert [(row.place, row.number) for row in found.rows] == [
        ("0.csv", 2), ("0.csv", 3), ("1.csv", 2),
    ]  # fmt: skip
    assert [place.place for place in found.places] == ["0.csv", "1.csv"]


@pytest.mark.parametrize("feed", [Feed.CHECK, Feed.EXPECTED, Feed.DRAWN_OBJECT])
def test_a_row_is_shown_alike_whatever_kind_of_source_delivers_it(
    tmp_path: Path, feed: Feed
) -> None:
    with every_kind_of(tmp_path, feed) as sources:
        looks = [preview(Settings(), source, {}, 3) for source in sources]
    assert [look.errors for look in looks] == [()] * 4
    rows = [replace(look.rows[0], place="", number=0) for look in looks]
    assert rows == rows[:1] * 4


def test_a_column_that_only_the_settings_know_is_told(tmp_path: Path) -> None:
    status = {"column": "状态", "at": "状态时间"}
    path = write_csv(tmp_path / "a.csv", [check_row(1, 状态="通过")])
    found = shown(path, status=status, columns={"检 查时间": "occurred_on", "检察人": "检查人员"})
    (place,) = found.places
    assert place.absent == ("检察人", "状态时间")


def test_what_cannot_be_read_is_told_beside_what_can(tmp_path: Path) -> None:
    sheets = {
        "填报须知": [["请按月填报"], ["示范区"]],
        "别的表": [[f"示范列{n}" for n in range(20)]],
        "一月": [[*check_row()], [*check_row().values()]],
    }
    found = shown(write_workbook(tmp_path / "a.xlsx", sheets))
    assert len(found.rows) == 1
    (error,) = found.errors
    assert error.startswith("a.xlsx 别的表: no header row of feed check")
    assert found.remarks == ("a.xlsx 填报须知: too narrow for rows of feed check: left out",)
    nothing = shown(tmp_path / "gone" / "*.csv")
    assert nothing.rows == ()
    assert nothing.errors[0].startswith("expected a folder")


def test_numbers_of_persons_and_enterprises_are_masked(tmp_path: Path) -> None:
    broken = CARD[:-1] + "1"
    row = check_row(
        1,
        行政相对人编码=broken,
        监管对象=f"示范商店{CARD}",
        检查时间=CARD,
        自编号=broken,
        经营地址=PARTY,
    )
    row["记录唯一标识"] = f"A-{PARTY}"
    found = shown(write_csv(tmp_path / "a.csv", [row]))
    told = str(document(found))
    assert [number for number in (CARD, broken, PARTY) if number in told] == []
    assert cells(found)["行政相对人编码"].delivered == "110105***0021"
    assert INSTITUTION in told, "an agency's own code is nobody's secret"


def test_the_machine_form_says_the_same(tmp_path: Path) -> None:
    row = check_row(1, 检查时间="2022-09-31")
    told = document(shown(write_csv(tmp_path / "a.csv", [row])))
    assert told["feed"] == "check"
    (of_row,) = told["rows"]
    assert of_row["department"] == {
        "code": INSTITUTION, "name": "示范区示范局", "by": "implement_institution_code",
    }  # fmt: skip
    (day,) = (cell for cell in of_row["cells"] if cell["column"] == "occurred_on")
    assert day == {
        "header": "检查时间", "column": "occurred_on", "name": "检查时间", "use": "field",
        "delivered": "2022-09-31", "value": None, "label": None, "malformed": True,
        "why": "the calendar has no such day", "remark": None,
    }  # fmt: skip

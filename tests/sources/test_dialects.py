"""Ready-made layouts, and foreign ones that the settings map without code."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from monitor import standard
from monitor.config import SourceSettings
from monitor.sources.columns import Dialect, Layout
from monitor.standard import headers
from monitor.standard.headers import ENVELOPE, key
from monitor.store import Store, tables
from monitor.words import Feed, Kind
from tests.sources.deliveries import (
    INSTITUTION,
    PARTY,
    check_row,
    files,
    pulled,
    rows_of,
    write_csv,
    write_workbook,
)

EXPORT = {
    "行政相对人名称": "示范商店",
    "行政相对人类别": "法人及非法人组织",
    "行政相对人代码_1（统一社会信用代码）": PARTY,
    "行政相对人代码_2（工商注册号）": "",
    "行政相对人代码_3（组织机构代码）": "",
    "行政相对人代码_4（税务登记号）": "",
    "行政相对人代码_5（事业单位证书号）": "",
    "行政相对人代码_6（社会组织登记证号）": "",
    "法定代表人": "示范甲",
    "法定代表人身份证号": "示范号码",
    "证件类型": "",
    "证件号码": "",
    "行政处罚决定书文号": "示罚〔2022〕13号",
    "违法行为类型": "示范",
    "违法事实": "示范事实",
    "处罚依据": "示范依据",
    "处罚类别": "罚款",
    "处罚内容": "罚款5000元",
    "罚款金额（万元）": "0.500000",
    "没收违法所得、没收非法财物的金额（万元）": "",
    "暂扣或吊销证照名称及编号": "",
    "处罚决定日期": "2022/1/20",
    "处罚有效期": "2099/12/31",
    "公示截止期": "2023/1/20",
    "处罚机关": "示范局",
    "处罚机关统一社会信用代码": INSTITUTION,
    "数据来源单位": "示范局",
    "数据来源单位统一社会信用代码": INSTITUTION,
    "备注": "",
    "导出时间": "2022/1/21",
}
"""A row of the export of 双公示 penalties."""

COLUMNS = {
    "CF_XDR_MC": "示范商店", "CF_XDR_LB": "法人及非法人组织", "CF_XDR_SHXYM": PARTY,
    "CF_XDR_GSZC": "", "CF_XDR_ZZJG": "", "CF_XDR_SWDJ": "", "CF_XDR_SYDW": "", "CF_XDR_SHZZ": "",
    "CF_FRDB": "示范甲", "CF_FR_ZJLX": "", "CF_FR_SFZH": "", "CF_XDR_ZJLX": "", "CF_XDR_ZJHM": "",
    "CF_WSH": "示罚(2022)13号", "CF_WFXW": "示范", "CF_SY": "示范事实", "CF_YJ": "示范依据",
    "CF_CFLB": "罚款", "CF_NR": "罚款5000元", "CF_NR_FK": "0.5", "CF_NR_WFFF": "", "CF_NR_ZKDX": "",
    "CF_JDRQ": "2022-01-20 00:00:00", "CF_YXQ": "", "CF_GSJZQ": "", "CF_CFJG": "示范局",
    "CF_CFJGDM": INSTITUTION, "CF_SJLY": "示范局", "CF_SJLYDM": INSTITUTION, "BZ": "",
}  # fmt: skip
"""The same in the columns of its database."""

OLD_COLUMNS = {
    "CF_WSH": "示罚[2022] 13号", "CF_CFMC": "示范案", "CF_CFLB1": "罚款", "CF_CFLB2": "",
    "CF_SY": "示范事实", "CF_YJ": "示范依据", "CF_XDR_MC": "示范商店", "CF_XDR_SHXYM": PARTY,
    "CF_XDR_ZDM": "", "CF_XDR_GSDJ": "", "CF_XDR_SWDJ": "", "CF_XDR_SFZ": "", "CF_FR": "示范甲",
    "CF_JG": "罚款5000元", "CF_JDRQ": "1642608000000", "CF_XZJG": "示范局", "CF_ZT": "0",
    "DFBM": "500112", "SJC": "2022-01-21", "BZ": "",
}  # fmt: skip
"""The same in the columns that came before those, as a service hands them out."""


def layout(feed: Feed, found: Sequence[str], **more: Any) -> Layout:
    """How a source of `feed` reads these headers."""
    return Dialect(files(Path("a.csv"), feed, **more)).layout(found, "a.csv")


def landed(store: Store, source: SourceSettings, now: datetime) -> tuple[str, ...]:
    """Pull the source, which must be readable; gives the remarks."""
    report = pulled(store, source, now)
    assert report.error is None
    return report.warnings


@pytest.mark.parametrize("row", [EXPORT, COLUMNS, OLD_COLUMNS])
def test_a_published_penalty_is_an_expected_row(
    store: Store, tmp_path: Path, now: datetime, row: dict[str, str]
) -> None:
    path = write_workbook(tmp_path / "a.xlsx", {"行政处罚": [[*row], [*row.values()]]})
    source = files(path, Feed.EXPECTED, dialect="shuanggongshi")
    assert landed(store, source, now) == ()
    (found,) = rows_of(store, tables.expected)
    assert found["kind"] == "punish"
    assert found["document_key"] == "示罚[2022]13号"
    assert (found["due_basis_on"], found["month"]) == (date(2022, 1, 20), "2022-01")
    assert (found["party_name"], found["department_name"]) == ("示范商店", "示范局")
    assert found["department"] == (None if row is OLD_COLUMNS else INSTITUTION)
    assert found["fine_yuan"] == (None if row is OLD_COLUMNS else Decimal("5000.00"))
    assert found["raw"] is None, "what nobody needs is kept nowhere: there are people in it"


def test_published_penalties_can_be_read_as_behaviours(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    path = write_csv(tmp_path / "a.csv", [EXPORT])
    landed(store, files(path, Feed.PUNISH, dialect="shuanggongshi"), now)
    (found,) = rows_of(store)
    told = {
        "kind": "punish", "occurred_on": date(2022, 1, 20), "document_no": "示罚〔2022〕13号",
        "party_name": "示范商店", "party_id": PARTY, "implement_institution_code": INSTITUTION,
        "facts": "示范事实", "legal_basis": "示范依据", "penalty_kind": "02",
        "penalty_result": "罚款5000元", "fine_yuan": Decimal("5000.00"),
    }  # fmt: skip
    assert {name: found[name] for name in told} == told


@pytest.mark.parametrize(
    "row",
    [
        ["行政相对人名称", "行政许可决定文书名称", "行政许可决定文书号", "许可类别", "许可内容",
         "许可决定日期", "有效期自", "有效期至", "许可机关", "当前状态", "数据来源单位"],
        ["XK_XDR_MC", "XK_XKWS", "XK_WSH", "XK_XKLB", "XK_NR", "XK_JDRQ", "XK_XKJG", "XK_ZT"],
    ],
)  # fmt: skip
@pytest.mark.parametrize("feed", [Feed.EXPECTED, Feed.PUNISH, Feed.OTHER])
def test_licences_are_refused_with_their_word(
    store: Store, tmp_path: Path, now: datetime, feed: Feed, row: list[str]
) -> None:
    path = write_workbook(tmp_path / "a.xlsx", {"许可": [["双公示"], row, ["示范"] * len(row)]})
    more = {} if feed is Feed.OTHER else {"dialect": "shuanggongshi"}
    report = pulled(store, files(path, feed, **more), now)
    assert report.error is not None
    assert report.error.startswith(
        f"a.xlsx 许可: 行政许可: a licence is no supervision behaviour; found {row[0]}, {row[1]}"
    )
    assert rows_of(store) == rows_of(store, tables.expected) == []


FORCE = (
    "id endDate submittedDate forceExecutionType forceType checkActionCode forceActionName "
    "addressRegistered illegalFact cdIdBef areaNumber implementInstitutionCode mandatoryBasis "
    "updateTime cdSource administrativeCpCeType cdId coerciveMeasureType forceExtendDate "
    "addressOperating lyType submittedPersonnel administrativeCpNa createTime forceActionCode "
    "recordUniqueIdentity administrativeCpUiCode superviseObject cdOperation cdBatch "
    "implementInstitution cdTime mandatoryDecisionNumber superviseItemCode administrativeCp cdLsh "
    "cdLshSrc"
)
OTHER = (
    "id endDate submittedDate closingCase actionCode addressRegistered cdIdBef areaNumber "
    "implementInstitutionCode updateTime cdSource actionName administrativeCpCeType cdId "
    "addressOperating startDate lyType submittedPersonnel administrativeCpNa superviseMeasure "
    "createTime checkBehaviorNumber recordUniqueIdentity administrativeCpUiCode superviseObject "
    "entrustDeptCode cdOperation cdBatch implementInstitution itemSource cdTime entrustDept "
    "superviseItemCode administrativeCp cdLsh cdLshSrc"
)


@pytest.mark.parametrize(
    ("feed", "columns", "told"),
    [
        (Feed.FORCE, FORCE, {"document_no": "mandatoryDecisionNumber", "ended_on": "endDate"}),
        (Feed.OTHER, OTHER, {"check_action_code": "checkBehaviorNumber", "closing": "closingCase"}),
    ],
)
def test_the_columns_of_an_exchange_table_are_all_known(
    feed: Feed, columns: str, told: dict[str, str]
) -> None:
    camel = columns.split()
    found = layout(feed, camel)
    assert found.unknown == ()
    assert {name: found.columns[name] for name in told} == told
    assert {"cdIdBef", "cdLsh", "cdLshSrc", "lyType"} == {*found.unneeded} - {
        "updateTime",
        "createTime",
    }
    snake = ["".join(f"_{c.lower()}" if c.isupper() else c for c in name) for name in camel]
    assert layout(feed, snake).unknown == ()


def test_the_aliases_of_the_platforms_template_are_known() -> None:
    aliases = {
        "监管对象类型": "object_type", "委托部门": "entrust_dept",
        "委托部门编码": "entrust_dept_code", "行政相对人（单位/个人）": "party_name",
        "行政相对人(单位/个人)编码": "party_id", "*检查时间（必填）": "occurred_on",
    }  # fmt: skip
    others = [
        name for name in check_row() if name not in {"行政相对人", "行政相对人编码", "检查时间"}
    ]
    found = layout(Feed.CHECK, [*aliases, *others])
    assert (found.unknown, found.missing) == ((), ())
    assert {name: found.columns[name] for name in aliases.values()} == {
        column: name for name, column in aliases.items()
    }


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("检查人员\n（不少于2人）", "检查人员"),
        ("* 检查时间\n（YYYY-MM-DD）", "检查时间"),
        ("检查结果[必填]", "检查结果"),
        ("检查结果【必填，下拉选择】", "检查结果"),
        ("报送时间： ", "报送时间"),
        ("行政相对人（单位/个人）编码（格式：18位）", "行政相对人编码"),
    ],
)
def test_what_a_header_says_of_filling_it_in_makes_no_difference(header: str, name: str) -> None:
    row = check_row()
    found = layout(Feed.CHECK, [header if name == other else other for other in row])
    assert found.unknown == ()
    assert header in found.columns.values()


def test_a_bracket_that_says_something_else_makes_another_column() -> None:
    assert layout(Feed.CHECK, [*check_row(), "检查时间（复查）"]).unknown == ("检查时间（复查）",)


def test_the_versions_of_a_provincial_lake_are_told_by_their_own_columns(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    def version(hour: int, operation: str, result: str) -> dict[str, str]:
        row = check_row(1, 记录唯一标识="", 检查结果=result)
        return row | {
            "dsc_biz_record_id": f"示范{hour}",
            "dsc_biz_operation": operation,
            "dsc_biz_timestamp": f"2022-01-26 {hour}:00:00",
        }

    rows = [version(11, "U", "03"), version(10, "I", "02"), version(9, "insert", "01")]
    assert landed(store, files(write_csv(tmp_path / "a.csv", rows[:1])), now) == ()
    for number, row in enumerate(rows[1:]):
        landed(store, files(write_csv(tmp_path / f"{number}.csv", [row])), now)
    (found,) = rows_of(store)
    assert (found["check_result"], found["record_id_from"]) == ("03", "key")
    landed(store, files(write_csv(tmp_path / "d.csv", [version(12, "D", "03")])), now)
    assert rows_of(store)[0]["status"] == "deleted"


def test_a_provincial_list_of_items_is_read_by_its_dialect(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    row = {
        "dutyCode": "A028", "lineCode": "A0280000001", "itemCode": "500112000000",
        "itemName": "示范主项", "subItemCode": "50011200000001", "subItemName": "示范子项",
        "subItemStatus": "1", "practListCode": f"{INSTITUTION}4", "applyScope": "3",
    }  # fmt: skip
    path = write_csv(tmp_path / "a.csv", [row])
    more = {"dialect": "provincial-items"}
    assert landed(store, files(path, Feed.ITEM, name="items", **more), now) == ()
    (item,) = rows_of(store, tables.item)
    assert (item["item_code"], item["main_code"]) == ("50011200000001", "500112000000")
    assert (item["item_name"], item["item_state"]) == ("示范子项", "01")
    assert landed(store, files(path, Feed.IMPLEMENT_LIST, name="lists", **more), now) == ()
    (listed,) = rows_of(store, tables.implement_list)
    assert listed["implement_list_code"] == f"{INSTITUTION}4"
    assert listed["item_code"] == "50011200000001"


def test_a_foreign_layout_is_read_by_the_settings_alone(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    row = {
        "流水": "示范-1", "办理": "办结了", "办理时间": "2022-01-26 09:00", "案号": "示罚 1 号",
        "结案日": "20220120", "当事人": "示范商店", "罚没": "1.5", "送审": "2022年1月25日 8时30分",
        "更新": "2022-01-27 10:00:00",
    }  # fmt: skip
    source = files(
        write_csv(tmp_path / "a.csv", [row]),
        Feed.PUNISH,
        columns={
            "流水": "id", "案号": "处罚文书号", "结案日": "occurred_on", "当事人": "party_name",
            "罚没": "fine_yuan", "更新": "cd_time",
        },
        units={"罚款金额": "万元"},
        values={"案件来源": "社会举报", "has_hearing": "否"},
        status={
            "column": "办理", "map": {"办结了": "accepted"}, "at": "办理时间", "submitted": "送审",
        },
    )  # fmt: skip
    landed(store, source, now)
    (found,) = rows_of(store)
    told = {
        "record_id": "示范-1", "status": "accepted", "document_no": "示罚 1 号",
        "occurred_on": date(2022, 1, 20), "fine_yuan": Decimal("15000.00"),
        "status_at": datetime(2022, 1, 26, 1, tzinfo=UTC),
        "submitted_at": datetime(2022, 1, 25, 0, 30, tzinfo=UTC), "submitted_by_day": False,
        "cd_time": datetime(2022, 1, 27, 2, tzinfo=UTC), "case_source": "03", "has_hearing": False,
        "raw": None, "malformed": None,
    }  # fmt: skip
    assert {name: found[name] for name in told} == told


def test_what_the_settings_name_goes_before_what_is_known_anyway() -> None:
    found = layout(Feed.CHECK, [*check_row(), "真实检查日"], columns={"真实检查日": "occurred_on"})
    assert found.columns["occurred_on"] == "真实检查日"
    assert found.unknown == ("检查时间",)


def test_a_dialect_goes_before_what_is_known_anyway() -> None:
    found = layout(
        Feed.EXPECTED, ["数据来源", "行政处罚决定书文号", "处罚决定日期"], dialect="shuanggongshi"
    )
    assert found.unneeded == ("数据来源",)
    assert "数据来源" in layout(Feed.CHECK, [*check_row(), "数据来源"]).columns.values()


def test_an_amount_is_read_in_the_unit_of_its_header_unless_the_cell_says_another(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    wan = {"行为类别": "行政处罚", "应录基准日期": "2022-01-20", "文书号": "示罚1号"}
    rows = [
        wan | {"文书号": n, "罚款金额（单位：万元）": n} for n in ("0.5", "1,000", "300元", "/")
    ]
    landed(store, files(write_csv(tmp_path / "a.csv", rows), Feed.EXPECTED), now)
    assert [row["fine_yuan"] for row in rows_of(store, tables.expected)] == [
        Decimal(5000), Decimal(10_000_000), Decimal(300), None,
    ]  # fmt: skip


def test_a_constant_fills_a_column_that_is_not_delivered_and_no_blank_cell(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    values = {"kind": "punish"}
    bare = {"文书号": "示罚1号", "应录基准日期": "2022-01-20"}
    told = [bare | {"文书号": "示罚2号", "行为类别": kind} for kind in ("force", "")]
    write_csv(tmp_path / "in" / "bare.csv", [bare])
    write_csv(tmp_path / "in" / "told.csv", told)
    source = files(tmp_path / "in" / "*.csv", Feed.EXPECTED, values=values)
    remarks = landed(store, source, now)
    assert [row["kind"] for row in rows_of(store, tables.expected)] == ["punish", "force"]
    assert remarks == (
        "1 row can't land without what the feed expected is known by: told.csv row 3",
    )


def test_two_settings_headers_are_enough_for_a_header_row() -> None:
    columns = {"案号": "document_no", "结案日": "occurred_on"}
    assert layout(Feed.PUNISH, ["案号", "结案日"], columns=columns).unknown == ()


@pytest.mark.parametrize("feed", Feed)
def test_every_header_of_every_dialect_stands_for_a_field(feed: Feed) -> None:
    columns = {field.column for field in standard.fields(feed)}
    for dialect in (None, *headers.dialects()):
        meanings = headers.meanings(feed, dialect).values()
        assert {each.column for each in meanings} <= columns | {*ENVELOPE, None}
        assert headers.constants(feed, dialect).keys() <= columns


def test_no_dialect_says_two_things_of_one_header() -> None:
    kinds = {"*", *Kind}
    for dialect in ("", *headers.dialects()):
        rows = [row for row in standard.rows("dialects.csv") if row["dialect"] == dialect]
        assert {row["feed"] for row in rows} <= {*Feed, *kinds}
        for feed in {row["feed"] for row in rows} - {"*"}:
            of_feed = [row for row in rows if row["feed"] in (feed, "*")]
            names = Counter(
                key(name) for row in of_feed for name in row["headers"].split(";") if name
            )
            assert [name for name, count in names.items() if count > 1] == []

"""What the settings say of a foreign layout is checked before anything is pulled."""

from pathlib import Path

import pytest

from monitor.config import load
from monitor.errors import SettingsError


def mistakes(folder: Path, keys: str, feed: str = "expected") -> list[str]:
    """What is wrong with a source of these keys, without its place."""
    path = folder / "yueqingling.toml"
    path.write_text(
        f'[[source]]\nname = "cases"\nfeed = "{feed}"\nkind = "files"\npath = "*.csv"\n{keys}',
        encoding="utf-8",
    )
    try:
        load(path)
    except SettingsError as error:
        return [line.removeprefix(f'{path}: source[1] "cases"') for line in str(error).splitlines()]
    return []


def test_a_foreign_layout_is_told_by_columns_units_and_values(tmp_path: Path) -> None:
    keys = """
        columns = { "案号" = "文书号", "当事人" = "party_name", "流水" = "id", "更新" = "cd_time",
                    "处罚额" = "罚款金额" }
        units = { fine_yuan = "万元" }
        values = { "行为类别" = "行政处罚" }
    """.replace("\n", " ")
    assert (
        mistakes(tmp_path, keys.replace("  units", "\nunits").replace("  values", "\nvalues")) == []
    )


def test_a_dialect_that_is_none_is_refused_with_those_that_are(tmp_path: Path) -> None:
    assert mistakes(tmp_path, 'dialect = "shuangongshi"') == [
        ".dialect: expected one of shuanggongshi, provincial-items, found 'shuangongshi'"
    ]


def test_a_dialect_is_refused_for_a_feed_that_it_does_not_deliver(tmp_path: Path) -> None:
    keys = 'dialect = "shuanggongshi"\nstatus = "accepted"'
    assert mistakes(tmp_path, keys, "check") == [
        ".dialect: expected one that delivers check; shuanggongshi delivers expected, punish, "
        "found 'shuanggongshi'"
    ]


def test_a_column_for_no_field_is_refused_with_the_near_ones(tmp_path: Path) -> None:
    (line,) = mistakes(tmp_path, 'columns = { "当事人" = "party_nam" }')
    assert line.startswith(
        '.columns: "当事人": expected a field of expected or one of record_unique_identity, cd_id, '
    )
    assert "found 'party_nam'; near it: party_name (行政相对人)" in line


def test_a_column_that_is_near_nothing_is_refused_with_all_fields(tmp_path: Path) -> None:
    (line,) = mistakes(tmp_path, 'columns = { "A" = "zzz" }', "zero_report")
    assert line.endswith("found 'zzz'; zero_report has department, month, filed_at, filed_by")


def test_all_mistakes_of_a_layout_are_told_at_once(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        'columns = { "甲" = "document_no", "乙" = "文书号", "丙" = "x" }\n'
        'units = { party_name = "万元" }\n'
        'values = { kind = "许可", due_basis_on = "2022-09-31", y = "1" }',
    )
    starts = [
        '.columns: "乙": expected a field of its own, found \'文书号\', for which "甲" stands',
        '.columns: "丙": expected a field of expected or one of ',
        ".units: 'party_name': expected fine_yuan",
        ".values: 'kind': expected a code of 行为类别: check (行政检查), punish (行政处罚), ",
        ".values: 'due_basis_on': expected a day such as 2022-01-05, found '2022-09-31'",
        ".values: 'y': expected a field of expected",
    ]
    assert len(found) == len(starts)
    assert all(line.startswith(start) for line, start in zip(found, starts, strict=True))


def test_a_constant_for_a_column_that_is_delivered_is_refused(tmp_path: Path) -> None:
    keys = 'columns = { "案号" = "document_no" }\nvalues = { "文书号" = "1" }'
    assert mistakes(tmp_path, keys) == [".values: '文书号': columns says that \"案号\" delivers it"]


@pytest.mark.parametrize(
    ("value", "right"),
    [
        ('has_hearing = "否"', True),
        ('has_hearing = "也许"', False),
        ('fine_yuan = "500.00"', True),
        ('fine_yuan = "五百"', False),
        ('occurred_on = "2022-01-05"', True),
        ('submitted_at = "2022-01-05 10:30:00"', True),
        ('submitted_at = "昨日"', False),
        ('case_source = "03"', True),
        ('case_source = "社会举报"', True),
        ('case_source = "99"', False),
        ('facts = " "', False),
    ],
)
def test_a_constant_must_be_a_value_of_its_field(tmp_path: Path, value: str, right: bool) -> None:
    keys = f'status = "accepted"\nvalues = {{ {value} }}'
    assert (mistakes(tmp_path, keys, "punish") == []) is right


def test_licences_are_refused_by_their_word(tmp_path: Path) -> None:
    keys = 'columns = { "行政许可决定文书号" = "document_no", "许可决定日期" = "due_basis_on" }'
    assert mistakes(tmp_path, keys) == [
        ".columns: 行政许可: a licence is no supervision behaviour, "
        "found 行政许可决定文书号, 许可决定日期"
    ]


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ('status = { column = "状态", at = "状态时间", submitted = "上报时间" }', None),
        ('status = { map = { "办结" = "accepted" } }\ncolumns = { "状态" = "status" }', None),
        (
            'status = { map = { "办结" = "accepted" } }',
            ": status.column: expected the column with the status, here or in columns, found none",
        ),
        (
            'status = { column = "状态" }\ncolumns = { "办理状态" = "status" }',
            ': status.column: found "状态", and columns says that "办理状态" stands for status; '
            "expected one of them",
        ),
        (
            'columns = { "结果" = "check_result" }\n'
            'status = { column = "状态", submitted = "结果" }',
            ': status.submitted: found "结果", which stands for something else in columns',
        ),
        (
            'status = "accepted"\ncolumns = { "办理状态" = "status" }',
            ': status: expected a table such as { map = { "办结" = "accepted" } }, as columns says '
            'that "办理状态" is the status',
        ),
    ],
)
def test_where_the_status_stands_is_told_once(tmp_path: Path, keys: str, line: str | None) -> None:
    assert mistakes(tmp_path, keys, "check") == ([] if line is None else [line])


def test_a_status_that_is_none_is_refused_in_the_map(tmp_path: Path) -> None:
    found = mistakes(tmp_path, 'status = { column = "状态", map = { "办结" = "done" } }', "check")
    assert found == [
        ".status.map.办结: expected 'draft', 'pending', 'returned', 'accepted' or 'deleted', "
        "found 'done'"
    ]

"""Findings stream out of both stores, whole, in memory that doesn't grow, and harmless."""

import csv
import io
import json
import re
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook
from rich.console import Console

from jobs.findings import Asked, Finding, number_of, streamed
from jobs.findings_files import (
    HEADERS,
    FileForm,
    cells,
    write_file,
    write_text,
    write_xlsx,
)
from jobs.findings_list import print_findings
from monitor import standard
from monitor.directory import Department, Directory
from monitor.errors import OutputError
from monitor.store import Store
from monitor.store.tables import behavior, finding, rule
from monitor.words import Kind
from monitor.workdays import Month
from tests.expectations.records import ORGAN, clean, land

ENTERPRISE = "91350100M000100Y43"
"""The example code of GB 32100-2015."""

DEPARTMENTS = Directory({ORGAN: [Department(ORGAN, "示范区市场监督管理局", "市场监管局")]})
ONE = Finding(
    department=ORGAN,
    month="2022-01",
    kind="check",
    source="demo",
    record_id="check-1",
    action_code="示范-1",
    rule="check.party_name.mandatory",
    rule_class="01",
    severity="critical",
    field="party_name",
    message="为必填项，不能为空",
)
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1")


@pytest.fixture
def filled(store: Store) -> Store:
    """A store with findings of two departments, months, kinds, classes and severities."""
    records = (
        clean("check", 1),
        clean("check", 2, month="2022-02"),
        clean("punish", 3),
        clean("punish", 4, department="unknown"),
    )
    rules = (
        ("check.party_id.credit_code", "check", "06", "critical", "party_id"),
        ("check.party_name.mandatory", "check", "01", "critical", "party_name"),
        ("punish.litigation.mandatory", "punish", "01", "warning", "litigation"),
        ("punish.gone", "punish", "01", "info", "litigation"),
    )
    fails = ((0, 1), (0, 2), (1, 2), (2, 3), (2, 4), (3, 3))
    with store.writing() as connection:
        ids = land(connection, *records)
        connection.execute(
            sa.insert(rule),
            [
                {
                    "number": number,
                    "id": name,
                    "kind": kind,
                    "class": rule_class,
                    "severity": severity,
                    "field": field,
                    "message": "验证不通过",
                    "suite": kind,
                    "version": "1",
                    "active": name != "punish.gone",
                }
                for number, (name, kind, rule_class, severity, field) in enumerate(rules, start=1)
            ],
        )
        connection.execute(
            sa.insert(finding),
            [{"behavior_id": ids[record], "rule": number} for record, number in fails],
        )
    return store


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Asked(), [(1, "06"), (1, "01"), (2, "01"), (3, "01"), (4, "01")]),
        (Asked(department=ORGAN), [(1, "06"), (1, "01"), (2, "01"), (3, "01")]),
        (Asked(department="unknown"), [(4, "01")]),
        (Asked(month=Month.parse("2022-02")), [(2, "01")]),
        (Asked(rules=("check.party_id.credit_code",)), [(1, "06")]),
        (Asked(severities=("warning", "info")), [(3, "01"), (4, "01")]),
        (Asked(classes=("06",)), [(1, "06")]),
        (Asked(kinds=(Kind.PUNISH,)), [(3, "01"), (4, "01")]),
        (Asked(department=ORGAN, kinds=("check",), classes=("01",)), [(1, "01"), (2, "01")]),
        (Asked(department="nobody"), []),
    ],
)
def test_only_what_is_asked_for_comes_and_all_of_it(
    filled: Store, asked: Asked, expected: list[tuple[int, str]]
) -> None:
    with filled.reading() as connection:
        found = list(streamed(connection, asked))
        assert number_of(connection, asked) == len(expected)
    assert [(each.action_code, each.rule_class) for each in found] == [
        (f"示范-{number}", rule_class)
        for number, rule_class in sorted(expected, key=lambda pair: in_order(*pair))
    ]


def in_order(number: int, rule_class: str) -> tuple[bool, bool, int, bool]:
    """Department, month, record, rule."""
    return number == 4, number == 2, number, rule_class == "01"


def test_the_machine_form_is_an_object_a_line(filled: Store) -> None:
    file = io.StringIO()
    with filled.reading() as connection:
        found = streamed(connection, Asked(month=Month.parse("2022-02")))
        write_text("json", found, DEPARTMENTS, file)
    assert [json.loads(line) for line in file.getvalue().splitlines()] == [
        {
            "department": ORGAN,
            "month": "2022-02",
            "kind": "check",
            "source": "demo",
            "record_id": "check-2",
            "action_code": "示范-2",
            "rule": "check.party_name.mandatory",
            "class": "01",
            "severity": "critical",
            "field": "party_name",
            "message": "验证不通过",
        }
    ]


def test_identity_codes_inside_codes_are_masked_save_a_departments_own() -> None:
    shown = made(record_id=f"check|{ORGAN}|{ENTERPRISE}-1", action_code=f"{ENTERPRISE}-1")
    hidden = shown.disclosed({ORGAN})
    assert (hidden.record_id, hidden.action_code) == (f"check|{ORGAN}|***-1", "***-1")
    assert made(action_code=None).disclosed({}).action_code is None


def test_a_department_reads_chinese() -> None:
    shown = dict(zip(HEADERS, cells(ONE, DEPARTMENTS), strict=True))
    assert shown == {
        "部门": "示范区市场监督管理局",
        "部门编码": ORGAN,
        "归属月": "2022-01",
        "行为类别": "行政检查",
        "行为编号": "示范-1",
        "字段": "行政相对人",
        "问题": "为必填项，不能为空",
        "严重程度": "严重",
        "数据检核类型": "01 代码检查",
        "规则": "check.party_name.mandatory",
        "数据来源": "demo",
        "记录标识": "check-1",
    }
    unknown = dict(zip(HEADERS, cells(made(department="unknown"), DEPARTMENTS), strict=True))
    assert (unknown["部门"], unknown["部门编码"]) == ("归属不明", "")


def test_fields_have_the_name_that_the_kind_gives_them() -> None:
    names = [standard.field_name(kind, "occurred_on") for kind in ("check", "punish", "other")]
    assert names == ["检查时间", "作出行政处罚决定日期", "开始时间"]
    assert standard.field_name("check", "department") == "所属部门"


def test_csv_opens_right_in_excel() -> None:
    text = written_csv([ONE])
    assert text.startswith("\ufeff部门,部门编码,")
    assert text.endswith("\r\n")


@pytest.mark.parametrize("cell", FORMULAS)
def test_what_a_spreadsheet_would_run_is_harmless_in_csv(cell: str) -> None:
    text = written_csv([made(action_code=cell, record_id=f"a{cell}")])
    row = next(iter(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))))
    assert (row["行为编号"], row["记录标识"]) == (f"'{cell}", f"a{cell}")


def test_what_a_spreadsheet_would_run_is_text_in_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "findings.xlsx"
    write_xlsx([made(action_code=cell) for cell in FORMULAS], DEPARTMENTS, path)
    column = list(HEADERS).index("行为编号")
    rows = CalamineWorkbook.from_path(path).get_sheet_by_name("问题").to_python()[1:]
    assert [row[column] for row in rows] == list(FORMULAS)
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        styles = archive.read("xl/styles.xml").decode()
    assert "<f>" not in sheet
    assert 'quotePrefix="1"' in styles


def test_a_sheet_that_is_full_is_followed_by_another(tmp_path: Path) -> None:
    path = tmp_path / "findings.xlsx"
    write_xlsx([made(record_id=str(n)) for n in range(7)], DEPARTMENTS, path, rows_a_sheet=4)
    book = CalamineWorkbook.from_path(path)
    assert book.sheet_names == ["问题", "问题2", "问题3"]
    sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    assert [sheet[0] for sheet in sheets] == [list(HEADERS)] * 3
    assert [row[-1] for sheet in sheets for row in sheet[1:]] == [str(n) for n in range(7)]


@pytest.mark.parametrize("form", ["csv", "json", "xlsx"])
def test_a_file_is_whole_or_as_it_was(tmp_path: Path, form: FileForm) -> None:
    path = tmp_path / f"findings.{form}"
    path.write_text("before")

    def breaking() -> Iterator[Finding]:
        yield ONE
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_file(form, breaking(), DEPARTMENTS, path)
    assert path.read_text() == "before"
    write_file(form, [ONE], DEPARTMENTS, path)
    assert path.stat().st_size > 100
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("form", ["csv", "json", "xlsx"])
def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path, form: FileForm) -> None:
    path = tmp_path / "nowhere" / "findings"
    with pytest.raises(OutputError, match="nowhere/findings: can't be written: No such file"):
        write_file(form, [ONE], DEPARTMENTS, path)


@pytest.mark.parametrize("columns", [80, 120])
def test_a_terminal_shows_each_record_with_what_it_fails(columns: int) -> None:
    long = made(rule="check.implement_list_code.form", message="验证不通过：前 18 位" + "示范" * 30)
    out = Console(width=columns, file=io.StringIO(), markup=False, highlight=False)
    print_findings(out, [ONE, long, made(record_id="2", action_code=None)], DEPARTMENTS)
    assert isinstance(out.file, io.StringIO)
    lines = out.file.getvalue().splitlines()
    assert lines[0] == "示范-1  行政检查  2022-01  市场监管局  demo"
    assert lines[1].split() == ["critical", ONE.rule, ONE.message]
    assert "".join(line.strip() for line in lines[3:-3]).replace(" ", "") == long.message.replace(
        " ", ""
    )
    assert lines[-3].startswith("2  行政检查")
    assert lines[-1] == "3 findings, 2 records"


def test_a_line_break_in_a_code_parts_no_line_of_a_terminal() -> None:
    out = Console(width=100, file=io.StringIO(), markup=False, highlight=False)
    print_findings(out, [made(action_code="示范\n  critical  示范")], DEPARTMENTS)
    assert isinstance(out.file, io.StringIO)
    first, *_ = out.file.getvalue().splitlines()
    assert first == "示范   critical  示范  行政检查  2022-01  市场监管局  demo"


def test_sixty_thousand_findings_take_no_more_memory_than_six_hundred(
    store: Store, tmp_path: Path
) -> None:
    many(store, records=600, rules=100)
    few = peak(store, tmp_path, "--rule", "check.party_name.7")
    assert peak(store, tmp_path) < few + 8 * 1024
    with (tmp_path / "findings.json").open(encoding="utf-8") as file:
        assert sum(1 for _ in file) == 60_000


def test_a_workbook_is_written_in_flat_memory(tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        write_xlsx((ONE for _ in range(3_000)), DEPARTMENTS, tmp_path / "findings.xlsx")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2 * 1024**2


def peak(store: Store, folder: Path, *arguments: str) -> int:
    """The most memory that `yueqingling findings all` had, in KiB, as the kernel counted it."""
    url = store.engine.url.render_as_string(hide_password=False)
    settings = folder / "yueqingling.toml"
    settings.write_text(f'[store]\nurl = "{url}"\n', encoding="utf-8")
    program = (
        "import sys; from jobs.cli import app; app(sys.argv[1:], standalone_mode=False); "
        "print(open('/proc/self/status').read())"
    )
    output = ("-c", str(settings), "-o", str(folder / "findings.json"))
    command = [sys.executable, "-c", program, "findings", "all", *output, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    (size,) = re.findall(r"VmHWM:\s+(\d+) kB", done.stdout)
    return int(size)


def many(store: Store, records: int, rules: int) -> None:
    """Records that fail every one of these rules."""
    described: dict[str, Any] = {
        "kind": "check",
        "class": "01",
        "severity": "critical",
        "field": "party_name",
        "message": "为必填项，不能为空",
        "suite": "check",
        "version": "1",
        "active": True,
    }
    with store.writing() as connection:
        land(connection, *(clean("check", number) for number in range(records)))
        connection.execute(
            sa.insert(rule),
            [
                {"number": number, "id": f"check.party_name.{number}", **described}
                for number in range(rules)
            ],
        )
        every = sa.select(behavior.c.id, rule.c.number).join(rule, sa.true())
        connection.execute(sa.insert(finding).from_select(["behavior_id", "rule"], every))


def made(**changes: Any) -> Finding:
    return Finding(**{**{name: getattr(ONE, name) for name in Finding.__slots__}, **changes})


def written_csv(findings: Iterable[Finding]) -> str:
    file = io.StringIO(newline="")
    write_text("csv", findings, DEPARTMENTS, file)
    return file.getvalue()

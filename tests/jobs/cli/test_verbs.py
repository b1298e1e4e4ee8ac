"""The verbs on a small demonstration: what they show, their machine forms, their exit codes."""

import csv
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from monitor.store import Store, leases
from tests.jobs.cli.conftest import NOW, Shown
from tests.jobs.cli.user import Said, flat, yueqingling

MONTH = "2026-10"
AT = ("--now", NOW)
ROW = {
    "department",
    "name",
    "state",
    "obligations",
    "backlog",
    "reasons",
    "overdue",
    "carried",
    "silent",
    "figures",
    "zero_report_contradicted",
}


@pytest.fixture(scope="module")
def board(demo: Shown) -> Said:
    """`status --json` of the demonstration's month."""
    return yueqingling(demo.folder, "status", "-m", MONTH, "--json")


def test_the_demonstration_shows_each_step_and_what_to_look_at_next(demo: Shown) -> None:
    shown = demo.said.out
    steps = ["来源", "归集", "检核", "通知", "看板", "What to look at next"]
    assert sorted(steps, key=shown.index) == steps
    assert demo.said.err == ""
    assert "示范区政务服务管理办公室 · 月清零 2026-10" in shown


def test_what_the_demonstration_says_to_try_next_works(demo: Shown) -> None:
    after = demo.said.out.partition("What to look at next")[2]
    tries = [
        line.partition("yueqingling ")[2].split()
        for line in after.splitlines()
        if "yueqingling " in line and "demo" not in line.partition("yueqingling ")[2].split()
    ]
    looking = [words for words in tries if words[0] in ("status", "explain", "remind", "rules")]
    assert len(looking) == 4
    for words in looking:
        said = yueqingling(demo.folder, *words)
        assert (said.code, said.err) == (0, "")
        assert said.out


def test_the_truth_lies_beside_the_sources(demo: Shown) -> None:
    with (demo.folder / "truth.csv").open(encoding="utf-8-sig", newline="") as file:
        outcomes = {row["outcome"] for row in csv.DictReader(file)}
    assert {"repaired", "malformed", "finding"} <= outcomes


def test_the_settings_that_the_demonstration_wrote_are_right(demo: Shown) -> None:
    said = yueqingling(demo.folder, "config", "check")
    assert said.code == 0
    assert "platform-check: check (行政检查行为), files, every 15m" in said.out
    assert yueqingling(demo.folder, "config", "check", "-q").out == ""


def test_settings_without_sources_and_routes_are_right_but_remarked(tmp_path: Path) -> None:
    (tmp_path / "yueqingling.toml").write_text("")
    said = yueqingling(tmp_path, "config", "check")
    assert said.code == 0
    assert "nothing will be pulled" in said.out
    assert "nobody will be written to" in said.out


def test_drivers_that_are_not_installed_are_told_of_before_the_first_pull(tmp_path: Path) -> None:
    urls = {
        "here": "mysql://reader:secret@db.invalid/exchange",
        "oracle": "oracle+oracledb://reader:secret@db.invalid?service_name=x",
        "dm": "dm+dmPython://reader:secret@db.invalid:5236/",
        "odd": "mysq://reader:secret@db.invalid/exchange",
    }
    (tmp_path / "yueqingling.toml").write_text(
        "\n".join(
            f'[[source]]\nname = "{name}"\nfeed = "expected"\nkind = "sql"\nurl = "{url}"\n'
            'table = "t"'
            for name, url in urls.items()
        )
    )
    said = yueqingling(tmp_path, "config", "check")
    assert (said.code, said.out) == (2, "")
    begin = "yueqingling: yueqingling.toml: source"
    assert said.err.splitlines() == [
        f'{begin} "oracle": no driver for oracledb is installed (pip install oracledb)',
        f'{begin} "dm": no driver for dm+dmPython is installed (pip install dmSQLAlchemy dmPython)',
        f'{begin} "odd": no driver for mysq is installed; near it: mysql, mssql',
    ]


def test_the_board_has_its_versioned_form(board: Said) -> None:
    document = board.json
    assert list(document) == ["format", "month", "as_of", "district", "departments"]
    assert (document["format"], document["month"]) == (1, MONTH)
    assert document["as_of"] == "2026-11-03T02:00:00+00:00"
    for row in (document["district"], *document["departments"]):
        assert set(row) == ROW
        assert sum(row["reasons"].values()) == row["backlog"]
        for figure in row["figures"].values():
            assert set(figure) == {"numerator", "denominator"}
    rows = document["departments"]
    assert sum(row["backlog"] for row in rows) == document["district"]["backlog"] > 0


def test_one_department_is_asked_for_by_code_name_or_short_name(demo: Shown, board: Said) -> None:
    wanted = max(board.json["departments"], key=lambda row: row["backlog"])
    short_name = "城管执法局"
    for asked in (wanted["department"], wanted["name"], short_name):
        said = yueqingling(demo.folder, "status", "-m", MONTH, "-d", asked, "--json")
        assert said.json["departments"] == [wanted]
        assert said.json["district"] is None


@pytest.mark.parametrize("columns", [80, 150])
def test_tables_keep_to_the_terminal(demo: Shown, columns: int) -> None:
    for words in (
        ("status", "-m", MONTH),
        ("status", "--sources"),
        ("explain", "城管执法局", MONTH, "-n", "3"),
        ("findings", "城管执法局", "-m", MONTH),
        ("rules", "list"),
        ("remind", "--dry-run", "-d", "城管执法局", *AT),
    ):
        said = yueqingling(demo.folder, *words, columns=columns)
        assert said.code == 0
        assert said.widest <= columns
        assert "…│" not in said.out


def test_the_board_names_the_close_as_people_do(demo: Shown) -> None:
    shown = yueqingling(demo.folder, "status", *AT, columns=80).out
    assert "清零时点 11-06 24:00（还有 3 个工作日）" in shown


def test_a_month_without_statement_says_which_there_are(demo: Shown) -> None:
    said = yueqingling(demo.folder, "status", "-m", "2020-01")
    assert said.code == 0
    assert "No statement of 2020-01; there are those of 2026-09, 2026-10" in said.out
    document = yueqingling(demo.folder, "status", "-m", "2020-01", "--json").json
    assert (document["month"], document["departments"]) == (None, [])


def test_before_the_first_check_the_board_says_what_to_run(tmp_path: Path, store_url: str) -> None:
    (tmp_path / "yueqingling.toml").write_text(f'[store]\nurl = "{store_url}"\n')
    said = yueqingling(tmp_path, "status", *AT)
    assert said.code == 0
    assert "Run: yueqingling pull, then yueqingling check" in said.out
    assert "no source is set up" in yueqingling(tmp_path, "status", "--sources").out
    assert "no source is set up" in yueqingling(tmp_path, "pull").out


def test_the_sources_have_their_versioned_form(demo: Shown) -> None:
    document = yueqingling(demo.folder, "status", "--sources", "--json", *AT).json
    assert (list(document), document["format"]) == (["format", "sources"], 1)
    keys = {"source", "feed", "state", "last_success", "rows", "error", "warnings"}
    keys |= {"schedule", "due_at", "breaker", "last_pull", "totals"}
    keys |= {"unknown_columns", "unknown_departments", "unlanded"}
    for source in document["sources"]:
        assert set(source) == keys
        assert source["breaker"] == {"state": "closed", "failures": 0, "until": None}
        assert set(source["rows"]) == {"read", "landed", "unchanged", "malformed"}
    states = {source["source"]: source["state"] for source in document["sources"]}
    assert len(states) == 9
    assert set(states.values()) == {"fresh"}


def test_the_last_pulls_of_a_source_are_shown_when_asked_for(demo: Shown) -> None:
    yueqingling(demo.folder, "pull", "exchange-punish", "--all", *AT)
    asked = ("status", "--source", "exchange-punish", "--runs", "1", *AT)
    said = yueqingling(demo.folder, *asked, columns=120)
    assert said.code == 0
    assert "all again" in said.out
    assert "platform-check" not in said.out
    (source,) = yueqingling(demo.folder, *asked, "--json").json["sources"]
    (run,) = source["runs"]
    assert (run["outcome"], run["again"], run["error"]) == ("ok", "all", None)
    assert run["rows"] == source["rows"]
    assert source["last_pull"] == run
    assert source["totals"]["pulls"]["ok"] >= 2
    assert source["totals"]["rows"]["read"] > run["rows"]["read"]


def test_a_source_that_keeps_failing_is_said_to_rest_and_tried_by_hand(
    tmp_path: Path, store_url: str
) -> None:
    (tmp_path / "yueqingling.toml").write_text(
        f'[store]\nurl = "{store_url}"\n[pull]\ngive_up_after = 2\n[[source]]\nname = "items"\n'
        'feed = "item"\nkind = "files"\npath = "gone/*.csv"\n'
    )
    for expected in ("closed", "resting", "resting"):
        assert yueqingling(tmp_path, "pull", *AT).code == 1
        document = yueqingling(tmp_path, "status", "--sources", "--json", *AT).json
        assert document["sources"][0]["breaker"]["state"] == expected
    assert document["sources"][0]["breaker"]["failures"] == 3
    shown = yueqingling(tmp_path, "status", "--runs", "3", *AT, columns=200).out
    assert "could not be read 3 times in a row; rests until 11-03 11:00" in shown
    assert shown.count("as above") == 2
    (tmp_path / "gone").mkdir()
    assert yueqingling(tmp_path, "pull", "items", *AT).code == 0
    document = yueqingling(tmp_path, "status", "--sources", "--json", *AT).json
    assert document["sources"][0]["breaker"] == {"state": "closed", "failures": 0, "until": None}


def test_a_department_is_explained_down_to_records_and_rules(demo: Shown, board: Said) -> None:
    said = yueqingling(demo.folder, "explain", "城管执法局", MONTH, columns=150)
    assert said.code == 0
    shown = flat(said.out)
    assert "示范区城市管理综合执法局 · 2026-10 · 进行中 (open)" in shown
    assert "清零时点 11-06 24:00" in shown
    assert "合格率 (valid_ratio): " in shown
    assert "不合格 (invalid): " in shown
    document = yueqingling(demo.folder, "explain", "城管执法局", MONTH, "--json").json
    assert document["format"] == 3
    wanted = max(board.json["departments"], key=lambda row: row["backlog"])
    assert document["statement"]["backlog"] == wanted["backlog"]
    counted = {line["reason"]: line["charged"] for line in document["reasons"] if line["charged"]}
    assert counted == wanted["reasons"]


def test_a_figure_and_an_act_are_explained_by_their_names(demo: Shown) -> None:
    asked = ("explain", "城管执法局", MONTH, "--figure", "valid_ratio", "-n", "9999")
    [figure] = yueqingling(demo.folder, *asked, "--json").json["figures"]
    assert len(figure["reached"]) == figure["numerator"]
    assert "计入分子的" in yueqingling(demo.folder, *asked).out
    invalid = [
        line["record_id"]
        for line in figure["lacking"]
        if line["reason"] == "invalid" and "***" not in line["record_id"]
    ]
    act = ("explain", "城管执法局", "--unit", invalid[0])
    [unit] = yueqingling(demo.folder, *act, "--json").json["units"]
    assert (unit["standing"], unit["events"][-1]["to_reason"]) == ("remains", "invalid")
    assert "积压中的变化" in yueqingling(demo.folder, *act).out
    unknown = yueqingling(demo.folder, "explain", "城管执法局", "--unit", "示范-0")
    assert (unknown.code, "found none such" in flat(unknown.err)) == (2, True)
    assert yueqingling(demo.folder, *act, "--figure", "valid_ratio").code == 2
    assert "timely_ratio" in yueqingling(demo.folder, *asked[:4], "合格").err


def test_findings_come_to_the_terminal_and_into_files_alike(demo: Shown, tmp_path: Path) -> None:
    wanted = ("findings", "城管执法局", "-m", MONTH)
    lines = yueqingling(demo.folder, *wanted, "-f", "json").out.splitlines()
    every = [json.loads(line) for line in lines]
    assert {(row["department"], row["month"]) for row in every} == {(every[0]["department"], MONTH)}
    shown = yueqingling(demo.folder, *wanted).out
    assert shown.splitlines()[-1] == (
        f"{len(every)} findings, {len({row['record_id'] for row in every})} records"
    )
    for name in ("findings.csv", "findings.xlsx", "findings.json"):
        said = yueqingling(demo.folder, *wanted, "-o", str(tmp_path / name), columns=150)
        assert (said.code, said.err) == (0, "")
        assert f"{name}: {len(every)} findings" in said.out
    assert (tmp_path / "findings.json").read_text(encoding="utf-8").splitlines() == lines
    text = yueqingling(demo.folder, *wanted, "-f", "csv").out
    assert (tmp_path / "findings.csv").read_bytes().decode() == text
    (sheet,) = CalamineWorkbook.from_path(tmp_path / "findings.xlsx").sheet_names
    assert sheet == "问题"


def test_findings_of_every_department_are_those_of_each(demo: Shown, board: Said) -> None:
    every = yueqingling(demo.folder, "findings", "all", "-s", "critical", "-f", "json").out
    names = [row["department"] for row in board.json["departments"]]
    each = [
        yueqingling(demo.folder, "findings", name, "-s", "critical", "-f", "json").out
        for name in names
    ]
    assert sorted(every.splitlines()) == sorted("".join(each).splitlines())
    assert every
    assert yueqingling(demo.folder, "findings", "全区", "-s", "critical", "-f", "json").out == every


def test_a_district_in_which_nothing_was_found_says_so(tmp_path: Path, store_url: str) -> None:
    (tmp_path / "yueqingling.toml").write_text(f'[store]\nurl = "{store_url}"\n')
    said = yueqingling(tmp_path, "findings", "all")
    assert (said.code, said.out) == (0, "0 findings, 0 records\n")


def test_the_rules_are_listed_in_every_form() -> None:
    here = Path()
    document = yueqingling(here, "rules", "list", "--json").json
    assert document["format"] == 1
    assert set(document["rules"][0]) == {
        *("id", "kind", "class", "severity", "field", "message", "suite")
    }
    assert yueqingling(here, "rules", "list", "-f", "json").json == document
    number = len(document["rules"])
    assert f"{number} rules" in yueqingling(here, "rules", "list").out
    punish = yueqingling(here, "rules", "list", "-k", "punish", "--json").json["rules"]
    assert {rule["kind"] for rule in punish} == {"punish"}
    markdown = yueqingling(here, "rules", "list", "-f", "markdown").out.splitlines()
    assert markdown[0] == "| id | class | severity | field | message |"
    assert len(markdown) == number + 2


OWN = """\
name: check
expectations:
- type: expect_column_value_lengths_to_be_between
  kwargs: {column: party_name, max_value: 1}
  severity: warning
  meta: {id: check.party_name.own, class: "01", field: party_name, message: 值超长}
- type: expect_column_values_to_not_be_null
  kwargs: {column: kind}
  severity: critical
  meta: {id: check.kind.own, class: "01", field: kind, message: 为必填项，不能为空}
"""


@pytest.mark.parametrize("columns", [80, 120])
def test_a_suite_is_tried_before_it_is_in_force(demo: Shown, tmp_path: Path, columns: int) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(OWN, encoding="utf-8")
    wanted = ("rules", "try", str(path), "-m", MONTH)
    said = yueqingling(demo.folder, *wanted, columns=columns)
    assert (said.code, said.err) == (1, "")
    assert said.widest <= columns
    assert "  值超长" in said.out.splitlines()  # no blanks behind it
    assert "check.party_name.own  warning" in said.out
    assert "1 rules with failures, 1 without; nothing was written" in said.out
    document = yueqingling(demo.folder, *wanted, "--json").json
    assert (document["format"], document["suite"], document["month"]) == (1, "own", MONTH)
    long, kind = document["rules"]
    assert long["failing"] == sum(row["failing"] for row in long["departments"])
    assert (len(long["examples"]), kind["failing"], kind["examples"]) == (5, 0, [])
    path.write_text(OWN.replace("max_value: 1", "max_value: 1000"), encoding="utf-8")
    assert yueqingling(demo.folder, *wanted).code == 0


def test_a_suite_in_force_is_tried_by_its_name(demo: Shown) -> None:
    document = yueqingling(demo.folder, "rules", "try", "check", "--json").json
    every = yueqingling(demo.folder, "findings", "all", "-k", "check", "-f", "json").out
    assert sum(rule["failing"] for rule in document["rules"]) == len(every.splitlines())


def test_a_check_says_how_many_rules_it_judged_every_record_by(demo: Shown, tmp_path: Path) -> None:
    here = shutil.copytree(demo.folder, tmp_path / "here")
    (here / "own").mkdir()
    (here / "own" / "own.yaml").write_text(OWN, encoding="utf-8")
    with (here / "yueqingling.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[rules]\nsuites = "own"\n')
    told = "Rules that are new or say something else: 2; every record of their kinds was judged"
    assert told in flat(yueqingling(here, "check", *AT).out)
    again = yueqingling(here, "check", *AT)
    assert "new or say" not in again.out
    assert yueqingling(here, "check", *AT, "--json").json["changed_rules"] == 0


def test_reminding_dry_says_why_and_writes_nothing(demo: Shown) -> None:
    later = ("--now", "2026-11-05T10:00")
    first = yueqingling(demo.folder, "remind", "--dry-run", *later)
    assert first.code == 0
    assert "nothing was written (--dry-run)" in first.out
    assert "not sent: " in first.out
    assert yueqingling(demo.folder, "remind", "--dry-run", *later) == first


def test_nothing_is_left_to_deliver_after_the_demonstration(demo: Shown) -> None:
    said = yueqingling(demo.folder, "deliver", *AT)
    assert (said.code, said.out) == (0, "0 sent, 0 to be tried again, 0 refused, 0 waiting\n")


def test_checking_again_judges_nothing_and_ends_with_1_while_backlog_remains(
    demo: Shown, board: Said
) -> None:
    said = yueqingling(demo.folder, "check", *AT, "--json")
    assert said.code == 1
    document = said.json
    assert (document["format"], document["judged"], document["planned"]) == (1, 0, 0)
    assert (document["month"], document["backlog"]) == (MONTH, board.json["district"]["backlog"])
    assert document["disagreements"] == []


def test_a_district_without_backlog_ends_the_check_with_0(tmp_path: Path, store_url: str) -> None:
    (tmp_path / "yueqingling.toml").write_text(f'[store]\nurl = "{store_url}"\n')
    said = yueqingling(tmp_path, "check", *AT)
    assert said.code == 0
    assert "2026-10: backlog 0." in flat(said.out)


def test_pulling_again_lands_nothing(demo: Shown) -> None:
    names = ("departments", "platform-check", "exchange-punish")
    said = yueqingling(demo.folder, "pull", *names, *AT)
    assert (said.code, said.err) == (0, "")
    document = yueqingling(demo.folder, "status", "--sources", "--json", *AT).json
    rows = {source["source"]: source["rows"] for source in document["sources"]}
    assert [rows[name]["landed"] for name in names] == [0, 0, 0]


@pytest.mark.parametrize("again", [("--all",), ("--since", "2026-10-01")])
def test_reading_again_what_was_read_lands_nothing(demo: Shown, again: tuple[str, ...]) -> None:
    names = ("departments", "platform-check", "exchange-punish")
    said = yueqingling(demo.folder, "pull", *names, *again, *AT)
    assert said.code == 0
    document = yueqingling(demo.folder, "status", "--sources", "--json", *AT).json
    for source in document["sources"]:
        if source["source"] in names:
            rows = source["rows"]
            assert (rows["landed"], rows["unchanged"]) == (0, rows["read"])


def test_a_source_that_somebody_else_pulls_is_left_to_them(demo: Shown) -> None:
    instant = datetime.now(UTC)
    store = Store(f"sqlite:///{demo.folder / 'yueqingling.db'}")
    with store.writing() as connection:
        assert leases.take(connection, "pull:items", "elsewhere:1:x", instant, timedelta(hours=1))
    said = yueqingling(demo.folder, "pull", "items", *AT)
    with store.writing() as connection:
        leases.give_back(connection, "pull:items", "elsewhere:1:x")
    store.close()
    assert said.code == 1
    assert "items is being pulled by somebody else" in said.out


def test_the_board_marks_who_reported_zero_against_the_records(demo: Shown) -> None:
    reports = yueqingling(demo.folder, "zero-report", "list", "--json").json["zero_reports"]
    wrong = {(each["month"], each["department"]) for each in reports if each["contradicted"]}
    month = max(wrong)[0]
    rows = yueqingling(demo.folder, "status", "-m", month, "--json").json["departments"]
    marked = {(month, row["department"]) for row in rows if row["zero_report_contradicted"]}
    assert marked == {each for each in wrong if each[0] == month}
    assert "零报送不符" in yueqingling(demo.folder, "status", "-m", month, columns=150).out

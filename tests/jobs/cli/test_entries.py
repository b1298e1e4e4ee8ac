"""`zero-report` and `exempt`: what the office enters at the terminal, and what it is warned of."""

import io
import sys
from datetime import date
from pathlib import Path

import pytest

from monitor.store import Store
from tests.jobs.cli.user import flat, yueqingling
from tests.ledger.book import A, B, Book

NOW = ("--now", "2022-02-09T10:00")
APPROVED = ("--reason", "重复录入", "--approver", "示范审批人")


@pytest.fixture
def office(tmp_path: Path, store_url: str) -> Path:
    """A folder with the settings of a store in which A has a draft of January."""
    (tmp_path / "yueqingling.toml").write_text(f'[store]\nurl = "{store_url}"\n', encoding="utf-8")
    store = Store(store_url)
    book = Book(store, [A, B])
    book.record(status="draft", submitted=None, action_code="示范检查-1")
    book.tick("2022-02-09T09:00")
    store.close()
    return tmp_path


def test_a_zero_report_is_filed_listed_and_withdrawn(office: Path) -> None:
    said = yueqingling(
        office, "zero-report", "file", "示范2局", "2022-01", "--by", "示范经办人", *NOW
    )
    assert (said.code, said.out.strip()) == (0, "示范2局 2022-01 零报送已登记")
    listed = yueqingling(office, "zero-report", "list", "2022-01")
    assert listed.code == 0
    assert "示范经办人" in listed.out
    assert "此前已登记" in yueqingling(office, "zero-report", "file", B, "2022-01", *NOW).out
    why = ("--reason", "登记有误")
    assert yueqingling(office, "zero-report", "withdraw", B, "2022-01", *why, *NOW).code == 0
    assert "没有零报送" in yueqingling(office, "zero-report", "list").out
    assert yueqingling(office, "zero-report", "withdraw", B, "2022-01", *why, *NOW).code == 2


def test_the_zero_reports_of_an_earlier_instant_are_those_that_stood_then(office: Path) -> None:
    why, listing = ("--reason", "登记有误"), ("zero-report", "list", "2022-01", "--json", "--now")
    yueqingling(office, "zero-report", "file", "示范2局", "2022-01", *NOW)
    later = ("--now", "2022-02-09T12:00")
    yueqingling(office, "zero-report", "withdraw", B, "2022-01", *why, *later)
    stood = [
        len(yueqingling(office, *listing, f"2022-02-09T{hour}").json["zero_reports"])
        for hour in ("09:59", "10:00", "11:59", "12:00")
    ]
    assert stood == [0, 1, 1, 0]


def test_a_zero_report_against_records_is_warned_of_and_found_in_the_list(office: Path) -> None:
    said = yueqingling(office, "zero-report", "file", A, "2022-01", *NOW)
    assert said.code == 0
    assert "与记录不符：该月已有 1 项应录" in said.out
    listed = yueqingling(office, "zero-report", "list", "--json")
    assert listed.code == 1
    [report] = listed.json["zero_reports"]
    assert (report["month"], report["source"], report["contradicted"]) == (
        "2022-01",
        "office",
        True,
    )


def test_an_exemption_says_what_it_hides_before_it_is_added(office: Path) -> None:
    said = yueqingling(office, "exempt", "add", "--unit", "示范检查-1", *APPROVED, "--yes", *NOW)
    assert said.code == 0, said.err
    assert "现有积压中将有 1 项不再计入" in said.out
    assert "库中没有" not in said.out
    again = yueqingling(office, "exempt", "add", "--unit", "示范检查-1", *APPROVED, "--yes", *NOW)
    [first, second] = yueqingling(office, "exempt", "list", "--json").json["exemptions"]
    assert f"与已有免报核销 {first['number']} 重叠" in again.out
    assert (first["overlaps"], second["overlaps"]) == ([second["number"]], [first["number"]])
    number = str(first["number"])
    ended = yueqingling(
        office, "exempt", "end", number, "--on", "2022-01-31", "--reason", "审批到期", *NOW
    )
    assert ended.out.strip() == f"免报核销 {number} 至 2022-01-31 止"
    assert "示范审批人" in yueqingling(office, "exempt", "list", columns=150).out
    for each in (first, second):
        by_mistake = ("exempt", "withdraw", str(each["number"]), "--reason", "登记有误", *NOW)
        said = yueqingling(office, *by_mistake)
        assert said.out.strip() == f"免报核销 {each['number']} 已撤回"
    assert yueqingling(office, "exempt", "list", "--json").json["exemptions"] == []
    assert yueqingling(office, *by_mistake).code == 2
    assert "撤回免报核销" in yueqingling(office, "audit", "list").out


def test_a_feeds_exemption_that_ends_before_it_begins_is_told_in_the_list(
    tmp_path: Path, store_url: str
) -> None:
    (tmp_path / "yueqingling.toml").write_text(f'[store]\nurl = "{store_url}"\n', encoding="utf-8")
    store = Store(store_url)
    book = Book(store, [A])
    book.exempt("department", department=A, begins_on=date(2022, 2, 1), ends_on=date(2022, 1, 31))
    book.commit()
    store.close()
    assert "止于开始之前，从不生效" in yueqingling(tmp_path, "exempt", "list", columns=150).out


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_an_exemption_that_nobody_confirms_is_not_added(
    office: Path, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    said = yueqingling(office, "exempt", "add", "--item", "示范事项-9", *APPROVED, *NOW)
    assert said.code == 1
    assert "库中没有这样的部门、事项或行为" in said.out
    assert yueqingling(office, "exempt", "list", "--json").json["exemptions"] == []


def test_an_exemption_is_about_one_thing(office: Path) -> None:
    assert yueqingling(office, "exempt", "add", *APPROVED).code == 2
    both = ("--item", "示范事项-9", "--unit", "示范检查-1")
    assert yueqingling(office, "exempt", "add", *both, *APPROVED).code == 2


def test_the_audit_trail_lists_who_entered_what_when_and_why(office: Path) -> None:
    assert "没有审计记录" in yueqingling(office, "audit", "list").out
    by = ("--by", "示范经办人")
    yueqingling(office, "zero-report", "file", "示范2局", "2022-01", *by, *NOW)
    later = ("--now", "2022-02-10T10:00")
    yueqingling(office, "exempt", "add", "--unit", "示范检查-1", *APPROVED, "--yes", *by, *later)
    listed = yueqingling(office, "audit", "list", "--json").json
    assert [each["action"] for each in listed["entries"]] == ["zero_report.file", "exemption.add"]
    [last] = yueqingling(office, "audit", "list", "--since", "2022-02-10", "--json").json["entries"]
    assert (last["actor"], last["details"]["reason"]) == ("示范经办人", "重复录入")
    shown = flat(yueqingling(office, "audit", "list", columns=150).out)
    assert "登记零报送 部门 示范2局，月份 2022-01" in shown
    assert "范围 单项行为，对象 示范检查-1，理由 重复录入，批准人 示范审批人" in shown

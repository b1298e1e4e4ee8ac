"""`reopen`: the way on where a month was sealed without a source that was down."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.store import Store
from tests.jobs.cli.user import Said, yueqingling
from tests.servers.service import Asked, Reply, served
from tests.sources.deliveries import INSTITUTION, check_row, write_csv

SETTINGS = """
[store]
url = "{store}"
[[source]]
name = "departments"
feed = "department"
kind = "files"
path = "in/*.csv"
[[source]]
name = "checks"
feed = "check"
kind = "http"
url = "{service}"
attempts = 1
status = "accepted"
"""
REASON = "停机期间未读取数据"


class Office:
    """An office whose checks come from a service that can be down."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.is_down = False
        self.records: list[dict[str, str]] = []

    def answer(self, _asked: Asked) -> Reply:
        return Reply(status=503) if self.is_down else Reply(self.records)

    def does(self, now: str, *arguments: str) -> Said:
        return yueqingling(self.folder, *arguments, "--now", now)

    def pulls_and_checks(self, now: str) -> None:
        self.does(now, "pull")
        self.does(now, "check")

    def seals(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = yueqingling(self.folder, "seal", "list", "--json").json[
            "seals"
        ]
        return listed


@pytest.fixture
def office(tmp_path: Path, store_url: str) -> Iterator[Office]:
    """The office, its directory delivered, its store empty."""
    made = Office(tmp_path)
    write_csv(tmp_path / "in" / "a.csv", [{"统一社会信用代码": INSTITUTION, "部门名称": "示范局"}])
    Store(store_url).close()
    with served(made.answer) as service:
        settings = SETTINGS.format(store=store_url, service=service)
        (tmp_path / "yueqingling.toml").write_text(settings, encoding="utf-8")
        yield made


def test_what_was_sealed_without_data_is_reopened_after_the_pull_and_sealed_anew(
    office: Office,
) -> None:
    office.pulls_and_checks("2022-01-20T09:00")
    office.is_down = True
    office.pulls_and_checks("2022-02-14T13:00")
    [first] = office.seals()
    assert first["states"] == {"no_data": 1}

    office.is_down = False
    office.records = [check_row()]
    back = "2022-02-17T09:00"
    early = office.does(back, "reopen", "2022-01", "--reason", REASON, "--by", "示范员")
    assert early.code == 0, early.err
    assert "等待数据来源 checks（最迟 2022-02-18 12:00）" in early.out
    assert office.does(back, "close", "2022-01").code == 2
    office.does(back, "pull")
    assert office.does(back, "close", "2022-01", "--json").json["sealed"] == ["2022-01"]

    again, second = office.seals()
    assert (again["hash"], again["reopened"]["reason"]) == (first["hash"], REASON)
    assert (second["revision"], second["states"]) == (2, {"cleared_on_time": 1})
    assert yueqingling(office.folder, "seal", "verify").code == 0
    listed = yueqingling(office.folder, "seal", "list").out
    assert f"2022-01 第 1 版于 2022-02-17 09:00 重新打开，不再有效：{REASON}" in listed


def test_a_reopening_needs_a_sealed_month_and_a_reason(office: Office) -> None:
    now = "2022-02-17T09:00"
    unsealed = office.does(now, "reopen", "2022-01", "--reason", REASON)
    assert (unsealed.code, "expected a sealed month" in unsealed.err) == (2, True)
    assert office.does(now, "reopen", "2022-01").code == 2

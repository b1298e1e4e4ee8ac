"""The job pull: repeatable, safe to cut off anywhere, and one bad source holds up no other."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from jobs.pull import pull_source
from jobs.pulls import pull
from jobs.step import Step, StoppedError
from monitor.config import HttpSource, PullSettings, Settings, SourceSettings
from monitor.errors import SettingsError
from monitor.sources.state import SourceState, source_states
from monitor.store import Store, leases, tables
from monitor.words import Feed
from tests.jobs import slow_source
from tests.jobs.slow_source import SlowSource
from tests.sources.deliveries import (
    INSTITUTION,
    PARTY,
    check_row,
    credit_code,
    files,
    rows_of,
    statuses_of,
    write_csv,
    write_workbook,
)

LANDED = (
    tables.behavior,
    tables.behavior_item,
    tables.behavior_status,
    tables.to_judge,
    tables.cursor,
)
CARD = "11010519491231002X"
"""The vector of GB 11643-1999, nobody's card."""
DIRECTORY = [{"统一社会信用代码": INSTITUTION, "部门名称": "示范局"}]


class StoppedByTestError(Exception):
    """Raised by a progress that stops the pull."""


def stop_after(batches: int) -> Any:
    """A progress that stops the pull after so many batches."""
    left = iter(range(batches - 1))

    def progress(step: Step) -> None:
        if step.rows and next(left, None) is None:
            raise StoppedByTestError

    return progress


def contents(store: Store) -> list[list[dict[str, Any]]]:
    return [rows_of(store, table) for table in LANDED]


def states(store: Store, settings: Settings, now: datetime) -> dict[str, SourceState]:
    with store.reading() as connection:
        return {state.source: state for state in source_states(connection, settings, now)}


def inbox(tmp_path: Path, count: int = 10) -> SourceSettings:
    rows = [check_row(n) for n in range(count)]
    return files(write_csv(tmp_path / "inbox" / "a.csv", rows), batch_rows=3)


def test_pulling_again_changes_nothing(store: Store, tmp_path: Path, now: datetime) -> None:
    settings = Settings(source=(inbox(tmp_path),))
    (first,) = pull(store, settings, now)
    assert (first.read, first.landed, first.unchanged, first.error) == (10, 10, 0, None)
    before = contents(store)
    later = now + timedelta(hours=1)
    (second,) = pull(store, settings, later)
    assert (second.read, second.landed) == (0, 0)
    write_csv(tmp_path / "inbox" / "b.csv", [check_row(n) for n in reversed(range(10))])
    (third,) = pull(store, Settings(source=(files(tmp_path / "inbox" / "*.csv"),)), later)
    assert (third.read, third.landed, third.unchanged) == (10, 0, 10)
    assert contents(store)[:4] == before[:4]


@pytest.mark.parametrize("batches", [1, 2, 3, 4])
def test_a_pull_that_is_cut_off_loses_nothing_and_ends_the_same(
    store: Store, tmp_path: Path, now: datetime, batches: int
) -> None:
    settings = Settings(source=(inbox(tmp_path),))
    with pytest.raises(StoppedByTestError):
        pull(store, settings, now, progress=stop_after(batches))
    landed = [row["id"] for row in rows_of(store)]
    assert len(landed) == min(3 * batches, 10)
    assert [row["behavior_id"] for row in rows_of(store, tables.to_judge)] == landed
    assert len(rows_of(store, tables.cursor)) == (1 if batches == 4 else 0)
    (report,) = pull(store, settings, now)
    assert report.landed == 10 - len(landed)
    assert len(rows_of(store)) == len(statuses_of(store)) == 10
    outcomes = [(row["outcome"], row["error"]) for row in rows_of(store, tables.run)]
    assert outcomes == [("failed", "cut off before its end"), ("ok", None)]


def test_progress_is_told_the_rows_of_each_batch(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    told: list[Step] = []
    pull(store, Settings(source=(inbox(tmp_path),)), now, progress=told.append)
    assert {step.source for step in told} == {"files"}
    assert told[0].rows == 0, "it begins"
    assert [step.rows for step in told if step.rows] == [3, 3, 3, 1]


def test_one_source_that_fails_holds_up_no_other(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    gone = files(tmp_path / "gone" / "*.csv", name="gone")
    silent = {"name": "silent", "feed": "expected", "kind": "http", "attempts": 1}
    settings = Settings.model_validate(
        {"source": [gone, silent | {"url": "http://127.0.0.1:1/"}, inbox(tmp_path)]}
    )
    with capture_logs() as log:
        reports = {report.source: report for report in pull(store, settings, now)}
    assert reports["files"].landed == 10
    found = states(store, settings, now)
    assert {name: state.state for name, state in found.items()} == {
        "gone": "failing",
        "silent": "failing",
        "files": "fresh",
    }
    for name in ("gone", "silent"):
        error = reports[name].error
        assert error is not None
        assert found[name].error == error
        assert [e["error"] for e in log if e.get("source") == name and "error" in e] == [error]


def test_good_files_land_beside_a_bad_one(store: Store, tmp_path: Path, now: datetime) -> None:
    write_csv(tmp_path / "inbox" / "b.csv", [check_row(2)])
    write_workbook(tmp_path / "inbox" / "a.xlsx", {"一月": [["没有", "表头"]]})
    settings = Settings(source=(files(tmp_path / "inbox" / "*"),))
    (report,) = pull(store, settings, now)
    assert report.landed == 1
    state = states(store, settings, now)["files"]
    assert (state.state, state.last_success) == ("failing", None)
    assert state.error is not None
    assert state.error.startswith("a.xlsx 一月: no header row of feed check")
    (tmp_path / "inbox" / "a.xlsx").unlink()
    pull(store, settings, now)
    assert states(store, settings, now)["files"].state == "fresh"


def test_an_empty_folder_was_read(store: Store, tmp_path: Path, now: datetime) -> None:
    settings = Settings(source=(files(tmp_path / "*.csv"),))
    assert states(store, settings, now)["files"].state == "never"
    pull(store, settings, now)
    assert states(store, settings, now)["files"].state == "fresh"
    later = now + timedelta(hours=27)
    assert states(store, settings, later)["files"].state == "stale"


def test_what_is_odd_about_a_delivery_is_told_once(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    departments = files(
        write_csv(tmp_path / "departments.csv", DIRECTORY), Feed.DEPARTMENT, name="departments"
    )
    stranger = credit_code("11500112DEM000099")
    odd = {"检查时间": "2022-09-31", "企业分类": "A", "实施机构编码": stranger}
    rows = [{k: v for k, v in (check_row(n) | odd).items() if k != "检查结果"} for n in range(7)]
    checks = files(write_csv(tmp_path / "checks.csv", rows), batch_rows=2)
    settings = Settings(source=(checks, departments))
    with capture_logs() as log:
        pull(store, settings, now)
    state = states(store, settings, now)["files"]
    assert state.warnings == (
        "checks.csv: the mandatory column 检查结果 is missing; its cells count as blank",
        '检查时间: 7 cells can\'t be read, first in checks.csv row 2: "2022-09-31" '
        "the calendar has no such day",
        "columns that no field is known for, kept in raw: 企业分类 (7)",
        f"departments that the directory doesn't hold: {stranger} (7)",
    )
    assert [e["remark"] for e in log if e["event"] == "source remark"] == [*state.warnings]
    assert state.rows == {"read": 7, "landed": 7, "unchanged": 0, "malformed": 7}
    details = rows_of(store, tables.run)[-1]["details"]
    assert details["malformed"] == {"occurred_on": 7}
    assert details["unknown_columns"] == {"企业分类": 7}


def test_a_column_that_the_settings_name_and_no_file_has_is_told(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    write_csv(tmp_path / "a.csv", [check_row(1)])
    write_csv(tmp_path / "b.csv", [check_row(2, 地点="示范路")])
    columns = {"地点": "经营地址", "检察日": "检查时间"}
    settings = Settings(source=(files(tmp_path / "*.csv", columns=columns),))
    pull(store, settings, now)
    assert states(store, settings, now)["files"].warnings == (
        "columns that the settings name and nobody delivers: 检察日",
    )


def test_what_is_unknown_is_told_once_and_shown_until_it_is_known(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    stranger = credit_code("11500112DEM000099")
    odd = {"企业分类": "A", "实施机构编码": stranger}
    directory = tmp_path / "known" / "departments.csv"

    def pulled_again(
        number: int, departments: list[dict[str, str]], **more: Any
    ) -> tuple[list[str], SourceState]:
        write_csv(tmp_path / f"{number}.csv", [check_row(number, **odd)])
        known = files(write_csv(directory, departments), Feed.DEPARTMENT, name="known")
        settings = Settings(source=(known, files(tmp_path / "*.csv", **more)))
        with capture_logs() as log:
            pull(store, settings, now)
        told = [entry["remark"] for entry in log if entry["event"] == "source remark"]
        return told, states(store, settings, now)["files"]

    told, state = pulled_again(1, DIRECTORY)
    assert told == [
        "columns that no field is known for, kept in raw: 企业分类 (1)",
        f"departments that the directory doesn't hold: {stranger} (1)",
    ]
    assert list(state.warnings) == told
    told, state = pulled_again(2, DIRECTORY)
    assert told == []
    assert state.warnings == (
        "columns that no field is known for, kept in raw: 企业分类 (2)",
        f"departments that the directory doesn't hold: {stranger} (2)",
    )
    wider = [*DIRECTORY, {"统一社会信用代码": stranger, "部门名称": "示范新局"}]
    told, state = pulled_again(3, wider, columns={"企业分类": "经营地址"})
    assert (told, state.warnings) == ([], ())


def test_no_party_and_no_person_is_in_what_is_told(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    misplaced = {"报送时间": CARD, "状态": CARD, "实施机构编码": CARD}
    rows = [
        check_row(1, 检查时间="示范甲于昨日", 检查人员="示范甲", 监管对象="", 状态="通过"),
        check_row(2, **misplaced),
        check_row(3, 报送时间="13900000000", 状态="通过", 实施机构编码=PARTY),
        check_row(4, 状态="通过", 实施机构编码="示范甲"),
    ]
    (tmp_path / "b.csv").write_text(",".join(check_row(5, 行政相对人编码=CARD).values()))
    write_csv(tmp_path / "a.csv", rows)
    departments = files(
        write_csv(tmp_path / "known" / "departments.csv", DIRECTORY), Feed.DEPARTMENT, name="known"
    )
    checks = files(tmp_path / "*.csv", status={"column": "状态"})
    with capture_logs() as log:
        reports = pull(store, Settings(source=(departments, checks)), now)
    assert any("without a header" in (report.error or "") for report in reports)
    told = f"{log} {rows_of(store, tables.run)}"
    for name in ("示范甲", "示范商店", CARD, PARTY, "13900000000"):
        assert name not in told


def test_a_source_is_pulled_by_one_at_a_time(store: Store, tmp_path: Path, now: datetime) -> None:
    source = inbox(tmp_path)
    with store.writing() as connection:
        held = leases.take(
            connection, "pull:files", "elsewhere:1:x", datetime.now(UTC), timedelta(hours=1)
        )
    assert held
    report = pull_source(store, source, now)
    assert report.error == "files is being pulled by somebody else"
    assert rows_of(store) == rows_of(store, tables.run) == []


def test_the_lease_of_a_process_that_died_is_free(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "from monitor.store import leases; print(leases.owner())"],
        capture_output=True,
        text=True,
        check=True,
    )
    owner = ended.stdout.strip()
    with store.writing() as connection:
        leases.take(connection, "pull:files", owner, datetime.now(UTC), timedelta(hours=1))
    (report,) = pull(store, Settings(source=(inbox(tmp_path),)), now)
    assert (report.error, report.landed) == (None, 10)
    assert rows_of(store, tables.lease) == []


def test_a_pull_that_lost_its_lease_stops_before_it_writes(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    def taken_over(step: Step) -> None:
        if not step.rows:
            return
        with store.writing() as connection:
            connection.execute(
                sa.update(tables.lease).values(
                    owner="elsewhere:1:x", until=datetime.now(UTC) + timedelta(hours=1)
                )
            )

    (report,) = pull(store, Settings(source=(inbox(tmp_path),)), now, progress=taken_over)
    assert report.error == "files: the lease ran out and somebody else took it"
    assert len(rows_of(store)) == 3


def slow(source: SlowSource) -> SourceSettings:
    """The settings of a source that answers when it is let."""
    paging = {"kind": "page", "size": slow_source.SIZE}
    return HttpSource.model_validate(
        {"name": "slow", "feed": "check", "kind": "http", "url": source.url}
        | {"status": "accepted", "paging": paging}
    )


def test_the_lease_is_renewed_while_the_source_is_slow(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.pull.STEP", timedelta(milliseconds=10))
    monkeypatch.setattr("jobs.pull.LEASE", timedelta(milliseconds=30))
    renewed: set[datetime] = set()
    with slow_source.served() as source:

        def progress(_step: Step) -> None:
            renewed.add(rows_of(store, tables.lease)[0]["until"])
            if len(renewed) >= 4:
                source.allow(slow_source.PAGES)

        report = pull_source(store, slow(source), now, progress)
    assert (report.error, report.landed) == (None, slow_source.PAGES * slow_source.SIZE)


def test_a_pull_ends_when_it_is_asked_to_although_the_source_is_silent(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.pull.STEP", timedelta(milliseconds=10))
    steps = iter(range(2))

    def progress(_step: Step) -> None:
        if next(steps, None) is None:
            raise StoppedError

    with slow_source.served() as source, ThreadPoolExecutor(1) as thread:
        pulling = thread.submit(pull_source, store, slow(source), now, progress)
        while not any(row["outcome"] == "stopped" for row in rows_of(store, tables.run)):
            assert not pulling.done(), "it waits for the reading that is in hand"
        source.allow(10 * slow_source.PAGES)
        with pytest.raises(StoppedError):
            pulling.result()
    assert rows_of(store) == rows_of(store, tables.lease) == []


def test_a_name_that_is_no_source_is_refused(store: Store, now: datetime) -> None:
    with pytest.raises(SettingsError, match=r"none is set up.*found casses"):
        pull(store, Settings(), now, names=["casses"])


def test_statements_do_not_grow_with_the_records(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    def statements_for(size: int) -> int:
        statements: list[str] = []

        def note(*arguments: Any) -> None:
            statements.append(arguments[2])

        rows = [check_row(n) for n in range(size * 10, size * 11)]
        path = write_csv(tmp_path / f"{size}.csv", rows)
        sa.event.listen(store.engine, "before_cursor_execute", note)
        pull(store, Settings(source=(files(path),)), now)
        sa.event.remove(store.engine, "before_cursor_execute", note)
        return len(statements)

    assert statements_for(2) == statements_for(200)


def test_sources_are_pulled_side_by_side_and_the_directory_before_what_it_judges(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    together = threading.Barrier(2, timeout=60)
    begun: list[str] = []

    def progress(step: Step) -> None:
        if step.rows == 0:
            begun.append(step.source)
            if step.source != "known":
                together.wait()

    known = files(write_csv(tmp_path / "known.csv", DIRECTORY), Feed.DEPARTMENT, name="known")
    checks = [
        files(write_csv(tmp_path / f"{name}.csv", [check_row(1)]), name=name)
        for name in ("one", "two")
    ]
    reports = pull(store, Settings(source=(*checks, known)), now, progress=progress)
    assert begun[0] == "known"
    assert [(report.source, report.landed) for report in reports] == [
        ("known", 1),
        ("one", 1),
        ("two", 1),
    ]


def test_a_pull_that_raises_ends_those_beside_it_at_their_next_step(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    at_work, raised = threading.Event(), threading.Event()

    def progress(step: Step) -> None:
        if step.source == "one":
            assert at_work.wait(60)
            raised.set()
            raise StoppedByTestError
        if step.rows:
            at_work.set()
            assert raised.wait(60)

    two = files(
        write_csv(tmp_path / "two.csv", [check_row(n) for n in range(9)]), name="two", batch_rows=1
    )
    one = files(write_csv(tmp_path / "one.csv", [check_row(1)]), name="one")
    with pytest.raises(StoppedByTestError):
        pull(store, Settings(source=(two, one)), now, progress=progress)
    ended = {row["source"]: row["outcome"] for row in rows_of(store, tables.run)}
    assert ended == {"one": "running", "two": "stopped"}


@pytest.mark.parametrize("interruption", [StoppedError, KeyboardInterrupt])
def test_a_pull_that_is_asked_to_end_says_so_and_keeps_what_landed(
    store: Store, tmp_path: Path, now: datetime, interruption: type[BaseException]
) -> None:
    def progress(step: Step) -> None:
        if step.rows:
            raise interruption

    with pytest.raises(interruption):
        pull(store, Settings(source=(inbox(tmp_path),)), now, progress=progress)
    (ended,) = rows_of(store, tables.run)
    assert (ended["outcome"], ended["error"], ended["rows_landed"]) == ("stopped", None, 3)
    assert states(store, Settings(source=(inbox(tmp_path),)), now)["files"].state == "never"
    assert rows_of(store, tables.lease) == []


@pytest.mark.parametrize("parallel", [1, 4])
def test_each_source_is_told_of_when_it_ends(
    store: Store, tmp_path: Path, now: datetime, parallel: int
) -> None:
    sources = [
        files(write_csv(tmp_path / f"{n}.csv", [check_row(n)]), name=f"source-{n}")
        for n in range(3)
    ]
    told: list[str] = []
    settings = Settings(source=tuple(sources), pull=PullSettings(parallel=parallel))
    pull(store, settings, now, ended=lambda report: told.append(report.source))
    assert sorted(told) == [source.name for source in sources]


@pytest.mark.parametrize("again", [{"everything": True}, {"since": date(2022, 1, 1)}])
def test_what_is_read_again_is_unchanged_and_said_in_the_run(
    store: Store, tmp_path: Path, now: datetime, again: dict[str, Any]
) -> None:
    settings = Settings(source=(inbox(tmp_path),))
    pull(store, settings, now)
    before = contents(store)
    (report,) = pull(store, settings, now + timedelta(hours=1), **again)
    assert report.landed == 0
    assert report.unchanged == report.read
    assert contents(store)[:4] == before[:4]
    said = {"all": True} if again.get("everything") else {"since": "2022-01-01"}
    assert rows_of(store, tables.run)[-1]["details"].items() >= said.items()

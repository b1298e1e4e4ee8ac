"""Runs and what they add up to: nothing is counted twice, and nothing is lost with old runs."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from monitor.sources import counts, runs
from monitor.sources.counts import What
from monitor.sources.runs import Outcome
from monitor.store import Store, tables
from tests.sources.deliveries import rows_of

FOUND: dict[str, Any] = {"malformed": {"occurred_on": 3}, "unknown_columns": {"企业分类": 2}}


def pulled(
    store: Store,
    now: datetime,
    outcome: Outcome = Outcome.OK,
    rows: int = 0,
    source: str = "checks",
    **details: Any,
) -> int:
    """A pull that began at `now` and took a minute; gives its run's number."""
    with store.writing() as connection:
        number = runs.begin(connection, source, now, {})
        read(connection, number, rows)
        at = now + timedelta(minutes=1)
        runs.end(connection, number, outcome, at, error=None, details=details)
    return number


def read(connection: sa.Connection, number: int, rows: int) -> None:
    """Write that so many rows were read and landed."""
    connection.execute(
        sa.update(tables.run)
        .where(tables.run.c.id == number)
        .values(rows_read=rows, rows_landed=rows)
    )


def counted(store: Store, what: What, source: str = "checks") -> dict[str, int]:
    with store.reading() as connection:
        found = counts.read(connection).get(source, {}).get(what, {})
    return {name: count.count for name, count in found.items()}


def test_what_pulls_read_adds_up(store: Store, now: datetime) -> None:
    pulled(store, now, rows=10, **FOUND)
    pulled(store, now + timedelta(hours=1), Outcome.PARTIAL, rows=5, **FOUND)
    pulled(store, now, Outcome.FAILED, source="cases")
    assert counted(store, What.ROWS) == {"read": 15, "landed": 15}
    assert counted(store, What.PULLS) == {"ok": 1, "partial": 1}
    assert counted(store, What.MALFORMED) == {"occurred_on": 6}
    assert counted(store, What.COLUMN) == {"企业分类": 4}
    assert counted(store, What.PULLS, "cases") == {"failed": 1}


def test_a_pull_that_was_cut_off_is_counted_by_the_next(store: Store, now: datetime) -> None:
    with store.writing() as connection:
        read(connection, runs.begin(connection, "checks", now, {}), 7)
    assert counted(store, What.ROWS) == {}
    pulled(store, now + timedelta(hours=1), rows=3)
    assert counted(store, What.ROWS) == {"read": 10, "landed": 10}
    assert counted(store, What.PULLS) == {"failed": 1, "ok": 1}


def test_a_run_that_the_next_puller_ended_is_not_counted_again(store: Store, now: datetime) -> None:
    with store.writing() as connection:
        lost = runs.begin(connection, "checks", now, {})
        runs.begin(connection, "checks", now, {})
        runs.end(connection, lost, Outcome.FAILED, now, "the lease ran out", {})
    assert counted(store, What.PULLS) == {"failed": 1}
    assert rows_of(store, tables.run)[0]["error"] == "cut off before its end"


def test_old_runs_are_forgotten_and_their_counts_are_not(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "KEPT", 3)
    numbers = [
        pulled(store, now + timedelta(hours=hour), outcome, rows=1)
        for hour, outcome in enumerate([Outcome.FAILED, *[Outcome.OK] * 6, Outcome.PARTIAL])
    ]
    kept = [row["id"] for row in rows_of(store, tables.run)]
    assert kept == [numbers[1], *numbers[-3:]], "the first good one tells since when it is read"
    assert counted(store, What.ROWS)["read"] == 8
    assert counted(store, What.PULLS) == {"failed": 1, "ok": 6, "partial": 1}


def test_the_failures_since_a_source_last_answered_are_all_kept(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "KEPT", 3)
    outcomes = [Outcome.OK, Outcome.OK, *[Outcome.FAILED] * 9]
    numbers = [
        pulled(store, now + timedelta(hours=hour), outcome) for hour, outcome in enumerate(outcomes)
    ]
    assert [row["id"] for row in rows_of(store, tables.run)] == numbers


def test_other_sources_and_jobs_keep_their_runs(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "KEPT", 2)
    with store.writing() as connection:
        connection.execute(
            sa.insert(tables.run),
            [{"job": "check", "started_at": now, "finished_at": now, "outcome": "ok"}] * 5,
        )
    for _ in range(5):
        pulled(store, now, source="cases")
        pulled(store, now)
    kept = [(row["job"], row["source"]) for row in rows_of(store, tables.run)]
    assert kept.count(("check", None)) == 5
    assert kept.count(("pull", "checks")) == kept.count(("pull", "cases")) == 3
    with store.writing() as connection:
        runs.prune(connection, "check")
    assert [row["job"] for row in rows_of(store, tables.run)].count("check") == 3


def test_what_is_unknown_is_news_once(store: Store, now: datetime) -> None:
    found = {What.COLUMN: {"企业分类": 2, "备注": 1}, What.DEPARTMENT: {"": 4}}
    pulled(store, now, unknown_columns={"企业分类": 2}, unknown_departments={})
    nothing: dict[What, list[str]] = {What.COLUMN: [], What.DEPARTMENT: []}
    with store.writing() as connection:
        news = counts.unheard_of(connection, "checks", found, nothing, now)
        assert news == {What.COLUMN: {"备注": 1}, What.DEPARTMENT: {"": 4}}
        long_after = now + counts.REMEMBERED + timedelta(hours=1)
        assert counts.unheard_of(connection, "checks", found, nothing, long_after) == found
    assert counted(store, What.COLUMN) == {}


def test_what_is_known_by_now_is_forgotten(store: Store, now: datetime) -> None:
    pulled(store, now, **FOUND)
    known = {What.COLUMN: ["企业分类", "检查时间"], What.DEPARTMENT: ["示范局"]}
    nothing: dict[What, dict[str, int]] = {What.COLUMN: {}, What.DEPARTMENT: {}}
    with store.writing() as connection:
        assert counts.unheard_of(connection, "checks", nothing, known, now) == nothing
    assert counted(store, What.COLUMN) == {}
    assert counted(store, What.MALFORMED) == {"occurred_on": 3}

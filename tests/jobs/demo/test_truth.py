"""The whole chain on a demonstration: what it finds is what was put in, record by record.

Both directions count: a defect that isn't found and a finding without a defect are failures alike.
"""

import socket
from collections import defaultdict
from collections.abc import Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from jobs.check import check
from jobs.demo import Demo, DemoOptions, build
from jobs.demo.truth import TruthRow
from jobs.pulls import pull
from monitor.config import Settings, load
from monitor.store import Store
from monitor.store.tables import backlog, behavior, expected, finding, rule, statement
from tests.jobs.demo import delivery
from tests.jobs.demo.conftest import SEEN_AT

Facts = Set[tuple[str, ...]]


@dataclass(frozen=True)
class Seen:
    """A demonstration's truth, and a store in which the chain has run on it."""

    demo: Demo
    store: Store
    settings: Settings

    def truth(self, *outcomes: str) -> list[TruthRow]:
        """The truth rows of these outcomes; of all where none is named."""
        return [row for row in self.demo.truth if not outcomes or row.outcome in outcomes]

    def rows(self, query: sa.Select[*tuple[Any, ...]]) -> list[Any]:
        """What the store answers."""
        with self.store.reading() as connection:
            return list(connection.execute(query))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """A demonstration whose case service has a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("chain")
    return build(DemoOptions(folder, SEEN_AT, departments=8, records=1_500, seed=3, port=port))


@pytest.fixture
def seen(demo: Demo, store: Store) -> Seen:
    """The chain, run once on a store of the test's own."""
    settings = load(demo.settings, {})
    with demo.cases:
        reports = pull(store, settings, SEEN_AT)
    assert [report for report in reports if report.error] == []
    report = check(store, settings, SEEN_AT)
    assert report.disagreements == ()
    return Seen(demo, store, settings)


def test_the_product_finds_what_was_put_in_and_nothing_else(seen: Seen) -> None:
    delivered_is_landed(seen)
    findings_are_the_truth(seen)
    malformed_cells_are_the_truth(seen)
    repaired_cells_read_as_they_were_meant(seen)
    backlog_is_the_truth(seen)
    statements_follow_from_the_truth(seen)


def delivered_is_landed(seen: Seen) -> None:
    b = behavior.c
    query = sa.select(b.source, b.record_id).where(b.deleted_at.is_(None), b.status != "deleted")
    gone = {
        (row.source, row.record_id)
        for row in seen.truth("repaired")
        if row.rule in ("withdrawn", "status_deleted")
    }
    agree({tuple(row) for row in seen.rows(query)}, set(delivery.rows(seen.demo.folder)) - gone)


def findings_are_the_truth(seen: Seen) -> None:
    b = behavior.c
    query = (
        sa.select(b.source, b.record_id, b.department, b.month, rule.c.id)
        .join(finding, finding.c.behavior_id == b.id)
        .join(rule, rule.c.number == finding.c.rule)
    )
    found = {tuple(map(str, row)) for row in seen.rows(query)}
    agree(
        found,
        {
            (row.source, row.record_id, row.department, row.month, row.rule)
            for row in seen.truth("finding", "malformed")
        },
    )


def malformed_cells_are_the_truth(seen: Seen) -> None:
    b = behavior.c
    query = sa.select(b.source, b.record_id, b.malformed).where(b.malformed.is_not(None))
    found = {
        (str(source), str(record_id), column)
        for source, record_id, columns in seen.rows(query)
        for column in str(columns).split("、")
    }
    put_in = {(r.source, r.record_id, r.column) for r in seen.truth("malformed")}
    agree(found, put_in)


def repaired_cells_read_as_they_were_meant(seen: Seen) -> None:
    spelled = [
        row
        for row in seen.truth("repaired")
        if row.column in behavior.c and row.rule != "status_deleted"
    ]
    landed = {(row.source, row.record_id): row._mapping for row in seen.rows(sa.select(behavior))}
    found = {
        (row.source, row.record_id, row.column, text(landed[row.source, row.record_id][row.column]))
        for row in spelled
        if row.rule != "corrected"
    }
    meant = {
        (row.source, row.record_id, row.column, row.meant)
        for row in spelled
        if row.rule != "corrected"
    }
    assert len(meant) > 30
    agree(found, meant)


def backlog_is_the_truth(seen: Seen) -> None:
    b, e, unit = behavior.c, expected.c, backlog.c
    query = (
        sa.select(
            sa.func.coalesce(b.source, e.source),
            sa.func.coalesce(b.record_id, e.record_id),
            unit.department,
            unit.month,
            unit.kind,
            unit.reason,
            unit.charged,
            unit.due_at,
        )
        .select_from(backlog)
        .outerjoin(behavior, b.id == unit.behavior_id)
        .outerjoin(expected, sa.and_(e.id == unit.expected_id, unit.behavior_id.is_(None)))
    )
    found = set()
    for *names, charged, due_at in seen.rows(query):
        assert isinstance(due_at, datetime)
        last_day = (due_at + timedelta(hours=8)).date() - timedelta(days=1)
        found.add((*map(str, names), str(charged), last_day.isoformat()))
    put_in = {
        (
            row.source,
            row.record_id,
            row.department,
            row.month,
            row.kind,
            row.reason,
            str(row.reason != "pending"),
            row.due_on,
        )
        for row in seen.truth()
        if row.reason
    }
    agree(found, put_in)


def statements_follow_from_the_truth(seen: Seen) -> None:
    charged = defaultdict(list)
    for source, record_id, department, month, reason in {
        (r.source, r.record_id, r.department, r.month, r.reason) for r in seen.truth()
    }:
        if reason not in ("", "pending"):
            charged[department].append((month, source, record_id))
    silent = {(row.department, row.month) for row in seen.truth() if row.rule == "silent"}
    s = statement.c
    made = seen.rows(
        sa.select(s.department, s.month, s.backlog, s.silent, s.zero).where(
            s.department.not_in(["district", "unknown"])
        )
    )
    assert {str(month) for _, month, *_ in made} >= {"2022-02", "2022-03"}
    for department, month, count, is_silent, zero in made:
        due = [unit for unit in charged[str(department)] if unit[0] <= str(month)]
        assert count == len(due), (department, month)
        assert is_silent == ((department, month) in silent), (department, month)
        assert zero == (not due and not is_silent), (department, month)
    assert {bool(zero) for *_, zero in made} == {True, False}


def agree(found: Facts, put_in: Facts) -> None:
    """Both sides empty, or the difference shown."""
    assert put_in
    assert {"found only": sorted(found - put_in), "truth only": sorted(put_in - found)} == {
        "found only": [],
        "truth only": [],
    }


def text(value: object) -> str:
    """A landed value as truth.csv writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return str(value)

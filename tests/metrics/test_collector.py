"""The series: what is shown, what is absent, and what Prometheus' own linter says of them."""

import subprocess
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry, generate_latest

from monitor.metrics import Collector, Snapshot
from monitor.sources import runs
from monitor.sources.runs import Outcome
from monitor.store import Store, tables
from tests.metrics.example import CLOSE, SETTINGS, A, B, C, fill


@pytest.fixture
def collector(store: Store, now: datetime) -> Collector:
    """A collector of the example district."""
    with store.writing() as connection:
        fill(connection, now)
    collector = Collector("sqlite")
    collector.snapshot = read(store, now)
    return collector


def read(store: Store, now: datetime) -> Snapshot:
    with store.reading() as connection:
        return Snapshot.read(connection, SETTINGS, now)


def series(collector: Collector) -> dict[str, float]:
    """Every series as `name{label="value",…}` without the prefix, with its number."""
    registry = CollectorRegistry()
    registry.register(collector)
    lines = generate_latest(registry).decode().splitlines()
    pairs = [line.rpartition(" ") for line in lines if not line.startswith("#")]
    return {name.removeprefix("yueqingling_"): float(number) for name, _, number in pairs}


def labels(**values: str) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in sorted(values.items())) + "}"


def of(department: str, month: str = "2022-01", **more: str) -> str:
    return labels(department=department, month=month, **more)


def test_backlog_is_shown_by_kind_reason_and_state(collector: Collector) -> None:
    found = series(collector)
    assert found["backlog_records" + of(A, kind="check", reason="invalid", state="overdue")] == 4
    assert found["backlog_records" + of(A, kind="punish", reason="unlinked", state="in_limit")] == 1
    assert found["charged_backlog_records" + of(A)] == 10
    assert found["charged_backlog_records" + of(B)] == 0
    assert found["overdue_records" + of(A)] == 4
    assert found["oldest_backlog_seconds" + of(A)] == 5 * 3600


def test_a_zero_report_says_whether_records_contradict_it(collector: Collector) -> None:
    found = series(collector)
    assert found["zero_report_contradicted" + of(B)] == 1
    assert found["zero_report_contradicted" + of(A, "2021-12")] == 0
    assert "zero_report_contradicted" + of(A) not in found


def test_what_was_not_measured_has_no_series(collector: Collector) -> None:
    found = series(collector)
    about = {name for name in found if C in name}
    assert about == {
        "department_info"
        + labels(department=C, name="示范区林业局", short_name="林业", level="district"),
        "month_state" + of(C, state="no_data"),
        "not_measured" + of(C, cell="check"),
    }


def test_a_ratio_of_nothing_has_no_series(collector: Collector) -> None:
    found = series(collector)
    assert found["timely_numerator_records" + of(A)] == 30
    assert found["timely_denominator_records" + of(A)] == 40
    assert not [name for name in found if name.startswith("linked_")]


def test_the_district_is_the_sum_of_its_departments_and_has_no_series_beside_them(
    collector: Collector,
) -> None:
    found = series(collector)
    assert not [name for name in found if 'department="district"' in name]
    assert found["district_zero_numerator_departments" + labels(month="2022-01")] == 1
    assert found["district_zero_denominator_departments" + labels(month="2022-01")] == 2


def test_the_current_and_the_previous_month_are_shown_and_no_other(collector: Collector) -> None:
    found = series(collector)
    assert found["zero" + of(A, "2021-12")] == 1
    assert found["zero" + of(A)] == 0
    assert found["month_state" + of(A, "2021-12", state="open")] == 1
    assert found["month_sealed_state" + of(A, "2021-12", state="cleared_on_time")] == 1
    assert found["close_timestamp_seconds" + labels(month="2022-01")] == CLOSE.timestamp()
    assert not [name for name in found if "2021-11" in name]


def test_each_month_shows_the_coverage_aimed_at_in_its_quarter(collector: Collector) -> None:
    found = series(collector)
    assert found["coverage_target_ratio" + labels(month="2021-12")] == 0.8
    assert found["coverage_target_ratio" + labels(month="2022-01")] == 0.2


def test_rule_failures_are_counted_by_class_for_rules_in_force(collector: Collector) -> None:
    found = series(collector)
    shown = {name: n for name, n in found.items() if name.startswith("rule_failures")}
    assert shown == {
        "rule_failures" + of(A, **{"class": "01", "kind": "check"}): 2,
        "rule_failures" + of(A, **{"class": "06", "kind": "check"}): 1,
    }


def test_sources_show_rows_and_their_last_good_pull(collector: Collector, now: datetime) -> None:
    found = series(collector)
    last = "source_last_success_timestamp_seconds"
    assert found["source_rows_total" + labels(source="checks", outcome="read")] == 120
    assert found["source_rows_total" + labels(source="checks", outcome="unchanged")] == 0
    assert found["source_rows_total" + labels(source="checks", outcome="malformed")] == 2
    assert (
        found["source_malformed_cells_total" + labels(column="occurred_on", source="checks")] == 5
    )
    assert found["source_unknown_columns" + labels(source="checks")] == 1
    assert found["source_unknown_departments" + labels(source="checks")] == 0
    assert found["source_last_pull_duration_seconds" + labels(source="checks")] == 60
    assert found["source_pulls_total" + labels(source="penalties", outcome="failed")] == 6
    assert found["source_pulls_total" + labels(source="penalties", outcome="partial")] == 0
    assert found[last + labels(source="checks")] == (now - timedelta(hours=1)).timestamp()
    assert found[last + labels(source="penalties")] == (now - timedelta(hours=30)).timestamp()
    assert found["source_state" + labels(source="penalties", state="failing")] == 1
    assert found["source_state" + labels(source="late", state="never")] == 1
    assert last + labels(source="late") not in found, "never read is absent, not 1970"
    assert not [name for name in found if "removed" in name]


def test_a_source_that_keeps_failing_shows_that_it_rests(
    collector: Collector, store: Store, now: datetime
) -> None:
    def breaker() -> dict[str, float]:
        """The series of the breaker of `penalties`, whose sixth failure in a row is an hour old."""
        names = ("source_breaker", "source_resting", "source_consecutive", "source_due")
        return {
            name: number
            for name, number in series(collector).items()
            if name.startswith(names) and "penalties" in name
        }

    over = (now - timedelta(hours=1) + timedelta(hours=1)).timestamp()
    failures = "source_consecutive_failures" + labels(source="penalties")
    state = "source_breaker_state"
    due = "source_due_timestamp_seconds" + labels(source="penalties")
    collector.snapshot = read(store, now - timedelta(seconds=1))
    assert breaker() == {
        failures: 6,
        state + labels(source="penalties", state="resting"): 1,
        "source_resting_until_timestamp_seconds" + labels(source="penalties"): over,
        due: over,
    }
    collector.snapshot = read(store, now)
    assert breaker() == {
        failures: 6,
        state + labels(source="penalties", state="probing"): 1,
        due: over,
    }


def test_how_sources_stand_is_renewed_alone(
    collector: Collector, store: Store, now: datetime
) -> None:
    before = collector.snapshot
    assert before is not None
    with store.writing() as connection:
        number = runs.begin(connection, "penalties", now, {})
        runs.end(connection, number, Outcome.OK, now, None, {})
        connection.execute(sa.delete(tables.statement))
    with store.reading() as connection:
        after = before.with_sources(connection, SETTINGS, now)
    assert after.standings == before.standings
    assert (after.taken_at, after.stale_sources(now)) == (now, ("late",))
    assert before.stale_sources(now) == ("penalties", "late")


def test_messages_are_counted_by_state_and_attempts_by_outcome(
    collector: Collector, now: datetime
) -> None:
    found = series(collector)
    assert found["outbox_messages" + labels(state="waiting")] == 1
    assert found["outbox_messages" + labels(state="failed")] == 0
    oldest = (now - timedelta(hours=3)).timestamp()
    assert found["outbox_oldest_waiting_timestamp_seconds"] == oldest
    assert found["delivery_attempts_total" + labels(channel="slack", outcome="sent")] == 2
    failed = "delivery_last_failure_timestamp_seconds" + labels(channel="slack")
    assert found[failed] == now.timestamp()


def test_a_series_ends_with_its_department(
    collector: Collector, store: Store, now: datetime
) -> None:
    with store.writing() as connection:
        for table in (tables.statement, tables.tally):
            connection.execute(sa.delete(table).where(table.c.department == A))
        connection.execute(sa.update(tables.behavior).values(deleted_at=now))
        connection.execute(
            sa.update(tables.department).where(tables.department.c.code == A).values(deleted_at=now)
        )
    collector.snapshot = read(store, now)
    assert not [name for name in series(collector) if A in name]


def test_before_the_first_snapshot_only_the_program_is_shown() -> None:
    assert [name.partition("{")[0] for name in series(Collector("sqlite"))] == ["build_info"]


def test_a_store_without_anything_shows_no_department(store: Store, now: datetime) -> None:
    collector = Collector("sqlite")
    collector.snapshot = read(store, now)
    assert not [name for name in series(collector) if "department=" in name]


def test_reading_takes_the_same_statements_whatever_the_store_holds(
    store: Store, now: datetime
) -> None:
    statements: list[str] = []
    sa.event.listen(store.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    read(store, now)
    empty = len(statements)
    with store.writing() as connection:
        fill(connection, now)
    statements.clear()
    read(store, now)
    assert len(statements) == empty


def test_promtool_finds_nothing_to_say(collector: Collector) -> None:
    registry = CollectorRegistry()
    registry.register(collector)
    lint = subprocess.run(
        ["promtool", "check", "metrics"],
        input=generate_latest(registry),
        capture_output=True,
        check=False,
    )
    assert (lint.returncode, lint.stdout, lint.stderr) == (0, b"", b"")

"""The series: every metric family, made from the current snapshot.

Names and units follow Prometheus' guide. What was not measured has no series, and a series ends
with the department, month or source it is about. The district has no series of its own where it
is the sum of its departments: PromQL adds them up.
"""

import platform
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from importlib.metadata import version

from prometheus_client.core import Metric
from prometheus_client.registry import Collector as PrometheusCollector

from monitor.metrics.family import counter, gauge, instants
from monitor.metrics.figures import DISTRICT_FIGURES, FIGURES, Figure
from monitor.metrics.snapshot import Messages, Snapshot, Standing
from monitor.metrics.sources import about_sources
from monitor.words import UNKNOWN_DEPARTMENT
from monitor.workdays import local_day

_OUTBOX_STATES = ("waiting", "sending", "sent", "failed")
_DEPARTMENT_MONTH = ("department", "month")


class Collector(PrometheusCollector):
    """Yields the metric families of `snapshot`; nothing of the store before the first one.

    Assigning `snapshot` swaps all of it at once; a scrape that has begun ends with what it had.
    """

    def __init__(self, store_kind: str) -> None:
        self.snapshot: Snapshot | None = None
        self._store_kind = store_kind

    def collect(self) -> Iterator[Metric]:
        """The families, whole from one snapshot."""
        yield self._build_info()
        snapshot = self.snapshot
        if snapshot is None:
            return
        yield gauge(
            "snapshot_timestamp_seconds",
            "When the store was read for these series.",
            (),
            [((), snapshot.taken_at.timestamp())],
        )
        yield from _about_departments(snapshot)
        yield from _about_months(snapshot)
        for figure in FIGURES:
            yield from _figure(figure, snapshot.standings, _DEPARTMENT_MONTH)
        for figure in DISTRICT_FIGURES:
            yield from _figure(figure, snapshot.district, ("month",))
        yield from about_sources(snapshot)
        yield from _about_jobs(snapshot)
        yield from _about_messages(snapshot)

    def _build_info(self) -> Metric:
        labels = ("version", "python", "store")
        values = (version("yueqingling"), platform.python_version(), self._store_kind)
        return gauge("build_info", "This program, as labels.", labels, [(values, 1)])


def _about_departments(snapshot: Snapshot) -> Iterator[Metric]:
    today = local_day(snapshot.taken_at)
    codes = sorted({row.department for row in snapshot.standings} | set(snapshot.directory.entries))
    yield gauge(
        "department_info",
        "A department's names, to be joined on its code.",
        ("department", "name", "short_name", "level"),
        (
            ((entry.code, entry.name, entry.short_name, entry.level or ""), 1)
            for entry in (snapshot.directory.named(code, today) for code in codes)
        ),
    )
    yield gauge(
        "backlog_records",
        "Obligations not yet cleared (积压), each under one reason; pending ones included.",
        (*_DEPARTMENT_MONTH, "kind", "reason", "state"),
        (
            ((row.department, row.month, row.kind, row.under, row.state), row.count)
            for row in snapshot.backlog
        ),
    )
    yield gauge(
        "rule_failures",
        "Rules that records belonging to the month fail, by the platform's class (数据检核类型).",
        (*_DEPARTMENT_MONTH, "kind", "class"),
        (
            ((row.department, row.month, row.kind, row.under), row.count)
            for row in snapshot.failures
        ),
    )
    for name, text, value in _NUMBERS:
        yield gauge(
            name,
            text,
            _DEPARTMENT_MONTH,
            (
                ((row.department, row.month), number)
                for row in snapshot.standings
                if (number := value(row)) or row.measured
            ),
        )
    yield gauge(
        "not_measured",
        "1 for what could not be read of a department's month, by kind or expected feed.",
        (*_DEPARTMENT_MONTH, "cell"),
        (
            ((row.department, row.month, cell), 1)
            for row in snapshot.standings
            for cell in row.not_measured
        ),
    )
    yield gauge(
        "oldest_backlog_seconds",
        "Time since the due of the oldest uncleared obligation; 0 until it is due.",
        _DEPARTMENT_MONTH,
        (
            ((row.department, row.month), _age(row.oldest_due_at, snapshot.taken_at))
            for row in snapshot.standings
            if row.oldest_due_at is not None
        ),
    )
    yield from _states(snapshot)


def _states(snapshot: Snapshot) -> Iterator[Metric]:
    in_scope = [
        row for row in snapshot.standings if row.in_scope and row.department != UNKNOWN_DEPARTMENT
    ]
    yield gauge(
        "zero",
        "Whether the department is at zero (清零) for the month: 1 yes, 0 no.",
        _DEPARTMENT_MONTH,
        (
            ((row.department, row.month), row.zero)
            for row in in_scope
            if row.measured or row.backlog  # backlog that is known rules zero out
        ),
    )
    yield gauge(
        "zero_of_month",
        "Whether nothing belonging to the month alone is left: 1 yes, 0 no.",
        _DEPARTMENT_MONTH,
        (((row.department, row.month), row.zero_of_month) for row in in_scope if row.measured),
    )
    yield gauge(
        "silent",
        "Whether the department reported neither behaviour nor zero (零报送): 1 yes, 0 no.",
        _DEPARTMENT_MONTH,
        (((row.department, row.month), row.silent) for row in in_scope if row.measured),
    )
    yield gauge(
        "zero_report_contradicted",
        "Whether records contradict the department's zero report (零报送与记录不符): 1 yes, 0 no.",
        _DEPARTMENT_MONTH,
        snapshot.zero_reports.items(),
    )
    yield gauge(
        "month_state",
        "1 for the state the department's month is in now.",
        (*_DEPARTMENT_MONTH, "state"),
        (((row.department, row.month, row.current_state), 1) for row in in_scope),
    )
    yield gauge(
        "month_sealed_state",
        "1 for the state the department's month was sealed in (封存).",
        (*_DEPARTMENT_MONTH, "state"),
        (
            ((row.department, row.month, row.sealed_state), 1)
            for row in in_scope
            if row.sealed_state
        ),
    )


_NUMBERS: tuple[tuple[str, str, Callable[[Standing], int]], ...] = (
    ("obligations", "Obligations that belong to the month (应录).", lambda row: row.obligations),
    (
        "charged_backlog_records",
        "Backlog charged to the department, of the month and all before it.",
        lambda row: row.backlog,
    ),
    (
        "pending_records",
        "Records that wait for the office's audit (待审).",
        lambda row: row.pending,
    ),
    ("overdue_records", "Backlog past its due (超期).", lambda row: row.overdue),
    (
        "carried_records",
        "Backlog that belongs to a month before this one (往月结转).",
        lambda row: row.carried,
    ),
)


def _about_months(snapshot: Snapshot) -> Iterator[Metric]:
    first = {row.month: row for row in (*snapshot.standings, *snapshot.district)}
    yield gauge(
        "close_timestamp_seconds",
        "When the month's statement freezes (清零时点).",
        ("month",),
        (((month,), row.close_at.timestamp()) for month, row in first.items()),
    )
    yield gauge(
        "statement_timestamp_seconds",
        "As of when the month's statements were made.",
        ("month",),
        (((month,), row.as_of.timestamp()) for month, row in first.items()),
    )
    yield gauge(
        "seal_timestamp_seconds",
        "When the month was sealed (封存).",
        ("month",),
        (((month,), sealed_at.timestamp()) for month, sealed_at in snapshot.seals.items()),
    )
    yield gauge(
        "coverage_target_ratio",
        "Coverage of items aimed at by the end of the month's quarter: 0 to 1.",
        ("month",),
        (((month,), target) for month, target in snapshot.coverage_targets.items()),
    )


def _figure(
    figure: Figure, standings: Iterable[Standing], labels: tuple[str, ...]
) -> Iterator[Metric]:
    measured = [
        (tuple(str(getattr(row, label)) for label in labels), row.figures[figure.name])
        for row in standings
        if figure.name in row.figures and row.figures[figure.name]["denominator"]
    ]
    for part, text in (("numerator", figure.numerator), ("denominator", figure.denominator)):
        yield gauge(
            f"{figure.stem}_{part}_{figure.unit}",
            text,
            labels,
            ((values, numbers[part]) for values, numbers in measured),
        )


def _about_jobs(snapshot: Snapshot) -> Iterator[Metric]:
    yield gauge(
        "job_last_success_timestamp_seconds",
        "When a job last ended well, in whichever instance.",
        ("job",),
        instants(snapshot.job_successes.items()),
    )
    yield gauge(
        "check_interval_seconds",
        "How often a check is due.",
        (),
        [((), snapshot.check_every_seconds)],
    )
    yield gauge(
        "unjudged_records",
        "Records that were pulled and wait for judgement.",
        (),
        [((), snapshot.unjudged)],
    )


def _about_messages(snapshot: Snapshot) -> Iterator[Metric]:
    found = {messages.state: messages for messages in snapshot.messages}
    states = {state: found.get(state, Messages(state, 0, None)) for state in _OUTBOX_STATES}
    yield gauge(
        "outbox_messages",
        "Messages of the outbox, by state.",
        ("state",),
        (((state,), messages.count) for state, messages in states.items()),
    )
    yield gauge(
        "outbox_oldest_waiting_timestamp_seconds",
        "When the oldest message that is not sent yet was planned.",
        (),
        [
            ((), oldest.timestamp())
            for oldest in (states["waiting"].oldest_created_at,)
            if oldest is not None
        ],
    )
    yield counter(
        "delivery_attempts",
        "Attempts to deliver a message, by channel and outcome.",
        ("channel", "outcome"),
        (((tries.channel, tries.outcome), tries.count) for tries in snapshot.attempts),
    )
    yield gauge(
        "delivery_last_failure_timestamp_seconds",
        "When a message through a channel was last given up.",
        ("channel",),
        (
            ((tries.channel,), tries.last_at.timestamp())
            for tries in snapshot.attempts
            if tries.outcome == "failed"
        ),
    )


def _age(due: datetime | None, now: datetime) -> float:
    return max((now - due).total_seconds(), 0.0) if due else 0.0

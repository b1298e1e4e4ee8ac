"""/metrics of 3,000 departments, against prometheus-client rendering the same from memory."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector as PrometheusCollector
from starlette.types import Message

from jobs.http import Views, application
from monitor.directory import Department, Directory
from monitor.metrics import Collector, Snapshot
from monitor.metrics.figures import FIGURES
from monitor.metrics.snapshot import Count, Standing
from monitor.words import Kind, Reason
from tests.bench.measurement import Measurement, Stopwatch
from tests.bench.places import NOW, Places

_DEPARTMENTS = 3_000
_MONTHS = ("2022-01", "2021-12")
_RUNS = 5
_SCOPE = {"type": "http", "method": "GET", "path": "/metrics", "query_string": b"", "headers": []}


class _Memory(PrometheusCollector):
    """Families that are made already."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families


def measure(places: Places) -> Iterator[Measurement]:
    """Answer a scrape, and render the samples of that scrape."""
    collector = Collector("sqlite")
    collector.snapshot = _snapshot()
    ours, memory = CollectorRegistry(), CollectorRegistry()
    ours.register(collector)
    memory.register(_Memory(list(collector.collect())))
    answering, rendering = Stopwatch(), Stopwatch()
    with places.store("sqlite") as store:
        views = Views(
            registry=ours,
            store=store,
            snapshot=lambda: collector.snapshot,
            check_every=lambda: timedelta(hours=1),
            office=lambda: "示范办公室",
            active=lambda: True,
            clock=lambda: NOW,
        )
        for _ in range(_RUNS):
            with answering.running():
                body = asyncio.run(_scraped(views))
            with rendering.running():
                rendered = generate_latest(memory)
    if body != rendered:
        raise RuntimeError("expected the scrape to hold the same samples as the memory")
    samples = sum(not line.startswith(b"#") for line in body.splitlines())
    yield Measurement(
        f"/metrics, {_DEPARTMENTS:,} departments, {samples:,} samples",
        "none",
        "≤ 2 ×",
        answering.best / rendering.best,
        2,
        str(answering),
        f"generate_latest {rendering}",
    )


async def _scraped(views: Views) -> bytes:
    """The body that the application answers a scrape with."""
    body = bytearray()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        body.extend(message.get("body", b""))

    await application(views)(dict(_SCOPE), receive, send)
    return bytes(body)


def _snapshot() -> Snapshot:
    """Every department with two months, all figures and backlog of every kind."""
    codes = [f"115001{number:012d}" for number in range(_DEPARTMENTS)]
    whose = [(code, month) for code in codes for month in _MONTHS]
    return Snapshot(
        taken_at=NOW,
        months=_MONTHS,
        directory=Directory(
            {
                code: [Department(code, f"示范{code}局", code[-4:], "district", None, None)]
                for code in codes
            }
        ),
        standings=tuple(_standing(code, month) for code, month in whose),
        district=(_standing("district", _MONTHS[0]),),
        backlog=tuple(
            Count(code, month, kind, reason, "overdue", 3)
            for code, month in whose
            for kind in Kind
            for reason in (Reason.INVALID, Reason.DRAFT)
        ),
        failures=tuple(
            Count(code, month, kind, rule_class, "", 7)
            for code, month in whose
            for kind in Kind
            for rule_class in ("01", "08")
        ),
        sources=(),
        job_successes={},
        messages=(),
        attempts=(),
        seals={},
        zero_reports=dict.fromkeys(whose, False),
        unjudged=0,
        check_every_seconds=3600,
        fresh_within_seconds=93600,
    )


def _standing(code: str, month: str) -> Standing:
    return Standing(
        department=code,
        month=month,
        as_of=NOW,
        close_at=NOW,
        in_scope=True,
        obligations=100,
        backlog=24,
        pending=2,
        overdue=5,
        carried=1,
        oldest_due_at=NOW - timedelta(days=3),
        silent=False,
        expected_measured=True,
        not_measured=(),
        zero=False,
        zero_of_month=False,
        sealed_state=None,
        current_state="open",
        figures={figure.name: {"numerator": 30, "denominator": 40} for figure in FIGURES},
    )

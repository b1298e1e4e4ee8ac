"""The endpoints, as a browser and Prometheus ask them."""

import gzip
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from starlette.testclient import TestClient

from jobs.http import Views, application
from monitor.metrics import Collector, Snapshot
from monitor.store import Store
from tests.metrics.example import SETTINGS, fill

EVERY = timedelta(minutes=15)


class Served:
    """The endpoints over a store, with a clock that the test turns."""

    def __init__(self, store: Store, now: datetime) -> None:
        self.store, self.now = store, now
        self.collector = Collector("sqlite")
        registry = CollectorRegistry()
        registry.register(self.collector)
        views = Views(
            registry=registry,
            store=store,
            snapshot=lambda: self.collector.snapshot,
            check_every=lambda: EVERY,
            office=lambda: SETTINGS.office.name,
            active=lambda: True,
            clock=lambda: self.now,
        )
        self.client = TestClient(application(views))

    def take_snapshot(self) -> None:
        with self.store.reading() as connection:
            self.collector.snapshot = Snapshot.read(connection, SETTINGS, self.now)


@pytest.fixture
def served(store: Store, now: datetime) -> Served:
    """The endpoints over the example district."""
    with store.writing() as connection:
        fill(connection, now)
    served = Served(store, now)
    served.take_snapshot()
    return served


def test_metrics_are_served_in_the_text_format(served: Served) -> None:
    answer = served.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "yueqingling_charged_backlog_records{" in answer.text


def test_metrics_are_served_in_openmetrics_where_prometheus_asks_for_it(served: Served) -> None:
    accept = "application/openmetrics-text;version=1.0.0"
    answer = served.client.get("/metrics", headers={"accept": accept})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_metrics_are_compressed_where_the_reader_can(served: Served) -> None:
    with served.client.stream("GET", "/metrics", headers={"accept-encoding": "gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        assert b"yueqingling_zero" in gzip.decompress(b"".join(answer.iter_raw()))


def test_it_is_alive_whatever_the_store_does(served: Served) -> None:
    served.store.close()
    answer = served.client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


def test_it_is_ready_and_names_stale_sources(served: Served) -> None:
    answer = served.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ready"
    assert answer.json()["stale_sources"] == ["penalties", "late"]


def test_it_is_ready_until_the_snapshot_is_three_intervals_old(served: Served) -> None:
    served.now += 3 * EVERY
    assert served.client.get("/readyz").status_code == 200
    served.now += timedelta(seconds=1)
    answer = served.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["problems"] == ["the snapshot is 2701 s old: expected at most 2700 s"]


def test_it_is_not_ready_before_the_first_snapshot(store: Store, now: datetime) -> None:
    answer = Served(store, now).client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["problems"] == ["no snapshot of the store yet"]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://someone:secret@127.0.0.1:1/none",
        "sqlite:///{folder}/gone.db",
    ],
    ids=["postgresql", "sqlite"],
)
def test_it_is_not_ready_where_the_store_is_gone(
    served: Served, now: datetime, tmp_path: Path, url: str
) -> None:
    gone = Served(Store(url.format(folder=tmp_path)), now)
    gone.collector.snapshot = served.collector.snapshot
    answer = gone.client.get("/readyz")
    assert answer.status_code == 503
    assert "the store" in answer.json()["problems"][0]
    assert "secret" not in answer.text


def test_the_page_shows_the_departments_and_links_to_the_rest(served: Served) -> None:
    page = served.client.get("/").text
    assert "示范区政务服务管理办公室 · 月清零" in page
    assert "清零时点 2022-02-11 24:00" in page
    for shown in ("城管", "文旅", "林业", "无数据", "75.00 %", 'href="/metrics"', 'href="/readyz"'):
        assert shown in page
    assert "未按时读到的数据源：penalties、late" in page


def test_the_page_names_a_source_that_rests_and_until_when(served: Served) -> None:
    assert "暂停读取" not in served.client.get("/").text, "its rest is over"
    served.now -= timedelta(minutes=10)
    served.take_snapshot()
    page = served.client.get("/").text
    assert "反复读取失败、暂停读取的数据源：penalties（连续 6 次，2022-01-28 10:00 再试）" in page


def test_the_page_shows_a_dash_for_what_was_not_measured(served: Served) -> None:
    row = next(part for part in served.client.get("/").text.split("<tr>") if "林业" in part)
    assert row.count("<td>—") == 12
    assert ">0" not in row


def test_the_page_says_that_there_is_nothing_yet(store: Store, now: datetime) -> None:
    assert "尚无数据" in Served(store, now).client.get("/").text

"""What is shipped for Prometheus, Alertmanager and Grafana, tried with the real programs."""

import json
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from prometheus_client import CollectorRegistry, generate_latest

from jobs.http import application
from jobs.keeper import Keeper
from monitor.ledger.figures import Name
from monitor.metrics.figures import DISTRICT_FIGURES, FIGURES
from monitor.store import Store
from tests.metrics.example import SETTINGS, A, fill

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus/yueqingling.rules.yml"
DASHBOARD = DEPLOY / "grafana/yueqingling.json"
NAME = re.compile(r"(?<![\w:])yueqingling_\w+")


def run(*command: str | Path) -> str:
    """What the command says; fails with it where the command does."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def keeper(sqlite_url: str, tmp_path: Path, now: datetime) -> Iterator[Keeper]:
    """A keeper over the example district, with a snapshot, that doesn't run."""
    store = Store(sqlite_url)
    with store.writing() as connection:
        fill(connection, now)
    keeper = Keeper(tmp_path / "none.toml", SETTINGS, store, clock=lambda: now)
    keeper.refresh()
    yield keeper
    store.close()


def families(registry: CollectorRegistry) -> set[str]:
    """Names of the series that are served, and of those whose family is empty for now."""
    lines = generate_latest(registry).decode().splitlines()
    typed = [line.split()[2:4] for line in lines if line.startswith("# TYPE")]
    parts = {"summary": ("_sum", "_count")}
    return {name + part for name, kind in typed for part in parts.get(kind, ("",))}


def test_prometheus_takes_its_settings_and_the_rules() -> None:
    run("promtool", "check", "config", DEPLOY / "prometheus/prometheus.yml")


def test_the_alerts_fire_when_they_should() -> None:
    run("promtool", "test", "rules", DEPLOY / "prometheus/yueqingling.rules.test.yml")


def test_every_alert_has_a_test() -> None:
    alerts = set(re.findall(r"alert: (\w+)", RULES.read_text(encoding="utf-8")))
    tests = (DEPLOY / "prometheus/yueqingling.rules.test.yml").read_text(encoding="utf-8")
    assert alerts == set(re.findall(r"alertname: (\w+)", tests))


def test_alertmanager_takes_its_settings() -> None:
    run("amtool", "check-config", DEPLOY / "alertmanager/alertmanager.yml")


def test_rules_and_their_tests_name_only_series_that_exist(keeper: Keeper) -> None:
    known = families(keeper.registry)
    for path in (RULES, DEPLOY / "prometheus/yueqingling.rules.test.yml"):
        text = re.sub(r"\w+:yueqingling_\w+:\w+", "", path.read_text(encoding="utf-8"))
        used = set(NAME.findall(text))
        assert used - known == set()


def test_the_dashboard_names_only_series_that_exist(keeper: Keeper) -> None:
    text = DASHBOARD.read_text(encoding="utf-8")
    assert set(NAME.findall(text)) - families(keeper.registry) == set()


def test_the_dashboard_shows_what_the_board_needs() -> None:
    board: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    assert all(target["expr"] for panel in panels for target in panel["targets"])
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert [variable["name"] for variable in board["templating"]["list"]] == [
        "datasource",
        "month",
        "department",
    ]


def test_the_dashboards_queries_are_sound_promql(tmp_path: Path) -> None:
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    expressions = [
        target["expr"] for panel in board["panels"] for target in panel.get("targets", [])
    ]
    rules = [
        {"record": f"panel:{number}", "expr": expression}
        for number, expression in enumerate(expressions)
    ]
    path = tmp_path / "dashboard.rules.json"
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    run("promtool", "check", "rules", path)


def test_the_page_of_metrics_lists_every_series_and_no_other(keeper: Keeper) -> None:
    page = (DEPLOY.parent / "docs/metrics.md").read_text(encoding="utf-8")
    lines = generate_latest(keeper.registry).decode().splitlines()
    served = {line.split()[2] for line in lines if line.startswith("# TYPE yueqingling_")}
    assert set(NAME.findall(page)) == served


def test_every_figure_of_the_ledger_is_published() -> None:
    assert {figure.name for figure in (*FIGURES, *DISTRICT_FIGURES)} == set(Name)


def test_promtool_finds_nothing_to_say_of_all_that_is_served(keeper: Keeper) -> None:
    said = subprocess.run(
        ["promtool", "check", "metrics"],
        input=generate_latest(keeper.registry),
        capture_output=True,
        check=False,
    )
    assert (said.returncode, said.stdout + said.stderr) == (0, b"")


@pytest.fixture
def address(keeper: Keeper) -> Iterator[str]:
    """Where the endpoints are served on loopback."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(application(keeper.views), log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    yield "{}:{}".format(*listening.getsockname())
    server.should_exit = True
    thread.join(20)


@pytest.fixture
def prometheus(address: str, tmp_path: Path) -> Iterator[str]:
    """The real Prometheus, scraping the endpoints once a second under the shipped rules."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    shipped = (DEPLOY / "prometheus/prometheus.yml").read_text(encoding="utf-8")
    settings = (
        shipped.replace("127.0.0.1:9108", address)
        .replace("interval: 1m", "interval: 1s")
        .replace("yueqingling.rules.yml", str(RULES))
    )
    (tmp_path / "prometheus.yml").write_text(settings, encoding="utf-8")
    process = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        ],
        stderr=subprocess.PIPE,
    )
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.communicate(timeout=20)


def ask(prometheus: str, query: str) -> dict[str, str]:
    """The answer to `query` by department, asked until there is one."""
    transport = httpx2.HTTPTransport(retries=5)
    pause = threading.Event()
    with httpx2.Client(base_url=prometheus, transport=transport) as client:
        for _ in range(100):
            try:
                answer = client.get("/api/v1/query", params={"query": query})
                found = answer.json()["data"]["result"] if answer.status_code == 200 else []
            except httpx2.TransportError:
                found = []
            if found:
                return {row["metric"].get("department", ""): row["value"][1] for row in found}
            pause.wait(0.2)
    raise AssertionError(f"no answer to {query}")


def test_the_real_prometheus_scrapes_and_answers(prometheus: str) -> None:
    backlog = ask(prometheus, 'yueqingling_charged_backlog_records{month="2022-01"}')
    assert backlog[A] == "10"
    recorded = ask(prometheus, 'month:yueqingling_charged_backlog_records:sum{month="2022-01"}')
    assert recorded == {"": "10"}
    assert ask(prometheus, 'up{job="yueqingling"}') == {"": "1"}
    percent = ask(prometheus, 'month:yueqingling_timely:ratio{month="2022-01"} * 100')
    assert percent == {"": "75"}

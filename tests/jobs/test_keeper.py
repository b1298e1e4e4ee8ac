"""The keeper: one of several instances works, and all of them serve."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from queue import SimpleQueue

import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry

from jobs.keeper import LEASE, Keeper
from jobs.scheduler import Jobs
from monitor.config import load
from monitor.store import Store, tables
from tests.metrics.example import A, fill

SOON = 20
TURN = timedelta(milliseconds=50)


def _nothing(*_: object) -> bool:
    """Do nothing, well."""
    return True


class Instance:
    """A keeper in a thread of its own; `checks` gets its name at every check."""

    def __init__(
        self, name: str, path: Path, now: datetime, checks: "SimpleQueue[str]", store: Store
    ) -> None:

        def check(*_: object) -> bool:
            checks.put(name)
            return True

        jobs = Jobs(pull=_nothing, check=check, deliver=_nothing)
        self.keeper = Keeper(path, load(path), store, jobs, lambda: now, TURN)
        self.registry: CollectorRegistry = self.keeper.registry
        self._thread = threading.Thread(target=self.keeper.run, daemon=True)
        self._thread.start()

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"yueqingling_{name}", labels)

    def stop(self) -> None:
        self.keeper.stop()
        self._thread.join(SOON)
        assert not self._thread.is_alive()


def eventually(holds: Callable[[], bool]) -> None:
    """Ask until it holds, in turns of the keeper's length; fail after SOON seconds."""
    waiting = threading.Event()
    for _ in range(int(SOON / TURN.total_seconds())):
        if holds():
            return
        waiting.wait(TURN.total_seconds())
    raise AssertionError("it never came to hold")


def shows_backlog(instance: Instance) -> bool:
    """Whether the instance serves the example's figures."""
    return instance.value("charged_backlog_records", department=A, month="2022-01") == 10


@pytest.fixture
def path(sqlite_url: str, tmp_path: Path) -> Path:
    """A settings file over a store of its own."""
    path = tmp_path / "yueqingling.toml"
    path.write_text(f'[store]\nurl = "{sqlite_url}"\n', encoding="utf-8")
    return path


@pytest.fixture
def checks() -> "SimpleQueue[str]":
    """Who checked, in order."""
    return SimpleQueue()


Start = Callable[[str], Instance]


@pytest.fixture
def start(path: Path, store: Store, now: datetime, checks: "SimpleQueue[str]") -> Iterator[Start]:
    """Starts an instance; all end with the test."""
    started: list[Instance] = []

    def begin(name: str) -> Instance:
        instance = Instance(name, path, now, checks, store)
        started.append(instance)
        return instance

    yield begin
    for instance in started:
        instance.stop()


def test_of_two_instances_one_works_and_both_serve(
    start: Start, store: Store, now: datetime, checks: "SimpleQueue[str]"
) -> None:
    with store.writing() as connection:
        fill(connection, now)
    first = start("first")
    assert checks.get(timeout=SOON) == "first"
    second = start("second")
    for instance in (first, second):
        eventually(partial(shows_backlog, instance))
    assert (first.value("scheduler_active"), second.value("scheduler_active")) == (1, 0)
    assert checks.empty()


def test_when_the_one_that_works_ends_the_other_takes_over(
    start: Start, checks: "SimpleQueue[str]"
) -> None:
    first = start("first")
    assert checks.get(timeout=SOON) == "first"
    second = start("second")
    first.stop()
    assert checks.get(timeout=SOON) == "second"
    eventually(lambda: second.value("scheduler_active") == 1)


def test_an_instance_whose_lease_was_taken_stands_by(
    start: Start, store: Store, now: datetime, checks: "SimpleQueue[str]"
) -> None:
    first = start("first")
    assert checks.get(timeout=SOON) == "first"
    with store.writing() as connection:
        connection.execute(
            sa.update(tables.lease)
            .where(tables.lease.c.name == LEASE)
            .values(owner="another", until=now.replace(year=2100))
        )
    eventually(lambda: first.value("scheduler_active") == 0)


def test_settings_that_are_no_good_leave_the_old_ones(
    start: Start, path: Path, checks: "SimpleQueue[str]"
) -> None:
    instance = start("only")
    assert checks.get(timeout=SOON) == "only"
    good = path.read_text(encoding="utf-8")
    path.write_text(good + "\n[serve]\ncheck_evry = '1m'\n", encoding="utf-8")
    instance.keeper.reload()
    eventually(lambda: instance.value("settings_reload_successful") == 0)
    assert instance.keeper.settings.serve.check_every == timedelta(minutes=15)
    path.write_text(good + "\n[serve]\ncheck_every = '1m'\n", encoding="utf-8")
    instance.keeper.reload()
    eventually(lambda: instance.value("settings_reload_successful") == 1)
    assert instance.keeper.settings.serve.check_every == timedelta(minutes=1)


def test_suites_that_are_no_good_leave_the_old_settings(
    start: Start, path: Path, checks: "SimpleQueue[str]"
) -> None:
    instance = start("only")
    assert checks.get(timeout=SOON) == "only"
    own = path.parent / "own"
    own.mkdir()
    suite = own / "own.yaml"
    suite.write_text("name: check\nexpectations: [1]\n", encoding="utf-8")
    good = path.read_text(encoding="utf-8")
    path.write_text(good + "\n[rules]\nsuites = 'own'\n", encoding="utf-8")
    instance.keeper.reload()
    eventually(lambda: instance.value("settings_reload_successful") == 0)
    assert instance.keeper.settings.rules.suites is None
    suite.write_text("name: check\nexpectations: []\n", encoding="utf-8")
    instance.keeper.reload()
    eventually(lambda: instance.value("settings_reload_successful") == 1)
    assert instance.keeper.settings.rules.suites == own


def test_a_program_says_what_it_is_and_how_its_process_fares(start: Start) -> None:
    registry = start("only").registry
    names = {metric.name for metric in registry.collect()}
    assert {"yueqingling_build_info", "process_resident_memory_bytes", "python_info"} <= names

"""The schedule: what is due when the daemon begins, in which order, and how it ends."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from queue import SimpleQueue

import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry

from jobs.scheduler import JobMetrics, Jobs, Schedule, Stopped, wait_until_due
from jobs.step import Progress, Step
from monitor.config import Settings, SourceSettings
from monitor.errors import SourceError
from monitor.store import Store, tables

EVERY = timedelta(minutes=15)
SOON = 20
"""Seconds after which a test gives up on what ought to happen at once."""


def settings(*sources: str) -> Settings:
    return Settings.model_validate(
        {
            "source": [
                {"name": name, "feed": "item", "kind": "files", "path": f"{name}.csv"}
                for name in sources
            ]
        }
    )


class Diary:
    """Jobs that write down that they ran; `during` is what a pull of a source does besides."""

    def __init__(self, **during: Callable[[Progress], None]) -> None:
        self.entries: SimpleQueue[str] = SimpleQueue()
        self.jobs = Jobs(self._pull, self._check, self._deliver)
        self._during = during

    def next(self, count: int = 1) -> list[str]:
        """The next `count` entries, in order."""
        return [self.entries.get(timeout=SOON) for _ in range(count)]

    def _pull(self, _store: Store, source: SourceSettings, _now: datetime, step: Progress) -> bool:
        self.entries.put(source.name)
        if source.name in self._during:
            self._during[source.name](step)
        return True

    def _check(self, _store: Store, _settings: Settings, _now: datetime) -> bool:
        self.entries.put("check")
        return True

    def _deliver(self, _store: Store, _set: Settings, _now: datetime, _stopped: Stopped) -> bool:
        self.entries.put("deliver")
        return True


Begin = Callable[..., Schedule]


@pytest.fixture
def begin(sqlite_url: str, now: datetime) -> Iterator[Begin]:
    """Starts a schedule of the diary's jobs; whatever was started ends with the test."""
    store, begun = Store(sqlite_url), []

    def start(diary: Diary, *sources: str, registry: CollectorRegistry | None = None) -> Schedule:
        metrics = JobMetrics(registry or CollectorRegistry())
        schedule = Schedule(
            store,
            settings(*sources),
            diary.jobs,
            lambda: now,
            metrics,
            lambda: diary.entries.put("snapshot"),
        )
        schedule.start()
        begun.append(schedule)
        return schedule

    yield start
    for schedule in begun:
        schedule.ask_to_stop()
        assert schedule.wait_until_idle(SOON)
    store.close()


@pytest.fixture
def ran(sqlite_url: str, now: datetime) -> Callable[..., None]:
    """Writes into the store that a job ran `ago`."""

    def write(job: str, source: str | None, ago: timedelta, outcome: str = "ok") -> None:
        store = Store(sqlite_url)
        with store.writing() as connection:
            connection.execute(
                sa.insert(tables.run).values(
                    job=job, source=source, started_at=now - ago, outcome=outcome
                )
            )
        store.close()

    return write


@pytest.mark.parametrize(
    ("ago", "wait"),
    [
        (None, timedelta(0)),
        (timedelta(minutes=5), timedelta(minutes=10)),
        (EVERY, timedelta(0)),
        (timedelta(days=3), timedelta(0)),
        (-timedelta(days=1), timedelta(0)),
    ],
    ids=["never ran", "ran lately", "due just now", "missed many times", "ran in the future"],
)
def test_a_job_waits_for_what_is_left_of_its_interval(
    ago: timedelta | None, wait: timedelta, now: datetime
) -> None:
    assert wait_until_due(None if ago is None else now - ago, EVERY, now) == wait


def test_at_first_the_sources_are_pulled_then_checked_then_messages_go_out(begin: Begin) -> None:
    diary = Diary()
    begin(diary, "one", "two")
    assert sorted(diary.next(2)) == ["one", "two"]
    assert diary.next(3) == ["check", "snapshot", "deliver"]


def test_what_was_missed_while_the_daemon_was_down_runs_once(
    begin: Begin, ran: Callable[..., None]
) -> None:
    ran("pull", "one", timedelta(days=2))
    ran("check", None, timedelta(days=2))
    diary = Diary()
    begin(diary, "one")
    assert diary.next(4) == ["one", "check", "snapshot", "deliver"]
    assert diary.entries.empty()


def test_a_source_that_was_read_lately_waits_for_its_turn(
    begin: Begin, ran: Callable[..., None]
) -> None:
    ran("pull", "one", timedelta(minutes=5))
    diary = Diary()
    begin(diary, "one", "two")
    assert diary.next(2) == ["two", "check"]


def test_a_pull_that_was_cut_off_is_due_again(begin: Begin, ran: Callable[..., None]) -> None:
    ran("pull", "one", timedelta(minutes=1), outcome="running")
    diary = Diary()
    begin(diary, "one")
    assert diary.next() == ["one"]


def test_a_source_that_fails_holds_nobody_up(begin: Begin) -> None:
    def fail(_step: Progress) -> None:
        raise SourceError("expected a sheet with a header, found none")

    diary, registry = Diary(one=fail), CollectorRegistry()
    begin(diary, "one", "two", registry=registry)
    assert sorted(diary.next(2)) == ["one", "two"]
    assert diary.next() == ["check"]
    labels = {"job": "pull", "outcome": "failed"}
    assert registry.get_sample_value("yueqingling_job_runs_total", labels) == 1


def test_a_pull_in_hand_ends_at_its_next_step(begin: Begin) -> None:
    in_hand, asked = threading.Event(), threading.Event()

    def pull(step: Progress) -> None:
        step(Step("one", 10))
        in_hand.set()
        asked.wait(SOON)
        step(Step("one", 10))
        diary.entries.put("never reached")

    diary, registry = Diary(one=pull), CollectorRegistry()
    schedule = begin(diary, "one", registry=registry)
    assert in_hand.wait(SOON)
    schedule.ask_to_stop()
    assert not schedule.wait_until_idle(0)
    asked.set()
    assert schedule.wait_until_idle(SOON)
    assert diary.next() == ["one"]
    assert diary.entries.empty()
    labels = {"job": "pull", "outcome": "stopped"}
    assert registry.get_sample_value("yueqingling_job_runs_total", labels) == 1


def test_reloading_pulls_new_sources_and_forgets_removed_ones(begin: Begin) -> None:
    diary = Diary()
    schedule = begin(diary, "one")
    assert diary.next(4) == ["one", "check", "snapshot", "deliver"]
    schedule.reload(settings("two"))
    assert diary.next() == ["two"]
    assert schedule.sources() == ["two"]

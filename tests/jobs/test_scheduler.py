"""The schedule: what is due when the daemon begins, in which order, and how it ends."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Any

import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from jobs import scheduler
from jobs.scheduler import JobMetrics, Jobs, Schedule, Stopped, wait_until_due
from jobs.step import Progress, Step
from monitor.config import Settings, SourceSettings
from monitor.errors import SourceError
from monitor.store import Store, leases, tables

EVERY = timedelta(minutes=15)
SOON = 20
"""Seconds after which a test gives up on what ought to happen at once."""


def settings(*sources: str, pull: dict[str, Any] | None = None, **more: str) -> Settings:
    return Settings.model_validate(
        {
            "source": [
                {"name": name, "feed": "item", "kind": "files", "path": f"{name}.csv"} | more
                for name in sources
            ],
            "pull": pull or {},
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

    def until(self, name: str) -> list[str]:
        """The next entries up to the first of that name, which must come."""
        entries = self.next()
        while entries[-1] != name:
            entries += self.next()
        return entries

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


@dataclass
class Clock:
    """The time that jobs act at; a test sets it forward."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(now: datetime) -> Clock:
    """A clock that stands until the test sets it."""
    return Clock(now)


def waits(schedule: Schedule, source: str) -> bool:
    """Whether the source's next pull is planned for later."""
    return schedule.planned()[source] > datetime.now(UTC)


def comes_to_wait(schedule: Schedule, source: str) -> bool:
    """Whether the source's pull ends and the next one is planned for later."""
    turn = threading.Event()
    for _ in range(SOON * 20):
        if schedule.planned().get(source, datetime.min.replace(tzinfo=UTC)) > datetime.now(UTC):
            return True
        turn.wait(0.05)
    return False


Begin = Callable[..., Schedule]


@pytest.fixture
def begin(sqlite_url: str, clock: Clock) -> Iterator[Begin]:
    """Starts a schedule of the diary's jobs; whatever was started ends with the test."""
    store, begun = Store(sqlite_url), []

    def start(
        diary: Diary,
        *sources: str,
        registry: CollectorRegistry | None = None,
        **more: Any,
    ) -> Schedule:
        def after(job: str) -> None:
            if job == "check":
                diary.entries.put("snapshot")

        metrics = JobMetrics(registry or CollectorRegistry())
        found = settings(*sources, **more)
        schedule = Schedule(store, found, diary.jobs, clock, metrics, after)
        schedule.start()
        begun.append(schedule)
        return schedule

    yield start
    for schedule in begun:
        schedule.ask_to_stop()
        assert schedule.wait_until_idle(SOON)
    store.close()


Ran = Callable[..., None]


@pytest.fixture
def ran(sqlite_url: str, now: datetime) -> Ran:
    """Writes into the store that a job ran `ago`, and as often as that is said."""

    def write(
        job: str, source: str | None, ago: timedelta, outcome: str = "ok", times: int = 1
    ) -> None:
        store = Store(sqlite_url)
        at = {"started_at": now - ago, "finished_at": None if outcome == "running" else now - ago}
        with store.writing() as connection:
            for _ in range(times):
                connection.execute(
                    sa.insert(tables.run).values(job=job, source=source, outcome=outcome, **at)
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


def test_what_was_missed_while_the_daemon_was_down_runs_once(begin: Begin, ran: Ran) -> None:
    ran("pull", "one", timedelta(days=2))
    ran("check", None, timedelta(days=2))
    diary = Diary()
    begin(diary, "one")
    assert diary.next(4) == ["one", "check", "snapshot", "deliver"]
    assert diary.entries.empty()


def test_a_source_that_was_read_lately_waits_for_its_turn(begin: Begin, ran: Ran) -> None:
    ran("pull", "one", timedelta(minutes=5))
    diary = Diary()
    begin(diary, "one", "two")
    assert diary.next(2) == ["two", "check"]


def test_a_pull_that_was_cut_off_is_due_again(begin: Begin, ran: Ran) -> None:
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
    assert comes_to_wait(schedule, "two")
    assert [*schedule.planned()] == ["two"]


def test_reloading_puts_off_nothing_that_is_due_soon(begin: Begin, ran: Ran) -> None:
    ran("pull", "one", timedelta(0))
    ran("check", None, EVERY - timedelta(seconds=1))
    diary = Diary()
    schedule = begin(diary, "one")
    schedule.reload(settings("one"))
    assert diary.next() == ["check"]


@pytest.mark.parametrize("others", [("one",), ("two",), ()])
def test_reloading_while_it_ends_asks_for_no_job_that_is_gone(
    begin: Begin, others: tuple[str, ...]
) -> None:
    waiting, going_on = threading.Event(), threading.Event()

    def pull(_step: Progress) -> None:
        waiting.set()
        going_on.wait(SOON)

    diary = Diary(one=pull)
    schedule = begin(diary, "one")
    assert waiting.wait(SOON)
    schedule.ask_to_stop()
    schedule.reload(settings(*others))
    going_on.set()
    assert schedule.wait_until_idle(SOON)
    assert diary.next() == ["one"]
    assert diary.entries.empty()


def test_a_source_with_a_crontab_line_is_pulled_at_its_time_and_not_before(
    begin: Begin, ran: Ran, clock: Clock
) -> None:
    diary = Diary()
    schedule = begin(diary, "nightly", cron="30 2 * * *")
    assert waits(schedule, "nightly"), "it is 10 in the morning"
    ran("pull", "nightly", timedelta(hours=7))
    clock.now += timedelta(hours=16, minutes=29)
    schedule.plan()
    assert waits(schedule, "nightly")
    clock.now += timedelta(minutes=1)
    schedule.plan()
    diary.until("nightly")


def test_a_crontab_time_that_was_missed_is_made_up_for_once(begin: Begin, ran: Ran) -> None:
    ran("pull", "nightly", timedelta(days=3))
    diary = Diary()
    schedule = begin(diary, "nightly", cron="30 2 * * *")
    assert diary.next(2) == ["nightly", "check"]
    ran("pull", "nightly", timedelta(0))
    schedule.plan()
    assert comes_to_wait(schedule, "nightly")


def test_a_source_that_keeps_failing_rests_and_is_tried_once_then(
    begin: Begin, ran: Ran, clock: Clock
) -> None:
    ran("pull", "dead", timedelta(minutes=20), outcome="failed", times=5)
    diary = Diary()
    with capture_logs() as log:
        schedule = begin(diary, "dead", "well")
        assert diary.next(2) == ["well", "check"], "the check doesn't wait for who rests"
        schedule.reload(settings("dead", "well"))
        assert waits(schedule, "dead")
        clock.now += timedelta(minutes=10)
        schedule.plan()
        diary.until("dead")
    said = [entry["event"] for entry in log if entry.get("source") == "dead"]
    assert said == ["source rests", "source is tried again"]


def test_a_pull_by_hand_that_reads_a_resting_source_puts_it_back_on_its_schedule(
    begin: Begin, ran: Ran, clock: Clock
) -> None:
    ran("pull", "dead", timedelta(minutes=1), outcome="failed", times=9)
    diary = Diary()
    with capture_logs() as log:
        schedule = begin(diary, "dead")
        ran("pull", "dead", timedelta(0))
        schedule.plan()
        assert waits(schedule, "dead")
        clock.now += EVERY
        schedule.plan()
        diary.until("dead")
    assert [entry["event"] for entry in log if entry.get("source") == "dead"] == [
        "source rests",
        "source can be read again",
    ]


def test_pulls_of_one_source_never_overlap(begin: Begin) -> None:
    in_hand, over = threading.Event(), threading.Event()

    def pull(_step: Progress) -> None:
        in_hand.set()
        assert over.wait(SOON)

    diary = Diary(slow=pull)
    schedule = begin(diary, "slow", every="1s")
    assert in_hand.wait(SOON)
    in_hand.clear()
    for _ in range(3):
        schedule.plan()
        schedule.reload(settings("slow", every="1s"))
    assert not waits(schedule, "slow")
    assert not in_hand.wait(0.2)
    over.set()
    assert diary.next(2) == ["slow", "check"]
    assert in_hand.wait(SOON), "the next one begins once it has ended"


def test_no_more_sources_are_pulled_at_once_than_the_settings_say(begin: Begin) -> None:
    together, over = threading.Barrier(2, timeout=SOON), threading.Event()

    def pull(_step: Progress) -> None:
        together.wait()
        assert over.wait(SOON)

    names = ("one", "two", "three", "four")
    diary = Diary(**dict.fromkeys(names, pull))
    begin(diary, *names, pull={"parallel": 2})
    first = diary.next(2)
    with pytest.raises(Empty):
        diary.entries.get(timeout=0.2)
    over.set()
    assert sorted([*first, *diary.next(2)]) == sorted(names)
    assert diary.next() == ["check"]


def test_a_source_that_somebody_else_pulls_is_asked_for_again_later(begin: Begin) -> None:
    diary = Diary()
    schedule = begin(diary, "one")
    assert diary.next(2) == ["one", "check"]
    assert comes_to_wait(schedule, "one"), "its pull left no run, and it isn't tried in a loop"


def test_a_source_that_is_being_pulled_did_not_fail(store: Store, now: datetime) -> None:
    (source,) = settings("one").source
    present = datetime.now(now.tzinfo)
    with store.writing() as connection:
        assert leases.take(connection, "pull:one", "elsewhere", present, timedelta(hours=1))
    assert scheduler.REAL_JOBS.pull(store, source, now, lambda _: None)
    with store.reading() as connection:
        assert connection.scalars(sa.select(tables.run.c.id)).all() == []


def test_removing_the_source_that_the_first_check_waits_for_lets_it_begin(begin: Begin) -> None:
    in_hand, over = threading.Event(), threading.Event()

    def pull(_step: Progress) -> None:
        in_hand.set()
        assert over.wait(SOON)

    diary = Diary(slow=pull)
    schedule = begin(diary, "slow")
    assert in_hand.wait(SOON)
    schedule.reload(settings())
    assert diary.next(2) == ["slow", "check"]
    over.set()

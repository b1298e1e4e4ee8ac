"""The schedule: when each job is due, and the threads that run it.

What was last done stands in the store's table `run`: there a daemon that was down over a due time
finds it and runs the job once, and there it sees what was pulled by hand meanwhile. A source is
planned anew when its pull has ended, so two pulls of it never overlap. Messages wait for the first
check, and the check for the first pulls: nobody is written to about what is already fixed.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic

import sqlalchemy as sa
import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from prometheus_client import CollectorRegistry, Counter, Summary, disable_created_metrics

from jobs.step import Progress, Step, StoppedError
from monitor.config import Settings, SourceSettings
from monitor.errors import StoreError, YueqinglingError
from monitor.sources.breaker import Breaker, BreakerState
from monitor.sources.state import SourceState, source_states
from monitor.store import Store, why
from monitor.store.tables import run

log = structlog.get_logger()

PULL, CHECK, DELIVER = "pull", "check", "deliver"
PAUSE = timedelta(minutes=1)
"""The least time between two pulls of a source, where its interval isn't shorter: the next one may
be due at once when this one left no run of its own.
"""
_SAME = timedelta(seconds=1)
_UNTIL_PLANNED = timedelta(days=36_500)
"""A pull that has begun is not due again by itself: it is planned anew when it has ended."""


Stopped = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs that the schedule runs; each takes store, settings and the time it acts at.

    Each says whether it went well; what went wrong it has logged itself, or it raises.
    A pull calls its progress at every step, which may raise StoppedError; a delivery asks between
    messages whether it is to stop.
    """

    pull: Callable[[Store, SourceSettings, datetime, Progress], bool]
    check: Callable[[Store, Settings, datetime], bool]
    deliver: Callable[[Store, Settings, datetime, Stopped], bool]


def _pull(store: Store, source: SourceSettings, now: datetime, progress: Progress) -> bool:
    from jobs.pull import pull_source

    report = pull_source(store, source, now, progress)
    return report.busy or report.error is None


def _check(store: Store, settings: Settings, now: datetime) -> bool:
    from jobs.check import check

    return not check(store, settings, now).disagreements


def _deliver(store: Store, settings: Settings, now: datetime, stopped: Stopped) -> bool:
    from jobs.deliver import deliver

    return deliver(store, settings, now, stopped=stopped).failed == 0


REAL_JOBS = Jobs(_pull, _check, _deliver)
"""The product's jobs; each is imported when it first runs, for the libraries take seconds."""


class JobMetrics:
    """What this instance's jobs did, as metrics."""

    def __init__(self, registry: CollectorRegistry) -> None:
        without_created: Callable[[], None] = disable_created_metrics
        without_created()  # in the text format they are gauges beside each counter
        self.runs = Counter(
            "yueqingling_job_runs",
            "Jobs that ended in this instance, by outcome: ok, failed or stopped.",
            ("job", "outcome"),
            registry=registry,
        )
        for job in (PULL, CHECK, DELIVER):
            for outcome in ("ok", "failed", "stopped"):
                self.runs.labels(job, outcome)  # from 0, so that the first one counts as a rise
        self.seconds = Summary(
            "yueqingling_job_duration_seconds",
            "How long jobs took in this instance.",
            ("job",),
            registry=registry,
        )


def last_check(connection: sa.Connection) -> datetime | None:
    """When the last check that ended began."""
    last: datetime | None = connection.scalar(
        sa.select(sa.func.max(run.c.started_at)).where(
            run.c.job == CHECK, run.c.outcome != "running"
        )
    )
    return last


def wait_until_due(last: datetime | None, every: timedelta, now: datetime) -> timedelta:
    """How long until a job is due that last ran at `last`; zero where a due time was missed."""
    if last is None or last > now:
        return timedelta(0)
    return max(last + every - now, timedelta(0))


class Schedule:
    """One job a source, the check and the delivery, while this instance is the active one.

    `clock` says the time that jobs act at. `after` is called with `pull` or `check` after each of
    these, however it ended.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        jobs: Jobs,
        clock: Callable[[], datetime],
        metrics: JobMetrics,
        after: Callable[[str], None],
    ) -> None:
        self._store = store
        self._settings = settings
        self._jobs = jobs
        self._clock = clock
        self._metrics = metrics
        self._after = after
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._running = 0
        self._planned: dict[str, datetime] = {}  # when a source's pull begins, or began
        self._not_before: dict[str, datetime] = {}
        self._ended: dict[str, datetime] = {}
        self._breakers: dict[str, Breaker] = {}
        self._first_pulls: set[str] = set()
        self._delivering = False
        self._pools: set[int] = set()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={CHECK: ThreadPoolExecutor(1), DELIVER: ThreadPoolExecutor(1)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def start(self) -> None:
        """Find in the store what is due and begin; raises StoreError where it can't be read."""
        now, present = self._clock(), datetime.now(UTC)
        with self._store.reading() as connection:
            states = source_states(connection, self._settings, now)
            last = last_check(connection)
        self._first_pulls = {state.source for state in states if state.due_at <= now}
        self._plan(states, now, present)
        every = self._settings.serve.check_every
        first = every if self._first_pulls else wait_until_due(last, every, now)
        self._repeat(CHECK, self._check, every, first)
        self._scheduler.start()
        log.info("schedule begun", sources=len(states), due_now=sorted(self._first_pulls))

    def plan(self) -> None:
        """Have each source pulled when it is due, as the store tells it now.

        Raises StoreError, or DBAPIError, where that can't be read.
        """
        now, present = self._clock(), datetime.now(UTC)
        with self._store.reading() as connection:
            states = source_states(connection, self._settings, now)
        self._plan(states, now, present)

    def reload(self, settings: Settings) -> None:
        """Go on with other settings; jobs in hand end with those they began with."""
        self._settings = settings
        self.plan()
        with self._lock:
            if self._stop.is_set():
                return  # its jobs are gone
            awaited = bool(self._first_pulls)
            self._first_pulls &= {source.name for source in settings.source}
            self._change_interval(CHECK, settings.serve.check_every)
            if self._delivering:
                self._change_interval(DELIVER, settings.serve.deliver_every)
            if awaited and not self._first_pulls:
                self._scheduler.modify_job(CHECK, next_run_time=datetime.now(UTC))

    def planned(self) -> Mapping[str, datetime]:
        """When each source's pull begins, by the machine's clock; in the past while it is in hand,
        or waits for a free thread.
        """
        with self._lock:
            return dict(self._planned)

    def ask_to_stop(self) -> None:
        """Begin nothing more and ask the jobs in hand to end at their next step."""
        self._stop.set()
        with self._lock:
            if self._scheduler.running:
                self._scheduler.shutdown(wait=False)

    def wait_until_idle(self, timeout: float) -> bool:
        """Wait for the jobs in hand; whether they all ended within `timeout` seconds."""
        with self._idle:
            return self._idle.wait_for(lambda: self._running == 0, timeout)

    def _plan(self, states: Sequence[SourceState], now: datetime, present: datetime) -> None:
        """Plan by `states`, which are as of `now` by the clock and `present` by the machine's."""
        with self._lock:
            if self._stop.is_set():
                return
            for state in states:
                self._heed(state)
                self._plan_pull(state, now, present)
            waiting = {name for name, at in self._planned.items() if at > datetime.now(UTC)}
            for name in waiting - {state.source for state in states}:
                del self._planned[name]
                self._scheduler.remove_job(f"{PULL}:{name}")

    def _plan_pull(self, state: SourceState, now: datetime, present: datetime) -> None:
        name, planned = state.source, self._planned.get(state.source)
        if planned is not None and planned <= datetime.now(UTC):
            return  # in hand, or waiting for a free thread
        if self._ended.get(name, present) > present:
            return  # what is known of it is older than its last pull, which plans the next itself
        at = present + max(state.due_at - now, timedelta(0))
        at = max(at, self._not_before.get(name, at))
        if planned is not None and abs(at - planned) < _SAME:
            return
        self._planned[name] = at
        self._scheduler.add_job(
            self._pull,
            _each(_UNTIL_PLANNED),
            args=(name,),
            id=f"{PULL}:{name}",
            executor=self._pool(),
            next_run_time=at,
            replace_existing=True,
        )

    def _pool(self) -> str:
        """The executor for pulls: as many threads as the settings say now."""
        threads = self._settings.pull.parallel
        name = f"{PULL}-{threads}"
        if threads not in self._pools:
            self._pools.add(threads)
            self._scheduler.add_executor(ThreadPoolExecutor(threads), name)
        return name

    def _heed(self, state: SourceState) -> None:
        """Log what became of the source's breaker."""
        before = self._breakers.get(state.source, Breaker(BreakerState.CLOSED))
        breaker = self._breakers[state.source] = state.breaker
        about = log.bind(source=state.source)
        if breaker.state is BreakerState.RESTING and breaker != before:
            until = breaker.until.isoformat() if breaker.until else None
            about.warning("source rests", failures=breaker.failures, until=until)
        elif breaker.state is BreakerState.PROBING and before.state is not BreakerState.PROBING:
            about.info("source is tried again", failures=breaker.failures)
        elif breaker.state is BreakerState.CLOSED and before.state is not BreakerState.CLOSED:
            about.info("source can be read again")

    def _repeat(
        self, job: str, call: Callable[[], None], every: timedelta, wait: timedelta
    ) -> None:
        self._scheduler.add_job(
            call,
            _each(every),
            id=job,
            executor=job,
            next_run_time=datetime.now(UTC) + wait,
            replace_existing=True,
        )

    def _change_interval(self, job: str, every: timedelta) -> None:
        """Repeat a job at another interval; what is due before that stays due."""
        due = self._scheduler.get_job(job).next_run_time
        at = min(due, datetime.now(UTC) + every)
        self._scheduler.modify_job(job, trigger=_each(every), next_run_time=at)

    def _pull(self, name: str) -> None:
        source = next((one for one in self._settings.source if one.name == name), None)
        try:
            if source is not None and not self._stop.is_set():
                pause = min(source.every, PAUSE)
                self._not_before[name] = datetime.now(UTC) + pause
                self._perform(
                    PULL,
                    lambda: self._jobs.pull(self._store, source, self._clock(), self._progress),
                    name,
                )
        finally:
            self._pull_ended(name)

    def _pull_ended(self, name: str) -> None:
        """Plan the source anew; after the last of the first pulls, have the check done."""
        with self._lock:
            self._planned.pop(name, None)
            self._ended[name] = datetime.now(UTC)
            awaited = name in self._first_pulls
            self._first_pulls.discard(name)
            if self._stop.is_set():
                return
            if awaited and not self._first_pulls:
                self._scheduler.modify_job(CHECK, next_run_time=datetime.now(UTC))
        self._after(PULL)
        try:
            self.plan()
        except (StoreError, sa.exc.DBAPIError) as error:
            log.warning("the next pulls can't be planned yet", reason=why(error))

    def _check(self) -> None:
        try:
            self._perform(
                CHECK, lambda: self._jobs.check(self._store, self._settings, self._clock())
            )
        finally:
            self._check_ended()

    def _check_ended(self) -> None:
        """Show what came of it; after the first, let messages go out."""
        if self._stop.is_set():
            return
        self._after(CHECK)
        with self._lock:
            if self._delivering or self._stop.is_set():
                return
            self._delivering = True
            every = self._settings.serve.deliver_every
            self._repeat(DELIVER, self._deliver, every, timedelta(0))

    def _deliver(self) -> None:
        self._perform(
            DELIVER,
            lambda: self._jobs.deliver(
                self._store, self._settings, self._clock(), self._stop.is_set
            ),
        )

    def _progress(self, _step: Step) -> None:
        if self._stop.is_set():
            raise StoppedError

    def _perform(self, job: str, work: Callable[[], bool], source: str | None = None) -> None:
        """Do a job: counted and timed, and where it ended early, saying why.

        A failure nobody foresaw goes on to APScheduler, which logs it and keeps the schedule.
        """
        with self._lock:
            self._running += 1
        begun = monotonic()
        outcome = "failed"
        about = log.bind(job=job, source=source) if source else log.bind(job=job)
        try:
            outcome = "ok" if work() else "failed"
        except StoppedError:
            outcome = "stopped"
            about.info("job stopped between two steps")
        except YueqinglingError as error:
            about.error("job failed", reason=str(error), again=error.retryable)
        finally:
            self._metrics.runs.labels(job, outcome).inc()
            self._metrics.seconds.labels(job).observe(monotonic() - begun)
            with self._idle:
                self._running -= 1
                self._idle.notify_all()


def _each(every: timedelta) -> IntervalTrigger:
    return IntervalTrigger(seconds=max(every.total_seconds(), 1), timezone=UTC)

"""The schedule: when each job is due, and the threads that run it.

APScheduler keeps the intervals; what was last done stands in the store's table `run`, so a daemon
that was down over a due time finds it there and runs the job once. Messages wait for the first
check, and the check for the first pulls: nobody is written to about what is already fixed.
"""

import threading
from collections.abc import Callable, Mapping
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
from monitor.errors import YueqinglingError
from monitor.store import Store
from monitor.store.tables import run

log = structlog.get_logger()

CHECK, DELIVER = "check", "deliver"
PULLERS = 4
"""How many sources are pulled at once; the store takes one writer at a time anyway."""


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
        for job in ("pull", CHECK, DELIVER):
            for outcome in ("ok", "failed", "stopped"):
                self.runs.labels(job, outcome)  # from 0, so that the first one counts as a rise
        self.seconds = Summary(
            "yueqingling_job_duration_seconds",
            "How long jobs took in this instance.",
            ("job",),
            registry=registry,
        )


def last_started(connection: sa.Connection) -> Mapping[tuple[str, str | None], datetime]:
    """When each job (and source, for pulls) last began a run that ended, by job and source.

    A run that was cut off or stopped doesn't count: it is due again at once.
    """
    query = (
        sa.select(run.c.job, run.c.source, sa.func.max(run.c.started_at))
        .where(run.c.outcome.not_in(["running", "stopped"]))
        .group_by(run.c.job, run.c.source)
    )
    return {(job, source): started for job, source, started in connection.execute(query)}


def wait_until_due(last: datetime | None, every: timedelta, now: datetime) -> timedelta:
    """How long until a job is due that last ran at `last`; zero where a due time was missed."""
    if last is None or last > now:
        return timedelta(0)
    return max(last + every - now, timedelta(0))


class Schedule:
    """One job a source, the check and the delivery, while this instance is the active one.

    `clock` says the time that jobs act at. `after_check` is called after every check, however it
    ended.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        jobs: Jobs,
        clock: Callable[[], datetime],
        metrics: JobMetrics,
        after_check: Callable[[], None],
    ) -> None:
        self._store = store
        self._settings = settings
        self._jobs = jobs
        self._clock = clock
        self._metrics = metrics
        self._after_check = after_check
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._running = 0
        self._first_pulls: set[str] = set()
        self._delivering = False
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={
                "pull": ThreadPoolExecutor(PULLERS),
                CHECK: ThreadPoolExecutor(1),
                DELIVER: ThreadPoolExecutor(1),
            },
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def start(self) -> None:
        """Find in the store what is due and begin; raises StoreError where it can't be read."""
        with self._store.reading() as connection:
            last = last_started(connection)
        now = self._clock()
        waits = {
            source.name: wait_until_due(last.get(("pull", source.name)), source.every, now)
            for source in self._settings.source
        }
        self._first_pulls = {name for name, wait in waits.items() if not wait}
        for source in self._settings.source:
            self._add(f"pull:{source.name}", self._pull(source), source.every, waits[source.name])
        check_every = self._settings.serve.check_every
        first_check = wait_until_due(last.get((CHECK, None)), check_every, now)
        if self._first_pulls:
            first_check = check_every
        self._add(CHECK, self._check, check_every, first_check)
        self._scheduler.start()
        log.info("schedule begun", sources=len(waits), due_now=sorted(self._first_pulls))

    def reload(self, settings: Settings) -> None:
        """Go on with other settings; jobs in hand end with those they began with."""
        with self._store.reading() as connection:
            last = last_started(connection)
        now = self._clock()
        self._settings = settings
        for name in self.sources():
            self._scheduler.remove_job(f"pull:{name}")
        with self._lock:
            self._first_pulls &= {source.name for source in settings.source}
        for source in settings.source:
            wait = wait_until_due(last.get(("pull", source.name)), source.every, now)
            self._add(f"pull:{source.name}", self._pull(source), source.every, wait)
        self._scheduler.reschedule_job(CHECK, trigger=_each(settings.serve.check_every))
        if self._delivering:
            self._scheduler.reschedule_job(DELIVER, trigger=_each(settings.serve.deliver_every))

    def sources(self) -> list[str]:
        """The sources that are pulled."""
        names = (job.id.partition(":") for job in self._scheduler.get_jobs())
        return [source for job, _, source in names if job == "pull"]

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

    def _add(self, name: str, call: Callable[[], None], every: timedelta, wait: timedelta) -> None:
        self._scheduler.add_job(
            call,
            _each(every),
            id=name,
            executor=name.partition(":")[0],
            next_run_time=datetime.now(UTC) + wait,
            replace_existing=True,
        )

    def _pull(self, source: SourceSettings) -> Callable[[], None]:
        def pull() -> None:
            try:
                self._perform(
                    "pull",
                    lambda: self._jobs.pull(self._store, source, self._clock(), self._progress),
                    source.name,
                )
            finally:
                self._first_pull_ended(source.name)

        return pull

    def _first_pull_ended(self, name: str) -> None:
        """After the last of the first pulls, have the check done."""
        with self._lock:
            was_awaited = name in self._first_pulls
            self._first_pulls.discard(name)
            if was_awaited and not self._first_pulls and not self._stop.is_set():
                self._scheduler.modify_job(CHECK, next_run_time=datetime.now(UTC))

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
        self._after_check()
        with self._lock:
            if self._delivering or self._stop.is_set():
                return
            self._delivering = True
            every = self._settings.serve.deliver_every
            self._add(DELIVER, self._deliver, every, timedelta(0))

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

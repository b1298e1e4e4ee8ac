"""The keeper: holds the lease, runs the schedule while it does, keeps the snapshot fresh."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic

import sqlalchemy as sa
import structlog
from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
)

from expectations.loading import load_suites, verify
from jobs.http import Views
from jobs.scheduler import CHECK, REAL_JOBS, JobMetrics, Jobs, Schedule
from monitor.config import Settings, load
from monitor.errors import SettingsError, StoreError, SuiteError
from monitor.metrics import Collector, Snapshot
from monitor.store import Store, leases, why

log = structlog.get_logger()

LEASE = "daemon"
LEASE_LASTS = timedelta(seconds=60)
TURN = timedelta(seconds=10)
"""How often the lease is renewed."""
END_SECONDS = 5.0
"""How long jobs in hand may take to end; with the HTTP server's time it stays well below 10 s."""


def utc_now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)


class Keeper:
    """One instance's share of the work: all of it while it has the lease, else the metrics.

    Everything happens in the thread that calls `run`; others put commands into its mailbox through
    `reload` and `stop`. `clock` is what jobs act at; the lease counts real time.
    """

    def __init__(
        self,
        path: Path,
        settings: Settings,
        store: Store,
        jobs: Jobs = REAL_JOBS,
        clock: Callable[[], datetime] = utc_now,
        turn: timedelta = TURN,
    ) -> None:
        self.settings = settings
        self.turned_at = monotonic()
        self.registry = CollectorRegistry()
        self._path = path
        self._store = store
        self._jobs = jobs
        self._clock = clock
        self._turn_seconds = turn.total_seconds()
        self._owner = leases.owner()
        self._mailbox: SimpleQueue[str] = SimpleQueue()
        self._stopping = threading.Event()
        self._swapping = threading.Lock()
        self._schedule: Schedule | None = None
        self._left: Schedule | None = None  # ended, with a job that did not
        self._held_until = 0.0
        self._refreshed_at: float | None = None
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._collector = Collector(store.engine.dialect.name)
        self.registry.register(self._collector)
        self._job_metrics = JobMetrics(self.registry)
        self._active = Gauge(
            "yueqingling_scheduler_active",
            "Whether this instance is the one that works: 1 yes, 0 it stands by.",
            registry=self.registry,
        )
        self._reloaded = Gauge(
            "yueqingling_settings_reload_successful",
            "Whether the last reload of the settings was good: 1 yes, 0 the old ones hold.",
            registry=self.registry,
        )
        self._reloaded.set(1)

    @property
    def views(self) -> Views:
        """What the HTTP endpoints show of this keeper."""
        return Views(
            registry=self.registry,
            store=self._store,
            snapshot=lambda: self._collector.snapshot,
            check_every=lambda: self.settings.serve.check_every,
            office=lambda: self.settings.office.name,
            active=lambda: self._schedule is not None,
            clock=self._clock,
        )

    @property
    def has_job_in_hand(self) -> bool:
        """Whether a job has not ended although it was asked to."""
        return self._left is not None and not self._left.wait_until_idle(0)

    def refresh(self) -> None:
        """Read a snapshot and swap it in; where the store is away the old one stays."""
        with self._swapping:
            if self._swap(Snapshot.read):
                self._refreshed_at = monotonic()

    def _job_ended(self, job: str) -> None:
        """Show what came of it: after a check everything, after a pull how the sources stand."""
        if job == CHECK:
            self.refresh()
            return
        with self._swapping:
            if self._collector.snapshot is not None:
                self._swap(self._collector.snapshot.with_sources)

    def _swap(self, read: Callable[[sa.Connection, Settings, datetime], Snapshot]) -> bool:
        try:
            with self._store.reading() as connection:
                self._collector.snapshot = read(connection, self.settings, self._clock())
        except (StoreError, sa.exc.DBAPIError) as error:
            log.warning("the snapshot can't be read", reason=why(error))
            return False
        return True

    def reload(self) -> None:
        """Have the settings read again."""
        self._mailbox.put("reload")

    def stop(self) -> None:
        """Have everything end; jobs in hand stop at their next step."""
        self._stopping.set()
        schedule = self._schedule
        if schedule is not None:
            schedule.ask_to_stop()  # at once: the keeper may be waiting for the store
        self._mailbox.put("stop")

    def run(self) -> None:
        """Turn until told to stop, then let go of the lease once the jobs in hand have ended."""
        while not self._stopping.is_set():
            self._turn()
            try:
                command = self._mailbox.get(timeout=self._turn_seconds)
            except Empty:
                continue
            if command == "reload":
                self._reload()
        self._stand_by("told to stop")

    def _turn(self) -> None:
        self.turned_at = monotonic()
        held = self._renew()
        if held and self._schedule is None:
            self._begin()
        elif held and self._schedule is not None:
            self._plan(self._schedule)
        elif not held and self._schedule is not None:
            self._stand_by("the lease went to another instance, or the store is away")
        due = self.settings.serve.check_every.total_seconds()
        if self._refreshed_at is None or monotonic() - self._refreshed_at >= due:
            self.refresh()

    def _plan(self, schedule: Schedule) -> None:
        """Let the schedule see what was pulled by hand, and whose rest is over."""
        try:
            schedule.plan()
        except (StoreError, sa.exc.DBAPIError) as error:
            log.warning("the next pulls can't be planned", reason=why(error))

    def _renew(self) -> bool:
        """Take or renew the lease; while the store is away, what was held holds until it ends."""
        asked_at = monotonic()
        try:
            with self._store.writing() as connection:
                present = utc_now()
                leases.free_of_the_dead(connection, LEASE, present)
                held = leases.take(connection, LEASE, self._owner, present, LEASE_LASTS)
        except (StoreError, sa.exc.DBAPIError) as error:
            log.warning("the lease can't be renewed", reason=why(error))
            return monotonic() < self._held_until
        self._held_until = asked_at + LEASE_LASTS.total_seconds() if held else 0.0
        return held

    def _begin(self) -> None:
        schedule = Schedule(
            self._store,
            self.settings,
            self._jobs,
            self._clock,
            self._job_metrics,
            self._job_ended,
        )
        try:
            schedule.start()
        except (StoreError, sa.exc.DBAPIError) as error:
            log.warning("the schedule can't begin", reason=why(error))
            return
        self._schedule = schedule
        self._active.set(1)

    def _stand_by(self, reason: str) -> None:
        if self._schedule is None:
            return
        log.info("schedule ends", reason=reason)
        schedule, self._schedule = self._schedule, None
        self._active.set(0)
        schedule.ask_to_stop()
        idle = schedule.wait_until_idle(END_SECONDS)
        if not idle:
            self._left = schedule
            log.warning(
                "a job is still in hand: what it has not recorded is done again by its next run"
            )
        try:
            with self._store.writing() as connection:
                if self._stopping.is_set():
                    # the process ends with whatever is in hand: nobody need wait for its leases
                    leases.give_back_all(connection)
                elif idle:
                    leases.give_back(connection, LEASE, self._owner)
        except (StoreError, sa.exc.DBAPIError) as error:
            log.warning("the lease can't be given back", reason=why(error))

    def _reload(self) -> None:
        """Take the settings file as it is now; keep the old settings where it is no good."""
        try:
            settings = load(self._path)
            verify(self._store, load_suites(settings))
        except (SettingsError, SuiteError, StoreError, sa.exc.DBAPIError) as error:
            reason = why(error) if isinstance(error, sa.exc.DBAPIError) else str(error)
            self._reloaded.set(0)
            log.warning("settings not reloaded, the old ones hold", reason=reason)
            return
        for key, old, new in (
            ("store.url", self.settings.store, settings.store),
            ("serve.host", self.settings.serve.host, settings.serve.host),
            ("serve.port", self.settings.serve.port, settings.serve.port),
        ):
            if old != new:
                log.warning("this setting needs a restart, its old value holds", key=key)
        self.settings = settings
        if self._schedule is not None:
            try:
                self._schedule.reload(settings)
            except (StoreError, sa.exc.DBAPIError) as error:
                log.warning("the schedule begins anew", reason=why(error))
                self._stand_by("reload")
        self._reloaded.set(1)
        log.info("settings reloaded", sources=len(settings.source))

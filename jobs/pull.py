"""The job `pull`: read the sources and land what is new.

Everywhere the same order: take the source's lease, read and land batch by batch, record the run. A
batch, its cursor and its entries in `to_judge` land in one transaction, so a crash between batches
repeats at most the batch in hand; what had landed is found unchanged.
"""

import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa
import structlog

from monitor.config import BEHAVIOR_FEEDS, Settings, SourceSettings
from monitor.errors import SettingsError, SourceError
from monitor.sources import reader, records
from monitor.sources.batch import Batch, Remark, Start
from monitor.sources.columns import Dialect
from monitor.sources.identity import Identities
from monitor.sources.land import Landed, land
from monitor.sources.notes import Notes
from monitor.store import Store, leases
from monitor.store.tables import cursor, run
from monitor.store.upsert import insert_into

LEASE = timedelta(minutes=10)
"""How long a batch may take before somebody else may pull the source."""

Progress = Callable[[str, int], None]
"""Told the source's name and the number of rows after each batch; may raise to stop the pull."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PullReport:
    """What a pull of one source did; `error` says what could not be read, a line each."""

    source: str
    read: int = 0
    landed: int = 0
    unchanged: int = 0
    malformed: int = 0
    error: str | None = None
    warnings: tuple[str, ...] = ()


def pull(
    store: Store,
    settings: Settings,
    now: datetime,
    names: Sequence[str] | None = None,
    progress: Progress | None = None,
    *,
    since: date | None = None,
    everything: bool = False,
) -> list[PullReport]:
    """Pull the named sources, or all; what the office keeps comes before what is judged by it.

    `since` and `everything` read again what was read before (`Start`); nothing doubles. A source
    that fails doesn't hold the others up. Raises SettingsError for a name that isn't in
    the settings.
    """
    known = {source.name: source for source in settings.source}
    strangers = [name for name in names or () if name not in known]
    if strangers:
        raise SettingsError(
            f"expected names of sources ({', '.join(known) or 'none is set up'}), "
            f"found {', '.join(strangers)}"
        )
    wanted = [source for name, source in known.items() if names is None or name in names]
    wanted.sort(key=lambda source: source.feed in BEHAVIOR_FEEDS)
    return [
        pull_source(store, source, now, progress, since=since, everything=everything)
        for source in wanted
    ]


def pull_source(
    store: Store,
    source: SourceSettings,
    now: datetime,
    progress: Progress | None = None,
    *,
    since: date | None = None,
    everything: bool = False,
) -> PullReport:
    """Pull one source; a failure to read it is in the report, its run and the log.

    Whoever stops the pull by raising leaves a run that never ended; what had landed stays.
    """
    with _leased(store, source) as renew:
        if renew is None:
            message = f"{source.name} is being pulled by somebody else"
            log.warning("pull refused", source=source.name, reason=message)
            return PullReport(source.name, error=message)
        again = Start(since=since, everything=everything)
        return _Pull(store, source, now, renew, progress, again).run()


class _Pull:
    """One pull, under its lease."""

    def __init__(
        self,
        store: Store,
        source: SourceSettings,
        now: datetime,
        renew: Callable[[sa.Connection], None],
        progress: Progress | None,
        again: Start,
    ) -> None:
        self._store = store
        self._source = source
        self._now = now
        self._renew = renew
        self._progress = progress
        self._again = again
        self._dialect = Dialect(source)
        self._notes = Notes(self._dialect)
        self._landed = Landed()
        self._errors: list[str] = []

    def run(self) -> PullReport:
        begun = time.monotonic()
        number = self._begin()
        try:
            identities = Identities(self._source)
            for part in reader.read(self._source, self._dialect, self._start()):
                if isinstance(part, SourceError):
                    self._refused(part)
                    continue
                if isinstance(part, Remark):
                    self._notes.remarks.append(part.text)
                    continue
                self._land(number, part, records.read(self._dialect, part, identities))
                if self._progress is not None:
                    self._progress(self._source.name, part.height)
        except SourceError as error:
            self._refused(error)
        return self._end(number, timedelta(seconds=time.monotonic() - begun))

    def _begin(self) -> int:
        with self._store.writing() as connection:
            # the lease is ours: a run that is still open was cut off
            connection.execute(
                sa.update(run)
                .where(
                    run.c.job == "pull",
                    run.c.source == self._source.name,
                    run.c.outcome == "running",
                )
                .values(outcome="failed", error="cut off before its end", finished_at=self._now)
            )
            number: int = connection.execute(
                sa.insert(run)
                .values(
                    job="pull", source=self._source.name, started_at=self._now, outcome="running"
                )
                .returning(run.c.id)
            ).scalar_one()
            return number

    def _start(self) -> Start:
        query = sa.select(cursor.c.key, cursor.c.value).where(cursor.c.source == self._source.name)
        with self._store.reading() as connection:
            cursors = {row.key: row.value for row in connection.execute(query)}
        return replace(self._again, cursors=cursors)

    def _land(self, number: int, batch: Batch, rows: records.Records) -> None:
        with self._store.writing() as connection:
            self._renew(connection)
            landed = land(connection, self._source, rows, self._now)
            self._move_cursors(connection, batch)
            self._count(connection, number, self._landed + landed)
        for call in batch.afterwards:
            call()
        self._landed += landed
        self._notes.add(batch, rows, landed)

    def _move_cursors(self, connection: sa.Connection, batch: Batch) -> None:
        if not batch.cursors:
            return
        insert = insert_into(connection, cursor)
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["source", "key"],
                set_={"value": insert.excluded.value, "updated_at": insert.excluded.updated_at},
            ),
            [
                {
                    "source": self._source.name,
                    "key": key,
                    "value": value,
                    "updated_at": self._now,
                }
                for key, value in batch.cursors.items()
            ],
        )

    def _count(self, connection: sa.Connection, number: int, landed: Landed) -> None:
        connection.execute(
            sa.update(run)
            .where(run.c.id == number)
            .values(
                rows_read=landed.read,
                rows_landed=landed.landed,
                rows_unchanged=landed.unchanged,
                rows_malformed=landed.malformed,
            )
        )

    def _refused(self, error: SourceError) -> None:
        self._errors.append(str(error))
        log.error(
            "source not read",
            source=self._source.name,
            error=str(error),
            retryable=error.retryable,
        )

    def _end(self, number: int, took: timedelta) -> PullReport:
        error = "\n".join(self._errors) or None
        with self._store.writing() as connection:
            strangers = self._notes.strangers(connection)
            warnings = self._notes.warnings(strangers)
            connection.execute(
                sa.update(run)
                .where(run.c.id == number)
                .values(
                    finished_at=self._now + took,
                    outcome="failed" if error else "ok",
                    error=error,
                    details=self._notes.details(strangers),
                )
            )
        for warning in warnings:
            log.warning("source remark", source=self._source.name, remark=warning)
        landed = self._landed
        log.info(
            "source pulled",
            source=self._source.name,
            read=landed.read,
            landed=landed.landed,
            unchanged=landed.unchanged,
            malformed=landed.malformed,
            seconds=round(took.total_seconds(), 3),
        )
        return PullReport(
            self._source.name,
            landed.read,
            landed.landed,
            landed.unchanged,
            landed.malformed,
            error,
            tuple(warnings),
        )


@contextmanager
def _leased(
    store: Store, source: SourceSettings
) -> Iterator[Callable[[sa.Connection], None] | None]:
    """The source's lease, as what renews it within a transaction; None where somebody has it."""
    name = f"pull:{source.name}"
    owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    def renew(connection: sa.Connection) -> None:
        if not leases.take(connection, name, owner, datetime.now(UTC), LEASE):
            raise SourceError(f"{source.name}: the lease ran out and somebody else has it now")

    with store.writing() as connection:
        _free_of_the_dead(connection, name)
        taken = leases.take(connection, name, owner, datetime.now(UTC), LEASE)
    if not taken:
        yield None
        return
    try:
        yield renew
    finally:
        with store.writing() as connection:
            leases.give_back(connection, name, owner)


def _free_of_the_dead(connection: sa.Connection, name: str) -> None:
    """Take the lease from a process of this machine that died with it."""
    owner = leases.holder(connection, name, datetime.now(UTC))
    host, _, rest = (owner or "").partition(":")
    number = rest.partition(":")[0]
    if owner is None or host != socket.gethostname() or not number.isdigit():
        return
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        leases.give_back(connection, name, owner)
    except PermissionError:
        return  # alive, and another user's

"""The job `pull`: read a source and land what is new.

Everywhere the same order: take the source's lease, read and land batch by batch, record the run. A
batch, its cursor and its entries in `to_judge` land in one transaction, so a crash between batches
repeats at most the batch in hand; what had landed is found unchanged.
"""

import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa
import structlog

from jobs.step import Progress, Step, StoppedError
from monitor import directory
from monitor.config import BEHAVIOR_FEEDS, FilesSource, SourceSettings
from monitor.errors import SourceError
from monitor.ledger import succession
from monitor.sources import counts, reader, records, runs, unlanded
from monitor.sources.batch import Batch, Remark, Start
from monitor.sources.columns import Dialect
from monitor.sources.counts import What, unknown_lines
from monitor.sources.decision import Decision
from monitor.sources.identity import Identities
from monitor.sources.known import AHEAD, Known
from monitor.sources.land import Landed, Made, foreseen, land, passed_over, table_of
from monitor.sources.lookahead import lookahead
from monitor.sources.notes import Notes
from monitor.sources.runs import Outcome
from monitor.sources.unlanded import Apart
from monitor.store import Store, leases
from monitor.store.tables import cursor, run
from monitor.store.upsert import insert_into
from monitor.words import Feed
from monitor.workdays import local_day

LEASE = timedelta(minutes=10)
"""How long a batch may take to land before somebody else may pull the source."""
STEP = timedelta(seconds=1)
"""How often a pull that waits for its source looks whether it is to end."""


@dataclass(frozen=True, slots=True)
class Read:
    """A batch; its records, where it holds rows; and what is to become of them, where that is
    foreseen."""

    batch: Batch
    rows: records.Records | None = None
    foreseen: Made | Decision | None = None


Told = records.Told | Batch | Remark | SourceError
"""What a source handed out, the rows of its batches told apart."""
Found = Read | Remark | SourceError
"""What a source handed out, read."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PullReport:
    """What a pull of one source did; `error` says what could not be read, a line each.

    `busy` where somebody else was pulling the source: then nothing was done.
    """

    source: str
    read: int = 0
    landed: int = 0
    unchanged: int = 0
    malformed: int = 0
    error: str | None = None
    warnings: tuple[str, ...] = ()
    busy: bool = False


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

    A pull that is stopped at a step keeps what had landed. Whatever else is raised leaves a run
    that never ended, as a crash does; the source's next pull ends it.
    """
    with _leased(store, source) as renew:
        if renew is None:
            message = f"{source.name} is being pulled by somebody else"
            log.warning("pull refused", source=source.name, reason=message)
            return PullReport(source.name, error=message, busy=True)
        again = Start(since=since, everything=everything, now=now)
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
        self._renewed = time.monotonic()
        self._dialect = Dialect(source)
        self._notes = Notes(self._dialect)
        self._landed = Landed()
        self._errors: list[str] = []

    def run(self) -> PullReport:
        begun = time.monotonic()
        number = self._begin()
        with lookahead(self._found(), self._wait, STEP) as found:
            try:
                outcome = self._take(number, found)
            except (StoppedError, KeyboardInterrupt):
                # before the end of the reading is waited for: a source may be silent for long
                self._end(number, Outcome.STOPPED, begun)
                raise
        return self._end(number, outcome, begun)

    def _take(self, number: int, found: Iterator[Found]) -> Outcome:
        """Land what there is."""
        try:
            self._tell(0)
            for part in found:
                if isinstance(part, SourceError):
                    self._refused(part)
                elif isinstance(part, Remark):
                    self._notes.remarks.append(part.text)
                else:
                    self._land(number, part)
                    self._done(part.batch)
                    self._tell(part.batch.height, part.batch.share)
        except SourceError as error:
            self._refused(error)
            return Outcome.FAILED
        return Outcome.PARTIAL if self._errors else Outcome.OK

    def _found(self) -> Generator[Found]:
        """What there is, read; runs in a thread of its own while what was read before lands.

        Meanwhile what comes after it is looked up in the store, what comes after that is told
        apart, and what comes then is taken from the source, each in another thread.
        """
        identities = Identities(self._source)
        start = self._start()
        known: Known | None = None
        if not (start.everything or start.since or self._keeps_some_apart()):
            known = Known(self._store, table_of(self._source.feed), self._source.name)
        reading = records.Reading(self._dialect, identities, known)
        with (
            lookahead(self._told(identities, start), lambda: None, STEP) as told,
            lookahead(_looked_up(told, known), lambda: None, STEP) as looked_up,
        ):
            for part in looked_up:
                if isinstance(part, records.Told):
                    rows = reading.read(part)
                    ahead = foreseen(self._store, self._source, rows, self._now)
                    yield Read(part.batch, rows, ahead)
                else:
                    yield Read(part) if isinstance(part, Batch) else part

    def _told(self, identities: Identities, start: Start) -> Generator[Told]:
        """What the source hands out, the rows of its batches told apart."""
        telling = records.Telling(self._dialect, identities)
        reading = reader.read(self._source, self._dialect, start)
        with lookahead(reading, lambda: None, STEP) as delivered:
            for part in delivered:
                if isinstance(part, Batch) and part.parts:
                    yield telling.tell(part)
                else:
                    yield part

    def _keeps_some_apart(self) -> bool:
        """Whether rows are kept apart, which any row may be to end."""
        with self._store.reading() as connection:
            return self._source.name in unlanded.counts(connection)

    def _wait(self) -> None:
        """The source is slow: it is still being pulled, unless somebody wants that to end."""
        self._tell(0)
        self._stay()

    def _stay(self) -> None:
        """Keep the lease, where nothing that is written does."""
        if time.monotonic() - self._renewed > LEASE.total_seconds() / 3:
            with self._store.writing() as connection:
                self._renew_lease(connection)

    def _tell(self, rows: int, share: float | None = None) -> None:
        if self._progress is not None:
            self._progress(Step(self._source.name, rows, share))

    def _begin(self) -> int:
        with self._store.writing() as connection:
            return runs.begin(connection, self._source.name, self._now, self._asked)

    @property
    def _asked(self) -> dict[str, str | bool]:
        """What was to be read again, for the run's details."""
        asked: dict[str, str | bool] = {"all": True} if self._again.everything else {}
        return asked | ({"since": self._again.since.isoformat()} if self._again.since else {})

    @property
    def _reads_all(self) -> bool:
        """Whether this pull reads all that the source has, not what is new."""
        if isinstance(self._source, FilesSource):
            return self._again.everything
        return self._again.everything or self._source.cursor is None

    def _start(self) -> Start:
        query = sa.select(cursor.c.key, cursor.c.value).where(cursor.c.source == self._source.name)
        with self._store.reading() as connection:
            cursors = {row.key: row.value for row in connection.execute(query)}
        return replace(self._again, cursors=cursors)

    def _land(self, number: int, read: Read) -> None:
        batch, rows = read.batch, read.rows
        if rows is None:
            self._note(number, batch)
            return
        if rows.frame.is_empty() and not batch.cursors:
            landed = passed_over(rows)  # nothing to write: the run's end tells of it
            self._stay()
        else:
            # without a cursor's moving the batch is read again, and found to have landed or not
            with self._store.writing(lasting=bool(batch.cursors or batch.afterwards)) as connection:
                self._renew_lease(connection)
                landed = land(connection, self._source, rows, self._now, read.foreseen)
                self._apart(number).take(connection, batch, rows.frame["record_id"], landed.keyless)
                self._move_cursors(connection, number, batch)
                self._count(connection, number, self._landed + landed)
        self._landed += landed
        self._notes.add(batch, rows, landed)

    def _note(self, number: int, batch: Batch) -> None:
        """What was read, where that was no rows."""
        with self._store.writing() as connection:
            self._renew_lease(connection)
            self._move_cursors(connection, number, batch)

    def _done(self, batch: Batch) -> None:
        """What is to be done once it landed; where that fails, the next pull does it again."""
        for call in batch.afterwards:
            try:
                call()
            except SourceError as error:
                self._refused(error)

    def _renew_lease(self, connection: sa.Connection) -> None:
        self._renew(connection)
        self._renewed = time.monotonic()

    def _apart(self, number: int) -> Apart:
        return Apart(self._source.name, number, self._now)

    def _move_cursors(self, connection: sa.Connection, number: int, batch: Batch) -> None:
        if not batch.cursors:
            return
        if isinstance(self._source, FilesSource):  # a file's cursor comes with its last rows
            self._apart(number).read_whole(connection, [*batch.cursors])
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

    def _departments(self, connection: sa.Connection) -> set[str]:
        """How a row may name a department; that of a behaviour is named by its code alone."""
        departments = directory.read(connection, local_day(self._now))
        names = () if self._source.feed in BEHAVIOR_FEEDS else directory.called(departments)
        return {*departments, *names}

    def _end(self, number: int, outcome: Outcome, begun: float) -> PullReport:
        error = "\n".join(self._errors) or None
        took = timedelta(seconds=time.monotonic() - begun)
        name = self._source.name
        with self._store.writing() as connection:
            departments = self._departments(connection)
            unknown = self._notes.unknown(departments)
            known = {What.COLUMN: self._notes.known_columns, What.DEPARTMENT: departments}
            news = counts.unheard_of(connection, name, unknown, known, self._now)
            found = self._notes.details(unknown)
            if self._source.feed is Feed.DEPARTMENT:
                found["warnings"] = [*found["warnings"], *succession.read(connection).faults]
            details = self._asked | found
            self._count(connection, number, self._landed)
            read_all = outcome is Outcome.OK and self._reads_all
            if read_all:
                self._apart(number).read_whole(connection)
            ended = self._now + took
            runs.end(connection, number, outcome, ended, error, details, read_all=read_all)
        warnings = [*found["warnings"], *self._notes.unlanded(), *unknown_lines(news)]
        for warning in warnings:
            log.warning("source remark", source=name, remark=warning)
        landed = self._landed
        log.info(
            "source pulled",
            source=name,
            outcome=str(outcome),
            read=landed.read,
            landed=landed.landed,
            unchanged=landed.unchanged,
            malformed=landed.malformed,
            malformed_cells=[f"{column} {n}" for column, n in found["malformed"].items()],
            seconds=round(took.total_seconds(), 3),
        )
        return PullReport(
            name,
            landed.read,
            landed.landed,
            landed.unchanged,
            landed.malformed,
            error,
            tuple(warnings),
        )


def _looked_up(told: Iterator[Told], known: Known | None) -> Generator[Told]:
    """The same, each batch being looked up in the store while those before it are."""
    with ThreadPoolExecutor(AHEAD, thread_name_prefix="look") as asking:
        for part in told:
            if isinstance(part, records.Told) and known is not None:
                yield replace(part, look=asking.submit(known.look, part.rows))
            else:
                yield part


@contextmanager
def _leased(
    store: Store, source: SourceSettings
) -> Iterator[Callable[[sa.Connection], None] | None]:
    """The source's lease, as what renews it within a transaction; None where somebody has it."""
    name = f"pull:{source.name}"
    owner = leases.owner()

    def renew(connection: sa.Connection) -> None:
        if not leases.renew(connection, name, owner, datetime.now(UTC), LEASE):
            raise SourceError(f"{source.name}: the lease ran out and somebody else took it")

    with store.writing() as connection:
        present = datetime.now(UTC)
        leases.free_of_the_dead(connection, name, present)
        taken = leases.take(connection, name, owner, present, LEASE)
    if not taken:
        yield None
        return
    try:
        yield renew
    finally:
        with store.writing() as connection:
            leases.give_back(connection, name, owner)

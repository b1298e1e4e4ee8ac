"""A source's database, open for reading."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy import event

from monitor.config import SqlSource
from monitor.errors import SourceError, SourceUnavailableError
from monitor.sources.sql.access import Access, access
from monitor.sources.sql.refusals import NoAnswerError, Refusals

_STEPS = 10_000
"""How many of its instructions SQLite runs between two looks at the clock."""

_IMPORTING = threading.Lock()
"""Sources are read side by side, and two threads that import one driver see half of it."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the driver tells of it; drivers have codes of their own for types."""

    name: str
    type: object


class Database:
    """A transaction that reads one state of the database and can write nothing.

    Every method raises SourceUnavailableError where the database is gone or doesn't answer in time
    (NoAnswerError), and SourceError where it refuses.
    """

    def __init__(self, found: Access, refusals: Refusals, seconds: float) -> None:
        self._access = found
        self._refusals = refusals
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._session: int | None = None
        self._results: list[sa.CursorResult[Any]] = []
        with self._waiting():
            try:
                with _IMPORTING:
                    self._engine = sa.create_engine(
                        found.url,
                        connect_args=dict(found.arguments),
                        execution_options=dict(found.options),
                        poolclass=sa.NullPool,
                        hide_parameters=True,
                    )
                event.listen(self._engine, "connect", self._prepare)
                self._connection = self._connected()
            except (TypeError, ValueError, OSError, AssertionError) as error:
                # the driver's own, of arguments that it doesn't know or find, and the dialect's, of
                # a server that speaks like the one it knows and is another
                raise self._refusals.unusable(error) from None

    @property
    def writes_rows(self) -> bool:
        """Whether the database can write a whole row as one text."""
        return self._access.writes_rows

    @property
    def plain(self) -> Callable[[Any], Any]:
        """Makes a value of a row what `value` would have given."""
        return self._access.plain

    def columns(self, rows: sa.FromClause) -> list[Column]:
        """The columns' names, and what the driver calls their types."""
        with self._waiting():
            statement = sa.select(sa.text("*")).select_from(rows).limit(0)
            result = self._connection.execute(statement)
            told = result.cursor.description if result.cursor else ()
            types = [column[1] for column in told]
            return [*map(Column, result.keys(), types)]

    def takes(self, statement: sa.Executable) -> bool:
        """Whether the database would answer the statement; where it refuses, nothing is lost."""
        try:
            with self._waiting(), self._connection.begin_nested():
                self._connection.execute(statement)
        except SourceUnavailableError:
            raise
        except SourceError:
            return False
        return True

    def value(self, statement: sa.Executable) -> Any:
        """The first cell of the first row; None where there is none."""
        with self._waiting():
            return self.plain(self._connection.execute(statement).scalar())

    def stream(self, statement: sa.Executable, rows: int) -> Iterator[Sequence[Sequence[Any]]]:
        """The rows, so many at a time, none of them kept."""
        options = {"stream_results": True, "max_row_buffer": rows} if self._access.streams else {}
        with self._waiting():
            result = self._connection.execute(statement, execution_options=options)
            self._results.append(result)
            partition = result.fetchmany(rows)
        while partition:
            yield partition
            with self._waiting():
                partition = result.fetchmany(rows)

    def close(self) -> None:
        """End it at once: what the server still has to send is not waited for."""
        self._connection.invalidate()
        for result in self._results:
            result.close()
        self._connection.close()

    def _connected(self) -> sa.Connection:
        with ExitStack() as failing:
            connection = failing.enter_context(self._engine.connect())
            if self._access.identify is not None:
                self._session = connection.exec_driver_sql(self._access.identify).scalar()
            for statement in self._access.begin:
                connection.exec_driver_sql(statement)
            failing.pop_all()
        return connection

    def _prepare(self, connection: Any, _record: Any) -> None:
        self._access.prepare(connection)
        if self._access.url.get_backend_name() == "sqlite":
            connection.set_progress_handler(self._is_late, _STEPS)

    def _is_late(self) -> bool:
        return time.monotonic() > self._deadline

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """One wait for one answer."""
        self._deadline = time.monotonic() + self._seconds
        try:
            yield
        except ImportError as error:
            raise self._refusals.unloaded(error) from None
        except UnicodeDecodeError as error:
            raise self._refusals.unusable(error) from None
        except sa.exc.SQLAlchemyError as error:
            explained = self._refusals.explained(error)
            if isinstance(explained, NoAnswerError) and self._session is not None:
                self._kill(self._session)
            raise explained from None

    def _kill(self, session: int) -> None:
        """Have the server stop what nobody waits for any more."""
        try:
            with self._engine.connect() as other:
                other.exec_driver_sql(self._access.kill.format(session))
        except sa.exc.SQLAlchemyError as error:
            # it goes on until it has a row to send
            log.warning("query not stopped", reason=str(self._refusals.explained(error)))


@contextmanager
def opened(source: SqlSource) -> Iterator[Database]:
    """The source's database, for as long as the block lasts."""
    with _IMPORTING:
        found = access(source)
    seconds = source.timeout.total_seconds()
    refusals = Refusals(sa.make_url(source.url.get_secret_value()), seconds)
    database = Database(found, refusals, seconds)
    try:
        yield database
    finally:
        database.close()

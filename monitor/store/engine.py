"""The engine: one way to open the store, whichever database it is.

What the database says of a statement that failed never holds the values: they are people's.

Writers go through `Store.writing()`: BEGIN IMMEDIATE on SQLite, so that two writers queue instead
of failing half-way; a plain transaction on PostgreSQL. Readers go through `Store.reading()`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from monitor.errors import StoreError
from monitor.store import schema


class Store:
    """The one database, open.

    Raises StoreError where it can't be reached.
    """

    def __init__(self, url: str) -> None:
        self._url = sa.make_url(url)
        if self._url.get_backend_name() == "sqlite":
            self.engine = _sqlite(self._url)
        else:
            self.engine = sa.create_engine(self._url, pool_pre_ping=True, hide_parameters=True)

    @property
    def name(self) -> str:
        """The store's address without user and password."""
        url = self._url
        return sa.URL.create(
            url.drivername, host=url.host, port=url.port, database=url.database
        ).render_as_string()

    @contextmanager
    def writing(self, *, lasting: bool = True) -> Iterator[sa.Connection]:
        """A transaction that may write; committed at the end, rolled back on an error.

        One that isn't `lasting` is not waited for to be on the disk: a power cut may undo it, but
        not once a later one is that lasts.
        """
        with self._opened() as connection:
            connection.info["immediate"] = True
            with connection.begin():
                if not lasting and self.engine.name == "postgresql":
                    connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
                yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the store; never commits."""
        with self._opened() as connection:
            connection.info["immediate"] = False
            with connection.begin() as transaction:
                yield connection
                transaction.rollback()

    @contextmanager
    def _opened(self) -> Iterator[sa.Connection]:
        try:
            connection = self.engine.connect()
        except sa.exc.DBAPIError as error:
            raise StoreError(f"can't open the store {self.name}: {why(error)}") from None
        with connection:
            yield connection

    def upgrade(self) -> list[str]:
        """Bring the schema to this program's version; gives the revisions that were applied."""
        with self._opened() as connection:
            return schema.upgrade(connection)

    def verify(self) -> None:
        """Raise StoreError, which says what to do, where the schema is not this program's."""
        with self._opened() as connection:
            schema.verify(connection, self.name)

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def why(error: StoreError | sa.exc.DBAPIError) -> str:
    """Why the store failed, in one line; what the database says holds no values."""
    text = str(error.orig) if isinstance(error, sa.exc.DBAPIError) else str(error)
    return text.strip().partition("\n")[0]


def _sqlite(url: sa.URL) -> sa.Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"timeout": 30}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # this module begins transactions, not the driver
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("PRAGMA busy_timeout=30000")

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        immediate = connection.info.get("immediate", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine

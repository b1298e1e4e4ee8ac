"""Places to measure in: the delivered file, fresh stores, and stores that are filled once."""

import csv
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from monitor import standard
from monitor.config import FilesSource
from monitor.store import Store
from monitor.words import Kind
from tests.bench.storage import Databases, PostgresqlDatabases, SqliteDatabases
from tests.expectations.records import clean

NOW = datetime(2022, 1, 28, 2, tzinfo=UTC)
STORES = ("sqlite", "postgresql")
FIELDS = standard.fields(Kind.CHECK)
IDENTITY = "记录唯一标识"


class Places:
    """A folder, the number of rows asked for, and a PostgreSQL server once it is needed.

    `stores` are the kinds of store to measure in, `runs` how often what varies is measured. In a
    folder `kept`, filled stores stay for another run.
    """

    def __init__(
        self,
        folder: Path,
        rows: int,
        *,
        stores: Sequence[str] = STORES,
        runs: int = 3,
        kept: Path | None = None,
    ) -> None:
        self.folder = folder
        self.rows = rows
        self.stores = stores
        self.runs = runs
        self._opened = ExitStack()
        self._numbers = itertools.count(1)
        databases = kept.absolute() if kept else folder
        self._databases: dict[str, Databases] = {
            "sqlite": SqliteDatabases(databases),
            "postgresql": PostgresqlDatabases(
                databases / "postgres", self._opened, kept=bool(kept)
            ),
        }

    def close(self) -> None:
        """Stop what was started."""
        self._opened.close()

    @contextmanager
    def store(self, kind: str) -> Iterator[Store]:
        """An empty store, gone at the end."""
        with self._passing(kind) as name:
            self._databases[kind].create(name)
            with self._open(kind, name) as store:
                yield store

    @contextmanager
    def filled(self, kind: str, fill: Callable[[Store], None]) -> Iterator[Store]:
        """The store that `fill` fills once, as whoever measured in it before left it."""
        with self._open(kind, self._filled(kind, fill)) as store:
            yield store

    @contextmanager
    def copied(self, kind: str, fill: Callable[[Store], None]) -> Iterator[Store]:
        """A copy of the store that `fill` fills once, gone at the end."""
        filled = self._filled(kind, fill)
        with self._passing(kind) as name:
            self._databases[kind].copy(filled, name)
            with self._open(kind, name) as store:
                yield store

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

    def url(self, kind: str) -> str:
        """The URL of an empty database, which stays to the end."""
        databases, name = self._databases[kind], f"bench_{next(self._numbers)}"
        databases.drop(name)  # what a run left that was killed
        databases.create(name)
        return databases.url(name)

    def _filled(self, kind: str, fill: Callable[[Store], None]) -> str:
        databases, name = self._databases[kind], f"filled_{self.rows}"
        if not databases.exists(name):
            with self._passing(kind) as filling:
                databases.create(filling)
                with self._open(kind, filling) as store:
                    fill(store)
                databases.rename(filling, name)
        return name

    @contextmanager
    def _passing(self, kind: str) -> Iterator[str]:
        """A name for a database that is gone at the end."""
        databases, name = self._databases[kind], f"bench_{next(self._numbers)}"
        databases.drop(name)  # what a run left that was killed
        yield name
        databases.drop(name)

    @contextmanager
    def _open(self, kind: str, name: str) -> Iterator[Store]:
        store = Store(self._databases[kind].url(name))
        store.upgrade()
        yield store
        store.close()


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

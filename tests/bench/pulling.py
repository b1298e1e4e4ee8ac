"""Pulling a file, against the store's own way of loading the same file and nothing else."""

import csv
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from jobs.pull import PullReport, pull_source
from monitor.config import SourceSettings
from monitor.store import Store
from monitor.store.tables import behavior, cursor
from tests.bench.measurement import Measurement, Stopwatch
from tests.bench.places import FIELDS, NOW, Places, checks
from tests.bench.storage import settle

_COLUMNS = ("record_id", *(field.column for field in FIELDS))
_CONSTANTS = {
    "source": "checks",
    "kind": "check",
    "status": "accepted",
    "content_hash": "0",
    "record_id_from": "delivered",
    "first_seen_at": str(NOW),
    "first_seen_on": str(NOW.date()),
}
_BASELINE = {"sqlite": "executemany", "postgresql": "COPY"}
_FEW = 100
"""Rows of a pull that writes what every pull writes, and hardly more."""


def measure(places: Places) -> Iterator[Measurement]:
    """Pull, pull the same again, and what that writes."""
    path, few = places.delivery(places.rows), places.delivery(_FEW)
    source = checks(path)
    for kind in places.stores:
        loading, pulling, again = Stopwatch(), Stopwatch(), Stopwatch()
        rewritten: list[int] = []
        for _ in range(places.runs):
            with places.store(kind) as store:
                load(store, path, loading)
            with places.store(kind) as store:
                before = _written(store)
                with pulling.running():
                    landed = pulled(store, source)
                written = _written(store) - before
                same, log = _again(store, source, again)
                rewritten.append(log)
        if (landed.landed, same.unchanged) != (places.rows, places.rows):
            raise RuntimeError(f"expected {places.rows} rows to land once: {landed}, {same}")
        baseline = f"{_BASELINE[kind]} {loading}"
        yield Measurement(
            "pull a CSV file",
            kind,
            "≤ 2 ×" if kind == "postgresql" else "none",
            pulling.best / loading.best,
            2 if kind == "postgresql" else None,
            str(pulling),
            baseline,
        )
        yield Measurement(
            "pull the same rows again",
            kind,
            "≤ 0.5 ×" if kind == "postgresql" else "none",
            again.best / loading.best,
            0.5 if kind == "postgresql" else None,
            str(again),
            baseline,
        )
        if kind == "postgresql":
            with places.store(kind) as store:
                pulled(store, checks(few))
                _, anyway = _again(store, checks(few), Stopwatch())
            least = min(rewritten)  # what else the server writes to its log meanwhile is not ours
            yield Measurement(
                "WAL of pulling the same rows again",
                kind,
                "0 bytes a row",
                round(max(least - anyway, 0) / places.rows, 1),
                0,
                f"{least:,} bytes in all, {_FEW} rows {anyway:,}",
                f"first pull {written:,} bytes",
                unit="bytes a row",
            )


def _again(store: Store, source: SourceSettings, again: Stopwatch) -> tuple[PullReport, int]:
    """Pull once more what landed; with it the bytes that this wrote to the log."""
    with store.writing() as connection:
        connection.execute(sa.delete(cursor))
    settle(store)
    before = _written(store)
    with again.running():
        same = pulled(store, source)
    return same, _written(store) - before


def pulled(store: Store, source: SourceSettings) -> PullReport:
    """Pull the source once."""
    return pull_source(store, source, NOW)


def _written(store: Store) -> int:
    """The position of PostgreSQL's write-ahead log, in bytes."""
    if store.engine.name == "sqlite":
        return 0
    with store.reading() as connection:
        query = sa.text("SELECT pg_current_wal_insert_lsn() - '0/0'")
        return int(connection.execute(query).scalar_one())


def load(store: Store, path: Path, loading: Stopwatch) -> None:
    """The file into a table like `behavior`, key and indexes included, in one transaction."""
    with store.writing() as connection:
        if store.engine.name == "sqlite":
            _execute_many(connection, path, loading)
        else:
            _copy(connection, path, loading)


def _execute_many(connection: sa.Connection, path: Path, loading: Stopwatch) -> None:
    """Rows as the csv module gives them; only the load is timed with the file's reading."""
    names = (*_CONSTANTS, *_COLUMNS)
    marks = ", ".join("?" * len(names))
    statement = f"INSERT INTO {behavior.name} ({', '.join(names)}) VALUES ({marks})"
    constants = tuple(_CONSTANTS.values())
    raw = connection.connection.driver_connection
    assert raw is not None
    with loading.running(), path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        raw.executemany(statement, (constants + tuple(row) for row in rows))
        raw.execute("COMMIT")
        raw.execute("BEGIN")


def _copy(connection: sa.Connection, path: Path, loading: Stopwatch) -> None:
    for name, value in _CONSTANTS.items():
        connection.exec_driver_sql(
            f"ALTER TABLE {behavior.name} ALTER COLUMN {name} SET DEFAULT '{value}'"
        )
    connection.exec_driver_sql("SET LOCAL TIME ZONE 'Asia/Shanghai'")
    raw = connection.connection.driver_connection
    assert raw is not None
    statement = f"COPY {behavior.name} ({', '.join(_COLUMNS)}) FROM STDIN (FORMAT csv, HEADER)"
    with loading.running():
        with raw.cursor() as cursor_, cursor_.copy(statement) as copy, path.open("rb") as file:
            while block := file.read(1 << 16):
                copy.write(block)
        raw.commit()

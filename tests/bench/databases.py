"""Pulling a table of one PostgreSQL database into a store in another, against COPY of the same."""

import csv
from collections.abc import Iterator

import sqlalchemy as sa

from monitor.config import SqlSource
from tests.bench.measurement import Measurement, Stopwatch
from tests.bench.places import Places
from tests.bench.pulling import load, pulled

TABLE = "delivered"


def measure(places: Places) -> Iterator[Measurement]:
    """Pull the table, then what changed since, which is nothing."""
    loading, pulling, again = Stopwatch(), Stopwatch(), Stopwatch()
    with places.store("postgresql") as store:
        load(store, places.delivery(places.rows), loading)
    source = delivered(platform(places))
    with places.store("postgresql") as store:
        with pulling.running():
            landed = pulled(store, source)
        with again.running():
            same = pulled(store, source)
    if landed.landed != places.rows or same.landed:
        raise RuntimeError(f"expected {places.rows} rows to land once: {landed}, {same}")
    for work, watch in (
        ("pull a table", pulling),
        (f"pull what changed in the table since, {same.read:,} rows of overlap", again),
    ):
        yield Measurement(
            work,
            "postgresql",
            "none",
            watch.best / loading.best,
            None,
            str(watch),
            f"COPY {loading}",
        )


def delivered(url: str) -> SqlSource:
    """The source that delivers the table."""
    return SqlSource.model_validate(
        {
            "name": "checks",
            "feed": "check",
            "kind": "sql",
            "url": url,
            "table": TABLE,
            "cursor": "cd_time",
            "status": "accepted",
        }
    )


def platform(places: Places) -> str:
    """The URL of a database that holds the delivery as text, a row written each second."""
    url = places.url("postgresql")
    path = places.delivery(places.rows)
    with path.open(encoding="utf-8", newline="") as file:
        headers = next(csv.reader(file))
    columns = ", ".join(f'"{header}" text' for header in headers)
    names = ", ".join(f'"{header}"' for header in headers)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SEQUENCE seconds")
        connection.exec_driver_sql(
            f"CREATE TABLE {TABLE} ({columns}, cd_time timestamp "
            "DEFAULT timestamp '2022-01-01' + nextval('seconds') * interval '1 second')"
        )
        raw = connection.connection.driver_connection
        assert raw is not None
        statement = f"COPY {TABLE} ({names}) FROM STDIN (FORMAT csv, HEADER)"
        with raw.cursor() as cursor, cursor.copy(statement) as copy, path.open("rb") as blocks:
            while block := blocks.read(1 << 16):
                copy.write(block)
        connection.exec_driver_sql(f"CREATE INDEX ON {TABLE} (cd_time)")
    return url

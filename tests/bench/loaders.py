"""dlt, a loader of many users, against pulling: the same rows into the same PostgreSQL.

It keeps them as text and looks at none of them. `make bench` installs it; it sends nothing home,
and what it keeps it keeps in the benchmark's folder.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from monitor.config import SourceSettings
from tests.bench import databases
from tests.bench.measurement import Measurement, Stopwatch
from tests.bench.places import IDENTITY, Places, checks
from tests.bench.pulling import pulled

_WAYS = {
    "append": "adding rows, whatever is there",
    "merge": "one row for each record, as a pull has",
}
"""dlt's write dispositions."""


def measure(places: Places) -> Iterator[Measurement]:
    """Pull a file and a table, and have dlt load them in each way that it has."""
    path = places.delivery(places.rows)
    url = databases.platform(places)
    loader = _Loader(places)
    for work, source, readers in (
        ("pull a CSV file", checks(path), loader.of_file(path)),
        ("pull a table", databases.delivered(url), loader.of_table(url)),
    ):
        pulling = _pulling(places, source)
        for way, said in _WAYS.items():
            found = {name: loader.load(read, way, places.rows) for name, read in readers.items()}
            fastest = min(found, key=lambda name: found[name].best)
            yield Measurement(
                work,
                "postgresql",
                "≥ 1 × faster",
                found[fastest].best / pulling.best,
                1,
                str(pulling),
                f"dlt, {said}, by its fastest reader {fastest}: {found[fastest]}",
                unit="× faster",
                at_least=True,
            )


def _pulling(places: Places, source: SourceSettings) -> Stopwatch:
    watch = Stopwatch()
    for _ in range(places.runs):
        with places.store("postgresql") as store, watch.running():
            landed = pulled(store, source)
        if landed.landed != places.rows:
            raise RuntimeError(f"expected {places.rows} rows to land: {landed}")
    return watch


class _Loader:
    """dlt, warm: what it imports at first use is no part of what is measured."""

    def __init__(self, places: Places) -> None:
        os.environ |= {
            "DLT_DATA_DIR": str(places.folder / "dlt"),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "RUNTIME__LOG_LEVEL": "ERROR",
            # headers stay what they are: its usual names have no Chinese characters
            "SCHEMA__NAMING": "direct",
        }
        self._places = places
        self._loads = 0
        few = places.delivery(1_000)
        for way in _WAYS:
            for read in self.of_file(few).values():
                self.load(read, way, 1_000)

    def of_file(self, path: Path) -> dict[str, Callable[[], Any]]:
        """Its readers of CSV files."""
        from dlt.sources.filesystem import readers

        def read() -> Any:
            return readers(bucket_url=path.parent.as_uri(), file_glob=path.name)

        return {
            "pandas": lambda: read().read_csv(chunksize=50_000, dtype=str),
            "duckdb": lambda: read().read_csv_duckdb(
                chunk_size=50_000, use_pyarrow=True, all_varchar=True
            ),
        }

    def of_table(self, url: str) -> dict[str, Callable[[], Any]]:
        """The back-ends of its reader of databases."""
        from dlt.sources.sql_database import sql_table

        plain = _with_host(url).set(drivername="postgresql+psycopg2")

        def reader(backend: str) -> Callable[[], Any]:
            return lambda: sql_table(
                plain.render_as_string(hide_password=False), databases.TABLE, backend=backend
            )

        return {backend: reader(backend) for backend in ("sqlalchemy", "pyarrow", "connectorx")}

    def load(self, read: Callable[[], Any], way: str, rows: int) -> Stopwatch:
        """Load what `read` gives into empty databases."""
        watch = Stopwatch()
        for _ in range(self._places.runs):
            self._load(read, way, rows, watch)
        return watch

    def _load(self, read: Callable[[], Any], way: str, rows: int, watch: Stopwatch) -> None:
        import dlt

        self._loads += 1
        url = _with_host(self._places.url("postgresql")).set(drivername="postgresql")
        pipeline = dlt.pipeline(
            f"bench_{self._loads}",
            pipelines_dir=str(self._places.folder / "dlt"),
            destination=dlt.destinations.postgres(url.render_as_string(hide_password=False)),
            dataset_name="loaded",
        )
        resource = read().with_name("checks")
        resource.apply_hints(primary_key=IDENTITY, write_disposition=way)
        with watch.running():
            pipeline.run(resource, loader_file_format="csv")
        loaded = self._loaded(url)
        if loaded != rows:
            raise RuntimeError(f"expected dlt to load {rows} rows, found {loaded}")

    def _loaded(self, url: sa.URL) -> int:
        engine = sa.create_engine(
            url.set(drivername="postgresql+psycopg", host=None), poolclass=sa.NullPool
        )
        with engine.connect() as connection:
            query = sa.select(sa.func.count()).select_from(sa.table("checks", schema="loaded"))
            return connection.scalar(query) or 0


def _with_host(url: str) -> sa.URL:
    """It wants a host, although the socket's folder, which the URL has, goes before that."""
    return sa.make_url(url).set(host="localhost")

"""Checking: the memory of a process that checks, and of one that checks a hundred times.

Run as a module, it is that process: `python -m tests.bench.checking URL CHECKS`.
"""

import subprocess
import sys
from collections.abc import Iterator

import sqlalchemy as sa

from expectations.loading import load_suites
from jobs.check import check
from monitor.config import Settings
from monitor.store import Store
from monitor.store.tables import behavior, condition, to_judge
from tests.bench.judging import copied
from tests.bench.measurement import Measurement, resident
from tests.bench.places import NOW, Places

_CHECKS = 100
_SETTLED = 5
"""Checks after which a process has all that it keeps."""
_CHANGED = 100
"""Records that change between two checks."""


def measure(places: Places) -> Iterator[Measurement]:
    """One check of all records by rules that were never resolved, in a process of its own."""
    for kind in places.stores:
        with copied(places, kind, load_suites()) as store:
            with store.writing() as connection:
                connection.execute(sa.delete(condition))  # so that Great Expectations is imported
                connection.execute(sa.delete(to_judge))
                _queue(connection, sa.true())
            (peak,) = _run(store, 1)
            yield Measurement(
                "memory of a check",
                kind,
                "< 500 MiB",
                peak,
                500,
                f"{peak:.0f} MiB at {places.rows:,} rows",
                "the bar itself",
                unit="MiB",
            )


def measure_many(places: Places) -> Iterator[Measurement]:
    """Many checks of a few records in one process."""
    for kind in places.stores:
        with copied(places, kind, load_suites()) as store:
            settled, last = _run(store, _CHECKS)
            yield Measurement(
                f"memory of a process after {_CHECKS} checks, {places.rows:,} records",
                kind,
                "≤ 1.02 ×",
                last / settled,
                1.02,
                f"{last:.1f} MiB",
                f"after {_SETTLED} checks {settled:.1f} MiB",
            )


def _run(store: Store, checks: int) -> list[float]:
    url = store.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", __name__, url, str(checks)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(word) for word in done.stdout.splitlines()[-1].split()]


def _queue(connection: sa.Connection, which: sa.ColumnElement[bool]) -> None:
    chosen = sa.select(behavior.c.id).where(which)
    connection.execute(sa.insert(to_judge).from_select(["behavior_id"], chosen))


def _check(url: str, checks: int) -> None:
    """Check once and print the peak, or often and print what is resident early and at last."""
    store, settings = Store(url), Settings()
    found = []
    for number in range(1, checks + 1):
        if checks > 1:
            first = number * _CHANGED
            with store.writing() as connection:
                _queue(connection, behavior.c.id.between(first, first + _CHANGED - 1))
        check(store, settings, NOW)
        if number == _SETTLED:
            found.append(resident())
    found.append(resident(peak=checks == 1))
    store.close()
    print(*found)


if __name__ == "__main__":
    _check(sys.argv[1], int(sys.argv[2]))

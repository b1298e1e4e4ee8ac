"""Memory: the peak of a process that pulls, against one that pulls a tenth of the rows.

Run as a module, it is that process: `python -m tests.bench.memory URL FILE`.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from monitor.store import Store
from tests.bench.measurement import Measurement, resident
from tests.bench.places import Places, checks


def measure(places: Places) -> Iterator[Measurement]:
    """Pull a tenth of the rows, then all of them."""
    for kind in places.stores:
        few, many = (_peak(places, kind, rows) for rows in (places.rows // 10, places.rows))
        yield Measurement(
            "memory while pulling 10 times the rows",
            kind,
            "≤ 1.1 ×",
            many / few,
            1.1,
            f"{many:.0f} MiB at {places.rows:,} rows",
            f"{few:.0f} MiB at {places.rows // 10:,} rows",
        )


def _peak(places: Places, kind: str, rows: int) -> float:
    path = places.delivery(rows)
    with places.store(kind) as store:
        url = store.engine.url.render_as_string(hide_password=False)
        command = [sys.executable, "-m", __name__, url, str(path)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def _pull(url: str, path: Path) -> None:
    from tests.bench.pulling import pulled

    store = Store(url)
    pulled(store, checks(path))
    store.close()
    print(resident(peak=True))


if __name__ == "__main__":
    _pull(sys.argv[1], Path(sys.argv[2]))

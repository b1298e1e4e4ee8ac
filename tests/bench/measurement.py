"""A measurement: one figure, what it is compared with, and the bar it is held to."""

import re
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HEADER = """\
| work | store | bar | measured | ours | compared with | met |
|---|---|---|---|---|---|---|"""


@dataclass(frozen=True, slots=True)
class Measurement:
    """A row of the printed table; `bar` is the greatest `value` that meets it, None for no bar.

    A speed-up ("≥ 50 × faster") has `at_least` set: there the bar is the least value.
    """

    work: str
    store: str
    said: str
    value: float
    bar: float | None
    ours: str
    other: str
    unit: str = "×"
    at_least: bool = False

    def __str__(self) -> str:
        digits = 0 if self.value >= 100 else 2
        cells = (
            self.work,
            self.store,
            self.said,
            f"{self.value:,.{digits}f} {self.unit}",
            self.ours,
            self.other,
            self._met(),
        )
        return f"| {' | '.join(cells)} |"

    def _met(self) -> str:
        if self.bar is None:
            return "—"
        met = self.value >= self.bar if self.at_least else self.value <= self.bar
        return "yes" if met else "**no**"


class Stopwatch:
    """Seconds of what ran under `running`, one entry a run."""

    def __init__(self) -> None:
        self.runs: list[float] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        """Time the block."""
        begun = time.perf_counter()
        yield
        self.runs.append(time.perf_counter() - begun)

    @property
    def best(self) -> float:
        """The run that other work on the machine disturbed least."""
        return min(self.runs)

    @property
    def median(self) -> float:
        """The middle run."""
        return statistics.median(self.runs)

    def __str__(self) -> str:
        return f"{self.best:.3f} s" if self.best < 10 else f"{self.best:.1f} s"


def resident(*, peak: bool = False) -> float:
    """MiB of this process that are in memory, or were at most; as Linux counts them.

    getrusage would count the parent's before the exec.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    name = "VmHWM" if peak else "VmRSS"
    (found,) = re.findall(rf"{name}:\s+(\d+) kB", status)
    return int(found) / 1024

"""Progress on a terminal, gone when it is done; silent where standard error is not one."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Column
from rich.text import Text

from jobs.step import Step

Row = TypeVar("Row")

_ROWS_AT_ONCE = 1000
_FEW = 4
"""After so many parts the time that all will take is told."""
_A_MINUTE = 60


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show that `what` is going on."""
    with Console(stderr=True).status(what):
        yield


@contextmanager
def counting(what: str, of: int | None = None) -> Iterator[Callable[[str, int], None]]:
    """Show rows as they come in, a line for each name; gives the function that takes them.

    `of` is how many each name will have, where that is known.
    """
    console = Console(stderr=True)
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<24}"),
        BarColumn(bar_width=18),
        TextColumn("{task.completed:>9,.0f} " + what),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    tasks = {}
    with progress:

        def count(name: str, rows: int) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=of)
            progress.advance(tasks[name], rows)

        yield count


def counted(rows: Iterable[Row], name: str, count: Callable[[str, int], None]) -> Iterator[Row]:
    """The rows, counted under `name` as they pass."""
    passed = 0
    for row in rows:
        yield row
        passed += 1
        if passed == _ROWS_AT_ONCE:
            count(name, passed)
            passed = 0
    count(name, passed)


def foretold(
    parts: Iterable[Row], size: Callable[[Row], int], of: int, tell: Callable[[str], None]
) -> Iterator[Row]:
    """The parts as they are done; after the first few tells how long so much as `of` takes.

    `size` is what a part takes time by. The first part, which pays for what is loaded and counted
    beforehand, is no measure for the others.
    """
    begun, first, done = monotonic(), 0.0, 0
    number = 0
    for number, part in enumerate(parts, start=1):
        yield part
        if number == 1:
            first, begun = monotonic() - begun, monotonic()
            continue
        done += size(part)
        if number == _FEW:
            tell(lasting(first + (monotonic() - begun) / done * of))
    if 1 < number < _FEW:
        tell(lasting(first + (monotonic() - begun) / done * of))


def notice(text: str) -> None:
    """Say something on standard error, beside what a program may read on standard output."""
    print(text, file=sys.stderr)  # a bar that is shown stays below it


def lasting(seconds: float) -> str:
    """A stretch of time as people say it."""
    if seconds < 1:
        return "less than a second"
    if seconds < _A_MINUTE:
        return f"about {seconds:.0f} s"
    return f"about {seconds / _A_MINUTE:.0f} min"


class PullBars:
    """A line for each source that is being pulled: how far, how many rows, how fast.

    Steps may come from several threads, those of one source from one.
    """

    def __init__(self, console: Console) -> None:
        name = Column(overflow="ellipsis", no_wrap=True)
        self.progress = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}", table_column=name),
            BarColumn(bar_width=14),
            _Share(),
            TextColumn("{task.fields[rows]:>9,} rows"),
            _Rate(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._rows: dict[str, int] = {}

    def step(self, step: Step) -> None:
        """Show that a batch landed, or that a pull begins."""
        rows = self._rows[step.source] = self._rows.get(step.source, 0) + step.rows
        if step.source not in self._tasks:
            # without a total the bar only moves
            self._tasks[step.source] = self.progress.add_task(
                step.source, total=None, rows=0, failed=False
            )
        self.progress.update(self._tasks[step.source], rows=rows)
        if step.share is not None:
            self.progress.update(self._tasks[step.source], total=1, completed=step.share)

    def ended(self, source: str, *, failed: bool = False) -> None:
        """Show that a source's pull is over, and whether something could not be read."""
        if source in self._tasks:
            self.progress.update(self._tasks[source], total=1, completed=1, failed=failed)


@contextmanager
def pulling() -> Iterator[PullBars]:
    """Show how far the pulls are."""
    bars = PullBars(Console(stderr=True))
    with bars.progress:
        yield bars


class _Share(ProgressColumn):
    """How much of the whole is read, where that is known; of what failed, that it did."""

    def get_table_column(self) -> Column:
        return Column(no_wrap=True, justify="right", min_width=6)

    def render(self, task: Task) -> Text:
        if task.fields["failed"]:
            return Text("failed", "red")
        known = task.total is not None
        return Text(f"{task.percentage:3.0f} %" if known else "", "progress.percentage")


class _Rate(ProgressColumn):
    """Rows a second since the pull began."""

    def get_table_column(self) -> Column:
        return Column(no_wrap=True, justify="right", min_width=9)

    def render(self, task: Task) -> Text:
        seconds = task.finished_time or task.elapsed
        rows = int(task.fields["rows"])
        return Text(f"{rows / seconds:,.0f}/s" if rows and seconds else "", "progress.data.speed")

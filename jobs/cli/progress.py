"""Progress on a terminal, gone when it is done; silent where standard error is not one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


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

"""Lookahead: the next item is made in a thread of its own while the one before is worked on."""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

Item = TypeVar("Item")


@contextmanager
def lookahead(
    items: Generator[Item], alive: Callable[[], None], every: timedelta
) -> Iterator[Iterator[Item]]:
    """The items in their order; one is made ahead of the one that was asked for, no more.

    What `items` raises is raised where its next item would have been. `alive` is called in the
    thread that waits for an item, each time that `every` has passed. In the end `items` is closed,
    in the thread that it ran in; that waits for the item in hand.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="lookahead") as thread:
        try:
            yield _handed_out(items, thread, alive, every)
        finally:
            thread.submit(items.close).result()


def _handed_out(
    items: Generator[Item], thread: ThreadPoolExecutor, alive: Callable[[], None], every: timedelta
) -> Iterator[Item]:
    coming = thread.submit(next, items, None)
    while (item := _made(coming, alive, every)) is not None:
        coming = thread.submit(next, items, None)
        yield item


def _made(coming: Future[Item | None], alive: Callable[[], None], every: timedelta) -> Item | None:
    while not wait([coming], every.total_seconds()).done:
        alive()
    return coming.result()

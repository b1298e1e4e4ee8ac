"""Lookahead: one item ahead, in order, with its errors, and closed where it ran."""

import threading
from collections.abc import Generator
from datetime import timedelta

import pytest

from monitor.sources.lookahead import lookahead

LONG = timedelta(minutes=1)


class OutOfItemsError(Exception):
    """Raised by items that end badly."""


def nothing() -> None:
    """There is nobody to tell."""


def test_items_come_in_their_order_and_one_is_made_ahead() -> None:
    made: list[int] = []
    ahead = threading.Semaphore(0)

    def items() -> Generator[int]:
        for number in range(1, 5):
            made.append(number)
            ahead.release()
            yield number

    with lookahead(items(), nothing, LONG) as found:
        assert next(found) == 1
        for _ in range(2):
            assert ahead.acquire(timeout=60)
        assert made == [1, 2]
        assert list(found) == [2, 3, 4]


def test_an_error_comes_after_the_items_before_it() -> None:
    def items() -> Generator[int]:
        yield 1
        raise OutOfItemsError

    with lookahead(items(), nothing, LONG) as found:
        assert next(found) == 1
        with pytest.raises(OutOfItemsError):
            next(found)


def test_items_that_nobody_wants_any_more_are_closed_in_their_thread() -> None:
    threads: list[str] = []

    def items() -> Generator[int]:
        try:
            threads.append(threading.current_thread().name)
            yield from range(100)
        finally:
            threads.append(threading.current_thread().name)

    with lookahead(items(), nothing, LONG) as found:
        next(found)
    assert len(threads) == 2
    assert len({*threads, threading.current_thread().name}) == 2


def test_who_waits_for_an_item_is_told_that_it_takes_long() -> None:
    told = threading.Semaphore(0)

    def items() -> Generator[int]:
        for _ in range(3):
            assert told.acquire(timeout=60)
        yield 1

    with lookahead(items(), told.release, timedelta(milliseconds=1)) as found:
        assert list(found) == [1]

"""A closing that is killed seals nothing; of two at once one seals."""

import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa

from jobs.check import check
from monitor.config import Settings
from monitor.ledger import seals, verification
from monitor.store import Store
from monitor.store.tables import statement
from tests.expectations.test_own_suites import GOOD, of, write
from tests.ledger.book import A, B, Book, china

NOW = china("2022-02-12T09:00")
MOMENTS = (
    ("before", "INSERT INTO seal"),
    ("after", "INSERT INTO seal"),
    ("before", "INSERT INTO statement"),
    ("after", "INSERT INTO statement"),
    ("commit", "2"),
)
"""When a closing is killed: around a statement, or as the second transaction is to commit."""


@pytest.fixture(scope="module")
def checker() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that checks when it is told to, each time in a process that may die."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.jobs.killed_check"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        yield process
        assert process.stdin is not None
        pickle.dump((), process.stdin)
        process.stdin.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an office that judges by one rule: what takes time is not what is killed here."""
    write(tmp_path, GOOD, stem="check", replaces_suite=True)
    for name in ("punish", "force", "other"):
        write(tmp_path, stem=name, name=name, replaces_suite=True)
    return of(tmp_path)


@pytest.fixture
def url(store: Store, settings: Settings) -> str:
    """The URL of a store in which two departments have something to seal.

    Its rules were judged before the close, so that whoever checks it then has none to resolve.
    """
    book = Book(store, [A, B], rules=False)
    book.record(party_name="示范公司")
    book.record(owner=B, status="draft", submitted=None)
    book.commit()
    check(store, settings, china("2022-02-10T09:00"))
    return store.engine.url.render_as_string(hide_password=False)


def sealed(store: Store) -> tuple[list[str], int]:
    """The sealed months, each as often as it is in the chain, and how many states are frozen."""
    with store.reading() as connection:
        assert verification.verify(connection).broken == ()
        months = [str(each.month) for each in seals.read(connection)]
        frozen = sa.select(sa.func.count()).where(statement.c.sealed_state.is_not(None))
        return months, connection.scalar(frozen) or 0


def test_killed_closings_seal_nothing_and_two_at_once_then_make_one_seal(
    store: Store, settings: Settings, url: str, checker: "subprocess.Popen[bytes]"
) -> None:
    assert checker.stdin is not None
    assert checker.stdout is not None
    for moment in MOMENTS:
        pickle.dump((url, settings, NOW, *moment), checker.stdin)
        checker.stdin.flush()
        assert int(checker.stdout.readline()) == signal.SIGKILL
        assert sealed(store) == ([], 0)
    begin = Barrier(2)

    def close(_: int) -> None:
        own = Store(url)
        begin.wait()
        check(own, settings, NOW)
        own.close()

    with ThreadPoolExecutor(2) as two:
        list(two.map(close, range(2)))
    assert sealed(store) == (["2022-01"], 3)

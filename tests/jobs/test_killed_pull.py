"""A pull that is killed at any step loses nothing and doubles nothing: the next one ends it."""

import os
import pickle
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from monitor.config import FilesSource
from monitor.store import Store, tables
from monitor.words import Feed
from tests.sources.deliveries import check_row, files, pulled, write_csv
from tests.sources.landed import BESIDE, contents

FIRST = [check_row(number, cd_operation="i") for number in range(1, 9)]
SECOND = [
    *(check_row(number, cd_operation="u", 检查结果="02", 状态="退回") for number in (1, 2)),
    *(check_row(number, cd_operation="d") for number in (3, 4)),
    check_row(5, cd_operation="u"),
    *(check_row(number, cd_operation="i", 检查时间="某日") for number in (9, 10, 11)),
]


TABLES = (
    *BESIDE,
    tables.behavior,
    tables.cursor,
    tables.run,
    tables.lease,
    tables.source_count,
)
"""What a pull writes."""


class Puller:
    """A process that pulls when it is told to, each time in a process that may die."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def pull(self, url: str, source: FilesSource, now: datetime, die_at: int) -> int:
        """The signal that ended the pull, 0 for none."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        pickle.dump((url, source, now, die_at), self._process.stdin)
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@pytest.fixture
def puller() -> Iterator[Puller]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.jobs.killed_pull"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"POLARS_MAX_THREADS": "1"},  # more take longer to begin than to work
    ) as process:
        yield Puller(process)
        assert process.stdin is not None
        pickle.dump((), process.stdin)
        process.stdin.close()


def source_of(folder: Path) -> FilesSource:
    return files(
        folder / "inbox" / "*.csv",
        archive=str(folder / "taken"),
        status={"column": "状态"},
        batch_rows=4,
    )


def deliver(folder: Path, name: str, rows: list[dict[str, str]]) -> None:
    write_csv(folder / "inbox" / name, [{"状态": "通过", **row} for row in rows])


class Before:
    """What is in the store and in the folder, to begin again from."""

    def __init__(self, store: Store, folder: Path, kept: Path) -> None:
        self._store = store
        self._folder = folder
        self._kept = shutil.copytree(folder, kept)
        with store.reading() as connection:
            self._rows = [
                (table, [row._asdict() for row in connection.execute(sa.select(table))])
                for table in TABLES
            ]

    def again(self) -> None:
        """Make everything as it was."""
        shutil.rmtree(self._folder)
        shutil.copytree(self._kept, self._folder)
        with self._store.writing() as connection:
            for table, rows in self._rows:
                connection.execute(sa.delete(table))
                if rows:
                    connection.execute(sa.insert(table), rows)


def truth(store: Store, folder: Path) -> tuple[Any, ...]:
    """What landed, how far the source was read, and where its files are."""
    with store.reading() as connection:
        cursors = sa.select(tables.cursor.c.key, tables.cursor.c.value)
        read = [tuple(row) for row in connection.execute(cursors.order_by("key"))]
        leases = connection.scalar(sa.select(sa.func.count()).select_from(tables.lease))
        open_runs = connection.scalar(
            sa.select(sa.func.count()).where(tables.run.c.outcome == "running")
        )
    where = sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )
    return contents(store, Feed.CHECK), read, leases, open_runs, where


def test_a_pull_that_is_killed_at_any_step_is_ended_by_the_next(
    store: Store, tmp_path: Path, now: datetime, puller: Puller
) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    folder = tmp_path / "delivered"
    source = source_of(folder)
    deliver(folder, "a.csv", FIRST)
    assert pulled(store, source, now).error is None
    deliver(folder, "b.csv", SECOND)
    before = Before(store, folder, tmp_path / "kept")

    assert pulled(store, source, now).error is None
    expected = truth(store, folder)
    assert len(expected[0]["behavior"]) == 11
    assert expected[-1] == ["taken/a.csv", "taken/b.csv"]

    step, died = 0, signal.SIGKILL.value
    while died == signal.SIGKILL:
        step += 1
        before.again()
        died = puller.pull(url, source, now, step)
        assert pulled(store, source, now).error is None
        assert truth(store, folder) == expected, f"killed at step {step}"
    assert died == 0
    assert step > 30, "there were fewer steps than landing two batches takes"

"""Reading again what was read before (补采): nothing doubles, and no cursor goes back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.pull import PullReport, pull_source
from monitor.config import HttpSource, SourceSettings
from monitor.sources.land import table_of
from monitor.store import Store, tables
from tests.servers.records import SHAPES, RecordsService, record
from tests.sources.deliveries import check_row, files, rows_of, write_csv
from tests.sources.exchange import create, insert, source

SINCE = date(2022, 1, 20)


@dataclass
class Delivered:
    """A source of three records, and what delivers a fourth behind the others."""

    source: SourceSettings
    late: Any


@contextmanager
def files_of(folder: Path) -> Iterator[Delivered]:
    write_csv(folder / "in" / "b.csv", [check_row(n) for n in (1, 2, 3)])
    yield Delivered(
        files(folder / "in" / "*.csv", settle="0s"),
        lambda: write_csv(folder / "in" / "a.csv", [check_row(4)]),
    )


@contextmanager
def table_by_time(folder: Path) -> Iterator[Delivered]:
    url = f"sqlite:///{folder / 'exchange.db'}"
    create(url)
    insert(url, *((n, f"2022-01-2{n} 09:00:00", "01") for n in (1, 2, 3)))
    yield Delivered(
        source(url, cursor="cd_time", batch_rows=2),
        lambda: insert(url, (4, "2022-01-20 09:00:00", "01")),
    )


@contextmanager
def table_by_number(folder: Path) -> Iterator[Delivered]:
    url = f"sqlite:///{folder / 'exchange.db'}"
    create(url, "INTEGER")
    insert(url, *((n, n * 10_000, "01") for n in (1, 2, 3)))
    yield Delivered(
        source(url, cursor="cd_time", overlap_rows=1),
        lambda: insert(url, (4, 9_000, "01")),
    )


@contextmanager
def service(_folder: Path) -> Iterator[Delivered]:
    shape = next(shape for shape in SHAPES.values() if "since_param" in shape.settings)
    made = RecordsService(shape, [record(number) for number in (1, 2, 3)])
    with made.running():
        yield Delivered(
            HttpSource.model_validate(made.source()),
            lambda: made.records.insert(0, record(4, updatedAt="2022-01-20 08:00:00")),
        )


KINDS = {
    "files": files_of,
    "table-by-time": table_by_time,
    "table-by-number": table_by_number,
    "service": service,
}


@pytest.fixture(params=KINDS)
def delivered(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Delivered]:
    """A source of each kind."""
    with KINDS[request.param](tmp_path) as made:
        yield made


def pulled(store: Store, of: Delivered, now: datetime, **again: Any) -> PullReport:
    report = pull_source(store, of.source, now, **again)
    assert report.error is None
    return report


def landed(store: Store, of: Delivered) -> list[dict[str, Any]]:
    """The records as they are in the store, whole."""
    return rows_of(store, table_of(of.source.feed))


def cursors(store: Store) -> dict[str, str]:
    return {row["key"]: row["value"] for row in rows_of(store, tables.cursor)}


@pytest.mark.parametrize("again", [{"everything": True}, {"since": SINCE}], ids=["all", "since"])
def test_what_is_read_again_doubles_nothing_and_moves_no_cursor(
    store: Store, delivered: Delivered, now: datetime, again: dict[str, Any]
) -> None:
    assert pulled(store, delivered, now).landed == 3
    before, at = landed(store, delivered), cursors(store)
    later = now + timedelta(hours=1)
    report = pulled(store, delivered, later, **again)
    assert (report.landed, report.unchanged) == (0, report.read)
    assert (landed(store, delivered), cursors(store)) == (before, at)
    assert pulled(store, delivered, later).landed == 0


def test_everything_is_every_record(store: Store, delivered: Delivered, now: datetime) -> None:
    pulled(store, delivered, now)
    report = pulled(store, delivered, now, everything=True)
    assert (report.read, report.unchanged) == (3, 3)


@pytest.mark.parametrize("again", [{"everything": True}, {"since": SINCE}], ids=["all", "since"])
def test_what_came_late_behind_the_cursor_lands_once(
    store: Store, delivered: Delivered, now: datetime, again: dict[str, Any]
) -> None:
    pulled(store, delivered, now)
    at = cursors(store)
    delivered.late()
    assert pulled(store, delivered, now, **again).landed == 1
    assert len(landed(store, delivered)) == 4
    assert cursors(store).items() >= at.items(), "no cursor is further back than it was"
    assert pulled(store, delivered, now).landed == 0


def test_columns_that_are_mapped_anew_are_so_in_every_record_that_has_a_version(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    rows = [check_row(n, cd_time="2022-01-25 09:00:00") for n in range(1, 21)]
    for row in rows:
        row["名目"] = row.pop("检查行为名称")
        row["检查日"] = row.pop("检查时间")
    path = write_csv(tmp_path / "a.csv", rows)
    mapped = {"名目": "action_name"}
    pull_source(store, files(path), now)
    assert {row["action_name"] for row in rows_of(store)} == {None}
    for columns in (mapped, mapped | {"检查日": "occurred_on"}):
        pull_source(store, files(path, columns=columns), now)
        pull_source(store, files(path, columns=columns), now, everything=True)
    found = [(row["action_name"], row["occurred_on"]) for row in rows_of(store)]
    assert found == [("示范日常检查", date(2022, 1, 25))] * len(rows)


def test_what_was_malformed_as_it_was_read_is_read_anew(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    rows = [
        check_row(n, cd_time="2022-01-25 09:00:00", 状态="办结一" if n % 2 else "办结")
        for n in range(1, 21)
    ]
    path = write_csv(tmp_path / "a.csv", rows)
    pull_source(store, files(path, status={"column": "状态"}), now)
    assert {row["status"] for row in rows_of(store)} == {"pending"}
    words = {"办结": "accepted", "办结一": "accepted"}
    pull_source(store, files(path, status={"column": "状态", "map": words}), now)
    assert {(row["status"], row["malformed"]) for row in rows_of(store)} == {("accepted", None)}

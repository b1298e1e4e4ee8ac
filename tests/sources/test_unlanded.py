"""Rows that can't land are kept apart until they come right: nothing delivered is dropped."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from jobs.pull import pull_source
from monitor.config import FilesSource, Settings, SqlSource
from monitor.sources import unlanded
from monitor.sources.state import source_states
from monitor.store import Store, tables
from monitor.words import Feed
from tests.sources.deliveries import FEEDS, credit_code, files, pulled, rows_of, write_csv

HOUR = timedelta(hours=1)
CODES = [credit_code(f"11500112DEM00000{number}") for number in range(1, 5)]


def row(number: int, **cells: str) -> dict[str, str]:
    own = {"统一社会信用代码": CODES[number], "部门名称": f"示范{number}局"}
    return own | cells


def kept(store: Store, source: str = "files") -> list[tuple[str, tuple[str, ...]]]:
    with store.reading() as connection:
        found = unlanded.read(connection, [source])
    return [(str(each.row), each.row.lacking) for each in found]


@pytest.fixture
def departments(tmp_path: Path) -> FilesSource:
    return files(tmp_path / "*.csv", Feed.DEPARTMENT)


def test_a_row_without_its_key_is_kept_as_it_was_delivered(
    store: Store, tmp_path: Path, departments: FilesSource, now: datetime
) -> None:
    write_csv(tmp_path / "a.csv", [row(0, 别的="示范"), row(1, 统一社会信用代码="", 别的="示范")])
    pulled(store, departments, now)
    with store.reading() as connection:
        (found,) = unlanded.read(connection, ["files"])
        (state,) = source_states(connection, Settings(source=(departments,)), now)
    assert (str(found.row), found.row.lacking) == ("a.csv row 3", ("code",))
    assert found.cells == {"部门名称": "示范1局", "别的": "示范"}
    assert (found.first_seen_at, found.last_seen_at) == (now, now)
    assert state.unlanded == 1
    assert any("1 row is kept apart" in warning for warning in state.warnings)


def test_it_goes_when_its_file_is_mended_and_stays_while_the_file_is_as_it_was(
    store: Store, tmp_path: Path, departments: FilesSource, now: datetime
) -> None:
    path = write_csv(tmp_path / "a.csv", [row(0), row(1, 统一社会信用代码="")])
    pulled(store, departments, now)
    pulled(store, departments, now + HOUR)
    assert kept(store) == [("a.csv row 3", ("code",))]
    write_csv(tmp_path / "b.csv", [row(2)])
    write_csv(path, [row(0), row(3), row(1, 统一社会信用代码="")])
    pulled(store, departments, now + HOUR)
    assert kept(store) == [("a.csv row 4", ("code",))]
    write_csv(path, [row(0), row(3), row(1)])
    pulled(store, departments, now + 2 * HOUR)
    assert kept(store) == []
    assert len(rows_of(store, tables.department)) == 4


def test_a_file_that_was_not_read_to_its_end_takes_nothing_away(
    store: Store, tmp_path: Path, departments: FilesSource, now: datetime
) -> None:
    path = tmp_path / "a.csv"
    write_csv(path, [row(0), row(1, 统一社会信用代码="")])
    pulled(store, departments, now)
    write_csv(path, [row(0)])
    path.write_text(path.read_text() + '"never closed')
    assert pulled(store, departments, now + HOUR).error is not None
    assert kept(store) == [("a.csv row 3", ("code",))]


def test_it_goes_when_its_record_lands_from_wherever(
    store: Store, tmp_path: Path, departments: FilesSource, now: datetime
) -> None:
    write_csv(tmp_path / "a.csv", [row(1, 部门名称="")])
    pulled(store, departments, now)
    assert kept(store) == [("a.csv row 2", ("name",))]
    write_csv(tmp_path / "b.csv", [row(1)])
    pulled(store, departments, now + HOUR)
    assert kept(store) == []


def test_a_row_that_a_later_one_of_the_same_delivery_puts_right_is_none(
    store: Store, tmp_path: Path, departments: FilesSource, now: datetime
) -> None:
    said = [row(1, cd_id="1", 部门名称=""), row(1, cd_id="1"), row(2, cd_id="2")]
    write_csv(tmp_path / "a.csv", [*said, row(2, cd_id="2", 部门名称="")])
    report = pulled(store, departments, now)
    assert kept(store) == [("a.csv row 5", ("name",))]
    assert report.warnings == (
        "1 row can't land without what the feed department is known by: a.csv row 5",
    )


def test_when_it_was_first_seen_stays_however_often_it_is_delivered(
    store: Store, tmp_path: Path, departments: FilesSource, now: datetime
) -> None:
    write_csv(tmp_path / "a.csv", [row(1, 统一社会信用代码="")])
    pulled(store, departments, now)
    pull_source(store, departments, now + HOUR, everything=True)
    (found,) = rows_of(store, tables.unlanded)
    assert (found["first_seen_at"], found["last_seen_at"]) == (now, now + HOUR)


def test_in_a_database_it_goes_once_all_was_read_without_it(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    front = tmp_path / "front.db"
    engine = sa.create_engine(f"sqlite:///{front}")

    def execute(statement: str) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)

    execute("CREATE TABLE bm (number INTEGER, 统一社会信用代码 TEXT, 部门名称 TEXT)")
    execute(f"INSERT INTO bm VALUES (1, '{CODES[0]}', '示范局'), (2, NULL, '示范二局')")
    settings: dict[str, Any] = {"name": "front", "feed": "department", "kind": "sql"}
    settings |= {"url": f"sqlite:///{front}", "table": "bm"}
    by_number = SqlSource.model_validate(settings | {"cursor": "number", "overlap_rows": 0})
    assert pulled(store, by_number, now).error is None
    execute(f"UPDATE bm SET number = 3, 统一社会信用代码 = '{CODES[1]}' WHERE number = 2")
    assert pulled(store, by_number, now + HOUR).landed == 1
    assert [where for where, _ in kept(store, "front")] == ["bm row 2"]
    pull_source(store, by_number, now + 2 * HOUR, everything=True)
    assert kept(store, "front") == []
    execute("INSERT INTO bm VALUES (4, '', '示范三局')")
    whole = SqlSource.model_validate(settings)
    pulled(store, whole, now + 3 * HOUR)
    assert len(kept(store, "front")) == 1
    execute("DELETE FROM bm WHERE number = 4")
    pulled(store, whole, now + 4 * HOUR)
    assert kept(store, "front") == []


def test_a_licence_in_a_case_list_is_kept(store: Store, tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "a.csv"
    write_csv(path, [FEEDS[Feed.EXPECTED] | {"行为类别": "行政许可"}])
    pulled(store, files(path, Feed.EXPECTED), now)
    assert kept(store) == [("a.csv row 2", ("kind",))]

"""A front-end database is read in its cursor's order, and what is wrong with it is explained."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import stamina
from structlog.testing import capture_logs

from monitor.config import SqlSource
from monitor.store import Store, tables
from tests.sources.deliveries import check_row, pulled, rows_of

HEADERS = ("cd_id", "cd_time", "supervise_item_implement_code", "supervise_item_check_icode",
           "check_action_name", "checkActionCode", "supervise_object", "administrative_cp",
           "check_result", "check_date")  # fmt: skip
TABLE = "tr_t_jgxw_check_action"


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def exchange(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a front-end database with the table of checks, on each database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'exchange.db'}"
    else:
        name = {"postgresql": "postgres_url", "mariadb": "mariadb_url"}[request.param]
        url = request.getfixturevalue(name)
    execute(
        url,
        f"""CREATE TABLE {TABLE} (cd_time TIMESTAMP, {
            ", ".join(f"{name} VARCHAR(200)" for name in HEADERS if name != "cd_time")
        })""",
    )
    return str(url)


def execute(url: str, statement: str, *rows: dict[str, Any]) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text(statement), rows or None)
    engine.dispose()


def insert(url: str, *rows: tuple[int, str | None, str]) -> None:
    """Insert checks: number, cd_time and result."""
    names = ", ".join(HEADERS)
    places = ", ".join(f":{name}" for name in HEADERS)
    values = [
        {
            "cd_id": f"c{number}",
            "cd_time": datetime.fromisoformat(at) if at else None,
            "supervise_item_implement_code": "50011200000001",
            "supervise_item_check_icode": None,
            "check_action_name": "示范检查",
            "checkActionCode": f"示检{number}",
            "supervise_object": check_row()["监管对象"],
            "administrative_cp": check_row()["行政相对人"],
            "check_result": result,
            "check_date": "2022-09-31",
        }
        for number, at, result in rows
    ]
    for value in values:
        execute(url, f"INSERT INTO {TABLE} ({names}) VALUES ({places})", value)


def source(url: str, **more: Any) -> SqlSource:
    settings: dict[str, Any] = {"name": "exchange", "feed": "check", "kind": "sql", "url": url}
    settings |= {"status": "accepted", "attempts": 1}
    what = {} if "query" in more else {"table": TABLE}
    return SqlSource.model_validate(settings | what | more)


def test_rows_land_in_batches_and_only_new_ones_are_read_again(
    store: Store, exchange: str, now: datetime
) -> None:
    insert(exchange, *((n, f"2022-01-2{n} 09:00:00", "01") for n in (3, 1, 2, 5, 4)))
    reads = source(exchange, cursor="cd_time", batch_rows=2)
    first = pulled(store, reads, now)
    assert (first.read, first.landed, first.malformed, first.error) == (5, 5, 5, None)
    assert [row["action_code"] for row in rows_of(store)] == [f"示检{n}" for n in range(1, 6)]
    assert pulled(store, reads, now).read == 1, "the overlap's rows"
    insert(exchange, (6, "2022-01-25 08:55:00", "01"), (7, "2022-01-24 08:00:00", "01"))
    again = pulled(store, reads, now)
    assert (again.read, again.landed, again.unchanged) == (2, 1, 1)


def test_rows_without_a_cursors_value_are_read_each_time(
    store: Store, exchange: str, now: datetime
) -> None:
    insert(exchange, (1, None, "01"), (2, "2022-01-25 09:00:00", "01"))
    reads = source(exchange, cursor="cd_time", overlap="1s")
    assert pulled(store, reads, now).landed == 2
    insert(exchange, (3, None, "01"), (4, "2022-01-26 09:00:00", "01"))
    assert pulled(store, reads, now).landed == 2


def test_a_query_may_hold_colons_and_end_in_a_semicolon(
    store: Store, exchange: str, now: datetime
) -> None:
    insert(exchange, (1, "2022-01-25 09:00:00", "01"), (2, "2022-01-26 09:00:00", "01"))
    query = f"SELECT * FROM {TABLE} WHERE cd_time > '2022-01-25 10:00:00' AND cd_id <> ':id';"
    reads = source(exchange, query=query, cursor="cd_time")
    assert pulled(store, reads, now).landed == 1
    assert pulled(store, reads, now).unchanged == 1


def test_a_row_that_changes_without_a_cursor_is_seen(
    store: Store, exchange: str, now: datetime
) -> None:
    insert(exchange, (1, "2022-01-25 09:00:00", "01"))
    pulled(store, source(exchange), now)
    execute(exchange, f"UPDATE {TABLE} SET check_result = '02', cd_time = '2022-01-26 09:00:00'")
    report = pulled(store, source(exchange), now)
    assert (report.read, report.landed) == (1, 1)
    assert rows_of(store)[0]["check_result"] == "02"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"table": "nowhere"}, "nowhere"),
        ({"cursor": "cd_tme"}, "cd_tme"),
        ({"query": "SELEC 1"}, "syntax"),
        ({"query": "SELECT 1 AS a, 2 AS b"}, "query: no header row of feed check"),
    ],
)
def test_a_wrong_table_or_query_is_explained(
    store: Store, exchange: str, now: datetime, wrong: dict[str, str], said: str
) -> None:
    error = pulled(store, source(exchange, **wrong), now).error
    assert error is not None
    assert said in error


def test_a_database_that_is_not_there_is_not_made(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    path = tmp_path / "none.db"
    report = pulled(store, source(f"sqlite:///{path}"), now)
    assert report.error == f"expected a database {path}, found none"
    assert not path.exists()


def test_the_password_is_in_no_message(store: Store, now: datetime) -> None:
    url = "postgresql+psycopg://reader:s3cret-word@127.0.0.1:1/exchange"
    with stamina.set_testing(True, attempts=2), capture_logs() as log:
        report = pulled(store, source(url), now)
    assert [entry["event"] for entry in log].count("stamina.retry_scheduled") == 1
    assert report.error is not None
    assert report.error.startswith("postgresql+psycopg://127.0.0.1:1/exchange: ")
    with store.reading() as connection:
        kept = connection.execute(sa.select(tables.run)).mappings().one()
    assert "s3cret-word" not in f"{report} {dict(kept)} {log}"


def test_a_driver_that_is_not_installed_is_named(store: Store, now: datetime) -> None:
    report = pulled(store, source("dm+dmPython://reader:word@127.0.0.1/exchange"), now)
    assert report.error is not None
    assert "no driver for dm+dmPython is installed" in report.error


def test_a_query_that_takes_too_long_is_cut_off(
    store: Store, postgres_url: str, now: datetime
) -> None:
    slow = "SELECT pg_sleep(600), 1 AS cd_id"
    report = pulled(store, source(postgres_url, query=slow, timeout=timedelta(seconds=1)), now)
    assert report.error is not None
    assert "statement timeout" in report.error


def test_a_relative_path_counts_from_the_settings_files_folder(tmp_path: Path) -> None:
    settings = {"name": "exchange", "feed": "check", "kind": "sql", "status": "accepted"}
    given = settings | {"url": "sqlite:///exchange.db", "table": TABLE}
    read = SqlSource.model_validate(given, context={"folder": tmp_path})
    assert read.url.get_secret_value() == f"sqlite:///{tmp_path / 'exchange.db'}"

"""Front-end databases (前置库) of the tests: statements run in them, a table of checks, sources."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor.config import SqlSource
from tests.sources.deliveries import check_row

TABLE = "tr_t_jgxw_check_action"
HEADERS = ("cd_id", "cd_time", "supervise_item_implement_code", "supervise_item_check_icode",
           "check_action_name", "checkActionCode", "supervise_object", "administrative_cp",
           "check_result", "check_date")  # fmt: skip


@contextmanager
def connected(url: str) -> Iterator[sa.Connection]:
    """A connection that may write, committed at the end."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def execute(url: str, *statements: str) -> None:
    """Run the statements as they are."""
    with connected(url) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def name_of(url: str) -> str:
    """Which database it is: sqlite, postgresql or mysql."""
    return sa.make_url(url).get_backend_name()


def create(url: str, cursor: str = "TIMESTAMP", table: str = TABLE) -> None:
    """Make the table of checks, `cd_time` being of the type `cursor`."""
    if cursor == "TIMESTAMP" and name_of(url) == "mysql":
        cursor = "DATETIME"
    texts = ", ".join(f"{quoted(url, name)} VARCHAR(200)" for name in HEADERS if name != "cd_time")
    execute(url, f"CREATE TABLE {table} (cd_time {cursor} NULL, {texts})")


def quoted(url: str, name: str) -> str:
    """The column's name with its capitals kept."""
    return f"`{name}`" if name_of(url) == "mysql" else f'"{name}"'


def insert(url: str, *rows: tuple[int, Any, str], table: str = TABLE) -> None:
    """Insert checks: number, cd_time and result."""
    names = ", ".join(quoted(url, name) for name in HEADERS)
    places = ", ".join(f":{name}" for name in HEADERS)
    values = [
        {
            "cd_id": f"c{number}",
            "cd_time": moment(at),
            "supervise_item_implement_code": "50011200000001",
            "supervise_item_check_icode": None,
            "check_action_name": "示范检查",
            "checkActionCode": f"示检{number}",
            "supervise_object": check_row()["监管对象"],
            "administrative_cp": check_row()["行政相对人"],
            "check_result": result,
            "check_date": "2022-01-12",
        }
        for number, at, result in rows
    ]
    with connected(url) as connection:
        connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)


def moment(at: Any) -> Any:
    """A time out of `2022-01-25 09:00:00`; anything else is left as it is."""
    is_time = isinstance(at, str) and len(at) == 19 and at[10] == " "
    return datetime.fromisoformat(at) if is_time else at


def source(url: str, **more: Any) -> SqlSource:
    """A source of checks, which are accepted; it reads the table unless `query` says otherwise."""
    settings: dict[str, Any] = {"name": "exchange", "feed": "check", "kind": "sql", "url": url}
    settings |= {"status": "accepted", "attempts": 1}
    what = {} if "query" in more else {"table": TABLE}
    return SqlSource.model_validate(settings | what | more)

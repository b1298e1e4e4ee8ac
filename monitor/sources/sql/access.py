"""How each kind of database is opened: for reading only, in one state, and not for ever.

What is China's time stays so: a session's zone is China's, whatever the server's is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from monitor.config import SqlSource
from monitor.errors import SourceError
from monitor.sources.sql import drivers

_OUR_DRIVERS = {"mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
_LONGEST_LANDING = timedelta(minutes=10)
"""How long a server waits while a batch lands, before it takes the reader for dead."""


def _nothing(_connection: Any) -> None:
    """No driver to teach anything."""


def _as_it_is(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Access:
    """One database: its URL, the driver's arguments, and what makes a session.

    `prepare` is told of the driver's connection; `begin` are the session's first statements;
    `plain` reads a value of the cursor's column. `streams` says that SQLAlchemy must ask for a
    cursor on the server, `writes_rows` that the server writes rows as PostgreSQL does. A server
    that works on when its client has gone is told by `kill`, with the session's number as
    `identify` finds it.
    """

    url: sa.URL
    arguments: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    prepare: Callable[[Any], None] = _nothing
    begin: tuple[str, ...] = ()
    plain: Callable[[Any], Any] = _as_it_is
    streams: bool = True
    writes_rows: bool = False
    identify: str | None = None
    kill: str = ""


def url_of(source: SqlSource) -> sa.URL:
    """The source's URL, with our driver where it names none."""
    url = sa.make_url(source.url.get_secret_value())
    return url.set(drivername=_OUR_DRIVERS.get(url.drivername, url.drivername))


def access(source: SqlSource) -> Access:
    """How the source's database is opened.

    Raises SourceError for an SQLite file that isn't there.
    """
    url = url_of(source)
    match url.get_backend_name():
        case "sqlite":
            return _sqlite(url, source.timeout)
        case "postgresql":
            return _postgresql(url, source.timeout)
        case "mysql" | "mariadb":
            return _mysql(url, source.timeout)
        case _:
            return Access(url)


def _sqlite(url: sa.URL, timeout: timedelta) -> Access:
    if url.database and "mode" not in url.query:
        if not Path(url.database).is_file():
            raise SourceError(f"expected a database {url.database}, found none")
        # opened for reading only: a wrong path must not leave an empty database behind
        url = url.set(database=f"file:{quote(url.database)}").update_query_dict(
            {"mode": "ro", "uri": "true"}
        )
    return Access(
        url,
        arguments={"timeout": timeout.total_seconds()},
        prepare=drivers.read_any_text,
        begin=("PRAGMA query_only = ON", "BEGIN"),
        plain=drivers.plain_text,
        streams=False,  # its cursors do by themselves
    )


def _postgresql(url: sa.URL, timeout: timedelta) -> Access:
    """The time-out holds for each FETCH, so a long table may take as long as it takes."""
    seconds = int(timeout.total_seconds())
    arguments: dict[str, Any] = {}
    prepare: Callable[[Any], None] = _nothing
    if url.get_driver_name() in ("psycopg", "psycopg2"):
        # a peer that vanished is given up after as long as a statement may take, more or less
        arguments = {
            "connect_timeout": max(2, seconds),
            "keepalives_idle": max(1, seconds // 2),
            "keepalives_interval": max(1, seconds // 8),
            "keepalives_count": 4,
        }
    if url.get_driver_name() == "psycopg":
        prepare = drivers.read_any_time
    return Access(
        url,
        arguments=_not_in(url, arguments),
        options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
        prepare=prepare,
        begin=(
            f"SET LOCAL statement_timeout = {seconds * 1000}",
            "SET LOCAL TIME ZONE 'Asia/Shanghai'",
            "SET LOCAL DateStyle = 'ISO'",
        ),
        writes_rows=True,
    )


def _mysql(url: sa.URL, timeout: timedelta) -> Access:
    """The time-out holds for each wait on the network.

    max_statement_time (max_execution_time in MySQL) would count the time in which rows are sent,
    and what lands between them: it would end the reading of any long table.
    """
    seconds = int(timeout.total_seconds())
    arguments: dict[str, Any] = {}
    if url.get_driver_name() in ("pymysql", "mysqldb"):
        arguments = {"connect_timeout": seconds, "read_timeout": seconds, "write_timeout": seconds}
    is_ours = url.get_driver_name() == "pymysql"
    if is_ours:
        arguments |= drivers.pymysql_arguments()
    return Access(
        url,
        arguments=_not_in(url, arguments),
        begin=(
            f"SET SESSION net_write_timeout = {int(_LONGEST_LANDING.total_seconds())}",
            *([] if "init_command" in url.query else ["SET SESSION time_zone = '+08:00'"]),
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        ),
        streams=not is_ours,
        identify="SELECT CONNECTION_ID()",
        kill="KILL {}",
    )


def _not_in(url: sa.URL, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that the URL doesn't give itself."""
    return {name: value for name, value in arguments.items() if name not in url.query}

"""A table or query of any database that SQLAlchemy reaches, streamed in the order of its cursor.

The cursor is the greatest value that landed. The next pull begins a little before it (`overlap`):
rows of a transaction that was still open then are older than what had landed. Rows without a value
in the cursor's column are read each time.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa
import stamina

from monitor.config import SqlSource
from monitor.errors import SourceError, SourceUnavailableError
from monitor.sources.batch import Batch, Part, Reading, Start, frame_of
from monitor.sources.columns import Dialect

_TEXT_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d")


def read(source: SqlSource, dialect: Dialect, start: Start) -> Reading:
    """The rows from the cursor on.

    Raises SourceUnavailableError where the database can't be reached or doesn't answer in time, and
    SourceError where it refuses the query.
    """
    url = sa.make_url(source.url.get_secret_value())
    place = source.table or "query"
    with _explained(url), _engine(source, url).connect() as connection:
        _limit(connection, source.timeout)
        streaming = connection.execution_options(
            stream_results=True, max_row_buffer=source.batch_rows
        )
        result = streaming.execute(
            _statement(source, None if start.everything else start.cursors.get(""))
        )
        headers = [*result.keys()]
        at = _position(headers, source.cursor, place)
        layout = dialect.layout(headers, place)
        first = 1
        highest = _value(start.cursors.get(""))
        for rows in result.partitions(source.batch_rows):
            if at is not None:
                highest = _highest([row[at] for row in rows], highest)
            cursor = {} if highest is None else {"": _written(highest)}
            numbers = pl.Series("number", range(first, first + len(rows)), pl.Int64)
            part = Part(place, place, layout, frame_of(headers, rows), numbers)
            yield Batch((part,), cursor)
            first += len(rows)


def _engine(source: SqlSource, url: sa.URL) -> "_Connector":
    if url.get_backend_name() == "sqlite" and url.database and "mode=" not in url.database:
        if not Path(url.database).is_file():
            raise SourceError(f"expected a database {url.database}, found none")
        # opened for reading only: a wrong path must not leave an empty database behind
        url = url.set(database=f"file:{url.database}").update_query_dict(
            {"mode": "ro", "uri": "true"}
        )
    return _Connector(
        sa.create_engine(
            url,
            connect_args=_arguments(source, url),
            poolclass=sa.NullPool,
            hide_parameters=True,
        ),
        source.attempts,
    )


class _Connector:
    """Connects, again and again where the database isn't there yet."""

    def __init__(self, engine: sa.Engine, attempts: int) -> None:
        self._engine = engine
        self._attempts = attempts

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        for attempt in stamina.retry_context(
            on=SourceUnavailableError, attempts=self._attempts, timeout=None
        ):
            with attempt, _explained(self._engine.url):
                connection = self._engine.connect()
        with connection:
            yield connection


def _arguments(source: SqlSource, url: sa.URL) -> dict[str, Any]:
    """The driver's own time-outs, for the drivers that have them."""
    seconds = int(source.timeout.total_seconds())
    match url.get_backend_name():
        case "sqlite":
            return {"timeout": seconds}
        case "postgresql":
            return {"connect_timeout": max(2, seconds)}
        case "mysql" | "mariadb":
            return {"connect_timeout": seconds, "read_timeout": seconds}
        case _:
            return {}


def _limit(connection: sa.Connection, timeout: timedelta) -> None:
    if connection.dialect.name == "postgresql":
        milliseconds = int(timeout.total_seconds() * 1000)
        connection.exec_driver_sql(f"SET statement_timeout = {milliseconds}")


def _statement(source: SqlSource, cursor: str | None) -> sa.Select[Any]:
    """All columns of the table or query, as the driver gives them."""
    rows: sa.FromClause
    if source.table is not None:
        schema, _, name = source.table.rpartition(".")
        rows = sa.table(name, schema=schema or None)
    else:
        query = (source.query or "").strip().rstrip(";")
        # colons are the query's own: nothing is bound into it
        rows = sa.text(query.replace(":", r"\:")).columns().subquery("delivered")
    statement = sa.select(sa.text("*")).select_from(rows)
    if source.cursor is None:
        return statement
    column: sa.ColumnClause[Any] = sa.column(source.cursor)
    since = _value(cursor)
    if since is not None:
        bound: sa.BindParameter[Any] = sa.bindparam("since", _before(since, source.overlap))
        statement = statement.where(sa.or_(column >= bound, column.is_(None)))
    return statement.order_by(column)


def _position(headers: Sequence[str], cursor: str | None, place: str) -> int | None:
    if cursor is None:
        return None
    for position, header in enumerate(headers):
        if header.lower() == cursor.lower():
            return position
    raise SourceError(
        f"{place}: expected the cursor column {cursor}, found {', '.join(headers[:40])}"
    )


def _highest(values: Sequence[Any], before: Any) -> Any:
    found = [value for value in values if value is not None]
    if before is not None and found and type(found[0]) is type(before):
        found.append(before)
    return max(found) if found else before


def _before(value: Any, overlap: timedelta) -> Any:
    if isinstance(value, datetime):
        return value - overlap
    if isinstance(value, date):
        return value - max(overlap, timedelta(days=1))
    if isinstance(value, str) and _TEXT_INSTANT.match(value):
        # text as the source writes it: only its seconds are counted back, the form is kept
        instant = datetime.fromisoformat(value[:19]) - overlap
        return instant.isoformat(value[10])
    return value


def _written(value: Any) -> str:
    """The cursor's value with its type, so that it is bound as what it was."""
    if isinstance(value, datetime | date):
        return json.dumps({type(value).__name__: value.isoformat()})
    if isinstance(value, Decimal):
        return json.dumps({"Decimal": str(value)})
    return json.dumps({"plain": value})


def _value(written: str | None) -> Any:
    if written is None:
        return None
    ((kind, value),) = json.loads(written).items()
    match kind:
        case "datetime":
            return datetime.fromisoformat(value)
        case "date":
            return date.fromisoformat(value)
        case "Decimal":
            return Decimal(value)
        case _:
            return value


@contextmanager
def _explained(url: sa.URL) -> Iterator[None]:
    """Turn what the driver says into one message without the password."""
    place = sa.URL.create(
        url.drivername, host=url.host, port=url.port, database=url.database
    ).render_as_string()
    try:
        yield
    except sa.exc.NoSuchModuleError:
        raise SourceError(f"{place}: no driver for {url.drivername} is installed") from None
    except ModuleNotFoundError as error:
        raise SourceError(f"{place}: the driver {error.name} is not installed") from None
    except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
        reason = _reason(error, url)
        refusal = isinstance(error, sa.exc.OperationalError) and "no such" in reason
        kind = SourceError if refusal else SourceUnavailableError
        raise kind(f"{place}: {reason}") from None
    except sa.exc.SQLAlchemyError as error:
        raise SourceError(f"{place}: {_reason(error, url)}") from None


def _reason(error: sa.exc.SQLAlchemyError, url: sa.URL) -> str:
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig else error
    text = " ".join(str(cause).split()) or type(cause).__name__
    for secret in {url.password, url.username} - {None, ""}:
        text = text.replace(str(secret), "***")
    return text[:300]

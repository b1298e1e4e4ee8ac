"""What a database's error means: whether trying again can help, without password or row in it."""

import re
from typing import Any

import sqlalchemy as sa

from monitor.errors import SourceError, SourceUnavailableError, near

_AGAIN = "the next pull tries again"
_MENDED = "somebody has to mend the settings or the database"
_SECRET_KEYS = re.compile(r"pass|pwd|secret|token|odbc_connect", re.IGNORECASE)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_LONGEST = 300
_PACKAGES = {
    "oracle": "oracledb",
    "oracledb": "oracledb",
    "cx_Oracle": "cx_Oracle",
    "mssql": "pymssql or pyodbc",
    "pymssql": "pymssql",
    "pyodbc": "pyodbc",
    "dm": "dmSQLAlchemy dmPython",
    "dmPython": "dmPython",
    "MySQLdb": "mysqlclient",
    "psycopg2": "psycopg2-binary",
}
"""The package on PyPI that has a dialect or module."""
_DIALECTS = ("sqlite", "postgresql", "mysql", "mariadb", "oracle", "mssql", "dm")

_PG_BUSY = ("too many", "connection slots", "starting up", "shutting down", "recovery mode")
_PG_TIMED_OUT = "57014"
_PG_PASSING = ("08", "40", "53", "55P03", "57", "58")
"""SQLSTATE classes (PostgreSQL, appendix A): connection, rollback, resources, operator, system."""

_MYSQL_LOST = 2013
_MYSQL_PASSING = frozenset({1040, 1053, 1129, 1203, 1205, 1213, 1226, 1317, 1927}) | frozenset(
    range(2000, 2100)
)
"""Errors of load, locks, shut-down and connection; 2000 to 2099 are the client's own."""

_SQLITE_INTERRUPT = 9
_SQLITE_PASSING = frozenset({5, 6, 7, _SQLITE_INTERRUPT, 10, 13})
"""BUSY, LOCKED, NOMEM, INTERRUPT, IOERR and FULL, of the result codes' lower byte."""


class NoAnswerError(SourceUnavailableError):
    """The database did not answer within the time-out; asked at once, it would take as long."""


class Refusals:
    """Turns what SQLAlchemy raises into one message about one database."""

    def __init__(self, url: sa.URL, seconds: float) -> None:
        self._backend = url.get_backend_name()
        self._seconds = seconds
        self.place = sa.URL.create(
            url.drivername, host=url.host, port=url.port, database=url.database
        ).render_as_string()
        secrets = {value for key, value in url.query.items() if _SECRET_KEYS.search(key)}
        self._secrets = {str(secret) for secret in (url.password, *secrets) if secret}

    def explained(self, error: sa.exc.SQLAlchemyError) -> SourceError:
        """The error to raise instead."""
        if isinstance(error, sa.exc.NoSuchModuleError):
            return self._said(SourceError, no_driver(self.place.partition(":")[0]))
        if not isinstance(error, sa.exc.DBAPIError) or error.orig is None:
            return self._said(SourceError, str(error))
        text = _text(error.orig)
        if isinstance(error, sa.exc.DataError):
            text = _QUOTED.sub("…", text)  # it quotes the cell that it stumbled over
        if self._timed_out(error.orig, text):
            return self._said(
                NoAnswerError,
                f"no answer within {self._seconds:g} s (timeout), as where the cursor's column has "
                "no index",
            )
        passing = error.connection_invalidated or self._is_passing(error, text)
        return self._said(SourceUnavailableError if passing else SourceError, text)

    def unloaded(self, error: ImportError) -> SourceError:
        """The error for a driver's module that can't be imported."""
        return self._said(SourceError, not_loaded(error))

    def unusable(self, error: Exception) -> SourceError:
        """The error for what the URL asks of the driver, and for text of another character set."""
        if isinstance(error, UnicodeDecodeError):
            return self._said(SourceError, f"expected text in {error.encoding}, found other bytes")
        return self._said(SourceError, f"the driver can't use this URL: {error}")

    def _said(self, kind: type[SourceError], text: str) -> SourceError:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        advice = _AGAIN if kind.retryable else _MENDED
        return kind(f"{self.place}: {text[:_LONGEST]}; {advice}")

    def _timed_out(self, cause: BaseException, text: str) -> bool:
        match self._backend:
            case "postgresql":
                return _state(cause) == _PG_TIMED_OUT
            case "mysql" | "mariadb":
                return _number(cause) == _MYSQL_LOST and "timed out" in text
            case "sqlite":
                return _sqlite_code(cause) == _SQLITE_INTERRUPT
            case _:
                return False

    def _is_passing(self, error: sa.exc.DBAPIError, text: str) -> bool:
        """Whether it may be gone the next time without anybody doing anything."""
        cause: Any = error.orig
        is_operation = isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError)
        match self._backend:
            case "postgresql" if state := _state(cause):
                return state.startswith(_PG_PASSING)
            case "postgresql":
                return is_operation and not _was_turned_away(cause, text)
            case "mysql" | "mariadb" if number := _number(cause):
                return number in _MYSQL_PASSING
            case "sqlite":
                return _sqlite_code(cause) in _SQLITE_PASSING
            case _:
                return is_operation


def no_driver(module: str) -> str:
    """The words for a dialect or module that isn't installed: what to install, or what is near."""
    name = module.partition("+")[0]
    package = _PACKAGES.get(name)
    hint = f" (pip install {package})" if package else near(name, _DIALECTS)
    return f"no driver for {module} is installed{hint}"


def not_loaded(error: ImportError) -> str:
    """The words for a driver that isn't there, or lacks what it needs itself."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return no_driver(error.name)
    return f"the driver can't be loaded: {error}"


def _text(cause: BaseException) -> str:
    """What the database says in one line: no line of the statement, no row as a detail."""
    diagnosis = getattr(cause, "diag", None)
    text = getattr(diagnosis, "message_primary", None)
    if text is None and len(cause.args) > 1 and isinstance(cause.args[0], int):
        text = f"{cause.args[1]} ({cause.args[0]})"
    return " ".join(str(text or cause).split()) or type(cause).__name__


def _state(cause: BaseException) -> str | None:
    state: str | None = getattr(cause, "sqlstate", None)
    return state


def _number(cause: BaseException) -> int | None:
    number = cause.args[0] if cause.args else None
    return number if isinstance(number, int) else None


def _sqlite_code(cause: BaseException) -> int | None:
    code = getattr(cause, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _was_turned_away(cause: Any, text: str) -> bool:
    """Whether a PostgreSQL server answered and didn't let us in, for good.

    A failed connection has no SQLSTATE. It is known by the password that was asked for, or, where
    none was, by what the server says in English.
    """
    if any(busy in text for busy in _PG_BUSY):
        return False
    asked = getattr(getattr(cause, "pgconn", None), "used_password", False)
    return bool(asked) or "FATAL" in text

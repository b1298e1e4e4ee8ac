"""Days and instants in SQL, written for both stores.

The office's zone has been UTC+8 without exception since 1991, so a day ends at 16:00 UTC.
"""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from monitor.store.types import Instant


class LocalDay(FunctionElement[date]):
    """The day of an instant in the office's zone."""

    type = sa.Date()
    inherit_cache = True


class DayEnd(FunctionElement[datetime]):
    """The instant of 24:00 of a day in the office's zone."""

    type = Instant()
    inherit_cache = True


class MonthOf(FunctionElement[str]):
    """The month of a day, as text (2022-01)."""

    type = sa.Text()
    inherit_cache = True


class DaysApart(FunctionElement[float]):
    """How many days lie between two days, whichever comes first."""

    type = sa.Float()
    inherit_cache = True


class DaysLater(FunctionElement[date]):
    """The day so many days after a day."""

    type = sa.Date()
    inherit_cache = True


class SecondsAfter(FunctionElement[float]):
    """Seconds from the second instant to the first; negative where the first is the earlier.

    To the millisecond: SQLite counts in days, and what is more exact than that is noise there.
    """

    type = sa.Float()
    inherit_cache = True


def earlier(first: sa.ColumnElement[date], second: sa.ColumnElement[date]) -> sa.Case[date]:
    """The earlier of two days; the first where the second is NULL."""
    return sa.case((second < first, second), else_=first)


def within(
    day: sa.ColumnElement[date], begins: sa.ColumnElement[Any], ends: sa.ColumnElement[Any]
) -> sa.ColumnElement[bool]:
    """Whether a day lies in a span of days; NULL is an open end."""
    return sa.and_(sa.or_(begins.is_(None), begins <= day), sa.or_(ends.is_(None), ends >= day))


def _write(element: type[FunctionElement[Any]], postgresql: str, sqlite: str) -> None:
    def write(function: Any, compiler: SQLCompiler, **options: Any) -> str:
        template = sqlite if compiler.dialect.name == "sqlite" else postgresql
        return template.format(*(compiler.process(each, **options) for each in function.clauses))

    compiles(element)(write)


_write(LocalDay, "CAST(({0}) AT TIME ZONE 'Asia/Shanghai' AS DATE)", "date({0}, '+8 hours')")
_write(DayEnd, "((({0}) + TIME '16:00') AT TIME ZONE 'UTC')", "(({0}) || ' 16:00:00.000000')")
_write(MonthOf, "to_char({0}, 'YYYY-MM')", "substr({0}, 1, 7)")
_write(DaysApart, "abs(({0}) - ({1}))", "abs(julianday({0}) - julianday({1}))")
_write(DaysLater, "(({0}) + ({1}))", "date({0}, ({1}) || ' days')")
_write(
    SecondsAfter,
    "round(extract(epoch FROM ({0}) - ({1})), 3)",
    "round((julianday({0}) - julianday({1})) * 86400.0, 3)",
)

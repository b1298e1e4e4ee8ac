"""Values of a suite as the type of the column that they are compared with.

Text dates work on SQLite and fail on PostgreSQL, a number compares with text on SQLite only: so
each value gets the column's own type before a condition is made of it.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from monitor.store.types import Document, Instant


class UnfitValueError(ValueError):
    """A value can't be compared with the column that it stands for."""


def coerce(value: Any, column: sa.Column[Any]) -> Any:
    """`value` as the type of `column`; a list item by item.

    Raises UnfitValueError, which says what was expected, for a value of another type.
    """
    if isinstance(value, list):
        if any(isinstance(item, list) for item in value):
            raise UnfitValueError(f"{column.name}: expected values, found lists of them: {value!r}")
        return [coerce(item, column) for item in value]
    for type_, convert in _CONVERSIONS:
        if isinstance(column.type, type_):
            return convert(value, column.name)
    raise UnfitValueError(f"{column.name}: a column of this type can't be compared with a value")


def whole(value: Any, name: str) -> int:
    """`value` as a whole number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 != 0:
        raise UnfitValueError(f"{name}: expected a whole number, found {value!r}")
    return int(value)


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise UnfitValueError(f"{name}: expected a text in quotes, found {value!r}")
    if "\0" in value:
        raise UnfitValueError(f"{name}: no store keeps a text with a NUL in it, found {value!r}")
    return value


def _number(value: Any, name: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise UnfitValueError(f"{name}: expected a number, found {value!r}")
    number = Decimal(str(value))
    if not number.is_finite():
        raise UnfitValueError(f"{name}: expected a number, found {value!r}")
    return number


def _boolean(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise UnfitValueError(f"{name}: expected true or false, found {value!r}")
    return value


def _day(value: Any, name: str) -> date:
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            raise UnfitValueError(f"{name}: expected a day (2022-01-31), found {value!r}") from None
    if isinstance(value, datetime) or not isinstance(value, date):
        raise UnfitValueError(f"{name}: days are compared with days only, found {value}")
    return value


def _instant(value: Any, name: str) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise UnfitValueError(f"{name}: expected an instant, found {value!r}") from None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise UnfitValueError(f"{name}: expected an instant with a zone, found {value!r}")
    return value.astimezone(UTC)


_CONVERSIONS: tuple[tuple[type[Any], Callable[[Any, str], Any]], ...] = (
    (Instant, _instant),
    (sa.Boolean, _boolean),
    (sa.Date, _day),
    (sa.Integer, whole),
    (sa.Numeric, _number),
    (sa.Text, _text),
    (Document, _text),  # as it is stored: canonical JSON
)

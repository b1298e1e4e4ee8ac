"""Families of columns: which a type of expectation can ask about, and which be compared.

SQLite compares anything with anything. PostgreSQL refuses some of it only when a rule is judged,
and has an order of texts of its own; a day stands for an instant by the zone of whoever asks. So
what doesn't mean the same everywhere is refused everywhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import sqlalchemy as sa

from expectations.supported import PAIR_GREATER, PAIR_IN_SET, SUM, SUPPORTED
from monitor.store.types import Document, Instant

Family = Literal["texts", "numbers", "days", "instants", "booleans"]

_FAMILIES: tuple[tuple[type[Any], Family], ...] = (
    (Instant, "instants"),
    (sa.Boolean, "booleans"),
    (sa.Date, "days"),
    (sa.Integer, "numbers"),
    (sa.Numeric, "numbers"),
    (sa.Text, "texts"),
    (Document, "texts"),
)
_OF_TEXTS = ("regex", "value_lengths")
"""What the names of expectations hold that ask about the characters of a text."""


def unfit(type_: str, kwargs: Mapping[str, Any], table: sa.Table) -> str | None:
    """Why the columns that the kwargs name can't be asked about by `type_`; None where they can."""
    asked = {name: _family(table.columns[name]) for name in _named(kwargs)}
    if any(part in type_ for part in _OF_TEXTS):
        wanted: tuple[Family, ...] = ("texts",)
    elif type_ == SUM:
        wanted = ("numbers",)
    elif type_ == PAIR_GREATER:
        wanted = ("numbers", "days", "instants")
    else:
        wanted = ()
    for name, family in asked.items():
        if wanted and family not in wanted:
            return f"expected a column of {' or '.join(wanted)}, found {name} of {family}"
    if SUPPORTED.get(type_) == "column" or type_ == PAIR_IN_SET:
        return None
    if len(set(asked.values())) > 1:
        found = ", ".join(f"{name} of {family}" for name, family in asked.items())
        return f"expected columns that can be compared, found {found}"
    return None


def _named(kwargs: Mapping[str, Any]) -> Iterator[str]:
    """The columns that an expectation asks about, its row condition's aside."""
    named: Sequence[Any] = [kwargs.get(key) for key in ("column", "column_A", "column_B")]
    listed = kwargs.get("column_list")
    for name in (*named, *(listed if isinstance(listed, list) else ())):
        if isinstance(name, str):
            yield name


def _family(column: sa.Column[Any]) -> Family:
    return next(family for type_, family in _FAMILIES if isinstance(column.type, type_))

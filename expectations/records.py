"""What a rule may ask about: the columns of a record, and one that is made while it is read."""

from functools import cache
from typing import Any

import sqlalchemy as sa

from monitor import standard
from monitor.store.tables import behavior, statement
from monitor.words import Kind, Status

MALFORMED_COLUMNS = sa.Column("malformed_columns", sa.Text())
"""Like `malformed`, but empty text where nothing is malformed.

Great Expectations passes over NULL; a rule that must say "blank, and not because it could not be
read" needs a value there.
"""


def empty_clone(table: sa.Table) -> sa.Table:
    """A table of the same columns for conditions to be resolved against, in no schema of ours."""
    columns = [sa.Column(column.name, column.type) for column in table.columns]
    if table is behavior:
        columns.append(sa.Column(MALFORMED_COLUMNS.name, MALFORMED_COLUMNS.type))
    return sa.Table(table.name, sa.MetaData(), *columns, prefixes=["TEMPORARY"])


@cache
def columns_of(kind: str) -> frozenset[str]:
    """What a rule about records of `kind`, or about statements, may name."""
    if kind not in tuple(Kind):
        return frozenset(statement.columns.keys())
    fields = {each: {field.column for field in standard.fields(each.value)} for each in Kind}
    strange = set().union(*fields.values()) - fields[Kind(kind)]
    return frozenset({*behavior.columns.keys(), MALFORMED_COLUMNS.name} - strange)


def live() -> sa.Select[*tuple[Any, ...]]:
    """The records that are judged: neither withdrawn by their source nor deleted."""
    malformed = sa.func.coalesce(behavior.c.malformed, "").label(MALFORMED_COLUMNS.name)
    return sa.select(behavior, malformed).where(
        behavior.c.deleted_at.is_(None), behavior.c.status != Status.DELETED.value
    )

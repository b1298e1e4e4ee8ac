"""Completeness (字段完整): how many mandatory cells a record has, and how many hold something."""

from collections.abc import Callable
from functools import cache, reduce
from operator import add
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from monitor import standard
from monitor.ledger.lists import Position
from monitor.store.tables import behavior
from monitor.words import Kind


def mandatory_columns(kind: Kind) -> list[str]:
    """The columns that the standard calls mandatory for a kind."""
    return [field.column for field in standard.fields(kind.value) if field.mandatory]


_ONE, _NONE = sa.literal_column("1", sa.Integer), sa.literal_column("0", sa.Integer)
"""Written out: a parameter for each cell would be read anew each time."""

_LINK_IS_FREE = sa.and_(behavior.c.kind == Kind.PUNISH, behavior.c.link_state == "not_needed")
"""A penalty whose case came from elsewhere needs no check code."""


class _NotNull(FunctionElement[int]):
    """How many of the values are not NULL."""

    type = sa.Integer()
    inherit_cache = True


@compiles(_NotNull)
def _write_not_null(counted: _NotNull, compiler: SQLCompiler, **options: Any) -> str:
    if compiler.dialect.name == "postgresql":
        return f"num_nonnulls({compiler.process(counted.clauses, **options)})"
    values = (compiler.process(value, **options) for value in counted.clauses)
    return f"({' + '.join(f'({value} IS NOT NULL)' for value in values)})"


@cache
def mandatory() -> sa.ColumnElement[int]:
    """The mandatory cells of a record."""
    count = sa.case(
        *((behavior.c.kind == kind, len(mandatory_columns(kind))) for kind in Kind), else_=0
    )
    return count - sa.case((_LINK_IS_FREE, 1), else_=0)


@cache
def filled() -> sa.ColumnElement[int]:
    """Mandatory cells that hold something; one that could not be read does hold something."""
    is_link_filled = sa.or_(behavior.c.check_action_code.is_not(None), _unread("check_action_code"))
    count = sa.case(
        (behavior.c.malformed.is_(None), _of_kind(lambda columns: _NotNull(*columns))),
        else_=_of_kind(lambda columns: reduce(add, map(_is_filled, columns))),
    )
    return count - sa.case((sa.and_(_LINK_IS_FREE, is_link_filled), 1), else_=0)


def _of_kind(
    counted: Callable[[list[sa.Column[Any]]], sa.ColumnElement[int]],
) -> sa.ColumnElement[int]:
    counts = (
        (behavior.c.kind == kind, counted([behavior.c[name] for name in mandatory_columns(kind)]))
        for kind in Kind
    )
    return sa.case(*counts, else_=0)


def _is_filled(column: sa.Column[Any]) -> sa.ColumnElement[int]:
    return sa.case((sa.or_(column.is_not(None), _unread(column.name)), _ONE), else_=_NONE)


def _unread(column: str) -> sa.ColumnElement[bool]:
    """Whether the cell's name is among those that could not be read."""
    names = sa.literal_column("'、'").concat(behavior.c.malformed).concat(sa.literal_column("'、'"))
    return Position(names, sa.literal_column(f"'、{column}、'")) > _NONE

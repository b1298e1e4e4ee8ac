"""Completeness (字段完整): how many mandatory cells a record has, and how many hold something."""

from functools import reduce
from operator import add

import sqlalchemy as sa

from monitor import standard
from monitor.store.tables import behavior
from monitor.words import Kind


def mandatory_columns(kind: Kind) -> list[str]:
    """The columns that the standard calls mandatory for a kind."""
    return [field.column for field in standard.fields(kind.value) if field.mandatory]


_LINK_IS_FREE = sa.and_(behavior.c.kind == Kind.PUNISH, behavior.c.link_state == "not_needed")
"""A penalty whose case came from elsewhere needs no check code."""


def mandatory() -> sa.ColumnElement[int]:
    """The mandatory cells of a record."""
    count = sa.case(
        *((behavior.c.kind == kind, len(mandatory_columns(kind))) for kind in Kind), else_=0
    )
    return count - sa.case((_LINK_IS_FREE, 1), else_=0)


def filled() -> sa.ColumnElement[int]:
    """Mandatory cells that hold something; one that could not be read does hold something."""
    unreadable = sa.literal("、").concat(behavior.c.malformed).concat("、")

    def is_filled(column: str) -> sa.Case[int]:
        there = [
            (behavior.c[column].is_not(None), 1),
            (behavior.c.malformed.is_(None), 0),
            (unreadable.contains(f"、{column}、", autoescape=True), 1),
        ]
        if column == "check_action_code":
            there.insert(0, (_LINK_IS_FREE, 0))
        return sa.case(*there, else_=0)

    def total(kind: Kind) -> sa.ColumnElement[int]:
        cells: list[sa.ColumnElement[int]] = list(map(is_filled, mandatory_columns(kind)))
        return reduce(add, cells)

    return sa.case(*((behavior.c.kind == kind, total(kind)) for kind in Kind), else_=0)
